/** One state space model of exponential smoothing: which trend and season, its gains, and where it starts. */
export interface EtsForm {
  readonly trend: 'none' | 'additive' | 'damped';
  readonly season: 'none' | 'additive' | 'multiplicative';
}

export interface EtsGains {
  readonly alpha: number;
  readonly beta: number;
  readonly gamma: number;
  readonly phi: number;
}

/** Level, trend, and what each phase of the season adds or multiplies; phase 0 is that of the first value. */
export interface EtsState {
  level: number;
  trend: number;
  readonly seasons: Float64Array;
}

export interface EtsFit {
  /** Twice the negative log-likelihood, up to what all models of a series share, with additive and with relative errors. */
  readonly additive: number;
  readonly relative: number;
  /** Sum of squared one-step errors. */
  readonly squares: number;
}

/**
 * Runs the recursions of Hyndman et al. (2008) over a series; `state` moves to its end (its phases stay where they are).
 * Additive and relative errors share their state equations and differ only in the likelihood, which is given for both.
 * O(n), no allocation.
 */
export function etsFilter(y: Float64Array, form: EtsForm, gains: EtsGains, state: EtsState): EtsFit {
  const { alpha, beta, gamma, phi } = gains;
  const { seasons } = state;
  const n = y.length;
  const period = seasons.length;
  const multiplies = form.season === 'multiplicative';
  let { level, trend } = state;
  let squares = 0;
  let relative = 0;
  let logs = 0;
  let phase = 0;
  for (let i = 0; i < n; i++) {
    const damped = phi * trend;
    const base = level + damped;
    const s = seasons[phase];
    const expected = multiplies ? base * s : base + s;
    const e = y[i] - expected;
    squares += e * e;
    const size = Math.abs(expected) + 1e-300;
    relative += (e / size) * (e / size);
    logs += Math.log(size);
    const shifted = multiplies ? e / (Math.abs(s) + 1e-12) : e;
    level = base + alpha * shifted;
    trend = damped + beta * shifted;
    seasons[phase] = s + gamma * (multiplies ? e / (Math.abs(base) + 1e-12) : e);
    if (++phase === period) phase = 0;
  }
  state.level = level;
  state.trend = trend;
  return {
    additive: n * Math.log(squares / n + 1e-300),
    relative: n * Math.log(relative / n + 1e-300) + 2 * logs,
    squares,
  };
}

/** What comes after position n − 1. */
export function etsForecast(form: EtsForm, phi: number, state: EtsState, n: number, steps: number): Float64Array {
  const out = new Float64Array(steps);
  let grown = 0;
  let step = state.trend;
  for (let k = 0; k < steps; k++) {
    step *= phi;
    grown += form.trend === 'none' ? 0 : step;
    const s = state.seasons[(n + k) % state.seasons.length];
    out[k] = form.season === 'multiplicative' ? (state.level + grown) * s : state.level + grown + s;
  }
  return out;
}
