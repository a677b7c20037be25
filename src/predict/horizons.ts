const MINUTE = 60_000;
const HOUR = 60 * MINUTE;

/** The horizons that every main figure of a host is forecast at. */
export const FORECAST_HORIZONS_MS = [15 * MINUTE, HOUR, 24 * HOUR, 48 * HOUR, 168 * HOUR, 720 * HOUR] as const;

/**
 * The width of a forecast's steps for its horizon. Forecast and judgement speak of the same thing: the mean over one
 * such step, ending at the moment named.
 */
export function stepForHorizon(horizonMs: number): number {
  if (horizonMs <= HOUR) return MINUTE;
  if (horizonMs <= 6 * HOUR) return 5 * MINUTE;
  if (horizonMs <= 48 * HOUR) return 15 * MINUTE;
  if (horizonMs <= 168 * HOUR) return HOUR;
  return 3 * HOUR;
}

/** How much history a forecast reads at most: 2,000 steps. */
export function historyForHorizon(horizonMs: number): number {
  return 2000 * stepForHorizon(horizonMs);
}
