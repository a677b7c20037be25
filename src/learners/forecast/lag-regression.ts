import { ridge } from '../../stats/ridge.ts';
import { ModelReader, ModelWriter } from '../model-bytes.ts';
import { requireFitted, requireInteger } from '../requirements.ts';
import { type Forecaster, prepared, rescaled } from './forecaster.ts';

const KIND = 'lag-regression';

/** Waves of each season that stand beside the lags. */
const WAVES = 4;
const MAX_LAG_SHARE = 0.6;

/**
 * Ridge regression of each value on the ones before it: the last few, those about one and two seasons back (of up to two
 * seasons), the means of a season back, and the first four waves of each season; further steps ahead are forecast from
 * forecasts. The penalty is chosen by generalised cross-validation.
 * Strong on rhythms that change slowly; weak on level shifts near the end, and with less than about 3 seasons it is
 * little more than an autoregression. O(n p²) with p up to 30 columns.
 */
export class LagRegression implements Forecaster {
  readonly season: number;
  readonly longSeason: number;
  #lags: Int32Array = new Int32Array(0);
  #seasons: Int32Array = new Int32Array(0);
  #constant = Number.NaN;
  #coefficients: Float64Array = new Float64Array(0);
  #tail: Float64Array = new Float64Array(0);
  #length = 0;
  #scale = 1;
  #low = 0;
  #high = 0;

  constructor(parameters: { readonly season?: number; readonly longSeason?: number } = {}) {
    this.season = requireInteger('season', parameters.season ?? 1, 1, 1_000_000);
    this.longSeason = requireInteger('longSeason', parameters.longSeason ?? 1, 1, 1_000_000);
  }

  fit(values: Float64Array): this {
    const { y, scale } = prepared(values, this.season, this.longSeason);
    const n = y.length;
    const seasons = [this.season, this.longSeason].filter((s, i, all) => s > 1 && all.indexOf(s) === i && n >= 2.5 * s);
    this.#seasons = Int32Array.from(seasons);
    this.#lags = Int32Array.from(lagsFor(seasons, n));
    this.#scale = scale;
    this.#length = n;
    let low = Infinity;
    let high = -Infinity;
    for (let i = 0; i < n; i++) {
      low = Math.min(low, y[i]);
      high = Math.max(high, y[i]);
    }
    this.#low = low - (high - low) / 2;
    this.#high = high + (high - low) / 2;
    const reach = this.#reach();
    const p = this.#columns();
    const rows = n - reach;
    if (rows < p + 4) {
      this.#constant = y[n - 1];
      this.#coefficients = new Float64Array(0);
      this.#tail = Float64Array.of(y[n - 1]);
      return this;
    }
    const x = new Float64Array(rows * p);
    const sums = new Float64Array(n + 1);
    for (let i = 0; i < n; i++) sums[i + 1] = sums[i] + y[i];
    for (let r = 0; r < rows; r++) this.#fill(x, r * p, y, sums, reach + r);
    const fit = ridge(x, y.subarray(reach), rows, p);
    this.#constant = fit.constant;
    this.#coefficients = fit.coefficients;
    this.#tail = y.slice(n - reach);
    return this;
  }

  #reach(): number {
    let reach = 1;
    for (const lag of this.#lags) reach = Math.max(reach, lag);
    for (const season of this.#seasons) reach = Math.max(reach, season);
    return reach;
  }

  #columns(): number {
    return this.#lags.length + this.#seasons.length * (1 + 2 * WAVES);
  }

  /** One row: what is known before position `at`. */
  #fill(x: Float64Array, from: number, y: Float64Array, sums: Float64Array, at: number, offset = 0): void {
    let column = from;
    for (let k = 0; k < this.#lags.length; k++) x[column++] = y[at - this.#lags[k]];
    for (let k = 0; k < this.#seasons.length; k++) {
      const season = this.#seasons[k];
      x[column++] = (sums[at] - sums[at - season]) / season;
      for (let wave = 1; wave <= WAVES; wave++) {
        const angle = (2 * Math.PI * wave * ((at + offset) % season)) / season;
        x[column++] = Math.cos(angle);
        x[column++] = Math.sin(angle);
      }
    }
  }

  forecast(steps: number): Float64Array {
    requireFitted(this.#constant === this.#constant, KIND);
    const out = new Float64Array(steps);
    const p = this.#coefficients.length;
    if (p === 0) return rescaled(out.fill(this.#constant), this.#scale);
    const reach = this.#tail.length;
    const y = new Float64Array(reach + steps);
    y.set(this.#tail);
    const sums = new Float64Array(reach + steps + 1);
    for (let i = 0; i < reach; i++) sums[i + 1] = sums[i] + y[i];
    const row = new Float64Array(p);
    for (let k = 0; k < steps; k++) {
      this.#fill(row, 0, y, sums, reach + k, this.#length - reach);
      let value = this.#constant;
      for (let j = 0; j < p; j++) value += this.#coefficients[j] * row[j];
      // What was never near is not believed: lags that feed on themselves can run away.
      value = Math.max(this.#low, Math.min(this.#high, value));
      y[reach + k] = value;
      sums[reach + k + 1] = sums[reach + k] + value;
      out[k] = value;
    }
    return rescaled(out, this.#scale);
  }

  toBytes(): Uint8Array {
    return new ModelWriter(KIND, 1)
      .number(this.season)
      .number(this.longSeason)
      .int32s(this.#lags)
      .int32s(this.#seasons)
      .number(this.#constant)
      .float64s(this.#coefficients)
      .float64s(this.#tail)
      .number(this.#length)
      .number(this.#scale)
      .number(this.#low)
      .number(this.#high)
      .finish();
  }

  static fromBytes(bytes: Uint8Array): LagRegression {
    const reader = new ModelReader(bytes, KIND, 1);
    const model = new LagRegression({ season: reader.number(), longSeason: reader.number() });
    model.#lags = reader.int32s();
    model.#seasons = reader.int32s();
    model.#constant = reader.number();
    model.#coefficients = reader.float64s();
    model.#tail = reader.float64s();
    model.#length = reader.number();
    model.#scale = reader.number();
    model.#low = reader.number();
    model.#high = reader.number();
    return model;
  }
}

/** The lags that the series is long enough for, ascending. */
function lagsFor(seasons: readonly number[], n: number): number[] {
  const lags = new Set<number>([1, 2, 3]);
  for (const season of seasons) {
    for (const lag of [season - 1, season, season + 1, 2 * season, 3 * season]) {
      if (lag > 0 && lag <= MAX_LAG_SHARE * n && n - lag >= 2 * season) lags.add(lag);
    }
  }
  return [...lags].sort((a, b) => a - b);
}
