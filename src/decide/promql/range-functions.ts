import { quantile } from './quantile.ts';
import { summed } from './sum.ts';

/** A series' samples within a range, staleness marks taken out, and where the range lies. */
export interface RangeWindow {
  readonly times: Float64Array;
  readonly values: Float64Array;
  /** The range's bounds, ms UTC. */
  readonly from: number;
  readonly to: number;
  /** The time that is evaluated for, ms UTC: `to` without the offset. */
  readonly at: number;
}

/** Null: no answer for this series. */
export type RangeFunction = (window: RangeWindow, parameter: number) => number | null;

/**
 * Growth over the range as Prometheus has it: between the first and the last sample, counter resets put back, stretched
 * to the bounds where samples come so near that the series most likely fills the range, and for a counter not below zero.
 */
function extrapolated({ times, values, from, to }: RangeWindow, isCounter: boolean, perSecond: boolean): number | null {
  const n = times.length;
  if (n < 2) return null;
  const first = values[0];
  const firstAt = times[0];
  const lastAt = times[n - 1];
  let growth = values[n - 1] - first;
  if (isCounter) for (let i = 1; i < n; i++) if (values[i] < values[i - 1]) growth += values[i - 1];
  const sampled = (lastAt - firstAt) / 1000;
  const step = sampled / (n - 1);
  let before = (firstAt - from) / 1000;
  let after = (to - lastAt) / 1000;
  if (before >= step * 1.1) before = step / 2;
  if (isCounter && growth > 0 && first >= 0) before = Math.min(before, sampled * (first / growth));
  if (after >= step * 1.1) after = step / 2;
  const whole = growth * ((sampled + before + after) / sampled);
  return perSecond ? whole / ((to - from) / 1000) : whole;
}

/** From the last two samples. */
function instant({ times, values }: RangeWindow, isRate: boolean): number | null {
  const n = times.length;
  if (n < 2) return null;
  const last = values[n - 1];
  const previous = values[n - 2];
  const seconds = (times[n - 1] - times[n - 2]) / 1000;
  if (seconds === 0) return null;
  if (!isRate) return last - previous;
  return (last < previous ? last : last - previous) / seconds;
}

/** The least-squares line through the samples, its intercept at a time. */
function line({ times, values }: RangeWindow, interceptAt: number): { slope: number; intercept: number } {
  const n = times.length;
  const first = values[0];
  if (values.every((value) => value === first)) {
    return Number.isFinite(first) ? { slope: 0, intercept: first } : { slope: Number.NaN, intercept: Number.NaN };
  }
  const x = times.map((at) => (at - interceptAt) / 1000);
  const sumX = summed(x);
  const sumY = summed(values);
  const covariance = summed(x.map((value, i) => value * values[i])) - (sumX * sumY) / n;
  const variance = summed(x.map((value) => value * value)) - (sumX * sumX) / n;
  const slope = covariance / variance;
  return { slope, intercept: sumY / n - (slope * sumX) / n };
}

/** The mean, step by step, so that neither a large sum nor an infinity among the values spoils it. */
function mean(values: Float64Array): number {
  const sum = summed(values);
  if (Number.isFinite(sum)) return sum / values.length;
  let average = 0;
  for (let i = 0; i < values.length; i++) {
    const value = values[i];
    if (Math.abs(average) === Number.POSITIVE_INFINITY) {
      if (value === average || Number.isFinite(value)) continue;
    }
    average += value / (i + 1) - average / (i + 1);
  }
  return average;
}

function variance(values: Float64Array): number {
  let average = 0;
  let squares = 0;
  for (let i = 0; i < values.length; i++) {
    const delta = values[i] - average;
    average += delta / (i + 1);
    squares += delta * (values[i] - average);
  }
  return squares / values.length;
}

function extreme(values: Float64Array, isBetter: (a: number, b: number) => boolean): number {
  let best = values[0];
  for (let i = 1; i < values.length; i++) if (isBetter(values[i], best) || Number.isNaN(best)) best = values[i];
  return best;
}

function count(values: Float64Array, counts: (value: number, before: number) => boolean): number {
  let n = 0;
  for (let i = 1; i < values.length; i++) if (counts(values[i], values[i - 1])) n++;
  return n;
}

/** Every function over ranges, on a window that has at least one sample. O(samples), quantile O(n log n). */
export const rangeFunctions: ReadonlyMap<string, RangeFunction> = new Map<string, RangeFunction>([
  ['rate', (window) => extrapolated(window, true, true)],
  ['increase', (window) => extrapolated(window, true, false)],
  ['delta', (window) => extrapolated(window, false, false)],
  ['irate', (window) => instant(window, true)],
  ['idelta', (window) => instant(window, false)],
  ['deriv', (window) => (window.times.length < 2 ? null : line(window, window.times[0]).slope)],
  [
    'predict_linear',
    (window, seconds) => {
      if (window.times.length < 2) return null;
      const { slope, intercept } = line(window, window.at);
      return slope * seconds + intercept;
    },
  ],
  ['changes', ({ values }) => count(values, (a, b) => a !== b && !(Number.isNaN(a) && Number.isNaN(b)))],
  ['resets', ({ values }) => count(values, (a, b) => a < b)],
  ['avg_over_time', ({ values }) => mean(values)],
  ['sum_over_time', ({ values }) => summed(values)],
  ['min_over_time', ({ values }) => extreme(values, (a, b) => a < b)],
  ['max_over_time', ({ values }) => extreme(values, (a, b) => a > b)],
  ['count_over_time', ({ values }) => values.length],
  ['last_over_time', ({ values }) => values[values.length - 1]],
  ['present_over_time', () => 1],
  ['stddev_over_time', ({ values }) => Math.sqrt(variance(values))],
  ['stdvar_over_time', ({ values }) => variance(values)],
  ['quantile_over_time', ({ values }, q) => quantile(q, values)],
]);

/** Those that keep the metric's name. */
export const keepsName: ReadonlySet<string> = new Set(['last_over_time']);
