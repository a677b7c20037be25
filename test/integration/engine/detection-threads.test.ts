import { afterEach, expect, test } from 'vitest';
import type { SeriesDefinition } from '../../../src/detect/detector.ts';
import { DetectionThreads } from '../../../src/engine/detection-threads.ts';
import type { SampleBatch } from '../../../src/model/index.ts';

/* Real threads, killed by a state that cannot be restored. */

const NOW = Date.UTC(2026, 0, 5, 12);
const series: readonly SeriesDefinition[] = ['a', 'b', 'c', 'd'].map((name, ref) => ({
  ref,
  labels: ['__name__', 'load', 'instance', name],
  kind: 'gauge',
  entityId: `host:${name}`,
  timeZone: 'UTC',
}));
const garbage = (): Uint8Array => new TextEncoder().encode('no state at all');
let running: DetectionThreads | undefined;
afterEach(() => running?.close());

function start(options: { first: Uint8Array | null; revived: () => Uint8Array | null }) {
  const failures: boolean[] = [];
  let scored = 0;
  let revivals = 0;
  const threads = new DetectionThreads({
    threads: 1,
    intervalMs: 10_000,
    snapshots: [options.first],
    onProgress: (progress) => {
      scored += progress.samples;
    },
    onFailure: (_, isRestarted) => failures.push(isRestarted),
    revive: () => {
      revivals++;
      return Promise.resolve({ snapshot: options.revived(), series: () => series });
    },
  });
  running = threads;
  threads.define(series);
  return { threads, failures, scored: () => scored, revivals: () => revivals };
}

const batch = (at: number): SampleBatch => ({
  count: series.length,
  refs: Uint32Array.from(series, ({ ref }) => ref),
  times: Float64Array.from(series, () => at),
  values: Float64Array.from(series, () => 1),
});

async function until(isSo: () => boolean): Promise<void> {
  for (let i = 0; i < 800 && !isSo(); i++) await new Promise((wake) => setTimeout(wake, 25));
  expect(isSo()).toBe(true);
}

test('a thread that ends is started again with what was saved, and goes on scoring', async () => {
  const { threads, failures, scored } = start({ first: garbage(), revived: () => null });
  threads.advance(batch(NOW), 1, NOW);
  await until(() => failures.length === 1);
  expect(failures).toEqual([true]);
  // Nobody waits for what it had in hand.
  expect(scored()).toBe(4);
  for (let i = 1; i <= 30; i++) threads.advance(batch(NOW + i * 10_000), 1 + i, NOW);
  await until(() => scored() === 31 * 4);
  for (let i = 31; i <= 60; i++) threads.advance(batch(NOW + i * 10_000), 1 + i, NOW);
  await until(() => scored() === 61 * 4);
  const [band] = await threads.expected('host:a', [0]);
  expect(band).toMatchObject({ mean: 1, learning: null });
});

test('one that ends again and again stays ended, says so, and holds up nothing', async () => {
  let revivals = 0;
  const { threads, failures, scored } = start({
    first: garbage(),
    revived: () => {
      revivals++;
      return garbage();
    },
  });
  // The third revival is without the state: it lives. So the test takes the state's place and kills it by its input.
  await until(() => failures.length === 3);
  threads.advance({ ...batch(NOW), refs: null as unknown as Uint32Array }, 1, NOW);
  await until(() => failures.length === 4);
  expect(failures).toEqual([true, true, true, false]);
  expect(revivals).toBe(3);
  await threads.advanceTime(NOW);
  threads.advance(batch(NOW + 10_000), 2, NOW);
  expect(scored()).toBe(8);
  expect((await threads.expected('host:a', [0]))[0]?.learning).toContain('has failed');
  expect(await threads.learning('host:a')).toContain('restart');
  await expect(threads.snapshot()).rejects.toMatchObject({ code: 'INTERNAL' });
  await expect(threads.run('patterns' as never, {} as never)).rejects.toMatchObject({ code: 'INTERNAL' });
});
