import { expect, test } from 'vitest';
import { labelNameOf, type NamedType, prometheusName } from './metric-name.ts';

/* The examples of the compatibility specification, and of the translator that Prometheus itself uses. */
test.each([
  ['system.io', 'foo/bar', 'other', 'system_io_foo_per_bar'],
  ['system.disk.operation_time', 's', 'counter', 'system_disk_operation_time_seconds_total'],
  ['system.disk.io', 'By', 'counter', 'system_disk_io_bytes_total'],
  ['broker.messages_total', '{message}', 'counter', 'broker_messages_total'],
  ['total_total_x', '', 'counter', 'x_total'],
  ['metric_total', '', 'gauge', 'metric_total'],
  ['hits', '1', 'gauge', 'hits_ratio'],
  ['hits', '1', 'other', 'hits'],
  ['request.duration_seconds', 's', 'other', 'request_duration_seconds'],
  ['speed', 'm/s', 'gauge', 'speed_meters_per_second'],
  ['fuel', 'km/h', 'gauge', 'fuel_km_per_hour'],
  ['battery', '%', 'gauge', 'battery_percent'],
  ['temperature', 'Cel', 'gauge', 'temperature_celsius'],
  ['2xx.count', '', 'other', '_2xx_count'],
  ['a  b--c', '', 'gauge', 'a_b_c'],
  ['rule:sum', '', 'gauge', 'rule:sum'],
  ['ünï', '', 'gauge', 'n'],
  ['…', 's', 'gauge', ''],
] as const satisfies readonly (readonly [string, string, NamedType, string])[])(
  '%s in %s as %s is %s',
  (name, unit, type, expected) => {
    expect(prometheusName(name, unit, type)).toBe(expected);
  },
);

test.each([
  ['http.route', 'http_route'],
  ['0x', 'key_0x'],
  ['_private', '_private'],
  ['a-b c', 'a_b_c'],
])('attribute %s is label %s', (name, expected) => {
  expect(labelNameOf(name)).toBe(expected);
});
