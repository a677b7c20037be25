/**
 * A threshold in (low, high] at the share `u` of the way, so that `value < threshold` parts the two; holds for
 * infinite and huge values too. Needs low < high.
 */
export function thresholdBetween(low: number, high: number, u: number): number {
  const from = Math.max(low, -Number.MAX_VALUE);
  const to = Math.min(high, Number.MAX_VALUE);
  const threshold = from * (1 - u) + to * u;
  return threshold > low && threshold <= high ? threshold : high;
}
