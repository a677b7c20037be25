import { AutomaticForecast } from '../../src/learners/index.ts';
import { SeededRandom } from '../../src/stats/random.ts';
import type { Options } from '../options.ts';
import type { Report } from '../report.ts';

const AIM_SECONDS = 5;
const HOURS = 168;
const STEPS = 24;

/** Automatic forecasts of 1,000 (`--series`) hourly series of a week, on one core. */
export async function measure(options: Options): Promise<Report> {
  const count = options.number('series', 1000);
  const random = new SeededRandom(1);
  const all = Array.from({ length: count }, (_, s) => {
    const size = 5 + random.next() * 50;
    const phase = random.next() * 24;
    let level = 100;
    return Float64Array.from({ length: HOURS }, (_, t) => {
      level += random.normal() * (s % 3);
      return level + size * Math.sin(((t + phase) / 24) * 2 * Math.PI) + random.normal() * 5;
    });
  });
  // The budget that is asked for, a thousandth of the aim each; the first few warm the machine up and are not counted.
  const budgetMs = (1000 * AIM_SECONDS) / 1000;
  const one = (values: Float64Array): number =>
    new AutomaticForecast({ season: 24, horizon: STEPS, budgetMs }).fit(values).interval(STEPS, 0.95).upper[0] ?? 0;
  const started = performance.now();
  for (const values of all) one(values);
  const seconds = (performance.now() - started) / 1000;
  const first = new AutomaticForecast({ season: 24, horizon: STEPS, budgetMs }).fit(all[0] ?? new Float64Array(1));
  return {
    columns: ['what', 'seconds'],
    rows: [
      [`${count} series of ${HOURS} hours, mean and interval of ${STEPS} steps`, seconds],
      ['measured elsewhere: statsmodels Holt–Winters', 101],
      ['measured elsewhere: augurs MSTL', 13],
    ],
    notes: [`Who takes part in the first: ${first.members.join(', ')}.`],
    figures: { series: count, seconds, aim: AIM_SECONDS },
    missed: seconds <= AIM_SECONDS ? [] : [`${seconds.toFixed(1)} s, aim ${AIM_SECONDS} s`],
  };
}
