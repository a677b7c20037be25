import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { compileUserRule } from '../../../src/decide/user-rules.ts';
import { VirtualTime } from '../../../src/engine/virtual-time.ts';
import { type Emission, type Incident, labelsFrom, METRIC_NAME, type SeriesKind } from '../../../src/model/index.ts';
import { type EngineOnVirtualTime, engineOnVirtualTime } from './engine-on-virtual-time.ts';

/* What an incident cost, over the real engine and stores: web calls shop, which calls postgres, where the trouble is. */

const MINUTE = 60_000;
const START = Date.UTC(2026, 5, 1, 6);

let home: string;
let time: VirtualTime;
let running: EngineOnVirtualTime;
/** When what is fed next is told. */
let at = START;

beforeEach(async () => {
  home = mkdtempSync(join(tmpdir(), 'auspex-business-'));
  time = new VirtualTime(START);
  at = START + 20_000;
  const rule = compileUserRule({
    name: 'locks',
    metric: 'db_locks',
    match: [],
    rate: false,
    op: '>',
    limit: 100,
    clear: null,
    for: 0,
    hold: 0,
    severity: 'high',
    summary: null,
    action: null,
  });
  const business = { shop: ['orders_total', 'carts', 'refunds_total'], billing: ['invoices_total'] };
  running = await engineOnVirtualTime({ home, time, intervalMs: MINUTE, rules: [rule], business });
  const calls = { shop: ['postgres'], web: ['shop'] };
  for (const [name, dependencies] of Object.entries(calls))
    await running.engine.registerService({ name, check: null, dependencies, start: null, stop: null, scale: null }, []);
});
afterEach(async () => {
  await running.close();
  rmSync(home, { recursive: true, force: true });
});

/** Orders of two instances since the process of each began. */
const orders = { a: 1000, b: 2000 };

interface World {
  /** Orders a minute of both instances together. */
  readonly orders: number | null;
  readonly locks: number;
}

function samplesOf(world: World): readonly Emission[] {
  const one = (name: string, labels: Readonly<Record<string, string>>, value: number, kind: SeriesKind): Emission => ({
    labels: labelsFrom([...Object.entries(labels), [METRIC_NAME, name]]),
    kind,
    at,
    value,
  });
  const shop = { job: 'shop', instance: 'a:9464' };
  const told = world.orders;
  if (told !== null) for (const side of ['a', 'b'] as const) orders[side] += told / 2;
  return [
    one('db_locks', { job: 'postgres', instance: 'db:9187' }, world.locks, 'gauge'),
    one('invoices_total', { job: 'billing', instance: 'c:9464' }, at / 1000, 'counter'),
    one('carts', shop, 40 + (Math.floor(at / MINUTE) % 3), 'gauge'),
    ...(told === null
      ? []
      : [
          one('orders_total', shop, orders.a, 'counter'),
          one('orders_total', { ...shop, instance: 'b:9464' }, orders.b, 'counter'),
        ]),
  ];
}

/** Feeds so many minutes; gives how many orders came in them. */
async function feed(minutes: number, world: (minute: number) => World, every = 1): Promise<number> {
  let came = 0;
  for (let minute = 0; minute < minutes; minute += every, at += every * MINUTE) {
    await time.advanceTo(at);
    const now = world(minute);
    came += now.orders ?? 0;
    await running.engine.record(samplesOf(now));
    await running.engine.settle();
  }
  await time.advanceTo(at);
  await running.engine.settle();
  return came;
}

/** Some 60 a minute, up and down. */
const usual = (minute: number): World => ({ orders: 60 + 8 * Math.sin(minute * 2.4), locks: 3 });

function openIncident(): Incident {
  const [incident, ...more] = running.engine.incidents();
  if (incident === undefined || more.length > 0) throw new Error(`${more.length} incidents beside ${incident?.title}`);
  return incident;
}

test('orders that fail to come while the database below hangs are counted, over a restart of the shop too', {
  timeout: 300_000,
}, async () => {
  await feed(150, usual);
  const came = await feed(20, (minute) => {
    // One instance began anew: its counter is at 0 again.
    if (minute === 10) orders.b = 0;
    return { orders: 12, locks: 500 };
  });
  expect(came).toBe(240);
  const incident = openIncident();
  expect(incident.entityIds.map((id) => running.engine.nameOf(id))).toContain('postgres on db');
  const business = await running.engine.incidentBusiness(incident);
  expect(business).toMatchObject({ from: START + 150 * MINUTE, to: START + 170 * MINUTE, leftOut: 0 });
  const [fallen, unknown, carts, ...more] = business?.items ?? [];
  expect(more).toEqual([]);
  expect(fallen).toMatchObject({ service: 'shop', metric: 'orders_total', kind: 'counter', basis: 'learnt' });
  expect(fallen?.value).toBeCloseTo(12, 6);
  // In 20 minutes 240 of some 1,200 came.
  expect(Math.abs((fallen?.usual ?? 0) - 60)).toBeLessThan(3);
  expect(Math.abs((fallen?.difference ?? 0) + 960)).toBeLessThan(60);
  expect(fallen?.text).toMatch(
    /^orders_total of shop: 12 a minute instead of some (5\d|6\d); some 9\d\d fewer in that time\.$/,
  );
  expect(unknown).toMatchObject({ metric: 'refunds_total', value: null, entityId: null });
  expect(unknown?.text).toMatch(/^refunds_total of shop: no figures of that name have come from it/);
  expect(carts).toMatchObject({ metric: 'carts', kind: 'gauge', isUsual: true, difference: null });
  expect(Math.abs((carts?.value ?? 0) - 41)).toBeLessThan(0.2);

  // More than an hour of it is no new normal, and what comes after its end is no part of it.
  await feed(70, () => ({ orders: 12, locks: 500 }));
  const long = await running.engine.incidentBusiness(openIncident());
  expect(Math.abs((long?.items[0]?.difference ?? 0) + 90 * 48)).toBeLessThan(0.06 * 90 * 48);
  await feed(60, usual);
  expect(running.engine.incidents()).toEqual([]);
  const over = await running.stores.records.get('incidents', incident.id);
  if (over === undefined) throw new Error('it is gone');
  const [after] = (await running.engine.incidentBusiness(over))?.items ?? [];
  expect(Math.abs((after?.difference ?? 0) + 90 * 48)).toBeLessThan(0.1 * 90 * 48);
});

test('a young service is held against the hour before; one that falls silent is not said to sell nothing', {
  timeout: 300_000,
}, async () => {
  await feed(30, usual);
  await feed(1, () => ({ orders: null, locks: 500 }));
  // No whole minute of it has passed: nothing is told yet.
  const young = { ...openIncident(), startedAt: time.now() - 10_000 };
  expect(await running.engine.incidentBusiness(young)).toBeNull();
  await feed(6, () => ({ orders: null, locks: 500 }));
  const silent = (await running.engine.incidentBusiness(openIncident()))?.items.find(
    ({ metric }) => metric === 'orders_total',
  );
  expect(silent).toMatchObject({ difference: null, isUsual: null, basis: 'hour-before' });
  expect(silent?.text).toMatch(
    /^orders_total of shop: no figures of it came for 7 min of that time, .*; usual are some (5|6)\d a minute\.$/,
  );
  // It was told of no more for seven minutes, and had gone on at 12 a minute.
  for (const side of ['a', 'b'] as const) orders[side] += 7 * 6;
  const came = 7 * 12 + (await feed(13, () => ({ orders: 12, locks: 500 })));
  const incident = openIncident();
  const business = await running.engine.incidentBusiness(incident);
  const [back] = business?.items ?? [];
  // It begins with the last that the silent instance told.
  const minutes = 21;
  expect((business?.to ?? 0) - (business?.from ?? 0)).toBe(minutes * MINUTE);
  expect(back).toMatchObject({ metric: 'orders_total', basis: 'hour-before', isUsual: false });
  expect(back?.value).toBeCloseTo((came + (usual(29).orders ?? 0)) / minutes, 6);
  expect(back?.text).toMatch(/ a minute instead of (5|6)\d in the hour before; some 9\d\d fewer in that time\.$/);
});

test('what is told every five minutes is counted in such steps', { timeout: 300_000 }, async () => {
  at = START;
  await feed(75, () => ({ orders: 300, locks: 3 }), 5);
  await feed(15, () => ({ orders: 60, locks: 500 }), 5);
  const incident = { ...openIncident(), startedAt: START + 75 * MINUTE };
  const fallen = (await running.engine.incidentBusiness(incident))?.items.find(({ isUsual }) => isUsual === false);
  expect(fallen).toMatchObject({ metric: 'orders_total', value: 12, usual: 60, difference: -720 });
});

test('nothing affected has business metrics: nothing is told; more than can be looked at: that is', {
  timeout: 300_000,
}, async () => {
  const { engine } = running;
  await engine.changeDependency({ kind: 'remove', from: 'shop', to: 'postgres' });
  await feed(3, usual);
  await feed(5, () => ({ orders: 60, locks: 500 }));
  expect(await engine.incidentBusiness(openIncident())).toBeNull();

  await engine.changeDependency({ kind: 'add', from: 'billing', to: 'postgres' });
  const metrics = Array.from({ length: 13 }, (_, i) => `invoices_${i}_total`);
  await engine.changeService('billing', { kind: 'business', metrics });
  const series = Array.from({ length: 1001 }, (_, i): Emission => {
    const labels = { job: 'billing', instance: 'c:9464', customer: String(i), [METRIC_NAME]: 'invoices_0_total' };
    return { labels: labelsFrom(Object.entries(labels)), kind: 'counter', at: time.now(), value: i };
  });
  await engine.record(series);
  const business = await engine.incidentBusiness(openIncident());
  expect([business?.items.length, business?.leftOut]).toEqual([12, 2]);
  const many = business?.items.find(({ metric }) => metric === 'invoices_0_total');
  expect(many?.text).toBe(
    'invoices_0_total of billing: its 1001 series are too many to add up here. Name one that is summed already.',
  );
});
