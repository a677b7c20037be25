import { expect, test } from 'vitest';
import { compileForecastRule, type ForecastRule } from './forecast-rules.ts';
import { evaluateRules, type ForetoldCrossing, type WatchedEntity } from './threshold-rules.ts';

const HOUR = 3_600_000;
const NOW = Date.UTC(2026, 5, 1);

const rule: ForecastRule = {
  name: 'memory-soon',
  component: 'memory used',
  op: '>',
  limit: 0.9,
  within: 24 * HOUR,
  for: HOUR,
  hold: HOUR,
  severity: 'high',
  action: null,
};

function seen(foretold: Partial<ForetoldCrossing>) {
  const entity: WatchedEntity = {
    id: 'host:a',
    name: 'a',
    kind: 'host',
    lastSeenAt: NOW,
    watchedSince: 0,
    latest: () => [],
    exhaustions: [],
    bottlenecks: [],
    capacities: [],
    unusual: [],
    crossings: [
      {
        rule: 'memory-soon',
        subject: 'memory used',
        unit: 'ratio',
        at: NOW + 10 * HOUR,
        to: NOW + 20 * HOUR,
        madeAt: NOW,
        ...foretold,
      },
    ],
  };
  return evaluateRules([compileForecastRule(rule)], entity, NOW)[0];
}

test.each([
  ['in time even by the slow side', {}, 'breach'],
  ['in time by the mean alone', { to: null }, 'clear'],
  ['too late', { to: NOW + 30 * HOUR }, 'clear'],
  ['not at all', { at: null, to: null }, 'clear'],
  ['foretold two hours ago', { madeAt: NOW - 2 * HOUR }, 'missing'],
])('%s: %o is %s', (_, foretold, wanted) => {
  expect(seen(foretold)?.reading).toBe(wanted);
});

test('another rule’s figure is not its own', () => {
  expect(seen({ rule: 'other' })).toBeUndefined();
});

test('it says what will be, and when', () => {
  expect(seen({})).toMatchObject({
    kind: 'forecast',
    resource: 'memory',
    severity: 'high',
    summary: 'memory used will be above 90 % in about 10 h',
    timing: { forMs: HOUR, holdMs: HOUR },
  });
});
