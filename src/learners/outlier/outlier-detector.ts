import { AuspexError } from '../../errors.ts';
import type { SeededRandom } from '../../stats/random.ts';
import { requireFitted, requireMatrix } from '../requirements.ts';

/** Scores rows; a higher score is more anomalous. */
export interface OutlierDetector {
  /** Learns from a row-major matrix, forgetting what it knew. */
  fit(x: Float64Array, nRows: number, nCols: number): this;
  score(row: Float64Array): number;
  scoreAll(x: Float64Array, nRows: number): Float64Array;
  /**
   * Learns one row more. Only of detectors that learn a stream; their `fit` is the same as learning its rows one by one.
   */
  learnOne?(row: Float64Array): void;
  toBytes(): Uint8Array;
}

/** What detectors have in common: checks at the border, one method that scores a row inside a matrix. */
export abstract class RowScorer {
  abstract readonly kind: string;
  /** Columns it was trained on; 0 before. */
  abstract get nCols(): number;
  protected abstract scoreAt(x: Float64Array, start: number): number;

  /** Higher is more anomalous. Throws NOT_READY before training and BAD_REQUEST for a row of another width. */
  score(row: Float64Array): number {
    requireFitted(this.nCols > 0, this.kind);
    if (row.length !== this.nCols) {
      throw new AuspexError(
        'BAD_REQUEST',
        `A row has ${row.length} values, the ${this.kind} was trained on ${this.nCols}.`,
      );
    }
    return this.scoreAt(row, 0);
  }

  /** One score for each row of a row-major matrix. */
  scoreAll(x: Float64Array, nRows: number): Float64Array {
    requireFitted(this.nCols > 0, this.kind);
    requireMatrix(x, nRows, this.nCols);
    const out = new Float64Array(nRows);
    this.scoreRows(x, nRows, out);
    return out;
  }

  protected scoreRows(x: Float64Array, nRows: number, out: Float64Array): void {
    for (let i = 0; i < nRows; i++) out[i] = this.scoreAt(x, i * this.nCols);
  }
}

/** The numbers of at most `most` of n rows, drawn without replacement; all of them in order when there are no more. */
export function drawRows(n: number, most: number, random: SeededRandom): Int32Array {
  const rows = Int32Array.from({ length: n }, (_, i) => i);
  if (n <= most) return rows;
  for (let i = 0; i < most; i++) {
    const j = i + random.integer(n - i);
    const row = rows[j];
    rows[j] = rows[i];
    rows[i] = row;
  }
  return rows.slice(0, most).sort();
}

/** The rows named, one after another. */
export function takeRows(x: Float64Array, rows: Int32Array, nCols: number): Float64Array {
  const out = new Float64Array(rows.length * nCols);
  for (let i = 0; i < rows.length; i++) out.set(x.subarray(rows[i] * nCols, (rows[i] + 1) * nCols), i * nCols);
  return out;
}
