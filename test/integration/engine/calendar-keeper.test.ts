import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { CalendarKeeper } from '../../../src/engine/calendar-keeper.ts';
import type { CalendarDraft } from '../../../src/engine/calendar-view.ts';
import { EntityRegistry } from '../../../src/engine/entity-registry.ts';
import { EventRing } from '../../../src/engine/event-ring.ts';
import { LedgerKeeper } from '../../../src/engine/ledger-keeper.ts';
import { tasks } from '../../../src/engine/tasks.ts';
import type { TrainingEntry } from '../../../src/engine/training-calendar.ts';
import {
  type CalendarEntry,
  type Entity,
  everything,
  governsByKind,
  type RecordStore,
} from '../../../src/model/index.ts';
import { openStores, type Stores } from '../../../src/store/open-stores.ts';

/* The calendar over the real record store. */

const HOUR = 3_600_000;
const START = Date.UTC(2026, 10, 29, 12);
let now = START;
let home: string;
let stores: Stores;
let records: RecordStore;
const clock = { now: () => now, monotonic: () => now };

beforeAll(async () => {
  home = mkdtempSync(join(tmpdir(), 'auspex-calendar-'));
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

const hosts: Entity[] = ['a', 'b'].map((id) => ({
  id: `host:${id}`,
  kind: 'host',
  name: id,
  timeZone: 'UTC',
  firstSeenAt: 0,
  lastSeenAt: 0,
  aliases: [`instance=${id}`],
  attributes: {},
}));

async function keeper(registry = new EntityRegistry('UTC')) {
  registry.load(hosts);
  const ring = new EventRing(100);
  const training: (readonly TrainingEntry[])[] = [];
  const made = new CalendarKeeper({
    records,
    ring,
    clock,
    registry,
    timeZone: 'Europe/Berlin',
    tasks: { run: async (name, argument) => (tasks[name] as (given: never) => unknown)(argument as never) as never },
    onChange: (entries) => void training.push(entries),
  });
  await made.load();
  return { made, ring, training, registry };
}

const draft = (more: Partial<CalendarDraft> = {}): CalendarDraft => ({
  kind: 'maintenance',
  title: 'New disk',
  scope: everything,
  startsAt: now,
  endsAt: now + HOUR,
  recurrence: null,
  timeZone: 'UTC',
  governs: governsByKind.maintenance,
  reason: '',
  ...more,
});

test('an entry governs what its kind does from the moment on, also after a restart, until it is removed', async () => {
  const { made, ring } = await keeper();
  const topics: string[] = [];
  ring.subscribe(null, (event) => void topics.push(event.topic));
  expect(made.governs('objectives', 'host:a', null, now)).toBeNull();
  const entry = await made.add(draft({ scope: { ...everything, entityId: 'host:a' } }), 'kim');
  const { made: again } = await keeper();
  for (const one of [made, again]) {
    expect(one.governs('objectives', 'host:a', null, now + 1)?.reason).toContain('Maintenance “New disk”');
    expect(one.governs('remediation', 'host:a', null, now + 1)).toBeNull();
    expect(one.governs('objectives', 'host:b', null, now + 1)).toBeNull();
    expect(one.governs('objectives', null, null, now + 1)).toBeNull();
  }
  await made.remove(entry.id);
  expect(made.governs('objectives', 'host:a', null, now + 1)).toBeNull();
  await expect(made.remove(entry.id)).rejects.toMatchObject({ code: 'NOT_FOUND' });
  expect(topics).toEqual(['calendar', 'calendar']);
});

test('one that holds ends when it is removed, and stays on the record', async () => {
  const { made } = await keeper();
  const entry = await made.add(draft({ title: 'Begun', startsAt: now - HOUR }), 'kim');
  await made.remove(entry.id);
  expect(await records.get('calendar', entry.id)).toMatchObject({ endsAt: now, overAt: now });
  expect(made.governs('objectives', 'host:a', null, now)).toBeNull();
  expect(made.governs('objectives', 'host:a', null, now - 1)).not.toBeNull();
});

test('a freeze keeps remediation from everything, a service’s from that service', async () => {
  const { made } = await keeper();
  const freeze = { kind: 'freeze' as const, title: 'Year end', governs: governsByKind.freeze };
  const all = await made.add(draft(freeze), 'kim');
  expect(made.governs('remediation', null, null, now)?.reason).toContain('Freeze “Year end”');
  await made.change(all.id, draft({ ...freeze, scope: { ...everything, service: 'shop' } }));
  expect(made.governs('remediation', 'host:a', 'shop', now)).not.toBeNull();
  expect(made.governs('remediation', 'host:a', null, now)).toBeNull();
  await made.remove(all.id);
});

test('who comes to be watched under a name that an entry is about is told to the detectors', async () => {
  const { made, training, registry } = await keeper();
  const entry = await made.add(draft({ scope: { ...everything, service: 'shop' } }), 'kim');
  expect(training.at(-1)?.map(({ entityIds }) => entityIds)).toContainEqual([]);
  const id = registry.idFor(['__name__', 'up', 'instance', 'web-1', 'job', 'shop'], now);
  made.noteEntity(id);
  expect(training.at(-1)?.map(({ entityIds }) => entityIds)).toContainEqual([id]);
  const told = training.length;
  made.noteEntity(id);
  expect(training).toHaveLength(told);
  await made.remove(entry.id);
});

test('what was foretold for a maintenance is not counted', async () => {
  const { made } = await keeper();
  const ledger = new LedgerKeeper({
    records,
    ring: new EventRing(100),
    clock,
    actual: async (row) => ({ times: Float64Array.of(row.dueAt - 1000), values: Float64Array.of(0.5) }),
    isOutOfCount: (row, from, to) => made.governsWithin('objectives', row.entityId, from, to) !== null,
  });
  await made.add(draft({ startsAt: now + 30 * 60_000, scope: { ...everything, entityId: 'host:a' } }), 'kim');
  const statement = { type: 'forecast' as const, component: 'CPU used', model: 'forecast', modelVersion: 1, madeAt: now, horizonMs: HOUR, value: 0.5, unit: 'ratio', probability: 0.9, rule: { kind: 'interval' as const, lower: 0.4, upper: 0.6 }, baseline: 0.3 }; // biome-ignore format: one statement
  await ledger.make([
    { ...statement, entityId: 'host:a' },
    { ...statement, entityId: 'host:b' },
  ]);
  now += HOUR + 60_000;
  expect(await ledger.judgeDue()).toBe(2);
  const { rows } = await records.find('predictions', { limit: 10 });
  expect(rows.map(({ entityId, outcome }) => `${entityId} ${outcome}`).toSorted()).toEqual([
    'host:a unknown',
    'host:b true',
  ]);
});

test('a night that recurs ends at six on both sides of the night in which the clock is put back', async () => {
  const { made } = await keeper();
  const night = await made.add(
    draft({
      kind: 'quiet-hours',
      title: 'Night',
      governs: governsByKind['quiet-hours'],
      startsAt: Date.parse('2026-10-20T20:00Z'),
      endsAt: Date.parse('2026-10-21T04:00Z'),
      recurrence: 'FREQ=DAILY',
      timeZone: 'Europe/Berlin',
    }),
    'kim',
  );
  const holds = (text: string) => made.governs('alerting', 'host:b', null, Date.parse(text)) !== null;
  expect(['2026-10-24T03:59Z', '2026-10-24T04:00Z', '2026-10-24T20:00Z'].map(holds)).toEqual([true, false, true]);
  expect(['2026-10-25T04:59Z', '2026-10-25T05:00Z', '2026-10-25T21:00Z'].map(holds)).toEqual([true, false, true]);
  expect(holds('2026-10-25T20:59Z')).toBe(false);
  await made.remove(night.id);
});

test.each([
  ['ends before it begins', { endsAt: START - 9 * HOUR }, 'BAD_REQUEST'],
  ['recurs every second', { recurrence: 'FREQ=SECONDLY' }, 'BAD_REQUEST'],
  ['is in no time zone', { timeZone: 'Mars' }, 'BAD_REQUEST'],
  ['is about nobody', { scope: { ...everything, entityId: 'host:z' } }, 'NOT_FOUND'],
])('an entry that %s is refused and leaves nothing', async (_, more, code) => {
  const { made } = await keeper();
  const before = await records.count('calendar', {});
  await expect(made.add(draft(more), 'kim')).rejects.toMatchObject({ code });
  expect(await records.count('calendar', {})).toBe(before);
});

const event = (uid: string, more = '') =>
  `BEGIN:VEVENT\r\nUID:${uid}\r\nSUMMARY:${uid}\r\nDTSTART:20261224T000000Z\r\nDTEND:20261226T000000Z\r\n${more}END:VEVENT\r\n`;
const ics = (...events: string[]) => `BEGIN:VCALENDAR\r\nVERSION:2.0\r\n${events.join('')}END:VCALENDAR\r\n`;

test('a file is taken in; taken in again it replaces; what it says wrongly is left out with its line', async () => {
  const { made } = await keeper();
  const before = made.entries().length;
  const text = ics(event('one'), event('two', 'RRULE:FREQ=SECONDLY\r\n'), event('three', 'CATEGORIES:FREEZE\r\n'));
  expect(await made.take(text, { kind: 'holiday' }, 'kim')).toMatchObject({
    added: 2,
    replaced: 0,
    leftOut: [{ line: 9, reason: expect.stringContaining('SECONDLY') }],
  });
  expect(await made.take(text, { kind: 'holiday' }, 'kim')).toMatchObject({ added: 0, replaced: 2 });
  expect(made.entries()).toHaveLength(before + 2);
  const eve = Date.parse('2026-12-24T10:00Z');
  expect(made.governs('training', 'host:a', null, eve)).toMatchObject({ effect: 'workdays-only' });
  expect(made.governs('remediation', 'host:a', null, eve)?.entry.title).toBe('three');
  const { made: again } = await keeper();
  expect(again.entries()).toHaveLength(before + 2);
});

test('a file with 10,000 events is refused at once, and one that would fill the calendar too', async () => {
  const { made } = await keeper();
  const before = await records.count('calendar', {});
  const many = (count: number, more = '') => ics(...[...Array(count).keys()].map((i) => event(`e${i}`, more)));
  const started = performance.now();
  await expect(made.take(many(10_000), { kind: 'holiday' }, 'kim')).rejects.toThrow('at most 2000');
  expect(performance.now() - started).toBeLessThan(2000);
  await expect(made.take(many(101, 'RRULE:FREQ=YEARLY\r\n'), { kind: 'holiday' }, 'kim')).rejects.toMatchObject({
    code: 'CONFLICT',
  });
  expect(await records.count('calendar', {})).toBe(before);
});

test('an entry of a configured file is changed there alone, and goes with the file', async () => {
  const { made } = await keeper();
  const filed: CalendarEntry = { ...draft(), id: 'f', except: [], createdBy: 'a file', createdAt: 0, overAt: now + HOUR, file: '/etc/auspex/plan.ics' }; // biome-ignore format: one entry
  made.setFiles([filed]);
  expect(made.governs('objectives', 'host:b', null, now)?.entry.id).toBe('f');
  await expect(made.remove('f')).rejects.toThrow('stands in /etc/auspex/plan.ics');
  await expect(made.change('f', draft())).rejects.toMatchObject({ code: 'CONFLICT' });
  made.setFiles([]);
  expect(made.governs('objectives', 'host:b', null, now)).toBeNull();
});
