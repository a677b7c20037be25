import { describe, expect, test } from 'vitest';
import { SeededRandom } from '../stats/random.ts';
import type { Call, CauseQuestion } from './cause-question.ts';
import { roleOf } from './metric-role.ts';
import { rankCauses } from './root-cause.ts';

const PAST = 200;
const ROWS = 210;
const AT = PAST * 60_000;

/** Rows of a minute; `level(i, inTrouble)` with a little noise. */
function question(
  columns: Readonly<Record<string, (i: number, bad: boolean) => number>>,
  more: Partial<CauseQuestion> = {},
): CauseQuestion {
  const random = new SeededRandom(7);
  return {
    times: Float64Array.from({ length: ROWS }, (_, i) => i * 60_000),
    series: Object.entries(columns).map(([name, level]) => {
      const [service = '', metric = ''] = name.split('|');
      return {
        service,
        metric,
        values: Float64Array.from({ length: ROWS }, (_, i) => level(i, i >= PAST) * (1 + 0.02 * random.normal())),
      };
    }),
    calls: [],
    target: { service: 'shop', metric: null },
    at: AT,
    until: null,
    ...more,
  };
}

const calls: Call[] = [
  { from: 'shop', to: 'cart' },
  { from: 'shop', to: 'search' },
  { from: 'cart', to: 'db' },
];
const first = (asked: CauseQuestion): string | undefined => rankCauses(asked)[0]?.service;

/** shop → cart → db and shop → search, with what `db` and `cart` add themselves in the trouble. */
function chain(db: number, cart: number): Parameters<typeof question>[0] {
  const dbTime = (bad: boolean): number => 0.01 + (bad ? db : 0);
  const cartTime = (bad: boolean): number => 0.02 + 2 * dbTime(bad) + (bad ? cart : 0);
  return {
    'shop|latency': (_, bad) => 0.05 + 0.5 * cartTime(bad) + 0.02,
    'shop|requests': () => 1000,
    'cart|latency': (_, bad) => cartTime(bad),
    'cart|requests': () => 500,
    'db|latency': (_, bad) => dbTime(bad),
    'db|requests': () => 1000,
    'search|latency': () => 0.02,
    'search|requests': () => 1000,
  };
}

describe('time is followed down the calls', () => {
  test('to the service that adds it, not to those that wait for it', () => {
    const causes = rankCauses(question(chain(0.1, 0), { calls }));
    expect(causes[0]).toMatchObject({ service: 'db', metric: 'latency' });
    expect(causes[0]?.reasons[0]).toMatch(/^It holds (8|9|10)\d? % of the additional time of shop itself/);
    expect(causes.reduce((sum, { score }) => sum + score, 0)).toBeCloseTo(1, 9);
    expect(first(question(chain(0, 0.1), { calls }))).toBe('cart');
  });
  test('and to what tells no time, where its own means changed', () => {
    const { 'db|latency': _latency, 'db|requests': _requests, ...others } = chain(0.1, 0);
    const columns = {
      ...others,
      'db|cpu_usage': (_: number, bad: boolean) => (bad ? 0.98 : 0.2),
      'search|cpu_usage': () => 0.3,
    };
    expect(first(question(columns, { calls }))).toBe('db');
  });
  test('also in a circle of calls', () => {
    const circle = [...calls, { from: 'db', to: 'shop' }, { from: 'db', to: 'db' }];
    expect(first(question(chain(0.1, 0), { calls: circle }))).toBe('db');
  });
  test('who was never called before is its caller’s doing', () => {
    const columns = {
      ...chain(0, 0),
      'shop|success_ratio': (_: number, bad: boolean) => (bad ? 0.9 : 0.999),
      'cart|success_ratio': (_: number, bad: boolean) => (bad ? 0.8 : 0.999),
      'wrong-table|success_ratio': (_: number, bad: boolean) => (bad ? 0 : Number.NaN),
      'wrong-table|requests': (_: number, bad: boolean) => (bad ? 100 : 0),
      'db|success_ratio': () => 1,
    };
    expect(first(question(columns, { calls: [...calls, { from: 'cart', to: 'wrong-table' }] }))).toBe('cart');
  });
});

describe('without calls', () => {
  test('what changed most against its own habit is first; a usual burst and a level that moved long before are no news', () => {
    const columns = {
      'shop|latency': (_: number, bad: boolean) => (bad ? 0.4 : 0.05),
      'cart|cpu': (_: number, bad: boolean) => (bad ? 95 : 12),
      'batch|cpu': (i: number) => (i % 20 < 5 || i >= PAST ? 90 : 3),
      'db|mem': (i: number) => (i > 120 ? 8e9 : 1e9),
    };
    const causes = rankCauses(question(columns));
    expect(causes[0]?.service).toBe('cart');
    expect(causes.filter(({ score }) => score > 0).map(({ service }) => service)).not.toContain('db');
    expect(causes.find(({ service }) => service === 'batch')?.score).toBeLessThan((causes[0]?.score ?? 0) / 3);
  });
  test('a service that is silent now is suspected', () => {
    const columns = {
      'shop|error_ratio': (_: number, bad: boolean) => (bad ? 0.3 : 0.001),
      'cart|cpu': (_: number, bad: boolean) => (bad ? Number.NaN : 12),
      'db|cpu': () => 20,
    };
    const [cause] = rankCauses(question(columns));
    expect(cause).toMatchObject({ service: 'cart', reasons: ['cpu has no values any more; it always had.'] });
  });
});

describe('bad input is answered', () => {
  test.each<[string, Partial<CauseQuestion>, Parameters<typeof question>[0]]>([
    ['nothing but gaps', {}, { 'shop|latency': () => Number.NaN, 'cart|cpu': () => Number.NaN }],
    ['no row of the trouble', { at: ROWS * 60_000 + 1 }, chain(0.1, 0)],
    ['no past', { at: 0 }, chain(0.1, 0)],
    ['a target that tells nothing', { target: { service: 'nobody', metric: null }, calls }, chain(0.1, 0)],
    ['calls of services without figures', { calls: [{ from: 'a', to: 'b' }] }, chain(0.1, 0)],
    [
      'infinite figures',
      { calls },
      { ...chain(0.1, 0), 'db|latency': (_: number, bad: boolean) => (bad ? Infinity : 1) },
    ],
  ])('%s', (_, more, columns) => {
    const causes = rankCauses(question(columns, more));
    expect(new Set(causes.map(({ service }) => service)).size).toBe(causes.length);
    for (const { score } of causes) expect(score >= 0 && score <= 1).toBe(true);
  });
  test('no rows and no series', () => {
    expect(
      rankCauses({
        times: new Float64Array(),
        series: [],
        calls,
        target: { service: 'shop', metric: null },
        at: 0,
        until: null,
      }),
    ).toEqual([]);
  });
});

test.each([
  ['latency_Average', 'latency'],
  ['availability', 'success'],
  ['http_requests_total', 'traffic'],
  ['request_errors_total', 'errors'],
  ['cpu', 'resource'],
  ['lat_99', 'latency'],
  ['lod', 'traffic'],
  ['memoryUsage', 'resource'],
  ['http_request_duration_seconds', 'latency'],
  ['orders', 'other'],
])('%s tells %s', (metric, role) => {
  expect(roleOf(metric)).toBe(role);
});
