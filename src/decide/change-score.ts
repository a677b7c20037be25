import { quantileOfSorted } from '../stats/quantile.ts';

/** How one series changed when the trouble began. */
export interface Change {
  /** Robust standard deviations between its usual level and its level in the trouble; signed, 0 = as usual. */
  readonly deviation: number;
  /** Its level before, and in the trouble. */
  readonly usual: number;
  readonly level: number;
  /** Its last value in the trouble. */
  readonly last: number;
  /** When it first left its usual range for good, ms; null where it did not. */
  readonly onsetAt: number | null;
}

/** Where the past ends and the trouble is: rows [0, pastEnd) and [from, to). */
export interface Spans {
  readonly pastEnd: number;
  readonly from: number;
  readonly to: number;
}

/** How a figure is read. */
export interface Reading {
  /** Rare things, failures say, show in the mean and seldom in the median. */
  readonly isRare: boolean;
  /** The least move that matters, in the figure's own unit; beside it a hundredth of the level. */
  readonly floor: number;
}

export const NO_CHANGE: Change = {
  deviation: 0,
  usual: Number.NaN,
  level: Number.NaN,
  last: Number.NaN,
  onsetAt: null,
};

/** A level that moves by less than this share of itself is no change, however still it was before. */
const FLOOR_SHARE = 0.01;
/** What is measured where a figure never moved and its level is 0. */
const PLAIN: Reading = { isRare: false, floor: 1e-9 };
const LEAST_PAST = 5;
/** A past that tells less than this share of its rows is silent now and then; its silence says nothing. */
const STEADY_SHARE = 0.95;
const SILENCE = 100;
const MOST = 1e4;
const LEAVES = 4;
const LEAST_BLOCKS = 8;

/**
 * The change of a series at the trouble: median against median (of rare things mean against mean), in units of how much the series moves of its own accord:
 * the largest of its interquartile range, half its standard deviation (rare bursts are its habit, too) and how far
 * medians as short as the trouble's differ. The smaller of the change against the whole past and against its end
 * counts, so that a level that moved hours before is no news. NaN is missing; a series that was always there and
 * is silent now counts as 100. Pure; O(n log n).
 *
 * Weak where the past is shorter than a season that the trouble happens to begin with.
 */
export function changeOf(values: Float64Array, times: Float64Array, spans: Spans, reading = PLAIN): Change {
  const { pastEnd, from, to } = spans;
  const past = finiteSorted(values, 0, pastEnd);
  const now = finiteSorted(values, from, to);
  const last = values.subarray(from, to).findLast(Number.isFinite) ?? Number.NaN;
  // What it was before is not known; what it is now is.
  if (past.length < LEAST_PAST) return { ...NO_CHANGE, last };
  const levelOf = reading.isRare ? meanOf : medianOf;
  const usual = levelOf(past);
  if (now.length === 0) {
    const isSteady = past.length >= STEADY_SHARE * pastEnd && to - from >= 2;
    return isSteady ? { ...NO_CHANGE, deviation: -SILENCE, usual, onsetAt: times[from] ?? null } : NO_CHANGE;
  }
  const level = levelOf(now);
  const scale = scaleOf(values, past, usual, spans, levelOf, reading.floor);
  const recentRows = Math.max(1, Math.min(to - from, Math.floor(pastEnd / 10)));
  const recent = finiteSorted(values, pastEnd - recentRows, pastEnd);
  const against = [usual, ...(recent.length > 0 ? [levelOf(recent)] : [])];
  const deviations = against.map((one) => (level - one) / scale);
  const least = deviations.reduce((a, b) => (Math.abs(b) < Math.abs(a) ? b : a));
  // A level that lies between its past and its newest past did not leave.
  const isMixed = deviations.some((one) => Math.sign(one) !== Math.sign(least) && one !== 0);
  const deviation = isMixed ? 0 : Math.max(-MOST, Math.min(MOST, least));
  return {
    deviation,
    usual,
    level,
    last,
    onsetAt: onsetOf(values, times, usual, scale, Math.sign(deviation), from, to),
  };
}

/**
 * The rows of the past and of a trouble that began at `at`, ms. A row speaks for the time until the next: the one in which the trouble began belongs to neither
 * side. Where all rows are earlier, the last one is the trouble.
 */
export function spansAt(times: Float64Array, at: number, until: number): Spans {
  const n = times.length;
  const step = medianStep(times);
  let from = 0;
  while (from < n && (times[from] ?? 0) < at) from++;
  if (from === n) from = Math.max(0, n - 1);
  let pastEnd = from;
  while (pastEnd > 0 && (times[pastEnd - 1] ?? 0) > at - step) pastEnd--;
  let to = Math.min(n, from + 1);
  while (to < n && (times[to] ?? 0) <= until) to++;
  return { pastEnd, from, to };
}

function medianStep(times: Float64Array): number {
  const steps = Float64Array.from({ length: Math.max(0, times.length - 1) }, (_, i) => times[i + 1] - times[i]);
  return steps.sort()[steps.length >> 1] ?? 0;
}

function scaleOf(
  values: Float64Array,
  past: Float64Array,
  usual: number,
  { pastEnd, from, to }: Spans,
  levelOf: (sorted: Float64Array) => number,
  floor: number,
): number {
  const iqr = (quantileOfSorted(past, 0.75) - quantileOfSorted(past, 0.25)) / 1.349;
  const mean = meanOf(past);
  const sd = Math.sqrt(past.reduce((sum, value) => sum + (value - mean) ** 2, 0) / past.length);
  const away: number[] = [];
  const rows = to - from;
  for (let start = 0; start + rows <= pastEnd; start += Math.max(1, rows >> 1)) {
    const block = finiteSorted(values, start, start + rows);
    if (block.length > 0) away.push(Math.abs(levelOf(block) - usual));
  }
  const blocks = away.length >= LEAST_BLOCKS ? quantileOfSorted(Float64Array.from(away).sort(), 0.9) / 1.645 : 0;
  return Math.max(iqr, sd / 2, blocks, FLOOR_SHARE * Math.abs(usual), floor);
}

function medianOf(sorted: Float64Array): number {
  return quantileOfSorted(sorted, 0.5);
}

/** NaN where there are none. */
export function meanOf(values: Float64Array): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

/** The first of two rows in a row that lie beyond four scales on the side to which the series went. */
function onsetOf(
  values: Float64Array,
  times: Float64Array,
  usual: number,
  scale: number,
  sign: number,
  from: number,
  to: number,
): number | null {
  if (sign === 0) return null;
  let first = -1;
  // What lies between past and trouble (the row in which it began) may be where it left.
  for (let i = Math.max(0, from - 2); i < to; i++) {
    const value = values[i] ?? Number.NaN;
    if (Number.isNaN(value)) continue;
    if (((value - usual) * sign) / scale < LEAVES) first = -1;
    else if (first >= 0) return times[first] ?? null;
    else first = i;
  }
  return first >= 0 ? (times[first] ?? null) : null;
}

function finiteSorted(values: Float64Array, from: number, to: number): Float64Array {
  return values.slice(Math.max(0, from), Math.max(0, to)).filter(Number.isFinite).sort();
}
