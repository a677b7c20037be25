import { expect, test } from 'vitest';
import {
  type CalendarEntry,
  type CalendarKind,
  type Entity,
  everything,
  type Governable,
  governsByKind,
} from '../model/index.ts';
import { Calendar, governedBy, targetOf } from './calendar.ts';

const T0 = Date.parse('2026-06-01T00:00Z');
const HOUR = 3_600_000;

function entry(kind: CalendarKind, more: Partial<CalendarEntry> = {}): CalendarEntry {
  return {
    id: kind,
    kind,
    title: kind,
    scope: everything,
    startsAt: T0,
    endsAt: T0 + HOUR,
    recurrence: null,
    timeZone: 'UTC',
    except: [],
    governs: governsByKind[kind],
    reason: '',
    createdBy: 'kim',
    createdAt: 0,
    overAt: T0 + HOUR,
    file: null,
    ...more,
  };
}

const shop: Entity = {
  id: 'target:shop@web-1',
  kind: 'target',
  name: 'shop on web-1',
  timeZone: 'UTC',
  firstSeenAt: 0,
  lastSeenAt: 0,
  aliases: ['instance=web-1,job=shop'],
  attributes: {},
};
const target = { ...targetOf(shop, shop.id), severity: 'high' as const };
const decide = (entries: readonly CalendarEntry[], what: Governable, at = T0) =>
  governedBy(new Calendar(entries), what, target, at);

test.each<[CalendarKind, Governable, string | null]>([
  ['maintenance', 'alerting', 'full'],
  ['maintenance', 'training', 'full'],
  ['maintenance', 'objectives', 'full'],
  ['maintenance', 'remediation', null],
  ['holiday', 'alerting', null],
  ['holiday', 'training', 'workdays-only'],
  ['holiday', 'objectives', null],
  ['freeze', 'remediation', 'full'],
  ['freeze', 'alerting', null],
  ['silence', 'alerting', 'full'],
  ['silence', 'training', null],
  ['quiet-hours', 'alerting', 'delayed'],
  ['quiet-hours', 'objectives', null],
])('%s and %s: %s', (kind, what, effect) => {
  expect(decide([entry(kind)], what)?.effect ?? null).toBe(effect);
});

test('what it governs can be told otherwise', () => {
  expect(decide([entry('freeze', { governs: ['training'] })], 'training')?.effect).toBe('full');
  expect(decide([entry('freeze', { governs: ['training'] })], 'remediation')).toBeNull();
});

test('it holds from its beginning until before its end', () => {
  const at = (ms: number) => decide([entry('silence')], 'alerting', T0 + ms) !== null;
  expect([at(-1), at(0), at(HOUR - 1), at(HOUR)]).toEqual([false, true, true, false]);
});

test('quiet hours let pass what is critical', () => {
  const calendar = new Calendar([entry('quiet-hours')]);
  expect(governedBy(calendar, 'alerting', { ...target, severity: 'critical' }, T0)).toBeNull();
});

test.each<[string, Partial<CalendarEntry['scope']>, boolean]>([
  ['its id', { entityId: shop.id }, true],
  ['another’s id', { entityId: 'host:a' }, false],
  ['its job', { service: 'shop' }, true],
  ['its name', { service: 'shop on web-1' }, true],
  ['another job', { service: 'shopping' }, false],
  ['a rule, where nothing is asked of a rule', { rule: 'disk-low' }, false],
  ['a label', { labels: [{ name: 'instance', op: '=~', value: 'web-.*' }] }, true],
  ['a label of another value', { labels: [{ name: 'instance', op: '!=', value: 'web-1' }] }, false],
  ['a label that it has not', { labels: [{ name: 'team', op: '=', value: 'shop' }] }, false],
  ['all of them', { entityId: shop.id, service: 'shop', labels: [{ name: 'job', op: '=', value: 'shop' }] }, true],
])('named by %s', (_, scope, expected) => {
  const entries = [entry('maintenance', { scope: { ...everything, ...scope } })];
  expect(decide(entries, 'training') !== null).toBe(expected);
});

test('of several the one that goes furthest decides, then the one that ends last', () => {
  const night = entry('quiet-hours', { endsAt: T0 + 8 * HOUR });
  const short = entry('silence', { id: 'short', title: 'short' });
  const long = entry('maintenance', { id: 'long', title: 'long', endsAt: T0 + 2 * HOUR });
  expect(decide([night, short, long], 'alerting')?.reason).toBe('Maintenance “long” until 2026-06-01T02:00:00.000Z');
  expect(decide([long, short, night], 'alerting')?.entry.id).toBe('long');
  expect(decide([long, entry('holiday', { endsAt: T0 + 9 * HOUR })], 'training')?.effect).toBe('full');
});

test('the stretch in which nothing changes ends where an entry that is meant begins or ends', () => {
  const calendar = new Calendar([entry('maintenance'), entry('silence', { startsAt: T0 + 600, endsAt: T0 + 700 })]);
  const teaches = (one: CalendarEntry) => one.governs.includes('training');
  expect(calendar.unchanged(T0 + 5, teaches)).toEqual({ from: T0, until: T0 + HOUR });
  expect(calendar.unchanged(T0 + HOUR, teaches).from).toBe(T0 + HOUR);
});

test('far apart in time it remembers little, and answers the same', () => {
  const daily = entry('silence', { recurrence: 'FREQ=DAILY', overAt: null });
  const calendar = new Calendar([daily]);
  for (let day = 0; day < 3000; day += 9)
    expect(governedBy(calendar, 'alerting', target, T0 + day * 24 * HOUR + 5)).not.toBeNull();
});
