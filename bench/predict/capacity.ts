/* Peaks seven days ahead beside persistence: npm run bench:accuracy -- capacity (protocol: docs/internals/predictions.md) */
import { CAPACITY_LEAST_DAYS, CAPACITY_MOST_DAYS, dailyPeaks, foreseeCapacity } from '../../src/predict/capacity.ts';
import type { Options } from '../options.ts';
import type { Report } from '../report.ts';
import { type CapacitySeries, capacitySeries } from './capacity-series.ts';

const DAY = 86_400_000;
const AHEAD = 7;
const AIM = 0.9;

interface Tally {
  series: number;
  forecasts: number;
  error: number;
  persistence: number;
  held: number;
}

/** The `report` half unless told `--half tune`. */
export async function measure(options: Options): Promise<Report> {
  const half = options.text('half', 'report') === 'tune' ? 'tune' : 'report';
  const tallies = new Map<string, Tally>();
  for (const series of capacitySeries(half)) {
    const tally = tallies.get(series.source) ?? { series: 0, forecasts: 0, error: 0, persistence: 0, held: 0 };
    tallies.set(series.source, tally);
    replay(series, tally);
  }
  const ratios = [...tallies.values()].map(({ error, persistence }) => error / persistence);
  const mean = ratios.reduce((sum, ratio) => sum + ratio, 0) / ratios.length;
  return {
    columns: ['source', 'series', 'forecasts', 'error ÷ persistence', 'held of 90 %'],
    rows: [...tallies].map(([source, t]) => [
      source,
      t.series,
      t.forecasts,
      (t.error / t.persistence).toFixed(3),
      `${((100 * t.held) / t.forecasts).toFixed(1)} %`,
    ]),
    notes: [`Half: ${half}. Mean of the sources ${mean.toFixed(3)}.`],
    figures: { half, mean, ...Object.fromEntries(tallies) },
    missed: mean <= AIM ? [] : [`${mean.toFixed(3)} of persistence's error, aim ${AIM}`],
  };
}

function replay({ times, values }: CapacitySeries, tally: Tally): void {
  const begin = times[0] ?? 0;
  const end = times[times.length - 1] ?? 0;
  let judged = false;
  for (let now = begin + CAPACITY_LEAST_DAYS * DAY; now + AHEAD * DAY <= end + 1; now += DAY) {
    const days = Math.min(CAPACITY_MOST_DAYS, Math.floor((now - begin) / DAY));
    const peaks = dailyPeaks(times, values, now, days);
    const [came = Number.NaN] = dailyPeaks(times, values, now + AHEAD * DAY, 1);
    const found = foreseeCapacity({ peaks, limit: 1e-9 });
    const point = found?.points[AHEAD - 1];
    const known = peaks.filter((peak) => !Number.isNaN(peak));
    const scale = Math.abs(known.reduce((sum, peak) => sum + peak, 0) / known.length);
    if (point === undefined || Number.isNaN(came) || !(scale > 0)) continue;
    judged = true;
    tally.forecasts++;
    tally.error += Math.abs(point.mean - came) / scale;
    tally.persistence += Math.abs((peaks[peaks.length - 1] ?? Number.NaN) - came) / scale;
    if (came >= point.lower && came <= point.upper) tally.held++;
  }
  if (judged) tally.series++;
}
