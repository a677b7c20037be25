/**
 * Where the mean of a series changes: the exact best segmentation by squared error with a penalty for each change
 * (PELT: Killick, Fearnhead, Eckley 2012). Returns the first index of each segment but the first, ascending.
 * Weak on autocorrelated noise and outliers, which squared error takes for changes: feed it medians of blocks and a
 * penalty in units of the noise's variance. O(n) to O(n²), and n² is cheap for a few hundred blocks.
 */
export function pelt(values: Float64Array, penalty: number, minSegment = 2): number[] {
  const n = values.length;
  const sums = new Float64Array(n + 1);
  const squares = new Float64Array(n + 1);
  for (let i = 0; i < n; i++) {
    sums[i + 1] = sums[i] + values[i];
    squares[i + 1] = squares[i] + values[i] * values[i];
  }
  const cost = (from: number, to: number): number => {
    const sum = sums[to] - sums[from];
    return squares[to] - squares[from] - (sum * sum) / (to - from);
  };
  const best = new Float64Array(n + 1).fill(Infinity);
  best[0] = -penalty;
  const cutBefore = new Int32Array(n + 1);
  let candidates = [0];
  for (let to = minSegment; to <= n; to++) {
    for (const from of candidates) {
      const total = best[from] + cost(from, to) + penalty;
      if (total < best[to]) {
        best[to] = total;
        cutBefore[to] = from;
      }
    }
    // A start that is already worse than the best can never win again.
    candidates = candidates.filter((from) => best[from] + cost(from, to) <= best[to]);
    const next = to - minSegment + 1;
    if (next >= minSegment) candidates.push(next);
  }
  const cuts: number[] = [];
  for (let to = n; to > 0 && cutBefore[to] > 0; to = cutBefore[to]) cuts.push(cutBefore[to]);
  return cuts.reverse();
}
