import { withoutGaps } from '../learners/forecast/forecaster.ts';
import { formatDuration, formatValue } from '../model/index.ts';
import { medianOf, theilSen } from '../stats/theil-sen.ts';
import { evenSeries } from './even-series.ts';
import { type LevelChange, levelChanges } from './level-changes.ts';
import { type Period, periodsOf } from './periodicity.ts';
import { isMonotone, polynomialOf } from './trend-shape.ts';

const DAY_MS = 86_400_000;
const MAX_POINTS = 2000;
const MIN_POINTS = 24;
/** Change in per cent a day beyond which a slope is a trend, and a significant one. */
const TREND_PERCENT_PER_DAY = 1;
const SIGNIFICANT_PERCENT_PER_DAY = 5;
/** Spread (beside trend and rhythm) over level beyond which a quantity is volatile; for ratios in points. */
const VOLATILE_SPREAD = 0.3;
const VOLATILE_RATIO_POINTS = 0.1;
/** What a new pattern's confidence is before the ledger knows better. */
export const PATTERN_PRIOR = 0.7;

export interface PatternOptions {
  /** As in FigureMetric: `ratio`, `bytes`, … */
  readonly unit: string;
  readonly timeZone?: string;
  /** As a person reads it: `memory used`. */
  readonly title?: string;
}

export interface PatternAnalysis {
  readonly type: 'stable' | 'trending' | 'volatile';
  /** How clearly, 0..1. */
  readonly strength: number;
  /** By least squares and by Theil–Sen, in the unit a day. */
  readonly trendPerDay: number;
  readonly robustTrendPerDay: number;
  readonly slopeClass: 'none' | 'trend' | 'significant';
  /** Change over the whole range, in per cent of where it began (points for ratios). */
  readonly changePercent: number;
  /** Coefficients of days since the first point, lowest power first; as many as the data bear out, at most four. */
  readonly polynomial: readonly number[];
  readonly periods: readonly { readonly seconds: number; readonly strength: number }[];
  readonly changePoints: readonly LevelChange[];
  readonly explanation: string;
  /** What is worth looking at or doing, one sentence each. */
  readonly insights: readonly string[];
  /** What is missing, where there is too little history. */
  readonly learning: string | null;
}

/**
 * What kind of series this is. Trends are tested against the noise by their blocks (Mann–Kendall), rhythms by whether
 * cycles foretell one another, level changes by PELT on medians of blocks; a staircase is told from a slope by which of
 * them explains more for its number of parameters. Below 5 ms for 2,000 points.
 *
 * Weak on less than four cycles of a rhythm, and where a trend is shorter than the range.
 */
export function analysePattern(times: Float64Array, values: Float64Array, options: PatternOptions): PatternAnalysis {
  const now = times.length > 0 ? times[times.length - 1] : 0;
  const span = times.length > 0 ? now - times[0] : 0;
  const series = evenSeries(times, values, {
    now,
    stepMs: niceStep(span / MAX_POINTS),
    maxSteps: MAX_POINTS + 1,
    horizonMs: 0,
    timeZone: options.timeZone ?? 'UTC',
  });
  if (series.present < MIN_POINTS) return tooShort(series.present, series.stepMs);
  const y = withoutGaps(series.values);
  const stepDays = series.stepMs / DAY_MS;
  const days = Float64Array.from(y, (_, i) => i * stepDays);
  const line = theilSen(days, y);
  const periods = periodsOf(clipped(y.map((value, i) => value - line.intercept - line.slope * days[i])), series.stepMs);
  const smooth = y.map((value, i) => value - periods.reduce((sum, p) => sum + p.profile[i % p.steps], 0));
  const changes = levelChanges(smooth, days, (i) => series.endAt - (y.length - 1 - i) * series.stepMs);
  const trend = theilSen(days, smooth);
  const measure = { ...options, level: Math.abs(medianOf(Float64Array.from(y))) };
  const percentPerDay = inPercent(trend.slope, measure);
  const total = trend.slope * days[days.length - 1];
  const spread = spreadAround(smooth, (i) =>
    changes.isStaircase ? changes.levelAt(i) : trend.intercept + trend.slope * days[i],
  );
  const isTrend =
    !changes.isStaircase &&
    Math.abs(percentPerDay) >= TREND_PERCENT_PER_DAY &&
    Math.abs(total) > 1.5 * spread &&
    isMonotone(smooth);
  const volatility =
    options.unit === 'ratio' ? spread / VOLATILE_RATIO_POINTS : spread / measure.level / VOLATILE_SPREAD;
  const noise = Number.isFinite(volatility) ? volatility : spread > 0 ? 2 : 0;
  const type = isTrend ? 'trending' : noise > 1 ? 'volatile' : 'stable';
  const analysis = {
    type,
    strength: strengthOf(type, noise, Math.abs(total), spread),
    trendPerDay: leastSquaresSlope(days, y),
    robustTrendPerDay: trend.slope,
    slopeClass: !isTrend ? 'none' : Math.abs(percentPerDay) >= SIGNIFICANT_PERCENT_PER_DAY ? 'significant' : 'trend',
    changePercent: isTrend ? inPercent(total, measure) : 0,
    polynomial: polynomialOf(days, smooth),
    periods: periods.map((p) => ({ seconds: (p.steps * series.stepMs) / 1000, strength: p.strength })),
    changePoints: changes.points,
    learning: null,
  } as const;
  return {
    ...analysis,
    explanation: explain(analysis, options, span, spread),
    insights: insightsOf(analysis, options, periods),
  };
}

type Analysed = Omit<PatternAnalysis, 'explanation' | 'insights'>;

function tooShort(present: number, stepMs: number): PatternAnalysis {
  const learning = `Needs ${MIN_POINTS} points of history and has ${present}: known in ${formatDuration((MIN_POINTS - present) * stepMs)}.`;
  return {
    type: 'stable',
    strength: 0,
    trendPerDay: 0,
    robustTrendPerDay: 0,
    slopeClass: 'none',
    changePercent: 0,
    polynomial: [],
    periods: [],
    changePoints: [],
    explanation: learning,
    insights: [],
    learning,
  };
}

/** A step that divides an hour or a day evenly, at or above what is asked. */
function niceStep(ms: number): number {
  for (const seconds of [1, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 10_800, 21_600, 43_200]) {
    if (seconds * 1000 >= ms) return seconds * 1000;
  }
  return Math.ceil(ms / DAY_MS) * DAY_MS;
}

/** Values beyond the outermost half per cent are pulled in: one spike is no rhythm. */
function clipped(values: Float64Array): Float64Array {
  const sorted = Float64Array.from(values).sort();
  const low = sorted[Math.floor(sorted.length * 0.005)];
  const high = sorted[Math.ceil(sorted.length * 0.995) - 1];
  return values.map((value) => Math.max(low, Math.min(high, value)));
}

function spreadAround(values: Float64Array, centre: (i: number) => number): number {
  return 1.4826 * medianOf(values.map((value, i) => Math.abs(value - centre(i))));
}

/** Points for a ratio, per cent of the usual level for everything else. */
function inPercent(amount: number, measure: { unit: string; level: number }): number {
  if (measure.unit === 'ratio') return amount * 100;
  return measure.level > 0 ? (amount / measure.level) * 100 : 0;
}

function leastSquaresSlope(x: Float64Array, y: Float64Array): number {
  let meanX = 0;
  let meanY = 0;
  for (let i = 0; i < x.length; i++) {
    meanX += x[i] / x.length;
    meanY += y[i] / x.length;
  }
  let product = 0;
  let square = 0;
  for (let i = 0; i < x.length; i++) {
    product += (x[i] - meanX) * (y[i] - meanY);
    square += (x[i] - meanX) ** 2;
  }
  return square > 0 ? product / square : 0;
}

function strengthOf(type: PatternAnalysis['type'], noise: number, change: number, spread: number): number {
  if (type === 'trending') return change / (change + spread);
  return type === 'volatile' ? noise / (1 + noise) : 1 - noise / 2;
}

function explain(found: Analysed, options: PatternOptions, span: number, spread: number): string {
  const title = options.title ?? 'the value';
  const subject = title.charAt(0).toUpperCase() + title.slice(1);
  const over = `over the last ${formatDuration(span)}`;
  const parts: string[] = [];
  if (found.type === 'trending') {
    const verb = found.robustTrendPerDay > 0 ? 'grows' : 'falls';
    parts.push(`${subject} ${verb} by ${formatChange(Math.abs(found.robustTrendPerDay), options.unit)} a day ${over}`);
  } else if (found.type === 'volatile') {
    parts.push(`${subject} varies by ±${formatChange(spread, options.unit)} ${over}, without a trend`);
  } else {
    parts.push(`${subject} is steady ${over}, within ±${formatChange(spread, options.unit)}`);
  }
  const first = found.periods[0];
  if (first !== undefined) {
    parts.push(
      `it repeats every ${formatDuration(first.seconds * 1000)} (explains ${Math.round(first.strength * 100)} % of the variation)`,
    );
  }
  const last = found.changePoints[found.changePoints.length - 1];
  if (last !== undefined) {
    parts.push(
      `its level changed from ${formatValue(last.before, options.unit)} to ${formatValue(last.after, options.unit)}`,
    );
  }
  return `${parts.join('; ')}.`;
}

/** A difference of ratios is in points of a per cent. */
function formatChange(amount: number, unit: string): string {
  return unit === 'ratio'
    ? formatValue(amount, unit).replace(' %', ' points of a per cent')
    : formatValue(amount, unit);
}

function insightsOf(found: Analysed, options: PatternOptions, periods: readonly Period[]): string[] {
  const title = options.title ?? 'it';
  const out: string[] = [];
  const change = Math.abs(found.changePercent);
  if (found.type === 'trending' && change > 10) {
    const word = change > 20 ? 'much' : 'noticeably';
    out.push(
      `${title} has changed ${word} (${Math.round(change)} ${options.unit === 'ratio' ? 'points' : '%'}) over this range: look for what changed with it.`,
    );
  }
  if (found.changePoints.length > 0)
    out.push(`Look for a deployment or a change of configuration at the time the level of ${title} changed.`);
  if (periods.length > 0 && found.type !== 'trending') {
    out.push(
      `Place heavy jobs in the quiet part of its rhythm of ${formatDuration((found.periods[0]?.seconds ?? 0) * 1000)}.`,
    );
  }
  if (found.type === 'volatile' && periods.length === 0) {
    out.push(`Alert on a sustained mean of ${title} rather than on single values: it varies widely without a rhythm.`);
  }
  return out;
}
