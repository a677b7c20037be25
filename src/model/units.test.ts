import { expect, test } from 'vitest';
import { isCumulative, metricTitle, metricUnit, rateUnit } from './units.ts';

test.each([
  ['auspex_host_cpu_ratio', 'gauge', 'ratio', 'CPU used'],
  ['node_network_receive_bytes_total', 'counter', 'bytes', 'network receive'],
  ['node_cpu_seconds_total', 'counter', 'seconds', 'cpu'],
  ['node_load1', 'gauge', '', 'load1'],
  ['http_requests_total', 'counter', 'count', 'http requests'],
  ['http_request_duration_seconds_bucket', 'histogram', 'count', 'http request duration seconds bucket'],
  ['http_request_duration_seconds_sum', 'histogram', 'seconds', 'http request duration'],
  ['node_hwmon_temp_celsius', 'gauge', '°C', 'hwmon temp'],
  ['_seconds', 'gauge', 'seconds', 'seconds'],
] as const)('%s (%s) is in “%s” and reads “%s”', (name, kind, unit, title) => {
  expect(metricUnit(name, kind)).toBe(unit);
  expect(metricTitle(name)).toBe(title);
});

test('a rate has its own unit', () => {
  expect(rateUnit('node_cpu_seconds_total', 'seconds')).toBe('cores');
  expect(rateUnit('node_disk_io_time_seconds_total', 'seconds')).toBe('ratio');
  expect(rateUnit('node_network_receive_bytes_total', 'bytes')).toBe('bytes/s');
  expect(rateUnit('x', '')).toBe('count/s');
});

test('a histogram’s parts are totals, a gauge is not', () => {
  expect(isCumulative('a_bucket', 'histogram')).toBe(true);
  expect(isCumulative('a_count', 'gauge')).toBe(false);
  expect(isCumulative('a_total', 'counter')).toBe(true);
});
