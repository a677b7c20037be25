import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { LearntState, type Replay, startReplay } from '../../../src/compose-replay.ts';
import { compileUserRule } from '../../../src/decide/user-rules.ts';
import { starterRules } from '../../../src/decide/starter-rules.ts';
import { actedUpon } from '../../../src/engine/foresight-acts.ts';
import { EventRing } from '../../../src/engine/event-ring.ts';
import { LedgerKeeper } from '../../../src/engine/ledger-keeper.ts';
import { type Change, type Incident, labelsFrom, METRIC_NAME, type Prediction } from '../../../src/model/index.ts';
import { reaches, type Statement } from '../../../src/predict/ledger.ts';
import { SeededRandom } from '../../../src/stats/random.ts';
import { createLogger } from '../../../src/telemetry/log.ts';

/* The real engine on real stores and detectors, hours of samples in seconds. */

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const BEGIN = Date.UTC(2026, 0, 5, 6);
const EVERY = 15_000;
let home: string;
let replay: Replay;

beforeAll(async () => {
  home = mkdtempSync(join(tmpdir(), 'auspex-foresight-'));
  const queue = compileUserRule({
    name: 'queue-long',
    metric: 'shop_queue_length',
    match: [],
    rate: false,
    op: '>',
    limit: 1000,
    clear: null,
    for: 0,
    hold: 0,
    severity: 'medium',
    summary: null,
    action: null,
  });
  replay = await startReplay({
    home,
    at: BEGIN,
    intervalMs: EVERY,
    timeZone: 'UTC',
    entities: [],
    turnMs: EVERY / 2,
    rules: [...starterRules, queue],
    learnt: new LearntState(),
    log: createLogger('silent'),
  });
}, 60_000);
afterAll(async () => {
  await replay.close();
  rmSync(home, { recursive: true, force: true });
});

const random = new SeededRandom(5);
const noisy = (value: number, noise: number) => value + noise * random.normal();

/** Feeds samples of a gauge for so long, a value by the minute. */
async function feed(
  figures: readonly { labels: Record<string, string>; value: (minute: number) => number }[],
  from: number,
  minutes: number,
): Promise<void> {
  const n = (minutes * MINUTE) / EVERY;
  const times = Float64Array.from({ length: n }, (_, i) => from + (i + 1) * EVERY);
  await replay.feed(
    figures.map(({ labels, value }) => ({
      ref: replay.series(labelsFrom(Object.entries(labels)), 'gauge'),
      times,
      values: times.map((at) => value((at - from) / MINUTE)),
    })),
  );
}

const memory = { [METRIC_NAME]: 'auspex_host_memory_ratio', instance: 'web-1', job: 'auspex' };
const cpu = { [METRIC_NAME]: 'auspex_host_cpu_ratio', instance: 'web-1', job: 'auspex' };
const queue = { [METRIC_NAME]: 'shop_queue_length', service_name: 'shop', instance: 'shop-1' };

test('a ramp of memory, of CPU and of a queue with a rule: told before, once, by what is at stake, and judged', async () => {
  await feed(
    [
      { labels: memory, value: () => noisy(0.55, 0.003) },
      { labels: cpu, value: () => noisy(0.55, 0.01) },
      { labels: queue, value: () => noisy(550, 8) },
    ],
    BEGIN,
    150,
  );
  const ramp = BEGIN + 150 * MINUTE;
  await feed(
    [
      { labels: memory, value: (minute) => noisy(Math.min(0.98, 0.55 + 0.01 * minute), 0.003) },
      { labels: cpu, value: (minute) => noisy(Math.min(0.99, 0.55 + 0.01 * minute), 0.01) },
      { labels: queue, value: (minute) => noisy(550 + 11 * minute, 8) },
    ],
    ramp,
    60,
  );
  const { rows } = await replay.records.find('alerts', { limit: 100 });
  const foreseen = rows.filter(({ kind }) => kind === 'forecast');
  expect(Object.fromEntries(foreseen.map(({ rule, severity, subject }) => [rule, [severity, subject]]))).toEqual({
    'bottleneck-ahead': ['medium', 'shop_queue_length (queue-long)'],
    'limit-ahead': ['high', 'memory used'],
  });
  expect(foreseen.map(({ state }) => state)).toEqual(['firing', 'firing']);
  // Memory passes 95 % and the queue its 1,000 after about 40 minutes.
  for (const { firedAt, summary } of foreseen) {
    const lead = ramp + 40 * MINUTE - (firedAt ?? 0);
    expect(lead, summary).toBeGreaterThanOrEqual(5 * MINUTE);
    expect(lead, summary).toBeLessThanOrEqual(20 * MINUTE);
    // It came: the warning says so, and is not over.
    expect(summary).toMatch(/ has reached (95 %|1,000): /);
  }
  const predictions = await replay.records.find('predictions', { where: { type: 'bottleneck' }, limit: 100 });
  // One a beginning hour: the first may have been early by a minute.
  const last = predictions.rows.toSorted((a, b) => a.madeAt - b.madeAt);
  const outcomes = new Map(last.map(({ component, outcome }) => [component, outcome]));
  expect(outcomes.get('memory used')).toBe('true');
  expect(outcomes.get('shop_queue_length (queue-long)')).toBe('true');
  // Shown and kept, though nobody is told that a machine is busy.
  expect(outcomes.get('CPU used')).toBe('true');
}, 300_000);

test('when it is over, the warning is: people are told of its end', async () => {
  const after = BEGIN + 210 * MINUTE;
  const calm = [
    { labels: memory, value: () => noisy(0.55, 0.003) },
    { labels: cpu, value: () => noisy(0.5, 0.01) },
    { labels: queue, value: () => noisy(300, 8) },
  ];
  await feed(calm, after, 30);
  const { rows } = await replay.records.find('alerts', { limit: 100 });
  const foreseen = rows.filter(({ kind }) => kind === 'forecast');
  expect(foreseen.map(({ state }) => state)).toEqual(['resolved', 'resolved']);
}, 120_000);

test('a disk that fills for the first time is told of half-way, a restart of Auspex on the way or not', async () => {
  const from = BEGIN + 245 * MINUTE;
  const spool = { [METRIC_NAME]: 'auspex_host_disk_ratio', instance: 'web-1', job: 'auspex', mountpoint: '/spool' };
  await feed([{ labels: spool, value: () => noisy(0.4, 0.0005) }], from, 70);
  const ramp = from + 70 * MINUTE;
  const level = (minute: number) => noisy(0.4 + 0.03 * minute, 0.0005);
  await feed([{ labels: spool, value: level }], ramp, 1);
  // Nothing for six minutes, in which it was not filled.
  await feed([{ labels: spool, value: (minute) => level(minute + 1) }], ramp + 7 * MINUTE, 16);
  const { rows } = await replay.records.find('alerts', { limit: 100 });
  const alert = rows.find(({ subject }) => subject === 'disk used /spool');
  expect(alert).toMatchObject({ rule: 'limit-ahead', severity: 'high' });
  const reached = ramp + (6 + 0.58 / 0.03) * MINUTE;
  const lead = (reached - (alert?.firedAt ?? 0)) / MINUTE;
  expect(lead).toBeGreaterThanOrEqual(6);
  expect(lead).toBeLessThanOrEqual(12);
}, 120_000);

test('a machine that users make busy as never before is told of, and by whom', async () => {
  const from = BEGIN + 350 * MINUTE;
  const rate = { [METRIC_NAME]: 'auspex_service_request_rate', service_name: 'shop', instance: 'shop-1' };
  await feed(
    [
      { labels: cpu, value: () => noisy(0.5, 0.01) },
      { labels: rate, value: () => noisy(35, 2) },
    ],
    from,
    130,
  );
  const ramp = from + 130 * MINUTE;
  await feed(
    [
      { labels: cpu, value: (minute) => noisy(Math.min(0.99, 0.5 + 0.015 * minute), 0.01) },
      { labels: rate, value: (minute) => noisy(35 + 20 * minute, 6) },
    ],
    ramp,
    32,
  );
  const { rows } = await replay.records.find('alerts', { limit: 100 });
  const alert = rows.find(({ subject }) => subject === 'CPU used');
  expect(alert).toMatchObject({ rule: 'bottleneck-ahead', severity: 'medium' });
  expect((ramp + 30 * MINUTE - (alert?.firedAt ?? 0)) / MINUTE).toBeGreaterThanOrEqual(5);
  expect(rows.filter(({ subject }) => subject === 'CPU used')).toHaveLength(1);
  // It is passed by now: the warning is not over.
  expect(alert?.state).toBe('firing');
}, 180_000);

test('what did not come because somebody saw to it is averted, and counts in no frequency', async () => {
  const { records } = replay;
  let now = BEGIN + 10 * HOUR;
  const clock = { now: () => now, monotonic: () => now };
  // It was at 90 %, was foretold to reach 95 %, and went back to 60 %.
  const turned = { times: new Float64Array(15), values: new Float64Array(15) };
  for (let i = 0; i < 15; i++) {
    turned.times[i] = now + (i + 1) * MINUTE;
    turned.values[i] = i < 5 ? 0.9 : 0.6;
  }
  const made = (entityId: string): Statement => ({
    type: 'bottleneck',
    entityId,
    component: 'memory used',
    model: 'bottleneck',
    modelVersion: 1,
    madeAt: now,
    horizonMs: 15 * MINUTE,
    value: 0.95,
    unit: 'ratio',
    probability: 0.8,
    rule: reaches(0.95),
    baseline: null,
  });
  const actual = () => Promise.resolve(turned);
  const acted = actedUpon(records, (entityId) => (entityId === 'host:deployed' ? 'shop' : null));
  const ledger = new LedgerKeeper({
    records,
    ring: new EventRing(10),
    clock,
    actual,
    isOutOfCount: () => false,
    acted,
  });
  await ledger.load();
  const all = ['host:seen-to', 'host:left-alone', 'host:edited', 'host:deployed', 'host:crashed'];
  await ledger.make(all.map(made));
  const change = (id: string, more: Partial<Change>): Change => ({
    id,
    at: now + 5 * MINUTE,
    kind: 'configuration',
    entityId: null,
    service: null,
    what: '/etc/app.conf',
    from: null,
    to: null,
    by: null,
    source: 'files',
    url: null,
    ...more,
  });
  await records.put('changes', [
    change('c1', { entityId: 'host:edited' }),
    change('c2', { service: 'shop', kind: 'deployment' }),
    change('c3', { entityId: 'host:crashed', kind: 'restart', source: 'start time' }),
  ]);
  const [known] = (await records.find('incidents', { limit: 1 })).rows;
  if (known === undefined) throw new Error('there is no incident');
  const seenTo: Incident = {
    ...known,
    id: 'ffffffffffffffff',
    state: 'open',
    startedAt: now,
    entityId: 'host:seen-to',
    entityIds: ['host:seen-to'],
    steps: [{ at: now + 6 * MINUTE, kind: 'acknowledged', text: 'Ada looks at it.', by: 'ada' }],
  };
  await records.put('incidents', [seenTo]);
  now += 16 * MINUTE;
  await ledger.judgeDue();
  const { rows } = await records.find('predictions', { where: { madeAt: BEGIN + 10 * HOUR }, limit: 10 });
  const outcome = (of: string) => rows.find(({ entityId }: Prediction) => entityId === of)?.outcome;
  expect(all.map(outcome)).toEqual(['averted', 'false', 'averted', 'averted', 'false']);
  const record = ledger.trackRecords().find(({ entityId }) => entityId === 'host:seen-to');
  expect(record).toMatchObject({ scored: 0, averted: 1, pending: 0 });
});
