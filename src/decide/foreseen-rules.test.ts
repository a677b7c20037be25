import { expect, test } from 'vitest';
import { emptyCalendar, targetOf } from './calendar.ts';
import { emptyBook, stepAlerts } from './alert-book.ts';
import { foreseenRules } from './foreseen-rules.ts';
import { evaluateRules, type ForetoldBottleneck, type WatchedEntity } from './threshold-rules.ts';

const NOW = Date.UTC(2026, 0, 5, 12);
const MINUTE = 60_000;
const DAY = 86_400_000;

function entity(more: Partial<WatchedEntity>): WatchedEntity {
  return {
    id: 'service:shop',
    name: 'shop',
    kind: 'service',
    lastSeenAt: NOW,
    watchedSince: 0,
    latest: () => [],
    exhaustions: [],
    bottlenecks: [],
    capacities: [],
    crossings: [],
    unusual: [],
    ...more,
  };
}

function foretold(probability: number, more: Partial<ForetoldBottleneck> = {}): ForetoldBottleneck {
  const sentence = 'shop’s connections used may reach 95 % in about 8 min';
  return {
    subject: 'connections used',
    resource: 'saturation',
    severity: 'high',
    probability,
    madeAt: NOW,
    sentence,
    advice: 'Raise the limit',
    ...more,
  };
}

const readings = (probability: number, more: Partial<ForetoldBottleneck> = {}) =>
  evaluateRules(foreseenRules, entity({ bottlenecks: [foretold(probability, more)] }), NOW);

test.each([
  [0.7, 'breach'],
  [0.5, 'between'],
  [0.1, 'clear'],
  [0, 'clear'],
])('a chance of %d reads as %s', (probability, reading) => {
  expect(readings(probability).map((one) => one.reading)).toEqual([reading]);
});

test('the rule follows what is at stake; a busy machine is nobody’s alert', () => {
  expect(readings(0.9).map(({ rule, severity, kind }) => [rule, severity, kind])).toEqual([
    ['limit-ahead', 'high', 'forecast'],
  ]);
  expect(readings(0.9, { severity: 'medium' }).map(({ rule }) => rule)).toEqual(['bottleneck-ahead']);
  expect(readings(0.9, { severity: 'none' })).toEqual([]);
});

test('people are told once, at once, and of its end once it has been unlikely for ten minutes', () => {
  let book = emptyBook();
  const told: string[] = [];
  const chances = [0.2, 0.7, 0.8, 0.5, 0.65, ...new Array<number>(12).fill(0.1)];
  chances.forEach((probability, minute) => {
    const now = NOW + minute * MINUTE;
    const watched = entity({ lastSeenAt: now, bottlenecks: [foretold(probability, { madeAt: now })] });
    const observations = evaluateRules(foreseenRules, watched, now);
    const step = stepAlerts(
      book,
      {
        observations,
        governance: { calendar: emptyCalendar, targetOf: (id: string) => targetOf(undefined, id) },
        spokenFor: () => null,
      },
      now,
    );
    book = step.book;
    told.push(...step.told.map(({ kind }) => `${kind} ${minute}`));
  });
  expect(told).toEqual(['firing 1', 'resolved 15']);
});

test('a word older than five minutes neither warns nor ends a warning', () => {
  expect(readings(0.9, { madeAt: NOW - 6 * MINUTE }).map((one) => one.reading)).toEqual(['missing']);
});

test('capacity is told of days ahead, where even the late end is near', () => {
  const capacity = (to: number | null) => ({
    subject: 'memory used',
    resource: 'memory' as const,
    to,
    madeAt: NOW,
    sentence: 'shop’s memory used reaches 95 % at its peak in 4 days (2–6)',
    advice: 'Add 20 %',
  });
  const read = (to: number | null) =>
    evaluateRules(foreseenRules, entity({ capacities: [capacity(to)] }), NOW).map(({ rule, reading }) => [
      rule,
      reading,
    ]);
  expect(read(NOW + 6 * DAY)).toEqual([['capacity-short', 'breach']]);
  expect(read(NOW + 9 * DAY)).toEqual([['capacity-short', 'between']]);
  expect(read(null)).toEqual([['capacity-short', 'clear']]);
});
