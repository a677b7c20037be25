import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { LearntState, startReplay } from '../../../src/compose-replay.ts';
import { compileAnomalyRule } from '../../../src/decide/anomaly-rules.ts';
import { labelsFrom } from '../../../src/model/index.ts';
import { createLogger } from '../../../src/telemetry/log.ts';

const STEP = 10_000;
const MINUTE = 60_000;

test('a metric that was asked for is told of each time that it is unusual, others are not', {
  timeout: 240_000,
}, async () => {
  const home = await mkdtemp(join(tmpdir(), 'auspex-anomaly-rules-'));
  onTestFinished(() => rm(home, { recursive: true, force: true }));
  const start = Date.UTC(2026, 2, 1);
  const replay = await startReplay({
    home,
    at: start - 500,
    intervalMs: STEP,
    timeZone: 'UTC',
    entities: [],
    turnMs: 1000,
    rules: ['queue_length', 'node_load1'].map((metric) =>
      compileAnomalyRule({
        name: `${metric}-unusual`,
        metric,
        match: [],
        side: 'high',
        for: MINUTE,
        hold: 5 * MINUTE,
        severity: 'high',
        action: null,
      }),
    ),
    learnt: new LearntState(),
    log: createLogger('silent'),
  });
  onTestFinished(() => replay.close());
  const refOf = (name: string) =>
    replay.series(labelsFrom(Object.entries({ __name__: name, instance: 'h', job: 'auspex' })), 'gauge');
  const asked = refOf('queue_length');
  // Asked for as well, and one of those that are not looked at one by one otherwise.
  const silent = refOf('node_load1');
  const others = refOf('cache_entries');
  // 100 and a little, but 160 in minutes 250 to 255 and 370 to 375.
  const valueAt = (t: number) => {
    const minute = (t * STEP) / MINUTE;
    const isUp = (minute >= 250 && minute < 255) || (minute >= 370 && minute < 375);
    return (isUp ? 160 : 100) + ((t * 7919) % 13) / 4;
  };
  const feed = async (fromMinute: number, toMinute: number) => {
    const ticks = Array.from({ length: (toMinute - fromMinute) * 6 }, (_, k) => fromMinute * 6 + k);
    const times = Float64Array.from(ticks, (t) => start + t * STEP);
    const values = Float64Array.from(ticks, valueAt);
    await replay.feed([
      { ref: asked, times, values },
      { ref: silent, times, values },
      { ref: others, times, values },
    ]);
  };
  const told = async () => (await replay.records.find('alerts', { limit: 50 })).rows;
  await feed(0, 250);
  expect(await told()).toEqual([]);
  await feed(250, 310);
  const inOrder = (rows: readonly string[]) => [...rows].sort();
  expect(inOrder((await told()).map(({ rule, kind, state }) => `${rule} ${kind} ${state}`))).toEqual([
    'node_load1-unusual anomaly resolved',
    'queue_length-unusual anomaly resolved',
  ]);
  await feed(310, 430);
  for (const metric of ['queue_length', 'node_load1']) {
    const fired = (await told())
      .filter(({ subject }) => subject === metric)
      .map(({ firedAt }) => ((firedAt ?? 0) - start) / MINUTE)
      .sort((a, b) => a - b);
    expect(fired, metric).toEqual([
      expect.toSatisfy((minute: number) => minute > 250 && minute < 255),
      expect.toSatisfy((minute: number) => minute > 370 && minute < 375),
    ]);
  }
});
