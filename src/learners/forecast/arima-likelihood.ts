/** Orders of a seasonal ARIMA model, (p, d, q)(P, D, Q). */
export interface ArimaOrders {
  readonly p: number;
  readonly d: number;
  readonly q: number;
  readonly seasonalP: number;
  readonly seasonalD: number;
  readonly seasonalQ: number;
}

/** A polynomial in the lag: `1 + Σ values[i] · B^lags[i]`. */
export interface LagPolynomial {
  readonly lags: Int32Array;
  readonly values: Float64Array;
}

/**
 * Coefficients of a stationary autoregression from numbers without bounds: each is squeezed into a partial
 * autocorrelation in (−1, 1), and those are turned into coefficients (Durbin 1960; Monahan 1984).
 */
export function stationary(raw: Float64Array): Float64Array {
  const n = raw.length;
  const out = new Float64Array(n);
  const before = new Float64Array(n);
  for (let k = 0; k < n; k++) {
    const partial = Math.tanh(raw[k]);
    before.set(out);
    out[k] = partial;
    for (let i = 0; i < k; i++) out[i] = before[i] - partial * before[k - 1 - i];
  }
  return out;
}

/** `(1 + Σ sign·a_i B^i)(1 + Σ sign·b_j B^(j·season))`, multiplied out; terms that are 0 are left out. */
export function product(a: Float64Array, b: Float64Array, season: number, sign: 1 | -1): LagPolynomial {
  const terms = new Map<number, number>();
  for (let i = 0; i <= a.length; i++) {
    for (let j = 0; j <= b.length; j++) {
      const lag = i + j * season;
      if (lag === 0) continue;
      const value = (i === 0 ? 1 : sign * a[i - 1]) * (j === 0 ? 1 : sign * b[j - 1]);
      terms.set(lag, (terms.get(lag) ?? 0) + value);
    }
  }
  const lags = [...terms.keys()].sort((x, y) => x - y);
  return { lags: Int32Array.from(lags), values: Float64Array.from(lags, (lag) => terms.get(lag) ?? 0) };
}

/**
 * One-step errors of an ARMA model, errors before the start taken as 0: `e = ar(B) w − (ma(B) − 1) e`. Returns their
 * sum of squares from `from` on (conditional sum of squares, Box and Jenkins 1970). O(n · terms).
 */
export function conditionalErrors(
  w: Float64Array,
  ar: LagPolynomial,
  ma: LagPolynomial,
  from: number,
  errors: Float64Array,
): number {
  let squares = 0;
  for (let t = 0; t < w.length; t++) {
    let e = w[t];
    for (let k = 0; k < ar.lags.length; k++) if (t >= ar.lags[k]) e += ar.values[k] * w[t - ar.lags[k]];
    for (let k = 0; k < ma.lags.length; k++) if (t >= ma.lags[k]) e -= ma.values[k] * errors[t - ma.lags[k]];
    errors[t] = t < from ? 0 : e;
    if (t >= from) squares += e * e;
  }
  return squares;
}

/** Differences `d` times at lag 1 and `seasonalD` times at the season. */
export function differenced(y: Float64Array, d: number, seasonalD: number, season: number): Float64Array {
  let w = y;
  for (let k = 0; k < seasonalD; k++) w = difference(w, season);
  for (let k = 0; k < d; k++) w = difference(w, 1);
  return w;
}

function difference(y: Float64Array, lag: number): Float64Array {
  const out = new Float64Array(Math.max(0, y.length - lag));
  for (let i = 0; i < out.length; i++) out[i] = y[i + lag] - y[i];
  return out;
}

/** The test of Kwiatkowski et al. (1992): the statistic against a level; above 0.463 the series wanders (at 5 %). */
export function kpss(y: Float64Array): number {
  const n = y.length;
  let mean = 0;
  for (let i = 0; i < n; i++) mean += y[i] / n;
  const lags = Math.floor((3 * Math.sqrt(n)) / 13);
  let variance = 0;
  for (let lag = 0; lag <= lags; lag++) {
    let sum = 0;
    for (let i = lag; i < n; i++) sum += (y[i] - mean) * (y[i - lag] - mean);
    variance += (lag === 0 ? 1 : 2 * (1 - lag / (lags + 1))) * (sum / n);
  }
  let partial = 0;
  let squares = 0;
  for (let i = 0; i < n; i++) {
    partial += y[i] - mean;
    squares += partial * partial;
  }
  return variance > 0 ? squares / (n * n * variance) : 0;
}
