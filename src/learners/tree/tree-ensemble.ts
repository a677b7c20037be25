import type { ModelReader, ModelWriter } from '../model-bytes.ts';
import { CodedTrees } from './coded-trees.ts';

/** Words of 32 categories that a split on a categorical column holds. */
export const CATEGORY_WORDS = 8;
/** Categories of a column told apart; the rarest beyond them count as missing. */
export const MOST_CATEGORIES = CATEGORY_WORDS * 32 - 1;
/** From so many rows on it pays to rewrite the trees for prediction of many rows. */
const FEWEST_CODED = 32;

/**
 * Trees in flat arrays that all share, as grown or as read from bytes. A node's left child is at |left|, the right one
 * follows it; a negative `left` sends missing values to the right. `feature` is −1 at a leaf. On a categorical column the
 * threshold is where the node's set of categories begins in `sets`; those in it go left.
 */
export interface TreeArrays {
  readonly roots: Int32Array;
  readonly feature: Int32Array;
  readonly left: Int32Array;
  readonly threshold: Float64Array;
  /** Weight of the training rows in each node. */
  readonly cover: Float64Array;
  /** `nOutputs` numbers a node; what a tree answers stands at its leaves. */
  readonly value: Float64Array;
  readonly sets: Int32Array;
  readonly nOutputs: number;
  readonly nCols: number;
  /** By column: its categories in ascending order, or null for a column of numbers. */
  readonly categories: readonly (Float64Array | null)[];
}

/** Predicts with trees. Rows with categories are rewritten once a row, so that a node costs one look. */
export class TreeEnsemble {
  readonly arrays: TreeArrays;
  readonly #isCategorical: Uint8Array;
  readonly #hasCategories: boolean;
  readonly #coded: Float64Array;
  /** Made when first needed; null where it cannot be. */
  #forMany: CodedTrees | null | undefined;

  constructor(arrays: TreeArrays) {
    this.arrays = arrays;
    this.#isCategorical = Uint8Array.from(arrays.categories, (known) => (known === null ? 0 : 1));
    this.#hasCategories = this.#isCategorical.includes(1);
    this.#coded = new Float64Array(arrays.nCols);
  }

  get nTrees(): number {
    return this.arrays.roots.length;
  }

  /** The row with each category replaced by its place among those known, unknown ones by NaN; the row itself without any. Used again by the next call. */
  coded(row: Float64Array): Float64Array {
    if (!this.#hasCategories) return row;
    const coded = this.#coded;
    const { categories } = this.arrays;
    for (let j = 0; j < coded.length; j++) {
      const known = categories[j];
      coded[j] = known === null ? row[j] : placeOf(known, row[j]);
    }
    return coded;
  }

  /** The child of an inner node that a coded row goes to. */
  child(node: number, row: Float64Array): number {
    const { feature, left, threshold, sets } = this.arrays;
    const column = feature[node];
    const at = left[node];
    const value = row[column];
    if (value !== value) return at < 0 ? 1 - at : at;
    const first = at < 0 ? -at : at;
    if (this.#isCategorical[column] === 1) {
      return first + (((sets[threshold[node] + (value >>> 5)] >>> (value & 31)) & 1) === 1 ? 0 : 1);
    }
    return first + (value < threshold[node] ? 0 : 1);
  }

  leaf(tree: number, row: Float64Array): number {
    const { feature } = this.arrays;
    let node = this.arrays.roots[tree];
    while (feature[node] >= 0) node = this.child(node, row);
    return node;
  }

  /** Adds each tree's answer to a row: tree t to out[t mod nGroups], or all of its outputs when there is one group. */
  addTo(out: Float64Array, row: Float64Array, nGroups = 1): void {
    const { value, nOutputs, roots } = this.arrays;
    const coded = this.coded(row);
    for (let tree = 0; tree < roots.length; tree++) {
      const leaf = this.leaf(tree, coded);
      if (nGroups > 1) out[tree % nGroups] += value[leaf];
      else for (let k = 0; k < nOutputs; k++) out[k] += value[leaf * nOutputs + k];
    }
  }

  /** As addTo for all rows of a matrix: out has max(nOutputs, nGroups) numbers a row. */
  addAllTo(out: Float64Array, x: Float64Array, nRows: number, nGroups = 1): void {
    const { nCols, nOutputs } = this.arrays;
    if (nRows >= FEWEST_CODED && this.#forMany === undefined) this.#forMany = CodedTrees.of(this.arrays);
    if (nRows >= FEWEST_CODED && this.#forMany) {
      this.#forMany.addAllTo(out, x, nRows, nGroups);
      return;
    }
    const width = Math.max(nOutputs, nGroups);
    for (let i = 0; i < nRows; i++) {
      this.addTo(out.subarray(i * width, (i + 1) * width), x.subarray(i * nCols, (i + 1) * nCols), nGroups);
    }
  }

  write(writer: ModelWriter): ModelWriter {
    const a = this.arrays;
    writer.number(a.nOutputs).number(a.nCols).int32s(a.roots).int32s(a.feature).int32s(a.left);
    writer.float64s(a.threshold).float64s(a.cover).float64s(a.value).int32s(a.sets);
    for (const known of a.categories) writer.number(known === null ? 0 : 1).float64s(known ?? new Float64Array(0));
    return writer;
  }

  static read(reader: ModelReader): TreeEnsemble {
    const nOutputs = reader.number();
    const nCols = reader.number();
    const roots = reader.int32s();
    const feature = reader.int32s();
    const left = reader.int32s();
    const threshold = reader.float64s();
    const cover = reader.float64s();
    const value = reader.float64s();
    const sets = reader.int32s();
    const categories: (Float64Array | null)[] = [];
    for (let j = 0; j < nCols; j++) {
      const isCategorical = reader.number() === 1;
      const known = reader.float64s();
      categories.push(isCategorical ? known : null);
    }
    return new TreeEnsemble({
      roots,
      feature,
      left,
      threshold,
      cover,
      value,
      sets,
      nOutputs,
      nCols,
      categories,
    });
  }
}

/** The place of a value among ascending ones; NaN when it is not there. */
export function placeOf(known: Float64Array, value: number): number {
  let low = 0;
  let high = known.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (known[middle] < value) low = middle + 1;
    else high = middle;
  }
  return known[low] === value ? low : Number.NaN;
}
