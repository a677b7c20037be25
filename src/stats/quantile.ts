/** The quantile 0 … 1 of ascending values, linear between them; NaN when there are none. */
export function quantileOfSorted(sorted: Float64Array, q: number): number {
  const at = q * (sorted.length - 1);
  const below = Math.floor(at);
  const above = Math.min(below + 1, sorted.length - 1);
  const share = at - below;
  return share === 0 ? (sorted[below] ?? Number.NaN) : sorted[below] * (1 - share) + sorted[above] * share;
}

/** How many of the ascending values are below `value`. O(log n). */
export function countBelow(sorted: Float64Array, value: number): number {
  let low = 0;
  let high = sorted.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (sorted[middle] < value) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** How many of the ascending values are at most `value`. O(log n). */
export function countAtMost(sorted: Float64Array, value: number): number {
  let low = 0;
  let high = sorted.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (sorted[middle] <= value) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** At most `most` of the ascending values at even ranks, the first and last among them. */
export function thinned(sorted: Float64Array, most: number): Float64Array {
  if (sorted.length <= most) return sorted.slice();
  return Float64Array.from({ length: most }, (_, k) => sorted[Math.round((k * (sorted.length - 1)) / (most - 1))]);
}
