import { expect, test } from 'vitest';
import type { Expression } from '../promql/syntax.ts';
import { observeHit } from './alerting.ts';
import { type AlertingRule, readRules } from './rule-file.ts';
import { triedFileRule } from './tried-rule.ts';

function ruleOf(expr: string, rest: Record<string, unknown> = {}): AlertingRule {
  const content = { groups: [{ name: 'g', rules: [{ alert: 'Busy', expr, for: '5m', ...rest }] }] };
  const [rule] = readRules({ path: 'r.yaml', content, locate: () => ({ line: 1 }) }).groups.flatMap(
    ({ rules }) => rules,
  );
  if (rule?.kind !== 'alert') throw new Error('no alert');
  return rule;
}

/** The expression without where its parts stand in the text. */
function bare(node: Expression | undefined): unknown {
  return JSON.parse(JSON.stringify(node, (key, value: unknown) => (key === 'position' ? undefined : value)));
}

test.each([
  ['queue > 90', 'queue > 7'],
  ['90 < queue', '7 < queue'],
  ['queue < -0.05', 'queue < 7'],
  ['queue >= 10 * 1024 ^ 3', 'queue >= 7'],
  ['sum(rate(errors[5m]) > 2) by (job) / 3 > 0.05', 'sum(rate(errors[5m]) > 2) by (job) / 3 > 7'],
  [
    '(free < 40 and predict_linear(free[1h], 60) < 0) unless ro == 1',
    '(free < 7 and predict_linear(free[1h], 60) < 0) unless ro == 1',
  ],
])('%s with the limit 7 is %s', (expr, wanted) => {
  const rule = triedFileRule(ruleOf(expr), { limit: 7 });
  expect(bare(rule?.query.root)).toEqual(bare(ruleOf(wanted).query.root));
});

test.each(['absent(up)', 'up', 'a > b', 'a > 1 or a < -1', 'a > bool 1'])('%s has no one limit', (expr) => {
  expect(triedFileRule(ruleOf(expr), { limit: 7 })).toBeNull();
  expect(triedFileRule(ruleOf(expr), { forMs: 0 })).toMatchObject({ forMs: 0 });
});

test('a severity that is tried is the alert’s; the rest stays', () => {
  const rule = triedFileRule(ruleOf('queue > 90', { labels: { severity: 'none' } }), {
    severity: 'critical',
    holdMs: 60_000,
  });
  expect(rule).toMatchObject({ name: 'Busy', forMs: 300_000, keepFiringMs: 60_000, severity: 'critical' });
  const labels = ['severity', 'critical'];
  expect(rule && observeHit(rule, { labels, value: 91 }, 'host:a', 0)).toMatchObject({
    severity: 'critical',
    limit: 90,
  });
});
