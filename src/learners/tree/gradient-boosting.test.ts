import { expect, test } from 'vitest';
import { auroc, pinballLoss } from '../../evaluation/index.ts';
import { SeededRandom } from '../../stats/random.ts';
import { GradientBoostingClassifier } from './gradient-boosting-classifier.ts';
import { GradientBoostingRegressor } from './gradient-boosting-regressor.ts';
import { RandomForestClassifier } from './random-forest-classifier.ts';

function wave(n: number, seed: number) {
  const random = new SeededRandom(seed);
  const x = Float64Array.from({ length: n * 3 }, () => random.next() * 6);
  const y = Float64Array.from(
    { length: n },
    (_, i) => Math.sin(x[i * 3] ?? 0) * 4 + (x[i * 3 + 1] ?? 0) + random.normal() * 0.3,
  );
  return { x, y };
}

test('it learns a curve nearly to its noise, and early stopping ends it before the last round', () => {
  const { x, y } = wave(2000, 1);
  const later = wave(500, 2);
  const model = new GradientBoostingRegressor({ seed: 1, nRounds: 2000, validationShare: 0.2 }).fit(x, y, 2000, 3);
  const predicted = model.predictAll(later.x, 500);
  const mse = predicted.reduce((sum, p, i) => sum + (p - (later.y[i] ?? 0)) ** 2 / 500, 0);
  expect(mse).toBeLessThan(0.18);
  expect(model.nRounds).toBeLessThan(800);
  expect(model.predict(later.x.subarray(0, 3))).toBe(predicted[0]);
});

test('held-back rows can be the last ones: a change there stops it, rows at random do not see it', () => {
  const { x, y } = wave(1000, 3);
  const changed = y.map((value, i) => (i >= 800 ? -value : value));
  const rounds = (validateOn: 'random' | 'last') =>
    new GradientBoostingRegressor({ seed: 1, nRounds: 300, validationShare: 0.2, validateOn }).fit(x, changed, 1000, 3)
      .nRounds;
  expect(rounds('last')).toBeLessThan(rounds('random'));
});

test.each([0.1, 0.5, 0.9])(
  'the %d quantile has that share of later rows below it, and a lower pinball loss than the mean',
  (quantile) => {
    const { x, y } = wave(4000, 4);
    const later = wave(2000, 5);
    const of = (loss: 'quantile' | 'squared') =>
      new GradientBoostingRegressor({ seed: 1, loss, quantile, maxLeaves: 8 })
        .fit(x, y, 4000, 3)
        .predictAll(later.x, 2000);
    const predicted = of('quantile');
    const below = later.y.reduce((sum, value, i) => sum + (value < (predicted[i] ?? 0) ? 1 / 2000 : 0), 0);
    expect(Math.abs(below - quantile)).toBeLessThan(0.05);
    if (quantile !== 0.5)
      expect(pinballLoss(later.y, predicted, quantile)).toBeLessThan(pinballLoss(later.y, of('squared'), quantile));
  },
);

/** Class 1 for every third name of forty: numbers as numbers say little, names say all. */
function names(n: number, seed: number) {
  const random = new SeededRandom(seed);
  const x = Float64Array.from({ length: n * 2 }, (_, i) =>
    i % 2 === 0 ? random.integer(40) * 7 + 100 : random.normal(),
  );
  const y = Float64Array.from({ length: n }, (_, i) => ((((x[i * 2] ?? 0) - 100) / 7) % 3 === 0 ? 1 : 0));
  return { x, y };
}

test.each(['boosting', 'forest'] as const)('%s with categories learns names at once, in shallow trees', (kind) => {
  const { x, y } = names(3000, 6);
  const later = names(500, 7);
  const labels = Uint8Array.from(later.y);
  const model = (categoricalColumns: number[]) =>
    kind === 'boosting'
      ? new GradientBoostingClassifier({ seed: 1, nRounds: 10, maxLeaves: 3, categoricalColumns }).fit(x, y, 3000, 2)
      : new RandomForestClassifier({ seed: 1, nTrees: 30, maxDepth: 2, categoricalColumns }).fit(x, y, 3000, 2);
  const area = (columns: number[]) =>
    auroc(
      model(columns)
        .probabilitiesAll(later.x, 500)
        .filter((_, k) => k % 2 === 1),
      labels,
    );
  expect(area([0])).toBe(1);
  expect(area([])).toBeLessThan(0.9);
  // A name that was never seen counts as missing: some answer, no failure.
  expect(model([0]).probabilities(Float64Array.of(99_999, 0))[1]).toBeGreaterThan(0);
});

/** Three groups on a line, the middle one rare. */
function groups(n: number, seed: number) {
  const random = new SeededRandom(seed);
  const y = Float64Array.from({ length: n }, () => (random.next() < 0.08 ? 1 : random.next() < 0.5 ? 0 : 2));
  const x = Float64Array.from(
    { length: n * 2 },
    (_, i) => (i % 2 === 0 ? (y[i >> 1] ?? 0) * 1.5 : 0) + random.normal(),
  );
  return { x, y };
}

test.each(['boosting', 'forest'] as const)(
  '%s tells three classes apart; balanced weights find more of the rare one',
  (kind) => {
    const { x, y } = groups(3000, 8);
    const later = groups(1000, 9);
    const recalls = (classWeights: 'none' | 'balanced') => {
      const model =
        kind === 'boosting'
          ? new GradientBoostingClassifier({ seed: 1, nRounds: 40, maxLeaves: 6, classWeights }).fit(x, y, 3000, 2)
          : new RandomForestClassifier({ seed: 1, minLeaf: 20, classWeights }).fit(x, y, 3000, 2);
      const hits = [0, 0, 0];
      const rows = [0, 0, 0];
      const all = model.probabilitiesAll(later.x, 1000);
      for (let i = 0; i < 1000; i++) {
        const p = [...all.subarray(i * 3, i * 3 + 3)];
        expect(p.reduce((a, b) => a + b)).toBeCloseTo(1, 9);
        const label = later.y[i] ?? 0;
        rows[label] = (rows[label] ?? 0) + 1;
        if (p.indexOf(Math.max(...p)) === label) hits[label] = (hits[label] ?? 0) + 1;
      }
      return hits.map((hit, k) => hit / (rows[k] ?? 1));
    };
    const plain = recalls('none');
    const balanced = recalls('balanced');
    expect(plain[0]).toBeGreaterThan(0.8);
    expect(plain[2]).toBeGreaterThan(0.8);
    expect(balanced[1]).toBeGreaterThan((plain[1] ?? 1) + 0.2);
  },
);

test('out-of-bag probabilities of a forest tell as much as later rows do', () => {
  const { x, y } = names(1500, 10);
  const noisy = y.map((label, i) => (i % 10 === 0 ? 1 - label : label));
  const model = new RandomForestClassifier({ seed: 1, minLeaf: 5, categoricalColumns: [0] }).fit(x, noisy, 1500, 2);
  const area = auroc(
    model.outOfBagProbabilities.filter((_, k) => k % 2 === 1),
    Uint8Array.from(noisy),
  );
  expect(area).toBeGreaterThan(0.8);
  expect(area).toBeLessThan(0.97);
});

test('classes that are none, and rows without any, are refused', () => {
  const x = new Float64Array(20);
  const fit = (y: number[]) => new GradientBoostingClassifier({ seed: 1 }).fit(x, Float64Array.from(y), y.length, 2);
  expect(() => fit([0, 1, 1.5])).toThrow('The class of row 2 is 1.5');
  expect(() => fit([0, 64])).toThrow('from 0 to 63');
  expect(() => fit([Number.NaN, Number.NaN])).toThrow('None of 2 rows');
  expect(() =>
    new GradientBoostingClassifier({ seed: 1, categoricalColumns: [2] }).fit(x, Float64Array.of(0, 1), 2, 2),
  ).toThrow('Column 2 cannot be categorical');
});
