import { mase, smape } from './forecast-error.ts';

/** Mean errors of a method over many series, as the M4 competition counts them. */
export interface M4Errors {
  readonly smape: number;
  readonly mase: number;
}

/**
 * The M4 competition's benchmark (Makridakis et al. 2020): a classical multiplicative decomposition where a test of the
 * autocorrelation at 90 % finds a season, then the last seasonally adjusted value. All values must be positive to be
 * adjusted. O(n).
 */
export function naive2(training: Float64Array, season: number, steps: number): Float64Array {
  const n = training.length;
  const factors = isSeasonal(training, season) ? seasonalFactors(training, season) : new Float64Array(1).fill(1);
  const last = training[n - 1] / factors[(n - 1) % factors.length];
  return Float64Array.from({ length: steps }, (_, k) => last * factors[(n + k) % factors.length]);
}

/** Overall weighted average: the mean of both errors, each divided by Naive2's. Below 1 is better than Naive2. */
export function owa(method: M4Errors, benchmark: M4Errors): number {
  return (method.smape / benchmark.smape + method.mase / benchmark.mase) / 2;
}

/** Both errors of one forecast. */
export function m4Errors(
  actual: Float64Array,
  forecast: Float64Array,
  training: Float64Array,
  season: number,
): M4Errors {
  return { smape: smape(actual, forecast), mase: mase(actual, forecast, training, season) };
}

/** Autocorrelation at the season beyond 90 % of what a moving average of the shorter lags allows. */
function isSeasonal(y: Float64Array, season: number): boolean {
  const n = y.length;
  if (season < 2 || n < 3 * season) return false;
  let mean = 0;
  for (const value of y) mean += value / n;
  let power = 0;
  for (const value of y) power += (value - mean) ** 2;
  const at = (lag: number): number => {
    let sum = 0;
    for (let i = lag; i < n; i++) sum += (y[i] - mean) * (y[i - lag] - mean);
    return sum / power;
  };
  let squares = at(1);
  for (let lag = 2; lag < season; lag++) squares += at(lag) ** 2;
  return Math.abs(at(season)) > 1.645 * Math.sqrt((1 + 2 * squares) / n);
}

function seasonalFactors(y: Float64Array, season: number): Float64Array {
  const n = y.length;
  const half = season >> 1;
  const sums = new Float64Array(season);
  const counts = new Float64Array(season);
  for (let i = half; i < n - half; i++) {
    let trend = 0;
    // An even season is centred by halving both ends.
    for (let k = -half; k <= half; k++) trend += y[i + k] * (season % 2 === 0 && Math.abs(k) === half ? 0.5 : 1);
    sums[i % season] += (y[i] * season) / trend;
    counts[i % season]++;
  }
  const factors = sums.map((sum, k) => sum / counts[k]);
  const mean = factors.reduce((a, b) => a + b, 0) / season;
  return factors.map((value) => value / mean);
}
