import { leastSquaresLine } from '../../stats/least-squares.ts';
import { ModelReader, ModelWriter } from '../model-bytes.ts';
import { requireFitted, requireInteger } from '../requirements.ts';
import { type Forecaster, prepared } from './forecaster.ts';
import { SeasonalLine } from './seasonal-line.ts';
import { seasonalProfile, withoutSeason } from './seasonal-profile.ts';

const KIND = 'theta';
const ALPHAS = [0.02, 0.05, 0.1, 0.2, 0.35, 0.5, 0.7, 0.9, 1];

/**
 * The theta method (Assimakopoulos and Nikolopoulos 2000) as exponential smoothing with half of the linear trend as
 * drift (Hyndman and Billah 2003), after an additive season is taken out. Weak where the season changes its shape.
 * O(n).
 */
export class Theta implements Forecaster {
  readonly season: number;
  #line = SeasonalLine.empty;

  constructor(parameters: { readonly season?: number } = {}) {
    this.season = requireInteger('season', parameters.season ?? 1, 1, 1_000_000);
  }

  fit(values: Float64Array): this {
    const { y, scale } = prepared(values, this.season);
    const n = y.length;
    const profile = seasonalProfile(y, this.season);
    const adjusted = withoutSeason(y, profile);
    let best = Infinity;
    let bestAlpha = 1;
    for (const alpha of ALPHAS) {
      const error = smooth(adjusted, alpha).error;
      if (error < best) {
        best = error;
        bestAlpha = alpha;
      }
    }
    const { slope } = leastSquaresLine(adjusted);
    const level = smooth(adjusted, bestAlpha).level + (slope / 2) * ((1 - (1 - bestAlpha) ** n) / bestAlpha - 1);
    this.#line = SeasonalLine.after(n, level, slope / 2, scale, profile);
    return this;
  }

  forecast(steps: number): Float64Array {
    requireFitted(this.#line.isKnown, KIND);
    return this.#line.forecast(steps);
  }

  toBytes(): Uint8Array {
    return this.#line.writeTo(new ModelWriter(KIND, 1).number(this.season)).finish();
  }

  static fromBytes(bytes: Uint8Array): Theta {
    const reader = new ModelReader(bytes, KIND, 1);
    const model = new Theta({ season: reader.number() });
    model.#line = SeasonalLine.readFrom(reader);
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
