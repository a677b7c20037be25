/** What a standard normal variable stays within, on either side of 0, with probability `level` (Abramowitz and Stegun 26.2.23, error below 5e-4). */
export function normalReach(level: number): number {
  const t = Math.sqrt(-2 * Math.log((1 - level) / 2));
  return t - (2.515517 + 0.802853 * t + 0.010328 * t * t) / (1 + 1.432788 * t + 0.189269 * t * t + 0.001308 * t ** 3);
}

/**
 * What a Student variable stays within, on either side of 0, with probability `level`: exact for one and two degrees
 * of freedom, Hill's expansion (1970) between and beyond them: relative error below 2e-3 for whole degrees and levels from
 * 0.8 on, weak below. Degrees need not be whole; fewer than one count as one. O(1).
 */
export function studentReach(level: number, degrees: number): number {
  const n = Math.max(1, degrees);
  const tails = 1 - level;
  if (n === 1) return 1 / Math.tan((tails * Math.PI) / 2);
  if (n === 2) return Math.sqrt(2 / (tails * (2 - tails)) - 2);
  const a = 1 / (n - 0.5);
  const b = 48 / (a * a);
  const c = (((20_700 * a) / b - 98) * a - 16) * a + 96.36;
  const d = ((94.5 / (b + c) - 3) / b + 1) * Math.sqrt((a * Math.PI) / 2) * n;
  const y = (d * tails) ** (2 / n);
  if (y <= 0.05 + a) {
    const near = (1 / (((n + 6) / (n * y) - 0.089 * d - 0.822) * (n + 2) * 3) + 0.5 / (n + 4)) * y - 1;
    return Math.sqrt(n * (near * ((n + 1) / (n + 2)) + 1 / y));
  }
  const x = -normalReach(level);
  const square = x * x;
  const few = n < 5 ? c + 0.3 * (n - 4.5) * (x + 0.6) : c;
  const whole = (((0.05 * d * x - 5) * x - 7) * x - 2) * x + b + few;
  const reach = (((((0.4 * square + 6.3) * square + 36) * square + 94.5) / whole - square - 3) / b + 1) * x;
  return Math.sqrt(n * Math.expm1(a * reach * reach));
}
