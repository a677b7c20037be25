import { thresholdBetween } from '../split.ts';

/** Most bins of a column that hold values; one more holds what is missing. */
export const MAX_BINS = 32;

/** A matrix with each value replaced by the number of its quantile bin: what trees are grown on. */
export interface BinnedColumns {
  readonly nRows: number;
  readonly nCols: number;
  /** Column-major; `missingBin` for NaN. */
  readonly bins: Uint8Array;
  /** By column: thresholds[b] parts bins up to b from those above it. */
  readonly thresholds: readonly Float64Array[];
  readonly missingBin: number;
  /** Row-major copy of the rows used: for predicting rows that were out of the bag. */
  readonly values: Float64Array;
}

/** Bins the chosen rows of a row-major matrix, each column by its own quantiles. O(nRows · nCols · log nRows). */
export function binColumns(x: Float64Array, rows: Int32Array, nCols: number): BinnedColumns {
  const nRows = rows.length;
  const bins = new Uint8Array(nRows * nCols);
  const values = new Float64Array(nRows * nCols);
  for (let i = 0; i < nRows; i++) values.set(x.subarray(rows[i] * nCols, (rows[i] + 1) * nCols), i * nCols);
  const thresholds: Float64Array[] = [];
  const column = new Float64Array(nRows);
  for (let j = 0; j < nCols; j++) {
    let present = 0;
    for (let i = 0; i < nRows; i++) {
      const value = values[i * nCols + j];
      if (value === value) column[present++] = value;
    }
    const edges = edgesOf(column.subarray(0, present).sort(), MAX_BINS);
    thresholds.push(edges);
    for (let i = 0; i < nRows; i++) {
      const value = values[i * nCols + j];
      bins[j * nRows + i] = value === value ? binOf(edges, value) : MAX_BINS;
    }
  }
  return { nRows, nCols, bins, thresholds, missingBin: MAX_BINS, values };
}

/** At most `maxBins` − 1 thresholds between distinct sorted values, at about equal mass. */
export function edgesOf(sorted: Float64Array, maxBins: number): Float64Array {
  const edges: number[] = [];
  const step = Math.max(1, sorted.length / maxBins);
  let next = step;
  let distinct = 0;
  for (let i = 1; i < sorted.length; i++) if (sorted[i] > sorted[i - 1]) distinct++;
  for (let i = 1; i < sorted.length && edges.length < maxBins - 1; i++) {
    if (!(sorted[i] > sorted[i - 1])) continue;
    if (distinct >= maxBins && i < next) continue;
    edges.push(thresholdBetween(sorted[i - 1], sorted[i], 0.5));
    while (next <= i) next += step;
  }
  return Float64Array.from(edges);
}

/** How many thresholds are at or below the value. */
export function binOf(edges: Float64Array, value: number): number {
  let low = 0;
  let high = edges.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (value < edges[middle]) high = middle;
    else low = middle + 1;
  }
  return low;
}
