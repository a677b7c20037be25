import { backtest, type Backtest, rollingOrigins } from '../../evaluation/index.ts';
import { ModelReader, ModelWriter } from '../model-bytes.ts';
import { requireFitted, requireInteger, requireNumber } from '../requirements.ts';
import { type ForecastCandidate, forecastCandidates, loadCandidate } from './candidates.ts';
import { conformalWidths, type IntervalWidths } from './conformal.ts';
import { type Forecaster, prepared, rescaled } from './forecaster.ts';

const KIND = 'automatic-forecast';
/** Origins of the backtest: as many as the budget allows within these. */
const MOST_FOLDS = 8;
const FEWEST_FOLDS = 5;
/** A model this much worse than the best one in the backtest takes no part. */
const WORST = 1.5;
/** Overlapping folds know as much of the spread as half as many more that do not overlap (Lo and MacKinlay 1989). */
const OVERLAP_GAIN = 1.5;

export interface AutomaticForecastParameters {
  readonly season?: number;
  /** A season that holds whole ones of the first, as a week holds days; 1 for none. */
  readonly longSeason?: number;
  /** Steps ahead that the models are judged on. */
  readonly horizon?: number;
  /** Nominal milliseconds of one core for `fit`. Models and folds are left out until the estimate keeps it, so the answer is the same on every machine. */
  readonly budgetMs?: number;
}

interface Member {
  readonly name: string;
  readonly model: Forecaster;
}

/**
 * Chooses by itself: every model that the history is long enough for and the budget allows forecasts from several
 * origins inside the history; those whose error there is within 1.5 times the best are fitted again to everything, and
 * their median is the forecast: one that runs away does no harm. Intervals come from what the median erred by in the same
 * backtest (split conformal prediction).
 * Works for one series alone; nothing is learnt across series. Forecasts of a series that never was below 0 stay at or
 * above 0.
 * Weak after a change that the history has no like of. O(models · folds · n).
 */
export class AutomaticForecast implements Forecaster {
  readonly season: number;
  readonly longSeason: number;
  readonly horizon: number;
  readonly budgetMs: number;
  #members: readonly Member[] = [];
  #floor = -Infinity;
  #scale = 1;
  #backtest: Backtest = { steps: 0, origins: new Int32Array(0), residuals: new Float64Array(0) };
  #independent = 1;
  #spread = 0;

  constructor(parameters: AutomaticForecastParameters = {}) {
    this.season = requireInteger('season', parameters.season ?? 1, 1, 1_000_000);
    this.longSeason = requireInteger('longSeason', parameters.longSeason ?? 1, 1, 1_000_000);
    this.horizon = requireInteger('horizon', parameters.horizon ?? 24, 1, 100_000);
    this.budgetMs = requireNumber('budgetMs', parameters.budgetMs ?? 100, 0.1, 1e9);
  }

  /** Who takes part. */
  get members(): readonly string[] {
    return this.#members.map(({ name }) => name);
  }

  fit(values: Float64Array): this {
    const { y, scale } = prepared(values, this.season, this.longSeason);
    const n = y.length;
    this.#scale = scale;
    this.#floor = Infinity;
    for (let i = 0; i < n; i++) this.#floor = Math.min(this.#floor, y[i]);
    this.#floor = this.#floor >= 0 ? 0 : -Infinity;
    this.#spread = stepSpread(y);
    const candidates = forecastCandidates(y, this.season, this.longSeason, this.horizon);
    const { kept, folds } = withinBudget(candidates, n, this.budgetMs);
    const judged = Math.max(1, Math.min(this.horizon, Math.floor(n / 4)));
    const origins = this.#origins(n, judged, folds);
    if (origins.length === 0) {
      const only = kept[kept.length - 1];
      this.#members = [{ name: only.name, model: only.create().fit(y) }];
      this.#backtest = { steps: 0, origins, residuals: new Float64Array(0) };
      this.#independent = 1;
      return this;
    }
    const tried = kept.map((candidate) => {
      const result = backtest(y, origins, judged, (past, steps) => candidate.create().fit(past).forecast(steps));
      for (let i = 0; i < result.residuals.length; i++) {
        const at = origins[Math.floor(i / judged)] + (i % judged);
        if (!Number.isFinite(values[at])) result.residuals[i] = Number.NaN;
      }
      return { candidate, result, error: errorOf(result) };
    });
    this.#take(y, tried);
    this.#independent = Math.max(1, Math.min(origins.length, (OVERLAP_GAIN * (n - origins[0])) / judged));
    return this;
  }

  /** Origins at whole seasons before the end, so that each stands where the forecast will; else evenly spread. */
  #origins(n: number, judged: number, folds: number): Int32Array {
    const season = this.season;
    const least = Math.max(4, Math.min(n - judged, Math.max(n >> 1, Math.ceil(2.5 * season))));
    const last = n - judged;
    if (season > 1 && last - least >= season) {
      const stride = season * Math.max(1, Math.floor(judged / season / 2));
      const count = Math.min(folds, 1 + Math.floor((last - least) / stride));
      return Int32Array.from({ length: count }, (_, k) => last - (count - 1 - k) * stride);
    }
    return rollingOrigins(n, judged, Math.min(folds, Math.max(1, last - least + 1)), least);
  }

  /** Keeps the good ones. */
  #take(
    y: Float64Array,
    tried: readonly { readonly candidate: ForecastCandidate; readonly result: Backtest; readonly error: number }[],
  ): void {
    let best = Infinity;
    for (const one of tried) if (one.error < best) best = one.error;
    const good = tried.filter((one) => one.error <= best * WORST || best === Infinity);
    this.#members = good.map(({ candidate }) => ({ name: candidate.name, model: candidate.create().fit(y) }));
    // The residual of the median is the median of the residuals.
    const residuals = medians(good.map((one) => one.result.residuals));
    this.#backtest = { ...tried[0].result, residuals };
  }

  forecast(steps: number): Float64Array {
    requireFitted(this.#members.length > 0, KIND);
    const out = medians(this.#members.map(({ model }) => model.forecast(steps)));
    for (let k = 0; k < steps; k++) if (!(out[k] > this.#floor)) out[k] = this.#floor;
    return rescaled(out, this.#scale);
  }

  /** The range that holds each step with probability `level`. */
  interval(steps: number, level: number): { readonly lower: Float64Array; readonly upper: Float64Array } {
    const mean = this.forecast(steps);
    const widths = this.#widths(steps, requireNumber('level', level, 0.01, 0.999));
    const floor = this.#floor * this.#scale;
    return {
      lower: mean.map((value, k) => Math.max(floor, value - widths.below[k] * this.#scale)),
      upper: mean.map((value, k) => value + widths.above[k] * this.#scale),
    };
  }

  #widths(steps: number, level: number): IntervalWidths {
    if (this.#backtest.origins.length > 0) return conformalWidths(this.#backtest, level, steps, this.#independent);
    // Never tried: as a random walk of the steps that were seen.
    const reach = Float64Array.from({ length: steps }, (_, k) => 3 * this.#spread * Math.sqrt(k + 1));
    return { below: reach, above: reach };
  }

  toBytes(): Uint8Array {
    const writer = new ModelWriter(KIND, 1)
      .number(this.season)
      .number(this.longSeason)
      .number(this.horizon)
      .number(this.budgetMs)
      .number(this.#floor)
      .number(this.#scale)
      .number(this.#independent)
      .number(this.#spread)
      .number(this.#backtest.steps)
      .int32s(this.#backtest.origins)
      .float64s(this.#backtest.residuals)
      .number(this.#members.length);
    for (const { name, model } of this.#members) writer.text(name).bytes(model.toBytes());
    return writer.finish();
  }

  static fromBytes(bytes: Uint8Array): AutomaticForecast {
    const reader = new ModelReader(bytes, KIND, 1);
    const auto = new AutomaticForecast({
      season: reader.number(),
      longSeason: reader.number(),
      horizon: reader.number(),
      budgetMs: reader.number(),
    });
    auto.#floor = reader.number();
    auto.#scale = reader.number();
    auto.#independent = reader.number();
    auto.#spread = reader.number();
    auto.#backtest = { steps: reader.number(), origins: reader.int32s(), residuals: reader.float64s() };
    auto.#members = Array.from({ length: reader.count(16) }, () => {
      const name = reader.text();
      return { name, model: loadCandidate(name, reader.bytes()) };
    });
    return auto;
  }
}

/** Leaves out the dearest models first, then folds, until the estimate fits; the simplest always stays. */
function withinBudget(
  candidates: readonly ForecastCandidate[],
  n: number,
  budgetMs: number,
): { kept: readonly ForecastCandidate[]; folds: number } {
  const costMs = (list: readonly ForecastCandidate[], folds: number): number =>
    list.reduce((sum, one) => sum + one.nsAValue, 0) * n * (folds * 0.8 + 1) * 1e-6;
  let kept = [...candidates];
  for (;;) {
    for (let folds = MOST_FOLDS; folds >= FEWEST_FOLDS; folds--) {
      if (costMs(kept, folds) <= budgetMs || kept.length === 1) return { kept, folds };
    }
    const dearest = kept.reduce((a, b) => (b.nsAValue > a.nsAValue ? b : a));
    kept = kept.filter((one) => one !== dearest);
  }
}

/** The median of several rows, position by position; NaN where one of them is. By insertion: there are at most some twenty. */
function medians(rows: readonly Float64Array[]): Float64Array {
  const n = rows.length;
  const column = new Float64Array(n);
  const out = new Float64Array(rows[0].length);
  for (let i = 0; i < out.length; i++) {
    let isKnown = true;
    for (let m = 0; m < n; m++) {
      const value = rows[m][i];
      if (value !== value) isKnown = false;
      let at = m;
      for (; at > 0 && column[at - 1] > value; at--) column[at] = column[at - 1];
      column[at] = value;
    }
    const upper = column[n >> 1];
    out[i] = isKnown ? (n % 2 === 1 ? upper : column[(n >> 1) - 1] / 2 + upper / 2) : Number.NaN;
  }
  return out;
}

/** Mean absolute residual; Infinity where there is none. */
function errorOf(result: Backtest): number {
  let sum = 0;
  let n = 0;
  for (const residual of result.residuals) {
    if (residual !== residual) continue;
    sum += Math.abs(residual);
    n++;
  }
  return n > 0 && sum < Infinity ? sum / n : Infinity;
}

function stepSpread(y: Float64Array): number {
  let sum = 0;
  for (let i = 1; i < y.length; i++) sum += Math.abs(y[i] - y[i - 1]);
  return y.length > 1 ? sum / (y.length - 1) : Math.abs(y[0]);
}
