/* What a figure's last two hours look like, and yesterday's at this time: levels, heights and lines, as shares of its limit. */

const DAY_MINUTES = 1440;
const LEVELS = [1, 2, 4, 8, 15, 30, 60] as const;
const HIGHS = [5, 15, 30, 60] as const;
const LOWS = [15, 30] as const;
const LINES = [8, 15, 30, 60] as const;
/** A line is told by where it is now and by what it adds in so many minutes. */
const AHEAD = 15;

/**
 * `recent`: up to two hours, a mean a minute, without gaps. `values`: a day and more of them where there is one. 31 figures, NaN where
 * nobody knows. O(recent).
 */
export function shapeFigures(recent: Float64Array, values: Float64Array, limit: number): number[] {
  const n = recent.length;
  const level = (minutes: number): number => meanOf(recent, n - minutes, n);
  const figures = [
    ...LEVELS.map(level),
    meanOf(recent, n - 120, n - 60),
    ...HIGHS.map((minutes) => Math.max(...recent.subarray(Math.max(0, n - minutes)))),
    ...LOWS.map((minutes) => Math.min(...recent.subarray(Math.max(0, n - minutes)))),
    ...LINES.flatMap((minutes) => lineOf(recent.subarray(Math.max(0, n - minutes)))),
    jitterOf(recent.subarray(Math.max(0, n - 30))),
    ...yesterdayOf(values, level(5)),
  ];
  return figures.map((figure) => figure / limit);
}

/** Its end, what it adds in a quarter of an hour, and how far the minutes are from it. */
function lineOf(y: Float64Array): [number, number, number] {
  const { slope, end, squares } = leastSquares(y);
  return [end, AHEAD * slope, Math.sqrt(squares / y.length)];
}

/** The straight line through evenly spaced values: its slope a step, where it is at the last one, and the sum of squares left. O(y). */
export function leastSquares(y: Float64Array): { slope: number; end: number; squares: number } {
  const n = y.length;
  const middle = (n - 1) / 2;
  const mean = meanOf(y, 0, n);
  let sxy = 0;
  for (let i = 0; i < n; i++) sxy += (i - middle) * y[i];
  const slope = (12 * sxy) / (n * (n * n - 1));
  let squares = 0;
  for (let i = 0; i < n; i++) squares += (y[i] - mean - slope * (i - middle)) ** 2;
  return { slope, end: mean + slope * middle, squares };
}

/** The median step from minute to minute. */
function jitterOf(y: Float64Array): number {
  const steps = Float64Array.from({ length: y.length - 1 }, (_, i) => Math.abs(y[i + 1] - y[i])).sort();
  return steps[steps.length >> 1];
}

/** Yesterday now, a quarter of an hour on, at its highest until five minutes later, and what now is above it. In means of five minutes: finer is not kept for a day. */
function yesterdayOf(values: Float64Array, now: number): number[] {
  const then = values.length - 1 - DAY_MINUTES;
  if (then < 4) return [Number.NaN, Number.NaN, Number.NaN, Number.NaN];
  const steps = [0, 5, 10, 15, 20].map((minutes) => meanOf(values, then + minutes - 4, then + minutes + 1));
  return [steps[0], (steps[2] + steps[3] + steps[4]) / 3, Math.max(...steps), now - steps[0]];
}

/** Of the minutes from `from` on, and before `to`; NaN where there are none. */
export function meanOf(values: Float64Array, from: number, to: number): number {
  const first = Math.max(0, from);
  let sum = 0;
  for (let i = first; i < to; i++) sum += values[i];
  return to > first ? sum / (to - first) : Number.NaN;
}
