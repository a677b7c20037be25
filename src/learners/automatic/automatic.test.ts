import { expect, test } from 'vitest';
import { SeededRandom } from '../../stats/random.ts';
import { AutomaticClassifier } from './automatic-classifier.ts';
import { AutomaticRegressor } from './automatic-regressor.ts';

const N = 600;
const COLS = 5;
const random = new SeededRandom(11);
const x = Float64Array.from({ length: N * COLS }, () => random.normal());
const at = (i: number, j: number): number => x[i * COLS + j] ?? 0;
const targetOf = (truth: (i: number) => number): Float64Array => Float64Array.from({ length: N }, (_, i) => truth(i));
const noise = targetOf(() => random.normal());
const line = targetOf((i) => 3 * at(i, 0) - 2 * at(i, 1) + 0.3 * random.normal());
const corner = targetOf((i) => (at(i, 0) > 0 === at(i, 1) > 0 ? 5 : -5) + 0.3 * random.normal());
const rowOf = (i: number): Float64Array => x.subarray(i * COLS, (i + 1) * COLS);

test.each([
  ['a line', line, /^ridge$/],
  ['what only two columns together tell', corner, /forest|boosting/],
])('%s is foretold by what fits it', (_, y, name) => {
  const model = new AutomaticRegressor({ budgetMs: 3000 }).fit(x, y, N, COLS);
  expect(model.chosen).toMatch(name);
  const errors = model.tried.map(({ error }) => error);
  expect(errors.length).toBeGreaterThan(5);
  expect(errors[0]).toBeLessThanOrEqual(1.02 * Math.min(...errors));
  let error = 0;
  let plain = 0;
  for (let i = 0; i < N; i++) {
    error += Math.abs(model.predict(rowOf(i)) - (y[i] ?? 0));
    plain += Math.abs(y[i] ?? 0);
  }
  expect(error).toBeLessThan(0.35 * plain);
});

test('where nothing can be known the mean answers, and the rate of the classes', () => {
  const model = new AutomaticRegressor({ budgetMs: 3000 }).fit(x, noise, N, COLS);
  expect(model.tried[0]).toMatchObject({ name: 'ridge', parameters: { l2: 1e12 } });
  expect(model.predict(rowOf(0))).toBeCloseTo(model.predict(rowOf(1)), 6);
  const coin = targetOf(() => (random.next() < 0.25 ? 1 : 0));
  const classes = new AutomaticClassifier({ budgetMs: 3000 }).fit(x, coin, N, COLS);
  expect(classes.tried[0]).toMatchObject({ name: 'logistic-regression', parameters: { l2: 1e12 } });
  expect(classes.probabilities(rowOf(0))[1]).toBeGreaterThan(0.15);
  expect(classes.probabilities(rowOf(0))[1]).toBeLessThan(0.35);
});

test('classes: two along a line, three in corners', () => {
  const two = new AutomaticClassifier({ budgetMs: 3000 }).fit(
    x,
    targetOf((i) => ((line[i] ?? 0) > 0 ? 1 : 0)),
    N,
    COLS,
  );
  expect(two.chosen).toBe('logistic-regression');
  const label = (i: number): number => (at(i, 0) > 0 === at(i, 1) > 0 ? 0 : at(i, 2) > 0 ? 1 : 2);
  const three = new AutomaticClassifier({ budgetMs: 3000 }).fit(x, targetOf(label), N, COLS);
  expect(three.chosen).toMatch(/forest|boosting/);
  expect(three.nClasses).toBe(3);
  let right = 0;
  for (let i = 0; i < N; i++) {
    const said = three.probabilities(rowOf(i));
    if (said.indexOf(Math.max(...said)) === label(i)) right++;
  }
  expect(right / N).toBeGreaterThan(0.9);
});

test('a small budget leaves out what is dear, a larger one tries more; the same seed chooses the same', () => {
  const tried = (budgetMs: number): number => new AutomaticRegressor({ budgetMs }).fit(x, corner, N, COLS).tried.length;
  const [small, middle, large] = [tried(2), tried(200), tried(5000)];
  expect(small).toBeLessThan(middle ?? 0);
  expect(middle).toBeLessThan(large ?? 0);
  const bytes = (): Uint8Array => new AutomaticRegressor({ budgetMs: 500, seed: 4 }).fit(x, corner, N, COLS).toBytes();
  expect(bytes()).toEqual(bytes());
});

test('rows near those that were trained on are not judged when a gap is asked for', () => {
  // Levels that last for a hundred rows and span the borders of the folds: without a gap the first half of each is known.
  const place = Float64Array.from({ length: N }, (_, i) => i);
  const steps = targetOf((i) => ((Math.floor((i + 50) / 100) % 4) - 1.5) * 10 * (i > 300 ? Math.floor(i / 100) : 1));
  const best = (gap: number): number =>
    new AutomaticRegressor({ budgetMs: 1000, gap }).fit(place, steps, N, 1).tried[0]?.error ?? 0;
  expect(best(60)).toBeGreaterThan(1.2 * best(0));
});

test('few rows are not compared: the mean serves', () => {
  const model = new AutomaticRegressor().fit(x, line, 20, COLS);
  expect(model.tried).toEqual([]);
  expect(model.predict(rowOf(0))).toBeCloseTo(model.predict(rowOf(1)), 6);
});
