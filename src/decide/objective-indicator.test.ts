import { expect, test } from 'vitest';
import type { Indicator } from '../model/index.ts';
import { indicatorQueries } from './objective-indicator.ts';

test.each<[Indicator, string, string]>([
  [{ kind: 'events', good: 'sum(a)', total: 'sum(b)' }, 'sum(a)', 'sum(b)'],
  [
    { kind: 'histogram', metric: 'http_seconds', match: 'job="shop"', limitSeconds: 0.3 },
    'sum(rate(http_seconds_bucket{job="shop",le="0.3"}[5m]))',
    'sum(rate(http_seconds_count{job="shop"}[5m]))',
  ],
  [
    { kind: 'latency', limitSeconds: 0.25 },
    'sum((auspex_service_request_rate{service_name="shop"} or auspex_service_request_rate{job="shop"}) * ((auspex_service_latency_seconds{service_name="shop"} or auspex_service_latency_seconds{job="shop"}) <= bool 0.25))',
    'sum((auspex_service_request_rate{service_name="shop"} or auspex_service_request_rate{job="shop"}))',
  ],
])('%o is counted by PromQL', (indicator, good, total) => {
  const queries = indicatorQueries({ indicator, service: 'shop' });
  expect([queries.good.text, queries.total.text]).toEqual([good, total]);
});

test.each<[Indicator, string | null, string]>([
  [{ kind: 'events', good: 'sum(a', total: 'sum(b)' }, null, 'good: Position 6'],
  [{ kind: 'events', good: 'sum(a)', total: 'b[5m]' }, null, 'total: Position 1: one number'],
  [{ kind: 'histogram', metric: 'x', match: 'job=', limitSeconds: 1 }, null, 'good: Position'],
  [{ kind: 'availability' }, null, 'needs the name of the service'],
])('%o is refused by name', (indicator, service, words) => {
  expect(() => indicatorQueries({ indicator, service })).toThrow(words);
});
