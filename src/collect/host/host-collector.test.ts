import { expect, test } from 'vitest';
import type { CollectorEvent } from '../../model/index.ts';
import { createHostCollector, type HostCollectorOptions } from './host-collector.ts';
import type { Sampler } from './linux-sampler.ts';

const START = 1_800_000_003_000;

/** A collector whose sleeping moves the clock, stopped after so many collections. */
function setUp(options: {
  intervalMs?: number;
  collections: number;
  late?: (tick: number) => number;
  sampling?: () => number;
}) {
  const clock = {
    wall: START,
    mono: 0,
    now: () => clock.wall,
    monotonic: () => clock.mono,
    pass(ms: number) {
      clock.wall += ms;
      clock.mono += ms;
    },
  };
  const abort = new AbortController();
  const collectedAt: number[] = [];
  const sampler: Sampler = {
    identity: { kind: 'host', stableId: 'm', name: 'h', timeZone: 'UTC', aliases: [], attributes: {} },
    async sample(at): Promise<readonly CollectorEvent[]> {
      clock.pass(options.sampling?.() ?? 0);
      collectedAt.push(at);
      if (collectedAt.length === options.collections) abort.abort();
      return [{ kind: 'samples', samples: [] }];
    },
    problems: () => [],
    limitations: () => ['cannot see x'],
    close: () => undefined,
  };
  let tick = 0;
  const settings: HostCollectorOptions = {
    clock,
    sampler,
    sleep: async (ms) => {
      clock.pass(ms + (options.late?.(tick++) ?? 0));
    },
    ...(options.intervalMs === undefined ? {} : { intervalMs: options.intervalMs }),
  };
  return { collector: createHostCollector(settings), abort, clock, collectedAt, sampler };
}

test('it introduces the host, collects at once and then on multiples of the interval', async () => {
  const run = setUp({ collections: 4 });
  const events: CollectorEvent[] = [];
  await run.collector.start(async (event) => {
    events.push(event);
  }, run.abort.signal);
  expect(events[0]?.kind).toBe('entity');
  expect(run.collectedAt).toEqual([START, START + 7_000, START + 17_000, START + 27_000]);
});

test('a moment late keeps the tick’s time, later than that tells the true time', async () => {
  const run = setUp({ collections: 4, late: (tick) => [400, 2_000, 0][tick] ?? 0 });
  await run.collector.start(async () => {}, run.abort.signal);
  expect(run.collectedAt.map((at) => at - START)).toEqual([0, 7_000, 19_000, 27_000]);
});

test('ticks that were missed are left out, not made up for', async () => {
  const run = setUp({ collections: 3, sampling: () => 35_000 });
  await run.collector.start(async () => {}, run.abort.signal);
  expect(run.collectedAt.map((at) => at - START)).toEqual([0, 37_000, 77_000]);
});

test('a receiver that is not ready holds the next collection back', async () => {
  const run = setUp({ collections: 2 });
  await run.collector.start(async (event) => {
    if (event.kind === 'samples') run.clock.pass(25_000);
  }, run.abort.signal);
  expect(run.collectedAt.map((at) => at - START)).toEqual([0, 27_000]);
});

test('a changed interval holds from the next tick', async () => {
  const run = setUp({ collections: 3 });
  await run.collector.start(async () => run.collector.setIntervalMs(60_000), run.abort.signal);
  expect(run.collectedAt.map((at) => at % 60_000)).toEqual([START % 60_000, 0, 0]);
});

test.each([0, 999, 300_001, Number.NaN, -5])('an interval of %d ms is refused by code', (intervalMs) => {
  expect(() => createHostCollector({ intervalMs, clock: { now: () => 0, monotonic: () => 0 } })).toThrowError(
    expect.objectContaining({ code: 'CONFIG_INVALID' }),
  );
});

test('what cannot be seen by its nature is told and is no failure; a failing collection is one, and ends', async () => {
  const run = setUp({ collections: 3 });
  const states: string[] = [];
  const sample = run.sampler.sample.bind(run.sampler);
  let turn = 0;
  Object.assign(run.sampler, {
    sample: async (at: number, intervalMs: number) => {
      if (++turn === 2) throw new Error('no memory');
      return sample(at, intervalMs);
    },
  });
  const collector = createHostCollector({
    clock: run.clock,
    sampler: run.sampler,
    sleep: async (ms) => {
      states.push(collector.health().state);
      if (states.length === 2) expect(collector.health().problems[0]).toBe('collecting failed: no memory');
      run.clock.pass(ms);
    },
  });
  await collector.start(async () => {}, run.abort.signal);
  expect(states).toEqual(['ok', 'failed', 'ok']);
  expect(collector.health()).toMatchObject({
    state: 'stopped',
    problems: ['cannot see x'],
    lastCollectionAt: START + 27_000,
  });
});
