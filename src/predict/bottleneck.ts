import {
  BOTTLENECK_MINUTES,
  type BottleneckEvidence,
  bottleneckEvidence,
  type BottleneckRequest,
  STAYS,
} from './bottleneck-evidence.ts';
import { type SteadyGrowth, steadyGrowth, Z_90 } from './steady-growth.ts';

/** Where the method that errs least says that it takes longer, the chance is not above one half, whatever speaks for it. */
const LATER_MINUTES = 20;
/** A warning says when; past this it says no more than "not soon". */
const MOST_MINUTES = 60;
const POINTS = [5, 10, BOTTLENECK_MINUTES] as const;

/** What is expected of a figure so many minutes from now: 90 % of the time between. */
export interface BottleneckPoint {
  readonly minutes: number;
  readonly mean: number;
  readonly lower: number;
  readonly upper: number;
}

/** What is foreseen of one figure that has a limit. */
export interface Bottleneck {
  /** That it passes its limit within 15 minutes. */
  readonly probability: number;
  readonly level: number;
  /** Minutes until then, and the range; `to` null: it may never. */
  readonly inMinutes: number;
  readonly from: number;
  readonly to: number | null;
  /** Growth a minute since `sinceMinutes` ago. */
  readonly perMinute: number;
  readonly sinceMinutes: number;
  /** It does not grow yet, but did at this time yesterday. */
  readonly isSeasonal: boolean;
  /** 5, 10 and 15 minutes ahead. */
  readonly points: readonly BottleneckPoint[];
}

/**
 * Whether a figure passes its limit within a quarter of an hour, and when. Each method forecasts from now, and from seven
 * moments of the last two hours; how far its forecast is from the limit counts in what it erred by there, so that a burst,
 * which no method foresaw, weighs little, and a trend that lasts weighs more with every minute. To these come yesterday's
 * rise at this time, whether the figure is higher than in all of the last day, and the shape of the last two hours. Boosted
 * trees, grown on recorded loads under growing numbers of users, make one probability of them (`chanceOf`). Loads fall back more often
 * than they go on; what is used up does not, so that there a steady growth without like in the past may say more (`steadyGrowth`).
 *
 * Null where there is nothing to foresee: too little history, the limit passed already, or less than half of it used. Weak for a jump
 * without precursor, and in the first ten minutes of a ramp. About 1 ms; nothing is kept between calls.
 */
export function foreseeBottleneck(
  request: BottleneckRequest,
  chanceOf: (row: Float64Array) => number,
): Bottleneck | null {
  const evidence = bottleneckEvidence(request);
  if (evidence === null) return null;
  const load = describe(evidence, chanceOf(evidence.row));
  const growth = request.isUsedUp === true ? steadyGrowth(request.values, request.limit) : null;
  if (growth === null || growth.inMinutes > BOTTLENECK_MINUTES || growth.probability <= load.probability) return load;
  return { ...load, ...growth, isSeasonal: false, points: pointsOf(growth, evidence) };
}

function pointsOf({ inMinutes, from, to }: SteadyGrowth, { level, limit }: BottleneckEvidence): BottleneckPoint[] {
  const reached = (minutes: number, at: number): number => level + ((limit - level) * at) / minutes;
  return POINTS.map((at) => ({
    minutes: at,
    mean: reached(inMinutes, at),
    lower: to === null ? level : reached(to, at),
    upper: reached(from, at),
  }));
}

function describe({ recent, level, limit, ahead, errors, rise }: BottleneckEvidence, probability: number): Bottleneck {
  const { sinceMinutes, perMinute } = trendOf(recent);
  // The method that erred least here says when; where none sees growth, yesterday does.
  let best = STAYS + 1;
  for (let k = best; k < ahead.length; k++) if (errors[k] < errors[best]) best = k;
  const trend = Math.max(ahead[best] - level, perMinute * BOTTLENECK_MINUTES);
  const isSeasonal = (rise ?? 0) > trend;
  const gain = (isSeasonal ? (rise ?? 0) : trend) / BOTTLENECK_MINUTES;
  const error = isSeasonal ? errors[STAYS] : errors[best];
  const minutes = (pace: number): number => (pace > 0 ? (limit - level) / pace : Number.POSITIVE_INFINITY);
  const off = (Z_90 * error) / BOTTLENECK_MINUTES;
  const to = minutes(gain - off);
  const inMinutes = Math.max(1, Math.min(MOST_MINUTES, minutes(gain)));
  return {
    probability: inMinutes > LATER_MINUTES ? Math.min(0.5, probability) : probability,
    level,
    inMinutes,
    from: Math.max(1, Math.min(MOST_MINUTES, minutes(gain + off))),
    to: to <= MOST_MINUTES ? to : null,
    perMinute,
    sinceMinutes,
    isSeasonal,
    points: POINTS.map((at) => {
      const mean = level + gain * at;
      const reach = Z_90 * error * Math.sqrt(at / BOTTLENECK_MINUTES);
      return { minutes: at, mean, lower: mean - reach, upper: mean + reach };
    }),
  };
}

/** Where the flat stretch ends and the growth begins that leads up to now, and its pace: the break that leaves the least squares. */
function trendOf(recent: Float64Array): { sinceMinutes: number; perMinute: number } {
  const n = recent.length;
  let best = Number.POSITIVE_INFINITY;
  let found = { sinceMinutes: n - 1, perMinute: 0 };
  for (let start = 0; start <= n - 6; start += 2) {
    // A hinge: level a before `start`, a + b·(i − start) behind it.
    let sx = 0;
    let sxx = 0;
    let sy = 0;
    let sxy = 0;
    let syy = 0;
    for (let i = 0; i < n; i++) {
      const x = Math.max(0, i - start);
      sx += x;
      sxx += x * x;
      sy += recent[i];
      sxy += x * recent[i];
      syy += recent[i] * recent[i];
    }
    const spread = sxx - (sx * sx) / n;
    const slope = (sxy - (sx * sy) / n) / spread;
    const left = syy - (sy * sy) / n - slope * slope * spread;
    if (left >= best) continue;
    best = left;
    found = { sinceMinutes: n - 1 - start, perMinute: slope };
  }
  return found;
}
