import { expect, test } from 'vitest';
import { auPr, auroc, pinballLoss } from '../../src/evaluation/index.ts';
import {
  GradientBoostingClassifier,
  GradientBoostingRegressor,
  IsolationForest,
  KNearestNeighbours,
  LocalOutlierFactor,
  LogisticRegression,
  RandomForestClassifier,
  RandomForestRegressor,
  Ridge,
} from '../../src/learners/index.ts';
import golden from './learners/outliers-trees-linear.json' with { type: 'json' };

/* What scikit-learn says on small made data; golden/learners/make.py made it and names its versions. */

const { nTrain, nTest, nCols } = golden;
const x = Float64Array.from(golden.x);
const train = x.slice(0, nTrain * nCols);
const held = x.slice(nTrain * nCols);
const y = Float64Array.from(golden.y.slice(0, nTrain));
const label = Float64Array.from(golden.label.slice(0, nTrain));
const row = (i: number): Float64Array => held.subarray(i * nCols, (i + 1) * nCols);
const answers = (of: (row: Float64Array) => number): number[] => Array.from({ length: nTest }, (_, i) => of(row(i)));

/** The mean of some models that differ in their seeds, row by row. */
function meanOverSeeds(of: (seed: number) => (row: Float64Array) => number): number[] {
  const all = Array.from({ length: 20 }, (_, seed) => answers(of(seed)));
  return Array.from({ length: nTest }, (_, i) => all.reduce((sum, one) => sum + (one[i] ?? 0), 0) / all.length);
}

function difference(own: readonly number[], theirs: readonly number[]): { mean: number; most: number } {
  expect(own).toHaveLength(theirs.length);
  const away = own.map((value, i) => Math.abs(value - (theirs[i] ?? Number.NaN)));
  return { mean: away.reduce((a, b) => a + b, 0) / away.length, most: Math.max(...away) };
}

test('isolation forest: the mean over 20 seeds agrees within 0.01 on every row, and so do the areas', () => {
  const own = meanOverSeeds((seed) => {
    const model = new IsolationForest({ seed }).fit(train, nTrain, nCols);
    return (r) => model.score(r);
  });
  expect(difference(own, golden.isolationForest).most).toBeLessThan(0.01);
  const isFar = Uint8Array.from(golden.isFar);
  expect(Math.abs(auroc(Float64Array.from(own), isFar) - golden.isolationForestAuroc)).toBeLessThan(0.01);
});

test('AUROC and average precision agree to rounding', () => {
  const scores = Float64Array.from(golden.isolationForest);
  const isFar = Uint8Array.from(golden.isFar);
  expect(auroc(scores, isFar)).toBeCloseTo(golden.isolationForestAuroc, 12);
  expect(auPr(scores, isFar)).toBeCloseTo(golden.isolationForestAveragePrecision, 12);
});

test('local outlier factor and nearest neighbours agree to 9 digits', () => {
  const lof = new LocalOutlierFactor({ nNeighbours: 20, scaling: 0, seed: 1 }).fit(train, nTrain, nCols);
  expect(difference(answers((r) => lof.score(r)), golden.lof).most).toBeLessThan(1e-9);
  expect(difference([...lof.trainingScores()], golden.lofTraining).most).toBeLessThan(1e-9);
  const near = new KNearestNeighbours({ nNeighbours: 5, scaling: 0, seed: 1 }).fit(train, nTrain, nCols);
  const means = Array.from({ length: nTest }, (_, i) =>
    golden.neighbourDistances.slice(i * 5, i * 5 + 5).reduce((a, b) => a + b / 5, 0),
  );
  expect(difference(answers((r) => near.score(r)), means).most).toBeLessThan(1e-9);
});

test('random forests: the means over 20 seeds agree as two runs with other seeds would', () => {
  const classifier = meanOverSeeds((seed) => {
    const model = new RandomForestClassifier({ nTrees: 100, minLeaf: 3, maxBins: 255, seed });
    model.fit(train, label, nTrain, nCols);
    return (r) => model.probabilities(r)[1] ?? Number.NaN;
  });
  expect(difference(classifier, golden.forestClassifier).mean).toBeLessThan(0.02);
  const regressor = meanOverSeeds((seed) => {
    const model = new RandomForestRegressor({ nTrees: 100, minLeaf: 5, maxFeatures: 1, maxDepth: 64, seed });
    model.fit(train, y, nTrain, nCols);
    return (r) => model.predict(r);
  });
  // Ours has 32 bins a column, theirs every value: less than a tenth of the target's deviation apart.
  expect(difference(regressor, golden.forestRegressor).mean).toBeLessThan(0.2);
});

const boosting = { nRounds: 30, maxLeaves: 8, learningRate: 0.1, minLeaf: 20, maxBins: 255, seed: 1 };

test('gradient boosting of squared loss agrees to 3 digits: theirs computes gradients in 32 bits', () => {
  const model = new GradientBoostingRegressor(boosting).fit(train, y, nTrain, nCols);
  expect(difference(answers((r) => model.predict(r)), golden.boostingRegressor).most).toBeLessThan(2e-3);
});

/* Gradients of these losses are only signs: many splits gain the same, and rounding decides between them. */
test.each([
  ['absolute', 0.5, golden.boostingAbsolute],
  ['quantile', 0.8, golden.boostingQuantile],
] as const)('gradient boosting of %s loss is as good on later rows, within 5 %', (loss, quantile, theirs) => {
  const later = Float64Array.from(golden.y.slice(nTrain));
  const model = new GradientBoostingRegressor({ ...boosting, loss, quantile }).fit(train, y, nTrain, nCols);
  const own = answers((r) => model.predict(r));
  const ratio = pinballLoss(later, Float64Array.from(own), quantile) / pinballLoss(later, Float64Array.from(theirs), quantile);
  expect(Math.abs(ratio - 1)).toBeLessThan(0.05);
  expect(difference(own, theirs).mean).toBeLessThan(0.2);
});

test('gradient boosting sends missing values where scikit-learn does', () => {
  const gaps = Float64Array.from(golden.withGaps as readonly (number | null)[], (value) => value ?? Number.NaN);
  const model = new GradientBoostingRegressor(boosting).fit(gaps.slice(0, nTrain * nCols), y, nTrain, nCols);
  const own = [...model.predictAll(gaps.slice(nTrain * nCols), nTest)];
  expect(difference(own, golden.boostingWithGaps).mean).toBeLessThan(5e-3);
});

test('gradient boosting of log loss agrees to 3 digits', () => {
  const model = new GradientBoostingClassifier(boosting).fit(train, label, nTrain, nCols);
  const own = answers((r) => model.probabilities(r)[1] ?? Number.NaN);
  expect(difference(own, golden.boostingClassifier).most).toBeLessThan(2e-3);
});

test('ridge and logistic regression agree to 5 digits and more', () => {
  const ridge = new Ridge({ l2: 2 }).fit(train, y, nTrain, nCols);
  expect(difference(answers((r) => ridge.predict(r)), golden.ridge).most).toBeLessThan(1e-6);
  const logistic = new LogisticRegression({ l2: 2 }).fit(train, label, nTrain, nCols);
  const own = answers((r) => logistic.probabilities(r)[1] ?? Number.NaN);
  expect(difference(own, golden.logistic).most).toBeLessThan(1e-5);
});
