import { expect, test } from 'vitest';
import { SeededRandom } from './random.ts';

test('the same seed gives the same numbers, another seed others', () => {
  const draw = (seed: number) => {
    const random = new SeededRandom(seed);
    return Array.from({ length: 8 }, () => random.next());
  };
  expect(draw(7)).toEqual(draw(7));
  expect(draw(7)).not.toEqual(draw(8));
  expect(draw(0)).not.toEqual(draw(2 ** 32));
});

test('numbers are uniform: mean, variance, cells and lag correlation are as they should be', () => {
  const random = new SeededRandom(1);
  const n = 100_000;
  const cells = new Array<number>(20).fill(0);
  let sum = 0;
  let squares = 0;
  let lag = 0;
  let before = 0.5;
  for (let i = 0; i < n; i++) {
    const u = random.next();
    expect(u >= 0 && u < 1).toBe(true);
    cells[Math.floor(u * 20)] = (cells[Math.floor(u * 20)] ?? 0) + 1;
    sum += u;
    squares += u * u;
    lag += (u - 0.5) * (before - 0.5);
    before = u;
  }
  expect(Math.abs(sum / n - 0.5)).toBeLessThan(0.005);
  expect(Math.abs(squares / n - 1 / 3)).toBeLessThan(0.005);
  expect(Math.abs((lag / n) * 12)).toBeLessThan(0.015);
  // χ² with 19 degrees of freedom: 43.8 is its 99.9 % quantile.
  expect(cells.reduce((chi, count) => chi + (count - n / 20) ** 2 / (n / 20), 0)).toBeLessThan(43.8);
});

test('integers cover 0 … n − 1 and normals have mean 0 and variance 1', () => {
  const random = new SeededRandom(3);
  const seen = new Set<number>();
  for (let i = 0; i < 500; i++) seen.add(random.integer(7));
  expect([...seen].sort((a, b) => a - b)).toEqual([0, 1, 2, 3, 4, 5, 6]);
  let sum = 0;
  let squares = 0;
  for (let i = 0; i < 50_000; i++) {
    const z = random.normal();
    sum += z;
    squares += z * z;
  }
  expect(Math.abs(sum / 50_000)).toBeLessThan(0.02);
  expect(Math.abs(squares / 50_000 - 1)).toBeLessThan(0.03);
});
