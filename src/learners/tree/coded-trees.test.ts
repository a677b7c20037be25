import { expect, test } from 'vitest';
import { SeededRandom } from '../../stats/random.ts';
import { binOf } from './binned-columns.ts';
import { GradientBoostingClassifier } from './gradient-boosting-classifier.ts';
import { GradientBoostingRegressor } from './gradient-boosting-regressor.ts';
import { RandomForestClassifier } from './random-forest-classifier.ts';
import { RandomForestRegressor } from './random-forest-regressor.ts';
import { ValueCoder } from './value-coder.ts';

const N_ROWS = 400;
const N_COLS = 5;

/** Missing, infinite and repeated values, and one column that is only present or missing. */
function table() {
  const random = new SeededRandom(8);
  const x = Float64Array.from({ length: N_ROWS * N_COLS }, (_, i) => {
    if (i % 11 === 0) return Number.NaN;
    if (i % 97 === 0) return i % 2 === 0 ? Infinity : -Infinity;
    if (i % N_COLS === 4) return 1;
    return i % N_COLS === 3 ? random.integer(6) : random.normal();
  });
  const y = Float64Array.from({ length: N_ROWS }, (_, i) => {
    const row = x.subarray(i * N_COLS, (i + 1) * N_COLS);
    const signal =
      (Number.isFinite(row[0] ?? 0) ? (row[0] ?? 0) : 2) + (row[4] === 1 ? 0 : 3) + ((row[3] ?? 0) > 2 ? 1 : 0);
    return signal + random.normal() * 0.1;
  });
  return { x, y };
}

test('predicting many rows gives what predicting each gives, to the bit, at every length', () => {
  const { x, y } = table();
  const label = y.map((value) => (value > 2 ? 2 : value > 0.5 ? 1 : 0));
  const two = label.map((value) => Math.min(1, value));
  const regressors = [
    new RandomForestRegressor({ nTrees: 20, seed: 1 }).fit(x, y, N_ROWS, N_COLS),
    new GradientBoostingRegressor({ nRounds: 20, seed: 1 }).fit(x, y, N_ROWS, N_COLS),
    new GradientBoostingRegressor({ nRounds: 20, categoricalColumns: [3], seed: 1 }).fit(x, y, N_ROWS, N_COLS),
  ];
  const classifiers = [label, two].flatMap((classes) => [
    new RandomForestClassifier({ nTrees: 20, seed: 1 }).fit(x, classes, N_ROWS, N_COLS),
    new GradientBoostingClassifier({ nRounds: 20, seed: 1 }).fit(x, classes, N_ROWS, N_COLS),
  ]);
  const row = (i: number) => x.subarray(i * N_COLS, (i + 1) * N_COLS);
  for (const n of [1, 31, 32, 33, 34, 35, N_ROWS]) {
    for (const model of regressors) {
      expect(model.predictAll(x.subarray(0, n * N_COLS), n)).toEqual(
        Float64Array.from({ length: n }, (_, i) => model.predict(row(i))),
      );
    }
    for (const model of classifiers) {
      const each = Array.from({ length: n }, (_, i) => [...model.probabilities(row(i))]).flat();
      expect(model.probabilitiesAll(x.subarray(0, n * N_COLS), n)).toEqual(Float64Array.from(each));
    }
  }
});

test('fitting again predicts many rows by the new trees', () => {
  const { x, y } = table();
  const model = new RandomForestRegressor({ nTrees: 5, seed: 1 }).fit(x, y, N_ROWS, N_COLS);
  const before = model.predictAll(x, N_ROWS);
  model.fit(
    x,
    y.map((value) => value + 100),
    N_ROWS,
    N_COLS,
  );
  expect(model.predictAll(x, N_ROWS)[0]).toBeCloseTo((before[0] ?? 0) + 100, 6);
});

test.each([
  ['none', []],
  ['one', [3]],
  ['even', [1, 2, 3, 4, 5, 6]],
  ['crowded beside one far away', [0, 1e-9, 2e-9, 3e-9, 1e9]],
  ['huge', [-1.7e308, -1, 0, 1, 1.7e308]],
  ['tiny', [-5e-324, 0, 5e-324]],
  ['infinite', [-2, 5, Infinity]],
  ['only infinite', [Infinity]],
])('a value’s code is the number of edges at or below it: %s', (_, edges) => {
  const coder = new ValueCoder(Float64Array.from(edges));
  const values = edges.flatMap((edge) => [
    edge,
    edge - 1e-9,
    edge + 1e-9,
    edge * 1.0000001,
    edge / 2,
    edge + 1,
    edge - 1,
  ]);
  for (const value of [...values, 0, Infinity, -Infinity, 1e308, -1e308, 0.3e-9, 5e-324]) {
    expect(coder.code(value)).toBe(binOf(coder.edges, value));
  }
});
