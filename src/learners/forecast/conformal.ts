import type { Backtest } from '../../evaluation/index.ts';
import { normalReach, studentReach } from '../../stats/student.ts';

/** How far below and above its mean a forecast's interval reaches, by step. */
export interface IntervalWidths {
  readonly below: Float64Array;
  readonly above: Float64Array;
}

/** What lies further ahead than was ever tried errs at least as a random walk goes on: with the root of the steps. */
const UNTRIED_GROWTH = 0.5;

/**
 * Interval widths from the residuals of a backtest: residuals are divided by a size that grows with the step as
 * a · k^b (fitted, b in 0 … 1), pooled over steps and folds, and their quantiles taken (split conformal prediction).
 * What moves a fold moves all of its steps, so the folds that are independent of one another are what counts, however
 * many overlap: with too few for each side's own tail both sides share one, and Student's law widens it.
 * Weak where tomorrow is unlike the backtest: after a change of level that the history has no like of.
 * O(folds · steps · log).
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
  const widening = studentReach(level, independentFolds - 1) / normalReach(level);
  const { low, high } = tails(pooled.subarray(0, n), level, independentFolds);
  const below = new Float64Array(steps);
  const above = new Float64Array(steps);
  for (let k = 0; k < steps; k++) {
    const untried = Math.max(1, (k + 1) / judged);
    const size = a * Math.min(judged, k + 1) ** b * untried ** Math.max(b, UNTRIED_GROWTH);
    below[k] = low * widening * size;
    above[k] = high * widening * size;
  }
  return { below, above };
}

/**
 * How far residuals reach to either side. A tail of 5 % is seen from 19 or 20 observations on (the n + 1 of conformal
 * prediction); of fewer the lowest and the highest would pass for it, though ten hold the next one only 9 times in 11
 * and five only 2 times in 3. Then the size of residuals alone is asked, to which both sides contribute.
 */
function tails(residuals: Float64Array, level: number, independent: number): { low: number; high: number } {
  const tail = (1 - level) / 2;
  if (independent + 1 >= 1 / tail) {
    const sorted = residuals.sort();
    return { low: Math.max(0, -quantile(sorted, tail)), high: Math.max(0, quantile(sorted, 1 - tail)) };
  }
  const reach = quantile(residuals.map(Math.abs).sort(), level);
  return { low: reach, high: reach };
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
