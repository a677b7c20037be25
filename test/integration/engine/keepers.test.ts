import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { emptyCalendar, targetOf } from '../../../src/decide/calendar.ts';
import { AlertKeeper } from '../../../src/engine/alert-keeper.ts';
import { EventRing } from '../../../src/engine/event-ring.ts';
import { AuspexError } from '../../../src/errors.ts';
import { FindingKeeper } from '../../../src/engine/finding-keeper.ts';
import { LedgerKeeper } from '../../../src/engine/ledger-keeper.ts';
import { type Finding, type Prediction, type RecordStore } from '../../../src/model/index.ts';
import type { Statement } from '../../../src/predict/ledger.ts';
import { incidentsOf } from './incidents-of.ts';
import { sampleFinding } from './sample-finding.ts';
import { openStores, type Stores } from '../../../src/store/open-stores.ts';

/* What the engine keeps, over the real record store. */

const HOUR = 3_600_000;
let home: string;
let stores: Stores;
let records: RecordStore;
let now = Date.UTC(2026, 0, 5, 12);
const clock = { now: () => now, monotonic: () => now };

beforeAll(async () => {
  home = mkdtempSync(join(tmpdir(), 'auspex-keepers-'));
  stores = await openStores({
    home,
    limits: { series: 1000, quotaBytes: 1e9, minFreeBytes: 1e6 },
    retention: {
      rawMs: 15 * 24 * HOUR,
      fiveMinuteMs: 90 * 24 * HOUR,
      hourMs: 400 * 24 * HOUR,
      recordsMs: 90 * 24 * HOUR,
    },
    fsync: false,
    clock,
    entityOf: () => 'host:a',
  });
  records = stores.records;
});
afterAll(async () => {
  await stores.close();
  rmSync(home, { recursive: true, force: true });
});

const finding = (id: string, over: Partial<Finding> = {}): Finding => sampleFinding(id, now, over);

const statement = (over: Partial<Statement> = {}): Statement => ({
  type: 'forecast',
  entityId: 'host:a',
  component: 'CPU used',
  model: 'forecast',
  modelVersion: 1,
  madeAt: now,
  horizonMs: HOUR,
  value: 0.5,
  unit: 'ratio',
  probability: 0.9,
  rule: { kind: 'interval', lower: 0.4, upper: 0.6 },
  baseline: 0.3,
  ...over,
});

function ledgerSeeing(value: number | null, store: RecordStore = records): LedgerKeeper {
  return new LedgerKeeper({
    isOutOfCount: () => false,
    records: store,
    ring: new EventRing(100),
    clock,
    actual: (row: Prediction) =>
      Promise.resolve(
        value === null ? null : { times: Float64Array.of(row.dueAt - 1000), values: Float64Array.of(value) },
      ),
  });
}

test('a target, model and horizon has one row an hour, and each is judged once, when it is due', async () => {
  const ledger = ledgerSeeing(0.55);
  await ledger.load();
  await ledger.make([statement(), statement({ value: 0.51 })]);
  await ledger.make([statement({ madeAt: now + 60_000 })]);
  expect(ledger.totals()).toMatchObject({ pending: 1, scored: 0 });
  expect(await ledger.judgeDue()).toBe(0);
  now += HOUR + 60_000;
  expect(await ledger.judgeDue()).toBe(1);
  expect(await ledger.judgeDue()).toBe(0);
  expect(ledger.totals()).toEqual({ pending: 0, scored: 1, held: 1 });
  const [record] = ledger.trackRecords();
  expect(record).toMatchObject({ scored: 1, held: 1, observed: 1 });
  expect(record?.meanAbsoluteError).toBeCloseTo(0.05);
  expect(record?.baselineMeanAbsoluteError).toBeCloseTo(0.25);
});

test('the running sums are there again after a restart, and go on', async () => {
  const ledger = ledgerSeeing(0.9);
  await ledger.load();
  expect(ledger.totals()).toMatchObject({ scored: 1, held: 1 });
  await ledger.make([statement({ madeAt: now })]);
  now += HOUR + 60_000;
  await ledger.judgeDue();
  expect(ledger.totals()).toMatchObject({ scored: 2, held: 1 });
});

test('where nobody could look, the outcome is unknown and counts for nothing', async () => {
  const ledger = ledgerSeeing(null);
  await ledger.load();
  await ledger.make([statement({ madeAt: now })]);
  now += HOUR + 60_000;
  expect(await ledger.judgeDue()).toBe(1);
  expect(ledger.totals()).toMatchObject({ scored: 2, held: 1 });
});

test('a verdict outlives what the detectors go on to say, and a restart', async () => {
  const keeper = new FindingKeeper(records, new EventRing(100));
  await keeper.load();
  keeper.take([{ change: 'opened', finding: finding('f1') }]);
  await keeper.judge('f1', 'normal', 'owner', now);
  keeper.take([{ change: 'updated', finding: finding('f1', { severity: 'critical' }) }]);
  await keeper.flush();
  expect(keeper.openOf('host:a')).toEqual([]);
  const again = new FindingKeeper(records, new EventRing(100));
  await again.load();
  expect(await again.get('f1')).toMatchObject({
    verdict: 'normal',
    severity: 'critical',
    culprits: [{ name: 'stress-ng' }],
  });
});

test('from twenty judged findings on, the share that was confirmed is how sure the next one is', async () => {
  const keeper = new FindingKeeper(records, new EventRing(100));
  await keeper.load();
  for (let i = 0; i < 24; i++) {
    keeper.take([{ change: 'opened', finding: finding(`m${i}`, { detector: 'metric' }) }]);
    await keeper.judge(`m${i}`, i % 4 === 0 ? 'dismissed' : 'confirmed', 'owner', now);
  }
  const [next] = keeper.take([{ change: 'opened', finding: finding('next', { detector: 'metric' }) }]);
  expect(next?.confidence).toEqual({ value: 0.75, band: 'high', source: 'measured', sampleCount: 24 });
  const [other] = keeper.take([{ change: 'opened', finding: finding('other', { detector: 'absence' }) }]);
  expect(other?.confidence.source).toBe('prior');
});

test('a finding of which nobody speaks any more ends, though its host reports', async () => {
  const keeper = new FindingKeeper(records, new EventRing(100));
  keeper.take([{ change: 'opened', finding: finding('old') }]);
  expect(keeper.endForgotten(now + 20 * 60_000, () => now + 20 * 60_000)).toEqual([]);
  expect(keeper.endForgotten(now + 40 * 60_000, () => now)).toEqual([]);
  expect(keeper.endForgotten(now + 40 * 60_000, () => now + 40 * 60_000)).toMatchObject([
    { id: 'old', status: 'ended', endedAt: now },
  ]);
  await keeper.flush();
  expect(await records.get('anomalies', 'old')).toMatchObject({ status: 'ended' });
});

/** The real store, whose disk is full as long as `full` says so. */
function fillable(): { store: RecordStore; disk: { full: boolean } } {
  const disk = { full: false };
  const store = new Proxy(records, {
    get(target, name) {
      if (name === 'transaction' && disk.full)
        return () => Promise.reject(new AuspexError('STORE_FULL', 'The disk is full.'));
      const value: unknown = Reflect.get(target, name);
      return typeof value === 'function' ? value.bind(target) : value;
    },
  });
  return { store, disk };
}

test('what a full disk refused is written once there is room: findings, alerts with their messages', async () => {
  const { store, disk } = fillable();
  const ring = new EventRing(100);
  const findings = new FindingKeeper(store, ring);
  const alerts = new AlertKeeper({
    governance: { calendar: emptyCalendar, targetOf: (id: string) => targetOf(undefined, id) },
    records: store,
    ring,
    clock,
    incidents: incidentsOf({
      records: store,
      metrics: stores.metrics,
      ring,
      clock,
      openFindings: () => findings.open(),
    }),
    policy: { rules: [], channels: [{ name: 'hook', minSeverity: 'high' }] },
  });
  await findings.load();
  await alerts.load();
  disk.full = true;
  alerts.observeFindings(
    findings.take([{ change: 'opened', finding: finding('refused', { severity: 'critical', resource: 'other' }) }]),
  );
  for (let i = 0; i < 3; i++) {
    await expect(findings.flush()).rejects.toMatchObject({ code: 'STORE_FULL' });
    await expect(alerts.flush()).rejects.toMatchObject({ code: 'STORE_FULL' });
  }
  disk.full = false;
  await findings.flush();
  await alerts.flush();
  expect(await records.get('anomalies', 'refused')).toMatchObject({ status: 'open' });
  const { rows } = await records.find('alerts', { where: { findingId: 'refused' }, limit: 10 });
  expect(rows).toHaveLength(1);
  const messages = await records.find('notifications', { where: { alertId: rows[0]?.id ?? '' }, limit: 10 });
  expect(messages.rows).toHaveLength(1);
});

test('a judgement that could not be stored is not counted twice when it is made again', async () => {
  const { store, disk } = fillable();
  const ledger = ledgerSeeing(0.55, store);
  await ledger.load();
  const before = ledger.totals();
  disk.full = true;
  await expect(ledger.make([statement({ madeAt: now, component: 'again' })])).rejects.toThrow('full');
  expect(ledger.totals()).toEqual(before);
  disk.full = false;
  await ledger.make([statement({ madeAt: now, component: 'again' })]);
  now += HOUR + 60_000;
  disk.full = true;
  await expect(ledger.judgeDue()).rejects.toThrow('full');
  disk.full = false;
  expect(await ledger.judgeDue()).toBe(1);
  expect(ledger.totals()).toEqual({ ...before, scored: before.scored + 1, held: before.held + 1 });
});
