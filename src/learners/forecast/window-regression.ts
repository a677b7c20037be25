import { cholesky, choleskySolve } from '../../stats/cholesky.ts';
import { ModelReader, ModelWriter } from '../model-bytes.ts';
import { requireFitted, requireInteger } from '../requirements.ts';
import { type Forecaster, prepared, rescaled } from './forecaster.ts';

const KIND = 'window-regression';
const MAX_WIDTH = 512;
/** The penalty for one series alone and for many, as a share of the windows. */
const PENALTY_ALONE = 0.03;
const PENALTY_POOLED = 0.0005;
/** Windows learnt from, at most. */
const MAX_WINDOWS = 40_000;

export interface WindowRegressionParameters {
  readonly season?: number;
  readonly longSeason?: number;
  /** Steps ahead that are foretold at once; further ones from those. */
  readonly horizon?: number;
}

/**
 * Each of the next steps as a linear function of the whole last window (one long season, else two seasons), window by
 * window brought to mean 0 and spread 1 (as NLinear; Zeng et al. 2023), by ridge regression. Needs no notion of time of
 * day: the window tells. One series teaches itself (`fit`); many of one kind teach one another (`fitMany`), and a
 * series that was not among them is forecast too (`forecastFrom`).
 * Weak on short series alone: below about three windows it repeats the last season. O(windows · width²).
 */
export class WindowRegression implements Forecaster {
  readonly season: number;
  readonly longSeason: number;
  readonly horizon: number;
  readonly width: number;
  /** Row-major, horizon × width; empty: repeat the last season. */
  #coefficients: Float64Array = new Float64Array(0);
  #tail: Float64Array = new Float64Array(0);
  #scale = 1;

  constructor(parameters: WindowRegressionParameters = {}) {
    this.season = requireInteger('season', parameters.season ?? 24, 1, 1_000_000);
    this.longSeason = requireInteger('longSeason', parameters.longSeason ?? 1, 1, 1_000_000);
    this.horizon = requireInteger('horizon', parameters.horizon ?? 24, 1, 10_000);
    this.width = Math.min(MAX_WIDTH, this.longSeason > this.season ? this.longSeason : Math.max(8, 2 * this.season));
  }

  fit(values: Float64Array): this {
    const { y, scale } = prepared(values, this.season);
    this.#scale = scale;
    this.#tail = y.slice(Math.max(0, y.length - this.width));
    this.#learn([y], PENALTY_ALONE);
    return this;
  }

  /** Learns from all of them; `forecast` then goes on from the last one. */
  fitMany(series: readonly Float64Array[]): this {
    const ready = series.map((values) => prepared(values, this.season));
    const last = ready[ready.length - 1];
    this.#scale = last.scale;
    this.#tail = last.y.slice(Math.max(0, last.y.length - this.width));
    this.#learn(
      ready.map((one) => one.y),
      PENALTY_POOLED,
    );
    return this;
  }

  #learn(series: readonly Float64Array[], penalty: number): void {
    const p = this.width;
    const h = this.horizon;
    const possible = series.reduce((sum, y) => sum + Math.max(0, y.length - p - h + 1), 0);
    this.#coefficients = new Float64Array(0);
    if (possible < p / 2) return;
    // An odd stride meets every phase of the season.
    const stride = Math.ceil(possible / MAX_WINDOWS) | 1;
    const gram = new Float64Array(p * p);
    const products = new Float64Array(h * p);
    const x = new Float64Array(p);
    let windows = 0;
    for (const y of series) {
      for (let end = y.length - h; end >= p; end -= stride) {
        const { mean, spread } = normal(y, end - p, p);
        if (!(spread > 0)) continue;
        windows++;
        for (let j = 0; j < p; j++) x[j] = (y[end - p + j] - mean) / spread;
        for (let j = 0; j < p; j++) {
          const row = j * p;
          const value = x[j];
          for (let k = 0; k <= j; k++) gram[row + k] += value * x[k];
        }
        for (let k = 0; k < h; k++) {
          // A step far outside of its window teaches only its direction.
          const target = Math.max(-6, Math.min(6, (y[end + k] - mean) / spread));
          const row = k * p;
          for (let j = 0; j < p; j++) products[row + j] += target * x[j];
        }
      }
    }
    if (windows < p / 2) return;
    for (let j = 0; j < p; j++) gram[j * p + j] += penalty * windows;
    cholesky(gram, p);
    for (let k = 0; k < h; k++) choleskySolve(gram, p, products.subarray(k * p, (k + 1) * p));
    this.#coefficients = products;
  }

  forecast(steps: number): Float64Array {
    requireFitted(this.#tail.length > 0, KIND);
    return rescaled(this.#ahead(this.#tail, steps), this.#scale);
  }

  /** As `forecast`, for another series than the one that was fitted last. */
  forecastFrom(values: Float64Array, steps: number): Float64Array {
    requireFitted(this.#tail.length > 0, KIND);
    const { y, scale } = prepared(values, this.season);
    return rescaled(this.#ahead(y.subarray(Math.max(0, y.length - this.width)), steps), scale);
  }

  #ahead(tail: Float64Array, steps: number): Float64Array {
    const p = this.width;
    const n = tail.length;
    const all = new Float64Array(n + steps);
    all.set(tail);
    const period = Math.min(this.season, n);
    const isLearnt = this.#coefficients.length > 0 && n === p;
    for (let from = 0; from < steps; from += this.horizon) {
      const { mean, spread } = isLearnt ? normal(all, n + from - p, p) : { mean: 0, spread: 0 };
      for (let k = 0; k < this.horizon && from + k < steps; k++) {
        const at = n + from + k;
        if (!isLearnt) {
          all[at] = all[at - period];
          continue;
        }
        let sum = 0;
        for (let j = 0; j < p; j++) sum += this.#coefficients[k * p + j] * (all[n + from - p + j] - mean);
        all[at] = mean + Math.max(-6 * spread, Math.min(6 * spread, sum));
      }
    }
    return all.slice(n);
  }

  toBytes(): Uint8Array {
    return new ModelWriter(KIND, 1)
      .number(this.season)
      .number(this.longSeason)
      .number(this.horizon)
      .float64s(this.#coefficients)
      .float64s(this.#tail)
      .number(this.#scale)
      .finish();
  }

  static fromBytes(bytes: Uint8Array): WindowRegression {
    const reader = new ModelReader(bytes, KIND, 1);
    const model = new WindowRegression({
      season: reader.number(),
      longSeason: reader.number(),
      horizon: reader.number(),
    });
    model.#coefficients = reader.float64s();
    model.#tail = reader.float64s();
    model.#scale = reader.number();
    return model;
  }
}

function normal(y: Float64Array, from: number, width: number): { mean: number; spread: number } {
  let mean = 0;
  for (let j = 0; j < width; j++) mean += y[from + j];
  mean /= width;
  let squares = 0;
  for (let j = 0; j < width; j++) squares += (y[from + j] - mean) ** 2;
  return { mean, spread: Math.sqrt(squares / width) };
}
