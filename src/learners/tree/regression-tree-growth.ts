import type { SeededRandom } from '../../stats/random.ts';
import { type BinnedColumns, MAX_BINS } from './binned-columns.ts';

export interface RegressionTreeLimits {
  readonly maxDepth: number;
  readonly minLeaf: number;
  /** Columns that each split chooses from. */
  readonly nCandidates: number;
  readonly random: SeededRandom;
}

/** Grows regression trees by histograms of bins into flat arrays that all trees share. */
export class RegressionTreeGrowth {
  feature: Int32Array = new Int32Array(4096);
  threshold: Float64Array = new Float64Array(4096);
  /** Index of the left child, the right one follows; negative: missing values go right. */
  left: Int32Array = new Int32Array(4096);
  /** Mean target of the rows in the node, leaves and inner nodes. */
  value: Float64Array = new Float64Array(4096);
  /** Rows of the bag in each node. */
  cover: Float64Array = new Float64Array(4096);
  count = 0;
  readonly #data: BinnedColumns;
  readonly #target: Float64Array;
  readonly #limits: RegressionTreeLimits;
  readonly #columns: Int32Array;
  /** Targets in the order of the node's rows: read once for each column tried. */
  readonly #targetInOrder: Float64Array;
  readonly #sums = new Float64Array(MAX_BINS + 1);
  readonly #counts = new Int32Array(MAX_BINS + 1);
  // The best split found by #search.
  #bestGain = 0;
  #bestColumn = -1;
  #bestBin = 0;
  #bestMissingLeft = false;

  constructor(data: BinnedColumns, target: Float64Array, limits: RegressionTreeLimits) {
    this.#data = data;
    this.#target = target;
    this.#limits = limits;
    this.#targetInOrder = new Float64Array(data.nRows);
    this.#columns = Int32Array.from({ length: data.nCols }, (_, i) => i);
  }

  /** Grows trees on bootstrap samples; `sum` and `count` collect what each row is given by trees that had not seen it. */
  growForest(nTrees: number): { roots: Int32Array; sum: Float64Array; count: Int32Array } {
    const { nRows, nCols, values } = this.#data;
    const roots = new Int32Array(nTrees);
    const sum = new Float64Array(nRows);
    const count = new Int32Array(nRows);
    const drawn = new Int32Array(nRows);
    const bag = new Int32Array(nRows);
    for (let tree = 0; tree < nTrees; tree++) {
      drawn.fill(0);
      for (let i = 0; i < nRows; i++) drawn[this.#limits.random.integer(nRows)]++;
      let at = 0;
      for (let i = 0; i < nRows; i++) for (let k = drawn[i]; k > 0; k--) bag[at++] = i;
      const root = this.#newNodes(1);
      roots[tree] = root;
      this.#split(root, bag, 0, nRows, 0);
      for (let i = 0; i < nRows; i++) {
        if (drawn[i] > 0) continue;
        sum[i] += this.#predict(root, values, i * nCols);
        count[i]++;
      }
    }
    return { roots, sum, count };
  }

  #split(node: number, rows: Int32Array, from: number, to: number, depth: number): void {
    const target = this.#target;
    const inOrder = this.#targetInOrder;
    let sum = 0;
    for (let i = from; i < to; i++) {
      inOrder[i] = target[rows[i]];
      sum += inOrder[i];
    }
    const n = to - from;
    this.feature[node] = -1;
    this.value[node] = sum / n;
    this.cover[node] = n;
    if (depth >= this.#limits.maxDepth || n < 2 * this.#limits.minLeaf) return;
    this.#search(rows, from, to, sum);
    if (this.#bestColumn < 0) return;
    const column = this.#bestColumn;
    const missingLeft = this.#bestMissingLeft;
    // Beyond the last bin: all that is there goes left, what is missing right.
    const threshold = this.#data.thresholds[column][this.#bestBin] ?? Infinity;
    const middle = this.#partition(rows, from, to);
    const left = this.#newNodes(2);
    this.feature[node] = column;
    this.threshold[node] = threshold;
    this.left[node] = missingLeft ? left : -left;
    this.#split(left, rows, from, middle, depth + 1);
    this.#split(left + 1, rows, middle, to, depth + 1);
  }

  /** Tries columns in random order until `nCandidates` that can be split were tried. */
  #search(rows: Int32Array, from: number, to: number, sum: number): void {
    this.#bestColumn = -1;
    // A gain below rounding noise is none: a constant target stays one leaf.
    this.#bestGain = ((sum * sum) / (to - from)) * 1e-12 + 1e-300;
    const columns = this.#columns;
    let tried = 0;
    for (let k = 0; k < columns.length && tried < this.#limits.nCandidates; k++) {
      const j = k + this.#limits.random.integer(columns.length - k);
      const column = columns[j];
      columns[j] = columns[k];
      columns[k] = column;
      if (this.#data.thresholds[column].length === 0) continue;
      if (this.#scan(column, rows, from, to, sum)) tried++;
    }
  }

  /** Finds the column's best split; false when all its rows lie in one bin. Kept in one piece: this loop is where training spends its time. */
  #scan(column: number, rows: Int32Array, from: number, to: number, sum: number): boolean {
    const { bins, nRows, missingBin } = this.#data;
    const sums = this.#sums;
    const counts = this.#counts;
    const target = this.#targetInOrder;
    const nBins = this.#data.thresholds[column].length + 1;
    sums.fill(0);
    counts.fill(0);
    const start = column * nRows;
    for (let i = from; i < to; i++) {
      const bin = bins[start + rows[i]];
      sums[bin] += target[i];
      counts[bin]++;
    }
    const n = to - from;
    const minLeaf = this.#limits.minLeaf;
    const whole = (sum * sum) / n;
    const missingCount = counts[missingBin];
    const missingSum = sums[missingBin];
    let leftCount = 0;
    let leftSum = 0;
    let gainToBeat = this.#bestGain;
    for (let bin = 0; bin < nBins; bin++) {
      const inBin = counts[bin];
      if (inBin === 0) continue;
      leftCount += inBin;
      leftSum += sums[bin];
      // The last occupied bin: what is left for the right side are the missing rows, or nobody.
      const isLast = leftCount + missingCount === n;
      if (isLast && missingCount === 0) {
        this.#bestGain = gainToBeat;
        return inBin < n;
      }
      for (let missingLeft = missingCount > 0 && !isLast ? 1 : 0; missingLeft >= 0; missingLeft--) {
        const nl = leftCount + missingLeft * missingCount;
        const nr = n - nl;
        if (nl < minLeaf || nr < minLeaf) continue;
        const sl = leftSum + missingLeft * missingSum;
        const sr = sum - sl;
        const gain = (sl * sl) / nl + (sr * sr) / nr - whole;
        if (gain > gainToBeat) {
          gainToBeat = gain;
          this.#bestColumn = column;
          this.#bestBin = isLast ? nBins : bin;
          // Without missing rows here, those to come follow the larger side.
          this.#bestMissingLeft = missingCount > 0 ? missingLeft === 1 : nl >= nr;
        }
      }
      if (isLast) break;
    }
    this.#bestGain = gainToBeat;
    return leftCount > 0;
  }

  #partition(rows: Int32Array, from: number, to: number): number {
    const { bins, nRows, missingBin } = this.#data;
    const start = this.#bestColumn * nRows;
    let low = from;
    let high = to - 1;
    while (low <= high) {
      const bin = bins[start + rows[low]];
      if (bin === missingBin ? this.#bestMissingLeft : bin <= this.#bestBin) low++;
      else {
        const row = rows[low];
        rows[low] = rows[high];
        rows[high] = row;
        high--;
      }
    }
    return low;
  }

  #predict(root: number, x: Float64Array, start: number): number {
    let node = root;
    while (this.feature[node] >= 0) {
      const left = this.left[node];
      const value = x[start + this.feature[node]];
      if (value !== value) node = left < 0 ? 1 - left : left;
      else node = (left < 0 ? -left : left) + (value < this.threshold[node] ? 0 : 1);
    }
    return this.value[node];
  }

  #newNodes(n: number): number {
    const first = this.count;
    this.count += n;
    if (this.count > this.feature.length) {
      const capacity = this.feature.length * 2;
      this.feature = grown(this.feature, new Int32Array(capacity));
      this.left = grown(this.left, new Int32Array(capacity));
      this.threshold = grown(this.threshold, new Float64Array(capacity));
      this.value = grown(this.value, new Float64Array(capacity));
      this.cover = grown(this.cover, new Float64Array(capacity));
    }
    return first;
  }
}

function grown<A extends Int32Array | Float64Array>(from: A, to: A): A {
  to.set(from);
  return to;
}
