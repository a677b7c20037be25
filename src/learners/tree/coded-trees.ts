import type { TreeArrays } from './tree-ensemble.ts';
import { ValueCoder } from './value-coder.ts';

/** Rows coded at a time: few enough to stay in the cache. */
const BLOCK = 1024;
/** Codes of missing values: below all thresholds, and above all of them. */
const MISSING_LOW = -1;
const MISSING_HIGH = 0x7fff;
const MOST_EDGES = MISSING_HIGH - 1;
const MOST_COLUMNS = 0x7fff;

/**
 * Trees over codes: a value's code says how many of the thresholds of its column are at or below it, so that the way down
 * compares small integers without a branch, for four rows at a time. The answers are those of the trees themselves, to the bit.
 * 8 bytes a node. Row of codes: each column twice, with missing values below all else and above all else.
 */
export class CodedTrees {
  readonly #arrays: TreeArrays;
  readonly #coders: readonly ValueCoder[];
  /** Two words a node: column of codes × 65,536 + threshold, and twice the left child; a leaf's left child is itself. */
  readonly #nodes: Int32Array;
  readonly #codes: Int16Array;

  private constructor(arrays: TreeArrays, coders: readonly ValueCoder[], nodes: Int32Array) {
    this.#arrays = arrays;
    this.#coders = coders;
    this.#nodes = nodes;
    this.#codes = new Int16Array((BLOCK + 3) * 2 * arrays.nCols);
  }

  /** Null where the trees cannot be coded: categories, too many columns or thresholds. O(nodes · log thresholds). */
  static of(arrays: TreeArrays): CodedTrees | null {
    const { feature, left, threshold, nCols, categories } = arrays;
    if (nCols > MOST_COLUMNS || categories.some((known) => known !== null)) return null;
    const distinct = Array.from({ length: nCols }, () => new Set<number>());
    for (let node = 0; node < feature.length; node++) {
      if (feature[node] >= 0) distinct[feature[node]]?.add(threshold[node]);
    }
    if (distinct.some((values) => values.size > MOST_EDGES)) return null;
    const coders = distinct.map((values) => new ValueCoder(Float64Array.from(values).sort()));
    const nodes = new Int32Array(2 * feature.length);
    for (let node = 0; node < feature.length; node++) {
      const column = feature[node];
      if (column < 0) {
        nodes[2 * node] = MISSING_HIGH;
        nodes[2 * node + 1] = 2 * node;
        continue;
      }
      const at = left[node];
      // The threshold's own code counts itself; what is below it has a smaller one.
      const code = coders[column].code(threshold[node]) - 1;
      nodes[2 * node] = ((2 * column + (at < 0 ? 1 : 0)) << 16) | code;
      nodes[2 * node + 1] = 2 * (at < 0 ? -at : at);
    }
    return new CodedTrees(arrays, coders, nodes);
  }

  /** Adds each tree's answer to the rows of a matrix, as TreeEnsemble.addAllTo. */
  addAllTo(out: Float64Array, x: Float64Array, nRows: number, nGroups: number): void {
    const { nCols, roots, nOutputs, value } = this.#arrays;
    const width = Math.max(nOutputs, nGroups);
    const leaves = new Int32Array(BLOCK + 3);
    for (let from = 0; from < nRows; from += BLOCK) {
      const n = Math.min(BLOCK, nRows - from);
      this.#encode(x, from * nCols, n);
      for (let tree = 0; tree < roots.length; tree++) {
        this.#descend(roots[tree], n, leaves);
        const start = from * width + (nGroups > 1 ? tree % nGroups : 0);
        if (nOutputs === 1) for (let i = 0; i < n; i++) out[start + i * width] += value[leaves[i]];
        else addOutputs(out, start, value, leaves, n, nOutputs);
      }
    }
  }

  #encode(x: Float64Array, start: number, n: number): void {
    const { nCols } = this.#arrays;
    const codes = this.#codes;
    for (let j = 0; j < nCols; j++) {
      const coder = this.#coders[j];
      if (coder.edges.length === 0) continue;
      for (let i = 0; i < n; i++) {
        const at = 2 * (i * nCols + j);
        const number = x[start + i * nCols + j];
        const code = number === number ? coder.code(number) : MISSING_LOW;
        codes[at] = code;
        codes[at + 1] = code < 0 ? MISSING_HIGH : code;
      }
    }
  }

  /** The leaf of each coded row. Kept in one piece: this loop is where prediction spends its time. */
  #descend(root: number, n: number, leaves: Int32Array): void {
    const nodes = this.#nodes;
    const codes = this.#codes;
    const width = 2 * this.#arrays.nCols;
    for (let i = 0; i < n; i += 4) {
      const a = i * width;
      const b = a + width;
      const c = b + width;
      const d = c + width;
      let na = 2 * root;
      let nb = na;
      let nc = na;
      let nd = na;
      for (;;) {
        const wa = nodes[na];
        const wb = nodes[nb];
        const wc = nodes[nc];
        const wd = nodes[nd];
        // The sign of threshold − code says left or right.
        const ta = nodes[na + 1] + ((((wa & 0xffff) - codes[a + (wa >>> 16)]) >>> 30) & 2);
        const tb = nodes[nb + 1] + ((((wb & 0xffff) - codes[b + (wb >>> 16)]) >>> 30) & 2);
        const tc = nodes[nc + 1] + ((((wc & 0xffff) - codes[c + (wc >>> 16)]) >>> 30) & 2);
        const td = nodes[nd + 1] + ((((wd & 0xffff) - codes[d + (wd >>> 16)]) >>> 30) & 2);
        const isMoving = (ta ^ na) | (tb ^ nb) | (tc ^ nc) | (td ^ nd);
        na = ta;
        nb = tb;
        nc = tc;
        nd = td;
        if (isMoving === 0) break;
      }
      leaves[i] = na >> 1;
      leaves[i + 1] = nb >> 1;
      leaves[i + 2] = nc >> 1;
      leaves[i + 3] = nd >> 1;
    }
  }
}

function addOutputs(
  out: Float64Array,
  start: number,
  value: Float64Array,
  leaves: Int32Array,
  n: number,
  nOutputs: number,
): void {
  for (let i = 0; i < n; i++) {
    for (let k = 0; k < nOutputs; k++) out[start + i * nOutputs + k] += value[leaves[i] * nOutputs + k];
  }
}
