/** Above so many points, medians of as many blocks stand for them: the number of pairs grows with the square. */
const MAX_POINTS = 80;

/**
 * The Theil–Sen line: slope = median of the slopes of all pairs (Theil 1950, Sen 1968), intercept = median of what is
 * left. Up to 29 % of the points may be anything. More than 80 points are first reduced to medians of 80 blocks.
 * Missing values are left out. slope 0 for fewer than two points. O(n + 80² log).
 */
export function theilSen(x: Float64Array, y: Float64Array): { slope: number; intercept: number } {
  const points = blockMedians(x, y);
  const n = points.x.length;
  if (n === 0) return { slope: 0, intercept: Number.NaN };
  const slopes = new Float64Array((n * (n - 1)) / 2);
  let m = 0;
  for (let i = 0; i < n; i++) {
    for (let j = i + 1; j < n; j++) {
      const width = points.x[j] - points.x[i];
      if (width !== 0) slopes[m++] = (points.y[j] - points.y[i]) / width;
    }
  }
  const slope = m > 0 ? medianOf(slopes.subarray(0, m)) : 0;
  return { slope, intercept: medianOf(points.y.map((value, i) => value - slope * points.x[i])) };
}

/** The median of finite values; reorders its argument. NaN of nothing. Quickselect (Hoare 1961): O(n) on average. */
export function medianOf(values: Float64Array): number {
  const n = values.length;
  if (n === 0) return Number.NaN;
  if (n <= 32) {
    values.sort();
    return n % 2 === 1 ? values[n >> 1] : values[n / 2 - 1] / 2 + values[n / 2] / 2;
  }
  const upper = select(values, n >> 1);
  if (n % 2 === 1) return upper;
  let lower = -Infinity;
  for (let i = 0; i < n / 2; i++) if (values[i] > lower) lower = values[i];
  return lower / 2 + upper / 2;
}

/** The value that sorting would put at `k`; smaller ones come to stand before it. */
function select(values: Float64Array, k: number): number {
  let low = 0;
  let high = values.length - 1;
  while (low < high) {
    const a = values[low];
    const b = values[(low + high) >> 1];
    const c = values[high];
    const pivot = Math.max(Math.min(a, b), Math.min(Math.max(a, b), c));
    let i = low;
    let j = high;
    while (i <= j) {
      while (values[i] < pivot) i++;
      while (values[j] > pivot) j--;
      if (i > j) break;
      const swapped = values[i];
      values[i++] = values[j];
      values[j--] = swapped;
    }
    if (k <= j) high = j;
    else if (k >= i) low = i;
    else break;
  }
  return values[k];
}

function blockMedians(x: Float64Array, y: Float64Array): { x: Float64Array; y: Float64Array } {
  const keptX = new Float64Array(x.length);
  const keptY = new Float64Array(x.length);
  let n = 0;
  for (let i = 0; i < x.length; i++) {
    if (!Number.isFinite(y[i])) continue;
    keptX[n] = x[i];
    keptY[n++] = y[i];
  }
  if (n <= MAX_POINTS) return { x: keptX.slice(0, n), y: keptY.slice(0, n) };
  const blockX = new Float64Array(MAX_POINTS);
  const blockY = new Float64Array(MAX_POINTS);
  for (let b = 0; b < MAX_POINTS; b++) {
    const from = Math.floor((b * n) / MAX_POINTS);
    const to = Math.floor(((b + 1) * n) / MAX_POINTS);
    blockX[b] = medianOf(keptX.slice(from, to));
    blockY[b] = medianOf(keptY.slice(from, to));
  }
  return { x: blockX, y: blockY };
}
