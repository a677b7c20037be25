import { AuspexError } from '../../errors.ts';
import { SeededRandom } from '../../stats/random.ts';
import { ModelReader, ModelWriter } from '../model-bytes.ts';
import { requireFitted, requireInteger, requireMatrix } from '../requirements.ts';
import { RowScorer } from './outlier-detector.ts';

const KIND = 'half-space-trees';
const VERSION = 1;

export interface HalfSpaceTreesParameters {
  /** 1 … 200 */
  readonly nTrees?: number;
  /** Splits on a path: 1 … 15. */
  readonly depth?: number;
  /** Rows between two renewals of what is usual: 2 … 100,000. */
  readonly windowSize?: number;
  readonly seed: number;
}

/**
 * Streaming half-space trees (Tan, Ting, Liu 2011): random halvings of the space, each cell with the number of rows of the
 * last whole window; a row in nearly empty cells is unusual. What is usual moves with the stream, a window at a time.
 * The space is laid out from the first window (or the rows there are when a score is asked for before it is full), as wide
 * again around each column's values.
 *
 * Weak where columns are many (more than `depth` · `nTrees` are hardly looked at) and where the stream leaves the space of
 * its first window for good: then train anew. NaN follows the fuller half.
 * learnOne and score O(nTrees · depth); 20 bytes a cell, 2^depth cells a tree.
 */
export class HalfSpaceTrees extends RowScorer {
  readonly kind = KIND;
  readonly nTrees: number;
  readonly depth: number;
  readonly windowSize: number;
  readonly seed: number;
  #nCols = 0;
  /** Inner nodes of each tree in heap order: node i has the children 2i + 1 and 2i + 2. */
  #feature: Int32Array = new Int32Array(0);
  #threshold: Float64Array = new Float64Array(0);
  #reference: Int32Array = new Int32Array(0);
  #latest: Int32Array = new Int32Array(0);
  /** Rows until the trees are laid out. */
  #first: Float64Array = new Float64Array(0);
  #count = 0;
  #isLaidOut = false;
  /** Rows behind the reference counts. */
  #referenceRows = 0;
  #trial: { readonly rows: number; readonly trees: HalfSpaceTrees } | null = null;

  constructor(parameters: HalfSpaceTreesParameters) {
    super();
    this.nTrees = requireInteger('nTrees', parameters.nTrees ?? 50, 1, 200);
    this.depth = requireInteger('depth', parameters.depth ?? 10, 1, 15);
    this.windowSize = requireInteger('windowSize', parameters.windowSize ?? 256, 2, 100_000);
    this.seed = parameters.seed;
  }

  get nCols(): number {
    return this.#nCols;
  }

  /** Forgets what it knew and learns the rows in order. */
  fit(x: Float64Array, nRows: number, nCols: number): this {
    requireMatrix(x, nRows, nCols);
    this.#nCols = 0;
    for (let i = 0; i < nRows; i++) this.learnOne(x.subarray(i * nCols, (i + 1) * nCols));
    return this;
  }

  /** Learns one row more. Throws BAD_REQUEST for a row of another width than the first. */
  learnOne(row: Float64Array): void {
    if (this.#nCols === 0) this.#begin(requireInteger('nCols', row.length, 1, 2 ** 20));
    if (row.length !== this.#nCols) {
      throw new AuspexError('BAD_REQUEST', `A row has ${row.length} values, those before had ${this.#nCols}.`);
    }
    if (this.#isLaidOut) {
      for (let tree = 0; tree < this.nTrees; tree++) this.#countIn(tree, row, 0, this.#latest);
    } else this.#first.set(row, this.#count * this.#nCols);
    this.#count++;
    if (this.#count === this.windowSize) this.#turnWindow();
  }

  #begin(nCols: number): void {
    this.#nCols = nCols;
    this.#first = new Float64Array(this.windowSize * nCols);
    this.#count = 0;
    this.#isLaidOut = false;
    this.#referenceRows = 0;
    this.#trial = null;
  }

  #turnWindow(): void {
    this.#trial = null;
    if (this.#isLaidOut) {
      this.#reference.set(this.#latest);
      this.#latest.fill(0);
    } else {
      this.#layOut(this.#count);
      this.#isLaidOut = true;
      this.#first = new Float64Array(0);
    }
    this.#referenceRows = this.#count;
    this.#count = 0;
  }

  /** Trees over the space of the first rows, and their counts. */
  #layOut(nRows: number): void {
    const inner = 2 ** this.depth - 1;
    const cells = 2 * inner + 1;
    const random = new SeededRandom(this.seed);
    const { lows, highs } = this.#ranges(nRows);
    this.#feature = new Int32Array(this.nTrees * inner);
    this.#threshold = new Float64Array(this.nTrees * inner);
    this.#reference = new Int32Array(this.nTrees * cells);
    this.#latest = new Int32Array(this.nTrees * cells);
    for (let tree = 0; tree < this.nTrees; tree++) {
      const low = new Float64Array(this.#nCols);
      const high = new Float64Array(this.#nCols);
      for (let j = 0; j < this.#nCols; j++) {
        // A random centre, and as much room around it as the farthest value needs, doubled: the paper's work range.
        const centre = lows[j] + (highs[j] - lows[j]) * random.next();
        const room = 2 * Math.max(highs[j] - centre, centre - lows[j]);
        low[j] = centre - room;
        high[j] = centre + room;
      }
      this.#halve(tree * inner, 0, low, high, random);
      for (let i = 0; i < nRows; i++) this.#countIn(tree, this.#first, i * this.#nCols, this.#reference);
    }
  }

  #ranges(nRows: number): { lows: Float64Array; highs: Float64Array } {
    const lows = new Float64Array(this.#nCols);
    const highs = new Float64Array(this.#nCols);
    for (let j = 0; j < this.#nCols; j++) {
      let low = Infinity;
      let high = -Infinity;
      for (let i = 0; i < nRows; i++) {
        const value = this.#first[i * this.#nCols + j];
        // A quarter of the largest number leaves room for the doubled range.
        if (!(Math.abs(value) < Number.MAX_VALUE / 8)) continue;
        low = Math.min(low, value);
        high = Math.max(high, value);
      }
      if (low > high) low = high = 0;
      // A column that has not moved: any other value falls outside of a narrow place.
      const least = Math.abs(low) * 1e-6 + Number.MIN_VALUE * 2 ** 30;
      lows[j] = low === high ? low - least : low;
      highs[j] = low === high ? high + least : high;
    }
    return { lows, highs };
  }

  #halve(base: number, node: number, low: Float64Array, high: Float64Array, random: SeededRandom): void {
    if (node >= 2 ** this.depth - 1) return;
    const column = random.integer(this.#nCols);
    const middle = low[column] / 2 + high[column] / 2;
    this.#feature[base + node] = column;
    this.#threshold[base + node] = middle;
    const end = high[column];
    high[column] = middle;
    this.#halve(base, 2 * node + 1, low, high, random);
    high[column] = end;
    const begin = low[column];
    low[column] = middle;
    this.#halve(base, 2 * node + 2, low, high, random);
    low[column] = begin;
  }

  #countIn(tree: number, x: Float64Array, start: number, counts: Int32Array): void {
    const inner = 2 ** this.depth - 1;
    const cells = tree * (2 * inner + 1);
    let node = 0;
    counts[cells]++;
    while (node < inner) {
      node = this.#child(tree, node, x, start);
      counts[cells + node]++;
    }
  }

  #child(tree: number, node: number, x: Float64Array, start: number): number {
    const inner = 2 ** this.depth - 1;
    const at = tree * inner + node;
    const value = x[start + this.#feature[at]];
    if (value === value) return 2 * node + (value < this.#threshold[at] ? 1 : 2);
    const cells = tree * (2 * inner + 1);
    return 2 * node + (this.#reference[cells + 2 * node + 1] >= this.#reference[cells + 2 * node + 2] ? 1 : 2);
  }

  protected scoreAt(x: Float64Array, start: number): number {
    if (!this.#isLaidOut) return this.#early().scoreAt(x, start);
    const inner = 2 ** this.depth - 1;
    // A cell with so few rows is not looked into: a tenth of the window, as the paper has it.
    const few = 0.1 * this.#referenceRows;
    let sum = 0;
    for (let tree = 0; tree < this.nTrees; tree++) {
      const cells = tree * (2 * inner + 1);
      let node = 0;
      let depth = 0;
      while (node < inner && this.#reference[cells + node] > few) {
        node = this.#child(tree, node, x, start);
        depth++;
      }
      sum += Math.min(1, (this.#reference[cells + node] / this.#referenceRows) * 2 ** depth * 2 ** -this.depth);
    }
    return 1 - sum / this.nTrees;
  }

  /** The trees of the rows there are, for scores before the first window is full; no part of the state. */
  #early(): HalfSpaceTrees {
    if (this.#trial?.rows === this.#count) return this.#trial.trees;
    const trees = new HalfSpaceTrees(this);
    trees.#nCols = this.#nCols;
    trees.#first = this.#first;
    trees.#layOut(this.#count);
    trees.#isLaidOut = true;
    trees.#referenceRows = this.#count;
    this.#trial = { rows: this.#count, trees };
    return trees;
  }

  toBytes(): Uint8Array {
    requireFitted(this.#nCols > 0, KIND);
    return new ModelWriter(KIND, VERSION)
      .number(this.nTrees)
      .number(this.depth)
      .number(this.windowSize)
      .number(this.seed)
      .number(this.#nCols)
      .number(this.#count)
      .number(this.#referenceRows)
      .number(this.#isLaidOut ? 1 : 0)
      .float64s(this.#first)
      .int32s(this.#feature)
      .float64s(this.#threshold)
      .int32s(this.#reference)
      .int32s(this.#latest)
      .finish();
  }

  /** Throws MODEL_DAMAGED for bytes that are cut or altered. */
  static fromBytes(bytes: Uint8Array): HalfSpaceTrees {
    const reader = new ModelReader(bytes, KIND, VERSION);
    const trees = new HalfSpaceTrees({
      nTrees: reader.number(),
      depth: reader.number(),
      windowSize: reader.number(),
      seed: reader.number(),
    });
    trees.#nCols = reader.number();
    trees.#count = reader.number();
    trees.#referenceRows = reader.number();
    trees.#isLaidOut = reader.number() === 1;
    trees.#first = reader.float64s();
    trees.#feature = reader.int32s();
    trees.#threshold = reader.float64s();
    trees.#reference = reader.int32s();
    trees.#latest = reader.int32s();
    return trees;
  }
}
