import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { emptyCalendar, targetOf } from '../../../src/decide/calendar.ts';
import type { ReportedAlert } from '../../../src/decide/external-alerts.ts';
import { AlertKeeper } from '../../../src/engine/alert-keeper.ts';
import { EntityRegistry, loadEntities } from '../../../src/engine/entity-registry.ts';
import { EventRing } from '../../../src/engine/event-ring.ts';
import { ReportedAlerts } from '../../../src/engine/reported-alerts.ts';
import { labelsFrom } from '../../../src/model/index.ts';
import { incidentsOf } from './incidents-of.ts';
import { openStores, type Stores } from '../../../src/store/open-stores.ts';

/* Alerts of other systems, over the real stores: whom they speak of, and what is kept of them. */

const DAY = 86_400_000;
let home: string;
let stores: Stores;
let registry: EntityRegistry;
let alerts: AlertKeeper;
let now: number;
const clock = { now: () => now, monotonic: () => now };

async function open(): Promise<void> {
  registry = new EntityRegistry('UTC');
  stores = await openStores({
    home,
    limits: { series: 1000, quotaBytes: 1e9, minFreeBytes: 1e6 },
    retention: { rawMs: DAY, fiveMinuteMs: DAY, hourMs: DAY, recordsMs: 90 * DAY },
    fsync: false,
    clock,
    entityOf: (labels) => registry.idFor(labels, now),
    beforeSeries: (records) => loadEntities(registry, records),
  });
  alerts = keeper();
  await alerts.load();
}

const keeper = () => {
  const { records, metrics } = stores;
  const ring = new EventRing(100);
  return new AlertKeeper({
    governance: { calendar: emptyCalendar, targetOf: (id: string) => targetOf(undefined, id) },
    records,
    ring,
    clock,
    incidents: incidentsOf({ records, metrics, ring, clock, registry }),
    policy: { rules: [], channels: [{ name: 'ops', minSeverity: 'medium' }] },
  });
};

beforeEach(async () => {
  now = Date.UTC(2026, 0, 5, 12);
  home = mkdtempSync(join(tmpdir(), 'auspex-reported-'));
  await open();
});
afterEach(async () => {
  await stores.close();
  rmSync(home, { recursive: true, force: true });
});

const take = (...reported: ReportedAlert[]) => {
  const { records, metrics } = stores;
  return new ReportedAlerts({ registry, records, metrics, clock, alerts, flush: () => alerts.flush() }).take(reported);
};

function reported(labels: Record<string, string>, more: Partial<ReportedAlert> = {}): ReportedAlert {
  return {
    status: 'firing',
    labels: { alertname: 'Slow', severity: 'warning', ...labels },
    annotations: {},
    startsAt: now,
    endsAt: null,
    generatorUrl: null,
    fingerprint: null,
    ...more,
  };
}

async function entityOf(labels: Record<string, string>): Promise<string> {
  await take(reported(labels));
  const { rows } = await stores.records.find('alerts', { where: { state: 'firing' }, limit: 500 });
  return rows.at(-1)?.entityId ?? '';
}

const series = (name: string, instance: string, job: string) =>
  stores.metrics.index.resolve(
    labelsFrom([
      ['__name__', name],
      ['instance', instance],
      ['job', job],
    ]),
    'gauge',
  );

test('an alert on node_exporter’s figures is about the host, though the scrape itself counts as a target', async () => {
  for (const name of ['node_load1', 'node_load5', 'up']) series(name, 'web-1:9100', 'node');
  expect(await entityOf({ instance: 'web-1:9100', job: 'node' })).toBe('host:web-1');
});

test('an alert on a service’s figures is about what these figures are about', async () => {
  series('shop_orders', 'web-1:8080', 'shop');
  expect(await entityOf({ instance: 'web-1:8080', job: 'shop' })).toBe('target:shop@web-1');
});

test('without series of its job, a known host is found by its instance', async () => {
  series('node_load1', 'web-1:9100', 'node');
  expect(await entityOf({ instance: 'web-1', job: 'blackbox' })).toBe('host:web-1');
});

test.each([
  [{ instance: 'db-9:9187', job: 'postgres' }, 'target:postgres@db-9', 'postgres on db-9'],
  [{ instance: 'db-9' }, 'target:db-9', 'db-9'],
  [{ job: 'shop' }, 'service:shop', 'shop'],
  [{ host_id: 'spoken-of', job: 'shop' }, 'service:shop', 'shop'],
  [{ team: 'blue' }, 'target:unknown', 'unknown'],
])('the unknown %j becomes %s, never a host, and is stored with its alert', async (labels, id, name) => {
  expect(await entityOf(labels)).toBe(id);
  expect(await stores.records.get('entities', id)).toMatchObject({ name });
});

test('one request is stored whole when it is answered: alerts of one host are one incident and one message, repeats none', async () => {
  const body = ['a', 'b', 'c'].map((disk) => reported({ instance: 'web-1', disk }));
  const nobody = reported({ severity: 'info' });
  expect(await take(...body, nobody)).toEqual({ taken: 3, leftOut: 1 });
  expect(await stores.records.count('notifications', { state: 'waiting' })).toBe(1);
  now += 60_000;
  expect(await take(...body)).toEqual({ taken: 3, leftOut: 0 });
  expect(await stores.records.count('notifications', {})).toBe(1);
  await stores.close();
  await open();
  now += 60_000;
  await take(...body.map((one) => ({ ...one, status: 'resolved' as const, endsAt: now - 1000 })));
  const { rows } = await stores.records.find('alerts', { limit: 10 });
  expect(rows.map(({ state, resolvedAt }) => ({ state, resolvedAt }))).toEqual(
    Array.from({ length: 3 }, () => ({ state: 'resolved', resolvedAt: now - 1000 })),
  );
  expect(await stores.records.count('notifications', { kind: 'resolved' })).toBe(1);
});

test('an end without a beginning leaves nothing', async () => {
  expect(await take(reported({ instance: 'x' }, { status: 'resolved', endsAt: now }))).toEqual({
    taken: 1,
    leftOut: 0,
  });
  expect(await stores.records.count('alerts', {})).toBe(0);
  expect(registry.all()).toEqual([]);
});

test('an alert ends where it began, though its labels are known to speak of another by then', async () => {
  const labels = { instance: 'web-1:9100', job: 'node' };
  expect(await entityOf(labels)).toBe('target:node@web-1');
  series('node_load1', 'web-1:9100', 'node');
  now += 60_000;
  await take(reported(labels));
  expect(alerts.open()).toHaveLength(1);
  await take(reported(labels, { status: 'resolved', endsAt: now }));
  expect(alerts.open()).toHaveLength(0);
  expect(await entityOf(labels)).toBe('host:web-1');
});

test('names that come in alerts do not make entities without end', async () => {
  registry.load(
    Array.from({ length: 20_000 }, (_, i) => ({
      id: `target:${i}`,
      kind: 'target' as const,
      name: String(i),
      timeZone: 'UTC',
      firstSeenAt: now - DAY,
      lastSeenAt: now,
      aliases: [`instance=${i},job=`],
      attributes: {},
    })),
  );
  expect(await entityOf({ instance: 'one-more' })).toBe('target:unknown');
  await take(reported({ instance: '77', severity: 'page' }));
  expect(
    alerts
      .open()
      .map((alert) => alert.entityId)
      .toSorted(),
  ).toEqual(['target:77', 'target:unknown']);
});

test('more than 500 open alerts are all there after a restart; beyond 20,000 the sender is told to wait', async () => {
  const batch = (from: number, count: number) =>
    Array.from({ length: count }, (_, i) => reported({ instance: 'web-1', n: String(from + i) }));
  for (let from = 0; from < 20_000; from += 10_000) await take(...batch(from, 10_000));
  await expect(take(...batch(20_000, 1))).rejects.toMatchObject({ code: 'TOO_BUSY', data: { retryAfterSeconds: 60 } });
  // What is known already needs no room, and an end makes some.
  expect(await take(...batch(0, 1000))).toMatchObject({ taken: 1000 });
  await stores.close();
  await open();
  expect(alerts.open()).toHaveLength(20_000);
  await take(...batch(0, 1).map((one) => ({ ...one, status: 'resolved' as const, endsAt: now })));
  expect(await take(...batch(20_000, 1))).toMatchObject({ taken: 1 });
}, 120_000);
