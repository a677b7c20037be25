import type { BinnedMatrix } from './binned-matrix.ts';
import { GradientSplitSearch } from './gradient-split-search.ts';
import { GradientSums } from './gradient-sums.ts';
import { type GrowingTrees, noSplit, type Split } from './growing-trees.ts';

export interface GradientTreeLimits {
  readonly maxLeaves: number;
  readonly maxDepth: number;
  /** Fewest rows in a leaf. */
  readonly minLeaf: number;
  /** Penalty on the square of a leaf's value. */
  readonly l2: number;
}

interface OpenLeaf {
  readonly node: number;
  readonly from: number;
  readonly to: number;
  readonly n: number;
  readonly depth: number;
  readonly gradient: number;
  readonly hessian: number;
  /** Gradient and rows as GradientSums packs them: what splits are searched by. */
  readonly packed: number;
  readonly split: Split;
  /** Null for a leaf that cannot be parted. */
  histogram: number | null;
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
  readonly #trees: GrowingTrees;
  readonly #limits: GradientTreeLimits;
  readonly #sums: GradientSums;
  readonly #search: GradientSplitSearch;
  readonly #spare: Int32Array;
  #gradient: Float64Array = new Float64Array(0);
  #hessian: Float64Array = new Float64Array(0);
  #rows: Int32Array = new Int32Array(0);
  #columns: Int32Array = new Int32Array(0);

  constructor(data: BinnedMatrix, trees: GrowingTrees, limits: GradientTreeLimits) {
    this.#trees = trees;
    this.#limits = limits;
    this.#sums = new GradientSums(data);
    this.#search = new GradientSplitSearch(data, this.#sums, limits);
    this.#spare = new Int32Array(data.nRows);
  }

  /** Grows a tree on the given rows and columns; the rows are put in the order of the leaves. Leaf values are −G ÷ (H + l2). */
  grow(gradient: Float64Array, hessian: Float64Array, rows: Int32Array, columns: Int32Array): Leaf[] {
    this.#rows = rows;
    this.#columns = columns;
    this.#gradient = gradient;
    this.#hessian = hessian;
    this.#sums.load(gradient, hessian, rows);
    const open: OpenLeaf[] = [];
    const closed: Leaf[] = [];
    const settle = (leaf: OpenLeaf): void => {
      this.#trees.value[leaf.node] = -leaf.gradient / (leaf.hessian + this.#limits.l2);
      this.#trees.cover[leaf.node] = leaf.n;
      if (leaf.split.column >= 0) open.push(leaf);
      else this.#close(leaf, closed);
    };
    const root = this.#leaf(this.#trees.newRoot(), 0, rows.length, 0);
    if (this.#canSplit(root)) {
      root.histogram = this.#sums.take();
      this.#sums.count(root.histogram, columns, rows, 0, rows.length);
      this.#searchFor(root);
    }
    settle(root);
    while (open.length > 0 && open.length + closed.length < this.#limits.maxLeaves) {
      let best = 0;
      for (let i = 1; i < open.length; i++) if (open[i].split.gain > open[best].split.gain) best = i;
      const [leaf] = open.splice(best, 1);
      // No leaf is parted any more after the last split: its children need no histogram.
      const isLast = open.length + closed.length + 2 >= this.#limits.maxLeaves;
      for (const child of this.#part(leaf, isLast)) settle(child);
    }
    for (const leaf of open) this.#close(leaf, closed);
    return closed;
  }

  /** To be called after the last tree. */
  release(): void {
    this.#sums.release();
  }

  #close(leaf: OpenLeaf, closed: Leaf[]): void {
    if (leaf.histogram !== null) this.#sums.giveBack(leaf.histogram);
    closed.push({ node: leaf.node, from: leaf.from, to: leaf.to });
  }

  /** A leaf whose rows are summed; or, with its parent and sibling, what is left. */
  #leaf(node: number, from: number, to: number, depth: number, parent?: OpenLeaf, sibling?: OpenLeaf): OpenLeaf {
    const leaf = { node, from, to, n: to - from, depth, split: noSplit(), histogram: null };
    if (parent !== undefined && sibling !== undefined) {
      const gradient = parent.gradient - sibling.gradient;
      const packed = parent.packed - sibling.packed;
      return { ...leaf, gradient, hessian: parent.hessian - sibling.hessian, packed };
    }
    let gradient = 0;
    let hessian = 0;
    for (let i = from; i < to; i++) {
      gradient += this.#gradient[this.#rows[i]];
      hessian += this.#hessian[this.#rows[i]];
    }
    return { ...leaf, gradient, hessian, packed: this.#sums.sum(this.#rows, from, to) };
  }

  #canSplit(leaf: OpenLeaf): boolean {
    return leaf.n >= 2 * this.#limits.minLeaf && leaf.depth < this.#limits.maxDepth;
  }

  #part(leaf: OpenLeaf, isLast: boolean): OpenLeaf[] {
    const first = this.#trees.split(leaf.node, leaf.split);
    const middle = this.#trees.partition(leaf.split, this.#rows, this.#spare, leaf.from, leaf.to);
    const isLeftSmaller = middle - leaf.from <= leaf.to - middle;
    const depth = leaf.depth + 1;
    const [from, to] = isLeftSmaller ? [leaf.from, middle] : [middle, leaf.to];
    const small = this.#leaf(isLeftSmaller ? first : first + 1, from, to, depth);
    const [otherFrom, otherTo] = isLeftSmaller ? [middle, leaf.to] : [leaf.from, middle];
    const large = this.#leaf(isLeftSmaller ? first + 1 : first, otherFrom, otherTo, depth, leaf, small);
    const whole = leaf.histogram;
    leaf.histogram = null;
    if (whole === null) return [small, large];
    const [canSmall, canLarge] = isLast ? [false, false] : [this.#canSplit(small), this.#canSplit(large)];
    if (canSmall || canLarge) {
      const counted = this.#sums.take();
      this.#sums.count(counted, this.#columns, this.#rows, from, to);
      if (canSmall) small.histogram = counted;
      else this.#sums.giveBack(counted);
      if (canLarge) this.#sums.subtract(whole, counted);
    }
    if (canLarge) large.histogram = whole;
    else this.#sums.giveBack(whole);
    this.#searchFor(small);
    this.#searchFor(large);
    return [small, large];
  }

  #searchFor(leaf: OpenLeaf): void {
    const { n, packed, hessian, histogram, split } = leaf;
    if (histogram !== null) this.#search.search({ n, packed, hessian, histogram, split }, this.#columns);
  }
}
