import { ridge } from '../../stats/ridge.ts';
import { ModelReader, ModelWriter } from '../model-bytes.ts';
import { requireFitted, requireInteger } from '../requirements.ts';
import { type Forecaster, prepared, rescaled } from './forecaster.ts';

const KIND = 'piecewise-trend';
const BENDS = 15;
/** Share of the history in which the trend may bend. */
const BENDING = 0.85;

/**
 * A trend of straight pieces plus waves of up to two seasons (after Prophet: Taylor and Letham 2018), laid through the
 * whole history by ridge regression, which keeps bends small that the data does not ask for. The last piece goes on.
 * Right for growth with a rhythm over a long history; weak on the next few steps, since it knows nothing of the last
 * ones, and where seasons change. O(n p²), p up to 60.
 */
export class PiecewiseTrend implements Forecaster {
  readonly season: number;
  readonly longSeason: number;
  #constant = Number.NaN;
  #coefficients: Float64Array = new Float64Array(0);
  #seasons: Int32Array = new Int32Array(0);
  #waves: Int32Array = new Int32Array(0);
  #length = 0;
  #scale = 1;

  constructor(parameters: { readonly season?: number; readonly longSeason?: number } = {}) {
    this.season = requireInteger('season', parameters.season ?? 1, 1, 1_000_000);
    this.longSeason = requireInteger('longSeason', parameters.longSeason ?? 1, 1, 1_000_000);
  }

  fit(values: Float64Array): this {
    const { y, scale } = prepared(values, this.season, this.longSeason);
    const n = y.length;
    const seasons = [this.season, this.longSeason].filter((s, i, all) => s > 1 && all.indexOf(s) === i && n >= 2 * s);
    this.#seasons = Int32Array.from(seasons);
    this.#waves = Int32Array.from(seasons, (s) => Math.min(10, s >> 1));
    this.#length = n;
    this.#scale = scale;
    const p = this.#columns();
    const x = new Float64Array(n * p);
    for (let i = 0; i < n; i++) this.#fill(x, i * p, i);
    const fit = ridge(x, y, n, p);
    this.#constant = fit.constant;
    this.#coefficients = fit.coefficients;
    return this;
  }

  #columns(): number {
    return 1 + BENDS + 2 * this.#waves.reduce((sum, w) => sum + w, 0);
  }

  #fill(x: Float64Array, from: number, i: number): void {
    const t = i / Math.max(1, this.#length - 1);
    x[from] = t;
    for (let b = 0; b < BENDS; b++) x[from + 1 + b] = Math.max(0, t - (BENDING * (b + 1)) / (BENDS + 1));
    let column = from + 1 + BENDS;
    for (let k = 0; k < this.#seasons.length; k++) {
      const season = this.#seasons[k];
      for (let wave = 1; wave <= this.#waves[k]; wave++) {
        const angle = (2 * Math.PI * wave * (i % season)) / season;
        x[column++] = Math.cos(angle);
        x[column++] = Math.sin(angle);
      }
    }
  }

  forecast(steps: number): Float64Array {
    requireFitted(this.#constant === this.#constant, KIND);
    const p = this.#coefficients.length;
    const row = new Float64Array(p);
    const out = new Float64Array(steps);
    for (let k = 0; k < steps; k++) {
      this.#fill(row, 0, this.#length + k);
      out[k] = this.#constant;
      for (let j = 0; j < p; j++) out[k] += this.#coefficients[j] * row[j];
    }
    return rescaled(out, this.#scale);
  }

  toBytes(): Uint8Array {
    return new ModelWriter(KIND, 1)
      .number(this.season)
      .number(this.longSeason)
      .number(this.#constant)
      .float64s(this.#coefficients)
      .int32s(this.#seasons)
      .int32s(this.#waves)
      .number(this.#length)
      .number(this.#scale)
      .finish();
  }

  static fromBytes(bytes: Uint8Array): PiecewiseTrend {
    const reader = new ModelReader(bytes, KIND, 1);
    const model = new PiecewiseTrend({ season: reader.number(), longSeason: reader.number() });
    model.#constant = reader.number();
    model.#coefficients = reader.float64s();
    model.#seasons = reader.int32s();
    model.#waves = reader.int32s();
    model.#length = reader.number();
    model.#scale = reader.number();
    return model;
  }
}
