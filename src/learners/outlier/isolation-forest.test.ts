import { expect, test } from 'vitest';
import { SeededRandom } from '../../stats/random.ts';
import { IsolationForest } from './isolation-forest.ts';

function cloud(n: number, nCols: number, seed: number): Float64Array {
  const random = new SeededRandom(seed);
  return Float64Array.from({ length: n * nCols }, () => random.normal());
}

test('rows far from a cloud score higher than all rows inside it', () => {
  const x = cloud(1000, 5, 1);
  const forest = new IsolationForest({ seed: 42 }).fit(x, 1000, 5);
  const inside = forest.scoreAll(x, 1000);
  const median = [...inside].sort((a, b) => a - b)[500] ?? 1;
  expect(median).toBeLessThan(0.5);
  expect(forest.score(Float64Array.of(0, 0, 0, 0, 0))).toBeLessThan(0.45);
  expect(forest.score(Float64Array.of(8, 8, 8, 8, 8))).toBeGreaterThan(Math.max(...inside));
});

test('the expected score of identical rows is 0.5, as the paper derives: depth c(n) over c(n)', () => {
  const forest = new IsolationForest({ seed: 1, nTrees: 10 }).fit(new Float64Array(300).fill(3), 100, 3);
  expect(forest.score(Float64Array.of(3, 3, 3))).toBeCloseTo(0.5, 12);
});

test('two distinct values need one split: score is 2^(-1/c(2))', () => {
  const forest = new IsolationForest({ seed: 1, nTrees: 7 }).fit(Float64Array.of(0, 1), 2, 1);
  expect(forest.score(Float64Array.of(0))).toBeCloseTo(0.5, 12);
});

test('the column that stands out has the largest share', () => {
  const forest = new IsolationForest({ seed: 5 }).fit(cloud(800, 6, 2), 800, 6);
  for (let column = 0; column < 6; column++) {
    const row = new Float64Array(6);
    row[column] = 7;
    const shares = forest.contributions(row);
    expect(shares.indexOf(Math.max(...shares))).toBe(column);
    expect(shares.reduce((a, b) => a + b)).toBeCloseTo(1, 12);
    expect(shares[column]).toBeGreaterThan(0.6);
  }
});

test('a missing value does not make a row unusual and an all-missing row scores as usual', () => {
  const x = cloud(500, 4, 3);
  for (let i = 0; i < 500; i += 3) x[i * 4 + 1] = Number.NaN;
  const forest = new IsolationForest({ seed: 9 }).fit(x, 500, 4);
  const full = forest.score(Float64Array.of(0, 0, 0, 0));
  expect(forest.score(Float64Array.of(0, Number.NaN, 0, 0))).toBeLessThan(full + 0.08);
  expect(forest.score(new Float64Array(4).fill(Number.NaN))).toBeLessThan(0.5);
});

test('infinite and huge values are scored, not refused', () => {
  const x = cloud(100, 2, 4);
  x[0] = Infinity;
  x[2] = -Infinity;
  x[5] = 1e308;
  x[7] = -1e308;
  const forest = new IsolationForest({ seed: 3 }).fit(x, 100, 2);
  for (const score of forest.scoreAll(x, 100)) expect(score > 0 && score <= 1).toBe(true);
});

test('a row of another width, a matrix without rows and an untrained forest are refused', () => {
  const forest = new IsolationForest({ seed: 3 });
  expect(() => forest.score(new Float64Array(2))).toThrow(expect.objectContaining({ code: 'NOT_READY' }));
  expect(() => forest.fit(new Float64Array(0), 0, 2)).toThrow(expect.objectContaining({ code: 'BAD_REQUEST' }));
  forest.fit(cloud(10, 2, 1), 10, 2);
  expect(() => forest.score(new Float64Array(3))).toThrow('A row has 3 values');
  expect(() => new IsolationForest({ seed: 1, nTrees: 0 })).toThrow('nTrees is 0');
});
