import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { publicData } from '../tables.ts';
import type { Half } from './load-traces.ts';
import { m4Series, nabSeries, type PublicSeries } from './series.ts';

export interface CapacitySeries extends PublicSeries {
  readonly source: 'servers' | 'web' | 'cloud' | 'm4';
}

const HOUR = 3_600_000;
const MACHINES: Readonly<Record<Half, readonly string[]>> = {
  tune: ['machine-1-2', 'machine-2-1', 'machine-3-2'],
  report: ['machine-1-6', 'machine-2-8', 'machine-3-10'],
};

/**
 * Recorded figures of three weeks and more: servers (SMD, both halves of a machine as one, each figure that moves), NASA's web
 * requests, counts of NAB's longer series, M4's hourly ones; every second of the last two for either half, NASA by time.
 */
export function capacitySeries(half: Half): CapacitySeries[] {
  const isOurs = (_: unknown, i: number): boolean => (i % 2 === 0) === (half === 'tune');
  const servers = MACHINES[half].flatMap(serverSeries);
  const nasa = nasaSeries(half);
  const cloud = [...nabSeries(), ...tweets()].filter(isOurs).map((one) => ({ ...one, source: 'cloud' as const }));
  const m4 = m4Series()
    .filter(isOurs)
    .map((one) => ({ ...one, source: 'm4' as const }));
  return [...servers, nasa, ...cloud, ...m4];
}

function serverSeries(machine: string): CapacitySeries[] {
  const rows = ['train', 'test'].flatMap((part) =>
    gunzipSync(readFileSync(publicData(`smd/${machine}_${part}.csv.gz`)))
      .toString()
      .trim()
      .split('\n')
      .map((line) => line.split(',').map(Number)),
  );
  const width = rows[0]?.length ?? 0;
  return Array.from({ length: width }, (_, column) => column).flatMap((column) => {
    const values = Float64Array.from(rows, (row) => row[column] ?? Number.NaN);
    if (new Set(values).size <= 50) return [];
    return [{ source: 'servers' as const, name: `${machine} ${column}`, ...evenly(values, 60_000) }];
  });
}

function nasaSeries(half: Half): CapacitySeries {
  const lines = gunzipSync(readFileSync(publicData('web-load/nasa_per_minute.csv.gz')))
    .toString()
    .trim()
    .split('\n');
  const all = Float64Array.from(lines.slice(1), (line) => Number(line.split(',')[1]));
  const middle = Math.floor(all.length / 2);
  const values = half === 'tune' ? all.slice(0, middle) : all.slice(middle);
  return { source: 'web', name: 'nasa', ...evenly(values, 60_000) };
}

function tweets(): PublicSeries[] {
  const folder = join(publicData('nab/data'), 'realTweets');
  return readdirSync(folder).map((file) => {
    const lines = readFileSync(join(folder, file), 'utf8').trim().split('\n').slice(1);
    const values = Float64Array.from(lines, (line) => Number(line.split(',')[1]));
    return { name: file, ...evenly(values, HOUR / 12) };
  });
}

function evenly(values: Float64Array, stepMs: number): Pick<PublicSeries, 'stepMs' | 'times' | 'values'> {
  return { stepMs, values, times: Float64Array.from(values, (_, i) => (i + 1) * stepMs) };
}
