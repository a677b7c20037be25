import { expect, test } from 'vitest';
import { SeededRandom } from '../../stats/random.ts';
import { RandomForestRegressor } from './random-forest-regressor.ts';

/** y = 10 sin(π x0 x1) + 20 (x2 − ½)² + 10 x3 + 5 x4 + noise (Friedman 1991), with columns of no meaning behind it. */
function friedman(n: number, nCols: number, seed: number) {
  const random = new SeededRandom(seed);
  const x = Float64Array.from({ length: n * nCols }, () => random.next());
  const y = Float64Array.from({ length: n }, (_, i) => {
    const at = (j: number) => x[i * nCols + j] ?? 0;
    return (
      10 * Math.sin(Math.PI * at(0) * at(1)) + 20 * (at(2) - 0.5) ** 2 + 10 * at(3) + 5 * at(4) + random.normal() * 0.5
    );
  });
  return { x, y };
}

test('explains most of a known non-linear function, out of bag and on new rows alike', () => {
  const { x, y } = friedman(1500, 10, 1);
  const forest = new RandomForestRegressor({ seed: 1, nTrees: 60 }).fit(x, y, 1500, 10);
  const later = friedman(500, 10, 2);
  const predicted = forest.predictAll(later.x, 500);
  let error = 0;
  for (let i = 0; i < 500; i++) error += Math.abs((predicted[i] ?? 0) - (later.y[i] ?? 0)) / 500;
  expect(forest.oobRSquared).toBeGreaterThan(0.8);
  expect(error).toBeLessThan(1.9);
  expect(Math.abs(error - forest.oobMeanAbsoluteError)).toBeLessThan(0.25);
});

test('one tree with one row a leaf gives back its training rows: splits are exact where bins suffice', () => {
  const x = Float64Array.from({ length: 40 }, (_, i) => i);
  const y = Float64Array.from({ length: 40 }, (_, i) => (i < 13 ? 2 : i < 29 ? -5 : 7));
  const forest = new RandomForestRegressor({ seed: 3, nTrees: 1, minLeaf: 1, maxFeatures: 1 }).fit(x, y, 40, 1);
  for (const i of [0, 5, 11, 15, 20, 27, 31, 39]) expect(forest.predict(Float64Array.of(i))).toBeCloseTo(y[i] ?? 0, 9);
});

test('the first split of a tree is the one that brute force finds', () => {
  const random = new SeededRandom(11);
  const n = 60;
  const x = Float64Array.from({ length: n * 3 }, () => Math.round(random.next() * 20));
  const y = Float64Array.from({ length: n }, (_, i) => (x[i * 3 + 1] ?? 0) * 0.5 + random.normal());
  // Every row twice, so that a depth-1 forest of many trees centres on the best split of the whole.
  const forest = new RandomForestRegressor({ seed: 2, nTrees: 200, minLeaf: 1, maxDepth: 1, maxFeatures: 1 });
  forest.fit(x, y, n, 3);
  let best = { gain: 0, column: -1, threshold: 0 };
  for (let column = 0; column < 3; column++) {
    for (let threshold = 0.5; threshold < 20; threshold++) {
      const side = [
        { n: 0, sum: 0 },
        { n: 0, sum: 0 },
      ];
      for (let i = 0; i < n; i++) {
        const s = side[(x[i * 3 + column] ?? 0) < threshold ? 0 : 1];
        if (s) {
          s.n++;
          s.sum += y[i] ?? 0;
        }
      }
      const gain = side.reduce((g, s) => g + (s.n > 0 ? (s.sum * s.sum) / s.n : 0), 0);
      if (gain > best.gain) best = { gain, column, threshold };
    }
  }
  const { byColumn } = forest.attribution(Float64Array.of(10, 20, 10));
  expect(best.column).toBe(1);
  expect(byColumn[0]).toBe(0);
  expect(byColumn[2]).toBe(0);
  const step = (at: number) => forest.predict(Float64Array.of(10, at, 10));
  expect(step(best.threshold + 3) - step(best.threshold - 3)).toBeGreaterThan(0.7 * (step(20) - step(0)));
});

test('the attribution adds up to the prediction and names the column that moved it', () => {
  const { x, y } = friedman(800, 8, 4);
  const forest = new RandomForestRegressor({ seed: 1, nTrees: 40 }).fit(x, y, 800, 8);
  const row = Float64Array.of(0.5, 0.5, 0.5, 1, 0.5, 0.5, 0.5, 0.5);
  const { baseline, byColumn } = forest.attribution(row);
  expect(byColumn.reduce((a, b) => a + b, baseline)).toBeCloseTo(forest.predict(row), 9);
  expect(byColumn[3]).toBeGreaterThan(2);
  expect(Math.abs(byColumn[7] ?? 9)).toBeLessThan(0.5);
});

test('a 90 % interval holds 90 % of new rows', () => {
  const { x, y } = friedman(1200, 6, 5);
  const forest = new RandomForestRegressor({ seed: 1, nTrees: 60 }).fit(x, y, 1200, 6);
  const later = friedman(1000, 6, 6);
  let held = 0;
  for (let i = 0; i < 1000; i++) {
    const { lower, upper } = forest.predictInterval(later.x.subarray(i * 6, i * 6 + 6), 0.9);
    if ((later.y[i] ?? 0) >= lower && (later.y[i] ?? 0) <= upper) held++;
  }
  expect(held / 1000).toBeGreaterThan(0.87);
  expect(held / 1000).toBeLessThan(0.94);
});

test('a missing column goes where missing rows went: being missing can itself tell the target', () => {
  const random = new SeededRandom(8);
  const n = 400;
  const x = new Float64Array(n * 2);
  const y = new Float64Array(n);
  for (let i = 0; i < n; i++) {
    const missing = i % 4 === 0;
    x[i * 2] = missing ? Number.NaN : random.next();
    x[i * 2 + 1] = random.next();
    y[i] = missing ? 50 : (x[i * 2] ?? 0) > 0.5 ? 10 : 0;
  }
  const forest = new RandomForestRegressor({ seed: 2, nTrees: 50, maxFeatures: 1 }).fit(x, y, n, 2);
  expect(forest.predict(Float64Array.of(Number.NaN, 0.5))).toBeGreaterThan(45);
  expect(forest.predict(Float64Array.of(0.9, 0.5))).toBeCloseTo(10, 0);
  expect(forest.predict(Float64Array.of(0.1, 0.5))).toBeCloseTo(0, 0);
});

test('a constant target is given back exactly, rows without a target are left out, none at all is refused', () => {
  const x = Float64Array.from({ length: 60 }, (_, i) => i % 7);
  const constant = new RandomForestRegressor({ seed: 2, nTrees: 5 }).fit(x, new Float64Array(30).fill(73), 30, 2);
  expect(constant.predict(Float64Array.of(1, 2))).toBeCloseTo(73, 9);
  const y = Float64Array.from({ length: 30 }, (_, i) => (i % 2 === 0 ? 5 : Number.NaN));
  expect(new RandomForestRegressor({ seed: 2, nTrees: 5 }).fit(x, y, 30, 2).predict(Float64Array.of(1, 2))).toBeCloseTo(
    5,
    9,
  );
  expect(() => new RandomForestRegressor({ seed: 2 }).fit(x, new Float64Array(30).fill(Number.NaN), 30, 2)).toThrow(
    'None of 30 rows',
  );
});
