import { ModelReader, ModelWriter } from '../model-bytes.ts';
import { requireFitted, requireInteger } from '../requirements.ts';
import { RandomForestRegressor } from '../tree/random-forest-regressor.ts';
import { type Forecaster, prepared, rescaled } from './forecaster.ts';

const KIND = 'lag-forest';

export interface LagForestParameters {
  readonly season?: number;
  readonly longSeason?: number;
  readonly nTrees?: number;
  readonly seed?: number;
}

/**
 * A regression forest on lags: the last three values, those about one and two seasons back, and the phases, all as
 * distances to the mean of the last season, so that it follows levels it has not seen; further steps from forecasts.
 * For rhythms with bends that a line cannot follow (weekends, shifts at night). Weak with fewer than some hundred values,
 * and it never goes beyond the distances it has seen. O(trees · n log n · columns).
 */
export class LagForest implements Forecaster {
  readonly season: number;
  readonly longSeason: number;
  readonly nTrees: number;
  readonly #seed: number;
  #forest: RandomForestRegressor | null = null;
  #seasons: Int32Array = new Int32Array(0);
  #lags: Int32Array = new Int32Array(0);
  #tail: Float64Array = new Float64Array(0);
  #length = 0;
  #scale = 1;

  constructor(parameters: LagForestParameters = {}) {
    this.season = requireInteger('season', parameters.season ?? 1, 1, 1_000_000);
    this.longSeason = requireInteger('longSeason', parameters.longSeason ?? 1, 1, 1_000_000);
    this.nTrees = requireInteger('nTrees', parameters.nTrees ?? 40, 1, 1000);
    this.#seed = parameters.seed ?? 1;
  }

  fit(values: Float64Array): this {
    const { y, scale } = prepared(values, this.season, this.longSeason);
    const n = y.length;
    const seasons = [this.season, this.longSeason].filter((s, i, all) => s > 1 && all.indexOf(s) === i && n >= 3 * s);
    const lags = new Set([1, 2, 3]);
    for (const s of seasons) for (const lag of [s - 1, s, s + 1, 2 * s]) if (lag > 0 && 2 * lag <= n) lags.add(lag);
    this.#seasons = Int32Array.from(seasons);
    this.#lags = Int32Array.from([...lags].sort((a, b) => a - b));
    this.#length = n;
    this.#scale = scale;
    const reach = Math.max(this.#base(), ...this.#lags);
    this.#tail = y.slice(Math.max(0, n - reach));
    this.#forest = null;
    const rows = n - reach;
    if (rows < 20) return this;
    const p = this.#lags.length + this.#seasons.length;
    const x = new Float64Array(rows * p);
    const target = new Float64Array(rows);
    for (let r = 0; r < rows; r++) target[r] = y[reach + r] - this.#fill(x, r * p, y, reach + r, 0);
    this.#forest = new RandomForestRegressor({ nTrees: this.nTrees, seed: this.#seed }).fit(x, target, rows, p);
    return this;
  }

  /** Steps whose mean stands for the level. */
  #base(): number {
    return this.#seasons[0] ?? 8;
  }

  /** One row of what is known before `at`; returns the level that it is told from. */
  #fill(x: Float64Array, from: number, y: Float64Array, at: number, offset: number): number {
    const base = this.#base();
    let level = 0;
    for (let k = 1; k <= base; k++) level += y[at - k] / base;
    let column = from;
    for (let k = 0; k < this.#lags.length; k++) x[column++] = y[at - this.#lags[k]] - level;
    for (let k = 0; k < this.#seasons.length; k++) x[column++] = (at + offset) % this.#seasons[k];
    return level;
  }

  forecast(steps: number): Float64Array {
    requireFitted(this.#tail.length > 0, KIND);
    const known = this.#tail.length;
    const out = new Float64Array(steps);
    if (this.#forest === null) return rescaled(out.fill(this.#tail[known - 1]), this.#scale);
    const y = new Float64Array(known + steps);
    y.set(this.#tail);
    const row = new Float64Array(this.#lags.length + this.#seasons.length);
    for (let k = 0; k < steps; k++) {
      const level = this.#fill(row, 0, y, known + k, this.#length - known);
      out[k] = level + this.#forest.predict(row);
      y[known + k] = out[k];
    }
    return rescaled(out, this.#scale);
  }

  toBytes(): Uint8Array {
    return new ModelWriter(KIND, 1)
      .number(this.season)
      .number(this.longSeason)
      .number(this.nTrees)
      .number(this.#seed)
      .int32s(this.#seasons)
      .int32s(this.#lags)
      .float64s(this.#tail)
      .number(this.#length)
      .number(this.#scale)
      .bytes(this.#forest?.toBytes() ?? new Uint8Array(0))
      .finish();
  }

  static fromBytes(bytes: Uint8Array): LagForest {
    const reader = new ModelReader(bytes, KIND, 1);
    const model = new LagForest({
      season: reader.number(),
      longSeason: reader.number(),
      nTrees: reader.number(),
      seed: reader.number(),
    });
    model.#seasons = reader.int32s();
    model.#lags = reader.int32s();
    model.#tail = reader.float64s();
    model.#length = reader.number();
    model.#scale = reader.number();
    const forest = reader.bytes();
    model.#forest = forest.length > 0 ? RandomForestRegressor.fromBytes(forest) : null;
    return model;
  }
}
