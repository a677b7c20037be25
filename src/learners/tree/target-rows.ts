import { AuspexError } from '../../errors.ts';
import { requireInteger } from '../requirements.ts';

/** Rows whose target is finite and whose weight is above 0. Throws BAD_REQUEST when there are none. */
export function rowsWithTarget(y: Float64Array, nRows: number, weights: Float64Array | undefined): Int32Array {
  if (weights !== undefined) requireInteger('the number of weights', weights.length, nRows, 2 ** 31);
  const rows: number[] = [];
  for (let i = 0; i < nRows; i++) if (Number.isFinite(y[i]) && (weights === undefined || weights[i] > 0)) rows.push(i);
  if (rows.length === 0) throw new AuspexError('BAD_REQUEST', `None of ${nRows} rows has a finite target.`);
  return Int32Array.from(rows);
}

/** The chosen rows of a matrix: itself when all are. */
export function rowsOf(x: Float64Array, rows: Int32Array, nRows: number, nCols: number): Float64Array {
  if (rows.length === nRows) return x;
  const out = new Float64Array(rows.length * nCols);
  for (let i = 0; i < rows.length; i++) out.set(x.subarray(rows[i] * nCols, (rows[i] + 1) * nCols), i * nCols);
  return out;
}
