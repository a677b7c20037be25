import { expect, test } from 'vitest';
import { SeededRandom } from '../stats/random.ts';
import { groupingAccuracy, m4Errors, msis, naive2, owa } from './index.ts';

test('M4: Naive2 repeats a multiplicative season from the last value and is the measure of itself', () => {
  const factors = [0.5, 1, 1.5, 1];
  const y = Float64Array.from({ length: 80 }, (_, i) => (100 + i) * (factors[i % 4] ?? 1));
  const forecast = naive2(y, 4, 4);
  factors.forEach((factor, k) => expect(Math.abs((forecast[k] ?? 0) / (179 * factor) - 1)).toBeLessThan(0.02));
  const random = new SeededRandom(1);
  const plain = Float64Array.from({ length: 80 }, () => 50 + random.normal());
  expect([...naive2(plain, 4, 2)]).toEqual([plain[79], plain[79]]);
  const errors = m4Errors(
    y.map((value) => value + 1),
    y,
    y,
    4,
  );
  expect(owa(errors, errors)).toBe(1);
  expect(owa({ smape: 1, mase: 2 }, { smape: 2, mase: 2 })).toBe(0.75);
});

test('MSIS is the interval score in seasonal naive errors', () => {
  const f = (...values: number[]) => Float64Array.from(values);
  // Width 2 at both, one value 3 above its upper bound at 95 %: (2 + 2 + 40 · 3) / 2, and the naive error is 2.
  expect(msis(f(1, 5), f(0, 0), f(2, 2), 0.95, f(1, 3, 5, 7), 1)).toBeCloseTo(62 / 2, 9);
});

test('grouping accuracy: one stray line makes its whole group wrong, a split group counts nowhere', () => {
  expect(groupingAccuracy([1, 1, 2, 2], ['a', 'a', 'b', 'b'])).toBe(1);
  expect(groupingAccuracy([1, 1, 1, 2], ['a', 'a', 'b', 'b'])).toBe(0);
  expect(groupingAccuracy([1, 1, 2, 3], ['a', 'a', 'b', 'b'])).toBe(0.5);
});
