import { leastSquaresLine } from '../../stats/least-squares.ts';
import { nelderMead } from '../../stats/nelder-mead.ts';
import { ModelReader, ModelWriter } from '../model-bytes.ts';
import { requireFitted, requireInteger } from '../requirements.ts';
import { type EtsFit, etsFilter, type EtsForm, etsForecast, type EtsGains, type EtsState } from './ets-filter.ts';
import { type Forecaster, prepared, rescaled } from './forecaster.ts';
import { seasonalProfile } from './seasonal-profile.ts';

const KIND = 'automatic-smoothing';
const TRENDS = ['none', 'additive', 'damped'] as const;
const SEASONS = ['none', 'additive', 'multiplicative'] as const;
const EVALUATIONS_A_GAIN = 28;

/** A model that was tried: its form, whether its errors are relative, and Akaike's criterion corrected for few values. */
export interface SmoothingChoice extends EtsForm {
  readonly error: 'additive' | 'relative';
  readonly aicc: number;
}

/**
 * Exponential smoothing with error, trend and season chosen by the corrected information criterion (Hyndman et al. 2002,
 * 2008): no trend, a line or a damped line; no season, an additive or a multiplicative one; additive or relative errors (the
 * last two for positive series). Gains by the downhill simplex; first states by decomposition of the first seasons.
 * Weak where two seasons overlap and on long seasons with little data. O(n) an evaluation, 250 to 900 evaluations.
 */
export class AutomaticSmoothing implements Forecaster {
  readonly season: number;
  #form: EtsForm = { trend: 'none', season: 'none' };
  #error: SmoothingChoice['error'] = 'additive';
  #aicc = Number.NaN;
  #phi = 1;
  #state: EtsState = { level: Number.NaN, trend: 0, seasons: new Float64Array(1) };
  #length = 0;
  #scale = 1;

  constructor(parameters: { readonly season?: number } = {}) {
    this.season = requireInteger('season', parameters.season ?? 1, 1, 1_000_000);
  }

  /** What was chosen. */
  get choice(): SmoothingChoice {
    return { ...this.#form, error: this.#error, aicc: this.#aicc };
  }

  fit(values: Float64Array): this {
    const { y, scale } = prepared(values, this.season);
    const n = y.length;
    const season = this.season > 1 && n >= 2 * this.season ? this.season : 1;
    let isPositive = true;
    for (let i = 0; i < n; i++) if (!(y[i] > 0)) isPositive = false;
    this.#length = n;
    this.#scale = scale;
    this.#aicc = Infinity;
    this.#state = { level: y[n - 1], trend: 0, seasons: new Float64Array(1) };
    this.#form = { trend: 'none', season: 'none' };
    this.#error = 'additive';
    this.#phi = 1;
    for (const seasonal of SEASONS) {
      if ((seasonal === 'none') === season > 1 && n < 3 * season) continue;
      if (seasonal !== 'none' && season === 1) continue;
      if (seasonal === 'multiplicative' && !isPositive) continue;
      const start = startOf(y, season, seasonal);
      for (const trend of TRENDS)
        if (trend === 'none' || n >= 10) this.#try(y, { trend, season: seasonal }, start, isPositive);
    }
    return this;
  }

  #try(y: Float64Array, form: EtsForm, start: EtsState, isPositive: boolean): void {
    const n = y.length;
    const error = isPositive && form.season === 'multiplicative' ? 'relative' : 'additive';
    const gainsOf = (point: Float64Array): EtsGains => {
      const alpha = bounded(point[0]);
      let next = 1;
      const gamma = form.season === 'none' ? 0 : bounded(point[next++]) * (1 - alpha);
      const beta = form.trend === 'none' ? 0 : alpha * bounded(point[next++]);
      const phi = form.trend === 'damped' ? 0.8 + 0.18 * bounded(point[next]) : 1;
      return { alpha, beta, gamma, phi };
    };
    const seasons = new Float64Array(start.seasons.length);
    const run = (gains: EtsGains): { state: EtsState; fit: EtsFit } => {
      seasons.set(start.seasons);
      const state: EtsState = { level: start.level, trend: form.trend === 'none' ? 0 : start.trend, seasons };
      return { fit: etsFilter(y, form, gains, state), state };
    };
    const dimensions =
      1 + (form.season === 'none' ? 0 : 1) + (form.trend === 'none' ? 0 : 1) + (form.trend === 'damped' ? 1 : 0);
    const point = new Float64Array(dimensions).fill(-1.5);
    if (form.trend !== 'none') point[form.season === 'none' ? 1 : 2] = -3;
    if (form.trend === 'damped') point[dimensions - 1] = 1.5;
    const best = nelderMead((at) => run(gainsOf(at)).fit[error], point, 1.5, EVALUATIONS_A_GAIN * (dimensions + 1), 5);
    const gains = gainsOf(best.point);
    const { fit, state } = run(gains);
    const k =
      dimensions + 2 + (form.trend === 'none' ? 0 : 1) + (form.season === 'none' ? 0 : start.seasons.length - 1);
    const correction = n - k - 1 > 0 ? 2 * k + (2 * k * (k + 1)) / (n - k - 1) : Infinity;
    for (const kind of isPositive ? (['additive', 'relative'] as const) : (['additive'] as const)) {
      const aicc = fit[kind] + correction;
      if (!(aicc < this.#aicc)) continue;
      this.#aicc = aicc;
      this.#error = kind;
      this.#form = form;
      this.#phi = gains.phi;
      this.#state = { ...state, seasons: Float64Array.from(state.seasons) };
    }
  }

  forecast(steps: number): Float64Array {
    requireFitted(this.#state.level === this.#state.level, KIND);
    return rescaled(etsForecast(this.#form, this.#phi, this.#state, this.#length, steps), this.#scale);
  }

  toBytes(): Uint8Array {
    return new ModelWriter(KIND, 1)
      .number(this.season)
      .number(TRENDS.indexOf(this.#form.trend))
      .number(SEASONS.indexOf(this.#form.season))
      .number(this.#error === 'relative' ? 1 : 0)
      .number(this.#aicc)
      .number(this.#phi)
      .number(this.#state.level)
      .number(this.#state.trend)
      .float64s(this.#state.seasons)
      .number(this.#length)
      .number(this.#scale)
      .finish();
  }

  static fromBytes(bytes: Uint8Array): AutomaticSmoothing {
    const reader = new ModelReader(bytes, KIND, 1);
    const model = new AutomaticSmoothing({ season: reader.number() });
    model.#form = { trend: TRENDS[reader.number()], season: SEASONS[reader.number()] };
    model.#error = reader.number() === 1 ? 'relative' : 'additive';
    model.#aicc = reader.number();
    model.#phi = reader.number();
    model.#state = { level: reader.number(), trend: reader.number(), seasons: reader.float64s() };
    model.#length = reader.number();
    model.#scale = reader.number();
    return model;
  }
}

/** Within (0, 1), both ends left out: a gain of 0 has no way back. */
function bounded(x: number): number {
  return 0.0001 + 0.9998 / (1 + Math.exp(-x));
}

/** Level, trend and season of the first few seasons. */
function startOf(y: Float64Array, season: number, form: EtsForm['season']): EtsState {
  const n = y.length;
  const head = y.subarray(0, Math.min(n, Math.max(10, 4 * season)));
  const seasons = form === 'none' ? new Float64Array(1) : seasonalProfile(head, season);
  if (form === 'multiplicative') {
    let mean = 0;
    for (let i = 0; i < head.length; i++) mean += head[i] / head.length;
    for (let k = 0; k < seasons.length; k++) seasons[k] = Math.max(0.01, 1 + seasons[k] / mean);
  }
  const width = Math.min(n, Math.max(10, season));
  const adjusted = new Float64Array(width);
  for (let i = 0; i < width; i++) {
    const s = seasons[i % seasons.length];
    adjusted[i] = form === 'multiplicative' ? y[i] / s : y[i] - s;
  }
  const { mean, slope } = leastSquaresLine(adjusted);
  return { level: mean - (slope * (width + 1)) / 2, trend: slope, seasons };
}
