import { backtest, type Backtest, backtestError, rollingOrigins } from '../evaluation/index.ts';
import { type Forecast, type ForecastPoint, formatDuration } from '../model/index.ts';
import { withoutGaps } from '../learners/forecast/forecaster.ts';
import { conformalWidths, type IntervalWidths } from '../learners/forecast/conformal.ts';
import { type EvenSeries, evenSeries } from './even-series.ts';
import { exhaustion } from './exhaustion.ts';
import { type Candidate, candidatesFor, seasonsOf } from './forecast-candidates.ts';
import { historyForHorizon, stepForHorizon } from './horizons.ts';

/** Folds for choosing a model, and for the widths of its intervals. */
const SELECTION_FOLDS = 8;
const CALIBRATION_FOLDS = 24;
/** Folds that overlap know as much of the spread as half as many more that do not (Lo and MacKinlay 1989). */
const OVERLAP_GAIN = 1.5;
const ENSEMBLE_SIZE = 3;
/** What a less simple model has to be better by. */
const PARSIMONY = 0.95;
const MIN_STEPS = 20;

export interface ForecastRequest {
  /** ms UTC, ascending; a rollup stands at its end. */
  readonly times: Float64Array;
  /** NaN is missing. Counters come as rates. */
  readonly values: Float64Array;
  readonly horizonMs: number;
  readonly now: number;
  /** What the quantity cannot leave; null is open. */
  readonly bounds: { readonly lower: number | null; readonly upper: number | null };
  /** The value at which the resource is exhausted. */
  readonly limit?: number | null;
  readonly timeZone: string;
  /** Coverage that the intervals are to have; 0.9 by default. */
  readonly level?: number;
}

/** A forecast without what only the caller knows. `baseline` is what "nothing changes" says. */
export type SeriesForecast = Omit<Forecast, 'entityId' | 'component' | 'unit' | 'confidence'> & {
  readonly baseline: number | null;
};

/**
 * Forecasts one series to a horizon in steps of `stepForHorizon`: the model that was best in a rolling backtest on the
 * series itself (or the mean of the best three), intervals from its residuals there, both kept within the bounds.
 * With too little history the answer has no points and `learning` says what is missing and when it will be there.
 *
 * Weak after a change of habits younger than the history, and for what has never happened: a backtest knows only the past.
 * At most about 2,000 steps are read; below 100 ms.
 */
export function forecastSeries(request: ForecastRequest): SeriesForecast {
  const { horizonMs, now } = request;
  const level = request.level ?? 0.9;
  const nominalStep = stepForHorizon(horizonMs);
  const series = evenSeries(request.times, request.values, {
    now,
    stepMs: nominalStep,
    maxSteps: historyForHorizon(horizonMs) / nominalStep,
    horizonMs,
    timeZone: request.timeZone,
  });
  const limit = request.limit ?? null;
  const common = {
    madeAt: now,
    stepMs: series.stepMs,
    level,
    exhaustion: limit === null ? null : exhaustion({ ...request, limit, level }),
    baseline: series.present > 0 ? series.values[series.values.length - 1] : null,
  };
  const steps = Math.max(1, Math.round(horizonMs / series.stepMs));
  const learning = whatIsMissing(series, steps);
  if (learning !== null) {
    return { ...common, model: 'none', points: [], explanation: learning, backtest: null, learning };
  }
  const choice = choose(series, steps);
  const points = pointsOf(choice, series, steps, request);
  return {
    ...common,
    model: choice.name,
    points,
    explanation: explain(choice, series),
    backtest: { error: choice.error, naiveError: choice.naiveError, folds: choice.calibration.origins.length },
    learning: null,
  };
}

interface Choice {
  readonly name: string;
  readonly members: readonly Candidate[];
  readonly error: number;
  readonly naiveError: number;
  readonly calibration: Backtest;
  readonly independentFolds: number;
}

/** What keeps the series from being forecast yet, with the time it will take; null for nothing. */
function whatIsMissing(series: EvenSeries, steps: number): string | null {
  const needed = Math.max(MIN_STEPS, Math.ceil(steps / 2));
  if (series.present === 0) return `Needs ${formatDuration(needed * series.stepMs)} of history and has none.`;
  if (series.silentSteps > Math.max(steps, 5)) {
    return `The last sample is ${formatDuration(series.silentSteps * series.stepMs)} old: a forecast needs newer ones.`;
  }
  if (series.present >= needed) return null;
  const missing = (needed - series.present) * series.stepMs;
  return `Needs ${formatDuration(needed * series.stepMs)} of history for this horizon and has ${formatDuration(series.present * series.stepMs)}: the first forecast comes in ${formatDuration(missing)}.`;
}

/** The candidate with the smallest backtest error, simpler ones first, or the mean of the best three. */
function choose(series: EvenSeries, steps: number): Choice {
  // Gaps are filled once; what was missing is not judged.
  const seasons = seasonsOf(series.stepMs, series.values.length);
  const longest = seasons[seasons.length - 1] ?? 1;
  const filled = withoutGaps(series.values, longest);
  const n = filled.length;
  const judged = Math.max(1, Math.min(steps, Math.floor(n / 3)));
  const minTraining = Math.min(n - judged, Math.max(10, Math.min(Math.floor(n / 2), Math.ceil(2.5 * longest))));
  const run = (candidate: Candidate, folds: number): Backtest => {
    const result = backtest(filled, rollingOrigins(n, judged, folds, minTraining), judged, (past, k) =>
      candidate.create().fit(past).forecast(k),
    );
    return withoutGapResiduals(result, series.values);
  };
  const tried = candidatesFor(seasons, n).map((candidate) => {
    const result = run(candidate, SELECTION_FOLDS);
    return { candidate, result, error: backtestError(result) };
  });
  const naiveError = tried[0].error;
  let best = tried[0];
  for (const one of tried) if (one.error < best.error * PARSIMONY) best = one;
  const top = [...tried].sort((x, y) => x.error - y.error).slice(0, ENSEMBLE_SIZE);
  const mean = meanOf(top.map((one) => one.result));
  const isEnsemble = top.length === ENSEMBLE_SIZE && backtestError(mean) < best.error * PARSIMONY;
  const members = isEnsemble ? top.map((one) => one.candidate) : [best.candidate];
  const calibration = meanOf(members.map((member) => run(member, CALIBRATION_FOLDS)));
  const span = n - minTraining;
  return {
    name: isEnsemble ? 'ensemble' : best.candidate.name,
    members,
    error: backtestError(calibration),
    naiveError:
      members[0] === tried[0].candidate
        ? backtestError(calibration)
        : backtestError(run(tried[0].candidate, CALIBRATION_FOLDS)) || naiveError,
    calibration,
    independentFolds: Math.max(1, Math.min(calibration.origins.length, (OVERLAP_GAIN * span) / judged)),
  };
}

function withoutGapResiduals(result: Backtest, actual: Float64Array): Backtest {
  for (let i = 0; i < result.residuals.length; i++) {
    const at = result.origins[Math.floor(i / result.steps)] + (i % result.steps);
    if (!Number.isFinite(actual[at])) result.residuals[i] = Number.NaN;
  }
  return result;
}

/** The residuals of the mean of forecasts are the mean of their residuals. */
function meanOf(results: readonly Backtest[]): Backtest {
  const first = results[0];
  if (results.length === 1) return first;
  return {
    ...first,
    residuals: first.residuals.map((_, i) => results.reduce((sum, one) => sum + one.residuals[i], 0) / results.length),
  };
}

function pointsOf(choice: Choice, series: EvenSeries, steps: number, request: ForecastRequest): ForecastPoint[] {
  // One hour more, for the night on which civil time runs ahead; and what was silent lies before now.
  const ahead = steps + series.silentSteps + Math.ceil(3_600_000 / series.stepMs) + 1;
  const mean = new Float64Array(ahead);
  for (const member of choice.members) {
    const forecast = member.create().fit(series.values).forecast(ahead);
    for (let k = 0; k < ahead; k++) mean[k] += forecast[k] / choice.members.length;
  }
  const level = request.level ?? 0.9;
  const widths: IntervalWidths = conformalWidths(choice.calibration, level, ahead, choice.independentFolds);
  const low = request.bounds.lower ?? -Infinity;
  const high = request.bounds.upper ?? Infinity;
  const within = (value: number) => Math.max(low, Math.min(high, value));
  // What the last digit of a reading is worth: a series that never moved is not known better than that.
  const range = high - low;
  const points: ForecastPoint[] = [];
  for (let k = 1; k <= steps; k++) {
    const at = request.now + k * series.stepMs;
    const i = Math.max(0, Math.min(ahead - 1, series.stepOf(at) - 1));
    const floor = 0.005 * (Number.isFinite(range) ? range : Math.abs(mean[i]));
    points.push({
      at,
      mean: within(mean[i]),
      lower: within(mean[i] - Math.max(floor, widths.below[i])),
      upper: within(mean[i] + Math.max(floor, widths.above[i])),
    });
  }
  return points;
}

const WORDS: Readonly<Record<string, string>> = {
  naive: 'Stays as it is now',
  'seasonal-naive': 'Repeats what it did at this time',
  'seasonal-mean': 'Follows what it usually did at this time',
  mean: 'Returns to its mean',
  'exponential-smoothing': 'Follows its recent level',
  'multi-seasonal-smoothing': 'Follows its recent level and its rhythms',
  'lag-regression': 'Follows its last values and those of one and two rhythms ago',
  analogues: 'Goes on as it did after the most similar stretches of its past',
  theta: 'Follows its recent level and half of its trend',
  'linear-trend': 'Goes on along a straight line',
  'robust-trend': 'Goes on growing or falling at its median pace',
  ensemble: 'The mean of the three methods that did best',
};

function explain(choice: Choice, series: EvenSeries): string {
  const season = Math.max(...choice.members.map((member) => member.season)) * series.stepMs;
  const rhythm =
    season >= 168 * 3_600_000
      ? ', with its weekly rhythm'
      : season >= 24 * 3_600_000
        ? ', with its daily rhythm'
        : season >= 3_600_000
          ? ', with its hourly rhythm'
          : '';
  const gain = Math.round((1 - choice.error / choice.naiveError) * 100);
  const folds = choice.calibration.origins.length;
  const against =
    choice.name === 'naive' || !Number.isFinite(gain)
      ? `in ${folds} trials on its past nothing did better`
      : `in ${folds} trials on its past the error was ${Math.abs(gain)} % ${gain >= 0 ? 'smaller' : 'larger'} than that of "nothing changes"`;
  return `${WORDS[choice.name] ?? choice.name}${rhythm}: ${against}.`;
}
