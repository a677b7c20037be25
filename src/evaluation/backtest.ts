/** Forecasts from origins inside a series with what came: one row an origin, one column a step. */
export interface Backtest {
  readonly steps: number;
  /** Index of the first forecast position of each fold, ascending. */
  readonly origins: Int32Array;
  /** Actual minus forecast, row-major folds × steps; NaN where the actual value is missing. */
  readonly residuals: Float64Array;
}

/**
 * Origins of a rolling backtest: at most `folds`, evenly spread over what stands behind `minTraining` points, the last
 * one leaving exactly `steps` points to judge. Empty when the series is too short for one.
 */
export function rollingOrigins(length: number, steps: number, folds: number, minTraining: number): Int32Array {
  const first = minTraining;
  const last = length - steps;
  if (last < first || folds < 1) return new Int32Array(0);
  const count = Math.min(folds, last - first + 1);
  const origins = new Int32Array(count);
  for (let k = 0; k < count; k++) {
    origins[k] = count === 1 ? last : Math.round(first + ((last - first) * k) / (count - 1));
  }
  return origins;
}

/** Forecasts from each origin with nothing but what stands before it. `forecast` is given a view of the past and the number of steps. */
export function backtest(
  values: Float64Array,
  origins: Int32Array,
  steps: number,
  forecast: (past: Float64Array, steps: number) => Float64Array,
): Backtest {
  const residuals = new Float64Array(origins.length * steps);
  for (let fold = 0; fold < origins.length; fold++) {
    const forecasts = forecast(values.subarray(0, origins[fold]), steps);
    for (let k = 0; k < steps; k++) residuals[fold * steps + k] = values[origins[fold] + k] - forecasts[k];
  }
  return { steps, origins, residuals };
}

/** Mean absolute residual; NaN when all are missing. */
export function backtestError(result: Backtest): number {
  let sum = 0;
  let n = 0;
  for (const residual of result.residuals) {
    if (residual !== residual) continue;
    sum += Math.abs(residual);
    n++;
  }
  return n > 0 ? sum / n : Number.NaN;
}
