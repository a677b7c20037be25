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
    'no answer in time while another program has the processors',
    {
      'shop-1 up': [1, 0],
      'shop-1 scrape_duration_seconds': [0.01, 5],
      'vm auspex_host_cpu_ratio': [0.2, 0.99],
      'vm auspex_host_process_group_cpu_cores{groupname="stress"}': [Number.NaN, 2],
    },
    'cpu-saturation',
    'vm stress',
  ],
  [
    'all at once',
    { 'shop-1 up': [1, 0], 'shop-2 up': [1, 0], 'edge up': [1, 0], 'redis up': [1, 0] },
    'telemetry-lost',
    'edge',
  ],
  ['a mount that fills', { 'vm auspex_host_disk_ratio{mountpoint="/var"}': [0.4, 0.99] }, 'disk-full', 'vm /var'],
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
