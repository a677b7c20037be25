import type { Backtest } from '../evaluation/index.ts';

/** How far below and above its mean a forecast's interval reaches, by step. */
export interface IntervalWidths {
  readonly below: Float64Array;
  readonly above: Float64Array;
}

/**
 * Interval widths from the residuals of a backtest: residuals are divided by a size that grows with the step as
 * a · k^b (fitted, b in 0 … 1), pooled over steps and folds, and their quantiles taken (split conformal prediction,
 * with a finite-sample widening for the few folds that are independent of one another). Steps beyond the backtest's
 * own go on by the same law. Weak where tomorrow's noise is unlike the backtest's. O(folds · steps · log).
 */
export function conformalWidths(
  result: Backtest,
  level: number,
  steps: number,
  independentFolds: number,
): IntervalWidths {
  const { residuals, steps: judged } = result;
  const folds = result.origins.length;
  const { a, b } = growthOfError(result);
  const pooled = new Float64Array(folds * judged);
  let n = 0;
  for (let i = 0; i < residuals.length; i++) {
    if (residuals[i] === residuals[i]) pooled[n++] = residuals[i] / (a * ((i % judged) + 1) ** b);
  }
  const sorted = pooled.subarray(0, n).sort();
  const tail = (1 - level) / 2;
  const widening = wideningFor(level, independentFolds);
  const low = Math.max(0, -quantile(sorted, tail)) * widening;
  const high = Math.max(0, quantile(sorted, 1 - tail)) * widening;
  const below = new Float64Array(steps);
  const above = new Float64Array(steps);
  for (let k = 0; k < steps; k++) {
    const size = a * (k + 1) ** b;
    below[k] = low * size;
    above[k] = high * size;
  }
  return { below, above };
}

/** Student's quantile over the normal one, to first order: few folds know the spread badly. */
function wideningFor(level: number, independentFolds: number): number {
  const z = normalQuantile(0.5 + level / 2);
  return 1 + (z * z + 1) / (4 * Math.max(1, independentFolds - 1));
}

/** Root mean square residual by step as a · k^b, by least squares on logarithms. */
function growthOfError(result: Backtest): { a: number; b: number } {
  const { residuals, steps } = result;
  const folds = result.origins.length;
  let n = 0;
  let sx = 0;
  let sy = 0;
  let sxx = 0;
  let sxy = 0;
  let total = 0;
  let seen = 0;
  for (let k = 0; k < steps; k++) {
    let squares = 0;
    let count = 0;
    for (let fold = 0; fold < folds; fold++) {
      const residual = residuals[fold * steps + k];
      if (residual !== residual) continue;
      squares += residual * residual;
      count++;
    }
    if (count === 0) continue;
    total += squares;
    seen += count;
    if (squares === 0) continue;
    const x = Math.log(k + 1);
    const y = Math.log(Math.sqrt(squares / count));
    // Later steps lie denser on the logarithmic axis: each counts by the stretch it stands for.
    const weight = 1 / (k + 1);
    n += weight;
    sx += weight * x;
    sy += weight * y;
    sxx += weight * x * x;
    sxy += weight * x * y;
  }
  const spread = n * sxx - sx * sx;
  const b = spread > 1e-9 ? Math.max(0, Math.min(1, (n * sxy - sx * sy) / spread)) : 0.5;
  if (n === 0) return { a: seen > 0 && total > 0 ? Math.sqrt(total / seen) : 1e-300, b: 0 };
  return { a: Math.max(1e-300, Math.exp((sy - b * sx) / n)), b };
}

function quantile(sorted: Float64Array, q: number): number {
  if (sorted.length === 0) return 0;
  const at = Math.max(0, Math.min(sorted.length - 1, q * (sorted.length + 1) - 1));
  const below = Math.floor(at);
  const above = Math.min(sorted.length - 1, below + 1);
  return sorted[below] + (sorted[above] - sorted[below]) * (at - below);
}

/** Inverse of the normal distribution above 0.5 (Abramowitz and Stegun 26.2.23, error below 5e-4). */
function normalQuantile(p: number): number {
  const t = Math.sqrt(-2 * Math.log(1 - p));
  return t - (2.515517 + 0.802853 * t + 0.010328 * t * t) / (1 + 1.432788 * t + 0.189269 * t * t + 0.001308 * t ** 3);
}
