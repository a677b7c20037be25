import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { publicData } from '../tables.ts';

export interface PublicSeries {
  readonly name: string;
  readonly stepMs: number;
  readonly times: Float64Array;
  readonly values: Float64Array;
}

/** NAB's series of real machines and services: five minutes a step. */
export function nabSeries(): PublicSeries[] {
  const root = publicData('nab/data');
  const out: PublicSeries[] = [];
  for (const group of readdirSync(root)) {
    if (!/realAWS|realAd|realKnown/.test(group)) continue;
    for (const file of readdirSync(join(root, group))) {
      const lines = readFileSync(join(root, group, file), 'utf8')
        .trim()
        .split('\n')
        .slice(1);
      const times = new Float64Array(lines.length);
      const values = new Float64Array(lines.length);
      for (const [i, line] of lines.entries()) {
        const [at = '', value = ''] = line.split(',');
        times[i] = Date.parse(`${at.replace(' ', 'T')}Z`);
        values[i] = Number(value);
      }
      out.push({ name: file, stepMs: 300_000, times, values });
    }
  }
  return out;
}

/** The M4 competition's hourly series, training and test part joined. */
export function m4Series(): PublicSeries[] {
  const rows = gunzipSync(readFileSync(publicData('m4/Hourly-train.csv.gz')))
    .toString()
    .trim()
    .split('\n')
    .slice(1);
  const tests = readFileSync(publicData('m4/Hourly-test.csv'), 'utf8').trim().split('\n').slice(1);
  return rows.map((row, i) => {
    const all = `${row},${(tests[i] ?? '').split(',').slice(1).join(',')}`.replaceAll('"', '').split(',');
    const values = Float64Array.from(
      all.slice(1).filter((cell) => cell !== ''),
      Number,
    );
    return {
      name: all[0] ?? '',
      stepMs: 3_600_000,
      times: Float64Array.from(values, (_, k) => k * 3_600_000),
      values,
    };
  });
}

/** Every second figure of six real servers that moves at all, a minute a step, 16 to 20 days: SMD's training halves. */
export function smdSeries(): PublicSeries[] {
  const root = publicData('smd');
  const out: PublicSeries[] = [];
  for (const file of readdirSync(root)) {
    if (!file.endsWith('_train.csv.gz')) continue;
    const lines = gunzipSync(readFileSync(join(root, file)))
      .toString()
      .trim()
      .split('\n');
    const rows = lines.map((line) => line.split(',').map(Number));
    for (let column = 0; column < (rows[0]?.length ?? 0); column += 2) {
      const values = Float64Array.from(rows, (row) => row[column] ?? Number.NaN);
      if (new Set(values).size <= 50) continue;
      const times = Float64Array.from(values, (_, i) => i * 60_000);
      out.push({ name: `${file} ${column}`, stepMs: 60_000, times, values });
    }
  }
  return out;
}
