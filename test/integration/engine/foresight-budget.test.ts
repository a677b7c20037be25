import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { LearntState, startReplay } from '../../../src/compose-replay.ts';
import { ObjectiveCounts } from '../../../src/decide/objective-counts.ts';
import { labelsFrom, type Objective } from '../../../src/model/index.ts';
import { createLogger } from '../../../src/telemetry/log.ts';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
const START = Date.UTC(2026, 2, 1);
const MINUTES = 10 * 60;

const objective: Objective = {
  id: 'o1',
  name: 'shop-availability',
  service: 'shop',
  indicator: {
    kind: 'events',
    good: 'sum(rate(http_requests_total{job="shop",code!~"5.."}[5m]))',
    total: 'sum(rate(http_requests_total{job="shop"}[5m]))',
  },
  target: 0.99,
  windowMs: 7 * DAY,
  createdBy: 'test',
  createdAt: START,
};

test('a budget that is spent faster than it lasts is foretold to be used up, and written down', {
  timeout: 400_000,
}, async () => {
  const home = await mkdtemp(join(tmpdir(), 'auspex-budget-'));
  const replay = await startReplay({
    home,
    at: START - 500,
    intervalMs: 2 * MINUTE,
    timeZone: 'UTC',
    entities: [],
    turnMs: 1000,
    rules: [],
    objectives: [objective],
    learnt: new LearntState(),
    log: createLogger('silent'),
  });
  onTestFinished(async () => {
    await replay.close();
    await rm(home, { recursive: true, force: true });
  });
  // 600 requests a minute, 3 % of which fail: three times as fast as the budget lasts.
  const series = (code: string, aMinute: number) => {
    const minutes = Array.from({ length: MINUTES / 2 }, (_, k) => 2 * k);
    const labels = labelsFrom(Object.entries({ __name__: 'http_requests_total', job: 'shop', instance: 's:80', code }));
    return {
      ref: replay.series(labels, 'counter'),
      times: Float64Array.from(minutes, (m) => START + m * MINUTE),
      values: Float64Array.from(minutes, (m) => 1000 + m * aMinute),
    };
  };
  await replay.feed([series('200', 582), series('500', 18)]);
  const { rows } = await replay.records.find('predictions', { where: { type: 'budget' }, limit: 50 });
  expect(rows.length).toBeGreaterThan(0);
  const [last] = rows.toSorted((a, b) => b.madeAt - a.madeAt);
  expect(last).toMatchObject({
    entityId: 'service:shop',
    component: 'shop-availability',
    probability: 0.95,
    rule: { kind: 'event', event: '>=1' },
    horizonMs: 7 * DAY,
    outcome: 'pending',
  });
});

test('the last hours are those of the clock, none from before counting began', () => {
  const counts = new ObjectiveCounts(7 * DAY);
  const now = START + 3 * HOUR + 20 * MINUTE;
  expect(counts.lastHours(24, now)).toEqual([]);
  for (let at = START + 30 * MINUTE; at <= now; at += MINUTE) counts.add(at, 9, 10);
  // The first hour was counted from its middle on: it says nothing whole.
  expect(counts.lastHours(24, now).map(({ total }) => total)).toEqual([600, 600]);
  expect(counts.lastHours(1, now)).toEqual([{ good: 540, total: 600 }]);
});
