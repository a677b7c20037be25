import { LagRegression } from '../learners/forecast/lag-regression.ts';
import { RobustTrend } from '../learners/forecast/robust-trend.ts';
import { meanOf, shapeFigures } from './bottleneck-shape.ts';

/** Minutes that are foreseen, and that are asked of the past. */
export const BOTTLENECK_MINUTES = 15;
export const BOTTLENECK_HISTORY = 120;
const DAY_MINUTES = 1440;
/** With less nobody knows what the figure usually does. */
const LEAST_MINUTES = 60;
/** Below this share of its limit a figure is not looked at: it would have to double within a quarter of an hour. */
export const LOOKED_AT_FROM = 0.5;
/** Minutes that the present level is the mean of: less is chance. */
const LEVEL = 4;
/** How often, and how far apart, each method is tried on the last two hours. */
const TRIALS = 7;
const TRIAL_EVERY = 5;
/** What is never worth telling apart, as a share of the limit. */
const FLOOR = 0.005;

export interface BottleneckRequest {
  /** A mean a minute, the last one ends now; NaN is missing. A day of them where there are; two hours do. */
  readonly values: Float64Array;
  readonly limit: number;
  /** Something that is used up: memory, disk, connections, files. A growth without like in its past is believed then. */
  readonly isUsedUp?: boolean;
}

/** Two lines through 12 and 30 minutes, a regression on lags, and "it stays": the best of the methods tried on recorded loads (docs/internals/predictions.md). */
const METHODS: readonly ((past: Float64Array) => number)[] = [
  (past) => meanOf(past, past.length - LEVEL, past.length),
  (past) => lineAhead(past, 12),
  (past) => lineAhead(past, 30),
  (past) => new LagRegression().fit(past).forecast(BOTTLENECK_MINUTES)[BOTTLENECK_MINUTES - 1],
];
export const STAYS = 0;

/** What speaks for and against, before it is weighed. */
export interface BottleneckEvidence {
  readonly recent: Float64Array;
  readonly level: number;
  readonly limit: number;
  /** What each method says of 15 minutes from now, and what it erred by on the last two hours. */
  readonly ahead: readonly number[];
  readonly errors: readonly number[];
  /** Yesterday's rise at this time; null where nobody knows. */
  readonly rise: number | null;
  /** One row of what the trees were grown on; NaN where nobody knows. */
  readonly row: Float64Array;
}

/** What the trees are grown on; null where there is nothing to foresee. */
export function bottleneckEvidence({ values, limit }: BottleneckRequest): BottleneckEvidence | null {
  const recent = withoutShortGaps(values.subarray(Math.max(0, values.length - BOTTLENECK_HISTORY)));
  if (recent === null || recent.length < LEAST_MINUTES || !(limit > 0)) return null;
  const n = recent.length;
  const level = meanOf(recent, n - LEVEL, n);
  if (!(level < limit && level >= LOOKED_AT_FROM * limit) || recent[n - 1] >= limit) return null;
  const ahead = METHODS.map((method) => method(recent));
  const errors = trialErrors(recent, FLOOR * limit);
  const { rise, above, spread } = dayOf(values, level, limit);
  const row = Float64Array.of(
    ...ahead.map((value, k) => clipped((value - limit) / errors[k], 6)),
    clipped((level + (rise ?? 0) - limit) / errors[STAYS], 6),
    straightness(recent.subarray(n - 30)),
    (limit - level) / limit,
    clipped((ahead[ahead.length - 1] - level) / Math.max(limit - level, 0.02 * limit), 3),
    above,
    spread,
    ...ahead.map((value) => value / limit),
    ...errors.map((error) => error / limit),
    ...shapeFigures(recent, values, limit),
  );
  return { recent, level, limit, ahead, errors, rise, row };
}

/** Root mean square of what each method would have erred by from moments of the last two hours. */
function trialErrors(recent: Float64Array, floor: number): number[] {
  const n = recent.length;
  const squares = METHODS.map(() => 0);
  let trials = 0;
  for (let j = 0; j < TRIALS; j++) {
    const at = n - BOTTLENECK_MINUTES - TRIAL_EVERY * j;
    if (at < 30) break;
    trials++;
    const came = meanOf(recent, at + BOTTLENECK_MINUTES - 3, at + BOTTLENECK_MINUTES);
    for (const [k, method] of METHODS.entries()) squares[k] += (method(recent.subarray(0, at)) - came) ** 2;
  }
  return squares.map((sum) => Math.sqrt(sum / trials) + floor);
}

/** What the day before tells: the rise at this time, how much higher than ever the level is, and how large the gap is beside usual changes. */
function dayOf(
  values: Float64Array,
  level: number,
  limit: number,
): { rise: number | null; above: number; spread: number } {
  const n = values.length;
  const from = Math.max(0, n - DAY_MINUTES);
  let highest = Number.NEGATIVE_INFINITY;
  let squares = 0;
  let seen = 0;
  // The last hour is what is judged, not what it is judged by.
  for (let i = from + 4; i < n - 60; i += 5) {
    const now = meanOf(values, i - 4, i + 1);
    if (now > highest) highest = now;
    const change = i >= from + 20 ? now - meanOf(values, i - 19, i - 14) : Number.NaN;
    if (change !== change) continue;
    squares += change * change;
    seen++;
  }
  const usual = seen > 0 ? Math.sqrt(squares / seen) : 0;
  const above = highest > Number.NEGATIVE_INFINITY ? clipped((level - highest) / limit, 1) : 0;
  const gap = Math.max(limit - level, 0.02 * limit);
  const spread = seen > 0 ? Math.max(-2, Math.min(3, Math.log(gap / (usual + FLOOR * limit)))) : 0;
  // The minute that now was yesterday is the one before the first of the last day.
  const then = n - 1 - DAY_MINUTES;
  const rise = then >= 4 ? meanOf(values, then + 12, then + 17) - meanOf(values, then - 4, then + 1) : Number.NaN;
  return { rise: rise === rise ? rise : null, above, spread };
}

/** Signed share of the variance that a straight line explains. */
function straightness(y: Float64Array): number {
  const n = y.length;
  const mean = meanOf(y, 0, n);
  let sxy = 0;
  let sxx = 0;
  let syy = 0;
  for (let i = 0; i < n; i++) {
    const x = i - (n - 1) / 2;
    sxy += x * (y[i] - mean);
    sxx += x * x;
    syy += (y[i] - mean) ** 2;
  }
  return syy > 0 ? (Math.sign(sxy) * sxy * sxy) / (sxx * syy) : 0;
}

function lineAhead(past: Float64Array, window: number): number {
  const part = past.subarray(Math.max(0, past.length - window));
  return new RobustTrend({ window }).fit(part).forecast(BOTTLENECK_MINUTES)[BOTTLENECK_MINUTES - 1];
}

/** Lone missing minutes take the value before them; null where more is missing or the end is. */
function withoutShortGaps(values: Float64Array): Float64Array | null {
  const out = values.slice();
  let first = 0;
  while (first < out.length && !Number.isFinite(out[first])) first++;
  for (let i = first + 1; i < out.length; i++) {
    if (Number.isFinite(out[i])) continue;
    // A silence: what stands behind it begins anew.
    if (i - lastKnown(values, i) > 3) {
      first = i + 1;
      while (first < out.length && !Number.isFinite(out[first])) first++;
      i = first;
    } else out[i] = out[i - 1];
  }
  return first >= out.length || !Number.isFinite(values[values.length - 1]) ? null : out.subarray(first);
}

function lastKnown(values: Float64Array, before: number): number {
  let i = before - 1;
  while (i >= 0 && !Number.isFinite(values[i])) i--;
  return i;
}

function clipped(value: number, most: number): number {
  return Math.max(-most, Math.min(most, value));
}
