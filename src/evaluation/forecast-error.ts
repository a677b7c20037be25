/* Measures of forecasts. Positions where the actual value or the forecast is NaN are left out; NaN when none is left. */

export function meanAbsoluteError(actual: Float64Array, forecast: Float64Array): number {
  return meanOver(actual, (i) => Math.abs(actual[i] - forecast[i]));
}

/** Mean absolute scaled error (Hyndman and Koehler 2006): below 1 is better than the seasonal naive forecast was inside the training series. */
export function mase(actual: Float64Array, forecast: Float64Array, training: Float64Array, season: number): number {
  return meanAbsoluteError(actual, forecast) / seasonalNaiveError(training, season);
}

/** Mean absolute difference to the value one season before, inside a series. */
export function seasonalNaiveError(training: Float64Array, season: number): number {
  return meanOver(training, (i) => (i < season ? Number.NaN : Math.abs(training[i] - training[i - season])));
}

/** Symmetric mean absolute percentage error as the M4 competition counts it, 0..2; two zeros are no error. */
export function smape(actual: Float64Array, forecast: Float64Array): number {
  return meanOver(actual, (i) => {
    const size = Math.abs(actual[i]) + Math.abs(forecast[i]);
    return size === 0 ? 0 : (2 * Math.abs(actual[i] - forecast[i])) / size;
  });
}

/** Pinball loss of a forecast quantile: lowest for the true one (Koenker and Bassett 1978). */
export function pinballLoss(actual: Float64Array, quantileForecast: Float64Array, quantile: number): number {
  return meanOver(actual, (i) => {
    const above = actual[i] - quantileForecast[i];
    return above >= 0 ? quantile * above : (quantile - 1) * above;
  });
}

/** Share of actual values inside [lower, upper]. */
export function intervalCoverage(actual: Float64Array, lower: Float64Array, upper: Float64Array): number {
  return meanOver(actual, (i) =>
    lower[i] !== lower[i] || upper[i] !== upper[i]
      ? Number.NaN
      : actual[i] !== actual[i]
        ? Number.NaN
        : actual[i] >= lower[i] && actual[i] <= upper[i]
          ? 1
          : 0,
  );
}

/** Width of an interval with a penalty for what lies outside it (Gneiting and Raftery 2007); lower is better. */
export function intervalScore(actual: Float64Array, lower: Float64Array, upper: Float64Array, level: number): number {
  const penalty = 2 / (1 - level);
  return meanOver(
    actual,
    (i) => upper[i] - lower[i] + penalty * (Math.max(0, lower[i] - actual[i]) + Math.max(0, actual[i] - upper[i])),
  );
}

/** Interval score in units of the seasonal naive error inside the training series (the M4 competition's MSIS); lower is better. */
export function msis(
  actual: Float64Array,
  lower: Float64Array,
  upper: Float64Array,
  level: number,
  training: Float64Array,
  season: number,
): number {
  return intervalScore(actual, lower, upper, level) / seasonalNaiveError(training, season);
}

function meanOver(values: Float64Array, term: (i: number) => number): number {
  let sum = 0;
  let n = 0;
  for (let i = 0; i < values.length; i++) {
    const t = term(i);
    if (t !== t) continue;
    sum += t;
    n++;
  }
  return n > 0 ? sum / n : Number.NaN;
}
