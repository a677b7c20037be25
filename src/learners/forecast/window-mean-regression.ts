import { ridge } from '../../stats/ridge.ts';
import { ModelReader, ModelWriter } from '../model-bytes.ts';
import { requireFitted, requireInteger } from '../requirements.ts';
import { type Forecaster, prepared, rescaled } from './forecaster.ts';
import { Load, silences } from './load.ts';

const KIND = 'window-mean-regression';
/** Rows that are learnt from, at most: the newest count, older ones are thinned out. */
const MAX_ROWS = 60_000;
/** Past stretches whose means are looked at, in windows. */
const STRETCHES = [1 / 3, 1, 2, 4, 8, 16];
const SEASONS_BACK = 7;
const ROUNDS = 3;

/**
 * The mean of the next `window` steps, from the means of stretches of the last ones (a third of a window to 16 windows) and
 * from what came at the same time of up to seven seasons back and one long season back, all as logarithms; by ridge
 * regression, reweighted so that it errs least in absolute value. Made for a load that capacity must follow: counts a
 * minute, the next quarter of an hour. Runs of zeros longer than four windows in a series that otherwise has few are a
 * silence and not learnt from.
 * Weak on what has no past like it: the first minutes of a surge. Values below 0 count as 0. O(n p²).
 */
export class WindowMeanRegression implements Forecaster {
  readonly window: number;
  readonly season: number;
  readonly longSeason: number;
  /** The seasons that the history was long enough for. */
  #seasons: Int32Array = new Int32Array(0);
  #constant = Number.NaN;
  #coefficients: Float64Array = new Float64Array(0);
  #next = 0;
  #offset = 1;
  #scale = 1;

  constructor(parameters: { readonly window?: number; readonly season?: number; readonly longSeason?: number } = {}) {
    this.window = requireInteger('window', parameters.window ?? 15, 1, 1_000_000);
    this.season = requireInteger('season', parameters.season ?? 1, 1, 1_000_000);
    this.longSeason = requireInteger('longSeason', parameters.longSeason ?? 1, 1, 1_000_000);
  }

  fit(values: Float64Array): this {
    const { y, scale } = prepared(values, this.season, this.longSeason);
    const n = y.length;
    const w = this.window;
    const load = new Load(y, silences(values, y, w));
    this.#scale = scale;
    this.#seasons = Int32Array.from([this.season, this.longSeason].filter((s) => s > this.window && n >= 2.5 * s));
    this.#offset = Math.max(1e-300, load.mean(0, n) * 0.01);
    const p = this.#row(load, n, null, 0);
    const from = Math.min(n, Math.max(4 * w, ...this.#seasons));
    const last = n - w;
    const stride = Math.max(1, Math.ceil((last - from) / MAX_ROWS));
    const room = Math.max(0, Math.floor((last - from) / stride) + 1);
    const x = new Float64Array(room * p);
    const target = new Float64Array(room);
    let rows = 0;
    for (let at = last; at >= from && rows < room; at -= stride) {
      const ahead = load.mean(at, at + w);
      if (ahead !== ahead || Number.isNaN(load.mean(at - w, at))) continue;
      this.#row(load, at, x, rows * p);
      target[rows++] = this.#log(ahead);
    }
    const recent = load.mean(Math.max(0, n - w), n);
    this.#next = recent === recent ? recent : y[n - 1];
    this.#coefficients = new Float64Array(0);
    this.#constant = this.#log(this.#next);
    if (rows < 4 * p) return this;
    const fit = leastAbsolute(x, target, rows, p);
    this.#constant = fit.constant;
    this.#coefficients = fit.coefficients;
    this.#next = this.#predict(load, n);
    return this;
  }

  /** The mean of the next window behind a history that may have grown since `fit`. */
  predict(values: Float64Array): number {
    requireFitted(this.#constant === this.#constant, KIND);
    return this.predictAt(values, Int32Array.of(values.length))[0];
  }

  /** For each position, the mean of the window that begins there, from nothing but what stands before it. O(n + positions · p). */
  predictAt(values: Float64Array, positions: Int32Array): Float64Array {
    requireFitted(this.#constant === this.#constant, KIND);
    const y = Float64Array.from(values, (value) => (Number.isFinite(value) ? value / this.#scale : Number.NaN));
    const load = new Load(y, new Uint8Array(y.length));
    return Float64Array.from(positions, (at) => {
      if (this.#coefficients.length > 0) return this.#predict(load, at) * this.#scale;
      return load.mean(Math.max(0, at - this.window), at) * this.#scale;
    });
  }

  #log(value: number): number {
    return Math.log(Math.max(0, value) + this.#offset);
  }

  /** What is known before a position; the number of columns. With no place to write to it only counts. */
  #row(load: Load, at: number, x: Float64Array | null, from: number): number {
    const w = this.window;
    let column = 0;
    const recent = this.#log(load.mean(at - w, at));
    const put = (value: number): void => {
      if (x !== null) x[from + column] = value === value ? value : recent;
      column++;
    };
    for (const stretch of STRETCHES) put(this.#log(load.mean(at - Math.max(1, Math.round(stretch * w)), at)));
    for (const season of this.#seasons) {
      // How the load went on from here at the same time before: a difference of logarithms is a ratio.
      const back = season === this.season ? SEASONS_BACK : 1;
      let ahead = 0;
      let before = 0;
      let known = 0;
      for (let k = 1; k <= back; k++) {
        const a = load.mean(at - k * season, at - k * season + w);
        const b = load.mean(at - k * season - 4 * w, at - k * season);
        const change = this.#log(a) - this.#log(b);
        if (k <= 2 || back === 1) put(change === change ? recent + change : Number.NaN);
        if (k === 1) put(this.#log(a));
        if (change !== change) continue;
        ahead += a;
        before += b;
        known++;
      }
      if (back > 1) {
        put(this.#log(ahead / known));
        put(recent + this.#log(ahead / known) - this.#log(before / known));
      }
    }
    return column;
  }

  #predict(load: Load, at: number): number {
    const row = new Float64Array(this.#coefficients.length);
    this.#row(load, at, row, 0);
    let value = this.#constant;
    for (let j = 0; j < row.length; j++) value += this.#coefficients[j] * row[j];
    // With nothing known of the last window, what was foretold at the end of the history has to do.
    return value === value ? Math.max(0, Math.exp(Math.min(700, value)) - this.#offset) : this.#next;
  }

  forecast(steps: number): Float64Array {
    requireFitted(this.#constant === this.#constant, KIND);
    return rescaled(new Float64Array(steps).fill(this.#next), this.#scale);
  }

  toBytes(): Uint8Array {
    return new ModelWriter(KIND, 1)
      .number(this.window)
      .number(this.season)
      .number(this.longSeason)
      .int32s(this.#seasons)
      .number(this.#constant)
      .float64s(this.#coefficients)
      .number(this.#next)
      .number(this.#offset)
      .number(this.#scale)
      .finish();
  }

  static fromBytes(bytes: Uint8Array): WindowMeanRegression {
    const reader = new ModelReader(bytes, KIND, 1);
    const model = new WindowMeanRegression({
      window: reader.number(),
      season: reader.number(),
      longSeason: reader.number(),
    });
    model.#seasons = reader.int32s();
    model.#constant = reader.number();
    model.#coefficients = reader.float64s();
    model.#next = reader.number();
    model.#offset = reader.number();
    model.#scale = reader.number();
    return model;
  }
}

/** Ridge regression, rows weighted by one over their last error: the error's absolute value is what it makes small. */
function leastAbsolute(x: Float64Array, y: Float64Array, n: number, p: number): ReturnType<typeof ridge> {
  // An error of the mean counts, not of its logarithm: rows count by their size.
  const size = Float64Array.from({ length: n }, (_, i) => Math.exp(y[i]));
  const weights = Float64Array.from(size);
  let fit = ridge(x, y, n, p, { weights, penalty: 1e-4 });
  for (let round = 0; round < ROUNDS; round++) {
    for (let i = 0; i < n; i++) {
      let value = fit.constant;
      for (let j = 0; j < p; j++) value += fit.coefficients[j] * x[i * p + j];
      weights[i] = size[i] / Math.max(0.02, Math.abs(y[i] - value));
    }
    fit = ridge(x, y, n, p, { weights, penalty: 1e-4 });
  }
  return fit;
}
