import { AuspexError } from '../../errors.ts';
import { gammaSample, SeededRandom } from '../../stats/random.ts';
import { ModelReader, ModelWriter } from '../model-bytes.ts';
import { requireInteger, requireNumber } from '../requirements.ts';

/** Numbers from 0 to 1 and normal ones: what a caller's seeded randomness gives. */
type Chance = Pick<SeededRandom, 'next' | 'normal'>;

const KIND = 'thompson-sampling';

/**
 * What a learner may choose at all: set by people, read at every choice, never written by learning. `choose` draws among
 * the arms that `allowed` admits and nothing else, however good another looks.
 */
export type Allowed = (arm: number) => boolean;

export interface ThompsonParameters {
  readonly nArms?: number;
  /** 0: outcomes are successes and failures (Beta); 1: outcomes are any number (Gaussian). */
  readonly isGaussian?: number;
  /** What is forgotten of all evidence a step, 0 for nothing: for arms whose worth changes. */
  readonly forgetting?: number;
}

/**
 * Thompson sampling (Thompson 1933; Chapelle and Li 2011): each choice draws a worth for every allowed arm from what is
 * believed of it and takes the best draw, so arms are tried as often as they may be best. Beta(1, 1) priors for successes; for
 * numbers a normal with unknown mean and variance (prior: mean 0, one pseudo-observation, unit variance), drawn by Student's law.
 * Weak when worth depends on the circumstances: keep one for each. O(arms) a choice.
 */
export class ThompsonSampling {
  readonly nArms: number;
  readonly isGaussian: boolean;
  readonly forgetting: number;
  /** Beta: successes and failures. Gaussian: count, mean; and the sum of squared distances in `#squares`. */
  #first: Float64Array;
  #second: Float64Array;
  #squares: Float64Array;

  constructor(parameters: ThompsonParameters = {}) {
    this.nArms = requireInteger('nArms', parameters.nArms ?? 2, 1, 10_000);
    this.isGaussian = requireInteger('isGaussian', parameters.isGaussian ?? 0, 0, 1) === 1;
    this.forgetting = requireNumber('forgetting', parameters.forgetting ?? 0, 0, 0.5);
    this.#first = new Float64Array(this.nArms);
    this.#second = new Float64Array(this.nArms);
    this.#squares = new Float64Array(this.nArms);
  }

  /** The arm to take, among the allowed ones; -1 when none is allowed. Changes nothing but the randomness. */
  choose(random: Chance, allowed: Allowed = () => true): number {
    let best = -1;
    let most = -Infinity;
    for (let arm = 0; arm < this.nArms; arm++) {
      if (!allowed(arm)) continue;
      const worth = this.#draw(arm, random);
      if (best < 0 || worth > most) {
        best = arm;
        most = worth;
      }
    }
    return best;
  }

  #draw(arm: number, random: Chance): number {
    if (!this.isGaussian) {
      const a = gammaSample(1 + this.#first[arm], random);
      return a / (a + gammaSample(1 + this.#second[arm], random));
    }
    const n = this.#first[arm] + 1;
    const mean = (this.#first[arm] * this.#second[arm]) / n;
    const shape = 1 + this.#first[arm] / 2;
    const rate = 1 + this.#squares[arm] / 2 + (this.#first[arm] * this.#second[arm] ** 2) / (2 * n);
    const variance = rate / gammaSample(shape, random);
    return mean + Math.sqrt(variance / n) * random.normal();
  }

  /** What an arm brought: 0..1 for successes (0.5 counts half), any finite number otherwise. Throws BAD_REQUEST for anything else. */
  learnOne(arm: number, outcome: number): void {
    requireInteger('arm', arm, 0, this.nArms - 1);
    if (this.isGaussian ? !Number.isFinite(outcome) : !(outcome >= 0 && outcome <= 1)) {
      throw new AuspexError(
        'BAD_REQUEST',
        `The outcome ${outcome} is not ${this.isGaussian ? 'a finite number' : 'from 0 to 1'}.`,
      );
    }
    const keep = 1 - this.forgetting;
    if (keep < 1) {
      for (let k = 0; k < this.nArms; k++) {
        this.#first[k] *= keep;
        if (!this.isGaussian) this.#second[k] *= keep;
        this.#squares[k] *= keep;
      }
    }
    if (!this.isGaussian) {
      this.#first[arm] += outcome;
      this.#second[arm] += 1 - outcome;
      return;
    }
    const before = this.#second[arm];
    this.#first[arm]++;
    this.#second[arm] += (outcome - before) / this.#first[arm];
    this.#squares[arm] = Math.min(1e300, this.#squares[arm] + (outcome - before) * (outcome - this.#second[arm]));
  }

  /** What is expected of an arm now. */
  expected(arm: number): number {
    if (!this.isGaussian) return (1 + this.#first[arm]) / (2 + this.#first[arm] + this.#second[arm]);
    return (this.#first[arm] * this.#second[arm]) / (this.#first[arm] + 1);
  }

  toBytes(): Uint8Array {
    return new ModelWriter(KIND, 1)
      .number(this.nArms)
      .number(this.isGaussian ? 1 : 0)
      .number(this.forgetting)
      .float64s(this.#first)
      .float64s(this.#second)
      .float64s(this.#squares)
      .finish();
  }

  static fromBytes(bytes: Uint8Array): ThompsonSampling {
    const reader = new ModelReader(bytes, KIND, 1);
    const model = new ThompsonSampling({
      nArms: reader.number(),
      isGaussian: reader.number(),
      forgetting: reader.number(),
    });
    model.#first = reader.float64s();
    model.#second = reader.float64s();
    model.#squares = reader.float64s();
    return model;
  }
}
