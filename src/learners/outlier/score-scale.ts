import { countBelow, thinned } from '../../stats/quantile.ts';
import type { ModelReader, ModelWriter } from '../model-bytes.ts';

const MOST_KNOTS = 512;
/** From this share on the scores' tail is taken for exponential. */
const TAIL_FROM = 0.9;

/**
 * Brings scores of any detector to one scale by the training scores: surprise = −ln of the share of them that are at least
 * as high. Above their 90th percentile the share falls on as an exponential tail of their mean excess, so that what lies
 * beyond all of training still has an order.
 */
export class ScoreScale {
  readonly #knots: Float64Array;
  readonly #tailAt: number;
  readonly #tailMean: number;

  private constructor(knots: Float64Array, tailAt: number, tailMean: number) {
    this.#knots = knots;
    this.#tailAt = tailAt;
    this.#tailMean = tailMean;
  }

  static fit(scores: Float64Array): ScoreScale {
    const sorted = Float64Array.from(scores).sort();
    const from = Math.min(sorted.length - 1, Math.floor(sorted.length * TAIL_FROM));
    const tailAt = sorted[from];
    let excess = 0;
    for (let i = from; i < sorted.length; i++) excess += (sorted[i] - tailAt) / (sorted.length - from);
    return new ScoreScale(thinned(sorted, MOST_KNOTS), tailAt, excess);
  }

  surprise(score: number): number {
    const knots = this.#knots;
    const n = knots.length;
    if (score > this.#tailAt) {
      const beyond = -Math.log(1 - TAIL_FROM);
      return this.#tailMean > 0 ? beyond + Math.min(1e6, (score - this.#tailAt) / this.#tailMean) : beyond + 1;
    }
    const at = countBelow(knots, score);
    // Between two knots in a straight line.
    const low = at > 0 ? knots[at - 1] : score;
    const high = at < n ? knots[at] : score;
    const below = at === 0 ? 0 : high > low ? at - 1 + (score - low) / (high - low) : at;
    return -Math.log(1 - Math.min(TAIL_FROM, below / n));
  }

  write(writer: ModelWriter): void {
    writer.float64s(this.#knots).number(this.#tailAt).number(this.#tailMean);
  }

  static read(reader: ModelReader): ScoreScale {
    return new ScoreScale(reader.float64s(), reader.number(), reader.number());
  }
}
