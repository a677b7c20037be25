import { expect, test } from 'vitest';
import { inReadingOrder, metricGroup, standsOut } from './gauge-metrics.ts';

test.each([
  ['out of its range while nothing was found', { name: 'disk', unusual: true }, [], false],
  ['what was found', { name: 'cpu', unusual: false }, ['cpu'], true],
  ['what goes with it and is out of its range', { name: 'load', unusual: true }, ['cpu'], true],
  ['what goes with it and is as usual', { name: 'load', unusual: false }, ['cpu'], false],
  ['what has nothing to do with it', { name: 'disk', unusual: true }, ['cpu'], false],
  ['anything out of its range where no resource is named', { name: 'disk', unusual: true }, ['other'], true],
] as const)('a gauge stands out or not: %s', (_what, gauge, resources, expected) => {
  expect(
    standsOut(
      gauge,
      resources.map((resource) => ({ resource })),
    ),
  ).toBe(expected);
});

test('metrics are listed by group, CPU used first', () => {
  const names = [
    'node_load1',
    'auspex_host_context_switch_rate',
    'namedprocess_namegroup_num_procs',
    'auspex_host_memory_ratio',
    'auspex_host_cpu_ratio',
  ];
  const listed = inReadingOrder(names.map((name) => ({ name, title: name })));
  expect(listed.map((m) => m.name)).toEqual([
    'auspex_host_cpu_ratio',
    'auspex_host_memory_ratio',
    'auspex_host_context_switch_rate',
    'namedprocess_namegroup_num_procs',
    'node_load1',
  ]);
  expect(listed.map((m) => metricGroup(m.name))).toEqual([
    'Main figures',
    'Main figures',
    'Main figures',
    'Processes',
    'As measured',
  ]);
});
