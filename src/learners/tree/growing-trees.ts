import type { BinnedMatrix } from './binned-matrix.ts';
import { CATEGORY_WORDS, TreeEnsemble } from './tree-ensemble.ts';

/** A split as a search finds it. */
export interface Split {
  gain: number;
  column: number;
  /** Numbers: bins up to this go left. */
  bin: number;
  missingLeft: boolean;
  /** Categories: bit b is set when bin b goes left. */
  readonly set: Int32Array;
}

export function noSplit(): Split {
  return { gain: 0, column: -1, bin: 0, missingLeft: false, set: new Int32Array(CATEGORY_WORDS) };
}

/** Nodes of trees under growth, in flat arrays that double as they fill. */
export class GrowingTrees {
  readonly nOutputs: number;
  readonly roots: number[] = [];
  feature: Int32Array = new Int32Array(1024);
  left: Int32Array = new Int32Array(1024);
  threshold: Float64Array = new Float64Array(1024);
  cover: Float64Array = new Float64Array(1024);
  value: Float64Array;
  count = 0;
  readonly #sets: number[] = [];
  readonly #data: BinnedMatrix;

  constructor(data: BinnedMatrix, nOutputs: number) {
    this.#data = data;
    this.nOutputs = nOutputs;
    this.value = new Float64Array(1024 * nOutputs);
  }

  newRoot(): number {
    const root = this.newNodes(1);
    this.roots.push(root);
    return root;
  }

  /** The first of n new leaves. */
  newNodes(n: number): number {
    const first = this.count;
    this.count += n;
    if (this.count > this.feature.length) {
      const capacity = Math.max(this.count, this.feature.length * 2);
      this.feature = grown(this.feature, new Int32Array(capacity));
      this.left = grown(this.left, new Int32Array(capacity));
      this.threshold = grown(this.threshold, new Float64Array(capacity));
      this.cover = grown(this.cover, new Float64Array(capacity));
      this.value = grown(this.value, new Float64Array(capacity * this.nOutputs));
    }
    this.feature.fill(-1, first, this.count);
    return first;
  }

  /** Parts a node by a split; returns its left child, which the right one follows. */
  split(node: number, split: Split): number {
    const { column, bin, missingLeft } = split;
    const first = this.newNodes(2);
    this.feature[node] = column;
    this.left[node] = missingLeft ? first : -first;
    if (this.#data.categories[column] !== null) {
      this.threshold[node] = this.#sets.length;
      this.#sets.push(...split.set);
    } else {
      // Beyond the last bin: all that is there goes left, what is missing right.
      this.threshold[node] = this.#data.thresholds[column][bin] ?? Infinity;
    }
    return first;
  }

  /** Moves the rows of a node that go left to the front; returns where the right ones begin. `spare` is as long as `rows`; the order is kept. */
  partition(split: Split, rows: Int32Array, spare: Int32Array, from: number, to: number): number {
    const { bins, nRows, nBins, categories } = this.#data;
    const { column, bin, missingLeft, set } = split;
    const start = column * nRows;
    const missingBin = nBins[column];
    const isCategorical = categories[column] !== null;
    let low = from;
    let high = 0;
    for (let i = from; i < to; i++) {
      const row = rows[i];
      const b = bins[start + row];
      const goesLeft =
        b === missingBin ? missingLeft : isCategorical ? ((set[b >>> 5] >>> (b & 31)) & 1) === 1 : b <= bin;
      if (goesLeft) rows[low++] = row;
      else spare[high++] = row;
    }
    for (let i = 0; i < high; i++) rows[low + i] = spare[i];
    return low;
  }

  /** The leaf that a row of the binned matrix falls into. */
  leafOf(root: number, row: number): number {
    const { bins, nRows, nBins, categories, thresholds } = this.#data;
    let node = root;
    while (this.feature[node] >= 0) {
      const column = this.feature[node];
      const b = bins[column * nRows + row];
      const at = this.left[node];
      if (b === nBins[column]) node = at < 0 ? 1 - at : at;
      else if (categories[column] !== null) {
        const word = this.#sets[this.threshold[node] + (b >>> 5)];
        node = Math.abs(at) + (((word >>> (b & 31)) & 1) === 1 ? 0 : 1);
      } else {
        // A value of bin b is below a threshold exactly when the edge it lies under is: bins end at the edges.
        const edge = thresholds[column][b] ?? Infinity;
        node = Math.abs(at) + (edge <= this.threshold[node] ? 0 : 1);
      }
    }
    return node;
  }

  finish(): TreeEnsemble {
    return new TreeEnsemble({
      roots: Int32Array.from(this.roots),
      feature: this.feature.slice(0, this.count),
      left: this.left.slice(0, this.count),
      threshold: this.threshold.slice(0, this.count),
      cover: this.cover.slice(0, this.count),
      value: this.value.slice(0, this.count * this.nOutputs),
      sets: Int32Array.from(this.#sets),
      nOutputs: this.nOutputs,
      nCols: this.#data.nCols,
      categories: this.#data.categories,
    });
  }
}

function grown<A extends Int32Array | Float64Array>(from: A, to: A): A {
  to.set(from);
  return to;
}
