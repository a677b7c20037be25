/* Coverage and error of forecasts on public series: node bench/predict/forecast-accuracy.ts [every n-th M4 series] */
import { intervalCoverage, mase, meanAbsoluteError } from '../../src/evaluation/index.ts';
import { forecastSeries } from '../../src/predict/forecast.ts';
import { m4Series, nabSeries, type PublicSeries, smdSeries } from './series.ts';

const HOUR = 3_600_000;
const every = Number(process.argv[2] ?? 3);

interface Total {
  held: number;
  judged: number;
  relative: number[];
  /** Mean width of each forecast's intervals, in standard deviations of its history. */
  widths: number[];
  scaled: number[];
  slowestMs: number;
}

function run(name: string, all: readonly PublicSeries[], horizonMs: number, level: number, cuts: number): void {
  const total: Total = { held: 0, judged: 0, relative: [], widths: [], scaled: [], slowestMs: 0 };
  for (const series of all) {
    const steps = Math.round(horizonMs / series.stepMs);
    for (let cut = 0; cut < cuts; cut++) {
      const last = series.times.length - 1 - steps - Math.floor((series.times.length * 0.4 * cut) / cuts);
      if (last > 60) one(series, last, horizonMs, level, total);
    }
  }
  const median = (values: number[]) => values.sort((a, b) => a - b)[values.length >> 1]?.toFixed(3) ?? '–';
  const mean = (values: number[]) => (values.reduce((a, b) => a + b, 0) / values.length).toFixed(3);
  process.stdout.write(
    `${name.padEnd(12)} ${String(horizonMs / HOUR).padStart(4)} h  stated ${level}  held ${(total.held / total.judged).toFixed(3)}` +
      `  width ${mean(total.widths)} sd, median ${median(total.widths)}  forecasts ${total.relative.length}  error ÷ naive: median ${median(total.relative)}` +
      `  MASE(24) ${name === 'm4 hourly' ? mean(total.scaled) : '–'}  slowest ${total.slowestMs.toFixed(0)} ms\n`,
  );
}

function one(series: PublicSeries, last: number, horizonMs: number, level: number, total: Total): void {
  const now = series.times[last] ?? 0;
  const started = performance.now();
  const forecast = forecastSeries({
    times: series.times.subarray(0, last + 1),
    values: series.values.subarray(0, last + 1),
    horizonMs,
    now,
    bounds: { lower: null, upper: null },
    timeZone: 'UTC',
    level,
  });
  total.slowestMs = Math.max(total.slowestMs, performance.now() - started);
  if (forecast.learning !== null) return;
  const actual = Float64Array.from(forecast.points, (point) => {
    let sum = 0;
    let n = 0;
    for (let i = last + 1; i < series.times.length && (series.times[i] ?? 0) <= point.at; i++) {
      if ((series.times[i] ?? 0) <= point.at - forecast.stepMs) continue;
      sum += series.values[i] ?? 0;
      n++;
    }
    return n > 0 ? sum / n : Number.NaN;
  });
  const mean = Float64Array.from(forecast.points, (point) => point.mean);
  const lower = Float64Array.from(forecast.points, (point) => point.lower);
  const upper = Float64Array.from(forecast.points, (point) => point.upper);
  const n = actual.filter((value) => value === value).length;
  if (n === 0) return;
  total.judged += n;
  total.held += intervalCoverage(actual, lower, upper) * n;
  const past = series.values.subarray(0, last + 1);
  const spread = standardDeviation(past);
  if (spread > 0) total.widths.push(meanAbsoluteError(upper, lower) / spread);
  const naive = meanAbsoluteError(actual, new Float64Array(actual.length).fill(forecast.baseline ?? Number.NaN));
  if (naive > 0) total.relative.push(meanAbsoluteError(actual, mean) / naive);
  total.scaled.push(mase(actual, mean, past, 24));
}

function standardDeviation(values: Float64Array): number {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  return Math.sqrt(values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / values.length);
}

const m4 = m4Series().filter((_, i) => i % every === 0);
const nab = nabSeries();
if (m4.length > 0) for (const level of [0.8, 0.9, 0.95]) run('m4 hourly', m4, 48 * HOUR, level, 1);
if (nab.length > 0) {
  run('nab', nab, HOUR, 0.9, 6);
  run('nab', nab, 24 * HOUR, 0.9, 6);
  run('nab', nab, 168 * HOUR, 0.9, 1);
}
const smd = smdSeries();
if (smd.length > 0) {
  run('smd', smd, 24 * HOUR, 0.9, 3);
  run('smd', smd, 168 * HOUR, 0.9, 2);
}
