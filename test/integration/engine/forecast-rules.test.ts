import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { LearntState, startReplay } from '../../../src/compose-replay.ts';
import { compileForecastRule } from '../../../src/decide/forecast-rules.ts';
import { labelsFrom } from '../../../src/model/index.ts';
import { createLogger } from '../../../src/telemetry/log.ts';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;

test('a figure that is on its way over a limit is told of before it is there, and the ledger judges it', {
  timeout: 240_000,
}, async () => {
  const home = await mkdtemp(join(tmpdir(), 'auspex-forecast-rules-'));
  onTestFinished(() => rm(home, { recursive: true, force: true }));
  const start = Date.UTC(2026, 2, 1);
  const rule = (name: string, limit: number) =>
    compileForecastRule({
      name,
      component: 'memory used',
      op: '>',
      limit,
      within: HOUR,
      for: 10 * MINUTE,
      hold: HOUR,
      severity: 'high',
      action: null,
    });
  const replay = await startReplay({
    home,
    at: start - 500,
    intervalMs: MINUTE,
    timeZone: 'UTC',
    entities: [],
    turnMs: 1000,
    rules: [rule('memory-soon', 0.65), rule('memory-much', 0.99)],
    learnt: new LearntState(),
    log: createLogger('silent'),
  });
  onTestFinished(() => replay.close());
  const labels = labelsFrom(Object.entries({ __name__: 'auspex_host_memory_ratio', instance: 'h', job: 'auspex' }));
  const ref = replay.series(labels, 'gauge');
  // 10 % an hour, from 30 % on: 65 % after 210 minutes.
  const feed = async (from: number, to: number): Promise<void> => {
    const minutes = Array.from({ length: to - from }, (_, k) => from + k);
    await replay.feed([
      {
        ref,
        times: Float64Array.from(minutes, (m) => start + m * MINUTE),
        values: Float64Array.from(minutes, (m) => 0.3 + m / 600 + ((m * 7919) % 13) / 10_000),
      },
    ]);
  };
  const told = async () =>
    (await replay.records.find('alerts', { where: { kind: 'forecast' }, limit: 50 })).rows.filter(
      ({ firedAt }) => firedAt !== null,
    );
  await feed(0, 140);
  expect(await told()).toEqual([]);
  await feed(140, 205);
  const alerts = await told();
  expect(alerts.map(({ rule: name, subject }) => [name, subject])).toEqual([['memory-soon', 'memory used']]);
  const firedAfter = ((alerts[0]?.firedAt ?? 0) - start) / MINUTE;
  expect(firedAfter).toBeGreaterThan(155);
  expect(firedAfter).toBeLessThan(205);
  await feed(205, 290);
  const { rows } = await replay.records.find('predictions', { where: { type: 'crossing' }, limit: 100 });
  expect(rows.length).toBeGreaterThan(0);
  expect(rows.some(({ outcome }) => outcome === 'true')).toBe(true);
});
