import { leastSquares, meanOf } from './bottleneck-shape.ts';

/** How far a growth is followed back, and the least that says anything, in minutes. */
const MOST_SPAN = 60;
const LEAST_SPAN = 4;
/** So many times its own standard error a slope must have: noise and single jumps do not. */
const LEAST_T = 8;
/** The last third of it must go on at this share of its pace at least: what flattens is not believed. */
const LEAST_LATE = 0.6;
/** It must be so many times what the figure ever rose by in as long a time. */
const TIMES_EVER = 2;
/** The pace is that of the last minutes: a leak may have become faster. */
const PACE_SPAN = 10;
/** Means of so many minutes say what the figure rose by before. */
const SMOOTH = 3;
/** What came so near to its limit was no rise that ended by itself. */
const ARRIVED = 0.95;
/** Without history nobody knows what is without like. */
const LEAST_BEFORE = 30;
/** What of such growths goes on until the end whatever its length, since nothing that could stop it sees it: a leak, a loop. */
const ENDLESS = 0.3;
/** So many standard errors to either side hold 90 %. */
export const Z_90 = 1.645;

/** A growth in one direction, without like in a figure's past. */
export interface SteadyGrowth {
  /** That it reaches the limit. */
  readonly probability: number;
  readonly sinceMinutes: number;
  readonly perMinute: number;
  /** From now, and 90 % of the time between; `to` null: it may never. */
  readonly inMinutes: number;
  readonly from: number;
  readonly to: number | null;
}

/**
 * The growth that a figure is in, where it is straight and larger than all that came before; null otherwise. How likely it lasts until the limit
 * follows from how long it has lasted: of things whose size is known to nobody (a copy, a backup) half go on for as long again, and a share
 * never ends by itself. So a disk that fills for the first time is told of half-way, whatever the pace.
 *
 * `values`: means of a minute, the last one ends now; NaN is missing, up to a day of them. O(values + 60²).
 */
export function steadyGrowth(values: Float64Array, limit: number): SteadyGrowth | null {
  const known = values.filter((value) => value === value);
  const n = known.length;
  const longest = Math.min(MOST_SPAN, n - LEAST_BEFORE);
  let found: { span: number; line: Line } | null = null;
  for (let span = LEAST_SPAN; span <= longest; span++) {
    const line = lineThrough(known, span);
    // The most certain one: it begins where the growth did.
    if (found === null || line.slope / line.error > found.line.slope / found.line.error) found = { span, line };
  }
  if (found === null) return null;
  const { span, line } = found;
  const growth = line.slope * span;
  if (!(line.slope > 0) || line.slope < LEAST_T * line.error) return null;
  const third = Math.max(LEAST_SPAN - 1, Math.round(span / 3));
  if (lineThrough(known, third).slope < LEAST_LATE * line.slope) return null;
  if (growth < TIMES_EVER * highestRise(known.subarray(0, n - span), span, ARRIVED * limit)) return null;

  const late = lineThrough(known, Math.min(span, PACE_SPAN));
  // A minute's mean is that of its middle.
  const left = limit - late.end - late.slope / 2;
  const minutes = (pace: number): number => (pace > 0 ? Math.max(0.5, left / pace) : Number.POSITIVE_INFINITY);
  const inMinutes = minutes(late.slope);
  const to = minutes(late.slope - Z_90 * late.error);
  return {
    probability: ENDLESS + ((1 - ENDLESS) * span) / (span + inMinutes),
    sinceMinutes: span,
    perMinute: late.slope,
    inMinutes,
    from: minutes(late.slope + Z_90 * late.error),
    to: Number.isFinite(to) ? to : null,
  };
}

interface Line {
  readonly slope: number;
  /** Of the slope. */
  readonly error: number;
  readonly end: number;
}

/** Through the last `n` minutes. */
function lineThrough(known: Float64Array, n: number): Line {
  const { slope, end, squares } = leastSquares(known.subarray(known.length - n));
  // A straight line has no error to tell; a thousandth of what it adds is.
  const spread = Math.max(Math.sqrt(squares / Math.max(1, n - 2)), Math.abs(slope) * n * 1e-3);
  return { slope, error: spread / Math.sqrt((n * (n * n - 1)) / 12), end };
}

/** The most that means of some minutes ever rose by within so many minutes, but for what went on until it had arrived: that speaks for this one. */
function highestRise(before: Float64Array, span: number, arrived: number): number {
  let most = 0;
  // Positions of possible lowest means, their values rising: the first is the lowest of the window.
  const lowest: number[] = [];
  const means = Float64Array.from({ length: Math.max(0, before.length - SMOOTH + 1) }, (_, i) =>
    meanOf(before, i, i + SMOOTH),
  );
  const ended = endedBelow(means, arrived);
  for (const [i, value] of means.entries()) {
    while (lowest.length > 0 && means[lowest[lowest.length - 1]] >= value) lowest.pop();
    lowest.push(i);
    if (lowest[0] < i - span) lowest.shift();
    if (ended[i] === 1) most = Math.max(most, value - means[lowest[0]]);
  }
  return most;
}

/** 1 where the figure did not arrive within the next hour. */
function endedBelow(means: Float64Array, arrived: number): Uint8Array {
  const ended = new Uint8Array(means.length).fill(1);
  let left = 0;
  for (let i = means.length - 1; i >= 0; i--) {
    left = means[i] >= arrived ? MOST_SPAN : left - 1;
    if (left > 0) ended[i] = 0;
  }
  return ended;
}
