import { expect, test } from 'vitest';
import type { Incident } from '../../src/api/contract/index.ts';
import { inReadingOrder, incidentsSentence, rowDetail, signText, stateWord, whyFixed } from './incident-words.ts';

const now = new Date(2026, 5, 1, 12, 0).getTime();
const ago = (minutes: number) => new Date(now - minutes * 60_000).toISOString();

function incident(more: Partial<Incident> = {}): Incident {
  return {
    id: 'i',
    title: 'Disk full: / on web-1',
    class: 'disk-full',
    severity: 'high',
    state: 'open',
    startedAt: ago(20),
    openedAt: ago(20),
    lastAt: ago(0),
    resolvedAt: null,
    wouldBeToldAt: null,
    priority: null,
    toldAt: null,
    acknowledgedAt: null,
    assignee: null,
    verdict: 'none',
    mergedInto: null,
    entityId: 'host:a',
    entityName: 'web-1',
    entities: [{ id: 'host:a', name: 'web-1' }],
    cause: '/ on web-1',
    signCount: 1,
    ...more,
  };
}
const over = (endedAgo: number, more: Partial<Incident> = {}) =>
  incident({ state: 'resolved', startedAt: ago(endedAgo + 38), resolvedAt: ago(endedAgo), ...more });

test.each([
  [[], 'No incidents.'],
  [
    [incident({ toldAt: ago(19) })],
    'One open incident, since 11:40: Disk full, / on web-1. People were told at 11:41.',
  ],
  [
    [incident({ title: 'Load is 9, usually 2.', class: 'unknown', cause: null })],
    'One open incident, since 11:40: Load is 9, usually 2. Nobody was told.',
  ],
  [
    [
      over(60),
      incident({ severity: 'medium', title: 'Small' }),
      incident({ severity: 'critical', startedAt: ago(90) }),
    ],
    '2 open incidents; the worst, since 10:30: Disk full, / on web-1. Nobody was told.',
  ],
  [
    [over(300), over(180)],
    'No incident is open. The last, Disk full, / on web-1, ended 3\u202fh ago after 38\u202fmin.',
  ],
] as const)('what is open is said in one sentence (%#)', (incidents, sentence) => {
  expect(incidentsSentence(incidents, now)).toBe(sentence);
});

test('open ones come first, the worst on top; those that are over by their time alone', () => {
  const all = [
    over(100, { id: 'old', severity: 'critical' }),
    over(10, { id: 'new', severity: 'medium' }),
    incident({ id: 'mild', severity: 'medium' }),
    incident({ id: 'worst', severity: 'critical', startedAt: ago(900) }),
  ];
  expect(inReadingOrder(all).map(({ id }) => id)).toEqual(['worst', 'mild', 'new', 'old']);
});

test('a row does not say twice what its title says', () => {
  expect(rowDetail(incident())).toBe('On web-1, one sign.');
  expect(rowDetail(incident({ title: 'Requests fail.', signCount: 4 }))).toBe(
    'Disk full, likely / on web-1, on web-1, 4 signs.',
  );
  const many = ['a', 'b', 'c', 'd'].map((name) => ({ id: name, name }));
  expect(rowDetail(incident({ class: 'unknown', cause: null, entities: many }))).toBe(
    'Of no known class, on a, b and 2 more, one sign.',
  );
});

test('what became of it is one word, and what is long over stays as it is', () => {
  expect(stateWord(incident())).toBe('open');
  expect(stateWord(incident({ acknowledgedAt: ago(1) }))).toBe('acknowledged');
  expect(stateWord(over(1))).toBe('resolved');
  expect(stateWord(over(1, { verdict: 'dismissed' }))).toBe('dismissed');
  expect(whyFixed(incident(), now)).toBeNull();
  expect(whyFixed(over(29), now)).toBeNull();
  expect(whyFixed(over(31), now)).toContain('half an hour');
  expect(whyFixed(over(1, { mergedInto: 'other' }), now)).toContain('part of another');
});

test.each([
  ['uses 96 % of its CPU.', 'db-1 uses 96 % of its CPU.'],
  ['Checkout fails', 'db-1: Checkout fails'],
  ['CPU of db-1 is high.', 'CPU of db-1 is high.'],
] as const)('a sign says where it is: %s', (summary, text) => {
  expect(signText({ entityName: 'db-1', summary })).toBe(text);
});
