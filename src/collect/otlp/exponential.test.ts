import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { ExponentialPoint } from './decode-metrics.ts';
import { bucketsAtPowersOfTwo } from './exponential.ts';

const pointOf = (over: Partial<ExponentialPoint>): ExponentialPoint => ({
  attributes: [],
  at: 1,
  isAbsent: false,
  count: 0,
  sum: null,
  scale: 0,
  zeroCount: 0,
  zeroThreshold: 0,
  positive: { offset: 0, counts: [] },
  negative: { offset: 0, counts: [] },
  isTooWide: false,
  ...over,
});

test('at every bound stand as many values as lie at or below it', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: -3, max: 12 }),
      fc.integer({ min: -600, max: 600 }),
      fc.array(fc.nat(9), { minLength: 1, maxLength: 160 }),
      fc.nat(5),
      (scale, offset, counts, zeroCount) => {
        const found = bucketsAtPowersOfTwo(pointOf({ scale, positive: { offset, counts }, zeroCount }));
        expect(found).toBeDefined();
        const { bounds = [], counts: below = [] } = found ?? {};
        expect(bounds.length).toBeLessThanOrEqual(65);
        bounds.forEach((bound, i) => {
          // Upper ends as powers of two: what is fine is whole where it counts.
          const expected = counts.reduce(
            (sum, count, k) => sum + ((offset + k + 1) * 2 ** -scale <= Math.log2(bound) ? count : 0),
            zeroCount,
          );
          expect(below[i]).toBe(expected);
          expect(i === 0 || bound > (bounds[i - 1] ?? 0)).toBe(true);
        });
      },
    ),
    { seed: 7 },
  );
});

test.each([
  ['values below zero count as at most zero', { negative: { offset: 3, counts: [2, 1] }, zeroCount: 4 }, [0], [7]],
  ['what the sender takes for zero', { zeroCount: 4, zeroThreshold: 0.001 }, [0.001], [4]],
  ['nothing', {}, [], []],
  ['a coarse scale keeps its own bounds', { scale: -1, positive: { offset: 0, counts: [1, 2] } }, [4, 16], [1, 3]],
  [
    'values that span more than 64 powers of two',
    { positive: { offset: 0, counts: [1, ...Array.from({ length: 99 }, () => 0), 1] } },
    Array.from({ length: 51 }, (_, i) => 4 ** (i + 1)),
    [...Array.from({ length: 50 }, () => 1), 2],
  ],
])('%s', (_what, over, bounds, counts) => {
  expect(bucketsAtPowersOfTwo(pointOf(over))).toEqual({ bounds, counts });
});

test.each([{ scale: 21 }, { scale: -11 }, { zeroThreshold: -1 }, { zeroThreshold: Number.NaN }])(
  'what no sender has is none: %o',
  (over) => {
    expect(bucketsAtPowersOfTwo(pointOf(over))).toBeUndefined();
  },
);
