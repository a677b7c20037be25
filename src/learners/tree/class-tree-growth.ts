import type { SeededRandom } from '../../stats/random.ts';
import type { BinnedMatrix } from './binned-matrix.ts';
import { takePrefix } from './gradient-split-search.ts';
import { type GrowingTrees, noSplit, type Split } from './growing-trees.ts';

export interface ClassTreeLimits {
  readonly maxDepth: number;
  /** Fewest rows in a leaf. */
  readonly minLeaf: number;
  /** Columns that each split chooses from. */
  readonly nCandidates: number;
  readonly random: SeededRandom;
}

/** Grows classification trees by Gini impurity from histograms of bins; a node's value is the share of each class. */
export class ClassTreeGrowth {
  readonly #data: BinnedMatrix;
  readonly #trees: GrowingTrees;
  readonly #limits: ClassTreeLimits;
  readonly #label: Uint8Array;
  readonly #nClasses: number;
  /** Weight of each row, and how often it was drawn, in the tree under growth. */
  readonly #weight: Float64Array;
  readonly #times: Int32Array;
  readonly #columns: Int32Array;
  readonly #spare: Int32Array;
  /** A bin's weight by class, then its rows. */
  readonly #histogram: Float64Array;
  readonly #left: Float64Array;
  readonly #whole: Float64Array;
  readonly #order = new Int32Array(256);
  readonly #key = new Float64Array(256);
  #rows: Int32Array = new Int32Array(0);

  constructor(data: BinnedMatrix, trees: GrowingTrees, label: Uint8Array, nClasses: number, limits: ClassTreeLimits) {
    this.#data = data;
    this.#trees = trees;
    this.#limits = limits;
    this.#label = label;
    this.#nClasses = nClasses;
    this.#weight = new Float64Array(data.nRows);
    this.#times = new Int32Array(data.nRows);
    this.#columns = Int32Array.from({ length: data.nCols }, (_, j) => j);
    this.#spare = new Int32Array(data.nRows);
    this.#histogram = new Float64Array(257 * (nClasses + 1));
    this.#left = new Float64Array(nClasses);
    this.#whole = new Float64Array(nClasses);
  }

  /** One tree on a bootstrap sample: `times` says how often each row was drawn, `weight` what a row counts each time. */
  grow(times: Int32Array, weight: Float64Array): number {
    let n = 0;
    let rows = 0;
    const chosen = new Int32Array(times.length);
    for (let i = 0; i < times.length; i++) {
      this.#times[i] = times[i];
      this.#weight[i] = times[i] * weight[i];
      if (times[i] > 0) chosen[n++] = i;
      rows += times[i];
    }
    this.#rows = chosen;
    const root = this.#trees.newRoot();
    this.#split(root, 0, n, rows, 0);
    return root;
  }

  #split(node: number, from: number, to: number, nRows: number, depth: number): void {
    const K = this.#nClasses;
    const whole = new Float64Array(K);
    for (let i = from; i < to; i++) whole[this.#label[this.#rows[i]]] += this.#weight[this.#rows[i]];
    let weight = 0;
    let square = 0;
    for (let k = 0; k < K; k++) {
      weight += whole[k];
      square += whole[k] * whole[k];
    }
    this.#trees.cover[node] = weight;
    const nOutputs = this.#trees.nOutputs;
    // Two classes: the share of class 1 says it all.
    for (let k = 0; k < nOutputs; k++) this.#trees.value[node * nOutputs + k] = whole[nOutputs === 1 ? 1 : k] / weight;
    const isPure = !(square < weight * weight * (1 - 1e-12));
    if (isPure || depth >= this.#limits.maxDepth || nRows < 2 * this.#limits.minLeaf) return;
    this.#whole.set(whole);
    const split = this.#search(from, to, nRows, weight, square);
    if (split.column < 0) return;
    const first = this.#trees.split(node, split);
    const middle = this.#trees.partition(split, this.#rows, this.#spare, from, to);
    let leftRows = 0;
    for (let i = from; i < middle; i++) leftRows += this.#times[this.#rows[i]];
    this.#split(first, from, middle, leftRows, depth + 1);
    this.#split(first + 1, middle, to, nRows - leftRows, depth + 1);
  }

  /** Tries columns in random order until `nCandidates` that can be split were tried. */
  #search(from: number, to: number, nRows: number, weight: number, square: number): Split {
    const split = noSplit();
    split.gain = (square / weight) * 1e-12;
    const columns = this.#columns;
    let tried = 0;
    for (let k = 0; k < columns.length && tried < this.#limits.nCandidates; k++) {
      const j = k + this.#limits.random.integer(columns.length - k);
      const column = columns[j];
      columns[j] = columns[k];
      columns[k] = column;
      if (this.#data.nBins[column] < 1) continue;
      if (this.#scan(split, column, from, to, nRows, weight, square)) tried++;
    }
    return split;
  }

  #count(column: number, from: number, to: number): void {
    const { bins, nRows, nBins } = this.#data;
    const stride = this.#nClasses + 1;
    const histogram = this.#histogram;
    histogram.fill(0, 0, (nBins[column] + 1) * stride);
    const start = column * nRows;
    const last = this.#nClasses;
    const rows = this.#rows;
    const label = this.#label;
    const weight = this.#weight;
    const times = this.#times;
    for (let i = from; i < to; i++) {
      const row = rows[i];
      const at = bins[start + row] * stride;
      histogram[at + label[row]] += weight[row];
      histogram[at + last] += times[row];
    }
  }

  /** Betters `split` by the column if it can; false when all its rows lie in one bin. Kept in one piece: a loop that training spends its time in. */
  #scan(
    split: Split,
    column: number,
    from: number,
    to: number,
    nRows: number,
    weight: number,
    square: number,
  ): boolean {
    this.#count(column, from, to);
    const K = this.#nClasses;
    const stride = K + 1;
    const histogram = this.#histogram;
    const whole = this.#whole;
    const left = this.#left.fill(0);
    const nBins = this.#data.nBins[column];
    const order = this.#data.categories[column] === null ? null : this.#sortCategories(nBins);
    const missing = nBins * stride;
    const nMissing = histogram[missing + K];
    const minLeaf = this.#limits.minLeaf;
    const floor = square / weight;
    let count = 0;
    for (let bin = 0; bin < nBins; bin++) {
      const at = (order === null ? bin : order[bin]) * stride;
      const inBin = histogram[at + K];
      if (inBin === 0) continue;
      const wasEmpty = count === 0;
      count += inBin;
      for (let k = 0; k < K; k++) left[k] += histogram[at + k];
      const isLast = count + nMissing === nRows;
      if (isLast && nMissing === 0) return !wasEmpty;
      for (let missingLeft = nMissing > 0 && !isLast ? 1 : 0; missingLeft >= 0; missingLeft--) {
        const nl = count + missingLeft * nMissing;
        if (nl < minLeaf || nRows - nl < minLeaf) continue;
        let wl = 0;
        let squareLeft = 0;
        let squareRight = 0;
        for (let k = 0; k < K; k++) {
          const l = left[k] + missingLeft * histogram[missing + k];
          const r = whole[k] - l;
          wl += l;
          squareLeft += l * l;
          squareRight += r * r;
        }
        const wr = weight - wl;
        if (!(wl > 0) || !(wr > 0)) continue;
        const gain = squareLeft / wl + squareRight / wr - floor;
        if (!(gain > split.gain)) continue;
        split.gain = gain;
        split.column = column;
        split.bin = isLast ? nBins : bin;
        split.missingLeft = nMissing > 0 ? missingLeft === 1 : nl >= nRows - nl;
        if (order !== null) takePrefix(split.set, order, bin);
      }
      if (isLast) break;
    }
    return count > 0;
  }

  /** In the order of the share of the node's most frequent class (exact for two classes: Breiman et al. 1984). */
  #sortCategories(nBins: number): Int32Array {
    const K = this.#nClasses;
    const most = this.#whole.indexOf(Math.max(...this.#whole));
    for (let b = 0; b < nBins; b++) {
      let weight = 0;
      for (let k = 0; k < K; k++) weight += this.#histogram[b * (K + 1) + k];
      this.#order[b] = b;
      this.#key[b] = weight > 0 ? this.#histogram[b * (K + 1) + most] / weight : 0;
    }
    return this.#order.subarray(0, nBins).sort((a, b) => this.#key[a] - this.#key[b] || a - b);
  }
}
