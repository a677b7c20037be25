import { expect, test } from 'vitest';
import { endOfHours, type WeekHours, withinHours } from './routing-hours.ts';

const every = [0, 1, 2, 3, 4, 5, 6];
const night: WeekHours = { days: every, fromMinute: 22 * 60, toMinute: 7 * 60 };
const weekend: WeekHours = { days: [6, 0], fromMinute: 0, toMinute: 1440 };

test.each([
  ['before the night', '2026-01-05T21:59:59Z', null],
  ['as it begins', '2026-01-05T22:00:00Z', '2026-01-06T07:00:00Z'],
  ['after midnight', '2026-01-06T03:30:00Z', '2026-01-06T07:00:00Z'],
  ['as it ends', '2026-01-06T07:00:00Z', null],
])('a night over midnight: %s', (_, at, end) => {
  const ms = Date.parse(at);
  expect(withinHours([night], 'UTC', ms)).toBe(end !== null);
  expect(endOfHours([night], 'UTC', ms)).toBe(end === null ? null : Date.parse(end));
});

test('hours belong to the day on which they begin', () => {
  const sundayNight: WeekHours = { days: [0], fromMinute: 23 * 60, toMinute: 60 };
  expect(withinHours([sundayNight], 'UTC', Date.parse('2026-01-05T00:30:00Z'))).toBe(true);
  expect(withinHours([sundayNight], 'UTC', Date.parse('2026-01-06T00:30:00Z'))).toBe(false);
});

test('hours that join on are one: a weekend and the night after it', () => {
  const friday = Date.parse('2026-01-09T23:00:00Z');
  expect(endOfHours([night, weekend], 'UTC', friday)).toBe(Date.parse('2026-01-12T07:00:00Z'));
});

test('the same beginning and end is the whole day', () => {
  const sunday: WeekHours = { days: [0], fromMinute: 0, toMinute: 0 };
  expect(endOfHours([sunday], 'UTC', Date.parse('2026-01-04T12:00:00Z'))).toBe(Date.parse('2026-01-05T00:00:00Z'));
});

test.each([
  ['winter', '2026-01-05T21:30:00Z', '2026-01-06T06:00:00Z'],
  ['the clocks go forward', '2026-03-28T21:30:00Z', '2026-03-29T05:00:00Z'],
  ['summer', '2026-07-01T20:30:00Z', '2026-07-02T05:00:00Z'],
])('civil time of Berlin: %s', (_, at, end) => {
  expect(endOfHours([night], 'Europe/Berlin', Date.parse(at))).toBe(Date.parse(end));
});

test('who is quiet always is asked again within two weeks', () => {
  const always: WeekHours = { days: every, fromMinute: 0, toMinute: 0 };
  const at = Date.parse('2026-01-05T12:00:00Z');
  expect(endOfHours([always], 'UTC', at)).toBeGreaterThan(at + 7 * 86_400_000);
});
