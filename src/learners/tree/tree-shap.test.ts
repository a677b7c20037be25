import { expect, test } from 'vitest';
import { SeededRandom } from '../../stats/random.ts';
import { ModelReader, ModelWriter } from '../model-bytes.ts';
import { GradientBoostingClassifier } from './gradient-boosting-classifier.ts';
import { GradientBoostingRegressor } from './gradient-boosting-regressor.ts';
import { RandomForestClassifier } from './random-forest-classifier.ts';
import { RandomForestRegressor } from './random-forest-regressor.ts';
import { binMatrix } from './binned-matrix.ts';
import { GradientTreeGrowth } from './gradient-tree-growth.ts';
import { GrowingTrees } from './growing-trees.ts';
import { TreeEnsemble } from './tree-ensemble.ts';
import { treeShap } from './tree-shap.ts';

/** What trees answer when only the columns of `known` are: the others send the row both ways, by the training rows. */
function expected(trees: TreeEnsemble, row: Float64Array, known: number): number {
  const { roots, feature, left, cover, value } = trees.arrays;
  const coded = trees.coded(row);
  const below = (node: number): number => {
    const column = feature[node] ?? -1;
    if (column < 0) return value[node] ?? Number.NaN;
    if ((known >> column) & 1) return below(trees.child(node, coded));
    const first = Math.abs(left[node] ?? 0);
    const [a, b] = [cover[first] ?? 0, cover[first + 1] ?? 0];
    return (below(first) * a + below(first + 1) * b) / (a + b);
  };
  return roots.reduce((sum, root) => sum + below(root), 0);
}

/** Shapley's formula over all subsets of columns. */
function bruteForce(trees: TreeEnsemble, row: Float64Array): Float64Array {
  const d = trees.arrays.nCols;
  const factorial = (n: number): number => (n <= 1 ? 1 : n * factorial(n - 1));
  return Float64Array.from({ length: d }, (_, column) => {
    let sum = 0;
    for (let known = 0; known < 1 << d; known++) {
      if ((known >> column) & 1) continue;
      let size = 0;
      for (let j = 0; j < d; j++) size += (known >> j) & 1;
      const weight = (factorial(size) * factorial(d - size - 1)) / factorial(d);
      sum += weight * (expected(trees, row, known | (1 << column)) - expected(trees, row, known));
    }
    return sum;
  });
}

/** Deep trees on five columns, one of categories, with gaps. */
function grown(seed: number): { trees: TreeEnsemble; x: Float64Array } {
  const random = new SeededRandom(seed);
  const [n, d] = [300, 5];
  const x = Float64Array.from({ length: n * d }, (_, i) => (i % d === 4 ? random.integer(7) : random.normal()));
  for (let i = 0; i < n * d; i += 11) x[i] = Number.NaN;
  const y = Float64Array.from({ length: n }, (_, i) => {
    const at = (j: number) => x[i * d + j] || 0;
    return at(0) * at(1) + Math.abs(at(2)) + (at(4) % 3) + random.normal() * 0.1;
  });
  const data = binMatrix(x, n, d, 32, [4]);
  const growing = new GrowingTrees(data, 1);
  const growth = new GradientTreeGrowth(data, growing, { maxLeaves: 25, maxDepth: 10, minLeaf: 3, l2: 0 });
  const ones = new Float64Array(n).fill(1);
  const columns = Int32Array.of(0, 1, 2, 3, 4);
  for (let tree = 0; tree < 3; tree++) {
    const rows = Int32Array.from({ length: n - 40 * tree }, (_, i) => i);
    growth.grow(
      y.map((value) => -value),
      ones,
      rows,
      columns,
    );
  }
  return { trees: growing.finish(), x };
}

test('SHAP values are those of Shapley’s formula over all subsets of columns, gaps and categories included', () => {
  const { trees, x } = grown(1);
  for (let i = 0; i < 40; i++) {
    const row = x.subarray(i * 5, i * 5 + 5);
    const { baseline, byColumn } = treeShap(trees, row, 0);
    const wanted = bruteForce(trees, row);
    byColumn.forEach((value, j) => expect(value).toBeCloseTo(wanted[j] ?? Number.NaN, 9));
    expect(baseline).toBeCloseTo(expected(trees, row, 0), 9);
  }
});

test('they survive being written and read', () => {
  const { trees, x } = grown(2);
  const bytes = trees.write(new ModelWriter('trees', 1)).finish();
  const again = TreeEnsemble.read(new ModelReader(bytes, 'trees', 1));
  for (let i = 0; i < 10; i++) {
    const row = x.subarray(i * 5, i * 5 + 5);
    expect(treeShap(again, row, 0)).toEqual(treeShap(trees, row, 0));
  }
});

test('the contributions of every learner with trees add up to its answer', () => {
  const random = new SeededRandom(5);
  const [n, d] = [400, 4];
  const x = Float64Array.from({ length: n * d }, () => random.normal());
  const y = Float64Array.from({ length: n }, (_, i) => (x[i * d] ?? 0) * 3 + (x[i * d + 1] ?? 0) ** 2);
  const classes = Float64Array.from(y, (value) => (value > 3 ? 2 : value > 0 ? 1 : 0));
  const two = classes.map((label) => Math.min(label, 1));
  const row = x.subarray(20, 24);
  const whole = (c: { baseline: number; byColumn: Float64Array }) => c.byColumn.reduce((a, b) => a + b, c.baseline);
  const boosted = new GradientBoostingRegressor({ seed: 1, nRounds: 20 }).fit(x, y, n, d);
  expect(whole(boosted.contributions(row))).toBeCloseTo(boosted.predict(row), 9);
  const regressor = new RandomForestRegressor({ seed: 1, nTrees: 20 }).fit(x, y, n, d);
  expect(whole(regressor.contributions(row))).toBeCloseTo(regressor.predict(row), 9);
  const forest = new RandomForestClassifier({ seed: 1, nTrees: 20 }).fit(x, classes, n, d);
  for (const label of [0, 1, 2]) {
    expect(whole(forest.contributions(row, label))).toBeCloseTo(forest.probabilities(row)[label] ?? Number.NaN, 9);
  }
  const forestOfTwo = new RandomForestClassifier({ seed: 1, nTrees: 20 }).fit(x, two, n, d);
  for (const label of [0, 1]) {
    expect(whole(forestOfTwo.contributions(row, label))).toBeCloseTo(
      forestOfTwo.probabilities(row)[label] ?? Number.NaN,
      9,
    );
  }
  const classifier = new GradientBoostingClassifier({ seed: 1, nRounds: 20 }).fit(x, two, n, d);
  expect(1 / (1 + Math.exp(-whole(classifier.contributions(row))))).toBeCloseTo(
    classifier.probabilities(row)[1] ?? 0,
    9,
  );
});
