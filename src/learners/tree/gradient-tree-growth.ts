import type { BinnedMatrix } from './binned-matrix.ts';
import { type GrowingTrees, noSplit, type Split } from './growing-trees.ts';
import { CATEGORY_WORDS } from './tree-ensemble.ts';

export interface GradientTreeLimits {
  readonly maxLeaves: number;
  readonly maxDepth: number;
  /** Fewest rows in a leaf. */
  readonly minLeaf: number;
  /** Penalty on the square of a leaf's value. */
  readonly l2: number;
}

/** A category's gradient is drawn towards 0 as if it had so many average rows more (as LightGBM's cat_smooth). */
const CATEGORY_PRIOR = 10;
/** Sums in a histogram's bin: gradient, second derivative, rows. */
const STRIDE = 3;

interface OpenLeaf {
  readonly node: number;
  readonly from: number;
  readonly to: number;
  readonly depth: number;
  readonly gradient: number;
  readonly hessian: number;
  readonly histogram: Float64Array | null;
  readonly split: Split;
}

/** A leaf of the last tree: its node and where its rows stand. */
export interface Leaf {
  readonly node: number;
  readonly from: number;
  readonly to: number;
}

/**
 * Grows one tree after another on gradients, the leaf with the largest gain first (as LightGBM: Ke et al. 2017), from
 * histograms of bins; of two children the smaller one's histogram is counted, the other's is what is left of the parent's.
 */
export class GradientTreeGrowth {
  readonly #data: BinnedMatrix;
  readonly #trees: GrowingTrees;
  readonly #limits: GradientTreeLimits;
  /** Where each column's bins begin in a histogram. */
  readonly #offsets: Int32Array;
  readonly #pool: Float64Array[] = [];
  readonly #spare: Int32Array;
  readonly #g: Float64Array;
  readonly #h: Float64Array;
  readonly #order: Int32Array;
  readonly #key: Float64Array;
  #rows: Int32Array = new Int32Array(0);
  #columns: Int32Array = new Int32Array(0);

  constructor(data: BinnedMatrix, trees: GrowingTrees, limits: GradientTreeLimits) {
    this.#data = data;
    this.#trees = trees;
    this.#limits = limits;
    this.#offsets = new Int32Array(data.nCols + 1);
    for (let j = 0; j < data.nCols; j++) this.#offsets[j + 1] = this.#offsets[j] + data.nBins[j] + 1;
    this.#spare = new Int32Array(data.nRows);
    this.#g = new Float64Array(data.nRows);
    this.#h = new Float64Array(data.nRows);
    this.#order = new Int32Array(256);
    this.#key = new Float64Array(256);
  }

  /** Grows a tree on the given rows and columns; the rows are put in the order of the leaves. Leaf values are −G ÷ (H + l2). */
  grow(gradient: Float64Array, hessian: Float64Array, rows: Int32Array, columns: Int32Array): Leaf[] {
    this.#rows = rows;
    this.#columns = columns;
    let g = 0;
    let h = 0;
    for (const row of rows) {
      g += gradient[row];
      h += hessian[row];
    }
    const open: OpenLeaf[] = [];
    const closed: Leaf[] = [];
    const settle = (leaf: OpenLeaf): void => {
      this.#trees.value[leaf.node] = -leaf.gradient / (leaf.hessian + this.#limits.l2);
      this.#trees.cover[leaf.node] = leaf.to - leaf.from;
      if (leaf.split.column >= 0) open.push(leaf);
      else this.#close(leaf, closed);
    };
    const root = this.#leaf(this.#trees.newRoot(), 0, rows.length, 0, g, h);
    if (root.histogram !== null) {
      this.#count(root.histogram, 0, rows.length, gradient, hessian);
      this.#search(root);
    }
    settle(root);
    while (open.length > 0) {
      if (open.length + closed.length >= this.#limits.maxLeaves) {
        for (const leaf of open) this.#close(leaf, closed);
        break;
      }
      let best = 0;
      for (let i = 1; i < open.length; i++) if (open[i].split.gain > open[best].split.gain) best = i;
      const [leaf] = open.splice(best, 1);
      for (const child of this.#part(leaf, gradient, hessian)) settle(child);
    }
    return closed;
  }

  #close(leaf: OpenLeaf, closed: Leaf[]): void {
    if (leaf.histogram !== null) this.#pool.push(leaf.histogram);
    closed.push({ node: leaf.node, from: leaf.from, to: leaf.to });
  }

  #leaf(node: number, from: number, to: number, depth: number, gradient: number, hessian: number): OpenLeaf {
    const canSplit = to - from >= 2 * this.#limits.minLeaf && depth < this.#limits.maxDepth;
    const size = this.#offsets[this.#data.nCols] * STRIDE;
    const histogram = canSplit ? (this.#pool.pop() ?? new Float64Array(size)) : null;
    return { node, from, to, depth, gradient, hessian, histogram, split: noSplit() };
  }

  #part(leaf: OpenLeaf, gradient: Float64Array, hessian: Float64Array): OpenLeaf[] {
    const first = this.#trees.split(leaf.node, leaf.split);
    const middle = this.#trees.partition(leaf.split, this.#rows, this.#spare, leaf.from, leaf.to);
    let g = 0;
    let h = 0;
    const leftIsSmaller = middle - leaf.from <= leaf.to - middle;
    const [from, to] = leftIsSmaller ? [leaf.from, middle] : [middle, leaf.to];
    for (let i = from; i < to; i++) {
      g += gradient[this.#rows[i]];
      h += hessian[this.#rows[i]];
    }
    const small = this.#leaf(leftIsSmaller ? first : first + 1, from, to, leaf.depth + 1, g, h);
    const [otherFrom, otherTo] = leftIsSmaller ? [middle, leaf.to] : [leaf.from, middle];
    const node = leftIsSmaller ? first + 1 : first;
    const large = this.#leaf(node, otherFrom, otherTo, leaf.depth + 1, leaf.gradient - g, leaf.hessian - h);
    if (large.histogram !== null && leaf.histogram !== null) {
      const counted = small.histogram ?? this.#pool.pop() ?? new Float64Array(leaf.histogram.length);
      this.#count(counted, from, to, gradient, hessian);
      const parent = leaf.histogram;
      const rest = large.histogram;
      for (let b = 0; b < rest.length; b++) rest[b] = parent[b] - counted[b];
      if (small.histogram === null) this.#pool.push(counted);
    } else if (small.histogram !== null) this.#count(small.histogram, from, to, gradient, hessian);
    if (leaf.histogram !== null) this.#pool.push(leaf.histogram);
    if (small.histogram !== null) this.#search(small);
    if (large.histogram !== null) this.#search(large);
    return leftIsSmaller ? [small, large] : [large, small];
  }

  /** Kept in one piece: this loop is where training spends its time. */
  #count(histogram: Float64Array, from: number, to: number, gradient: Float64Array, hessian: Float64Array): void {
    const rows = this.#rows;
    const g = this.#g;
    const h = this.#h;
    const n = to - from;
    for (let i = 0; i < n; i++) {
      const row = rows[from + i];
      g[i] = gradient[row];
      h[i] = hessian[row];
    }
    histogram.fill(0);
    const { bins, nRows } = this.#data;
    for (const column of this.#columns) {
      const base = this.#offsets[column] * STRIDE;
      const start = column * nRows;
      for (let i = 0; i < n; i++) {
        const at = base + bins[start + rows[from + i]] * STRIDE;
        histogram[at] += g[i];
        histogram[at + 1] += h[i];
        histogram[at + 2]++;
      }
    }
  }

  #search(leaf: OpenLeaf): void {
    for (const column of this.#columns) {
      if (this.#data.nBins[column] < 1) continue;
      if (this.#data.categories[column] === null) this.#scan(leaf, column, null);
      else this.#scan(leaf, column, this.#sortCategories(leaf, column));
    }
  }

  /** Categories in the order of their mean gradients: the best subset is then a prefix (Fisher 1958). */
  #sortCategories(leaf: OpenLeaf, column: number): Int32Array {
    const histogram = leaf.histogram ?? new Float64Array(0);
    const base = this.#offsets[column] * STRIDE;
    const prior = (CATEGORY_PRIOR * leaf.hessian) / (leaf.to - leaf.from);
    const nBins = this.#data.nBins[column];
    for (let b = 0; b < nBins; b++) {
      this.#order[b] = b;
      this.#key[b] = histogram[base + b * STRIDE] / (histogram[base + b * STRIDE + 1] + prior);
    }
    return this.#order.subarray(0, nBins).sort((a, b) => this.#key[a] - this.#key[b] || a - b);
  }

  #scan(leaf: OpenLeaf, column: number, order: Int32Array | null): void {
    const histogram = leaf.histogram;
    if (histogram === null) return;
    const { minLeaf, l2 } = this.#limits;
    const nBins = this.#data.nBins[column];
    const base = this.#offsets[column] * STRIDE;
    const missing = base + nBins * STRIDE;
    const n = leaf.to - leaf.from;
    const nMissing = histogram[missing + 2];
    const floor = (leaf.gradient * leaf.gradient) / (leaf.hessian + l2);
    let g = 0;
    let h = 0;
    let count = 0;
    for (let k = 0; k < nBins; k++) {
      const at = base + (order === null ? k : order[k]) * STRIDE;
      const inBin = histogram[at + 2];
      if (inBin === 0) continue;
      g += histogram[at];
      h += histogram[at + 1];
      count += inBin;
      const isLast = count + nMissing === n;
      // Behind the last occupied bin only "present or missing" is left to part.
      if (isLast && nMissing === 0) return;
      for (let left = nMissing > 0 && !isLast ? 1 : 0; left >= 0; left--) {
        const nl = count + left * nMissing;
        if (nl < minLeaf || n - nl < minLeaf) continue;
        const gl = g + left * histogram[missing];
        const hl = h + left * histogram[missing + 1];
        const gr = leaf.gradient - gl;
        const hr = leaf.hessian - hl;
        if (!(hl + l2 > 0) || !(hr + l2 > 0)) continue;
        const gain = (gl * gl) / (hl + l2) + (gr * gr) / (hr + l2) - floor;
        // A gain below rounding noise is none: a constant target stays one leaf.
        if (!(gain > leaf.split.gain) || gain <= floor * 1e-12 + 1e-15) continue;
        leaf.split.gain = gain;
        leaf.split.column = column;
        leaf.split.bin = isLast ? nBins : k;
        leaf.split.missingLeft = nMissing > 0 ? left === 1 : nl >= n - nl;
        if (order !== null) takePrefix(leaf.split.set, order, k);
      }
      if (isLast) return;
    }
  }
}

/** The set of the first k + 1 bins of an order. */
export function takePrefix(set: Int32Array, order: Int32Array, k: number): void {
  for (let word = 0; word < CATEGORY_WORDS; word++) set[word] = 0;
  for (let i = 0; i <= k; i++) set[order[i] >>> 5] |= 1 << (order[i] & 31);
}
