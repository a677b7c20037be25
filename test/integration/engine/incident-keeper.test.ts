import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { emptyCalendar, targetOf } from '../../../src/decide/calendar.ts';
import type { Observation } from '../../../src/decide/alert-book.ts';
import { AlertKeeper } from '../../../src/engine/alert-keeper.ts';
import { EntityRegistry } from '../../../src/engine/entity-registry.ts';
import { EventRing } from '../../../src/engine/event-ring.ts';
import type { IncidentKeeper } from '../../../src/engine/incident-keeper.ts';
import type { Finding, NotificationRow } from '../../../src/model/index.ts';
import { openStores, type Stores } from '../../../src/store/open-stores.ts';
import { incidentsOf } from './incidents-of.ts';
import { sampleObservation } from './sample-observation.ts';
import { sampleFinding } from './sample-finding.ts';

const MINUTE = 60_000;
let now = 0;
let home = '';
let stores: Stores;
let incidents: IncidentKeeper;
let alerts: AlertKeeper;
let findings: Finding[] = [];
const clock = { now: () => now, monotonic: () => now };

async function open(): Promise<void> {
  stores = await openStores({
    home,
    limits: { series: 1000, quotaBytes: 2 ** 30, minFreeBytes: 0 },
    retention: { rawMs: 1e12, fiveMinuteMs: 1e12, hourMs: 1e12, recordsMs: 1e12 },
    fsync: false,
    clock,
    entityOf: () => 'host:a',
  });
  const { records, metrics } = stores;
  const ring = new EventRing(100);
  const registry = new EntityRegistry('UTC');
  incidents = incidentsOf({ records, metrics, ring, clock, registry, openFindings: () => findings });
  alerts = new AlertKeeper({
    governance: { calendar: emptyCalendar, targetOf: (id: string) => targetOf(undefined, id) },
    records,
    ring,
    clock,
    incidents,
    policy: {
      rules: [],
      channels: [
        { name: 'ops', minSeverity: 'medium' },
        { name: 'night', minSeverity: 'critical' },
      ],
    },
  });
  await alerts.load();
}

beforeEach(async () => {
  now = Date.UTC(2026, 0, 5, 12);
  findings = [];
  home = mkdtempSync(join(tmpdir(), 'auspex-incidents-'));
  await open();
});
afterEach(async () => {
  await stores.close();
  rmSync(home, { recursive: true, force: true });
});

const seen = (rule: string, more: Partial<Observation> = {}): Observation => sampleObservation(rule, now, more);

async function messages(): Promise<readonly NotificationRow[]> {
  await alerts.flush();
  return (await stores.records.find('notifications', { orderBy: 'createdAt', limit: 50 })).rows;
}
const told = async (): Promise<readonly string[]> =>
  (await messages()).map(({ kind, channel }) => `${kind} ${channel}`);

test('people are told of a trouble once: the second alert is part of it, and its end is one message under the same key', async () => {
  alerts.observe([seen('first')]);
  now += MINUTE;
  alerts.observe([seen('first'), seen('second')]);
  expect(await told()).toEqual(['firing ops']);
  const { rows } = await stores.records.find('alerts', { orderBy: 'startedAt', limit: 5 });
  const [incident] = incidents.open();
  expect(rows.map(({ rule, suppressedBy, incidentId }) => [rule, suppressedBy, incidentId])).toEqual([
    ['first', null, incident?.id],
    ['second', 'Part of an incident of which people were told: first is too high', incident?.id],
  ]);
  now += MINUTE;
  alerts.observe([seen('first', { reading: 'clear' })]);
  expect(await told()).toEqual(['firing ops']);
  alerts.observe([seen('second', { reading: 'clear' })]);
  expect(await told()).toEqual(['firing ops', 'resolved ops']);
  const keys = (await messages()).map(({ deduplicationKey }) => deduplicationKey);
  expect(new Set(keys).size).toBe(1);
});

test('a channel for the worst is told once it is that bad, the others not again', async () => {
  alerts.observe([seen('first')]);
  now += MINUTE;
  alerts.observe([seen('first'), seen('worse', { severity: 'critical' })]);
  expect(await told()).toEqual(['firing ops', 'firing night']);
  now += MINUTE;
  alerts.observe([seen('first', { reading: 'clear' }), seen('worse', { reading: 'clear' })]);
  expect((await told()).slice(2).toSorted()).toEqual(['resolved night', 'resolved ops']);
});

test('after a restart nobody is told again, and the end is told', async () => {
  alerts.observe([seen('first')]);
  await alerts.flush();
  await stores.close();
  await open();
  now += MINUTE;
  alerts.observe([seen('first')]);
  expect(await told()).toEqual(['firing ops']);
  alerts.observe([seen('first', { reading: 'clear' })]);
  expect(await told()).toEqual(['firing ops', 'resolved ops']);
});

test('a message waits for others as long as the settings say, and not at all unless they do', async () => {
  alerts.observe([seen('first')]);
  alerts.setPolicy({ ...alerts.policy, groupMs: 30_000 });
  alerts.observe([seen('first'), seen('worse', { severity: 'critical' })]);
  expect((await messages()).map(({ channel, nextTryAt }) => `${channel} ${nextTryAt - now}`).toSorted()).toEqual([
    'night 30000',
    'ops 0',
  ]);
});

test('what comes back within half an hour is the same incident and is told under a new key', async () => {
  alerts.observe([seen('first')]);
  now += MINUTE;
  alerts.observe([seen('first', { reading: 'clear' })]);
  now += 10 * MINUTE;
  alerts.observe([seen('first')]);
  expect(await told()).toEqual(['firing ops', 'resolved ops', 'firing ops']);
  const all = await messages();
  expect(all[2]?.deduplicationKey).not.toBe(all[0]?.deduplicationKey);
  expect((await stores.records.find('incidents', { limit: 5 })).rows).toHaveLength(1);
});

test('two incidents of which people were told become one: the younger one’s message ends', async () => {
  alerts.observe([seen('a'), seen('b', { entityId: 'host:b', at: now })]);
  const [incident] = incidents.open();
  // Few are watched, so both are one; a person says that they are two.
  const sign = incident?.signs.find(({ id }) => id !== incident.leadAlertId)?.id ?? '';
  incidents.change(incident?.id ?? '', { kind: 'split', signs: [sign] }, 'ann');
  alerts.settleIncidents();
  now += MINUTE;
  alerts.observe([seen('a'), seen('b', { entityId: 'host:b' })]);
  expect(await told()).toEqual(['firing ops', 'firing ops']);
  const [, younger] = incidents.open();
  incidents.change(younger?.id ?? '', { kind: 'merge', into: incident?.id ?? '' }, 'ann');
  alerts.settleIncidents();
  const all = await messages();
  const begun = all.find(({ kind, title }) => kind === 'firing' && title.endsWith(younger?.title ?? 'none'));
  const ends = all.filter(({ kind }) => kind === 'resolved');
  expect(ends.map(({ deduplicationKey }) => deduplicationKey)).toEqual([begun?.deduplicationKey]);
});

const unusual = (more: Partial<Finding> = {}): Finding => sampleFinding('f1', now, more);

test('of what nobody feels nobody is told, with the reason; of what a person limited they are', async () => {
  findings = [unusual()];
  alerts.observeFindings(findings);
  await incidents.review();
  for (let i = 0; i < 5; i++) {
    now += 30_000;
    findings = [unusual({ onsetAt: Date.UTC(2026, 0, 5, 12), lastAt: now })];
    alerts.observeFindings(findings);
    await incidents.review();
  }
  expect(await told()).toEqual([]);
  const [row] = (await stores.records.find('alerts', { limit: 5 })).rows;
  expect(row?.suppressedBy).toContain('Nobody feels it so far');
  expect(incidents.open()).toMatchObject([{ severity: 'medium', toldAt: null }]);
  alerts.observe([seen('limit', { resource: 'cpu' })]);
  expect(await told()).toContain('firing ops');
});

test('what comes back is looked at before anybody is told, as what is new is', async () => {
  findings = [unusual()];
  alerts.observeFindings(findings);
  await incidents.review();
  now += MINUTE;
  const over = [unusual({ onsetAt: now - MINUTE, status: 'ended', endedAt: now })];
  findings = [];
  incidents.note(over);
  alerts.observeFindings(over);
  now += 10 * MINUTE;
  await alerts.observeAll(findings, []);
  await incidents.review();
  expect(incidents.open()).toEqual([]);
  findings = [sampleFinding('f2', now)];
  incidents.note(findings);
  alerts.observeFindings(findings);
  now += 5_000;
  alerts.observeFindings(findings);
  await alerts.flush();
  const reasons = async (): Promise<readonly (string | null)[]> =>
    (await stores.records.find('alerts', { where: { state: 'firing' }, limit: 5 })).rows.map(
      ({ suppressedBy }) => suppressedBy,
    );
  expect(await reasons()).toEqual(['Its figures are being compared with their past, which takes some seconds.']);
  await incidents.review();
  now += 5_000;
  alerts.observeFindings(findings);
  await alerts.flush();
  expect((await reasons())[0]).toContain('Nobody feels it so far');
});
