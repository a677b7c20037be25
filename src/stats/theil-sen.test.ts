import { expect, test } from 'vitest';
import { SeededRandom } from './random.ts';
import { medianOf, theilSen } from './theil-sen.ts';

test('gives the line itself, and nearly so with a fifth of the points thrown far off', () => {
  const x = Float64Array.from({ length: 100 }, (_, i) => i / 3);
  const y = x.map((value) => 4 - 1.5 * value);
  expect(theilSen(x, y).slope).toBeCloseTo(-1.5, 12);
  expect(theilSen(x, y).intercept).toBeCloseTo(4, 9);
  const random = new SeededRandom(1);
  const dirty = y.map((value, i) => (i % 5 === 0 ? 1000 * random.next() : value + random.normal() * 0.1));
  expect(Math.abs(theilSen(x, dirty).slope + 1.5)).toBeLessThan(0.15);
});

test('thousands of points in blocks give the slope of all pairs closely', () => {
  const random = new SeededRandom(2);
  const x = Float64Array.from({ length: 5000 }, (_, i) => i);
  const y = x.map((value) => 0.01 * value + random.normal());
  expect(Math.abs(theilSen(x, y).slope - 0.01)).toBeLessThan(0.0002);
});

test('missing values are left out, one point or none has no slope', () => {
  expect(theilSen(Float64Array.of(0, 1, 2), Float64Array.of(1, Number.NaN, 5)).slope).toBe(2);
  expect(theilSen(Float64Array.of(3), Float64Array.of(1)).slope).toBe(0);
  expect(theilSen(Float64Array.of(), Float64Array.of()).intercept).toBeNaN();
  expect(medianOf(Float64Array.of(3, 1, 2, 10))).toBe(2.5);
});

test('the median is the one that sorting gives, for odd and even lengths, ties and all orders', () => {
  const random = new SeededRandom(3);
  for (let n = 1; n < 300; n += 7) {
    for (const width of [3, 1e6]) {
      const values = Float64Array.from({ length: n }, () => Math.floor(random.next() * width));
      const sorted = [...values].sort((a, b) => a - b);
      const middle = ((sorted[(n - 1) >> 1] ?? 0) + (sorted[n >> 1] ?? 0)) / 2;
      expect(medianOf(Float64Array.from(values))).toBeCloseTo(middle, 6);
      expect(medianOf(Float64Array.from(sorted))).toBeCloseTo(middle, 6);
      expect(medianOf(Float64Array.from(sorted.reverse()))).toBeCloseTo(middle, 6);
    }
  }
});
