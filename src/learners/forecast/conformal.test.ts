import { expect, test } from 'vitest';
import { type Backtest, backtest, rollingOrigins } from '../../evaluation/index.ts';
import { SeededRandom } from '../../stats/random.ts';
import { normalReach, studentReach } from '../../stats/student.ts';
import { conformalWidths } from './conformal.ts';

function residuals(folds: number, steps: number, of: (fold: number, step: number) => number): Backtest {
  return {
    steps,
    origins: Int32Array.from({ length: folds }, (_, fold) => fold * steps),
    residuals: Float64Array.from({ length: folds * steps }, (_, i) => of(Math.floor(i / steps), i % steps)),
  };
}

test('errors that do not grow with the step keep their width as far as they were tried, then widen with the root', () => {
  const random = new SeededRandom(1);
  const { above } = conformalWidths(
    residuals(40, 20, () => random.normal()),
    0.9,
    80,
    40,
  );
  expect((above[19] ?? 0) / (above[0] ?? 0)).toBeLessThan(1.3);
  expect((above[79] ?? 0) / (above[19] ?? 0)).toBeCloseTo(2, 6);
});

test('errors that grow faster than a random walk go on as they did', () => {
  const { above } = conformalWidths(
    residuals(10, 20, (fold, step) => (step + 1) * (fold % 2 === 0 ? 1 : -1)),
    0.9,
    40,
    10,
  );
  expect((above[39] ?? 0) / (above[19] ?? 0)).toBeCloseTo(2, 6);
});

test('the fewer folds are independent, the wider, as Student says', () => {
  const random = new SeededRandom(2);
  const result = residuals(24, 10, () => random.normal());
  const width = (folds: number): number => conformalWidths(result, 0.9, 10, folds).above[4] ?? 0;
  expect(width(2) / width(10)).toBeCloseTo(studentReach(0.9, 1) / studentReach(0.9, 9), 6);
  expect(width(1e9) / width(24)).toBeCloseTo(normalReach(0.9) / studentReach(0.9, 23), 3);
});

test('a side has a tail of its own where there are folds enough to see it', () => {
  const random = new SeededRandom(4);
  const result = residuals(40, 10, () => Math.exp(random.normal()) - 1);
  const many = conformalWidths(result, 0.9, 10, 20);
  expect((many.above[4] ?? 0) / (many.below[4] ?? 0)).toBeGreaterThan(3);
  const few = conformalWidths(result, 0.9, 10, 18);
  expect(few.above[4]).toBe(few.below[4]);
});

test.each([2, 3, 5, 10, 18, 24])('from %i independent folds that err as a whole the interval still holds', (folds) => {
  const random = new SeededRandom(3);
  const trials = 2000;
  let held = 0;
  for (let trial = 0; trial < trials; trial++) {
    // A change of level moves every step of its fold: a fold is one observation, however many steps it has.
    const shifts = Float64Array.from({ length: folds }, () => random.normal());
    const { below, above } = conformalWidths(
      residuals(folds, 12, (fold) => shifts[fold] ?? 0),
      0.9,
      12,
      folds,
    );
    const next = random.normal();
    if (next >= -(below[5] ?? 0) && next <= (above[5] ?? 0)) held++;
  }
  // Of normal folds, whose truth is known: 0.86 to 0.97. Tails taken side by side from few folds gave 0.56 to 0.8.
  expect(held / trials).toBeGreaterThan(0.85);
  expect(held / trials).toBeLessThan(0.98);
});

test.each([
  [2, 0.94, 0.99],
  [3, 0.9, 0.97],
  [5, 0.88, 0.96],
  [10, 0.87, 0.94],
])(
  'of random walks with a history of %i horizons, folds overlapping, nine in ten are held',
  (horizons, least, most) => {
    const random = new SeededRandom(5);
    const steps = 40;
    const n = 10 + horizons * steps;
    let held = 0;
    const trials = 400;
    for (let trial = 0; trial < trials; trial++) {
      const walk = new Float64Array(n + 3 * steps);
      for (let i = 1; i < walk.length; i++) walk[i] = (walk[i - 1] ?? 0) + random.normal();
      const result = backtest(walk.subarray(0, n), rollingOrigins(n, steps, 24, 10), steps, (past, k) =>
        new Float64Array(k).fill(past[past.length - 1] ?? 0),
      );
      const { below, above } = conformalWidths(result, 0.9, 3 * steps, 1.5 * horizons);
      for (let k = 0; k < 3 * steps; k++) {
        const error = (walk[n + k] ?? 0) - (walk[n - 1] ?? 0);
        if (error >= -(below[k] ?? 0) && error <= (above[k] ?? 0)) held++;
      }
    }
    expect(held / trials / (3 * steps)).toBeGreaterThan(least);
    expect(held / trials / (3 * steps)).toBeLessThan(most);
  },
);
