import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { nabAt, nabBest, type NabSeries } from '../../src/evaluation/index.ts';
import { StreamingDetector } from '../../src/learners/index.ts';
import type { Options } from '../options.ts';
import type { Report } from '../report.ts';
import { publicData } from '../tables.ts';

const AIM = 70;
const COLUMN_AIM_SHARE = 0.85;
const DAY = 86_400_000;

interface Labelled {
  readonly name: string;
  readonly times: Float64Array;
  readonly values: Float64Array;
  readonly windows: readonly (readonly [number, number])[];
}

/** NAB: each series as a stream with default settings, scored by the benchmark's standard profile. */
export async function measure(_options: Options): Promise<Report> {
  const series = labelledSeries(publicData('nab'));
  const score: NabSeries[] = [];
  const column: NabSeries[] = [];
  let days = 0;
  for (const { times, values, windows } of series) {
    const detector = new StreamingDetector();
    const said = Array.from(values, (value, i) => detector.take(times[i] ?? 0, value));
    score.push({ score: Float64Array.from(said, (one) => one.score), windows });
    column.push({ score: Float64Array.from(said, (one) => (one.isAnomaly ? 1 : 0)), windows });
    days += ((times.at(-1) ?? 0) - (times[0] ?? 0)) / DAY;
  }
  const best = nabBest(score);
  const reported = nabAt(column, 1);
  const least = COLUMN_AIM_SHARE * AIM;
  return {
    columns: ['scored by', 'NAB', `windows hit of ${best.windows}`, 'false rows', 'false a day'],
    rows: [
      ['score, best threshold', best.score, best.hit, best.falseRows, best.falseRows / days],
      ['anomaly column, default', reported.score, reported.hit, reported.falseRows, reported.falseRows / days],
    ],
    notes: [
      `${series.length} series, standard profile, best threshold ${best.threshold.toFixed(2)}.`,
      'Published, on these: ARTime 75.7, HTM 66.5, KNN-CAD 60.5, random cut forest 54.3, windowed Gaussian 38.4.',
    ],
    figures: { best, reported },
    missed: [
      ...(best.score < AIM ? [`NAB ${best.score.toFixed(1)}, aim ${AIM}`] : []),
      ...(reported.score < least ? [`anomaly column ${reported.score.toFixed(1)}, aim ${least.toFixed(1)}`] : []),
    ],
  };
}

function labelledSeries(folder: string): Labelled[] {
  const labels = JSON.parse(readFileSync(join(folder, 'labels/combined_windows.json'), 'utf8')) as Record<
    string,
    readonly (readonly [string, string])[]
  >;
  return readdirSync(join(folder, 'data'), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.csv'))
    .sort()
    .map((name) => {
      const lines = readFileSync(join(folder, 'data', name), 'utf8')
        .trimEnd()
        .split(/\r?\n/)
        .slice(1);
      const times = Float64Array.from(lines, (line) => timeOf(line.split(',')[0] ?? ''));
      const values = Float64Array.from(lines, (line) => Number(line.split(',')[1]));
      const windows = (labels[name] ?? []).map(
        ([from, to]) =>
          [times.findIndex((t) => t >= timeOf(from)), times.findLastIndex((t) => t <= timeOf(to))] as const,
      );
      return { name, times, values, windows };
    });
}

function timeOf(text: string): number {
  return Date.parse(`${text.slice(0, 19).replace(' ', 'T')}Z`);
}
