import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Objective } from '../model/index.ts';
import { burnFactor, burnRules, objectiveStatus, observeBurns } from './objective-burn.ts';
import { ObjectiveCounts } from './objective-counts.ts';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
/** On the hour, so that whole hours lie in each window. */
const NOW = Date.UTC(2026, 4, 4, 12);

const objective: Objective = {
  id: 'o',
  name: 'shop',
  service: 'shop',
  indicator: { kind: 'availability' },
  target: 0.999,
  windowMs: 30 * DAY,
  createdBy: 'test',
  createdAt: 0,
};

/** `bad(minutesAgo)`: which share of a hundred requests a minute failed. */
function counted(
  historyMs: number,
  bad: (minutesAgo: number) => number,
  windowMs = objective.windowMs,
  perMinute = 100,
): ObjectiveCounts {
  const counts = new ObjectiveCounts(windowMs);
  for (let ago = historyMs / MINUTE - 1; ago >= 0; ago--)
    counts.add(NOW - ago * MINUTE, perMinute * (1 - bad(ago)), perMinute);
  return counts;
}

function firing(counts: ObjectiveCounts, of: Objective = objective): string[] {
  return observeBurns(of, counts, { entityId: 'service:shop' }, NOW)
    .filter(({ reading }) => reading === 'breach')
    .map(({ rule }) => rule);
}

describe('burn rates of the workbook', () => {
  test('over 30 days they are 14.4, 6 and 1, over 28 and 7 days the same shares of the budget, never less than 1', () => {
    const factors = (days: number): number[] =>
      burnRules.map((rule) => Number(burnFactor(rule, days * DAY).toFixed(2)));
    expect(factors(30)).toEqual([14.4, 6, 1]);
    expect(factors(28)).toEqual([13.44, 5.6, 1]);
    expect(factors(7)).toEqual([3.36, 1.4, 1]);
  });

  const month = 30 * DAY;
  test.each<[string, number, (ago: number) => number, string[]]>([
    ['all is well', month, () => 0, []],
    ['failures at half the pace', month, () => 0.0005, []],
    ['at the pace of the budget for days', month, () => 0.00101, ['objective-burns-slowly']],
    ['1.5 % for an hour', month, (ago) => (ago < 60 ? 0.015 : 0), ['objective-burns-fast']],
    ['1.5 % for an hour, over for ten minutes', month, (ago) => (ago < 70 && ago >= 10 ? 0.015 : 0), []],
    ['1.4 % for an hour', month, (ago) => (ago < 60 ? 0.014 : 0), []],
    ['0.7 % for six hours', month, (ago) => (ago < 360 ? 0.007 : 0), ['objective-burns']],
    [
      'everything for five minutes',
      month,
      (ago) => (ago < 5 ? 1 : 0),
      ['objective-burns-fast', 'objective-burns', 'objective-burns-slowly'],
    ],
    ['everything for one minute', month, (ago) => (ago < 1 ? 1 : 0), ['objective-burns-fast']],
    ['a young objective of 30 min: 2 % are not yet 2 % of the budget', HOUR / 2, () => 0.02, []],
    ['of 30 min: 3 % are', HOUR / 2, () => 0.03, ['objective-burns-fast']],
  ])('%s', (_, historyMs, bad, wanted) => {
    expect(firing(counted(historyMs, bad))).toEqual(wanted);
  });

  test('what fails less than five times is chance', () => {
    const rare = (bad: number): ObjectiveCounts =>
      counted(30 * DAY, (ago) => (ago < 60 ? bad : 0), objective.windowMs, 0.05);
    expect(firing(rare(1))).toEqual([]);
    expect(firing(counted(30 * DAY, (ago) => (ago < 60 ? 1 : 0), objective.windowMs, 0.1))).toContain(
      'objective-burns-fast',
    );
  });

  test('without traffic nothing is known, and nothing resolves', () => {
    const counts = counted(30 * DAY, () => 0);
    const later = observeBurns(objective, counts, { entityId: 'service:shop' }, NOW + 2 * HOUR);
    expect(later.find(({ rule }) => rule === 'objective-burns-fast')?.reading).toBe('missing');
    expect(observeBurns(objective, new ObjectiveCounts(DAY), { entityId: '' }, NOW)[0]?.reading).toBe('missing');
  });

  test('it says how much failed, in which time, and how long the budget lasts', () => {
    const [fast] = observeBurns(
      objective,
      counted(30 * DAY, (ago) => (ago < 60 ? 0.02 : 0)),
      { entityId: 'service:shop' },
      NOW,
    );
    expect(fast).toMatchObject({ kind: 'objective', subject: 'shop', severity: 'critical', resource: 'errors' });
    expect(fast?.summary).toBe(
      'shop: 2 % of the requests failed in the last 1 h, 20 times what the objective allows. At this pace its budget of 30 days is spent in 35 h.',
    );
    const [young] = observeBurns(
      objective,
      counted(HOUR / 2, () => 0.03),
      { entityId: 'service:shop' },
      NOW,
    );
    expect(young?.summary).toContain('in the last 30 min, which is all there is yet');
  });
});

describe('the budget', () => {
  test.each([
    ['untouched', 30 * DAY, () => 0, 1, null],
    ['half spent, evenly', 30 * DAY, () => 0.0005, 0.5, 30 * DAY],
    ['spent', 30 * DAY, () => 0.001, 0, 0],
    ['overspent twice', 30 * DAY, () => 0.003, -2, 0],
    ['of a tenth of the window', 3 * DAY, () => 0.001, 0.9, 27 * DAY],
  ])('%s', (_, historyMs, bad, left, spentInMs) => {
    const status = objectiveStatus(objective, counted(historyMs, bad), NOW);
    expect(status.budgetLeft).toBeCloseTo(left, 9);
    if (spentInMs === null || spentInMs === 0)
      expect(status.spentInMs === null ? null : Math.round(status.spentInMs / DAY)).toBe(spentInMs);
    else expect(status.spentInMs).toBeCloseTo(spentInMs, -3);
    expect(status.historyMs).toBe(historyMs);
  });

  test('nothing counted is nothing known', () => {
    expect(objectiveStatus(objective, new ObjectiveCounts(objective.windowMs), NOW)).toMatchObject({
      achieved: null,
      budgetLeft: null,
      spentInMs: null,
      historyMs: 0,
    });
  });
});

test('windows count what a list of all minutes counts', () => {
  const minute = fc.record({
    good: fc.integer({ min: 0, max: 50 }),
    bad: fc.integer({ min: 0, max: 50 }),
    gap: fc.integer({ min: 1, max: 90 }),
  });
  fc.assert(
    fc.property(
      fc.array(minute, { minLength: 1, maxLength: 400 }),
      fc.constantFrom(5, 30, 60, 360),
      (minutes, window) => {
        const counts = new ObjectiveCounts(7 * DAY);
        const all: { at: number; good: number; total: number }[] = [];
        let at = NOW;
        for (const { good, bad, gap } of minutes) {
          at += gap * MINUTE;
          counts.add(at, good, good + bad);
          all.push({ at, good, total: good + bad });
        }
        const short = all.filter((one) => one.at > at - window * MINUTE);
        expect(counts.within(window * MINUTE, at)).toEqual({ good: sum(short, 'good'), total: sum(short, 'total') });
        // On the hour, whole hours.
        const end = Math.ceil(at / HOUR) * HOUR;
        const long = all.filter((one) => one.at > end - 3 * DAY);
        expect(counts.within(3 * DAY, end)).toEqual({ good: sum(long, 'good'), total: sum(long, 'total') });
      },
    ),
    { numRuns: 200, seed: 9 },
  );
});

function sum(list: readonly { readonly good: number; readonly total: number }[], of: 'good' | 'total'): number {
  return list.reduce((all, one) => all + one[of], 0);
}
