import type { BinnedMatrix } from './binned-matrix.ts';
import type { GradientSums } from './gradient-sums.ts';
import type { Split } from './growing-trees.ts';
import { CATEGORY_WORDS } from './tree-ensemble.ts';

/** A category's gradient is drawn towards 0 as if it had so many average rows more (as LightGBM's cat_smooth). */
const CATEGORY_PRIOR = 10;

/** What a search knows of a node. */
export interface SearchedNode {
  readonly n: number;
  /** Packed sum of its rows. */
  readonly packed: number;
  readonly hessian: number;
  readonly histogram: number;
  readonly split: Split;
}

/** Finds the split of a node that lowers the loss most: G² ÷ (H + l2) of both sides, less that of the whole. */
export class GradientSplitSearch {
  readonly #data: BinnedMatrix;
  readonly #sums: GradientSums;
  /** Fewest rows of a side, and the penalty. */
  readonly #minLeaf: number;
  readonly #l2: number;
  readonly #order = new Int32Array(256);
  readonly #key = new Float64Array(256);
  /** Gradient and floor of the node looked at. */
  #gradient = 0;
  #floor = 0;
  #least = 0;

  constructor(data: BinnedMatrix, sums: GradientSums, limits: { readonly minLeaf: number; readonly l2: number }) {
    this.#data = data;
    this.#sums = sums;
    this.#minLeaf = limits.minLeaf;
    this.#l2 = limits.l2;
  }

  search(node: SearchedNode, columns: Int32Array): void {
    this.#gradient = this.#sums.gradientOf(node.packed);
    this.#floor = (this.#gradient * this.#gradient) / (node.hessian + this.#l2);
    // A gain below rounding noise is none: a constant target stays one leaf.
    this.#least = this.#floor * 1e-12 + 1e-15;
    for (const column of columns) {
      const nBins = this.#data.nBins[column];
      if (nBins < 1) continue;
      const base = this.#sums.offsets[column];
      if (this.#data.categories[column] !== null)
        this.#scan(node, column, this.#sortCategories(node, node.histogram + 2 * base, nBins));
      else if (this.#sums.floats[node.histogram + 2 * (base + nBins)] === 0) this.#scanNumbers(node, column);
      else this.#scan(node, column, null);
    }
  }

  /** A column of numbers without a missing one. Kept in one piece: searching spends its time here. */
  #scanNumbers(node: SearchedNode, column: number): void {
    const { step, unit, offsets, floats } = this.#sums;
    const inverse = 1 / step;
    const base = node.histogram + 2 * offsets[column];
    const end = base + 2 * this.#data.nBins[column];
    const minLeaf = this.#minLeaf;
    const n = node.n;
    const g = this.#gradient;
    const both = node.hessian + 2 * this.#l2;
    let sum = 0;
    let hl = this.#l2;
    let best = this.#floor + Math.max(node.split.gain, this.#least);
    let bestBin = -1;
    let bestRows = 0;
    for (let k = base; k < end; k += 2) {
      const inBin = floats[k];
      if (inBin === 0) continue;
      sum += inBin;
      hl += floats[k + 1];
      const whole = Math.floor(sum * inverse);
      const nl = sum - whole * step;
      if (nl < minLeaf) continue;
      if (n - nl < minLeaf) break;
      const hr = both - hl;
      if (!(hl > 0) || !(hr > 0)) continue;
      const gl = whole * unit;
      const gr = g - gl;
      // gl² ÷ hl + gr² ÷ hr against the best, without dividing.
      const sides = gl * gl * hr + gr * gr * hl;
      if (sides > best * hl * hr) {
        best = sides / (hl * hr);
        bestBin = (k - base) / 2;
        bestRows = nl;
      }
    }
    if (bestBin < 0) return;
    const { split } = node;
    split.gain = best - this.#floor;
    split.column = column;
    split.bin = bestBin;
    // Without missing rows here, those to come follow the larger side.
    split.missingLeft = bestRows >= n - bestRows;
  }

  /** Categories in the order of their mean gradients: the best subset is then a prefix (Fisher 1958). */
  #sortCategories(node: SearchedNode, base: number, nBins: number): Int32Array {
    const { floats } = this.#sums;
    const prior = (CATEGORY_PRIOR * node.hessian) / node.n;
    for (let b = 0; b < nBins; b++) {
      this.#order[b] = b;
      this.#key[b] = this.#sums.gradientOf(floats[base + 2 * b]) / (floats[base + 2 * b + 1] + prior);
    }
    return this.#order.subarray(0, nBins).sort((a, b) => this.#key[a] - this.#key[b] || a - b);
  }

  /** Any column: bins in the given order, or their own; what is missing on either side. */
  #scan(node: SearchedNode, column: number, order: Int32Array | null): void {
    const sums = this.#sums;
    const { floats } = sums;
    const { n, split } = node;
    const nBins = this.#data.nBins[column];
    const base = node.histogram + 2 * sums.offsets[column];
    const missing = floats[base + 2 * nBins];
    const missingHessian = floats[base + 2 * nBins + 1];
    const nMissing = sums.countOf(missing);
    let sum = 0;
    let h = 0;
    for (let k = 0; k < nBins; k++) {
      const at = base + 2 * (order === null ? k : order[k]);
      if (floats[at] === 0) continue;
      sum += floats[at];
      h += floats[at + 1];
      const count = sums.countOf(sum);
      const isLast = count + nMissing === n;
      // Behind the last occupied bin only "present or missing" is left to part.
      if (isLast && nMissing === 0) return;
      for (let left = nMissing > 0 && !isLast ? 1 : 0; left >= 0; left--) {
        const nl = count + left * nMissing;
        if (nl < this.#minLeaf || n - nl < this.#minLeaf) continue;
        const gl = sums.gradientOf(sum + left * missing);
        const hl = h + left * missingHessian;
        const gain = this.#gain(gl, hl + this.#l2, node.hessian - hl + this.#l2);
        if (!(gain > Math.max(split.gain, this.#least))) continue;
        split.gain = gain;
        split.column = column;
        split.bin = isLast ? nBins : k;
        split.missingLeft = nMissing > 0 ? left === 1 : nl >= n - nl;
        if (order !== null) takePrefix(split.set, order, k);
      }
      if (isLast) return;
    }
  }

  #gain(gl: number, hl: number, hr: number): number {
    if (!(hl > 0) || !(hr > 0)) return 0;
    const gr = this.#gradient - gl;
    return (gl * gl) / hl + (gr * gr) / hr - this.#floor;
  }
}

/** The set of the first k + 1 bins of an order. */
export function takePrefix(set: Int32Array, order: Int32Array, k: number): void {
  for (let word = 0; word < CATEGORY_WORDS; word++) set[word] = 0;
  for (let i = 0; i <= k; i++) set[order[i] >>> 5] |= 1 << (order[i] & 31);
}
