import { ModelReader, ModelWriter } from '../model-bytes.ts';
import { requireFitted, requireInteger } from '../requirements.ts';
import { type Forecaster, prepared, rescaled } from './forecaster.ts';
import { seasonalProfile } from './seasonal-profile.ts';

const KIND = 'exponential-smoothing';

interface State {
  level: number;
  trend: number;
  error: number;
  seasons: Float64Array;
}

/** What was tried: level, trend and season gain, damping. A trend gain of 0 is no trend at all. */
const STARTS: readonly (readonly [number, number, number])[] = [
  [0.05, 0, 1],
  [0.2, 0, 1],
  [0.5, 0, 1],
  [0.9, 0, 1],
  [0.2, 0.05, 0.98],
  [0.5, 0.05, 0.95],
  [0.5, 0.2, 0.9],
  [0.9, 0.1, 0.9],
];
const SEASON_GAINS = [0.05, 0.2, 0.4];

/**
 * Exponential smoothing with a damped additive trend and, for `season` > 1 and two seasons of data, an additive season
 * (Gardner and McKenzie 1985; ETS(A, Ad or N, A or N)). Gains are searched on a coarse grid and refined once.
 * Weak after a level shift until it has caught up, and where the season is longer than a few hundred steps and short
 * of data. O(n) an evaluation, 20 to 30 evaluations.
 */
export class ExponentialSmoothing implements Forecaster {
  readonly season: number;
  #level = Number.NaN;
  #trend = 0;
  #damping = 1;
  #scale = 1;
  #seasons: Float64Array = new Float64Array(1);

  constructor(parameters: { readonly season?: number } = {}) {
    this.season = requireInteger('season', parameters.season ?? 1, 1, 1_000_000);
  }

  fit(values: Float64Array): this {
    const { y, scale } = prepared(values, this.season);
    const season = this.season > 1 && y.length >= 2 * this.season ? this.season : 1;
    const profile = seasonalProfile(y, season);
    let best: { parameters: [number, number, number, number]; state: State } | null = null;
    const consider = (alpha: number, beta: number, phi: number, gamma: number): void => {
      const state = run(y, profile, alpha, beta, phi, gamma);
      if (best === null || state.error < best.state.error) best = { parameters: [alpha, beta, phi, gamma], state };
    };
    for (const [alpha, beta, phi] of STARTS) consider(alpha, beta, phi, season > 1 ? 0.1 : 0);
    const winner = (): { parameters: [number, number, number, number]; state: State } => {
      if (best === null) throw new Error('no parameters were tried');
      return best;
    };
    if (season > 1) {
      const [alpha, beta, phi] = winner().parameters;
      for (const gamma of SEASON_GAINS) consider(alpha, beta, phi, gamma);
    }
    for (const factor of [0.6, 1.5]) {
      const [alpha, beta, phi, gamma] = winner().parameters;
      consider(Math.min(1, alpha * factor), beta, phi, gamma);
      if (beta > 0) consider(alpha, Math.min(1, beta * factor), phi, gamma);
    }
    const { parameters, state } = winner();
    this.#level = state.level;
    this.#trend = state.trend;
    this.#damping = parameters[2];
    this.#scale = scale;
    this.#seasons = Float64Array.from({ length: season }, (_, k) => state.seasons[(y.length + k) % season]);
    return this;
  }

  forecast(steps: number): Float64Array {
    requireFitted(this.#level === this.#level, KIND);
    const out = new Float64Array(steps);
    let grown = 0;
    let step = this.#trend;
    for (let k = 0; k < steps; k++) {
      step *= this.#damping;
      grown += step;
      out[k] = this.#level + grown + this.#seasons[k % this.#seasons.length];
    }
    return rescaled(out, this.#scale);
  }

  toBytes(): Uint8Array {
    return new ModelWriter(KIND, 1)
      .number(this.season)
      .number(this.#level)
      .number(this.#trend)
      .number(this.#damping)
      .number(this.#scale)
      .float64s(this.#seasons)
      .finish();
  }

  static fromBytes(bytes: Uint8Array): ExponentialSmoothing {
    const reader = new ModelReader(bytes, KIND, 1);
    const model = new ExponentialSmoothing({ season: reader.number() });
    model.#level = reader.number();
    model.#trend = reader.number();
    model.#damping = reader.number();
    model.#scale = reader.number();
    model.#seasons = reader.float64s();
    return model;
  }
}

/** Runs the recursions over a series; the error is the sum of squared one-step errors behind the warm-up. */
function run(y: Float64Array, profile: Float64Array, alpha: number, beta: number, phi: number, gamma: number): State {
  const n = y.length;
  const season = profile.length;
  const seasons = Float64Array.from(profile);
  const warmUp = Math.min(n, Math.max(season, 5));
  let level = 0;
  for (let i = 0; i < warmUp; i++) level += (y[i] - seasons[i % season]) / warmUp;
  let trend = 0;
  let error = 0;
  let phase = 0;
  const trendGain = alpha * beta;
  const seasonGain = gamma * (1 - alpha);
  for (let i = 0; i < n; i++) {
    const s = seasons[phase];
    const damped = phi * trend;
    const e = y[i] - level - damped - s;
    if (i >= warmUp) error += e * e;
    level += damped + alpha * e;
    trend = beta > 0 ? damped + trendGain * e : 0;
    if (seasonGain > 0) seasons[phase] = s + seasonGain * e;
    phase++;
    if (phase === season) phase = 0;
  }
  return { level, trend, error, seasons };
}
