import { SeededRandom } from '../../stats/random.ts';
import { type Forecaster, prepared, rescaled } from '../forecast/forecaster.ts';
import { ModelReader, ModelWriter } from '../model-bytes.ts';
import { requireFitted, requireInteger } from '../requirements.ts';
import { LstmCell } from './lstm-cell.ts';

const KIND = 'lstm-forecaster';
const INPUTS = 2;
const RATE = 0.01;
const BATCH = 4;
/** Sequences seen in an epoch, at most. */
const SEQUENCES = 64;

export interface LstmParameters {
  readonly season?: number;
  readonly hidden?: number;
  readonly epochs?: number;
  readonly seed?: number;
}

/**
 * A small recurrent net on one series: at each step it sees the last value and the one a season before the next, and
 * learns what to add to that one (without a season: to the last value). Trained by Adam (Kingma and Ba 2015) on
 * stretches of up to two seasons, further steps are forecast from forecasts.
 * It needs some hundreds of values to be better than a regression on lags, and is the dearest of the forecasters:
 * O(epochs · 64 · season · hidden²), about 0.1 s for a week of hours.
 */
export class LstmForecaster implements Forecaster {
  readonly season: number;
  readonly hidden: number;
  readonly epochs: number;
  readonly #seed: number;
  #cell: LstmCell;
  /** Normalised: the last values, one season of them. */
  #tail: Float64Array = new Float64Array(0);
  #mean = 0;
  #spread = 1;
  #scale = 1;

  constructor(parameters: LstmParameters = {}) {
    this.season = requireInteger('season', parameters.season ?? 1, 1, 1_000_000);
    this.hidden = requireInteger('hidden', parameters.hidden ?? 8, 1, 256);
    this.epochs = requireInteger('epochs', parameters.epochs ?? 15, 1, 10_000);
    this.#seed = parameters.seed ?? 1;
    this.#cell = new LstmCell(INPUTS, this.hidden, 1);
  }

  fit(values: Float64Array): this {
    const { y, scale } = prepared(values, this.season);
    const n = y.length;
    const season = n >= 3 * this.season ? this.season : 1;
    this.#scale = scale;
    this.#mean = y.reduce((sum, value) => sum + value / n, 0);
    const variance = y.reduce((sum, value) => sum + (value - this.#mean) ** 2 / n, 0);
    this.#spread = variance > 0 ? Math.sqrt(variance) : 1;
    const z = y.map((value) => (value - this.#mean) / this.#spread);
    const steps = Math.min(96, Math.max(8, 2 * season));
    this.#cell = new LstmCell(INPUTS, this.hidden, steps);
    const random = new SeededRandom(this.#seed);
    const bound = 1 / Math.sqrt(this.hidden);
    const { weights } = this.#cell;
    for (let i = 0; i < weights.length; i++) weights[i] = (2 * random.next() - 1) * bound;
    // The output starts at nothing: the season before is the forecast until something better is learnt.
    weights.fill(0, weights.length - this.hidden - 1);
    if (n >= season + steps + 1) this.#train(z, season, steps, random);
    this.#cell.reset();
    const x = new Float64Array(INPUTS);
    for (let t = Math.max(season, n - 4 * steps); t < n; t++) {
      x[0] = z[t - 1];
      x[1] = z[t - season];
      this.#cell.step(x, 0);
    }
    this.#tail = z.slice(Math.max(0, n - season));
    return this;
  }

  #train(z: Float64Array, season: number, steps: number, random: SeededRandom): void {
    const cell = this.#cell;
    const x = new Float64Array(steps * INPUTS);
    const errors = new Float64Array(steps);
    const adam = new Adam(cell.weights.length);
    const starts = z.length - season - steps + 1;
    const rounds = Math.ceil((this.epochs * Math.min(SEQUENCES, starts)) / BATCH);
    for (let round = 0; round < rounds; round++) {
      cell.gradient.fill(0);
      for (let b = 0; b < BATCH; b++) {
        const from = season + random.integer(starts);
        cell.reset();
        for (let t = 0; t < steps; t++) {
          x[t * INPUTS] = z[from + t - 1];
          x[t * INPUTS + 1] = z[from + t - season];
          const forecast = z[from + t - season] + cell.step(x, t * INPUTS, t);
          // The first steps have seen too little to be judged. A far miss counts like a near one (Huber).
          const miss = forecast - z[from + t];
          errors[t] = t < steps >> 2 ? 0 : Math.max(-1, Math.min(1, miss)) / (BATCH * steps);
        }
        cell.backward(x, errors, steps);
      }
      adam.step(cell.weights, cell.gradient, RATE * (1 - (0.9 * round) / rounds));
    }
  }

  forecast(steps: number): Float64Array {
    requireFitted(this.#tail.length > 0, KIND);
    const season = this.#tail.length;
    const cell = new LstmCell(INPUTS, this.hidden, 1);
    cell.weights.set(this.#cell.weights);
    cell.h.set(this.#cell.h);
    cell.c.set(this.#cell.c);
    const z = new Float64Array(season + steps);
    z.set(this.#tail);
    const x = new Float64Array(INPUTS);
    const out = new Float64Array(steps);
    for (let k = 0; k < steps; k++) {
      x[0] = z[season + k - 1];
      x[1] = z[k];
      z[season + k] = Math.max(-8, Math.min(8, z[k] + cell.step(x, 0)));
      out[k] = this.#mean + this.#spread * z[season + k];
    }
    return rescaled(out, this.#scale);
  }

  toBytes(): Uint8Array {
    return new ModelWriter(KIND, 1)
      .number(this.season)
      .number(this.hidden)
      .number(this.epochs)
      .number(this.#seed)
      .float64s(this.#cell.weights)
      .float64s(this.#cell.h)
      .float64s(this.#cell.c)
      .float64s(this.#tail)
      .number(this.#mean)
      .number(this.#spread)
      .number(this.#scale)
      .finish();
  }

  static fromBytes(bytes: Uint8Array): LstmForecaster {
    const reader = new ModelReader(bytes, KIND, 1);
    const model = new LstmForecaster({
      season: reader.number(),
      hidden: reader.number(),
      epochs: reader.number(),
      seed: reader.number(),
    });
    reader.fill(model.#cell.weights);
    reader.fill(model.#cell.h);
    reader.fill(model.#cell.c);
    model.#tail = reader.float64s();
    model.#mean = reader.number();
    model.#spread = reader.number();
    model.#scale = reader.number();
    return model;
  }
}

/** Steps by running means of the gradient and of its square; the gradient's length is cut at 1. */
class Adam {
  readonly #first: Float64Array;
  readonly #second: Float64Array;
  #t = 0;

  constructor(size: number) {
    this.#first = new Float64Array(size);
    this.#second = new Float64Array(size);
  }

  step(weights: Float64Array, gradient: Float64Array, rate: number): void {
    this.#t++;
    let length = 0;
    for (const g of gradient) length += g * g;
    const cut = length > 1 ? 1 / Math.sqrt(length) : 1;
    const correction = Math.sqrt(1 - 0.999 ** this.#t) / (1 - 0.9 ** this.#t);
    for (let i = 0; i < weights.length; i++) {
      const g = gradient[i] * cut;
      this.#first[i] += 0.1 * (g - this.#first[i]);
      this.#second[i] += 0.001 * (g * g - this.#second[i]);
      weights[i] -= (rate * correction * this.#first[i]) / (Math.sqrt(this.#second[i]) + 1e-8);
    }
  }
}
