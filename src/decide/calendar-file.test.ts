import { expect, test } from 'vitest';
import { type CalendarEntry, everything } from '../model/index.ts';
import { type FileOptions, readCalendarFile, writeCalendarFile } from './calendar-file.ts';
import { occurrencesBetween } from './recurrence.ts';

const NOW = Date.parse('2026-11-29T12:00Z');
const options: FileOptions = {
  kind: 'maintenance',
  timeZone: 'Europe/Berlin',
  createdBy: 'kim',
  now: NOW,
  file: null,
};

function file(...events: string[]): string {
  const lines = ['BEGIN:VCALENDAR', 'VERSION:2.0', 'PRODID:-//x//y//EN'];
  for (const event of events) lines.push('BEGIN:VEVENT', ...event.trim().split('\n'), 'END:VEVENT');
  return [...lines, 'END:VCALENDAR', ''].join('\r\n');
}

function read(...events: string[]): readonly CalendarEntry[] {
  const { entries, leftOut } = readCalendarFile(file(...events), options);
  expect(leftOut).toEqual([]);
  return entries;
}

const iso = (at: number | null) => new Date(at ?? 0).toISOString().slice(0, 16);

test('whole days are those of the zone here, and end where the next begins', () => {
  const [entry] = read(
    'UID:1\nSUMMARY:Christmas\nDTSTART;VALUE=DATE:20261225\nDTEND;VALUE=DATE:20261227\nCATEGORIES:HOLIDAY',
  );
  expect(entry).toMatchObject({
    kind: 'holiday',
    title: 'Christmas',
    governs: ['training'],
    timeZone: 'Europe/Berlin',
  });
  expect([iso(entry?.startsAt ?? 0), iso(entry?.endsAt ?? 0)]).toEqual(['2026-12-24T23:00', '2026-12-26T23:00']);
});

test.each([
  ['in UTC', 'DTSTART:20260701T200000Z\nDTEND:20260701T220000Z', '2026-07-01T20:00', '2026-07-01T22:00', 'UTC'],
  [
    'in a zone',
    'DTSTART;TZID=America/New_York:20260701T200000\nDURATION:PT90M',
    '2026-07-02T00:00',
    '2026-07-02T01:30',
    'America/New_York',
  ],
  [
    'in no zone',
    'DTSTART:20260701T200000\nDTEND:20260701T210000',
    '2026-07-01T18:00',
    '2026-07-01T19:00',
    'Europe/Berlin',
  ],
])('times %s', (_, times, startsAt, endsAt, timeZone) => {
  const [entry] = read(`UID:1\nSUMMARY:Work\n${times}`);
  expect([iso(entry?.startsAt ?? 0), iso(entry?.endsAt ?? 0), entry?.timeZone]).toEqual([startsAt, endsAt, timeZone]);
});

test('what recurs, with a day left out, one moved and one cancelled', () => {
  const times = 'DTSTART;TZID=Europe/Berlin:20260601T200000\nDTEND;TZID=Europe/Berlin:20260601T210000';
  const entries = read(
    `UID:1\nSUMMARY:Backup\n${times}\nRRULE:FREQ=DAILY\nEXDATE;TZID=Europe/Berlin:20260602T200000`,
    'UID:1\nSUMMARY:Backup, later\nRECURRENCE-ID;TZID=Europe/Berlin:20260603T200000\nDTSTART;TZID=Europe/Berlin:20260603T220000\nDTEND;TZID=Europe/Berlin:20260603T230000',
    'UID:1\nSTATUS:CANCELLED\nRECURRENCE-ID;TZID=Europe/Berlin:20260604T200000\nDTSTART;TZID=Europe/Berlin:20260604T200000',
  );
  const [from, to] = [Date.parse('2026-06-01'), Date.parse('2026-06-06')];
  const all = entries.flatMap((entry) => occurrencesBetween(entry, from, to, 100)).map(({ startsAt }) => iso(startsAt));
  expect(all.toSorted()).toEqual(['2026-06-01T18:00', '2026-06-03T20:00', '2026-06-05T18:00']);
});

test('a zone of the file’s own name is known where it says which it is', () => {
  const zone = ['BEGIN:VTIMEZONE', 'TZID:Our time', 'X-LIC-LOCATION:Asia/Tokyo', 'END:VTIMEZONE', 'BEGIN:VEVENT'];
  const text = file('UID:1\nDTSTART;TZID=Our time:20260701T090000\nDURATION:PT1H').replace(
    'BEGIN:VEVENT',
    zone.join('\r\n'),
  );
  expect(readCalendarFile(text, options).entries[0]).toMatchObject({
    timeZone: 'Asia/Tokyo',
    title: 'Without a title',
  });
});

test('what is written is read again as it was', () => {
  const entry: CalendarEntry = {
    id: 'e1',
    kind: 'quiet-hours',
    title: 'Night; quiet, “please”\nnow',
    scope: { ...everything, service: 'shop', labels: [{ name: 'alertname', op: '=~', value: 'disk,.*;x' }] },
    startsAt: Date.parse('2026-11-01T21:00Z'),
    endsAt: Date.parse('2026-11-02T05:00Z'),
    recurrence: 'FREQ=WEEKLY;BYDAY=MO,TU',
    timeZone: 'Europe/Berlin',
    except: [Date.parse('2026-11-03T21:00Z')],
    governs: ['alerting', 'remediation'],
    reason: 'sleep',
    createdBy: 'kim',
    createdAt: NOW,
    overAt: null,
    file: null,
  };
  const utc: CalendarEntry = {
    ...entry,
    id: 'e2',
    timeZone: 'UTC',
    recurrence: null,
    except: [],
    overAt: entry.endsAt,
  };
  expect(readCalendarFile(writeCalendarFile([entry, utc], NOW), options)).toEqual({
    entries: [entry, utc],
    leftOut: [],
  });
});

test.each([
  ['a rule for every second', 'RRULE:FREQ=SECONDLY', 'not SECONDLY'],
  ['a rule that is never met', 'RRULE:FREQ=DAILY;BYMONTH=2;BYMONTHDAY=30', 'met too seldom'],
  ['several rules', 'RRULE:FREQ=DAILY\nRRULE:FREQ=WEEKLY', 'several RRULEs'],
  ['a scope that cannot be read', 'X-AUSPEX-SCOPE:{"rule":5}', 'X-AUSPEX-SCOPE'],
])('an event with %s is left out with its line; the others are read', (_, bad, reason) => {
  const good = 'UID:1\nSUMMARY:Work\nDTSTART:20260701T200000Z\nDTEND:20260701T220000Z';
  const { entries, leftOut } = readCalendarFile(file(good, `${good.replace('1', '2')}\n${bad}`), options);
  expect(entries.map(({ title }) => title)).toEqual(['Work']);
  expect(leftOut).toEqual([{ line: 10, reason: expect.stringContaining(reason) }]);
});

test.each([
  ['no end', 'DTSTART:20260701T200000Z', 'no end'],
  ['no beginning', 'SUMMARY:x', 'no DTSTART'],
  ['a zone that nobody knows', 'DTSTART;TZID=W. Europe Standard Time:20260701T200000\nDURATION:PT1H', 'is not known'],
  ['an end before its beginning', 'DTSTART:20260701T200000Z\nDTEND:20260701T190000Z', 'must come after'],
  ['a year that cannot be', 'DTSTART:99990701T200000Z\nDURATION:PT1H', 'beyond what can be'],
])('an event with %s is left out', (_, event, reason) => {
  const { leftOut } = readCalendarFile(file(`UID:1\n${event}`), options);
  expect(leftOut).toEqual([{ line: 4, reason: expect.stringContaining(reason) }]);
});

test.each([
  ['garbage in it', file('UID:1\nSUMMARY:x\nthis is no property'), 'Line 7'],
  ['no end', file('UID:1').replace(/END:VCALENDAR\r\n$/, ''), 'Line'],
  ['another thing in it', 'BEGIN:VCARD\r\nVERSION:4.0\r\nFN:Kim\r\nEND:VCARD\r\n', 'Line 1'],
  ['nothing in it', '', 'Line 1'],
  ['10,000 events', file(...new Array(10_000).fill('UID:1')), 'Line 6004: The calendar has 10000 events, at most 2000'],
  ['more than two million characters', 'x'.repeat(2_000_001), 'at most 2000000'],
])('a file with %s is refused, with its line', (_, text, reason) => {
  const started = performance.now();
  expect(() => readCalendarFile(text, options)).toThrow(reason);
  expect(performance.now() - started).toBeLessThan(2000);
});
