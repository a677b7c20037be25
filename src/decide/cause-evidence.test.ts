import { describe, expect, test } from 'vitest';
import { labelsFrom } from '../model/index.ts';
import { SeededRandom } from '../stats/random.ts';
import { type NearChange, noSurroundings, type Surroundings } from './cause-evidence.ts';
import { type Analysis, type AnalysisRequest, analyseTrouble } from './incident-analysis.ts';

const PAST = 90;
const ROWS = 102;
const STEP = 10_000;
const AT = PAST * STEP;
const MINUTE = 60_000;

type Level = readonly [before: number, now: number, rowsLate?: number];

/** shop (two instances) and cart call postgres; figures by `entity metric`, before and in the trouble. */
function look(
  figures: Readonly<Record<string, Level>>,
  around: Partial<Surroundings> = {},
  suspects: readonly string[] = [...new Set(Object.keys(figures).map((name) => name.split(' ')[0] ?? ''))],
): Analysis {
  const random = new SeededRandom(7);
  const all = { ...well, ...figures };
  const request: AnalysisRequest = {
    times: Float64Array.from({ length: ROWS }, (_, i) => i * STEP),
    series: Object.entries(all).map(([name, [before, now, late = 0]]) => {
      const [entityId = '', metric = ''] = name.split(' ');
      return {
        entityId,
        labels: labelsFrom([['__name__', metric]]),
        values: Float64Array.from(
          { length: ROWS },
          (_, i) => (i < PAST + late ? before : now) * (1 + 0.01 * random.normal()),
        ),
      };
    }),
    at: AT,
    suspects,
    services: new Map([
      ['shop-1', 's:shop'],
      ['shop-2', 's:shop'],
      ['cart-1', 's:cart'],
      ['pg-1', 's:postgres'],
    ]),
    around: { ...noSurroundings, names, hosts: new Map([['shop-1', 'vm']]), ...around },
  };
  return analyseTrouble(request);
}
const names = new Map([
  ['s:shop', 'shop'],
  ['s:cart', 'cart'],
  ['s:postgres', 'postgres'],
]);
const well: Readonly<Record<string, Level>> = {
  ...Object.fromEntries(
    ['shop-1', 'shop-2', 'cart-1', 'pg-1'].flatMap((id): [string, Level][] => [
      [`${id} auspex_service_request_rate`, [20, 20]],
      [`${id} auspex_service_error_ratio`, [0.001, 0.001]],
      [`${id} auspex_service_latency_seconds`, [0.02, 0.02]],
    ]),
  ),
  'pg-1 auspex_service_request_rate': [60, 60],
};
const calls = [
  { from: 's:shop', to: 's:postgres' },
  { from: 's:cart', to: 's:postgres' },
];
const order = ({ suspects }: Analysis): readonly string[] => suspects.map(({ entityId }) => entityId);

describe('by who calls whom', () => {
  const slow: Readonly<Record<string, Level>> = {
    'shop-1 auspex_service_latency_seconds': [0.02, 0.13, 2],
    'shop-2 auspex_service_latency_seconds': [0.02, 0.12, 2],
    'pg-1 auspex_service_latency_seconds': [0.02, 0.085],
  };
  test('what is called and slow itself is behind it, not whoever waits for it', () => {
    const found = look(slow, { calls });
    expect(found.suspects[0]).toMatchObject({ entityId: 'pg-1' });
    expect(found.suspects[0]?.reasons[0]).toMatch(
      /^shop calls it, and it changed \d+ s earlier\. It holds \d+ % of the additional time of shop itself/,
    );
    expect(found.suspects[0]?.score).toBeGreaterThan(2 * (found.suspects[1]?.score ?? 1));
    // Without calls the louder one is as likely.
    expect(look(slow).suspects[0]?.score).toBeLessThan(0.5);
  });
  test('a caller that is slow of itself is behind it although what it calls is as usual', () => {
    expect(order(look({ 'shop-1 auspex_service_latency_seconds': [0.02, 0.4] }, { calls }))[0]).toBe('shop-1');
  });
  test('what refuses connections is behind it whatever the calls say', () => {
    const found = look({ ...slow, 'cart-1 up': [1, 0], 'shop-1 up': [1, 1] }, { calls });
    expect([found.class, order(found)[0]]).toEqual(['crash', 'cart-1']);
  });
  test('calls of services of which nothing is watched say nothing', () => {
    expect(look(slow, { calls: [{ from: 's:shop', to: 's:ghost' }] })).toEqual(look(slow));
  });
});

describe('by what was changed', () => {
  const failing: Readonly<Record<string, Level>> = { 'shop-1 auspex_service_error_ratio': [0.001, 0.3] };
  const deployment = (minutesBefore: number, more: Partial<NearChange> = {}): Partial<Surroundings> => ({
    changes: [
      {
        at: AT - minutesBefore * MINUTE,
        kind: 'deployment',
        entityId: null,
        service: 's:shop',
        text: 'shop 1.4.0 → 1.5.0, by ci',
        ...more,
      },
    ],
  });
  test('a deployment shortly before is a bad one, with who and what', () => {
    const found = look(failing, deployment(2));
    expect(found.class).toBe('bad-deployment');
    expect(found.reasons).toEqual(['Changed 2 min before it began: shop 1.4.0 → 1.5.0, by ci.']);
    expect(found.suspects[0]).toMatchObject({ entityId: 'shop-1' });
    expect(found.suspects[0]?.reasons[0]).toContain('by ci');
  });
  test.each<[string, Partial<Surroundings>, string]>([
    ['an hour before', deployment(60), 'unknown'],
    ['after it began', deployment(-2), 'unknown'],
    ['of what has nothing to do with it', deployment(2, { service: 's:cart' }), 'unknown'],
    ['of what it calls', { ...deployment(2, { service: 's:postgres' }), calls }, 'bad-deployment'],
    ['a restart says nothing of itself', deployment(2, { kind: 'restart' }), 'unknown'],
    [
      'an edit on its host that names it',
      deployment(2, { kind: 'configuration', entityId: 'vm', service: null, text: '/etc/shop.conf was edited' }),
      'bad-configuration',
    ],
    [
      'an edit on its host of something else',
      deployment(2, { kind: 'configuration', entityId: 'vm', service: null, text: '/etc/x.conf was edited' }),
      'bad-configuration',
    ],
    ['an edit on another host', deployment(2, { kind: 'configuration', entityId: 'other', service: null }), 'unknown'],
  ])('%s', (_, around, found) => {
    expect(look(failing, around).class).toBe(found);
  });
  test('the later one weighs more, and a disk that is full stays one', () => {
    const of = (minutes: number) => look(failing, deployment(minutes)).weights.get('bad-deployment') ?? 0;
    expect(of(1)).toBeGreaterThan(of(25));
    const full = look({ ...failing, 'vm auspex_host_disk_ratio': [0.5, 0.99] }, deployment(10));
    expect(full.class).toBe('disk-full');
  });
  test('that it was started anew is the deployment’s doing, not a crash', () => {
    const started: Readonly<Record<string, Level>> = { ...failing, 'shop-1 process_start_time_seconds': [100, 900] };
    expect(look(started).class).toBe('crash');
    expect(look(started, deployment(1, { entityId: 'shop-1' }))).toMatchObject({ class: 'bad-deployment' });
    expect(look(started, deployment(1, { entityId: 'shop-1' })).weights.has('crash')).toBe(false);
  });
});

test('an error that is new speaks for whom it was met on', () => {
  const both: Readonly<Record<string, Level>> = {
    'shop-1 auspex_service_error_ratio': [0.001, 0.3],
    'cart-1 auspex_service_error_ratio': [0.001, 0.3],
  };
  const found = look(both, { errors: [{ entityId: 'cart-1', text: 'TypeError: x is undefined', count: 4 }] });
  expect(found.suspects[0]).toMatchObject({ entityId: 'cart-1' });
  expect(found.suspects[0]?.reasons).toContain('New since it began: TypeError: x is undefined (4 times).');
});

test('each place says what would have changed it', () => {
  const found = look(
    { 'shop-1 auspex_service_error_ratio': [0.001, 0.3], 'cart-1 auspex_service_error_ratio': [0.001, 0.3] },
    { errors: [{ entityId: 'cart-1', text: 'boom', count: 1 }] },
  );
  expect(
    found.suspects.map(({ counterfactual: { without, times } }) => [
      without,
      times === null ? null : Math.round(times),
    ]),
  ).toEqual([
    ['New since it began: boom.', null],
    ['New since it began: boom.', 8],
  ]);
  expect(found.suspects[0]?.figures).toHaveLength(1);
});
