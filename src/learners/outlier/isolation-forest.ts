import { AuspexError } from '../../errors.ts';
import { SeededRandom } from '../../stats/random.ts';
import { ModelReader, ModelWriter } from '../model-bytes.ts';
import { requireFitted, requireInteger, requireMatrix } from '../requirements.ts';
import { thresholdBetween } from '../split.ts';

const KIND = 'isolation-forest';
const VERSION = 1;
const EULER_GAMMA = 0.5772156649015329;

export interface IsolationForestParameters {
  /** 1 … 1000 */
  readonly nTrees?: number;
  /** Rows drawn, without replacement, for each tree: 2 … 65,536. */
  readonly sampleSize?: number;
  readonly seed: number;
}

/**
 * Isolation forest (Liu, Ting, Zhou 2008): rows that random splits cut off early are unusual.
 *
 * Weak where anomalies are dense, where only one of many features matters (more than about 50 columns of noise hide
 * it), and beyond the range it was trained on: a value ten times the highest scores like the highest. Splits are
 * parallel to the axes, so a broken relation between two features inside their ranges is hardly seen.
 *
 * NaN is a missing value: it follows the larger side of each split, so that a gap never looks unusual.
 * Fit O(nTrees · sampleSize · log sampleSize), score O(nTrees · log sampleSize); about 20 bytes a node.
 */
export class IsolationForest {
  readonly nTrees: number;
  readonly sampleSize: number;
  readonly seed: number;
  #nCols = 0;
  /** Split column, or -1 for a leaf; trees stand one after another. */
  #feature: Int32Array = new Int32Array(0);
  #threshold: Float64Array = new Float64Array(0);
  /** Index of the left child (the right one follows it). Negative: missing values go right. */
  #left: Int32Array = new Int32Array(0);
  /** Depth that the rows below a node would still need on average: c(size). */
  #rest: Float64Array = new Float64Array(0);
  #roots: Int32Array = new Int32Array(0);
  #normaliser = 1;

  constructor(parameters: IsolationForestParameters) {
    this.nTrees = requireInteger('nTrees', parameters.nTrees ?? 100, 1, 1000);
    this.sampleSize = requireInteger('sampleSize', parameters.sampleSize ?? 256, 2, 65_536);
    this.seed = parameters.seed;
  }

  /** Columns it was trained on; 0 before. */
  get nCols(): number {
    return this.#nCols;
  }

  /** Learns from a row-major matrix, forgetting what it knew. Throws BAD_REQUEST for a matrix without rows or of another size. */
  fit(x: Float64Array, nRows: number, nCols: number): this {
    requireMatrix(x, nRows, nCols);
    const random = new SeededRandom(this.seed);
    const size = Math.min(this.sampleSize, nRows);
    const growth = new TreeGrowth(x, nCols, random, Math.ceil(Math.log2(Math.max(2, size))), this.nTrees * size * 2);
    const order = Int32Array.from({ length: nRows }, (_, i) => i);
    this.#roots = new Int32Array(this.nTrees);
    for (let tree = 0; tree < this.nTrees; tree++) {
      for (let i = 0; i < size; i++) {
        const j = i + random.integer(nRows - i);
        const row = order[j];
        order[j] = order[i];
        order[i] = row;
      }
      this.#roots[tree] = growth.grow(order.slice(0, size));
    }
    this.#nCols = nCols;
    this.#feature = growth.feature.slice(0, growth.count);
    this.#threshold = growth.threshold.slice(0, growth.count);
    this.#left = growth.left.slice(0, growth.count);
    this.#rest = growth.rest.slice(0, growth.count);
    this.#normaliser = Math.max(averageDepth(size), Number.MIN_VALUE);
    return this;
  }

  /** 0..1: about 0.5 is usual, above 0.6 unusual, towards 1 alone. */
  score(row: Float64Array): number {
    this.#check(row);
    return this.#scoreAt(row, 0);
  }

  /** One score for each row of a row-major matrix. */
  scoreAll(x: Float64Array, nRows: number): Float64Array {
    requireFitted(this.#nCols > 0, KIND);
    requireMatrix(x, nRows, this.#nCols);
    const steps = new Int32Array(nRows);
    const rests = new Float64Array(nRows);
    const feature = this.#feature;
    const threshold = this.#threshold;
    const lefts = this.#left;
    const nCols = this.#nCols;
    // Tree by tree, so that a tree's nodes stay in the cache.
    for (const root of this.#roots) {
      for (let i = 0; i < nRows; i++) {
        const start = i * nCols;
        let node = root;
        let f = feature[node];
        let depth = 0;
        while (f >= 0) {
          const left = lefts[node];
          const value = x[start + f];
          if (value !== value) node = left < 0 ? 1 - left : left;
          else node = (left < 0 ? -left : left) + (value < threshold[node] ? 0 : 1);
          depth++;
          f = feature[node];
        }
        steps[i] += depth;
        rests[i] += this.#rest[node];
      }
    }
    return rests.map((rest, i) => this.#scoreOf(steps[i], rest));
  }

  /**
   * The share of each column in what makes the row unusual: each split on the way down is credited with the depth it
   * saved against an average split (these credits add up to the whole saving); below-average ones count as 0.
   * Shares add up to 1, or are all 0 for a row that is not cut off early anywhere. O(nTrees · log sampleSize).
   */
  contributions(row: Float64Array): Float64Array {
    this.#check(row);
    const shares = new Float64Array(this.#nCols);
    const feature = this.#feature;
    const rest = this.#rest;
    for (const root of this.#roots) {
      let node = root;
      while (feature[node] >= 0) {
        const child = this.#child(node, row[feature[node]]);
        shares[feature[node]] += rest[node] - 1 - rest[child];
        node = child;
      }
    }
    let sum = 0;
    for (let j = 0; j < shares.length; j++) {
      if (!(shares[j] > 0)) shares[j] = 0;
      sum += shares[j];
    }
    if (sum > 0) for (let j = 0; j < shares.length; j++) shares[j] /= sum;
    return shares;
  }

  toBytes(): Uint8Array {
    requireFitted(this.#nCols > 0, KIND);
    return new ModelWriter(KIND, VERSION)
      .number(this.nTrees)
      .number(this.sampleSize)
      .number(this.seed)
      .number(this.#nCols)
      .number(this.#normaliser)
      .int32s(this.#roots)
      .int32s(this.#feature)
      .int32s(this.#left)
      .float64s(this.#threshold)
      .float64s(this.#rest)
      .finish();
  }

  /** Throws MODEL_DAMAGED for bytes that are cut or altered. */
  static fromBytes(bytes: Uint8Array): IsolationForest {
    const reader = new ModelReader(bytes, KIND, VERSION);
    const forest = new IsolationForest({ nTrees: reader.number(), sampleSize: reader.number(), seed: reader.number() });
    forest.#nCols = reader.number();
    forest.#normaliser = reader.number();
    forest.#roots = reader.int32s();
    forest.#feature = reader.int32s();
    forest.#left = reader.int32s();
    forest.#threshold = reader.float64s();
    forest.#rest = reader.float64s();
    return forest;
  }

  #child(node: number, value: number): number {
    const left = this.#left[node];
    if (value !== value) return left < 0 ? 1 - left : left;
    return (left < 0 ? -left : left) + (value < this.#threshold[node] ? 0 : 1);
  }

  #scoreAt(x: Float64Array, start: number): number {
    const feature = this.#feature;
    const threshold = this.#threshold;
    const lefts = this.#left;
    let steps = 0;
    let rest = 0;
    for (const root of this.#roots) {
      let node = root;
      let f = feature[node];
      while (f >= 0) {
        const left = lefts[node];
        const value = x[start + f];
        if (value !== value) node = left < 0 ? 1 - left : left;
        else node = (left < 0 ? -left : left) + (value < threshold[node] ? 0 : 1);
        steps++;
        f = feature[node];
      }
      rest += this.#rest[node];
    }
    return this.#scoreOf(steps, rest);
  }

  /** From the splits on all paths and what the leaves would still need. */
  #scoreOf(steps: number, rest: number): number {
    return 2 ** (-(steps + rest) / (this.nTrees * this.#normaliser));
  }

  #check(row: Float64Array): void {
    requireFitted(this.#nCols > 0, KIND);
    if (row.length !== this.#nCols) {
      throw new AuspexError('BAD_REQUEST', `A row has ${row.length} values, the forest was trained on ${this.#nCols}.`);
    }
  }
}

/** Average depth at which one of n rows is cut off: c(n) of the paper. */
function averageDepth(n: number): number {
  if (n <= 1) return 0;
  if (n === 2) return 1;
  return 2 * (Math.log(n - 1) + EULER_GAMMA) - (2 * (n - 1)) / n;
}

/** Grows trees into flat arrays that all trees share. */
class TreeGrowth {
  readonly feature: Int32Array;
  readonly threshold: Float64Array;
  readonly left: Int32Array;
  readonly rest: Float64Array;
  count = 0;
  readonly #x: Float64Array;
  readonly #nCols: number;
  readonly #random: SeededRandom;
  readonly #maxDepth: number;
  readonly #columns: Int32Array;

  constructor(x: Float64Array, nCols: number, random: SeededRandom, maxDepth: number, capacity: number) {
    this.#x = x;
    this.#nCols = nCols;
    this.#random = random;
    this.#maxDepth = maxDepth;
    this.#columns = Int32Array.from({ length: nCols }, (_, i) => i);
    this.feature = new Int32Array(capacity);
    this.threshold = new Float64Array(capacity);
    this.left = new Int32Array(capacity);
    this.rest = new Float64Array(capacity);
  }

  grow(rows: Int32Array): number {
    const root = this.count++;
    this.#split(root, rows, 0, rows.length, 0);
    return root;
  }

  #split(node: number, rows: Int32Array, from: number, to: number, depth: number): void {
    this.feature[node] = -1;
    this.rest[node] = averageDepth(to - from);
    if (depth >= this.#maxDepth || to - from <= 1) return;
    const column = this.#chooseColumn(rows, from, to);
    if (column < 0) return;
    const threshold = this.#threshold;
    let missing = 0;
    let below = 0;
    for (let i = from; i < to; i++) {
      const value = this.#x[rows[i] * this.#nCols + column];
      if (value !== value) missing++;
      else if (value < threshold) below++;
    }
    const missingGoLeft = below >= to - from - missing - below;
    const middle = this.#partition(rows, from, to, column, missingGoLeft);
    const left = this.count;
    this.count += 2;
    this.feature[node] = column;
    this.threshold[node] = threshold;
    this.left[node] = missingGoLeft ? left : -left;
    this.#split(left, rows, from, middle, depth + 1);
    this.#split(left + 1, rows, middle, to, depth + 1);
  }

  /** Set by #chooseColumn. */
  #threshold = 0;

  /** A random column that differs within these rows, with a threshold between its extremes; -1 when none does. */
  #chooseColumn(rows: Int32Array, from: number, to: number): number {
    const columns = this.#columns;
    for (let tried = 0; tried < columns.length; tried++) {
      const j = tried + this.#random.integer(columns.length - tried);
      const column = columns[j];
      columns[j] = columns[tried];
      columns[tried] = column;
      let low = Infinity;
      let high = -Infinity;
      for (let i = from; i < to; i++) {
        const value = this.#x[rows[i] * this.#nCols + column];
        if (value < low) low = value;
        if (value > high) high = value;
      }
      if (high > low) {
        this.#threshold = thresholdBetween(low, high, this.#random.next());
        return column;
      }
    }
    return -1;
  }

  #partition(rows: Int32Array, from: number, to: number, column: number, missingGoLeft: boolean): number {
    let low = from;
    let high = to - 1;
    while (low <= high) {
      const value = this.#x[rows[low] * this.#nCols + column];
      if (value !== value ? missingGoLeft : value < this.#threshold) low++;
      else {
        const row = rows[low];
        rows[low] = rows[high];
        rows[high] = row;
        high--;
      }
    }
    return low;
  }
}
