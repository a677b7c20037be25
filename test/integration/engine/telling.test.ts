import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { Observation } from '../../../src/decide/alert-book.ts';
import { emptyCalendar, targetOf } from '../../../src/decide/calendar.ts';
import { noRouting, type Route, type Routing } from '../../../src/decide/routing.ts';
import { AlertKeeper, type AlertPolicy } from '../../../src/engine/alert-keeper.ts';
import { EntityRegistry } from '../../../src/engine/entity-registry.ts';
import { EventRing } from '../../../src/engine/event-ring.ts';
import type { IncidentKeeper } from '../../../src/engine/incident-keeper.ts';
import { KnownServices } from '../../../src/engine/known-services.ts';
import { JudgementKeeper } from '../../../src/engine/judgement-keeper.ts';
import type { Incident, NotificationRow } from '../../../src/model/index.ts';
import { openStores, type Stores } from '../../../src/store/open-stores.ts';
import { incidentsOf } from './incidents-of.ts';
import { sampleRoute } from '../api/sample-routing.ts';
import { sampleObservation } from './sample-observation.ts';

/* Whom people's messages reach, over real stores: routes, escalation, what stays told through splits and restarts, what people's verdicts change. */

const MINUTE = 60_000;
let now = 0;
let home = '';
let stores: Stores;
let incidents: IncidentKeeper;
let alerts: AlertKeeper;
let judgements: JudgementKeeper;
let policy: AlertPolicy;
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
  judgements = new JudgementKeeper(records, new KnownServices(registry));
  await judgements.load();
  incidents = incidentsOf({ records, metrics, ring, clock, registry, judgements });
  const governance = { calendar: emptyCalendar, targetOf: (id: string) => targetOf(undefined, id) };
  alerts = new AlertKeeper({ records, ring, clock, incidents, policy, governance });
  await alerts.load();
}

/** As after kill -9: what was not written is gone. */
async function restart(): Promise<void> {
  await stores.close();
  await open();
}

beforeEach(async () => {
  now = Date.UTC(2026, 0, 5, 12);
  policy = {
    rules: [],
    channels: [
      { name: 'ops', minSeverity: 'medium', kind: 'slack' },
      { name: 'boss', minSeverity: 'medium', kind: 'email' },
    ],
  };
  home = mkdtempSync(join(tmpdir(), 'auspex-telling-'));
  await open();
});
afterEach(async () => {
  await stores.close();
  rmSync(home, { recursive: true, force: true });
});

const seen = (rule: string, more: Partial<Observation> = {}): Observation => sampleObservation(rule, now, more);

async function messages(): Promise<readonly NotificationRow[]> {
  await alerts.flush();
  return (await stores.records.find('notifications', { orderBy: 'createdAt', limit: 100 })).rows;
}
const told = async (): Promise<readonly string[]> =>
  (await messages()).map(({ kind, channel }) => `${kind} ${channel}`);
const only = (): Incident => {
  const [incident, ...others] = incidents.open();
  if (incident === undefined || others.length > 0) throw new Error(`${others.length + 1} incidents are open`);
  return incident;
};
const route = (more: Partial<Route>): Route => sampleRoute({ to: ['ops'], ...more });
function use(routing: Partial<Routing>, channels = policy.channels): void {
  policy = { ...policy, channels, routing: { ...noRouting, ...routing } };
  alerts.setPolicy(policy);
}
/** Time passes, as the tick would have it. */
function pass(ms: number, ...observations: readonly Observation[]): void {
  now += ms;
  alerts.observe(observations.map((one) => ({ ...one, at: now })));
  alerts.settleIncidents();
}

const night: Partial<Routing> = {
  routes: [route({ escalation: 'night' })],
  escalations: [
    {
      name: 'night',
      steps: [
        { afterMs: 10 * MINUTE, to: ['boss'] },
        { afterMs: 5 * MINUTE, to: ['ops', 'boss'] },
      ],
      repeat: 0,
    },
  ],
};

test('a route says who is told, and only they are told of the end', async () => {
  use({ routes: [route({ severity: ['critical'], to: ['boss'] }), route({ to: ['ops'] })] });
  pass(0, seen('first'));
  pass(MINUTE, seen('first', { reading: 'clear' }));
  expect(await told()).toEqual(['firing ops', 'resolved ops']);
});

test('while nobody takes it the next are told, in order, once each, also over restarts; the story says so', async () => {
  use(night);
  pass(0, seen('first'));
  pass(9 * MINUTE, seen('first'));
  expect(await told()).toEqual(['firing ops']);
  await restart();
  pass(MINUTE, seen('first'));
  expect(await told()).toEqual(['firing ops', 'escalated boss']);
  await restart();
  pass(MINUTE, seen('first'));
  expect(await told()).toHaveLength(2);
  pass(4 * MINUTE, seen('first'));
  expect(await told()).toHaveLength(4);
  pass(600 * MINUTE, seen('first'));
  expect(await told()).toHaveLength(4);
  expect(
    only()
      .steps.filter(({ kind }) => kind === 'escalated')
      .map(({ text }) => text),
  ).toEqual([
    'Nobody has taken it for 10 min: step 1 of 2 of the escalation “night”. To boss.',
    'Nobody has taken it for 15 min: step 2 of 2 of the escalation “night”. To ops, boss.',
  ]);
  // Who was told by it is told of the end.
  pass(MINUTE, seen('first', { reading: 'clear' }));
  expect((await told()).slice(4).toSorted()).toEqual(['resolved boss', 'resolved ops']);
  expect(new Set((await messages()).map(({ deduplicationKey }) => deduplicationKey)).size).toBe(1);
});

test('a step that was decided and not written before the process died is made after it, once', async () => {
  use(night);
  pass(0, seen('first'));
  await alerts.flush();
  // Decided, not written.
  pass(10 * MINUTE, seen('first'));
  await restart();
  pass(0, seen('first'));
  expect(await told()).toEqual(['firing ops', 'escalated boss']);
});

test.each([
  ['acknowledges', { kind: 'acknowledge' }],
  ['is assigned', { kind: 'assign', to: 'kim' }],
  ['dismisses', { kind: 'judge', verdict: 'dismissed' }],
] as const)('who %s ends the escalation', async (_, change) => {
  use(night);
  pass(0, seen('first'));
  pass(MINUTE);
  incidents.change(only().id, change, 'kim');
  pass(30 * MINUTE, seen('first'));
  expect((await told()).filter((text) => text.startsWith('escalated'))).toEqual([]);
});

test('without a channel nobody is told: people would have been, and the incident says so', async () => {
  use({}, []);
  pass(0, seen('first'));
  const { toldAt, told: whom, steps } = only();
  expect(toldAt).toBe(now);
  expect(whom?.channels).toEqual([]);
  expect(steps.at(-1)?.text).toBe(
    'People would be told, since first is too high. No channel takes it: it stands on the page only.',
  );
});

test('a split takes the mark along with the sign that people were told of', async () => {
  pass(0, seen('first'), seen('second'));
  const incident = only();
  const key = incident.told?.key;
  incidents.change(incident.id, { kind: 'split', signs: [incident.leadAlertId ?? ''] }, 'ann');
  pass(MINUTE, seen('first'), seen('second'));
  // The rest is told anew, since nobody was told of it.
  expect((await told()).filter((text) => text === 'firing ops')).toHaveLength(2);
  pass(MINUTE, seen('first', { reading: 'clear' }), seen('second'));
  const ends = (await messages()).filter(({ kind }) => kind === 'resolved');
  expect(ends.map(({ deduplicationKey }) => deduplicationKey)).toEqual([key, key]);
});

test('two that become one keep the key that people were told under', async () => {
  use({}, []);
  pass(0, seen('first'), seen('second'));
  const [sign] = only().signs.filter(({ id }) => id !== only().leadAlertId);
  incidents.change(only().id, { kind: 'split', signs: [sign?.id ?? ''] }, 'ann');
  use({}, [{ name: 'ops', minSeverity: 'medium' }]);
  pass(MINUTE, seen('first'), seen('second'));
  const [begun] = await messages();
  const [elder, younger] = incidents.open();
  incidents.change(younger?.id ?? '', { kind: 'merge', into: elder?.id ?? '' }, 'ann');
  pass(MINUTE, seen('first'), seen('second'));
  pass(MINUTE, seen('first', { reading: 'clear' }), seen('second', { reading: 'clear' }));
  const ends = (await messages()).filter(({ kind }) => kind === 'resolved');
  expect(begun?.channel).toBe('ops');
  expect(ends.map(({ deduplicationKey }) => deduplicationKey)).toEqual([begun?.deduplicationKey]);
});

test('an Alertmanager is not told of its own, and is told of an alert of ours that is part of it', async () => {
  use({}, [
    { name: 'ops', minSeverity: 'medium', kind: 'slack' },
    { name: 'am', minSeverity: 'medium', kind: 'alertmanager' },
  ]);
  pass(0, seen('theirs', { kind: 'external' }));
  expect(await told()).toEqual(['firing ops']);
  pass(MINUTE, seen('theirs', { kind: 'external' }), seen('ours'));
  pass(MINUTE, seen('theirs', { kind: 'external' }), seen('ours'));
  expect(await told()).toEqual(['firing ops', 'firing am']);
  const [, am] = await messages();
  expect((await stores.records.get('alerts', am?.alertId ?? ''))?.rule).toBe('ours');
  pass(MINUTE, seen('theirs', { kind: 'external', reading: 'clear' }), seen('ours', { reading: 'clear' }));
  expect((await told()).slice(2).toSorted()).toEqual(['resolved am', 'resolved ops']);
});

test('what gets worse is changed where that can be; a Slack that was told is not told again', async () => {
  use({}, [
    { name: 'chat', minSeverity: 'medium', kind: 'slack' },
    { name: 'pager', minSeverity: 'medium', kind: 'pagerduty' },
    { name: 'night', minSeverity: 'critical', kind: 'email' },
  ]);
  pass(0, seen('first'));
  await messages();
  await stores.records.update('notifications', {}, { state: 'delivered', tries: 1 });
  pass(MINUTE, seen('first'), seen('worse', { severity: 'critical' }));
  const fresh = (await messages()).filter(({ state }) => state === 'waiting');
  expect(fresh.map(({ channel, severity }) => `${channel} ${severity}`).toSorted()).toEqual([
    'night critical',
    'pager critical',
  ]);
  expect(new Set((await messages()).map(({ deduplicationKey }) => deduplicationKey)).size).toBe(1);
});

test('a message that still waits is told as it is by then', async () => {
  pass(0, seen('first'));
  await messages();
  pass(MINUTE, seen('first'), seen('worse', { severity: 'critical' }));
  expect((await messages()).map(({ channel, severity }) => `${channel} ${severity}`).toSorted()).toEqual([
    'boss critical',
    'ops critical',
  ]);
});

/** One trouble that comes and goes, judged each time. */
async function judgedTimes(times: number, verdict: 'confirmed' | 'dismissed', severity: Observation['severity']) {
  for (let i = 0; i < times; i++) {
    pass(120 * MINUTE, seen('noisy', { severity }));
    pass(0);
    const incident = only();
    await judgements.judgeIncident(incident, verdict, 'kim', now);
    incidents.change(incident.id, { kind: 'judge', verdict }, 'kim');
    pass(MINUTE, seen('noisy', { severity, reading: 'clear' }));
  }
}

test('what people dismissed again and again is shown only, says why, and is told once it is critical', async () => {
  await judgedTimes(5, 'dismissed', 'medium');
  const before = (await told()).length;
  await restart();
  pass(120 * MINUTE, seen('noisy', { severity: 'medium' }));
  pass(MINUTE, seen('noisy', { severity: 'medium' }));
  expect(await told()).toHaveLength(before);
  const incident = only();
  expect(incident.priority?.reason).toContain('5 of 5 like it were dismissed');
  const row = (await stores.records.find('alerts', { where: { state: 'firing' } })).rows[0];
  expect(row?.suppressedBy).toBe(incident.priority?.reason);
  pass(MINUTE, seen('noisy', { severity: 'medium' }), seen('bad', { severity: 'critical' }));
  expect((await told()).length).toBeGreaterThan(before);
});

test('what people confirmed is told as it is; a judgement counts once a trouble, and the last word holds', async () => {
  await judgedTimes(3, 'confirmed', 'medium');
  pass(120 * MINUTE, seen('noisy', { severity: 'medium' }));
  pass(0);
  const { id, priority } = only();
  expect(priority).toMatchObject({ confirmed: 3, dismissed: 0, toldAs: 'medium' });
  await judgements.judgeIncident(only(), 'acknowledged', 'kim', now);
  await judgements.judgeIncident(only(), 'dismissed', 'kim', now);
  await judgements.judgeIncident(only(), 'confirmed', 'lee', now);
  await judgements.judgeIncident(only(), 'acknowledged', 'kim', now);
  expect(judgements.precision()).toMatchObject([{ source: 'noisy', confirmed: 4, dismissed: 0 }]);
  expect((await stores.records.find('judgements', { where: { about: id } })).rows).toHaveLength(1);
});
