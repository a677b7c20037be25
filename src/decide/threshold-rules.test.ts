import { expect, test } from 'vitest';
import { labelsFrom } from '../model/index.ts';
import { starterRules } from './starter-rules.ts';
import { evaluateRules, type LatestReading, type WatchedEntity } from './threshold-rules.ts';
import { compileUserRule } from './user-rules.ts';

const NOW = Date.UTC(2026, 0, 1);
const HOUR = 3_600_000;

type Values = Record<string, number | [labels: Record<string, string>, value: number][]>;

function host(values: Values, more: Partial<WatchedEntity> & { ageMs?: number; rate?: number } = {}): WatchedEntity {
  const readings = (metric: string): LatestReading[] => {
    const given = values[metric];
    if (given === undefined) return [];
    const series = typeof given === 'number' ? [[{}, given] as const] : given;
    return series.map(([labels, value]) => ({
      labels: labelsFrom([['__name__', metric], ['instance', 'web-1:9100'], ...Object.entries(labels)]),
      value,
      at: NOW - (more.ageMs ?? 0),
      rate: more.rate ?? null,
    }));
  };
  return {
    id: 'host:a',
    name: 'web-1',
    kind: 'host',
    lastSeenAt: NOW,
    watchedSince: NOW - HOUR,
    exhaustions: [],
    bottlenecks: [],
    capacities: [],
    crossings: [],
    unusual: [],
    latest: readings,
    ...more,
  };
}

/** Rules that a host breaches now, as `rule subject`. */
const breached = (entity: WatchedEntity) =>
  evaluateRules(starterRules, entity, NOW)
    .filter((seen) => seen.reading === 'breach')
    .map((seen) => `${seen.rule} ${seen.subject}`);

const mount = (ratio: number, freeBytes: number): Values => ({
  auspex_host_disk_ratio: [[{ mountpoint: '/' }, ratio]],
  node_filesystem_avail_bytes: [[{ mountpoint: '/' }, freeBytes]],
});

test.each<[string, WatchedEntity, string[]]>([
  [
    'an idle host',
    host({
      auspex_host_cpu_ratio: 0.01,
      auspex_host_memory_ratio: 0.2,
      ...mount(0.3, 1e11),
      node_timex_sync_status: 1,
    }),
    [],
  ],
  [
    'a busy host',
    host({
      auspex_host_cpu_ratio: 1,
      auspex_host_load_per_core: 2,
      auspex_host_pressure_cpu_ratio: 0.8,
      auspex_host_memory_ratio: 0.93,
    }),
    [],
  ],
  [
    'a host with all memory in use and nobody waiting',
    host({ auspex_host_memory_ratio: 0.98, auspex_host_pressure_memory_ratio: 0.01 }),
    [],
  ],
  [
    'a host out of memory',
    host({ auspex_host_memory_ratio: 0.98, auspex_host_pressure_memory_ratio: 0.3 }),
    ['memory-exhausted host'],
  ],
  ['… without pressure figures', host({ auspex_host_memory_ratio: 0.98 }), ['memory-exhausted host']],
  [
    '… seen by node_exporter',
    host({ node_memory_MemTotal_bytes: 100, node_memory_MemAvailable_bytes: 2 }),
    ['memory-exhausted host'],
  ],
  [
    'thrashing',
    host({ auspex_host_major_fault_rate: 900, auspex_host_pressure_memory_ratio: 0.4 }),
    ['memory-thrashing host'],
  ],
  ['a large disk with a tenth left', host(mount(0.91, 2e12)), []],
  ['a disk with 8 % left', host(mount(0.92, 4e9)), ['disk-low /']],
  ['a disk with 3 % left', host(mount(0.97, 1e9)), ['disk-full /', 'disk-low /']],
  [
    'a disk seen by node_exporter',
    host({
      node_filesystem_avail_bytes: [[{ mountpoint: '/d' }, 2e9]],
      node_filesystem_size_bytes: [[{ mountpoint: '/d' }, 1e11]],
    }),
    ['disk-full /d', 'disk-low /d'],
  ],
  ['no inodes', host({ auspex_host_inode_ratio: [[{ mountpoint: '/' }, 0.99]] }), ['inodes-low /']],
  [
    'an overloaded CPU',
    host({ auspex_host_cpu_ratio: 1, auspex_host_load_per_core: 9, auspex_host_pressure_cpu_ratio: 0.9 }),
    ['cpu-saturated host'],
  ],
  ['a process killed', host({ auspex_host_oom_kills: 1 }), ['oom-kill host']],
  ['a wrong clock', host({ node_timex_offset_seconds: -2 }), ['clock-offset host']],
  ['a clock that nobody keeps', host({ node_timex_sync_status: 0 }), ['clock-unsynchronised host']],
  [
    'a root that became read-only',
    host({
      node_filesystem_readonly: [
        [{ mountpoint: '/' }, 1],
        [{ mountpoint: '/boot/efi' }, 1],
      ],
    }),
    ['read-only-filesystem /'],
  ],
  ['file handles', host({ node_filefd_allocated: 95, node_filefd_maximum: 100 }), ['open-files host']],
  ['an agent that drops', host({ auspex_agent_dropped_samples_total: 500 }, { rate: 2 }), ['agent-dropping host']],
  ['an agent that once dropped', host({ auspex_agent_dropped_samples_total: 500 }, { rate: 0 }), []],
  ['no space for Auspex', host({ auspex_store_accepting: 0 }), ['auspex-not-storing host']],
  ['a silent host', host({}, { lastSeenAt: NOW - 6 * 60_000 }), ['host-silent host']],
  ['a host silent because Auspex itself was off', host({}, { lastSeenAt: NOW - HOUR, watchedSince: NOW - 60_000 }), []],
  ['a silent service', host({}, { kind: 'service', lastSeenAt: NOW - HOUR }), []],
  ['values that are too old', host({ auspex_host_oom_kills: 1 }, { ageMs: 6 * 60_000 }), []],
])('%s', (_, entity, expected) => {
  expect(breached(entity)).toEqual(expected);
});

test('a disk is said to fill only when even the late end of the forecast is within a day', () => {
  const foretold = { subject: '/', resource: 'disk' as const, at: NOW + 5 * HOUR, to: NOW + 9 * HOUR, madeAt: NOW };
  expect(breached(host({}, { exhaustions: [foretold] }))).toEqual(['disk-fills-soon /']);
  expect(breached(host({}, { exhaustions: [{ ...foretold, to: null }] }))).toEqual([]);
  expect(breached(host({}, { exhaustions: [{ ...foretold, to: NOW + 30 * HOUR }] }))).toEqual([]);
  expect(breached(host({}, { exhaustions: [{ ...foretold, madeAt: NOW - 2 * HOUR }] }))).toEqual([]);
  const [seen] = evaluateRules(starterRules, host({}, { exhaustions: [foretold] }), NOW);
  expect(seen?.summary).toBe('Disk / will be full in about 5 h');
});

test('between limit and clear limit it is neither', () => {
  const readings = [0.895, 0.885, 0.875].map(
    (ratio) =>
      evaluateRules(starterRules, host(mount(ratio, 4e9)), NOW).find((seen) => seen.rule === 'disk-low')?.reading,
  );
  expect(readings).toEqual(['between', 'between', 'clear']);
});

test('a missing value is missing, unless another clause is clear anyway', () => {
  const reading = (values: Values) =>
    evaluateRules(starterRules, host(values), NOW).find((seen) => seen.rule === 'cpu-saturated')?.reading;
  expect(reading({ auspex_host_cpu_ratio: 1, auspex_host_pressure_cpu_ratio: 0.9 })).toBe('missing');
  expect(reading({ auspex_host_cpu_ratio: 0.2 })).toBe('clear');
  expect(reading({ auspex_host_cpu_ratio: Number.NaN, auspex_host_load_per_core: 9 })).toBe('missing');
});

test('a rule from the configuration watches each matching series', () => {
  const rule = compileUserRule({
    name: 'queue',
    metric: 'queue_length',
    match: [{ name: 'queue', op: '=~', value: 'mail|jobs' }],
    rate: false,
    op: '>',
    limit: 100,
    clear: 50,
    for: 60_000,
    hold: 0,
    severity: 'high',
    summary: null,
    action: null,
  });
  const entity = host({
    queue_length: [
      [{ queue: 'mail' }, 150],
      [{ queue: 'jobs' }, 70],
      [{ queue: 'mailbox' }, 999],
    ],
  });
  expect(evaluateRules([rule], entity, NOW).map((seen) => [seen.subject, seen.reading, seen.summary])).toEqual([
    ['queue_length{queue="mail"}', 'breach', 'queue_length{queue="mail"} is 150, above the limit of 100'],
    ['queue_length{queue="jobs"}', 'between', 'queue_length{queue="jobs"} is 70, above the limit of 100'],
  ]);
  expect(rule.condition).toBe('queue_length{queue=~"mail|jobs"} > 100 for 1 min');
  const rate = compileUserRule({ ...userRule, rate: true });
  expect(evaluateRules([rate], host({ errors_total: 1e6 }, { rate: 3 }), NOW)[0]).toMatchObject({
    value: 3,
    reading: 'breach',
  });
  expect(evaluateRules([rate], host({ errors_total: 1e6 }), NOW)[0]).toMatchObject({ value: null, reading: 'missing' });
});

test('of a service each instance is watched by itself, of a host it is the host', () => {
  const rule = compileUserRule({ ...userRule, limit: 10 });
  const service = { job: 'eu/shop', service_name: 'shop', service_namespace: 'eu' };
  const entity = host({
    errors_total: [
      [{ ...service, instance: 'one' }, 50],
      [{ ...service, instance: 'two' }, 5],
      [{ job: 'node', instance: 'web-1:9100' }, 5],
    ],
  });
  expect(evaluateRules([rule], entity, NOW).map(({ subject, reading }) => [subject, reading])).toEqual([
    ['errors_total{instance="one"}', 'breach'],
    ['errors_total{instance="two"}', 'clear'],
    ['errors_total', 'clear'],
  ]);
});

const userRule = {
  name: 'errors',
  metric: 'errors_total',
  match: [],
  rate: false,
  op: '>' as const,
  limit: 1,
  clear: null,
  for: 0,
  hold: 0,
  severity: 'high' as const,
  summary: null,
  action: null,
};

test('every rule of the starter set says what it watches and what to do', () => {
  expect(new Set(starterRules.map((rule) => rule.name)).size).toBe(starterRules.length);
  for (const rule of starterRules) {
    for (const text of [rule.summary, rule.condition, rule.action]) expect(text.length, rule.name).toBeGreaterThan(10);
    expect(`${rule.summary}${rule.action}`).not.toMatch(/!|oops/i);
  }
});
