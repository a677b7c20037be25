import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { LearntState, type Replay, startReplay } from '../../../src/compose-replay.ts';
import { labelsFrom, type Objective } from '../../../src/model/index.ts';
import { createLogger } from '../../../src/telemetry/log.ts';

const MINUTE = 60_000;
const START = Date.UTC(2026, 2, 1);

const objective: Objective = {
  id: 'o1',
  name: 'shop-availability',
  service: 'shop',
  indicator: {
    kind: 'events',
    good: 'sum(rate(http_requests_total{job="shop",code!~"5.."}[5m]))',
    total: 'sum(rate(http_requests_total{job="shop"}[5m]))',
  },
  target: 0.999,
  windowMs: 7 * 86_400_000,
  createdBy: 'test',
  createdAt: START,
};

async function start(home: string, learnt: LearntState, at: number): Promise<Replay> {
  return startReplay({
    home,
    at,
    intervalMs: MINUTE,
    timeZone: 'UTC',
    entities: [],
    turnMs: 1000,
    rules: [],
    objectives: [objective],
    learnt,
    log: createLogger('silent'),
  });
}

/** 600 requests a minute; from minute 240 on a twentieth of them fails. */
async function feed(replay: Replay, from: number, to: number): Promise<void> {
  const series = (code: string, value: (minute: number) => number) => {
    const labels = labelsFrom(Object.entries({ __name__: 'http_requests_total', job: 'shop', instance: 's:80', code }));
    const minutes = Array.from({ length: to - from }, (_, k) => from + k);
    return {
      ref: replay.series(labels, 'counter'),
      times: Float64Array.from(minutes, (m) => START + m * MINUTE),
      values: Float64Array.from(minutes, value),
    };
  };
  const failed = (m: number): number => Math.max(0, m - 240) * 30;
  await replay.feed([series('200', (m) => 1000 + m * 600 - failed(m)), series('500', (m) => 1000 + failed(m))]);
  await replay.advanceTo(START + (to - 1) * MINUTE + 30_000);
}

test('what is counted is kept over a restart, and a budget that burns is told of', { timeout: 240_000 }, async () => {
  const home = await mkdtemp(join(tmpdir(), 'auspex-objectives-'));
  onTestFinished(() => rm(home, { recursive: true, force: true }));
  const learnt = new LearntState();
  const first = await start(home, learnt, START - 500);
  await feed(first, 0, 240);
  const quiet = first.objectives()[0];
  expect(quiet).toMatchObject({
    entityId: 'service:shop',
    fault: null,
    status: { achieved: 1, budgetLeft: 1, spentInMs: null },
  });
  expect((await first.records.find('alerts', { where: { kind: 'objective' } })).rows).toEqual([]);
  await first.close();

  const second = await start(home, learnt, START + 239 * MINUTE + 30_000);
  onTestFinished(() => second.close());
  const restored = second.objectives()[0]?.status;
  // What came before a counter's first sample is not seen by it.
  expect((quiet?.status.total ?? 0) - (restored?.total ?? 0)).toBeLessThan(600);
  expect(Math.abs((restored?.historyMs ?? 0) - (quiet?.status.historyMs ?? 0))).toBeLessThanOrEqual(60 * MINUTE);
  await feed(second, 240, 300);
  const { status } = second.objectives()[0] ?? {};
  // 59 minutes at 5 %, seen through rates over 5 minutes.
  expect((status?.total ?? 0) - (status?.good ?? 0)).toBeGreaterThan(52 * 30);
  expect((status?.total ?? 0) - (status?.good ?? 0)).toBeLessThan(60 * 30);
  const { rows } = await second.records.find('alerts', { where: { kind: 'objective' }, limit: 50 });
  expect(rows.find(({ rule }) => rule === 'objective-burns-fast')).toMatchObject({
    state: 'firing',
    subject: 'shop-availability',
    entityId: 'service:shop',
    severity: 'critical',
    suppressedBy: null,
  });
});
