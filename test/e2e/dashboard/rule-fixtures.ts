import type { OperationOutput } from '../../../src/api/contract/index.ts';

type Rules = OperationOutput<'rules'>;
type Objective = OperationOutput<'objectives'>['items'][number];

export function ruleFixtures(at: string): Rules {
  const rule: Rules['items'][number] = {
    name: 'NodeFilesystemSpaceFillingUp',
    kind: 'alert',
    source: 'file',
    group: 'node-exporter',
    file: '/etc/prometheus/rules/node.yaml',
    line: 12,
    expression:
      '(node_filesystem_avail_bytes{job="node",fstype!=""} / node_filesystem_size_bytes{job="node",fstype!=""} * 100 < 15 and predict_linear(node_filesystem_avail_bytes{job="node",fstype!=""}[6h], 24*60*60) < 0)',
    forSeconds: 3600,
    summary: '{{ $labels.mountpoint }} fills up',
    severity: 'medium',
    state: 'ok',
    message: '',
    lastEvaluatedAt: at,
    durationMs: 3.1,
    series: 14,
    found: 0,
  };
  return {
    items: [
      rule,
      { ...rule, name: 'instance:node_cpu:rate5m', kind: 'record', line: 40, severity: null, forSeconds: 0, found: 12 },
      {
        ...rule,
        name: 'ManyToMany',
        line: 52,
        severity: 'critical',
        state: 'failed',
        message: 'Position 9: several series on the right of "*" match; their labels must tell them apart there.',
      },
      { ...rule, name: 'Watchdog', line: 60, severity: null, found: 1, expression: 'vector(1)' },
      {
        ...rule,
        name: 'queue-long',
        source: 'import',
        group: 'made on the page',
        file: 'queue-long',
        line: 4,
        expression: 'queue_length > 100',
        forSeconds: 420,
        severity: 'high',
        summary: '{{ $value }} wait',
      },
      ...['RedisDown', 'RedisFull'].map((name, i) => ({
        ...rule,
        name,
        source: 'import' as const,
        group: 'redis',
        file: 'redis',
        line: 4 + 5 * i,
      })),
    ],
    problems: [
      {
        kind: 'fault',
        file: '/etc/prometheus/rules/node.yaml',
        line: 71,
        group: 'node-exporter',
        rule: 'Smoothed',
        message: 'position 1: there is no function holt_winters.',
      },
    ],
  };
}

const shop: Objective = {
  id: 'o1',
  name: 'shop-availability',
  service: 'shop',
  indicator: { kind: 'availability' },
  target: 0.999,
  windowDays: 30,
  source: 'configuration',
  createdBy: 'configuration',
  entityId: 'service:shop',
  entityName: 'shop',
  achieved: 0.99962,
  good: 9_996_200,
  total: 10_000_000,
  budgetLeft: 0.62,
  historySeconds: 30 * 86_400,
  burns: [
    { windowSeconds: 300, rate: 0 },
    { windowSeconds: 1800, rate: 0.4 },
    { windowSeconds: 3600, rate: 2.1 },
    { windowSeconds: 21_600, rate: 0.7 },
    { windowSeconds: 259_200, rate: 0.5 },
  ],
  spentInSeconds: 8.9 * 86_400,
  fault: null,
};

export const objectiveFixtures: Objective[] = [
  shop,
  {
    ...shop,
    id: 'o2',
    name: 'shop-latency',
    achieved: 0.9871,
    target: 0.99,
    budgetLeft: -0.29,
    spentInSeconds: 0,
    historySeconds: 4 * 86_400,
  },
  {
    ...shop,
    id: 'o3',
    name: 'payments',
    source: 'api',
    createdBy: 'ann',
    achieved: null,
    budgetLeft: null,
    historySeconds: 0,
    burns: shop.burns.map((burn) => ({ ...burn, rate: null })),
    spentInSeconds: null,
    fault: 'good: the expression gives 3 numbers; one is expected, so put sum(…) around it.',
  },
];
