import { nelderMead } from '../../stats/nelder-mead.ts';
import { ModelReader, ModelWriter } from '../model-bytes.ts';
import { requireFitted, requireInteger } from '../requirements.ts';
import { type Forecaster, prepared, rescaled } from './forecaster.ts';
import { seasonalProfile } from './seasonal-profile.ts';

const KIND = 'multi-seasonal-smoothing';
const MAX_EVALUATIONS = 90;

/** What the recursions hold: gains of level, first and second season, and how much of the last error goes on. */
interface State {
  level: number;
  first: Float64Array;
  second: Float64Array;
  rest: number;
  error: number;
}

/**
 * Exponential smoothing with two additive seasons, one inside the other, and an autoregressive rest (Taylor 2003, 2010):
 * a day and a week, say. Gains and the rest's coefficient by the downhill simplex on one-step errors. With one season
 * (longSeason 1, or too short a history) it is Holt–Winters without trend.
 * Weak on trends, which it follows but does not go on with. O(n) an evaluation, 90 evaluations.
 */
export class MultiSeasonalSmoothing implements Forecaster {
  readonly season: number;
  readonly longSeason: number;
  #level = Number.NaN;
  #rest = 0;
  #carry = 0;
  #scale = 1;
  #first: Float64Array = new Float64Array(1);
  #second: Float64Array = new Float64Array(1);

  constructor(parameters: { readonly season?: number; readonly longSeason?: number } = {}) {
    this.season = requireInteger('season', parameters.season ?? 1, 1, 1_000_000);
    this.longSeason = requireInteger('longSeason', parameters.longSeason ?? 1, 1, 1_000_000);
  }

  fit(values: Float64Array): this {
    const { y, scale } = prepared(values, this.season, this.longSeason);
    const n = y.length;
    const season = this.season > 1 && n >= 2 * this.season ? this.season : 1;
    const long = this.longSeason > season && n >= 2.5 * this.longSeason ? this.longSeason : 1;
    const { first, second } = startProfiles(y, season, long);
    const hasLong = long > 1;
    const gains = (point: Float64Array): [number, number, number, number] => [
      share(point[0]),
      season > 1 ? share(point[1]) * (1 - share(point[0])) : 0,
      hasLong ? share(point[3]) * (1 - share(point[0])) : 0,
      0.98 * Math.tanh(point[2]),
    ];
    const start = hasLong ? Float64Array.of(-2, -2, 0.7, -2) : Float64Array.of(-2, -2, 0.7);
    const best = nelderMead((point) => run(y, first, second, gains(point)).error, start, 1.2, MAX_EVALUATIONS, 4);
    const found = gains(best.point);
    const state = run(y, first, second, found);
    this.#level = state.level;
    this.#rest = state.rest;
    this.#carry = found[3];
    this.#scale = scale;
    this.#first = ahead(state.first, n);
    this.#second = ahead(state.second, n);
    return this;
  }

  forecast(steps: number): Float64Array {
    requireFitted(this.#level === this.#level, KIND);
    const out = new Float64Array(steps);
    let rest = this.#rest;
    for (let k = 0; k < steps; k++) {
      rest *= this.#carry;
      out[k] = this.#level + this.#first[k % this.#first.length] + this.#second[k % this.#second.length] + rest;
    }
    return rescaled(out, this.#scale);
  }

  toBytes(): Uint8Array {
    return new ModelWriter(KIND, 1)
      .number(this.season)
      .number(this.longSeason)
      .number(this.#level)
      .number(this.#rest)
      .number(this.#carry)
      .number(this.#scale)
      .float64s(this.#first)
      .float64s(this.#second)
      .finish();
  }

  static fromBytes(bytes: Uint8Array): MultiSeasonalSmoothing {
    const reader = new ModelReader(bytes, KIND, 1);
    const model = new MultiSeasonalSmoothing({ season: reader.number(), longSeason: reader.number() });
    model.#level = reader.number();
    model.#rest = reader.number();
    model.#carry = reader.number();
    model.#scale = reader.number();
    model.#first = reader.float64s();
    model.#second = reader.float64s();
    return model;
  }
}

const share = (x: number): number => 1 / (1 + Math.exp(-x));

function ahead(seasons: Float64Array, n: number): Float64Array {
  return Float64Array.from(seasons, (_, k) => seasons[(n + k) % seasons.length]);
}

/** Profiles of the first seasons alone, so that the gains are judged on what came later. */
function startProfiles(y: Float64Array, season: number, long: number): { first: Float64Array; second: Float64Array } {
  const first = seasonalProfile(y.subarray(0, Math.min(y.length, Math.max(3 * season, long))), season);
  if (long === 1) return { first, second: new Float64Array(1) };
  const rest = Float64Array.from(y.subarray(0, Math.min(y.length, 2 * long)), (value, i) => value - first[i % season]);
  return { first, second: seasonalProfile(rest, long) };
}

/** Runs the recursions; the error is the sum of squared one-step errors behind the warm-up. */
function run(
  y: Float64Array,
  firstStart: Float64Array,
  secondStart: Float64Array,
  [alpha, gamma, omega, carry]: readonly [number, number, number, number],
): State {
  const first = Float64Array.from(firstStart);
  const second = Float64Array.from(secondStart);
  const n = y.length;
  const warmUp = Math.min(n - 1, Math.max(first.length, 5));
  let level = 0;
  const span = Math.min(n, warmUp);
  for (let i = 0; i < span; i++)
    level += (y[i] - first[i % first.length] - second[i % second.length]) / Math.max(1, span);
  if (span === 0) level = y[0];
  let rest = 0;
  let error = 0;
  let a = 0;
  let b = 0;
  for (let i = 0; i < n; i++) {
    const raw = y[i] - level - first[a] - second[b];
    const e = raw - carry * rest;
    if (i >= warmUp) error += e * e;
    level += alpha * e;
    first[a] += gamma * e;
    second[b] += omega * e;
    rest = raw;
    if (++a === first.length) a = 0;
    if (++b === second.length) b = 0;
  }
  return { level, first, second, rest, error };
}
