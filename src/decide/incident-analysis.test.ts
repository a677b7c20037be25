import { describe, expect, test } from 'vitest';
import { labelsFrom } from '../model/index.ts';
import { SeededRandom } from '../stats/random.ts';
import { type AnalysisRequest, type Analysis, analyseTrouble } from './incident-analysis.ts';

const PAST = 60;
const ROWS = 66;
const STEP = 10_000;

type Level = readonly [before: number, now: number];

/** Figures by `entity metric{label="value"}`, before and in the trouble, with a little noise. */
function look(figures: Readonly<Record<string, Level>>, more: Partial<AnalysisRequest> = {}): Analysis {
  const random = new SeededRandom(5);
  const entities = new Set<string>();
  const series = Object.entries(figures).map(([name, [before, now]]) => {
    const [, entityId = '', metric = '', labels = ''] = /^(\S+) ([^{]+)(?:\{(.*)\})?$/.exec(name) ?? [];
    entities.add(entityId);
    const pairs = [...labels.matchAll(/(\w+)="([^"]*)"/g)].map(([, key = '', value = '']) => [key, value] as const);
    return {
      entityId,
      labels: labelsFrom([['__name__', metric], ...pairs]),
      values: Float64Array.from({ length: ROWS }, (_, i) => (i < PAST ? before : now) * (1 + 0.01 * random.normal())),
    };
  });
  return analyseTrouble({
    times: Float64Array.from({ length: ROWS }, (_, i) => i * STEP),
    series,
    at: PAST * STEP,
    suspects: [...entities],
    services: new Map([...entities].filter((id) => id.startsWith('shop')).map((id) => [id, 'shop'])),
    ...more,
  });
}

/** Two instances of a shop, its edge and its cache, all well. */
const well: Readonly<Record<string, Level>> = {
  'shop-1 up': [1, 1],
  'shop-2 up': [1, 1],
  'edge up': [1, 1],
  'redis up': [1, 1],
  'shop-1 auspex_service_error_ratio': [0.001, 0.001],
  'shop-2 auspex_service_error_ratio': [0.001, 0.001],
  'shop-1 auspex_service_latency_seconds': [0.01, 0.01],
  'shop-2 auspex_service_latency_seconds': [0.01, 0.01],
  'shop-1 auspex_service_request_rate': [20, 20],
  'shop-2 auspex_service_request_rate': [20, 20],
  'edge auspex_service_request_rate': [40, 40],
  'edge nginx_connections_accepted': [9, 9],
  'vm auspex_host_cpu_ratio': [0.2, 0.2],
};
const first = ({ suspects: [one] }: Analysis) => `${one?.entityId}${one?.part === null ? '' : ` ${one?.part}`}`;

test.each<[string, Readonly<Record<string, Level>>, string, string]>([
  ['refused', { 'shop-1 up': [1, 0], 'shop-1 scrape_duration_seconds': [0.01, 0.001] }, 'crash', 'shop-1'],
  ['no answer in time', { 'shop-1 up': [1, 0], 'shop-1 scrape_duration_seconds': [0.01, 5] }, 'hang', 'shop-1'],
  [
    'no answer in time of both while another program has the processors',
    {
      'shop-1 up': [1, 0],
      'shop-2 up': [1, 0],
      'shop-2 scrape_duration_seconds': [0.01, 5],
      'shop-1 scrape_duration_seconds': [0.01, 5],
      'vm auspex_host_cpu_ratio': [0.2, 0.99],
      'vm auspex_host_process_group_cpu_cores{groupname="stress"}': [Number.NaN, 2],
    },
    'cpu-saturation',
    'vm stress',
  ],
  [
    'no answer in time of one, while its like answers and another program has the processors',
    {
      'shop-1 up': [1, 0],
      'shop-1 scrape_duration_seconds': [0.01, 5],
      'vm auspex_host_cpu_ratio': [0.2, 0.99],
    },
    'hang',
    'shop-1',
  ],
  [
    'refused, and its log says that a setting is missing',
    { 'shop-1 up': [1, 0], 'shop-1 log_errors_total{class="general",code="configuration"}': [Number.NaN, 1] },
    'bad-configuration',
    'shop-1',
  ],
  [
    'refused, and its log says that its port is taken',
    { 'shop-1 up': [1, 0], 'shop-1 log_errors_total{class="port_conflict",code="EADDRINUSE"}': [Number.NaN, 1] },
    'bad-configuration',
    'shop-1',
  ],
  [
    'a password that a store does not take any more: the store is meant, not who says so',
    {
      'redis redis_up': [1, 0],
      'vm auspex_host_listener{groupname="redis-server",port="6379"}': [1, 1],
      'shop-1 log_errors_total{class="general",code="WRONGPASS"}': [Number.NaN, 1],
      'shop-1 cache_misses_total': [0.5, 12],
    },
    'bad-configuration',
    'redis',
  ],
  [
    'a store that listens and is refused: the way to it',
    {
      'redis redis_up': [1, 0],
      'vm auspex_host_listener{groupname="redis-server",port="6379"}': [1, 1],
      'shop-1 log_errors_total{class="connection",code="ECONNREFUSED"}': [Number.NaN, 4],
      'shop-1 cache_misses_total': [0.5, 12],
    },
    'network',
    'redis',
  ],
  [
    'a store that does not listen any more and is refused',
    {
      'redis redis_up': [1, 0],
      'vm auspex_host_listener{groupname="redis-server",port="6379"}': [1, Number.NaN],
      'shop-1 log_errors_total{class="connection",code="ECONNREFUSED"}': [Number.NaN, 4],
    },
    'crash',
    'redis',
  ],
  [
    'a clock that is an hour off: that nobody takes its word any more comes of it',
    {
      'shop-1 auspex_scrape_clock_offset_seconds': [0.1, 3600],
      'shop-1 auspex_service_refused_ratio': [0.001, 1],
      'shop-1 log_errors_total{class="authentication",code="UNAUTHENTICATED"}': [Number.NaN, 5],
    },
    'clock',
    'shop-1',
  ],
  [
    'two do not answer in time, and what is sent goes unheard: the way to them, not a resolver that lies there too',
    {
      'redis up': [1, 0],
      'redis scrape_duration_seconds': [0.01, 5],
      'edge up': [1, 0],
      'edge scrape_duration_seconds': [0.01, 5],
      'vm node_netstat_TcpExt_TCPSynRetrans': [0, 11],
      'shop-1 log_errors_total{class="dns",code="EAI_AGAIN"}': [Number.NaN, 3],
      'shop-1 dependency_duration_seconds_sum{dependency="database"}': [0.05, 30],
    },
    'network',
    'edge network',
  ],
  [
    'a disk that is full: who complains of it is not behind it',
    {
      'vm auspex_host_disk_ratio{mountpoint="/var"}': [0.4, 1],
      'shop-1 log_errors_total{class="disk",code="ENOSPC"}': [Number.NaN, 5],
      'shop-2 log_errors_total{class="disk",code="ENOSPC"}': [Number.NaN, 5],
    },
    'disk-full',
    'vm /var',
  ],
  [
    'all that one instance calls seems slower, to it alone',
    {
      'shop-1 dependency_duration_seconds_sum{dependency="cache"}': [0.1, 4],
      'shop-1 dependency_duration_seconds_sum{dependency="database"}': [0.2, 6],
      'shop-2 dependency_duration_seconds_sum{dependency="cache"}': [0.1, 0.1],
      'shop-2 dependency_duration_seconds_sum{dependency="database"}': [0.2, 0.2],
      'vm auspex_host_cpu_ratio': [0.8, 0.8],
    },
    'resource-limit',
    'shop-1',
  ],
  [
    'all at once',
    { 'shop-1 up': [1, 0], 'shop-2 up': [1, 0], 'edge up': [1, 0], 'redis up': [1, 0] },
    'telemetry-lost',
    'edge',
  ],
  ['a mount that fills', { 'vm auspex_host_disk_ratio{mountpoint="/var"}': [0.4, 0.99] }, 'disk-full', 'vm /var'],
  [
    'a control group near its limit',
    { 'vm auspex_host_control_group_memory_ratio{cgroup="/system.slice/app.service"}': [0.3, 0.95] },
    'memory-leak',
    'vm /system.slice/app.service',
  ],
  [
    'errors with a code',
    { 'shop-1 dependency_errors_total{code="EMFILE",dependency="spool"}': [Number.NaN, 3] },
    'resource-limit',
    'shop-1 spool',
  ],
  [
    'lost packets',
    { 'vm node_netstat_Tcp_RetransSegs': [0, 40], 'vm node_netstat_TcpExt_TCPTimeouts': [0, 12] },
    'network',
    'vm network',
  ],
  [
    'an open transaction',
    { 'pg pg_stat_activity_max_tx_duration{state="idle in transaction"}': [0, 40] },
    'hang',
    'pg',
  ],
  [
    'commands that are turned down',
    { 'redis redis_commands_rejected_calls_total{cmd="set"}': [0, 10] },
    'resource-limit',
    'redis',
  ],
  [
    'nobody asks any more',
    { 'shop-1 auspex_service_request_rate': [20, 0], 'shop-2 auspex_service_request_rate': [20, 0] },
    'bad-configuration',
    'edge',
  ],
  [
    'a crowd',
    {
      'shop-1 auspex_service_request_rate': [20, 90],
      'shop-2 auspex_service_request_rate': [20, 90],
      'edge auspex_service_request_rate': [40, 180],
    },
    'traffic-surge',
    'edge',
  ],
  [
    'work that is held back',
    { 'shop-1 auspex_service_loop_lag_seconds': [0.01, 0.4], 'shop-1 auspex_service_cpu_cores': [0.2, 0.05] },
    'resource-limit',
    'shop-1',
  ],
  ['a wrong clock', { 'shop-1 auspex_service_clock_offset_seconds': [0, 3600] }, 'clock', 'shop-1'],
])('%s is told', (_, changed, found, suspect) => {
  const analysis = look({ ...well, ...changed });
  expect(analysis.class).toBe(found);
  expect(first(analysis)).toBe(suspect);
  expect(analysis.suspects.reduce((sum, { score }) => sum + score, 0)).toBeCloseTo(1, 6);
  expect(analysis.reasons.length).toBeGreaterThan(0);
});

describe('what is no sign', () => {
  test('all is well', () => {
    expect(look(well)).toMatchObject({
      class: 'unknown',
      reasons: [],
      impact: { isOut: false, isFelt: false },
    });
  });
  test('a few packets that are sent again, a short transaction, a busy program where there is enough for all', () => {
    const analysis = look({
      ...well,
      'vm node_netstat_Tcp_RetransSegs': [0, 0.5],
      'pg pg_stat_activity_max_tx_duration{state="idle in transaction"}': [0, 0.4],
      'vm auspex_host_process_group_cpu_cores{groupname="build"}': [Number.NaN, 1],
    });
    expect(analysis.class).toBe('unknown');
  });
  test('whatever a host does that is new itself', () => {
    const analysis = look({
      'new auspex_host_cpu_ratio': [Number.NaN, 0.9],
      'new auspex_host_process_group_cpu_cores{groupname="build"}': [Number.NaN, 2],
    });
    expect(analysis).toMatchObject({ class: 'unknown', suspects: [] });
  });
});

describe('what users feel', () => {
  test.each<[string, Readonly<Record<string, Level>>, object]>([
    ['one instance is down', { 'shop-1 up': [1, 0] }, { isFelt: true, isOut: false }],
    ['all are', { 'shop-1 up': [1, 0], 'shop-2 up': [1, 0] }, { isFelt: true, isOut: true }],
    ['one fails', { 'shop-1 auspex_service_error_ratio': [0.001, 0.3] }, { isFelt: true, isOut: false }],
    [
      'all fail in half of what they are asked',
      { 'shop-1 auspex_service_error_ratio': [0.001, 0.6], 'shop-2 auspex_service_error_ratio': [0.001, 0.7] },
      { isOut: true },
    ],
    ['a mean of 80 ms instead of 10', { 'shop-1 auspex_service_latency_seconds': [0.01, 0.08] }, { isFelt: true }],
    ['a mean of 15 ms instead of 10', { 'shop-1 auspex_service_latency_seconds': [0.01, 0.015] }, { isFelt: false }],
    ['a busy host whose services are as usual', { 'vm auspex_host_load_per_core': [0.5, 6] }, { isFelt: false }],
  ])('%s', (_, changed, impact) => {
    expect(look({ ...well, ...changed }).impact).toMatchObject(impact);
  });
  test('a host without services speaks for itself: by its pressure, else by its load', () => {
    const load: Readonly<Record<string, Level>> = { 'vm auspex_host_load_per_core': [0.5, 6] };
    expect(look(load).impact.isFelt).toBe(true);
    expect(look({ ...load, 'vm auspex_host_pressure_cpu_ratio': [0.01, 0.02] }).impact.isFelt).toBe(false);
    expect(look({ ...load, 'vm auspex_host_pressure_cpu_ratio': [0.01, 0.8] }).impact.isFelt).toBe(true);
  });
});

test('no rows, no series, nothing but gaps', () => {
  const none = { times: new Float64Array(), series: [], at: 0, suspects: [], services: new Map() };
  expect(analyseTrouble(none)).toMatchObject({ class: 'unknown', suspects: [] });
  expect(look({ 'a up': [Number.NaN, Number.NaN] })).toMatchObject({ class: 'unknown', suspects: [] });
});

test('two troubles at once: what is gone is not gone because a cache is full, and is the worse of the two', () => {
  const figures = {
    ...well,
    'shop-2 up': [1, 0],
    'shop-2 scrape_duration_seconds': [0.01, 0.001],
    'redis redis_errors_total{err="OOM"}': [Number.NaN, 5],
    'redis redis_commands_rejected_calls_total': [0, 5],
  } as const;
  expect(look(figures).class).toBe('resource-limit');
  expect(look(figures, { worst: 'shop-2' }).class).toBe('crash');
  // Where its own figures say why it is gone, that is it.
  const known = { ...figures, 'shop-2 log_errors_total{class="general",code="OOM"}': [Number.NaN, 5] } as const;
  expect(look(known, { worst: 'shop-2' }).class).toBe('resource-limit');
});

test('what was counted once, shortly before anybody was hurt, is news; and who has no past here runs all the same', () => {
  const values = (from: number, to: number, value: number) =>
    Float64Array.from({ length: ROWS }, (_, i) => (i >= from && i < to ? value : i < from - 1 ? Number.NaN : 0));
  const base = { times: Float64Array.from({ length: ROWS }, (_, i) => i * STEP), at: PAST * STEP, services: new Map() };
  const one = (entityId: string, name: string, own: Float64Array, labels: Record<string, string> = {}) => ({
    entityId,
    labels: labelsFrom([['__name__', name], ...Object.entries(labels)]),
    values: own,
  });
  const up = Float64Array.from({ length: ROWS }, (_, i) => (i < PAST ? 1 : 0));
  const said = one('shop-1', 'log_errors_total', values(PAST - 1, PAST, 0.1), { code: 'configuration' });
  const down = analyseTrouble({ ...base, series: [one('shop-1', 'up', up), said], suspects: ['shop-1'] });
  expect(down.class).toBe('bad-configuration');
  // It listens on an address that it did not have until shortly before.
  const listener = Float64Array.from({ length: ROWS }, (_, i) => (i < PAST - 2 ? Number.NaN : 1));
  const cut = analyseTrouble({
    ...base,
    series: [
      one('redis', 'redis_up', up),
      one('vm', 'auspex_host_cpu_ratio', new Float64Array(ROWS).fill(0.2)),
      one('vm', 'auspex_host_listener', listener, { groupname: 'redis-server' }),
    ],
    suspects: ['redis'],
  });
  expect(cut.reasons).toContain('Its process runs, but it cannot be reached.');
});
