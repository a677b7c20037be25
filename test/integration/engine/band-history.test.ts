import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { teachingOf } from '../../../src/engine/training-calendar.ts';
import { bandHistoryOf } from '../../../src/engine/band-history.ts';
import { tasks } from '../../../src/engine/tasks.ts';
import type { TaskPool } from '../../../src/engine/task-pool.ts';
import type { Series } from '../../../src/model/index.ts';
import { openStores, type Stores } from '../../../src/store/open-stores.ts';
import { addSeries } from '../api/running-server.ts';
import { clock, NOW } from '../api/sample-engine.ts';

const MINUTE = 60_000;
const DAY = 86_400_000;
const pool: TaskPool = {
  run: async (name, argument) => (tasks[name] as (given: typeof argument) => unknown)(argument) as never,
};
let home: string;
let stores: Stores;

beforeAll(async () => {
  home = await mkdtemp(join(tmpdir(), 'auspex-band-'));
  stores = await openStores({
    home,
    limits: { series: 100, quotaBytes: 1e9, minFreeBytes: 1e6 },
    retention: { rawMs: 40 * DAY, fiveMinuteMs: 90 * DAY, hourMs: 400 * DAY, recordsMs: 90 * DAY },
    fsync: false,
    clock,
    entityOf: () => 'host:a',
  });
});
afterAll(async () => {
  await stores.close();
  await rm(home, { recursive: true, force: true });
});

/** 10 and a ripple, a point a minute; a total grows by that a second. */
async function stored(name: string, days: number, kind: 'gauge' | 'counter' | 'unknown'): Promise<Series> {
  const points: [number, number][] = [];
  let total = 0;
  for (let at = NOW - days * DAY; at <= NOW; at += MINUTE) {
    const value = 10 + Math.sin(at / 7e5);
    total += 60 * value;
    points.push([at, kind === 'gauge' ? value : total]);
  }
  const ref = await addSeries(stores.metrics, ['__name__', name], kind, points);
  return stores.metrics.index.get(ref) as Series;
}

const bandOf = (series: Series, from: number, stepMs: number) =>
  bandHistoryOf({
    series,
    timeZone: 'UTC',
    from,
    to: NOW,
    stepMs,
    metrics: stores.metrics,
    tasks: pool,
    teachingAt: teachingOf([]),
  });

test('samples before the range teach what is expected at its begin', async () => {
  const band = await bandOf(await stored('warm', 1, 'gauge'), NOW - 60 * MINUTE, MINUTE);
  expect(band.mean).toHaveLength(61);
  expect(band.mean[0]).toBeGreaterThan(9);
  expect(band.mean[0]).toBeLessThan(11);
  expect(band.lower[0]).toBeLessThan(9.5);
  expect(band.upper[0]).toBeGreaterThan(10.5);
});

test.each(['gauge', 'counter'] as const)(
  'a range of a month is replayed from steps, in the line’s unit: %s',
  async (kind) => {
    const series = await stored(`month_${kind}`, 30, kind);
    const band = await bandOf(series, NOW - 30 * DAY, 7_200_000);
    const known = band.mean.filter(Number.isFinite);
    expect(known.length).toBeGreaterThan(340);
    for (const mean of known) expect(Math.abs(mean - 10)).toBeLessThan(1.5);
  },
);

test('a total of unknown kind is drawn as it is, and has no band of its rate', async () => {
  const band = await bandOf(await stored('mystery_total', 1, 'unknown'), NOW - 60 * MINUTE, MINUTE);
  expect(band.mean.every(Number.isNaN)).toBe(true);
});
