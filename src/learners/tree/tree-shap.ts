import type { TreeEnsemble } from './tree-ensemble.ts';

/** What an answer is made of: `baseline` (the mean over the training rows) + the sum of `byColumn` = the answer. */
export interface Contributions {
  readonly baseline: number;
  readonly byColumn: Float64Array;
}

/**
 * SHAP values of the sum of some trees (path-dependent TreeSHAP: Lundberg et al. 2020, algorithm 2): the Shapley value of
 * each column, where a column that is not known sends a row both ways, in the proportion of the training rows.
 *
 * They say what the model made of the row, not what would happen if a column were changed; columns that carry the same share the
 * credit. O(nTrees · leaves · depth²).
 */
export function treeShap(trees: TreeEnsemble, row: Float64Array, output: number, nGroups = 1): Contributions {
  const walk = new Walk(trees, trees.coded(row), output);
  let baseline = 0;
  for (let tree = 0; tree < trees.nTrees; tree++) {
    if (nGroups > 1 && tree % nGroups !== output) continue;
    baseline += walk.addTree(trees.arrays.roots[tree]);
  }
  return { baseline, byColumn: walk.byColumn };
}

/** The path under way: for each column on it, the share of rows that pass without and with the column known, and the weights of subsets by size. */
class Walk {
  readonly byColumn: Float64Array;
  readonly #trees: TreeEnsemble;
  readonly #row: Float64Array;
  readonly #output: number;
  /** One stretch of the four arrays a depth. */
  #column = new Int32Array(0);
  #zero = new Float64Array(0);
  #one = new Float64Array(0);
  #weight = new Float64Array(0);

  constructor(trees: TreeEnsemble, row: Float64Array, output: number) {
    this.#trees = trees;
    this.#row = row;
    this.#output = trees.arrays.nOutputs > 1 ? output : 0;
    this.byColumn = new Float64Array(trees.arrays.nCols);
  }

  /** Adds the tree's values to byColumn; returns its mean. */
  addTree(root: number): number {
    const depth = this.#depth(root) + 2;
    const size = (depth * (depth + 1)) / 2 + depth;
    if (this.#column.length < size) {
      this.#column = new Int32Array(size);
      this.#zero = new Float64Array(size);
      this.#one = new Float64Array(size);
      this.#weight = new Float64Array(size);
    }
    this.#recurse(root, 0, 0, 0, 1, 1, -1);
    return this.#mean(root);
  }

  #depth(node: number): number {
    const { feature, left } = this.#trees.arrays;
    if (feature[node] < 0) return 0;
    const first = Math.abs(left[node]);
    return 1 + Math.max(this.#depth(first), this.#depth(first + 1));
  }

  #mean(node: number): number {
    const { feature, left, cover, value, nOutputs } = this.#trees.arrays;
    if (feature[node] < 0) return value[node * nOutputs + this.#output];
    const first = Math.abs(left[node]);
    const whole = cover[first] + cover[first + 1];
    return (this.#mean(first) * cover[first] + this.#mean(first + 1) * cover[first + 1]) / whole;
  }

  /** `at`: where this depth's path begins in the arrays; `length`: elements on the path of the parent. */
  #recurse(
    node: number,
    parentAt: number,
    at: number,
    length: number,
    zero: number,
    one: number,
    column: number,
  ): void {
    for (let i = 0; i < length; i++) this.#copy(parentAt + i, at + i);
    this.#extend(at, length, zero, one, column);
    const { feature, left, cover, value, nOutputs } = this.#trees.arrays;
    if (feature[node] < 0) {
      const answer = value[node * nOutputs + this.#output];
      for (let i = 1; i <= length; i++) {
        const weight = this.#unwoundSum(at, length, i);
        this.byColumn[this.#column[at + i]] += weight * (this.#one[at + i] - this.#zero[at + i]) * answer;
      }
      return;
    }
    const first = Math.abs(left[node]);
    const hot = this.#trees.child(node, this.#row);
    const cold = hot === first ? first + 1 : first;
    const whole = cover[first] + cover[first + 1];
    let zeroBefore = 1;
    let oneBefore = 1;
    let end = length;
    for (let i = 1; i <= length; i++) {
      if (this.#column[at + i] !== feature[node]) continue;
      zeroBefore = this.#zero[at + i];
      oneBefore = this.#one[at + i];
      this.#unwind(at, length, i);
      end = length - 1;
      break;
    }
    const next = at + length + 1;
    this.#recurse(hot, at, next, end + 1, (zeroBefore * cover[hot]) / whole, oneBefore, feature[node]);
    this.#recurse(cold, at, next, end + 1, (zeroBefore * cover[cold]) / whole, 0, feature[node]);
  }

  #copy(from: number, to: number): void {
    this.#column[to] = this.#column[from];
    this.#zero[to] = this.#zero[from];
    this.#one[to] = this.#one[from];
    this.#weight[to] = this.#weight[from];
  }

  #extend(at: number, length: number, zero: number, one: number, column: number): void {
    this.#column[at + length] = column;
    this.#zero[at + length] = zero;
    this.#one[at + length] = one;
    this.#weight[at + length] = length === 0 ? 1 : 0;
    for (let i = length - 1; i >= 0; i--) {
      this.#weight[at + i + 1] += (one * this.#weight[at + i] * (i + 1)) / (length + 1);
      this.#weight[at + i] = (zero * this.#weight[at + i] * (length - i)) / (length + 1);
    }
  }

  /** Takes element `index` off a path whose last element is `length`. */
  #unwind(at: number, length: number, index: number): void {
    const one = this.#one[at + index];
    const zero = this.#zero[at + index];
    let next = this.#weight[at + length];
    for (let i = length - 1; i >= 0; i--) {
      if (one !== 0) {
        const before = this.#weight[at + i];
        this.#weight[at + i] = (next * (length + 1)) / ((i + 1) * one);
        next = before - (this.#weight[at + i] * zero * (length - i)) / (length + 1);
      } else this.#weight[at + i] = (this.#weight[at + i] * (length + 1)) / (zero * (length - i));
    }
    for (let i = index; i < length; i++) {
      this.#column[at + i] = this.#column[at + i + 1];
      this.#zero[at + i] = this.#zero[at + i + 1];
      this.#one[at + i] = this.#one[at + i + 1];
    }
  }

  /** The sum of the weights as if element `index` were taken off. */
  #unwoundSum(at: number, length: number, index: number): number {
    const one = this.#one[at + index];
    const zero = this.#zero[at + index];
    let next = this.#weight[at + length];
    let total = 0;
    for (let i = length - 1; i >= 0; i--) {
      if (one !== 0) {
        const weight = (next * (length + 1)) / ((i + 1) * one);
        total += weight;
        next = this.#weight[at + i] - (weight * zero * (length - i)) / (length + 1);
      } else if (zero !== 0) total += (this.#weight[at + i] * (length + 1)) / (zero * (length - i));
    }
    return total;
  }
}
