import { ModelReader, ModelWriter } from '../model-bytes.ts';
import { requireFitted, requireInteger } from '../requirements.ts';
import { type Forecaster, prepared, rescaled } from './forecaster.ts';
import { seasonalProfile } from './seasonal-profile.ts';

const KIND = 'theta';
const ALPHAS = [0.02, 0.05, 0.1, 0.2, 0.35, 0.5, 0.7, 0.9, 1];

/**
 * The theta method (Assimakopoulos and Nikolopoulos 2000) as exponential smoothing with half of the linear trend as
 * drift (Hyndman and Billah 2003), after an additive season is taken out. Weak where the season changes its shape.
 * O(n).
 */
export class Theta implements Forecaster {
  readonly season: number;
  #level = Number.NaN;
  #drift = 0;
  #scale = 1;
  #profile: Float64Array = new Float64Array(0);

  constructor(parameters: { readonly season?: number } = {}) {
    this.season = requireInteger('season', parameters.season ?? 1, 1, 1_000_000);
  }

  fit(values: Float64Array): this {
    const { y, scale } = prepared(values, this.season);
    const n = y.length;
    const profile = seasonalProfile(y, this.season);
    const adjusted = y.map((value, i) => value - profile[i % this.season]);
    let best = Infinity;
    let bestAlpha = 1;
    for (const alpha of ALPHAS) {
      const error = smooth(adjusted, alpha).error;
      if (error < best) {
        best = error;
        bestAlpha = alpha;
      }
    }
    let mean = 0;
    for (const value of adjusted) mean += value / n;
    let product = 0;
    for (let i = 0; i < n; i++) product += (i - (n - 1) / 2) * (adjusted[i] - mean);
    const slope = n > 1 ? product / ((n * (n * n - 1)) / 12) : 0;
    this.#level = smooth(adjusted, bestAlpha).level + (slope / 2) * ((1 - (1 - bestAlpha) ** n) / bestAlpha - 1);
    this.#drift = slope / 2;
    this.#scale = scale;
    this.#profile = Float64Array.from({ length: this.season }, (_, k) => profile[(n + k) % this.season]);
    return this;
  }

  forecast(steps: number): Float64Array {
    requireFitted(this.#level === this.#level, KIND);
    const out = Float64Array.from(
      { length: steps },
      (_, k) => this.#level + this.#drift * (k + 1) + this.#profile[k % this.season],
    );
    return rescaled(out, this.#scale);
  }

  toBytes(): Uint8Array {
    return new ModelWriter(KIND, 1)
      .number(this.season)
      .number(this.#level)
      .number(this.#drift)
      .number(this.#scale)
      .float64s(this.#profile)
      .finish();
  }

  static fromBytes(bytes: Uint8Array): Theta {
    const reader = new ModelReader(bytes, KIND, 1);
    const model = new Theta({ season: reader.number() });
    model.#level = reader.number();
    model.#drift = reader.number();
    model.#scale = reader.number();
    model.#profile = reader.float64s();
    return model;
  }
}

/** Simple exponential smoothing: the last level and the sum of squared one-step errors. */
function smooth(y: Float64Array, alpha: number): { level: number; error: number } {
  let level = y[0];
  let error = 0;
  for (let i = 1; i < y.length; i++) {
    const e = y[i] - level;
    error += e * e;
    level += alpha * e;
  }
  return { level, error };
}
