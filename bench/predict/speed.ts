/* Time of one prediction, pattern, training and forecast: node bench/predict/speed.ts */
import { IsolationForest } from '../../src/learners/index.ts';
import { forecastSeries } from '../../src/predict/forecast.ts';
import { analysePattern } from '../../src/predict/patterns.ts';
import { PerformanceModel, trainPerformance } from '../../src/predict/performance.ts';
import { PERFORMANCE_FIGURES } from '../../src/predict/performance-features.ts';
import { SeededRandom } from '../../src/stats/random.ts';

const HOUR = 3_600_000;
const random = new SeededRandom(1);

/** The median of several runs, after two that warm up. */
function measure(name: string, limitMs: number, runs: number, work: () => void): void {
  const times: number[] = [];
  for (let i = 0; i < runs + 2; i++) {
    const started = performance.now();
    work();
    if (i >= 2) times.push(performance.now() - started);
  }
  times.sort((a, b) => a - b);
  const median = times[times.length >> 1] ?? 0;
  const slowest = times[times.length - 1] ?? 0;
  process.stdout.write(
    `${name.padEnd(44)} ${median.toFixed(3).padStart(9)} ms  slowest ${slowest.toFixed(3).padStart(9)} ms  aim ${limitMs} ms  ${median <= limitMs ? 'kept' : 'MISSED'}\n`,
  );
}

const width = PERFORMANCE_FIGURES.length;
const nRows = 3015;
const history = {
  columns: PERFORMANCE_FIGURES,
  values: Float64Array.from(
    { length: nRows * width },
    (_, i) => 0.6 + 0.3 * Math.sin(i / width / 50) + random.normal() * 0.05,
  ),
  nRows,
  stepMs: 60_000,
  endAt: 1_700_000_000_000,
  timeZone: 'Europe/Berlin',
};
const { bytes } = trainPerformance(history, 1);
if (bytes === null) throw new Error('not trained');
const model = new PerformanceModel(bytes);
const window = { ...history, values: history.values.slice(0, 10 * width), nRows: 10 };
const x = Float64Array.from({ length: 4000 * 30 }, () => random.normal());
const forest = new IsolationForest({ seed: 1 }).fit(x, 4000, 30);
const row = x.slice(0, 30);
const hourly = Float64Array.from({ length: 2160 }, (_, i) => history.endAt - (2159 - i) * HOUR);
const load = hourly.map((at) => 0.4 + 0.2 * Math.sin((at / 24 / HOUR) * 2 * Math.PI) + random.normal() * 0.05);
const times = hourly.slice(0, 2000);
const values = load.slice(0, 2000);

measure('anomaly score (isolation forest, 30 columns)', 0.1, 200, () => void forest.score(row));
measure('performance score', 1, 200, () => void model.predict(window));
measure('pattern of 2,000 points', 5, 30, () => void analysePattern(times, values, { unit: 'ratio' }));
measure('training the performance score, 3,000 rows', 1000, 3, () => void trainPerformance(history, 1));
measure('training the isolation forest, 4,000 rows', 1000, 5, () => {
  new IsolationForest({ seed: 1 }).fit(x, 4000, 30);
});
measure('forecast of 30 days', 100, 15, () => {
  forecastSeries({
    times: hourly,
    values: load,
    horizonMs: 720 * HOUR,
    now: history.endAt,
    bounds: { lower: 0, upper: 1 },
    limit: 1,
    timeZone: 'Europe/Berlin',
  });
});
process.stdout.write(`performance model: ${bytes.length.toLocaleString('en-US')} bytes\n`);
