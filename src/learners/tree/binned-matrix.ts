import { AuspexError } from '../../errors.ts';
import { edgesOf } from './binned-columns.ts';
import { MOST_CATEGORIES, placeOf } from './tree-ensemble.ts';
import { ValueCoder } from './value-coder.ts';

/** Above so many rows the edges of the bins are taken from every nth. */
const EDGE_ROWS = 100_000;

/** A matrix with each value replaced by the number of its bin; a column of categories has one bin for each. */
export interface BinnedMatrix {
  readonly nRows: number;
  readonly nCols: number;
  /** Column-major. A missing value has the bin behind the last one. */
  readonly bins: Uint8Array;
  /** By column: bins that hold values. */
  readonly nBins: Int32Array;
  /** By column: thresholds[b] parts bins up to b from those above it; empty for categories. */
  readonly thresholds: readonly Float64Array[];
  readonly categories: readonly (Float64Array | null)[];
}

/**
 * Bins a row-major matrix, numbers by their quantiles, at most `maxBins` (255 at most), the columns in `categorical` by
 * their distinct values. O(nRows · nCols · log nRows). Throws BAD_REQUEST for a categorical column that does not exist.
 */
export function binMatrix(
  x: Float64Array,
  nRows: number,
  nCols: number,
  maxBins: number,
  categorical: readonly number[],
): BinnedMatrix {
  for (const column of categorical) {
    if (Number.isInteger(column) && column >= 0 && column < nCols) continue;
    throw new AuspexError('BAD_REQUEST', `Column ${column} cannot be categorical: there are ${nCols} columns.`);
  }
  const bins = new Uint8Array(nRows * nCols);
  const nBins = new Int32Array(nCols);
  const thresholds: Float64Array[] = [];
  const categories: (Float64Array | null)[] = [];
  for (let j = 0; j < nCols; j++) {
    const start = j * nRows;
    if (categorical.includes(j)) {
      const known = knownCategories(x, nRows, nCols, j);
      nBins[j] = known.length;
      for (let i = 0; i < nRows; i++) {
        const place = placeOf(known, x[i * nCols + j]);
        bins[start + i] = place === place ? place : known.length;
      }
      thresholds.push(new Float64Array(0));
      categories.push(known);
      continue;
    }
    const edges = edgesOf(sortedColumn(x, nRows, nCols, j), maxBins);
    nBins[j] = edges.length + 1;
    const coder = new ValueCoder(edges);
    for (let i = 0; i < nRows; i++) {
      const value = x[i * nCols + j];
      bins[start + i] = value === value ? coder.code(value) : edges.length + 1;
    }
    thresholds.push(edges);
    categories.push(null);
  }
  return { nRows, nCols, bins, nBins, thresholds, categories };
}

function sortedColumn(x: Float64Array, nRows: number, nCols: number, column: number): Float64Array {
  const step = Math.max(1, Math.floor(nRows / EDGE_ROWS));
  const values = new Float64Array(Math.ceil(nRows / step));
  let n = 0;
  for (let i = 0; i < nRows; i += step) {
    const value = x[i * nCols + column];
    if (value === value) values[n++] = value;
  }
  return values.subarray(0, n).sort();
}

function knownCategories(x: Float64Array, nRows: number, nCols: number, column: number): Float64Array {
  const counts = new Map<number, number>();
  for (let i = 0; i < nRows; i++) {
    const value = x[i * nCols + column];
    if (value === value) counts.set(value, (counts.get(value) ?? 0) + 1);
  }
  const frequent = [...counts].sort((a, b) => b[1] - a[1] || a[0] - b[0]).slice(0, MOST_CATEGORIES);
  return Float64Array.from(frequent, ([value]) => value).sort();
}
