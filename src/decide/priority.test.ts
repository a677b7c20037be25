import { expect, test } from 'vitest';
import type { Incident, JudgementRow } from '../model/index.ts';
import { bookJudgements, credenceOf, type Likeness, noJudgements, precisionBySource, priorityOf } from './priority.ts';

const load: Likeness = { source: 'metric', resource: 'cpu', group: 'shop' };
type Said = JudgementRow['verdict'];
const said = (like: Likeness, ...verdicts: readonly Said[]) =>
  verdicts.map((verdict) => ({ ...like, verdict }) as never);
const times = (n: number, verdict: Said): Said[] => Array.from({ length: n }, () => verdict);
const on = (severity: Incident['severity'], hosts = 1) => ({
  severity,
  entityIds: Array.from({ length: hosts }, (_, i) => `host:${i}`),
});
const judged = (confirmed: number, dismissed: number) =>
  bookJudgements(said(load, ...times(confirmed, 'confirmed'), ...times(dismissed, 'dismissed')));

test.each([
  ['nothing was judged', 0, 0, 'high', 'high'],
  ['two of two dismissed are too few', 0, 2, 'high', 'high'],
  ['three of three dismissed', 0, 3, 'high', 'medium'],
  ['three of four dismissed are not sure enough', 1, 3, 'high', 'high'],
  ['four of five dismissed', 1, 4, 'high', 'medium'],
  ['four of five dismissed, and not severe', 1, 4, 'medium', 'nobody'],
  ['all dismissed, but critical', 0, 50, 'critical', 'critical'],
  ['mostly confirmed', 4, 1, 'medium', 'medium'],
  ['half and half', 10, 10, 'medium', 'medium'],
] as const)('%s', (_, confirmed, dismissed, severity, toldAs) => {
  expect(priorityOf(on(severity), [load], judged(confirmed, dismissed)).toldAs).toBe(toldAs);
});

test('it says how many were dismissed, and what would have changed it', () => {
  const { reason, counterfactual } = priorityOf(on('high'), [load], judged(1, 4));
  expect(reason).toBe('Told as medium: 4 of 5 like it were dismissed (metric, cpu, shop).');
  expect(counterfactual).toBe(
    'It would be told as high if 1 more like it had been confirmed, and is always told when it becomes critical.',
  );
  // What it says is so.
  expect(priorityOf(on('high'), [load], judged(2, 4)).toldAs).toBe('high');
  const far = priorityOf(on('high'), [load], judged(0, 6)).counterfactual ?? '';
  const more = Number(/if (\d+) more/.exec(far)?.[1]);
  expect(priorityOf(on('high'), [load], judged(more, 6)).toldAs).toBe('high');
  expect(priorityOf(on('high'), [load], judged(more - 1, 6)).toldAs).toBe('medium');
});

test('the most credible sign speaks for an incident', () => {
  const rule: Likeness = { source: 'disk-full', resource: 'disk', group: 'hosts' };
  expect(priorityOf(on('high'), [load, rule], judged(0, 9)).toldAs).toBe('high');
});

test('what is known of a detector elsewhere shifts one that nobody judged, and lowers nothing by itself', () => {
  const book = bookJudgements(said({ ...load, group: 'bank' }, ...times(20, 'dismissed')));
  expect(credenceOf(book, load).probability).toBeLessThan(0.2);
  expect(credenceOf(book, { ...load, source: 'entity' }).probability).toBe(0.5);
  expect(priorityOf(on('high'), [load], book).toldAs).toBe('high');
});

test('an acknowledgement counts half', () => {
  const book = bookJudgements(said(load, 'acknowledged', 'acknowledged', 'dismissed'));
  expect(credenceOf(book, load)).toMatchObject({ confirmed: 1, dismissed: 1, probability: 0.5 });
});

test('more severe, wider and more credible is more', () => {
  const value = (...args: Parameters<typeof priorityOf>) => priorityOf(...args).value;
  const base = value(on('high'), [load], noJudgements);
  expect(value(on('critical'), [load], noJudgements)).toBeGreaterThan(base);
  expect(value(on('high', 4), [load], noJudgements)).toBeGreaterThan(base);
  expect(value(on('high'), [load], judged(5, 0))).toBeGreaterThan(base);
  expect(value(on('critical', 50), [load], judged(500, 0))).toBeLessThanOrEqual(100);
});

test('the interval is that of the posterior', () => {
  // Beta(4, 8), by scipy 1.17.1: scipy.stats.beta.ppf([.1, .9], 4, 8).
  const { lower, upper } = credenceOf(judged(3, 7), load);
  expect(lower).toBeCloseTo(0.16923334, 6);
  expect(upper).toBeCloseTo(0.51076104, 6);
});

test('precision by detector, the most judged first', () => {
  const book = bookJudgements([
    ...said(load, 'confirmed', 'dismissed', 'dismissed'),
    ...said({ source: 'disk-full', resource: 'disk', group: 'hosts' }, 'confirmed'),
  ]);
  expect(precisionBySource(book)).toMatchObject([
    { source: 'metric', confirmed: 1, dismissed: 2 },
    { source: 'disk-full', confirmed: 1, dismissed: 0 },
  ]);
});
