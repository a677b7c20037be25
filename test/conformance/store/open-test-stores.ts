import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { SampleBatch } from '../../../src/model/index.ts';
import { openStores, type StoreOptions, type Stores } from '../../../src/store/open-stores.ts';

export const DAY = 86_400_000;
/** 2026-11-20T00:00:00Z */
export const MIDNIGHT = Date.UTC(2026, 10, 20);

export function newHome(): string {
  return mkdtempSync(join(tmpdir(), 'auspex-store-'));
}

/** Opens a store whose clock stands where the test puts it. */
export async function openTestStores(
  home: string,
  changes: Partial<StoreOptions> & { at?: number } = {},
): Promise<Stores> {
  const { at = MIDNIGHT + DAY / 2, ...options } = changes;
  return openStores({
    home,
    limits: { series: 10_000, quotaBytes: 2e9, minFreeBytes: 1 },
    retention: { rawMs: 15 * DAY, fiveMinuteMs: 90 * DAY, hourMs: 395 * DAY, recordsMs: 90 * DAY },
    fsync: false,
    clock: { now: () => at, monotonic: () => performance.now() },
    entityOf: () => 'host:test',
    bufferPoints: 4_096,
    ...options,
  });
}

/** A store for one test, closed and removed behind it. */
export async function withStores(
  work: (stores: Stores, home: string) => Promise<void>,
  changes: Partial<StoreOptions> & { at?: number } = {},
): Promise<void> {
  const home = newHome();
  const stores = await openTestStores(home, changes);
  try {
    await work(stores, home);
  } finally {
    await stores.close();
    rmSync(home, { recursive: true, force: true });
  }
}

export function seriesOf(stores: Stores, count: number): number[] {
  return Array.from({ length: count }, (_, i) =>
    stores.metrics.index.resolve(['__name__', `metric_${i}`, 'instance', 'a'], 'gauge'),
  );
}

export function batchOf(points: readonly (readonly [ref: number, time: number, value: number])[]): SampleBatch {
  return {
    count: points.length,
    refs: Uint32Array.from(points, (p) => p[0]),
    times: Float64Array.from(points, (p) => p[1]),
    values: Float64Array.from(points, (p) => p[2]),
  };
}

export async function pointsOf(
  stores: Stores,
  ref: number,
  from = -Infinity,
  to = Infinity,
): Promise<[number, number][]> {
  const [found] = await stores.metrics.range([ref], from, to);
  return Array.from(found.times, (time, i) => [time, found.values[i]]);
}
