import { SeededRandom } from '../../stats/random.ts';
import { requireInteger, requireNumber } from '../requirements.ts';
import { binMatrix } from './binned-matrix.ts';
import type { BoostingLoss } from './boosting-losses.ts';
import { GradientTreeGrowth, type Leaf } from './gradient-tree-growth.ts';
import { GrowingTrees } from './growing-trees.ts';
import type { TreeEnsemble } from './tree-ensemble.ts';

export interface BoostingParameters {
  /** Most rounds: 1 … 10,000. */
  readonly nRounds?: number;
  /** What each tree's answer is multiplied by: above 0 … 1. */
  readonly learningRate?: number;
  /** 2 … 1024 */
  readonly maxLeaves?: number;
  /** 1 … 64 */
  readonly maxDepth?: number;
  /** Fewest rows in a leaf. */
  readonly minLeaf?: number;
  /** Penalty on the square of leaf values. */
  readonly l2?: number;
  /** Bins of a column: 2 … 255. */
  readonly maxBins?: number;
  /** Share of the rows, and of the columns, that each tree sees. */
  readonly rowShare?: number;
  readonly columnShare?: number;
  /** Share of the rows held back to stop by; 0 runs all rounds. */
  readonly validationShare?: number;
  /** The rows held back: drawn at random, or the last ones, as rows in time want it. */
  readonly validateOn?: 'random' | 'last';
  /** Rounds without a better loss on the held-back rows before it stops. */
  readonly patience?: number;
  /** Columns that hold categories: numbers that only name something; at most 255 are told apart. */
  readonly categoricalColumns?: readonly number[];
  readonly seed: number;
}

/** Checked, with what was not given. */
export function boostingParameters(given: BoostingParameters): Required<BoostingParameters> {
  const least = 1e-6;
  return {
    nRounds: requireInteger('nRounds', given.nRounds ?? 100, 1, 10_000),
    learningRate: requireNumber('learningRate', given.learningRate ?? 0.1, least, 1),
    maxLeaves: requireInteger('maxLeaves', given.maxLeaves ?? 31, 2, 1024),
    maxDepth: requireInteger('maxDepth', given.maxDepth ?? 64, 1, 64),
    minLeaf: requireInteger('minLeaf', given.minLeaf ?? 20, 1, 1_000_000),
    l2: requireNumber('l2', given.l2 ?? 0, 0, 1e9),
    maxBins: requireInteger('maxBins', given.maxBins ?? 64, 2, 255),
    rowShare: requireNumber('rowShare', given.rowShare ?? 1, least, 1),
    columnShare: requireNumber('columnShare', given.columnShare ?? 1, least, 1),
    validationShare: requireNumber('validationShare', given.validationShare ?? 0, 0, 0.9),
    validateOn: given.validateOn ?? 'random',
    patience: requireInteger('patience', given.patience ?? 10, 1, 10_000),
    categoricalColumns: given.categoricalColumns ?? [],
    seed: given.seed,
  };
}

export interface Boosted {
  /** Round after round, one tree a group; leaf values times the learning rate. */
  readonly trees: TreeEnsemble;
  readonly initial: Float64Array;
  readonly nRounds: number;
}

/**
 * Gradient boosting (Friedman 2001) on binned columns. `x` holds the rows of `y` only; targets are finite and near 1 in
 * size. With held-back rows the rounds after the best one are dropped.
 */
export function boost(
  x: Float64Array,
  y: Float64Array,
  weight: Float64Array,
  nCols: number,
  loss: BoostingLoss,
  parameters: Required<BoostingParameters>,
): Boosted {
  const n = y.length;
  const random = new SeededRandom(parameters.seed);
  const data = binMatrix(x, n, nCols, parameters.maxBins, parameters.categoricalColumns);
  const trees = new GrowingTrees(data, 1);
  const growth = new GradientTreeGrowth(data, trees, parameters);
  const { training, held } = divide(n, parameters, random);
  const initial = loss.initial(at(y, training), at(weight, training));
  const raw = new Float64Array(n * loss.nGroups);
  for (let i = 0; i < raw.length; i++) raw[i] = initial[i % loss.nGroups];
  const g = new Float64Array(n);
  const h = new Float64Array(n);
  let best = held.length > 0 ? loss.mean(y, raw, weight, held) : 0;
  let bestRounds = 0;
  let bestNodes = 0;
  let round = 0;
  while (round < parameters.nRounds) {
    const before = raw.slice();
    for (let group = 0; group < loss.nGroups; group++) {
      loss.derivatives(y, before, weight, group, g, h);
      const rows = drawn(training, parameters.rowShare, random);
      const leaves = growth.grow(g, h, rows, columnsOf(nCols, parameters.columnShare, random));
      setLeaves(trees, leaves, rows, y, raw, loss, parameters.learningRate);
      const isUpdated = updateRaw(trees, leaves, rows, raw, group, loss.nGroups);
      if (rows.length < n) passOthers(trees, isUpdated, raw, group, loss.nGroups);
    }
    round++;
    // Without held-back rows the last round is the best; with them the first one is kept in any case.
    if (held.length === 0 || round === 1) bestNodes = trees.count;
    if (held.length === 0) continue;
    const now = loss.mean(y, raw, weight, held);
    if (now < best) {
      best = now;
      bestRounds = round;
      bestNodes = trees.count;
    } else if (round - bestRounds >= parameters.patience) break;
  }
  growth.release();
  const kept = held.length > 0 ? Math.max(1, bestRounds) : round;
  trees.roots.length = kept * loss.nGroups;
  trees.count = bestNodes;
  return { trees: trees.finish(), initial, nRounds: kept };
}

function at(values: Float64Array, rows: Int32Array): Float64Array {
  return Float64Array.from(rows, (row) => values[row]);
}

function divide(
  n: number,
  parameters: Required<BoostingParameters>,
  random: SeededRandom,
): { training: Int32Array; held: Int32Array } {
  const nHeld = n >= 4 ? Math.min(n - 2, Math.round(parameters.validationShare * n)) : 0;
  const order = Int32Array.from({ length: n }, (_, i) => i);
  if (parameters.validateOn === 'random' && nHeld > 0) {
    for (let i = n - 1; i > 0; i--) {
      const j = random.integer(i + 1);
      const row = order[i];
      order[i] = order[j];
      order[j] = row;
    }
  }
  return { training: order.slice(0, n - nHeld).sort(), held: order.slice(n - nHeld).sort() };
}

function drawn(rows: Int32Array, share: number, random: SeededRandom): Int32Array {
  const out = rows.slice();
  if (share >= 1) return out;
  const most = Math.max(1, Math.round(share * rows.length));
  for (let i = 0; i < most; i++) {
    const j = i + random.integer(out.length - i);
    const row = out[i];
    out[i] = out[j];
    out[j] = row;
  }
  return out.slice(0, most).sort();
}

function columnsOf(nCols: number, share: number, random: SeededRandom): Int32Array {
  return drawn(
    Int32Array.from({ length: nCols }, (_, j) => j),
    share,
    random,
  );
}

/** Leaf values by the loss, times the rate. */
function setLeaves(
  trees: GrowingTrees,
  leaves: readonly Leaf[],
  rows: Int32Array,
  y: Float64Array,
  raw: Float64Array,
  loss: BoostingLoss,
  rate: number,
): void {
  for (const leaf of leaves) {
    if (loss.leafValue !== undefined) {
      const residuals = Float64Array.from(rows.subarray(leaf.from, leaf.to), (row) => y[row] - raw[row]);
      trees.value[leaf.node] = loss.leafValue(residuals);
    }
    trees.value[leaf.node] *= rate;
  }
}

/** Adds the leaves' values to their rows; returns a mark for each row that had its turn. */
function updateRaw(
  trees: GrowingTrees,
  leaves: readonly Leaf[],
  rows: Int32Array,
  raw: Float64Array,
  group: number,
  nGroups: number,
): Uint8Array {
  const isUpdated = new Uint8Array(raw.length / nGroups);
  for (const leaf of leaves) {
    const value = trees.value[leaf.node];
    for (let i = leaf.from; i < leaf.to; i++) {
      raw[rows[i] * nGroups + group] += value;
      isUpdated[rows[i]] = 1;
    }
  }
  return isUpdated;
}

/** The rows that this tree did not see: held back, or not drawn. */
function passOthers(
  trees: GrowingTrees,
  isUpdated: Uint8Array,
  raw: Float64Array,
  group: number,
  nGroups: number,
): void {
  const root = trees.roots[trees.roots.length - 1] ?? 0;
  for (let i = 0; i < isUpdated.length; i++) {
    if (isUpdated[i] === 0) raw[i * nGroups + group] += trees.value[trees.leafOf(root, i)];
  }
}
