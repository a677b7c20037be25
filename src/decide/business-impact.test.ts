import { expect, test } from 'vitest';
import type { SeriesRollup } from '../model/index.ts';
import { businessImpact, summed, type UsualSteps, untold, withCallers, worstFirst } from './business-impact.ts';

const MINUTE = 60_000;
const ORDERS = { service: 'shop', metric: 'orders_total', kind: 'counter', unit: 'count' } as const;
const QUEUE = { service: 'shop', metric: 'queue_length', kind: 'gauge', unit: '' } as const;

/** An hour before, then what came, a value a minute; undefined where nothing did. */
function minutes(before: (number | undefined)[] | number, during: (number | undefined)[]) {
  const hour = typeof before === 'number' ? Array.from({ length: 60 }, () => before) : before;
  const values = Float64Array.from([...hour, ...during], (value) => value ?? Number.NaN);
  return { stepMs: MINUTE, before: hour.length, values };
}

const learnt = (mean: number, spread: number, length: number): UsualSteps => ({
  mean: new Float64Array(length).fill(mean),
  lower: new Float64Array(length).fill(mean - spread),
  upper: new Float64Array(length).fill(mean + spread),
});

const none = undefined;
const times = <T>(n: number, value: T): T[] => Array.from({ length: n }, () => value);

test.each([
  [
    'fewer than is learnt',
    businessImpact(ORDERS, minutes(60, times(30, 12)), learnt(61, 10, 30)),
    { value: 12, usual: 61, basis: 'learnt', difference: -1470, isUsual: false },
    'orders_total of shop: 12 a minute instead of some 61; some 1,470 fewer in that time.',
  ],
  [
    'more than is learnt',
    businessImpact(ORDERS, minutes(60, times(10, 90)), learnt(61, 10, 10)),
    { difference: 290, isUsual: false },
    'orders_total of shop: 90 a minute instead of some 61; some 290 more in that time.',
  ],
  [
    'within what is learnt',
    businessImpact(ORDERS, minutes(60, times(10, 55)), learnt(61, 10, 10)),
    { difference: -60, isUsual: true },
    'orders_total of shop: 55 a minute, as usual (some 61).',
  ],
  [
    'a minute scatters more than the five that are learnt',
    businessImpact(ORDERS, minutes(60, [45]), learnt(61, 10, 1)),
    { isUsual: true },
    'orders_total of shop: 45 a minute, as usual (some 61).',
  ],
  [
    'fewer than in the hour before',
    businessImpact(ORDERS, minutes(60, times(10, 12)), learnt(Number.NaN, 1, 10)),
    { usual: 60, basis: 'hour-before', difference: -480, isUsual: false },
    'orders_total of shop: 12 a minute instead of 60 in the hour before; some 480 fewer in that time.',
  ],
  [
    'less than a tenth below an even hour',
    businessImpact(ORDERS, minutes(60, times(10, 56)), null),
    { basis: 'hour-before', isUsual: true },
    'orders_total of shop: 56 a minute, about as before (60 in the hour before).',
  ],
  [
    'a gauge has no sum',
    businessImpact(QUEUE, minutes(12, times(10, 40)), null),
    { value: 40, usual: 12, difference: null, isUsual: false },
    'queue_length of shop: 40 on average instead of 12 in the hour before.',
  ],
  [
    'bytes are less, not fewer',
    businessImpact({ ...ORDERS, unit: 'bytes' }, minutes(1024, times(10, 512)), null),
    { difference: -5120 },
    'orders_total of shop: 512 B a minute instead of 1020 B in the hour before; some 5 KiB less in that time.',
  ],
  [
    'less than a tenth off, however even it is usually',
    businessImpact(ORDERS, minutes(60, times(10, 56)), learnt(61, 0.1, 10)),
    { isUsual: true },
    'orders_total of shop: 56 a minute, as usual (some 61).',
  ],
  [
    'a rhythm that foretells less than nothing',
    businessImpact(ORDERS, minutes(0, times(10, 0)), learnt(-0.4, 0.2, 10)),
    { usual: 0, difference: 0, isUsual: true },
    'orders_total of shop: 0 a minute, as usual (some 0).',
  ],
  [
    'nothing is usual, nothing came',
    businessImpact(ORDERS, minutes(0, times(10, 0)), null),
    { value: 0, difference: 0, isUsual: true },
    'orders_total of shop: 0 a minute, about as before (0 in the hour before).',
  ],
])('%s', (_, impact, figures, text) => {
  expect(impact).toMatchObject(figures);
  expect(impact.text).toBe(text);
});

test('a silence after which a counter comes again is part of what it counts; one at the end is not known', () => {
  const back = businessImpact(ORDERS, minutes(60, [...times(9, none), 300]), null);
  expect(back).toMatchObject({ value: 30, difference: -300 });
  const gone = businessImpact(ORDERS, minutes(60, [...times(16, 30), ...times(6, none)]), null);
  expect(gone).toMatchObject({ value: 30, difference: -480 });
  expect(gone.text).toMatch(/ some 480 fewer in that time\. No figures of it came for 6 min of that time\.$/);
});

test('a silence of more than an hour is not known, though it comes again', () => {
  const impact = businessImpact(ORDERS, minutes(60, [...times(70, 30), ...times(60, none), 30]), learnt(60, 5, 131));
  expect(impact).toMatchObject({ value: 30, difference: -71 * 30 });
  expect(impact.text).toContain('No figures of it came for 1 h of that time.');
});

test('a gauge counts where it was told', () => {
  const impact = businessImpact(QUEUE, minutes(12, [...times(8, 40), ...times(8, none), 40]), null);
  expect(impact).toMatchObject({ value: 40, isUsual: false });
  expect(impact.text).toContain('No figures of it came for 8 min of that time.');
});

test.each([
  ['usual by what is learnt', 60, learnt(61, 10, 5), { usual: 61, basis: 'learnt' }, '; usual are some 61 a minute.'],
  ['usual by the hour before', 60, null, { usual: 60, basis: 'hour-before' }, '; usual are some 60 a minute.'],
  ['usual unknown', times(60, none), null, { usual: null, basis: null }, '.'],
])('no figures at all, %s: no loss is told', (_, before, band, figures, end) => {
  const impact = businessImpact(ORDERS, minutes(before, times(5, none)), band);
  expect(impact).toMatchObject({ ...figures, value: null, difference: null, isUsual: null });
  expect(impact.text).toBe(`orders_total of shop: no figures of it came${end}`);
});

test.each([
  ['an even hour', (i: number) => 60 + 6 * Math.sin(2.4 * i), 3, { 45: false, 55: true, 75: false }],
  ['an uneven hour', (i: number) => 60 + 40 * Math.sin(2.4 * i), 3, { 10: true, 115: true }],
  [
    'an uneven hour, half an hour of it',
    (i: number) => 60 + 40 * Math.sin(2.4 * i),
    30,
    { 30: false, 45: true, 95: false },
  ],
  ['few of them at all', (i: number) => (i % 4 === 0 ? 1 : 0), 10, { 0: true, 1: false }],
  [
    'a first minute that is cut, and a silence',
    (i: number) => (i < 2 ? 5 : i === 30 ? 0 : 60),
    5,
    { 12: false, 56: true },
  ],
])('what the hour before says is usual: %s', (_, of, length, verdicts) => {
  const hour = Array.from({ length: 60 }, (__, i) => of(i));
  for (const [value, isUsual] of Object.entries(verdicts))
    expect(businessImpact(ORDERS, minutes(hour, times(length, Number(value))), null).isUsual, value).toBe(isUsual);
});

test('of a time that is mostly not known no loss is told', () => {
  const impact = businessImpact(ORDERS, minutes(60, [30, ...times(7, none)]), null);
  expect(impact).toMatchObject({ value: 30, usual: 60, difference: null, isUsual: null });
  expect(impact.text).toBe(
    'orders_total of shop: no figures of it came for 7 min of that time, otherwise 30 a minute; usual are some 60 a minute.',
  );
});

test('ten minutes of the hour before are the least that tell what was usual', () => {
  const few = businessImpact(ORDERS, minutes([...times(51, none), ...times(9, 60)], times(5, 12)), null);
  expect(few).toMatchObject({ value: 12, usual: null, difference: null });
  expect(few.text).toBe('orders_total of shop: 12 a minute; what is usual for it is not known yet.');
  const enough = businessImpact(ORDERS, minutes([...times(50, none), ...times(10, 60)], times(5, 12)), null);
  expect(enough).toMatchObject({ usual: 60, difference: -240 });
});

function rollup(ref: number, stepMs: number, rows: readonly [step: number, value: number][]): SeriesRollup {
  const column = (of: (row: readonly [number, number]) => number) => Float64Array.from(rows, of);
  const values = column(([, value]) => value);
  return {
    ref,
    stepMs,
    times: column(([step]) => step * stepMs),
    // A mean, not a sum, of two points.
    count: column(() => 2),
    sum: values.map((value) => 2 * value),
    min: values,
    max: values,
    last: values,
    increase: values,
  };
}

test('a counter’s series add up to what came a minute; where none came nothing is known', () => {
  const grid = { from: 0, stepMs: 5 * MINUTE, count: 4 };
  const series = [
    rollup(1, 5 * MINUTE, [
      [0, 100],
      [1, 50],
    ]),
    rollup(2, 5 * MINUTE, [
      [1, 25],
      [3, 5],
      [4, 9],
    ]),
  ];
  expect(Array.from(summed(series, 'counter', grid))).toEqual([20, 15, Number.NaN, 1]);
  // From its first point alone no growth is known.
  const young = rollup(3, 5 * MINUTE, [
    [1, 0],
    [2, 10],
    [3, 0],
  ]);
  expect(Array.from(summed([young], 'counter', grid))).toEqual([Number.NaN, Number.NaN, 2, 0]);
  expect(Array.from(summed([], 'counter', grid))).toEqual(times(4, Number.NaN));
});

test('a gauge stands for five minutes where its next value is late, and is summed over its series', () => {
  const grid = { from: 0, stepMs: MINUTE, count: 9 };
  const series = [
    rollup(1, MINUTE, [
      [-2, 7],
      [1, 10],
      [3, 30],
    ]),
    rollup(2, MINUTE, [[4, 1]]),
  ];
  expect(Array.from(summed(series, 'gauge', grid))).toEqual([7, 10, 10, 30, 31, 31, 31, 31, 31]);
  expect(Array.from(summed([rollup(1, MINUTE, [[0, 4]])], 'gauge', grid))).toEqual([
    ...times(6, 4),
    ...times(3, Number.NaN),
  ]);
});

test('all that call, over others too, each once and the nearest first; calls in a circle end', () => {
  const calls = [
    { from: 'web', to: 'shop' },
    { from: 'shop', to: 'redis' },
    { from: 'mail', to: 'redis' },
    { from: 'web', to: 'mail' },
    { from: 'redis', to: 'web' },
    { from: 'shop', to: 'bank' },
  ];
  expect(withCallers(['redis'], calls)).toEqual(['redis', 'shop', 'mail', 'web']);
  expect(withCallers([], calls)).toEqual([]);
});

test('what fell by most stands first, what is usual last', () => {
  const of = (metric: string, during: number) =>
    businessImpact({ ...ORDERS, metric }, minutes(60, times(10, during)), null);
  const unknown = untold({ service: 'shop', metric: 'refunds' }, 'why.');
  expect(unknown.text).toBe('refunds of shop: why.');
  const sorted = worstFirst([of('same', 60), unknown, of('half', 30), of('little', 6)]);
  expect(sorted.map(({ metric }) => metric)).toEqual(['little', 'half', 'refunds', 'same']);
});
