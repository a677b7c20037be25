import { expect, test } from 'vitest';
import { declaredType, guessSeriesKind, type MetricType, seriesKindOf } from './series-kind.ts';

test.each([
  ['node_cpu_seconds_total', 'counter'],
  ['http_request_duration_seconds_count', 'counter'],
  ['http_request_duration_seconds_sum', 'counter'],
  ['http_request_duration_seconds_bucket', 'histogram'],
  ['node_uname_info', 'info'],
  ['node_load1', 'gauge'],
  ['total', 'gauge'],
])('the name %s alone speaks of a %s', (name, kind) => {
  expect(guessSeriesKind(name)).toBe(kind);
});

test.each<[MetricType, string, string]>([
  ['counter', 'node_forks', 'counter'],
  ['counter', 'jobs_created', 'gauge'],
  ['gauge', 'queue_total', 'gauge'],
  ['gauge', 'node_uname_info', 'info'],
  ['histogram', 'h_bucket', 'histogram'],
  ['histogram', 'h_sum', 'counter'],
  ['summary', 'gc_seconds', 'gauge'],
  ['summary', 'gc_seconds_count', 'counter'],
  ['gaugehistogram', 'g_bucket', 'gauge'],
  ['info', 'build_info', 'info'],
  ['stateset', 'state', 'gauge'],
  ['unknown', 'x_total', 'counter'],
])('declared as %s, %s is a %s', (type, name, kind) => {
  expect(seriesKindOf(type, name)).toBe(kind);
});

test('a series finds its family by its own name first, then without the suffix', () => {
  const types = new Map<string, MetricType>([
    ['h', 'histogram'],
    ['jobs_count', 'gauge'],
  ]);
  expect(declaredType(types, 'h_bucket')).toBe('histogram');
  expect(declaredType(types, 'jobs_count')).toBe('gauge');
  expect(declaredType(types, 'other_sum')).toBeUndefined();
});
