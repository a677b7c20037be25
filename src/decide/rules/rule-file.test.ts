import { describe, expect, test } from 'vitest';
import { parseConfigText } from '../../config/file.ts';
import { labelsFrom } from '../../model/index.ts';
import { hitsOf, observeHit } from './alerting.ts';
import { type AlertingRule, type ParsedRules, readRules } from './rule-file.ts';

/** Of the shapes that rules for node_exporter have. */
const NODE = `groups:
  - name: node
    interval: 30s
    rules:
      - alert: DiskFillsUp
        expr: |
          (
            node_filesystem_avail_bytes{job="node",fstype!=""} / node_filesystem_size_bytes{job="node",fstype!=""} * 100 < 40
          and
            predict_linear(node_filesystem_avail_bytes{job="node",fstype!=""}[6h], 24*60*60) < 0
          and
            node_filesystem_readonly{job="node",fstype!=""} == 0
          )
        for: 1h
        keep_firing_for: 5m
        labels: {severity: warning}
        annotations:
          summary: A file system will run out of space within a day.
          description: '{{ $labels.mountpoint }} at {{ $labels.instance }} has only {{ printf "%.2f" $value }}% left.'
          runbook_url: https://runbooks.example/disk
      - alert: DiskFillsUp
        expr: node_filesystem_avail_bytes == 0
        labels: {severity: critical}
      - record: instance:node_cpu:rate5m
        expr: 1 - avg without (cpu, mode) (rate(node_cpu_seconds_total{mode="idle"}[5m]))
        labels: {tier: all}
      - alert: Watchdog
        expr: vector(1)
        labels: {severity: none}
`;

function read(text: string): ParsedRules {
  return readRules(parseConfigText(text, 'node.yaml'));
}

const shown = ({ problems }: ParsedRules): string[] =>
  problems.map(({ kind, line, group, rule, message }) => `${kind} ${line} ${group}/${rule} ${message}`);

test('a file as Prometheus reads it', () => {
  const { groups, problems } = read(NODE);
  expect(problems).toEqual([]);
  const [group] = groups;
  expect(group).toMatchObject({ name: 'node', intervalMs: 30_000, limit: 0 });
  expect(group?.rules.map(({ kind, name, line }) => [kind, name, line])).toEqual([
    ['alert', 'DiskFillsUp', 5],
    ['alert', 'DiskFillsUp (critical)', 21],
    ['record', 'instance:node_cpu:rate5m', 24],
    ['alert', 'Watchdog', 27],
  ]);
  expect(group?.rules[0]).toMatchObject({ forMs: 3_600_000, keepFiringMs: 300_000, severity: 'medium' });
  expect(group?.rules[1]).toMatchObject({ severity: 'critical' });
  expect(group?.rules[3]).toMatchObject({ severity: null });
});

test('an alert says what its rule’s annotations say', () => {
  const rule = read(NODE).groups[0]?.rules[0] as AlertingRule;
  const [hit] = hitsOf(rule, [
    {
      labels: labelsFrom([
        ['__name__', 'x'],
        ['instance', 'web-1:9100'],
        ['job', 'node'],
        ['mountpoint', '/var'],
      ]),
      value: 3.14159,
    },
  ]);
  if (hit === undefined) throw new Error('there is no hit');
  expect(observeHit(rule, hit, 'host:a', 5)).toMatchObject({
    rule: 'DiskFillsUp',
    kind: 'rule',
    subject: '{mountpoint="/var"}',
    severity: 'medium',
    summary: 'A file system will run out of space within a day. /var at web-1:9100 has only 3.14% left.',
    action: 'See https://runbooks.example/disk',
    timing: { forMs: 3_600_000, holdMs: 0, keepFiringMs: 300_000 },
  });
});

test.each([
  ['critical', 'critical'],
  ['page', 'critical'],
  ['error', 'high'],
  ['warning', 'medium'],
  ['anything', 'medium'],
  ['', 'medium'],
  ['info', null],
])('severity %s is %s', (severity, wanted) => {
  const { groups } = read(`groups: [{name: g, rules: [{alert: A, expr: up == 0, labels: {severity: '${severity}'}}]}]`);
  expect(groups[0]?.rules[0]).toMatchObject({ severity: wanted });
});

test('a PrometheusRule of the operator is one too', () => {
  const text =
    'apiVersion: monitoring.coreos.com/v1\nkind: PrometheusRule\nmetadata: {name: x}\nspec:\n  groups:\n    - name: g\n      rules: [{record: a, expr: up}]\n';
  expect(read(text)).toMatchObject({ groups: [{ name: 'g', rules: [{ name: 'a' }] }], problems: [] });
});

describe('what is wrong is named, and the rest runs', () => {
  const rule = (text: string): string =>
    `groups:\n  - name: g\n    rules:\n      - ${text}\n      - {alert: Good, expr: up == 0}\n`;
  test.each([
    ['{alert: A, expr: "sum(up"}', 'fault 4 g/A position 7: the expression ends too early.'],
    [
      '{alert: A, expr: "holt_winters(up[5m], 1, 1) > 1"}',
      'fault 4 g/A position 1: there is no function holt_winters.',
    ],
    ['{alert: A, expr: "up[5m]"}', 'fault 4 g/A the expression gives no instant vector.'],
    ['{alert: A}', 'fault 4 g/A a rule needs an expression.'],
    ['{expr: up}', 'fault 4 g/null a rule is an alert or a record with a name.'],
    ['{alert: A, record: b, expr: up}', 'fault 4 g/A a rule is either an alert or a record.'],
    ['{alert: A, expr: up, for: soon}', 'fault 4 g/A for is a duration such as 5m.'],
    ['{alert: A, expr: up, fore: 5m}', 'fault 4 g/A the key fore is not known in a rule.'],
    ['{record: "a b", expr: up}', 'fault 4 g/a b a b is no name of a metric.'],
    ['{record: a, expr: up, for: 5m}', 'fault 4 g/a for belongs to alerts, not to records.'],
    ['{alert: A, expr: up, labels: [x]}', 'fault 4 g/A labels are a table of names and texts.'],
    ['{alert: A, expr: up, labels: {"a-b": x}}', 'fault 4 g/A a-b is no name of a label.'],
    ['{alert: A, expr: up, annotations: {a: [1]}}', 'fault 4 g/A the annotation a is no text.'],
  ])('%s', (text, wanted) => {
    const parsed = read(rule(text));
    expect(shown(parsed)).toEqual([wanted]);
    expect(parsed.groups[0]?.rules.map(({ name }) => name)).toEqual(['Good']);
  });

  test.each([
    ['rules: []', 'fault 1 null/null there is no list `groups:`, which a file of rules has.'],
    ['groups: [{rules: []}]', 'fault 1 null/null a group needs a name.'],
    ['groups: [{name: g, rules: 5}]', 'fault 1 g/null rules is a list.'],
    ['groups: [{name: g}, {name: g}]', 'fault 1 g/null the file has a second group g.'],
    ['groups: [{name: g, interval: 0s}]', 'fault 1 g/null the interval is a duration of at least 1s, such as 30s.'],
    [
      'groups: [{name: g, interval: 10m}]',
      'note 1 g/null the group is evaluated every 4 minutes: less often, nobody would see that a condition lasts.',
    ],
    ['groups: []\nrule: x', 'fault 2 null/null the key rule is not known here.'],
  ])('%s', (text, wanted) => {
    expect(shown(read(text))).toEqual([wanted]);
  });

  test('a template that is not understood is a note, and its rule runs', () => {
    const parsed = read(rule("{alert: A, expr: up, annotations: {summary: '{{ if true }}x{{ end }}'}}"));
    expect(shown(parsed)[0]).toBe(
      'note 4 g/A {{ if true }} is not understood and stays in the annotation summary as text.',
    );
    expect(parsed.groups[0]?.rules).toHaveLength(2);
  });
});
