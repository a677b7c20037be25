import { expect, test } from 'vitest';
import { rulesIn } from '../compose-rules.ts';
import { configSchema } from '../config/schema.ts';
import type { LatestReading, ThresholdRule, WatchedEntity } from '../decide/threshold-rules.ts';
import { rulesToTry } from './replay-rules.ts';

const { alerts } = configSchema.parse({
  alerts: {
    starter: { 'disk-low': false },
    rules: [{ name: 'queue', metric: 'queue_length', op: '>', limit: 100, clear: 80, for: '5m' }],
    anomalies: [{ name: 'queue-unusual', metric: 'queue_length' }],
  },
});

function entity(metric: string, value: number, labels: readonly string[] = []): WatchedEntity {
  const reading: LatestReading = { labels: ['__name__', metric, ...labels], value, at: 0, rate: null };
  return {
    id: 'host:a',
    name: 'a',
    kind: 'host',
    lastSeenAt: 0,
    watchedSince: 0,
    latest: (asked) => (asked === metric ? [reading] : []),
    exhaustions: [],
    bottlenecks: [],
    capacities: [],
    crossings: [],
    unusual: [],
  };
}

const named = (rules: readonly ThresholdRule[], name: string) => rules.find((rule) => rule.name === name);

test('without settings the rules are those of the configuration', () => {
  const rules = rulesToTry(alerts, []).rules;
  expect(named(rules, 'disk-low')).toBeUndefined();
  expect(named(rules, 'queue')).toMatchObject({ forMs: 300_000, severity: 'high' });
});

test('a limit of one’s own rule is tried, and its words say the new one', () => {
  const rule = named(rulesToTry(alerts, ['queue.limit=20', 'queue.for=1m', 'queue.severity=critical']).rules, 'queue');
  expect(rule).toMatchObject({ forMs: 60_000, severity: 'critical', condition: expect.stringContaining('> 20') });
  const [measured] = rule?.measure(entity('queue_length', 30), 0) ?? [];
  expect(measured).toMatchObject({ clauses: [{ value: 30, limit: 20, clear: 20 }] });
});

test('a starter rule clears as far from the limit tried as before; what is switched off is tried when something of it is set', () => {
  const rule = named(rulesToTry(alerts, ['inodes-low.limit=0.5', 'disk-low.hold=1h']).rules, 'inodes-low');
  const [measured] = rule?.measure(entity('auspex_host_inode_ratio', 0.6, ['mountpoint', '/']), 0) ?? [];
  expect(measured?.clauses[0]).toEqual({ value: 0.6, op: '>', limit: 0.5, clear: expect.closeTo(0.48, 9) });
  expect(named(rulesToTry(alerts, ['disk-low.hold=1h']).rules, 'disk-low')).toMatchObject({ holdMs: 3_600_000 });
  expect(named(rulesToTry(alerts, ['inodes-low=off']).rules, 'inodes-low')).toBeUndefined();
});

const files = rulesIn(
  'groups: [{name: g, rules: [{alert: Busy, expr: a > 1, for: 5m}, {alert: Gone, expr: absent(a)}, {record: a:rate, expr: "rate(a[5m])"}]}]',
  'g.yaml',
).groups;
const inFiles = (...settings: string[]) => rulesToTry(alerts, settings, files).groups.flatMap(({ rules }) => rules);

test('alerts of rule files are tried and switched off by the same words; what they record stays', () => {
  expect(inFiles()).toEqual(files.flatMap(({ rules }) => rules));
  expect(inFiles('Busy.limit=3', 'Busy.for=1m')[0]).toMatchObject({
    name: 'Busy',
    forMs: 60_000,
    query: { root: { right: { value: 3 } } },
  });
  expect(inFiles('Gone=off', 'Busy=off').map(({ name }) => name)).toEqual(['a:rate']);
  expect(() => inFiles('Gone.for=1m', 'Gone.limit=1')).toThrow(
    /--set Gone\.limit=1: the expression of Gone \(g\.yaml:1\) compares with no one number/,
  );
  expect(() => inFiles('a:rate=off')).toThrow(/no rule "a:rate"\. There are: .*Busy, Gone\./);
});

test.each([
  ['nothing.limit=1', /no rule "nothing"\. There are: .*inodes-low/],
  ['queue-unusual.limit=3', /queue-unusual has no limit/],
  ['queue.limit=many', /"many" is no number/],
  ['queue.limit=', /write RULE\.limit=/],
  ['queue.for=soon', /no duration/],
  ['queue.severity=bad', /medium, high, critical/],
  ['queue.metric=x', /write RULE/],
  ['queue', /RULE=off/],
])('%s is refused with why', (setting, why) => {
  expect(() => rulesToTry(alerts, [setting]).rules).toThrow(
    expect.objectContaining({ code: 'BAD_REQUEST', message: expect.stringMatching(why) }),
  );
});
