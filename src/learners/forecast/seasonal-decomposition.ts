import { ModelReader, ModelWriter } from '../model-bytes.ts';
import { requireFitted, requireInteger } from '../requirements.ts';
import { AutomaticSmoothing } from './automatic-smoothing.ts';
import { type Forecaster, prepared, rescaled } from './forecaster.ts';

const KIND = 'seasonal-decomposition';
const ROUNDS = 2;
/** Cycles to either side that say what a phase adds now. */
const CYCLES = 4;

/**
 * Takes the series apart into up to two seasons that may change slowly and a rest (after MSTL: Bandara, Hyndman, Bergmeir
 * 2021; local weighted means over the cycles of each phase), forecasts the rest by automatic smoothing without season and
 * repeats the last cycle of each season.
 * Weak where a season's shape jumps, and with fewer than three cycles. O(n).
 */
export class SeasonalDecomposition implements Forecaster {
  readonly season: number;
  readonly longSeason: number;
  #first: Float64Array = new Float64Array(0);
  #second: Float64Array = new Float64Array(0);
  #rest = new AutomaticSmoothing();
  #scale = 1;

  constructor(parameters: { readonly season?: number; readonly longSeason?: number } = {}) {
    this.season = requireInteger('season', parameters.season ?? 1, 1, 1_000_000);
    this.longSeason = requireInteger('longSeason', parameters.longSeason ?? 1, 1, 1_000_000);
  }

  fit(values: Float64Array): this {
    const { y, scale } = prepared(values, this.season, this.longSeason);
    const { seasonal, rest } = decompose(y, [this.season, this.longSeason]);
    this.#scale = scale;
    this.#first = lastCycle(seasonal[0], this.season);
    this.#second = lastCycle(seasonal[1], this.longSeason);
    this.#rest = new AutomaticSmoothing().fit(rest);
    return this;
  }

  forecast(steps: number): Float64Array {
    requireFitted(this.#first.length > 0, KIND);
    const out = this.#rest.forecast(steps);
    for (let k = 0; k < steps; k++) {
      out[k] += this.#first[k % this.#first.length] + this.#second[k % this.#second.length];
    }
    return rescaled(out, this.#scale);
  }

  toBytes(): Uint8Array {
    requireFitted(this.#first.length > 0, KIND);
    return new ModelWriter(KIND, 1)
      .number(this.season)
      .number(this.longSeason)
      .float64s(this.#first)
      .float64s(this.#second)
      .number(this.#scale)
      .bytes(this.#rest.toBytes())
      .finish();
  }

  static fromBytes(bytes: Uint8Array): SeasonalDecomposition {
    const reader = new ModelReader(bytes, KIND, 1);
    const model = new SeasonalDecomposition({ season: reader.number(), longSeason: reader.number() });
    model.#first = reader.float64s();
    model.#second = reader.float64s();
    model.#scale = reader.number();
    model.#rest = AutomaticSmoothing.fromBytes(reader.bytes());
    return model;
  }
}

/** What each season adds at each position, and the rest; a season that is too long for the series adds nothing. O(n · seasons). */
function decompose(y: Float64Array, seasons: readonly number[]): { seasonal: Float64Array[]; rest: Float64Array } {
  const n = y.length;
  const rest = Float64Array.from(y);
  const seasonal = seasons.map(() => new Float64Array(n));
  const usable = seasons.map((season, i) => season > 1 && n >= 2.5 * season && seasons.indexOf(season) === i);
  const rounds = usable.filter(Boolean).length > 1 ? ROUNDS : 1;
  for (let round = 0; round < rounds; round++) {
    for (let s = 0; s < seasons.length; s++) {
      if (!usable[s]) continue;
      const mine = seasonal[s];
      for (let i = 0; i < n; i++) rest[i] += mine[i];
      mine.set(changingSeason(rest, seasons[s]));
      for (let i = 0; i < n; i++) rest[i] -= mine[i];
    }
  }
  return { seasonal, rest };
}

/** The distance to a centred mean over one season, smoothed over the cycles of each phase by tricube weights. */
function changingSeason(y: Float64Array, season: number): Float64Array {
  const n = y.length;
  const sums = new Float64Array(n + 1);
  for (let i = 0; i < n; i++) sums[i + 1] = sums[i] + y[i];
  const half = season >> 1;
  const distance = new Float64Array(n);
  for (let i = 0; i < n; i++) {
    const start = Math.max(0, Math.min(n - season, i - half));
    distance[i] = y[i] - (sums[start + season] - sums[start]) / season;
  }
  const weights = Float64Array.from({ length: CYCLES + 1 }, (_, c) => (1 - (c / (CYCLES + 1)) ** 3) ** 3);
  const out = new Float64Array(n);
  for (let i = 0; i < n; i++) {
    let sum = 0;
    let total = 0;
    for (let c = -CYCLES; c <= CYCLES; c++) {
      const at = i + c * season;
      if (at < 0 || at >= n) continue;
      const w = weights[Math.abs(c)];
      sum += w * distance[at];
      total += w;
    }
    out[i] = sum / total;
  }
  return out;
}

function lastCycle(seasonal: Float64Array, season: number): Float64Array {
  const n = seasonal.length;
  const period = Math.min(season, n);
  return Float64Array.from({ length: period }, (_, k) => seasonal[n - period + k]);
}
