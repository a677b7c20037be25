import { AuspexError } from '../../errors.ts';
import { SeededRandom } from '../../stats/random.ts';
import { ModelReader, ModelWriter } from '../model-bytes.ts';
import { requireFitted, requireInteger, requireMatrix, requireNumber } from '../requirements.ts';
import { binColumns } from './binned-columns.ts';
import { RegressionTreeGrowth } from './regression-tree-growth.ts';
import { TreeEnsemble } from './tree-ensemble.ts';
import { type Contributions, treeShap } from './tree-shap.ts';

const KIND = 'random-forest-regressor';
/** 2 holds the weight of each node, which SHAP values need; 1 is still read. */
const VERSION = 2;
/** The residuals are kept as their quantiles at 0, 0.5 %, … 100 %. */
const RESIDUAL_QUANTILES = 201;

export interface RandomForestParameters {
  /** 1 … 1000 */
  readonly nTrees?: number;
  /** Share of the columns that each split chooses from: 0 … 1. */
  readonly maxFeatures?: number;
  /** Fewest rows in a leaf. */
  readonly minLeaf?: number;
  readonly maxDepth?: number;
  readonly seed: number;
}

/** What a row's prediction is made of: `baseline` + the sum of `byColumn` = the prediction. */
export interface Attribution {
  readonly baseline: number;
  readonly byColumn: Float64Array;
}

/**
 * Random forest regression (Breiman 2001) on binned columns (at most 32 quantile bins each).
 *
 * Weak where the target goes beyond what was seen (it never extrapolates), and on rows that follow one another in
 * time: the out-of-bag error is then too good, because a row's neighbours were in the bag. Judge it on later rows.
 *
 * NaN in a column is a missing value and goes to the side where it served best; rows whose target is not finite are
 * left out. Fit O(nTrees · nRows · maxFeatures · nCols · depth), predict O(nTrees · depth).
 */
export class RandomForestRegressor {
  readonly nTrees: number;
  readonly maxFeatures: number;
  readonly minLeaf: number;
  readonly maxDepth: number;
  readonly seed: number;
  #nCols = 0;
  #feature: Int32Array = new Int32Array(0);
  #threshold: Float64Array = new Float64Array(0);
  #left: Int32Array = new Int32Array(0);
  #value: Float64Array = new Float64Array(0);
  /** Rows of each node; empty in a forest that was stored before they were kept. */
  #cover: Float64Array = new Float64Array(0);
  #roots: Int32Array = new Int32Array(0);
  #residuals: Float64Array = new Float64Array(0);
  /** For prediction of many rows; made when first needed. */
  #shares: TreeEnsemble | null = null;
  #oobMeanAbsoluteError = Number.NaN;
  #oobRSquared = Number.NaN;

  constructor(parameters: RandomForestParameters) {
    this.nTrees = requireInteger('nTrees', parameters.nTrees ?? 100, 1, 1000);
    this.maxFeatures = requireNumber('maxFeatures', parameters.maxFeatures ?? 1 / 3, 0, 1);
    this.minLeaf = requireInteger('minLeaf', parameters.minLeaf ?? 5, 1, 1_000_000);
    this.maxDepth = requireInteger('maxDepth', parameters.maxDepth ?? 16, 1, 64);
    this.seed = parameters.seed;
  }

  get nCols(): number {
    return this.#nCols;
  }

  /** Mean absolute error over rows, each predicted by the trees that had not seen it; NaN when every tree saw every row. */
  get oobMeanAbsoluteError(): number {
    return this.#oobMeanAbsoluteError;
  }

  /** Share of the target's variance explained out of bag; 0 or less is no better than the mean. */
  get oobRSquared(): number {
    return this.#oobRSquared;
  }

  /** Learns targets `y` from a row-major matrix. Throws BAD_REQUEST when no row has a finite target. */
  fit(x: Float64Array, y: Float64Array, nRows: number, nCols: number): this {
    requireMatrix(x, nRows, nCols);
    const kept: number[] = [];
    let scale = 0;
    for (let i = 0; i < nRows; i++) {
      if (!Number.isFinite(y[i])) continue;
      kept.push(i);
      scale = Math.max(scale, Math.abs(y[i]));
    }
    if (kept.length === 0) throw new AuspexError('BAD_REQUEST', `None of ${nRows} rows has a finite target.`);
    if (scale === 0) scale = 1;
    const rows = Int32Array.from(kept);
    const target = Float64Array.from(rows, (row) => y[row] / scale);
    const growth = new RegressionTreeGrowth(binColumns(x, rows, nCols), target, {
      maxDepth: this.maxDepth,
      minLeaf: this.minLeaf,
      nCandidates: Math.max(1, Math.round(this.maxFeatures * nCols)),
      random: new SeededRandom(this.seed),
    });
    const oob = growth.growForest(this.nTrees);
    this.#nCols = nCols;
    this.#shares = null;
    this.#roots = oob.roots;
    this.#feature = growth.feature.slice(0, growth.count);
    this.#threshold = growth.threshold.slice(0, growth.count);
    this.#left = growth.left.slice(0, growth.count);
    this.#value = growth.value.slice(0, growth.count).map((value) => value * scale);
    this.#cover = growth.cover.slice(0, growth.count);
    this.#judgeOutOfBag(target, oob.sum, oob.count, scale);
    return this;
  }

  predict(row: Float64Array): number {
    this.#check(row);
    const feature = this.#feature;
    let sum = 0;
    for (const root of this.#roots) {
      let node = root;
      while (feature[node] >= 0) node = this.#child(node, row[feature[node]]);
      sum += this.#value[node] / this.nTrees;
    }
    return sum;
  }

  predictAll(x: Float64Array, nRows: number): Float64Array {
    requireFitted(this.#nCols > 0, KIND);
    requireMatrix(x, nRows, this.#nCols);
    const out = new Float64Array(nRows);
    // Shares of the mean, as predict adds them.
    this.#shares ??= this.#ensemble(this.#value.map((value) => value / this.nTrees));
    this.#shares.addAllTo(out, x, nRows);
    return out;
  }

  /**
   * The prediction with the range that holds the target in `level` of the cases, by the out-of-bag residuals (Zhang et
   * al. 2020). Stated for exchangeable rows; on rows in time calibrate on later ones instead.
   */
  predictInterval(row: Float64Array, level: number): { mean: number; lower: number; upper: number } {
    requireNumber('level', level, 0, 1);
    const mean = this.predict(row);
    return {
      mean,
      lower: mean + quantileOfGrid(this.#residuals, (1 - level) / 2),
      upper: mean + quantileOfGrid(this.#residuals, (1 + level) / 2),
    };
  }

  /** What each column adds to or takes from the mean: the steps of the node means along each path (Saabas 2014). Exact in sum; of two columns that carry the same, the one split first gets the credit. */
  attribution(row: Float64Array): Attribution {
    this.#check(row);
    const byColumn = new Float64Array(this.#nCols);
    const feature = this.#feature;
    let baseline = 0;
    for (const root of this.#roots) {
      let node = root;
      baseline += this.#value[node] / this.nTrees;
      while (feature[node] >= 0) {
        const child = this.#child(node, row[feature[node]]);
        byColumn[feature[node]] += (this.#value[child] - this.#value[node]) / this.nTrees;
        node = child;
      }
    }
    return { baseline, byColumn };
  }

  /**
   * SHAP values: what each column adds to the mean answer, fair between columns that carry the same. O(nTrees · leaves · depth²).
   * Throws NOT_READY for a forest stored by a version that did not keep what this needs: train it again.
   */
  contributions(row: Float64Array): Contributions {
    this.#check(row);
    requireFitted(this.#cover.length > 0, `${KIND} with the weights of its nodes`);
    const trees = this.#ensemble(this.#value);
    const { baseline, byColumn } = treeShap(trees, row, 0);
    return { baseline: baseline / this.nTrees, byColumn: byColumn.map((value) => value / this.nTrees) };
  }

  #ensemble(value: Float64Array): TreeEnsemble {
    return new TreeEnsemble({
      roots: this.#roots,
      feature: this.#feature,
      left: this.#left,
      threshold: this.#threshold,
      cover: this.#cover,
      value,
      sets: new Int32Array(0),
      nOutputs: 1,
      nCols: this.#nCols,
      categories: Array.from({ length: this.#nCols }, () => null),
    });
  }

  toBytes(): Uint8Array {
    requireFitted(this.#nCols > 0, KIND);
    return new ModelWriter(KIND, VERSION)
      .number(this.nTrees)
      .number(this.maxFeatures)
      .number(this.minLeaf)
      .number(this.maxDepth)
      .number(this.seed)
      .number(this.#nCols)
      .number(this.#oobMeanAbsoluteError)
      .number(this.#oobRSquared)
      .float64s(this.#residuals)
      .int32s(this.#roots)
      .int32s(this.#feature)
      .int32s(this.#left)
      .float64s(this.#threshold)
      .float64s(this.#value)
      .float64s(this.#cover)
      .finish();
  }

  /** Throws MODEL_DAMAGED for bytes that are cut or altered. */
  static fromBytes(bytes: Uint8Array): RandomForestRegressor {
    const reader = new ModelReader(bytes, KIND, VERSION);
    const forest = new RandomForestRegressor({
      nTrees: reader.number(),
      maxFeatures: reader.number(),
      minLeaf: reader.number(),
      maxDepth: reader.number(),
      seed: reader.number(),
    });
    forest.#nCols = reader.number();
    forest.#oobMeanAbsoluteError = reader.number();
    forest.#oobRSquared = reader.number();
    forest.#residuals = reader.float64s();
    forest.#roots = reader.int32s();
    forest.#feature = reader.int32s();
    forest.#left = reader.int32s();
    forest.#threshold = reader.float64s();
    forest.#value = reader.float64s();
    if (reader.version >= 2) forest.#cover = reader.float64s();
    return forest;
  }

  #child(node: number, value: number): number {
    const left = this.#left[node];
    if (value !== value) return left < 0 ? 1 - left : left;
    return (left < 0 ? -left : left) + (value < this.#threshold[node] ? 0 : 1);
  }

  #judgeOutOfBag(target: Float64Array, sum: Float64Array, count: Int32Array, scale: number): void {
    const residuals: number[] = [];
    let mean = 0;
    for (const value of target) mean += value / target.length;
    let absolute = 0;
    let squared = 0;
    let variance = 0;
    for (let i = 0; i < target.length; i++) {
      if (count[i] === 0) continue;
      const residual = target[i] - sum[i] / count[i];
      residuals.push(residual * scale);
      absolute += Math.abs(residual);
      squared += residual * residual;
      variance += (target[i] - mean) ** 2;
    }
    this.#oobMeanAbsoluteError = residuals.length > 0 ? (absolute / residuals.length) * scale : Number.NaN;
    this.#oobRSquared = residuals.length > 0 ? (variance > 0 ? 1 - squared / variance : 0) : Number.NaN;
    const sorted = Float64Array.from(residuals).sort();
    this.#residuals = new Float64Array(RESIDUAL_QUANTILES);
    if (sorted.length === 0) return;
    for (let q = 0; q < RESIDUAL_QUANTILES; q++) {
      this.#residuals[q] = quantileOfGrid(sorted, q / (RESIDUAL_QUANTILES - 1));
    }
  }

  #check(row: Float64Array): void {
    requireFitted(this.#nCols > 0, KIND);
    if (row.length !== this.#nCols) {
      throw new AuspexError('BAD_REQUEST', `A row has ${row.length} values, the forest was trained on ${this.#nCols}.`);
    }
  }
}

/** The quantile of sorted values, linear between them. */
function quantileOfGrid(sorted: Float64Array, q: number): number {
  const at = q * (sorted.length - 1);
  const below = Math.floor(at);
  const above = Math.min(below + 1, sorted.length - 1);
  return sorted[below] + (sorted[above] - sorted[below]) * (at - below);
}
