import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { Arima } from './arima.ts';
import { AutomaticSmoothing } from './automatic-smoothing.ts';
import { etsFilter, type EtsForm, etsForecast } from './ets-filter.ts';

interface Golden {
  readonly smoothing: {
    name: string;
    form: { error: string; trend?: string; damped_trend?: boolean; seasonal?: string };
    season: number;
    y: number[];
    params: Record<string, number>;
    level: number;
    trend: number;
    seasons: number[];
    sse: number;
    llf: number;
    aicc: number;
    forecast: number[];
  }[];
  readonly arima: {
    name: string;
    y: number[];
    order: [number, number, number];
    seasonal: [number, number, number, number];
    params: Record<string, number>;
    forecast: number[];
    se: number[];
  }[];
}
const golden: Golden = JSON.parse(readFileSync('test/golden/forecast/golden.json', 'utf8'));

test.each(golden.smoothing)(
  'the recursions give statsmodels’ likelihood and forecasts from its gains: $name',
  (one) => {
    const form: EtsForm = {
      trend: one.form.trend === undefined ? 'none' : one.form.damped_trend === true ? 'damped' : 'additive',
      season: one.form.seasonal === undefined ? 'none' : one.form.seasonal === 'mul' ? 'multiplicative' : 'additive',
    };
    const gains = {
      alpha: one.params['smoothing_level'] ?? 0,
      beta: one.params['smoothing_trend'] ?? 0,
      gamma: one.params['smoothing_seasonal'] ?? 0,
      phi: one.params['damping_trend'] ?? 1,
    };
    const seasons = one.seasons.length > 0 ? Float64Array.from(one.seasons) : new Float64Array(1);
    const state = { level: one.level, trend: one.trend, seasons };
    const fit = etsFilter(Float64Array.from(one.y), form, gains, state);
    const n = one.y.length;
    const shared = -(n / 2) * (Math.log(2 * Math.PI) + 1);
    const llf = shared - (one.form.error === 'mul' ? fit.relative : fit.additive) / 2;
    expect(Math.abs(llf - one.llf)).toBeLessThan(1e-6 * Math.abs(one.llf));
    const forecast = etsForecast(form, gains.phi, state, n, one.forecast.length);
    one.forecast.forEach((value, k) =>
      expect(Math.abs((forecast[k] ?? 0) - value)).toBeLessThan(1e-6 * Math.abs(value)),
    );
  },
);

// statsmodels searches the first states too; ours takes them from a decomposition: forecasts agree within a tenth of the series' spread.
test.each(golden.smoothing)('the automatic choice forecasts as statsmodels’ model does: $name', (one) => {
  const forecast = new AutomaticSmoothing({ season: one.season })
    .fit(Float64Array.from(one.y))
    .forecast(one.forecast.length);
  const spread = Math.max(...one.y) - Math.min(...one.y);
  one.forecast.forEach((value, k) => expect(Math.abs((forecast[k] ?? 0) - value)).toBeLessThan(0.1 * spread));
});

test.each(golden.arima)('conditional least squares comes near statsmodels’ exact likelihood: $name', (one) => {
  const [p, d, q] = one.order;
  const [seasonalP, seasonalD, seasonalQ, season] = one.seasonal;
  const orders = { p, d, q, seasonalP, seasonalD, seasonalQ };
  const model = new Arima({ season: Math.max(1, season), orders }).fit(Float64Array.from(one.y));
  const first = (polynomial: { lags: Int32Array; values: Float64Array } | undefined, lag: number): number =>
    polynomial?.values[polynomial.lags.indexOf(lag)] ?? 0;
  // Our autoregressive polynomial is 1 − Σ φ B: signs turn.
  if (p > 0) expect(Math.abs(-first(model.model?.ar, 1) - (one.params['ar.L1'] ?? 0))).toBeLessThan(0.1);
  if (p > 1) expect(Math.abs(-first(model.model?.ar, 2) - (one.params['ar.L2'] ?? 0))).toBeLessThan(0.1);
  if (q > 0) expect(Math.abs(first(model.model?.ma, 1) - (one.params['ma.L1'] ?? 0))).toBeLessThan(0.1);
  // With a seasonal moving average the errors before the start, 0 here, weigh on the whole first seasons.
  const variance = (model.model?.variance ?? 0) / (one.params['sigma2'] ?? 1);
  expect(Math.abs(variance - 1)).toBeLessThan(seasonalQ > 0 ? 0.15 : 0.05);
  const forecast = model.forecast(one.forecast.length);
  one.forecast.forEach((value, k) => {
    expect(Math.abs((forecast[k] ?? 0) - value)).toBeLessThan(0.25 * (one.se[k] ?? 0));
  });
});
