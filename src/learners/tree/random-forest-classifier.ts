import { SeededRandom } from '../../stats/random.ts';
import { ModelReader, ModelWriter } from '../model-bytes.ts';
import { requireFitted, requireInteger, requireMatrix, requireNumber, requireWidth } from '../requirements.ts';
import { binMatrix } from './binned-matrix.ts';
import { type ClassWeights, countClasses, rowWeights } from './class-targets.ts';
import { ClassTreeGrowth } from './class-tree-growth.ts';
import { GrowingTrees } from './growing-trees.ts';
import { rowsOf, rowsWithTarget } from './target-rows.ts';
import { TreeEnsemble } from './tree-ensemble.ts';
import { type Contributions, treeShap } from './tree-shap.ts';

const KIND = 'random-forest-classifier';
const VERSION = 1;

export interface RandomForestClassifierParameters {
  /** 1 … 1000 */
  readonly nTrees?: number;
  /** Share of the columns that each split chooses from: 0 … 1; 0 for the square root of their number. */
  readonly maxFeatures?: number;
  /** Fewest rows in a leaf. */
  readonly minLeaf?: number;
  readonly maxDepth?: number;
  /** Bins of a column: 2 … 255. */
  readonly maxBins?: number;
  readonly classWeights?: ClassWeights;
  /** Columns that hold categories; at most 255 are told apart. */
  readonly categoricalColumns?: readonly number[];
  readonly seed: number;
}

/**
 * Random forest classification (Breiman 2001) on binned columns: the mean over trees of the share of each class in the
 * row's leaf.
 *
 * Its probabilities are drawn towards the middle (a leaf is seldom pure for all trees): calibrate where they are to be
 * frequencies. NaN in a column is a missing value and goes where it served best; rows whose class is NaN are left out.
 * Fit O(nTrees · nRows · maxFeatures · nCols · depth), predict O(nTrees · depth); 32 bytes a node and 8 more a class.
 */
export class RandomForestClassifier {
  readonly #parameters: Required<RandomForestClassifierParameters>;
  #trees: TreeEnsemble | null = null;
  #nClasses = 0;
  #outOfBag: Float64Array = new Float64Array(0);

  constructor(parameters: RandomForestClassifierParameters) {
    this.#parameters = {
      nTrees: requireInteger('nTrees', parameters.nTrees ?? 100, 1, 1000),
      maxFeatures: requireNumber('maxFeatures', parameters.maxFeatures ?? 0, 0, 1),
      minLeaf: requireInteger('minLeaf', parameters.minLeaf ?? 1, 1, 1_000_000),
      maxDepth: requireInteger('maxDepth', parameters.maxDepth ?? 20, 1, 64),
      maxBins: requireInteger('maxBins', parameters.maxBins ?? 64, 2, 255),
      classWeights: parameters.classWeights ?? 'none',
      categoricalColumns: parameters.categoricalColumns ?? [],
      seed: parameters.seed,
    };
  }

  get nCols(): number {
    return this.#trees?.arrays.nCols ?? 0;
  }

  get nClasses(): number {
    return this.#nClasses;
  }

  /**
   * Of the last fit (not kept in the bytes): for each training row that has a class, in order, the probabilities by the trees
   * that had not seen it; NaN where every tree had. On rows in time they are too good: neighbours were in the bag.
   */
  get outOfBagProbabilities(): Float64Array {
    return this.#outOfBag.slice();
  }

  /** Learns classes 0, 1, … from a row-major matrix, with a weight a row if given. Throws BAD_REQUEST when no row has a class. */
  fit(x: Float64Array, y: Float64Array, nRows: number, nCols: number, weights?: Float64Array): this {
    requireMatrix(x, nRows, nCols);
    const p = this.#parameters;
    const rows = rowsWithTarget(y, nRows, weights);
    const nClasses = countClasses(y, rows);
    const weight = rowWeights(y, rows, nClasses, p.classWeights, weights);
    const own = rowsOf(x, rows, nRows, nCols);
    const n = rows.length;
    const data = binMatrix(own, n, nCols, p.maxBins, p.categoricalColumns);
    const nOutputs = nClasses === 2 ? 1 : nClasses;
    const trees = new GrowingTrees(data, nOutputs);
    const random = new SeededRandom(p.seed);
    const share = p.maxFeatures > 0 ? p.maxFeatures * nCols : Math.sqrt(nCols);
    const growth = new ClassTreeGrowth(
      data,
      trees,
      Uint8Array.from(rows, (row) => y[row]),
      nClasses,
      { maxDepth: p.maxDepth, minLeaf: p.minLeaf, nCandidates: Math.max(1, Math.floor(share + 1e-9)), random },
    );
    const sums = new Float64Array(n * nOutputs);
    const seen = new Int32Array(n);
    const times = new Int32Array(n);
    for (let tree = 0; tree < p.nTrees; tree++) {
      times.fill(0);
      for (let i = 0; i < n; i++) times[random.integer(n)]++;
      const root = growth.grow(times, weight);
      for (let i = 0; i < n; i++) {
        if (times[i] > 0) continue;
        const leaf = trees.leafOf(root, i);
        for (let k = 0; k < nOutputs; k++) sums[i * nOutputs + k] += trees.value[leaf * nOutputs + k];
        seen[i]++;
      }
    }
    this.#trees = trees.finish();
    this.#nClasses = nClasses;
    this.#outOfBag = new Float64Array(n * nClasses);
    for (let i = 0; i < n; i++) this.#spread(sums, i * nOutputs, seen[i], this.#outOfBag, i * nClasses);
    return this;
  }

  /** One probability a class. */
  probabilities(row: Float64Array): Float64Array {
    requireFitted(this.#trees !== null, KIND);
    requireWidth(row, this.nCols, KIND);
    const sums = new Float64Array(this.#nClasses === 2 ? 1 : this.#nClasses);
    this.#trees?.addTo(sums, row);
    const out = new Float64Array(this.#nClasses);
    this.#spread(sums, 0, this.#parameters.nTrees, out, 0);
    return out;
  }

  /** Row-major: nClasses probabilities a row. */
  probabilitiesAll(x: Float64Array, nRows: number): Float64Array {
    requireFitted(this.#trees !== null, KIND);
    requireMatrix(x, nRows, this.nCols);
    const nOutputs = this.#nClasses === 2 ? 1 : this.#nClasses;
    const sums = new Float64Array(nRows * nOutputs);
    this.#trees?.addAllTo(sums, x, nRows);
    const out = new Float64Array(nRows * this.#nClasses);
    for (let i = 0; i < nRows; i++) {
      this.#spread(sums, i * nOutputs, this.#parameters.nTrees, out, i * this.#nClasses);
    }
    return out;
  }

  /** Sums over some trees as probabilities of all classes. */
  #spread(sums: Float64Array, from: number, nTrees: number, out: Float64Array, at: number): void {
    const n = this.#nClasses;
    if (n === 2) {
      out[at + 1] = sums[from] / nTrees;
      out[at] = 1 - out[at + 1];
      return;
    }
    for (let k = 0; k < n; k++) out[at + k] = sums[from + k] / nTrees;
  }

  /** SHAP values of the probability of a class. */
  contributions(row: Float64Array, label = 1): Contributions {
    requireFitted(this.#trees !== null, KIND);
    requireWidth(row, this.nCols, KIND);
    requireInteger('label', label, 0, this.#nClasses - 1);
    if (this.#trees === null) return { baseline: 0, byColumn: new Float64Array(0) };
    const { baseline, byColumn } = treeShap(this.#trees, row, label);
    const nTrees = this.#parameters.nTrees;
    // With two classes the trees hold class 1.
    const sign = this.#nClasses === 2 && label === 0 ? -1 : 1;
    return {
      baseline: (sign < 0 ? 1 : 0) + (sign * baseline) / nTrees,
      byColumn: byColumn.map((value) => (sign * value) / nTrees),
    };
  }

  toBytes(): Uint8Array {
    requireFitted(this.#trees !== null, KIND);
    const p = this.#parameters;
    const writer = new ModelWriter(KIND, VERSION).number(p.nTrees).number(p.maxFeatures).number(p.minLeaf);
    writer.number(p.maxDepth).number(p.maxBins).text(p.classWeights);
    writer.float64s(Float64Array.from(p.categoricalColumns)).number(p.seed).number(this.#nClasses);
    this.#trees?.write(writer);
    return writer.finish();
  }

  /** Throws MODEL_DAMAGED for bytes that are cut or altered. */
  static fromBytes(bytes: Uint8Array): RandomForestClassifier {
    const reader = new ModelReader(bytes, KIND, VERSION);
    const model = new RandomForestClassifier({
      nTrees: reader.number(),
      maxFeatures: reader.number(),
      minLeaf: reader.number(),
      maxDepth: reader.number(),
      maxBins: reader.number(),
      classWeights: reader.text() === 'balanced' ? 'balanced' : 'none',
      categoricalColumns: [...reader.float64s()],
      seed: reader.number(),
    });
    model.#nClasses = reader.number();
    model.#trees = TreeEnsemble.read(reader);
    return model;
  }
}
