/** The φ-quantile as Prometheus has it: linear between ranks, NaN the smallest, φ beyond [0, 1] an infinity. O(n log n). */
export function quantile(phi: number, values: ArrayLike<number>): number {
  const n = values.length;
  if (n === 0 || Number.isNaN(phi)) return Number.NaN;
  if (phi < 0) return Number.NEGATIVE_INFINITY;
  if (phi > 1) return Number.POSITIVE_INFINITY;
  const sorted = Array.from(values).sort((a, b) =>
    Number.isNaN(a) ? (Number.isNaN(b) ? 0 : -1) : Number.isNaN(b) ? 1 : a - b,
  );
  const rank = phi * (n - 1);
  const below = Math.floor(rank);
  const weight = rank - below;
  const low = sorted[below] as number;
  const high = sorted[Math.min(n - 1, below + 1)] as number;
  return low * (1 - weight) + high * weight;
}
