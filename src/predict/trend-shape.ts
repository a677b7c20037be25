/**
 * Whether a series goes one way beyond doubt: Kendall's tau over the means of 16 blocks, at one in a thousand. Blocks
 * instead of points, because neighbours are alike and would count as proof.
 */
export function isMonotone(y: Float64Array): boolean {
  const n = Math.min(16, y.length);
  const means = blockMeans(y, n);
  let score = 0;
  for (let i = 0; i < n; i++) for (let j = i + 1; j < n; j++) score += Math.sign(means[j] - means[i]);
  const deviation = Math.sqrt((n * (n - 1) * (2 * n + 5)) / 18);
  return Math.abs(score) - 1 > 3.29 * deviation;
}

/**
 * Coefficients (lowest power first) of the polynomial of degree 0 … 3 with the lowest Bayesian information criterion,
 * on at most 100 blocks. O(n).
 */
export function polynomialOf(x: Float64Array, y: Float64Array): number[] {
  const n = Math.min(100, y.length);
  const xs = blockMeans(x, n);
  const ys = blockMeans(y, n);
  const middle = (xs[0] + xs[n - 1]) / 2;
  const half = Math.max((xs[n - 1] - xs[0]) / 2, 1e-12);
  let best: number[] = [];
  let bestScore = Infinity;
  let total = 0;
  for (const value of ys) total += value * value;
  for (let degree = 0; degree <= 3 && degree < n - 1; degree++) {
    const coefficients = leastSquares(
      xs.map((value) => (value - middle) / half),
      ys,
      degree,
    );
    let error = 0;
    for (let i = 0; i < n; i++) error += (ys[i] - evaluate(coefficients, (xs[i] - middle) / half)) ** 2;
    // Rounding is no information: an exact fit is not improved by a higher power.
    const score = n * Math.log(error / n + 1e-20 * (total / n) + 1e-300) + (degree + 1) * Math.log(n);
    if (score < bestScore - 6) {
      bestScore = score;
      best = coefficients;
    }
  }
  return shifted(best, middle, half);
}

function blockMeans(values: Float64Array, n: number): Float64Array {
  const out = new Float64Array(n);
  for (let b = 0; b < n; b++) {
    const from = Math.floor((b * values.length) / n);
    const to = Math.floor(((b + 1) * values.length) / n);
    for (let i = from; i < to; i++) out[b] += values[i] / (to - from);
  }
  return out;
}

/** Normal equations on [-1, 1] by Gaussian elimination: well conditioned up to degree 3. */
function leastSquares(x: Float64Array, y: Float64Array, degree: number): number[] {
  const size = degree + 1;
  const rows = Array.from({ length: size }, () => new Float64Array(size + 1));
  for (let i = 0; i < x.length; i++) {
    for (let r = 0; r < size; r++) {
      for (let c = 0; c < size; c++) rows[r][c] += x[i] ** (r + c);
      rows[r][size] += y[i] * x[i] ** r;
    }
  }
  for (let r = 0; r < size; r++) {
    for (let below = r + 1; below < size; below++) {
      const factor = rows[below][r] / rows[r][r];
      for (let c = r; c <= size; c++) rows[below][c] -= factor * rows[r][c];
    }
  }
  const out = new Array<number>(size).fill(0);
  for (let r = size - 1; r >= 0; r--) {
    let sum = rows[r][size];
    for (let c = r + 1; c < size; c++) sum -= rows[r][c] * out[c];
    out[r] = sum / rows[r][r];
  }
  return out;
}

function evaluate(coefficients: readonly number[], x: number): number {
  let value = 0;
  for (let k = coefficients.length - 1; k >= 0; k--) value = value * x + coefficients[k];
  return value;
}

/** The same polynomial in x instead of (x − middle) / half. */
function shifted(coefficients: readonly number[], middle: number, half: number): number[] {
  let out: number[] = [];
  for (let k = coefficients.length - 1; k >= 0; k--) {
    const next = new Array<number>(out.length === 0 ? 1 : out.length + 1).fill(0);
    for (let i = 0; i < out.length; i++) {
      next[i] -= (out[i] * middle) / half;
      next[i + 1] += out[i] / half;
    }
    next[0] += coefficients[k];
    out = next;
  }
  return out;
}
