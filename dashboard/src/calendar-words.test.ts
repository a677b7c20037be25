import { expect, test } from 'vitest';
import {
  aboutText,
  calendarSentence,
  dayAfter,
  daysOf,
  effectSentences,
  governsByKind,
  type Kind,
  nextOfEach,
  ofDay,
  type Planned,
  shifted,
  timeIn,
  toInput,
} from './calendar-words.ts';

const at = (text: string) => new Date(text).getTime();
const NOW = at('2026-11-29T12:00');

function planned(kind: Kind, title: string, from: string, to: string): Planned {
  const scope = { entityId: null, service: null, rule: null, subject: null, labels: [] };
  const entry = { id: title, kind, title, scope, entityName: null, startsAt: '', endsAt: '', recurrence: null, timeZone: 'UTC', governs: [], reason: '', createdBy: '', createdAt: '', overAt: null, file: null }; // biome-ignore format: one entry
  return { entry, startsAt: at(from), endsAt: at(to) };
}

const freeze = planned('freeze', 'Year end', '2026-12-24T00:00', '2027-01-02T00:00');

test.each<[string, Planned[], string]>([
  ['nothing', [], 'Nothing is planned.'],
  ['something later', [freeze], 'Nothing is planned today; a freeze (Year end) begins on 24 Dec.'],
  [
    'something today',
    [planned('quiet-hours', 'Night', '2026-11-29T22:00', '2026-11-30T06:00'), freeze],
    'One thing is planned today; quiet hours (Night) begin at 22:00.',
  ],
  [
    'something tomorrow',
    [planned('maintenance', 'Disk', '2026-11-30T08:00', '2026-11-30T09:00')],
    'Nothing is planned today; a maintenance (Disk) begins tomorrow at 08:00.',
  ],
  [
    'something that holds',
    [planned('maintenance', 'New disk', '2026-11-29T11:00', '2026-11-29T14:00'), freeze],
    'Maintenance “New disk” holds until 14:00; a freeze (Year end) begins on 24 Dec.',
  ],
  [
    'two that hold: the longer one',
    [
      planned('silence', 'a', '2026-11-29T11:00', '2026-11-29T13:00'),
      planned('silence', 'b', '2026-11-29T11:30', '2026-11-29T15:00'),
    ],
    'Silence “b” holds until 15:00, and 1 more hold.',
  ],
])('the first sentence with %s', (_, given, expected) => {
  expect(calendarSentence(given, NOW)).toBe(expected);
});

test.each<[Kind, RegExp]>([
  ['maintenance', /Nobody is told.*nothing of it is learnt.*not counted.*Runbooks may run/],
  ['holiday', /^What comes is not taught as a workday.*Runbooks may run\.$/],
  ['freeze', /^No runbook or change may run\.$/],
  ['silence', /^Nobody is told.*Runbooks may run\.$/],
  ['quiet-hours', /only what is critical is told at once/],
])('what a %s does is said before it is saved', (kind, expected) => {
  expect(effectSentences(kind, governsByKind[kind], 'everything').join(' ')).toMatch(expected);
});

test('a month is whole weeks from Monday on, a week seven days', () => {
  const days = daysOf('month', NOW);
  expect(days).toHaveLength(42);
  expect([toInput(days[0] ?? 0), toInput(days.at(-1) ?? 0)]).toEqual(['2026-10-26T00:00', '2026-12-06T00:00']);
  expect(daysOf('month', at('2027-02-10T12:00'))).toHaveLength(28);
  expect(daysOf('week', NOW).map((day) => toInput(day).slice(5, 10))).toEqual(
    ['11-23', '11-24', '11-25', '11-26', '11-27', '11-28', '11-29'], // biome-ignore format: one week
  );
  expect(toInput(shifted('month', NOW, 1))).toBe('2026-12-01T00:00');
  expect(toInput(shifted('week', NOW, -1))).toBe('2026-11-22T00:00');
});

test('an entry stands in every day that it touches, with its time there', () => {
  const night = planned('quiet-hours', 'Night', '2026-11-29T22:00', '2026-12-01T06:00');
  const days = daysOf('week', at('2026-11-30T12:00'));
  const shown = [at('2026-11-29T00:00'), ...days].map((day) => ofDay([night], day).map((one) => timeIn(one, day))[0]);
  expect(shown.slice(0, 4)).toEqual(['22:00', 'all day', 'until 06:00', undefined]);
  expect(ofDay([night], dayAfter(at('2026-12-01T00:00')))).toEqual([]);
});

test('in the list each entry stands once, with its next occurrence', () => {
  const later = { ...freeze, startsAt: freeze.startsAt + 1 };
  expect(nextOfEach([freeze, later])).toEqual([freeze]);
});

test('whom it is about', () => {
  const scope = { entityId: 'host:a', service: null, rule: 'disk-low', subject: '/', labels: [] };
  expect(aboutText({ scope, entityName: 'db-1' })).toBe('db-1, rule disk-low, /');
  expect(aboutText({ scope: { ...scope, entityId: null, rule: null, subject: null }, entityName: null })).toBe(
    'everything',
  );
});
