import { ModelReader, ModelWriter } from '../model-bytes.ts';
import { requireFitted, requireInteger } from '../requirements.ts';
import { type Forecaster, withoutGaps } from './forecaster.ts';

const KIND = 'seasonal-naive';

/**
 * The same time of the last seasons: their mean over `nSeasons` (1: plain seasonal naive). Falls back to the last
 * value with less than one season. Weak on series that drift: it lags by half of its window.
 */
export class SeasonalNaive implements Forecaster {
  readonly season: number;
  readonly nSeasons: number;
  #profile: Float64Array = new Float64Array(0);

  constructor(parameters: { readonly season: number; readonly nSeasons?: number }) {
    this.season = requireInteger('season', parameters.season, 1, 1_000_000);
    this.nSeasons = requireInteger('nSeasons', parameters.nSeasons ?? 1, 1, 1000);
  }

  fit(values: Float64Array): this {
    const y = withoutGaps(values, this.season);
    const n = y.length;
    if (n < this.season) {
      this.#profile = Float64Array.of(y[n - 1]);
      return this;
    }
    const seasons = Math.min(this.nSeasons, Math.floor(n / this.season));
    this.#profile = new Float64Array(this.season);
    for (let phase = 0; phase < this.season; phase++) {
      for (let k = 1; k <= seasons; k++) this.#profile[phase] += y[n - k * this.season + phase] / seasons;
    }
    return this;
  }

  forecast(steps: number): Float64Array {
    requireFitted(this.#profile.length > 0, KIND);
    return Float64Array.from({ length: steps }, (_, k) => this.#profile[k % this.#profile.length]);
  }

  toBytes(): Uint8Array {
    return new ModelWriter(KIND, 1).number(this.season).number(this.nSeasons).float64s(this.#profile).finish();
  }

  static fromBytes(bytes: Uint8Array): SeasonalNaive {
    const reader = new ModelReader(bytes, KIND, 1);
    const model = new SeasonalNaive({ season: reader.number(), nSeasons: reader.number() });
    model.#profile = reader.float64s();
    return model;
  }
}
