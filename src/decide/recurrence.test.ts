import { expect, test } from 'vitest';
import { type CalendarEntry, everything } from '../model/index.ts';
import { checkTimes, occurrencesBetween, overAt } from './recurrence.ts';

const HOUR = 3_600_000;
const DAY = 24 * HOUR;

function entry(from: string, to: string, more: Partial<CalendarEntry> = {}): CalendarEntry {
  return {
    id: 'e',
    kind: 'maintenance',
    title: 'Backup',
    scope: everything,
    startsAt: Date.parse(from),
    endsAt: Date.parse(to),
    recurrence: null,
    timeZone: 'UTC',
    except: [],
    governs: [],
    reason: '',
    createdBy: 'kim',
    createdAt: 0,
    overAt: null,
    file: null,
    ...more,
  };
}

function times(one: CalendarEntry, from: string, to: string): string[] {
  return occurrencesBetween(one, Date.parse(from), Date.parse(to), 1000).map(
    ({ startsAt, endsAt }) => `${new Date(startsAt).toISOString().slice(0, 16)} +${(endsAt - startsAt) / HOUR}`,
  );
}

test('once: within the range, and at its edges not', () => {
  const one = entry('2026-03-01T10:00Z', '2026-03-01T12:00Z');
  expect(times(one, '2026-03-01T11:00Z', '2026-03-01T11:30Z')).toEqual(['2026-03-01T10:00 +2']);
  expect(times(one, '2026-03-01T12:00Z', '2026-03-02T00:00Z')).toEqual([]);
  expect(times(one, '2026-03-01T00:00Z', '2026-03-01T10:00Z')).toEqual([]);
});

test('every night from 22:00 to 06:00 in Berlin stays so when the clock is put forward and back', () => {
  const nights = { recurrence: 'FREQ=DAILY', timeZone: 'Europe/Berlin' };
  const one = entry('2026-01-01T21:00Z', '2026-01-02T05:00Z', nights);
  // 29 March 2026: the night has seven hours; 25 October: nine.
  expect(times(one, '2026-03-27T12:00Z', '2026-03-30T12:00Z')).toEqual([
    '2026-03-27T21:00 +8',
    '2026-03-28T21:00 +7',
    '2026-03-29T20:00 +8',
  ]);
  expect(times(one, '2026-10-24T12:00Z', '2026-10-26T12:00Z')).toEqual(['2026-10-24T20:00 +9', '2026-10-25T21:00 +8']);
});

test('what begins in the hour that the clock passes over begins after it', () => {
  const one = entry('2026-03-28T01:30Z', '2026-03-28T01:45Z', { recurrence: 'FREQ=DAILY', timeZone: 'Europe/Berlin' });
  expect(times(one, '2026-03-28T00:00Z', '2026-03-30T12:00Z')).toEqual([
    '2026-03-28T01:30 +0.25',
    '2026-03-29T01:30 +0.25',
    '2026-03-30T00:30 +0.25',
  ]);
});

test.each([
  ['FREQ=WEEKLY;BYDAY=SU,WE', ['2026-06-03', '2026-06-07', '2026-06-10', '2026-06-14']],
  ['FREQ=WEEKLY;INTERVAL=2;BYDAY=SU', ['2026-06-07']],
  ['FREQ=MONTHLY;BYDAY=2TU', ['2026-06-09']],
  ['FREQ=MONTHLY;BYMONTHDAY=-1', ['2026-06-30']],
  ['FREQ=MONTHLY;BYDAY=MO,TU,WE,TH,FR;BYSETPOS=-1', ['2026-06-30']],
  ['FREQ=DAILY;COUNT=3', []],
  ['FREQ=DAILY;UNTIL=20260602', ['2026-06-01', '2026-06-02']],
  ['FREQ=DAILY;UNTIL=20260602T093000Z', ['2026-06-01']],
  ['FREQ=YEARLY;BYMONTH=12;BYMONTHDAY=24', []],
])('%s', (recurrence, expected) => {
  // Begins on a Sunday, four months before.
  const one = entry('2026-02-01T10:00Z', '2026-02-01T11:00Z', { recurrence });
  const [from, to] = recurrence.includes('WEEKLY') ? ['2026-06-01', '2026-06-15'] : ['2026-06-01', '2026-07-01'];
  expect(times(one, `${from}T00:00Z`, `${to}T00:00Z`).map((text) => text.slice(0, 10))).toEqual(expected);
});

test('an exception is left out; the others stay', () => {
  const except = [Date.parse('2026-02-03T10:00Z')];
  const one = entry('2026-02-01T10:00Z', '2026-02-01T11:00Z', { recurrence: 'FREQ=DAILY', except });
  expect(times(one, '2026-02-02T00:00Z', '2026-02-05T00:00Z')).toEqual(['2026-02-02T10:00 +1', '2026-02-04T10:00 +1']);
});

test.each([
  ['FREQ=DAILY', ['02-01', '02-02', '02-03']],
  ['FREQ=DAILY;INTERVAL=3', ['02-02']],
  ['FREQ=MONTHLY', ['02-01']],
  ['FREQ=MONTHLY;INTERVAL=7', []],
  ['FREQ=MONTHLY;INTERVAL=6', ['02-01']],
  ['FREQ=MONTHLY;BYDAY=1MO', ['02-02']],
  ['FREQ=YEARLY;INTERVAL=10', ['02-01']],
  ['FREQ=YEARLY;INTERVAL=20', []],
])('thirty years later it comes when it should, at once: %s', (recurrence, expected) => {
  const one = entry('1996-02-01T10:00Z', '1996-02-01T11:00Z', { recurrence });
  const days = times(one, '2026-02-01T00:00Z', '2026-02-04T00:00Z').map((text) => text.slice(5, 10));
  expect(days).toEqual(expected);
});

test('what begins on the 31st comes in the months that have one', () => {
  const one = entry('2020-01-31T10:00Z', '2020-01-31T11:00Z', { recurrence: 'FREQ=MONTHLY' });
  expect(times(one, '2026-01-01T00:00Z', '2026-06-01T00:00Z').map((text) => text.slice(5, 10))).toEqual(['01-31', '03-31', '05-31']); // biome-ignore format: one range
});

test.each([
  ['once', null, '2026-02-01T11:00'],
  ['five times', 'FREQ=DAILY;COUNT=5', '2026-02-05T11:00'],
  ['until a day', 'FREQ=WEEKLY;UNTIL=20260301', '2026-03-01T11:00'],
])('it is known when %s is over', (_, recurrence, expected) => {
  const one = entry('2026-02-01T10:00Z', '2026-02-01T11:00Z', { recurrence });
  expect(new Date(overAt(one) ?? 0).toISOString().slice(0, 16)).toBe(expected);
});

test('what recurs for ever is never over', () => {
  expect(overAt(entry('2026-02-01T10:00Z', '2026-02-01T11:00Z', { recurrence: 'FREQ=DAILY' }))).toBeNull();
});

test.each([
  ['FREQ=SECONDLY', 'FREQ=DAILY, WEEKLY, MONTHLY or YEARLY, not SECONDLY'],
  ['FREQ=DAILY;BYHOUR=1,2,3;BYSECOND=1', 'no part “BYHOUR”'],
  ['FREQ=DAILY;INTERVAL=100000000', 'INTERVAL is a number from 1 to 1000'],
  ['FREQ=DAILY;INTERVAL=0', 'INTERVAL is a number from 1 to 1000'],
  ['FREQ=DAILY;COUNT=99999', 'COUNT is a number from 1 to 1000'],
  ['FREQ=DAILY;BYMONTH=2;BYMONTHDAY=30', 'met too seldom'],
  ['FREQ=MONTHLY;BYDAY=MO;BYSETPOS=6', 'never comes again'],
  ['FREQ=YEARLY;BYDAY=1MO;BYMONTHDAY=15;BYMONTH=4', 'never comes again'],
  ['FREQ=WEEKLY;BYMONTH=13', 'no rule of recurrence'],
  ['every Sunday', 'no part'],
  [`FREQ=DAILY;BYDAY=${'MO,'.repeat(100)}`, 'longer than 300'],
])('the rule “%s” is refused, at once', (recurrence, reason) => {
  const one = entry('2026-02-01T10:00Z', '2026-02-01T11:00Z', { recurrence });
  expect(() => checkTimes(one)).toThrow(reason);
});

test.each([
  ['ends before it begins', entry('2026-02-01T10:00Z', '2026-02-01T09:00Z'), 'endsAt'],
  ['lasts years', entry('2026-02-01T10:00Z', '2028-02-01T09:00Z'), 'endsAt'],
  [
    'recurs while it lasts for months',
    entry('2026-02-01T10:00Z', '2026-05-01T09:00Z', { recurrence: 'FREQ=DAILY' }),
    'endsAt',
  ],
  [
    'is in a zone that is none',
    entry('2026-02-01T10:00Z', '2026-02-01T11:00Z', { timeZone: 'Mars/North' }),
    'timeZone',
  ],
])('an entry that %s is refused with its field', (_, one, field) => {
  expect(() => checkTimes(one)).toThrow(expect.objectContaining({ code: 'BAD_REQUEST', data: { field } }));
});

test('more occurrences than asked for are not looked for', () => {
  const one = entry('2026-02-01T10:00Z', '2026-02-01T11:00Z', { recurrence: 'FREQ=DAILY' });
  expect(occurrencesBetween(one, 0, Date.parse('2026-02-01') + 9999 * DAY, 7)).toHaveLength(7);
});
