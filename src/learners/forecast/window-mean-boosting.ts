import { ModelReader, ModelWriter } from '../model-bytes.ts';
import { requireFitted, requireInteger } from '../requirements.ts';
import { GradientBoostingRegressor } from '../tree/gradient-boosting-regressor.ts';
import { type Forecaster, prepared, rescaled } from './forecaster.ts';
import { Load, silences } from './load.ts';
import { WindowMeanRegression } from './window-mean-regression.ts';

const KIND = 'window-mean-boosting';
/** Rows that are learnt from, at most: the newest count, older ones are thinned out. */
const MAX_ROWS = 25_000;
const LEAST_ROWS = 1000;
/** Past stretches whose means are looked at, in windows. */
const STRETCHES = [1 / 15, 2 / 15, 1 / 5, 1 / 3, 2 / 3, 1, 2, 4, 8, 16];
/** Single steps back. */
const STEPS_BACK = 4;
/** Seasons back whose course from the same moment on is looked at, one by one. */
const SEASONS_BACK = [1, 2, 3, 7, 14];
/** Means over so many seasons back of how the load went on, against the last windows before. */
const COURSES = [
  { seasons: 7, windows: 4 },
  { seasons: 7, windows: 16 },
  { seasons: 3, windows: 4 },
];
const LONG_SEASONS_BACK = 4;
const TREES = {
  nRounds: 300,
  learningRate: 0.03,
  maxLeaves: 15,
  minLeaf: 200,
  columnShare: 0.5,
  rowShare: 0.5,
  maxBins: 64,
};
const LOSSES = ['squared', 'absolute'] as const;

export interface WindowMeanParameters {
  /** Steps ahead whose mean is foretold. */
  readonly window?: number;
  readonly season?: number;
  readonly longSeason?: number;
  readonly seed?: number;
}

/**
 * The mean of the next `window` steps: what `WindowMeanRegression` says, corrected by gradient boosting on ratios of the last
 * steps and stretches, of what came at the same time before, and on the time in the season; the mean of two corrections, one for the squared error and
 * one for the absolute one. For a load that capacity must follow.
 * Weak where the regression is, and dear: about 3 s for 25,000 rows. With fewer than 1,000 rows the regression answers alone.
 */
export class WindowMeanBoosting implements Forecaster {
  readonly window: number;
  readonly season: number;
  readonly longSeason: number;
  readonly #seed: number;
  #base: WindowMeanRegression;
  #corrections: readonly GradientBoostingRegressor[] = [];
  #offset = 1;
  #next = Number.NaN;
  #scale = 1;

  constructor(parameters: WindowMeanParameters = {}) {
    this.window = requireInteger('window', parameters.window ?? 15, 1, 1_000_000);
    this.season = requireInteger('season', parameters.season ?? 1, 1, 1_000_000);
    this.longSeason = requireInteger('longSeason', parameters.longSeason ?? 1, 1, 1_000_000);
    this.#seed = parameters.seed ?? 1;
    this.#base = this.#newBase();
  }

  #newBase(): WindowMeanRegression {
    return new WindowMeanRegression({ window: this.window, season: this.season, longSeason: this.longSeason });
  }

  fit(values: Float64Array): this {
    const { y, scale } = prepared(values, this.season, this.longSeason);
    const n = y.length;
    const w = this.window;
    this.#scale = scale;
    this.#base = this.#newBase().fit(values);
    const load = new Load(y, silences(values, y, w));
    this.#offset = Math.max(1e-300, load.mean(0, n) * 0.01);
    this.#corrections = [];
    const from = Math.min(n, Math.max(16 * w, 2 * this.season));
    const last = n - w;
    const stride = Math.max(1, Math.ceil((last - from) / MAX_ROWS));
    const positions: number[] = [];
    for (let at = last; at >= from; at -= stride) {
      if (!Number.isNaN(load.mean(at, at + w)) && !Number.isNaN(load.mean(at - w, at))) positions.push(at);
    }
    if (positions.length >= LEAST_ROWS) this.#learn(load, values, Int32Array.from(positions));
    [this.#next] = this.predictAt(values, Int32Array.of(n));
    return this;
  }

  #learn(load: Load, values: Float64Array, positions: Int32Array): void {
    const said = this.#base.predictAt(values, positions);
    const p = this.#row(load, 0, 0, null, 0);
    const x = new Float64Array(positions.length * p);
    const target = new Float64Array(positions.length);
    const weights = new Float64Array(positions.length);
    positions.forEach((at, i) => {
      const base = this.#log(said[i] / this.#scale);
      const ahead = load.mean(at, at + this.window);
      this.#row(load, at, base, x, i * p);
      target[i] = this.#log(ahead) - base;
      // An error of the mean counts, not of its logarithm: rows count by their size.
      weights[i] = ahead + this.#offset;
    });
    this.#corrections = LOSSES.map((loss) =>
      new GradientBoostingRegressor({ ...TREES, loss, seed: this.#seed }).fit(x, target, positions.length, p, weights),
    );
  }

  /** For each position, the mean of the window that begins there, from nothing but what stands before it. */
  predictAt(values: Float64Array, positions: Int32Array): Float64Array {
    const said = this.#base.predictAt(values, positions);
    if (this.#corrections.length === 0) return said;
    const y = Float64Array.from(values, (value) => (Number.isFinite(value) ? value / this.#scale : Number.NaN));
    const load = new Load(y, new Uint8Array(y.length));
    const row = new Float64Array(this.#row(load, 0, 0, null, 0));
    return said.map((value, i) => {
      const base = this.#log(value / this.#scale);
      this.#row(load, positions[i], base, row, 0);
      let correction = 0;
      for (const one of this.#corrections) correction += one.predict(row) / this.#corrections.length;
      return Math.max(0, Math.exp(Math.min(700, base + correction)) - this.#offset) * this.#scale;
    });
  }

  /** The mean of the next window behind a history that may have grown since `fit`. */
  predict(values: Float64Array): number {
    return this.predictAt(values, Int32Array.of(values.length))[0];
  }

  #log(value: number): number {
    return Math.log(Math.max(0, value) + this.#offset);
  }

  /** What is known before a position, as logarithms of ratios to the last window; the number of columns. With no place to write to it only counts. */
  #row(load: Load, at: number, base: number, x: Float64Array | null, from: number): number {
    const w = this.window;
    const mean = (a: number, b: number): number => this.#log(load.mean(a, b));
    const recent = mean(at - w, at);
    let column = 0;
    const put = (value: number): void => {
      if (x !== null) x[from + column] = value;
      column++;
    };
    for (const stretch of STRETCHES) put(mean(at - Math.max(1, Math.round(stretch * w)), at) - recent);
    for (let k = 1; k <= STEPS_BACK; k++) put(mean(at - k, at - k + 1) - recent);
    put(mean(at - (w >> 1), at) - mean(at - w, at - (w >> 1)));
    put(base - recent);
    put(recent);
    let moved = 0;
    for (let k = 1; k < 2 * w; k++) moved += Math.abs(mean(at - k, at - k + 1) - mean(at - k - 1, at - k));
    put(moved / Math.max(1, 2 * w - 1));
    if (this.season <= w) return column;
    for (const k of SEASONS_BACK) {
      const then = at - k * this.season;
      put(mean(then, then + w) - recent);
      put(mean(then - w, then) - mean(then, then + w));
    }
    for (const { seasons, windows } of COURSES)
      put(this.#course(load, at, this.season, seasons, windows * w) + mean(at - windows * w, at) - recent);
    put(at % this.season);
    if (this.longSeason <= this.season) return column;
    put(this.#course(load, at, this.longSeason, LONG_SEASONS_BACK, 4 * w) + mean(at - 4 * w, at) - recent);
    put(Math.floor((at % this.longSeason) / this.season));
    return column;
  }

  /** How the load went on from the same moment of earlier seasons, against the stretch before it. */
  #course(load: Load, at: number, season: number, back: number, stretch: number): number {
    let ahead = 0;
    let before = 0;
    for (let k = 1; k <= back; k++) {
      const a = load.mean(at - k * season, at - k * season + this.window);
      const b = load.mean(at - k * season - stretch, at - k * season);
      if (a !== a || b !== b) continue;
      ahead += a;
      before += b;
    }
    return before > 0 ? this.#log(ahead) - this.#log(before) : Number.NaN;
  }

  forecast(steps: number): Float64Array {
    requireFitted(this.#next === this.#next, KIND);
    return rescaled(new Float64Array(steps).fill(this.#next / this.#scale), this.#scale);
  }

  toBytes(): Uint8Array {
    requireFitted(this.#next === this.#next, KIND);
    const writer = new ModelWriter(KIND, 1)
      .number(this.window)
      .number(this.season)
      .number(this.longSeason)
      .number(this.#seed)
      .number(this.#offset)
      .number(this.#next)
      .number(this.#scale)
      .bytes(this.#base.toBytes())
      .number(this.#corrections.length);
    for (const one of this.#corrections) writer.bytes(one.toBytes());
    return writer.finish();
  }

  /** Throws MODEL_DAMAGED for bytes that are cut or altered. */
  static fromBytes(bytes: Uint8Array): WindowMeanBoosting {
    const reader = new ModelReader(bytes, KIND, 1);
    const model = new WindowMeanBoosting({
      window: reader.number(),
      season: reader.number(),
      longSeason: reader.number(),
      seed: reader.number(),
    });
    model.#offset = reader.number();
    model.#next = reader.number();
    model.#scale = reader.number();
    model.#base = WindowMeanRegression.fromBytes(reader.bytes());
    model.#corrections = Array.from({ length: reader.count(8) }, () =>
      GradientBoostingRegressor.fromBytes(reader.bytes()),
    );
    return model;
  }
}
