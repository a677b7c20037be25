import { theilSen } from '../../stats/theil-sen.ts';
import { ModelReader, ModelWriter } from '../model-bytes.ts';
import { requireFitted, requireInteger } from '../requirements.ts';
import { type Forecaster, prepared } from './forecaster.ts';
import { SeasonalLine } from './seasonal-line.ts';
import { seasonalProfile, withoutSeason } from './seasonal-profile.ts';

const KIND = 'robust-trend';

/**
 * The Theil–Sen line through the last `window` values (0: all), set off from the present level, with an additive
 * season where there is one. Made for what grows steadily towards a bound: a disk, a leak. Half of the points may be
 * off without moving it much. Weak where growth changes its pace inside the window. O(window).
 */
export class RobustTrend implements Forecaster {
  readonly season: number;
  readonly window: number;
  #line = SeasonalLine.empty;

  constructor(parameters: { readonly season?: number; readonly window?: number } = {}) {
    this.season = requireInteger('season', parameters.season ?? 1, 1, 1_000_000);
    this.window = requireInteger('window', parameters.window ?? 0, 0, 1_000_000);
  }

  /** Change a step. */
  get slope(): number {
    return this.#line.slope;
  }

  fit(values: Float64Array): this {
    const { y, scale } = prepared(values, this.season);
    const n = y.length;
    const profile = seasonalProfile(y, this.season);
    const from = this.window > 0 ? Math.max(0, n - this.window) : 0;
    const adjusted = withoutSeason(y, profile).subarray(from);
    const at = new Float64Array(n - from);
    for (let i = from; i < n; i++) at[i - from] = i - (n - 1);
    const { slope } = theilSen(at, adjusted);
    // The line starts where the series is now: the median of its last few distances to the line.
    const recent = Math.min(adjusted.length, 5);
    const last = Array.from({ length: recent }, (_, k) => {
      const i = adjusted.length - 1 - k;
      return adjusted[i] - slope * at[i];
    }).sort((a, b) => a - b);
    const level = (last[(recent - 1) >> 1] + last[recent >> 1]) / 2;
    this.#line = SeasonalLine.after(n, level, slope, scale, profile);
    return this;
  }

  forecast(steps: number): Float64Array {
    requireFitted(this.#line.isKnown, KIND);
    return this.#line.forecast(steps);
  }

  toBytes(): Uint8Array {
    return this.#line.writeTo(new ModelWriter(KIND, 1).number(this.season).number(this.window)).finish();
  }

  static fromBytes(bytes: Uint8Array): RobustTrend {
    const reader = new ModelReader(bytes, KIND, 1);
    const model = new RobustTrend({ season: reader.number(), window: reader.number() });
    model.#line = SeasonalLine.readFrom(reader);
    return model;
  }
}
