import { nelderMead } from '../../stats/nelder-mead.ts';
import { ModelReader, ModelWriter } from '../model-bytes.ts';
import { requireFitted, requireInteger } from '../requirements.ts';
import {
  type ArimaOrders,
  conditionalErrors,
  differenced,
  kpss,
  type LagPolynomial,
  product,
  stationary,
} from './arima-likelihood.ts';
import { type Forecaster, prepared, rescaled } from './forecaster.ts';
import { seasonalProfile, withoutSeason } from './seasonal-profile.ts';

const KIND = 'arima';
const MOST_LAGS = 3;
const MOST_SEASONAL_LAGS = 1;
const MOST_TRIED = 14;
/** From this share of the variance on that the season explains, its difference is taken (Wang, Smith, Hyndman 2006). */
const SEASONAL_STRENGTH = 0.64;
const KPSS_LIMIT = 0.463;

interface ArmaFit {
  readonly orders: ArimaOrders;
  readonly ar: LagPolynomial;
  readonly ma: LagPolynomial;
  readonly mean: number;
  readonly aicc: number;
  readonly variance: number;
  /** Errors of the last values, as many as the moving average looks back. */
  readonly errors: Float64Array;
}

/**
 * Seasonal ARIMA, (p, d, q)(P, D, Q), with its orders chosen as Hyndman and Khandakar (2008) do: differences by the strength
 * of the season and the KPSS test, then a walk over neighbouring orders (p, q ≤ 3, P, Q ≤ 1) by the corrected
 * information criterion; or with orders that are given. Estimated by conditional sum of squares with roots kept outside
 * the unit circle. No drift once differences are taken.
 * Weak with several seasons and with less than three of one. O(n · terms) an evaluation, some 2,000 evaluations.
 */
export class Arima implements Forecaster {
  readonly season: number;
  readonly orders: ArimaOrders | null;
  #fit: ArmaFit | null = null;
  #tail: Float64Array = new Float64Array(0);
  #scale = 1;
  #low = 0;
  #high = 0;

  constructor(parameters: { readonly season?: number; readonly orders?: ArimaOrders } = {}) {
    this.season = requireInteger('season', parameters.season ?? 1, 1, 1_000_000);
    const { orders } = parameters;
    this.orders = orders ?? null;
    if (orders !== undefined) for (const [name, value] of Object.entries(orders)) requireInteger(name, value, 0, 5);
  }

  /** The orders in use, the error's variance and the coefficients, `1 + Σ c B^lag`; null before `fit`. */
  get model(): { orders: ArimaOrders; variance: number; ar: LagPolynomial; ma: LagPolynomial; mean: number } | null {
    if (this.#fit === null) return null;
    const { orders, ar, ma, mean } = this.#fit;
    return { orders, ar, ma, mean: mean * this.#scale, variance: this.#fit.variance * this.#scale ** 2 };
  }

  fit(values: Float64Array): this {
    const { y, scale } = prepared(values, this.season);
    this.#scale = scale;
    let low = Infinity;
    let high = -Infinity;
    for (let i = 0; i < y.length; i++) {
      low = Math.min(low, y[i]);
      high = Math.max(high, y[i]);
    }
    this.#low = low - (high - low);
    this.#high = high + (high - low);
    this.#fit = this.orders === null ? this.#search(y) : estimate(y, this.#within(this.orders, y.length), this.season);
    const { orders, ar } = this.#fit;
    const reach = orders.d + orders.seasonalD * this.season + (ar.lags[ar.lags.length - 1] ?? 0) + 1;
    this.#tail = y.slice(Math.max(0, y.length - reach));
    return this;
  }

  /** Orders that so few values can bear. */
  #within(orders: ArimaOrders, n: number): ArimaOrders {
    const isSeasonal = this.season > 1 && n >= 3 * this.season;
    const wanted = isSeasonal ? orders : { ...orders, seasonalP: 0, seasonalD: 0, seasonalQ: 0 };
    return n >= 20
      ? wanted
      : { p: 0, d: n > 3 ? Math.min(1, orders.d) : 0, q: 0, seasonalP: 0, seasonalD: 0, seasonalQ: 0 };
  }

  #search(y: Float64Array): ArmaFit {
    const n = y.length;
    const season = this.season > 1 && n >= 3 * this.season ? this.season : 1;
    const seasonalD = season > 1 && seasonalStrength(y, season) > SEASONAL_STRENGTH ? 1 : 0;
    let d = 0;
    while (d < 2 && kpss(differenced(y, d, seasonalD, season)) > KPSS_LIMIT) d++;
    const tried = new Map<string, ArmaFit>();
    let best: ArmaFit | null = null;
    const consider = (p: number, q: number, seasonalP: number, seasonalQ: number): boolean => {
      if (p < 0 || q < 0 || seasonalP < 0 || seasonalQ < 0 || p > MOST_LAGS || q > MOST_LAGS) return false;
      if (seasonalP > MOST_SEASONAL_LAGS || seasonalQ > MOST_SEASONAL_LAGS) return false;
      if (season === 1 && seasonalP + seasonalQ > 0) return false;
      const key = `${p} ${q} ${seasonalP} ${seasonalQ}`;
      if (tried.has(key) || tried.size >= MOST_TRIED) return false;
      const fit = estimate(y, this.#within({ p, d, q, seasonalP, seasonalD, seasonalQ }, n), season);
      tried.set(key, fit);
      if (best !== null && !(fit.aicc < best.aicc)) return false;
      best = fit;
      return true;
    };
    const now = (): ArmaFit => best ?? estimate(y, { p: 0, d, q: 0, seasonalP: 0, seasonalD: 0, seasonalQ: 0 }, season);
    if (n >= 20) {
      consider(2, 2, 1, 1);
      consider(1, 0, 1, 0);
      consider(0, 1, 0, 1);
    }
    consider(0, 0, 0, 0);
    for (let moved = n >= 20; moved; ) {
      const { p, q, seasonalP, seasonalQ } = now().orders;
      moved =
        consider(p + 1, q, seasonalP, seasonalQ) ||
        consider(p - 1, q, seasonalP, seasonalQ) ||
        consider(p, q + 1, seasonalP, seasonalQ) ||
        consider(p, q - 1, seasonalP, seasonalQ) ||
        consider(p, q, 1 - seasonalP, seasonalQ) ||
        consider(p, q, seasonalP, 1 - seasonalQ);
    }
    return now();
  }

  forecast(steps: number): Float64Array {
    const fit = this.#fit;
    requireFitted(fit !== null, KIND);
    const out = new Float64Array(steps);
    if (fit === null) return out;
    const { orders, ar, ma, mean, errors } = fit;
    const season = orders.seasonalD > 0 || orders.seasonalP > 0 || orders.seasonalQ > 0 ? this.season : 1;
    const w = differenced(this.#tail, orders.d, orders.seasonalD, season);
    const known = w.length;
    const ahead = new Float64Array(known + steps);
    ahead.set(w);
    for (let k = 0; k < steps; k++) {
      let value = mean;
      for (let i = 0; i < ar.lags.length; i++) {
        const at = known + k - ar.lags[i];
        if (at >= 0) value -= ar.values[i] * (ahead[at] - mean);
      }
      for (let i = 0; i < ma.lags.length; i++) {
        const at = errors.length + k - ma.lags[i];
        if (at >= 0 && at < errors.length) value += ma.values[i] * errors[at];
      }
      ahead[known + k] = value;
    }
    integrate(this.#tail, ahead.subarray(known), orders, season, out);
    for (let k = 0; k < steps; k++) out[k] = Math.max(this.#low, Math.min(this.#high, out[k]));
    return rescaled(out, this.#scale);
  }

  toBytes(): Uint8Array {
    const fit = this.#fit;
    requireFitted(fit !== null, KIND);
    const writer = new ModelWriter(KIND, 1)
      .number(this.season)
      .number(this.#scale)
      .number(this.#low)
      .number(this.#high);
    writer.float64s(this.#tail).text(JSON.stringify({ given: this.orders, used: fit?.orders }));
    if (fit !== null) {
      writer.int32s(fit.ar.lags).float64s(fit.ar.values).int32s(fit.ma.lags).float64s(fit.ma.values);
      writer.number(fit.mean).number(fit.aicc).number(fit.variance).float64s(fit.errors);
    }
    return writer.finish();
  }

  static fromBytes(bytes: Uint8Array): Arima {
    const reader = new ModelReader(bytes, KIND, 1);
    const [season, scale, low, high] = [reader.number(), reader.number(), reader.number(), reader.number()];
    const tail = reader.float64s();
    const { model, used } = reader.json((saved: { given: ArimaOrders | null; used: ArimaOrders }) => ({
      model: new Arima({ season, ...(saved.given === null ? {} : { orders: saved.given }) }),
      used: saved.used,
    }));
    const polynomial = (): LagPolynomial => ({ lags: reader.int32s(), values: reader.float64s() });
    const ar = polynomial();
    const ma = polynomial();
    model.#fit = {
      orders: used,
      ar,
      ma,
      mean: reader.number(),
      aicc: reader.number(),
      variance: reader.number(),
      errors: reader.float64s(),
    };
    model.#tail = tail;
    model.#scale = scale;
    model.#low = low;
    model.#high = high;
    return model;
  }
}

/** Fits one model by conditional sum of squares. */
function estimate(y: Float64Array, orders: ArimaOrders, season: number): ArmaFit {
  const { p, d, q, seasonalP, seasonalD, seasonalQ } = orders;
  const raw = differenced(y, d, seasonalD, season);
  const n = raw.length;
  let mean = 0;
  if (d + seasonalD === 0) for (let i = 0; i < n; i++) mean += raw[i] / n;
  const w = raw.map((value) => value - mean);
  const from = Math.min(p + seasonalP * season, n >> 1);
  const errors = new Float64Array(n);
  const counted = Math.max(1, n - from);
  const polynomials = (point: Float64Array): { ar: LagPolynomial; ma: LagPolynomial } => ({
    ar: product(stationary(point.subarray(0, p)), stationary(point.subarray(p, p + seasonalP)), season, -1),
    ma: product(
      stationary(point.subarray(p + seasonalP, p + seasonalP + q)),
      stationary(point.subarray(p + seasonalP + q)),
      season,
      -1,
    ),
  });
  const dimensions = p + q + seasonalP + seasonalQ;
  const best = nelderMead(
    (point) => {
      const { ar, ma } = polynomials(point);
      return Math.log(conditionalErrors(w, ar, ma, from, errors) / counted + 1e-300);
    },
    new Float64Array(dimensions).fill(0.1),
    0.3,
    60 * dimensions,
    7,
  );
  const { ar, ma } = polynomials(best.point);
  const squares = conditionalErrors(w, ar, ma, from, errors);
  const k = dimensions + 1 + (d + seasonalD === 0 ? 1 : 0);
  const left = counted - k - 1;
  const aicc = n * Math.log(squares / counted + 1e-300) + (left > 0 ? 2 * k + (2 * k * (k + 1)) / left : Infinity);
  const reach = ma.lags[ma.lags.length - 1] ?? 0;
  return { orders, ar, ma, mean, aicc, variance: squares / counted, errors: errors.slice(Math.max(0, n - reach)) };
}

/** Undoes the differences: sums up from the values before. */
function integrate(tail: Float64Array, w: Float64Array, orders: ArimaOrders, season: number, out: Float64Array): void {
  const levels = [tail];
  for (let k = 0; k < orders.seasonalD; k++) levels.push(differenced(levels[k], 0, 1, season));
  for (let k = 0; k < orders.d; k++) levels.push(differenced(levels[orders.seasonalD + k], 1, 0, season));
  let ahead = Float64Array.from(w);
  for (let k = levels.length - 2; k >= 0; k--) {
    const base = levels[k];
    const lag = k >= orders.seasonalD ? 1 : season;
    const summed = new Float64Array(ahead.length);
    for (let i = 0; i < ahead.length; i++) {
      summed[i] = ahead[i] + (i < lag ? base[base.length - lag + i] : summed[i - lag]);
    }
    ahead = summed;
  }
  out.set(ahead);
}

/** The share of the variance, trend apart, that the season explains. */
function seasonalStrength(y: Float64Array, season: number): number {
  const rest = withoutSeason(y, seasonalProfile(y, season));
  const slow = new Float64Array(y.length);
  const sums = new Float64Array(y.length + 1);
  for (let i = 0; i < y.length; i++) sums[i + 1] = sums[i] + rest[i];
  for (let i = 0; i < y.length; i++) {
    const start = Math.max(0, Math.min(y.length - season, i - (season >> 1)));
    slow[i] = (sums[start + season] - sums[start]) / season;
  }
  const left = varianceOf(rest.map((value, i) => value - slow[i]));
  const all = varianceOf(y.map((value, i) => value - slow[i]));
  return all > 0 ? 1 - left / all : 0;
}

function varianceOf(values: Float64Array): number {
  let mean = 0;
  for (const value of values) mean += value / values.length;
  let sum = 0;
  for (const value of values) sum += (value - mean) ** 2;
  return sum / values.length;
}
