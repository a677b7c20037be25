import { countAtMost, countBelow, thinned } from '../../stats/quantile.ts';
import { ModelReader, ModelWriter } from '../model-bytes.ts';
import { requireFitted, requireMatrix } from '../requirements.ts';
import { RowScorer } from './outlier-detector.ts';

const KIND = 'ecod';
const VERSION = 1;
/** Values kept of each column: beyond so many its distribution is kept by its quantiles. */
const MOST_KNOTS = 1024;

/**
 * Outliers by the empirical distribution of each column (ECOD: Li et al. 2022): −log of the share of training values at
 * least as far out, summed over columns, for the left tails, the right tails and the tail towards which each column is skewed;
 * the largest of the three sums counts.
 *
 * Weak where only the combination of columns is unusual, and inside the range: a value between two modes is usual to it.
 * NaN says nothing. Fit O(nRows · nCols · log nRows), score O(nCols · log nRows); at most 8 kB a column.
 */
export class Ecod extends RowScorer {
  readonly kind = KIND;
  /** Sorted values, by column. */
  #knots: readonly Float64Array[] = [];
  /** +1: the right tail is the long one; −1: the left; 0: neither. */
  #skew: Float64Array = new Float64Array(0);
  #nRows = 0;

  get nCols(): number {
    return this.#knots.length;
  }

  /** Learns from a row-major matrix, forgetting what it knew. */
  fit(x: Float64Array, nRows: number, nCols: number): this {
    requireMatrix(x, nRows, nCols);
    const knots: Float64Array[] = [];
    const skew = new Float64Array(nCols);
    for (let j = 0; j < nCols; j++) {
      const column: number[] = [];
      for (let i = 0; i < nRows; i++) if (x[i * nCols + j] === x[i * nCols + j]) column.push(x[i * nCols + j]);
      const sorted = Float64Array.from(column).sort();
      skew[j] = skewSign(sorted);
      knots.push(thinned(sorted, MOST_KNOTS));
    }
    this.#knots = knots;
    this.#skew = skew;
    this.#nRows = nRows;
    return this;
  }

  protected scoreAt(x: Float64Array, start: number): number {
    let left = 0;
    let right = 0;
    let skewed = 0;
    for (let j = 0; j < this.#knots.length; j++) {
      const value = x[start + j];
      const knots = this.#knots[j];
      if (value !== value || knots.length === 0) continue;
      // Half a row keeps a value beyond all others possible.
      const least = 0.5 / (this.#nRows + 1);
      const below = -Math.log(Math.max(countAtMost(knots, value) / knots.length, least));
      const above = -Math.log(Math.max(1 - countBelow(knots, value) / knots.length, least));
      left += below;
      right += above;
      skewed += this.#skew[j] < 0 ? below : this.#skew[j] > 0 ? above : Math.max(below, above);
    }
    return Math.max(left, right, skewed);
  }

  toBytes(): Uint8Array {
    requireFitted(this.nCols > 0, KIND);
    const writer = new ModelWriter(KIND, VERSION).number(this.#nRows).float64s(this.#skew);
    for (const knots of this.#knots) writer.float64s(knots);
    return writer.finish();
  }

  /** Throws MODEL_DAMAGED for bytes that are cut or altered. */
  static fromBytes(bytes: Uint8Array): Ecod {
    const reader = new ModelReader(bytes, KIND, VERSION);
    const model = new Ecod();
    model.#nRows = reader.number();
    model.#skew = reader.float64s();
    model.#knots = Array.from(model.#skew, () => reader.float64s());
    return model;
  }
}

/** The sign of the third central moment of finite values. */
function skewSign(sorted: Float64Array): number {
  let largest = 0;
  for (const value of sorted) if (Number.isFinite(value)) largest = Math.max(largest, Math.abs(value));
  if (largest === 0) return 0;
  let mean = 0;
  let n = 0;
  for (const value of sorted) if (Number.isFinite(value)) mean += (value / largest - mean) / ++n;
  let third = 0;
  for (const value of sorted) if (Number.isFinite(value)) third += (value / largest - mean) ** 3 / n;
  return Math.abs(third) > 1e-15 ? Math.sign(third) : 0;
}
