import { expect, test } from 'vitest';
import { type Finding, formatLabels, labelsFrom } from '../model/index.ts';
import { type AnomalyRule, compileAnomalyRule } from './anomaly-rules.ts';
import { evaluateRules, type WatchedEntity } from './threshold-rules.ts';

const NOW = Date.UTC(2026, 5, 1);
const rule: AnomalyRule = {
  name: 'queue-unusual',
  metric: 'queue_length',
  match: [{ name: 'queue', op: '=', value: 'mail' }],
  side: 'both',
  for: 60_000,
  hold: 600_000,
  severity: 'high',
  action: null,
};
const labelsOf = (queue: string) =>
  labelsFrom(Object.entries({ __name__: 'queue_length', instance: 'a:9100', job: 'node', queue }));

/** What the rule says of the queue `mail`, which holds `value`; `high` and `low`: there is a finding on it, 10 to 20 being usual. */
function seen(given: {
  finding?: 'high' | 'low';
  of?: string;
  rule?: Partial<AnomalyRule>;
  value?: number;
  age?: number;
}) {
  const { finding, of = 'mail', value = finding === 'low' ? 2 : 90, age = 0 } = given;
  const labels = labelsOf(of);
  const lead = { feature: '', labels, value, expected: 15, lower: 10, upper: 20, unit: '', share: 1 };
  const entity: WatchedEntity = {
    id: 'host:a',
    name: 'a',
    kind: 'host',
    lastSeenAt: NOW,
    watchedSince: 0,
    latest: () => ['mail', 'web'].map((queue) => ({ labels: labelsOf(queue), value, at: NOW - age, rate: null })),
    exhaustions: [],
    bottlenecks: [],
    capacities: [],
    crossings: [],
    unusual:
      finding === undefined
        ? []
        : [{ subject: formatLabels(labels), direction: finding, contributions: [lead] } as unknown as Finding],
  };
  return evaluateRules([compileAnomalyRule({ ...rule, ...given.rule })], entity, NOW);
}

test.each([
  ['higher than usual', { finding: 'high' }, 'breach'],
  ['lower than usual', { finding: 'low' }, 'breach'],
  ['as usual', {}, 'clear'],
  ['lower where higher is asked for', { finding: 'low', rule: { side: 'high' } }, 'clear'],
  ['higher where lower is asked for', { finding: 'high', rule: { side: 'low' } }, 'clear'],
  ['unusual in another of its series', { finding: 'high', of: 'web' }, 'clear'],
  ['without a value for six minutes', { finding: 'high', age: 360_000 }, 'missing'],
] as const)('%s: %o is %s', (_, given, wanted) => {
  expect(seen(given).map(({ reading }) => reading)).toEqual([wanted]);
});

test('it says what there is and what is usual', () => {
  expect(seen({ finding: 'high' })).toMatchObject([
    {
      rule: 'queue-unusual',
      kind: 'anomaly',
      subject: 'queue_length{queue="mail"}',
      summary: 'queue_length{queue="mail"} is 90, higher than the usual 10 to 20',
      value: 90,
      limit: 20,
      timing: { forMs: 60_000, holdMs: 600_000 },
    },
  ]);
  expect(seen({ finding: 'low' })).toMatchObject([{ summary: expect.stringContaining('lower than'), limit: 10 }]);
  expect(seen({ value: 12 })).toMatchObject([{ limit: null, value: 12 }]);
});
