import { ModelReader, ModelWriter } from '../model-bytes.ts';
import { requireFitted, requireInteger } from '../requirements.ts';
import { type Forecaster, prepared, rescaled } from './forecaster.ts';

const KIND = 'analogues';

/**
 * Looks for the stretches of the past that are most like the last one (as long as one season, levels aside) and takes
 * the mean of what came after them, the nearer the heavier (nearest neighbours on windows; Yakowitz 1987). Stretches at
 * whole seasons back are preferred. Follows any shape and no trend.
 * Weak on short or noisy series and for what has no like in the past. O(n · season).
 */
export class Analogues implements Forecaster {
  readonly season: number;
  readonly neighbours: number;
  #y: Float64Array = new Float64Array(0);
  #at: Int32Array = new Int32Array(0);
  #weights: Float64Array = new Float64Array(0);
  #shifts: Float64Array = new Float64Array(0);
  #scale = 1;

  constructor(parameters: { readonly season?: number; readonly neighbours?: number } = {}) {
    this.season = requireInteger('season', parameters.season ?? 24, 1, 1_000_000);
    this.neighbours = requireInteger('neighbours', parameters.neighbours ?? 6, 1, 100);
  }

  fit(values: Float64Array): this {
    const { y, scale } = prepared(values, this.season);
    const n = y.length;
    const width = Math.max(1, Math.min(this.season, n >> 2));
    const sums = new Float64Array(n + 1);
    for (let i = 0; i < n; i++) sums[i + 1] = sums[i] + y[i];
    const mean = (end: number): number => (sums[end] - sums[end - width]) / width;
    const here = mean(n);
    // Only where the season's phase agrees, when there are enough seasons; everywhere else.
    const stride = this.season > 1 && n >= 4 * this.season ? this.season : 1;
    const found: { end: number; distance: number }[] = [];
    for (let end = n - stride; end >= width; end -= stride) {
      const there = mean(end);
      let distance = 0;
      for (let k = 1; k <= width; k++) {
        const d = y[n - k] - here - (y[end - k] - there);
        distance += d * d;
      }
      found.push({ end, distance: Math.sqrt(distance / width) });
    }
    if (found.length === 0) found.push({ end: n, distance: 0 });
    found.sort((a, b) => a.distance - b.distance || b.end - a.end);
    const kept = found.slice(0, this.neighbours);
    const least = kept[0].distance + 1e-9 * Math.abs(here) + 1e-300;
    const weights = kept.map((one) => (least / (least + one.distance)) ** 2);
    const total = weights.reduce((sum, w) => sum + w, 0);
    this.#y = y.slice();
    this.#scale = scale;
    this.#at = Int32Array.from(kept, (one) => one.end);
    this.#weights = Float64Array.from(weights, (w) => w / total);
    this.#shifts = Float64Array.from(kept, (one) => here - mean(one.end));
    return this;
  }

  forecast(steps: number): Float64Array {
    requireFitted(this.#y.length > 0, KIND);
    const n = this.#y.length;
    const out = new Float64Array(steps);
    const period = Math.max(1, Math.min(this.season, n));
    for (let m = 0; m < this.#at.length; m++) {
      for (let k = 0; k < steps; k++) {
        // Past the end of what is known the last season goes on.
        let i = this.#at[m] + k;
        if (i >= n) i = n - period + ((i - n) % period);
        out[k] += this.#weights[m] * (this.#y[i] + this.#shifts[m]);
      }
    }
    return rescaled(out, this.#scale);
  }

  toBytes(): Uint8Array {
    return new ModelWriter(KIND, 1)
      .number(this.season)
      .number(this.neighbours)
      .float64s(this.#y)
      .int32s(this.#at)
      .float64s(this.#weights)
      .float64s(this.#shifts)
      .number(this.#scale)
      .finish();
  }

  static fromBytes(bytes: Uint8Array): Analogues {
    const reader = new ModelReader(bytes, KIND, 1);
    const model = new Analogues({ season: reader.number(), neighbours: reader.number() });
    model.#y = reader.float64s();
    model.#at = reader.int32s();
    model.#weights = reader.float64s();
    model.#shifts = reader.float64s();
    model.#scale = reader.number();
    return model;
  }
}
