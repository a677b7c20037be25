import { civilOffsets } from '../stats/civil-time.ts';
import { medianOf } from '../stats/theil-sen.ts';

/** A series in even steps of civil time: `values[n − 1]` is the mean of the step that ends at `endAt`, NaN where nothing was seen. */
export interface EvenSeries {
  readonly values: Float64Array;
  readonly stepMs: number;
  readonly endAt: number;
  /** Steps between the last value and `now` in which nothing was seen. */
  readonly silentSteps: number;
  /** Values that are there. */
  readonly present: number;
  /** Which step ahead of `endAt` (1 …) a later moment falls into, in civil time. */
  readonly stepOf: (at: number) => number;
}

export interface EvenSeriesOptions {
  readonly now: number;
  readonly stepMs: number;
  readonly maxSteps: number;
  readonly horizonMs: number;
  readonly timeZone: string;
}

/**
 * Lays points on a grid that ends now. Where clocks change, an hour is missing or counted twice, so that a season of a
 * day stays a day. Points that lie further apart than the step widen it. A silence longer than a third of what is
 * there cuts off what stands before it, when enough stands behind it. O(n).
 */
export function evenSeries(times: Float64Array, values: Float64Array, options: EvenSeriesOptions): EvenSeries {
  const stepMs = Math.max(options.stepMs, medianSpacing(times));
  const from = options.now - options.maxSteps * stepMs;
  const offset = civilOffsets(options.timeZone, from - 3_600_000, options.now + options.horizonMs);
  const civilNow = options.now + offset(options.now);
  const sums = new Float64Array(options.maxSteps);
  const counts = new Int32Array(options.maxSteps);
  for (let i = 0; i < times.length; i++) {
    const value = values[i];
    if (!Number.isFinite(value) || times[i] > options.now) continue;
    const back = Math.floor((civilNow - (times[i] + offset(times[i]))) / stepMs);
    if (back < 0 || back >= options.maxSteps) continue;
    const cell = options.maxSteps - 1 - back;
    sums[cell] += value;
    counts[cell]++;
  }
  let first = 0;
  while (first < counts.length && counts[first] === 0) first++;
  let last = counts.length - 1;
  while (last >= first && counts[last] === 0) last--;
  first = afterLongSilence(counts, first, last);
  const out = new Float64Array(Math.max(0, last - first + 1));
  let present = 0;
  for (let i = 0; i < out.length; i++) {
    out[i] = counts[first + i] > 0 ? sums[first + i] / counts[first + i] : Number.NaN;
    if (counts[first + i] > 0) present++;
  }
  const silentSteps = counts.length - 1 - last;
  return {
    values: out,
    stepMs,
    endAt: options.now - silentSteps * stepMs,
    silentSteps,
    present,
    stepOf: (at) => Math.round((at + offset(at) - civilNow) / stepMs) + silentSteps,
  };
}

function afterLongSilence(counts: Int32Array, first: number, last: number): number {
  let start = first;
  let silence = 0;
  for (let i = first; i <= last; i++) {
    if (counts[i] === 0) {
      silence++;
      continue;
    }
    if (silence > (last - first + 1) / 3 && last - i + 1 >= 40) start = i;
    silence = 0;
  }
  return start;
}

function medianSpacing(times: Float64Array): number {
  const n = Math.min(times.length - 1, 500);
  if (n < 3) return 0;
  const gaps = new Float64Array(n);
  for (let i = 0; i < n; i++) gaps[i] = times[times.length - 1 - i] - times[times.length - 2 - i];
  return medianOf(gaps);
}
