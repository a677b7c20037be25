import { ExponentialSmoothing } from '../learners/forecast/exponential-smoothing.ts';
import { normalReach, studentReach } from '../stats/student.ts';
import { medianOf, theilSen } from '../stats/theil-sen.ts';
import { isMonotone } from './trend-shape.ts';

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
const WEEK = 7;
/** Days looked ahead. */
const AHEAD = 30;
/** Two weeks of days: with less nothing is known of a week's course. */
export const CAPACITY_LEAST_DAYS = 14;
export const CAPACITY_MOST_DAYS = 56;
/** A day of which less is known has no peak. */
const LEAST_HOURS = 12;
/** Trials that a method's first errors are mixed with, each as bad as "as today". */
const DOUBT = 3;
/** How fast a method that errs more loses its say: chosen on the tuning half of the public series. */
const SHARPNESS = 6;
/** A reading has a last digit: the least width, as a share of the limit. */
const FLOOR = 0.005;
/** Room that is left above the peaks of the next month. */
const COMFORT = 0.8;

export interface CapacityRequest {
  /** Greatest hourly mean of each day, oldest first; the last day ends now. NaN: not known. */
  readonly peaks: Float64Array;
  readonly limit: number;
  readonly level?: number;
}

export interface PeakPoint {
  /** Days from now. */
  readonly days: number;
  readonly mean: number;
  readonly lower: number;
  readonly upper: number;
}

export interface Capacity {
  readonly points: readonly PeakPoint[];
  /** Days until a day's peak reaches the limit, and the range; null: not within 30 days. */
  readonly inDays: number | null;
  readonly from: number | null;
  readonly to: number | null;
  /** Growth of the peaks a week; 0 where they do not grow beyond doubt. */
  readonly perWeek: number;
  /** How much more there has to be for the peaks of the next 30 days to use 80 %, as a share of what there is; 0: enough. */
  readonly add: number;
}

/** As today; as usual this week; as usual so far; level, trend and week smoothed. */
const METHODS: readonly ((peaks: Float64Array) => number)[] = [
  (peaks) => peaks[peaks.length - 1],
  (peaks) => medianOf(peaks.slice(-WEEK)),
  (peaks) => medianOf(peaks.slice()),
  (peaks) => new ExponentialSmoothing({ season: WEEK }).fit(peaks).forecast(WEEK)[WEEK - 1],
];

/**
 * Peaks of the coming days of a quantity that goes up and down, and when they reach a limit. A week ahead four methods are mixed by
 * what each erred by on the series' own past; the range is what that mixture erred by there. Further ahead the peaks go on by their
 * median growth, where they have grown beyond doubt. Null with less than two weeks of days.
 *
 * For what only fills (a disk) see `exhaustion`. Weak where a release or a campaign changes the level: the past knows nothing of it.
 * O(days²), some milliseconds for eight weeks.
 */
export function foreseeCapacity({ peaks, limit, level = 0.9 }: CapacityRequest): Capacity | null {
  const known = withoutGaps(peaks.subarray(Math.max(0, peaks.length - CAPACITY_MOST_DAYS)));
  if (known === null || known.length < CAPACITY_LEAST_DAYS) return null;
  const week = peakAWeekAhead(known);
  const reach = reachOf(trialErrors(known), level) + FLOOR * limit;
  const growth = growthADay(known);
  const today = known[known.length - 1];
  const points = Array.from({ length: AHEAD }, (_, i): PeakPoint => {
    const days = i + 1;
    const mean = days <= WEEK ? today + ((week - today) * days) / WEEK : week + growth * (days - WEEK);
    const width = reach * Math.max(0.5, Math.sqrt(days / WEEK));
    return { days, mean, lower: mean - width, upper: mean + width };
  });
  const first = (of: (point: PeakPoint) => number): number | null =>
    points.find((point) => of(point) >= limit)?.days ?? null;
  const most = points.reduce((highest, { mean }) => Math.max(highest, mean), 0);
  return {
    points,
    inDays: first(({ mean }) => mean),
    from: first(({ upper }) => upper),
    to: first(({ lower }) => lower),
    perWeek: growth * WEEK,
    add: Math.max(0, most / (COMFORT * limit) - 1),
  };
}

/** The greatest hourly mean of each of the last days, the last day ending at `now`. Times are the ends of what the values are means of. O(n). */
export function dailyPeaks(times: Float64Array, values: Float64Array, now: number, days: number): Float64Array {
  const sums = new Float64Array(days * 24);
  const counts = new Int32Array(days * 24);
  for (let i = 0; i < times.length; i++) {
    const hour = days * 24 - 1 - Math.floor((now - times[i]) / HOUR_MS);
    if (hour < 0 || hour >= sums.length || !Number.isFinite(values[i])) continue;
    sums[hour] += values[i];
    counts[hour]++;
  }
  return Float64Array.from({ length: days }, (_, day) => {
    let peak = Number.NEGATIVE_INFINITY;
    let hours = 0;
    for (let hour = 24 * day; hour < 24 * (day + 1); hour++) {
      if (counts[hour] === 0) continue;
      hours++;
      peak = Math.max(peak, sums[hour] / counts[hour]);
    }
    return hours >= LEAST_HOURS ? peak : Number.NaN;
  });
}

export const CAPACITY_HORIZON_MS = WEEK * DAY_MS;

/** Each method's say falls with what it would have erred by so far. */
function peakAWeekAhead(peaks: Float64Array): number {
  const errors = METHODS.map(() => 0);
  let trials = 0;
  for (let at = WEEK + 1; at + WEEK <= peaks.length; at++, trials++) {
    const past = peaks.subarray(0, at);
    for (const [k, method] of METHODS.entries()) errors[k] += Math.abs(method(past) - peaks[at + WEEK - 1]);
  }
  const asToday = trials > 0 ? errors[0] / trials : 0;
  let mean = 0;
  let total = 0;
  for (const [k, method] of METHODS.entries()) {
    const error = (errors[k] + DOUBT * asToday) / (trials + DOUBT);
    const say = (error / (asToday + 1e-300) + 1e-3) ** -SHARPNESS;
    mean += say * method(peaks);
    total += say;
  }
  return mean / total;
}

/** What would have been erred by, a week ahead, from each day: by the mixture, and by "as today" where it had no week of past. */
function trialErrors(peaks: Float64Array): Float64Array {
  return Float64Array.from({ length: peaks.length - WEEK }, (_, i) => {
    const past = peaks.subarray(0, i + 1);
    return peaks[i + WEEK] - (i < WEEK ? peaks[i] : peakAWeekAhead(past));
  });
}

/** Errors that overlap tell less than as many that do not: counted as half, which held best on the tuning half; Student's law widens for few. */
function reachOf(errors: Float64Array, level: number): number {
  const apart = Math.max(3, errors.length / 2);
  return (quantile(errors.map(Math.abs).sort(), level) * studentReach(level, apart - 1)) / normalReach(level);
}

function growthADay(peaks: Float64Array): number {
  if (!isMonotone(peaks)) return 0;
  return theilSen(
    Float64Array.from(peaks, (_, i) => i),
    peaks,
  ).slope;
}

/** Days that are not known take the day before them; null where the last one or a third is not. */
function withoutGaps(peaks: Float64Array): Float64Array | null {
  let first = 0;
  while (first < peaks.length && !Number.isFinite(peaks[first])) first++;
  const out = peaks.slice(first);
  let missing = 0;
  for (let i = 1; i < out.length; i++) {
    if (Number.isFinite(out[i])) continue;
    missing++;
    out[i] = out[i - 1];
  }
  return missing * 3 > out.length || !Number.isFinite(peaks[peaks.length - 1]) ? null : out;
}

function quantile(sorted: Float64Array, q: number): number {
  const at = Math.max(0, Math.min(sorted.length - 1, Math.ceil(q * (sorted.length + 1)) - 1));
  return sorted.length === 0 ? 0 : sorted[at];
}
