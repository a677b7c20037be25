import { ModelReader, ModelWriter } from '../model-bytes.ts';
import { requireFitted, requireMatrix, requireNumber, requireWidth } from '../requirements.ts';
import { boost, type BoostingParameters, boostingParameters } from './boosting.ts';
import { type BoostingLoss, quantileLoss, squaredLoss } from './boosting-losses.ts';
import { readBoosting, writeBoosting } from './boosting-bytes.ts';
import { rowsOf, rowsWithTarget } from './target-rows.ts';
import { TreeEnsemble } from './tree-ensemble.ts';
import { type Contributions, treeShap } from './tree-shap.ts';

const KIND = 'gradient-boosting-regressor';
const VERSION = 1;

/** What is foretold: the mean (`squared`), the median (`absolute`), or the quantile named by `quantile`. */
export type RegressionLoss = 'squared' | 'absolute' | 'quantile';
const LOSSES: readonly RegressionLoss[] = ['squared', 'absolute', 'quantile'];

export interface GradientBoostingRegressorParameters extends BoostingParameters {
  readonly loss?: RegressionLoss;
  /** For the quantile loss: above 0 and below 1. */
  readonly quantile?: number;
}

/**
 * Histogram gradient boosting (Friedman 2001, grown as LightGBM does: Ke et al. 2017) of a number: its mean, median or
 * another quantile.
 *
 * Weak beyond what was seen (it never extrapolates) and on some tens of rows. NaN in a column is a missing value and goes
 * where it served best; rows whose target is not finite are left out.
 * Fit O(nRounds · nRows · nCols · depth), predict O(nRounds · depth); 40 bytes a node.
 */
export class GradientBoostingRegressor {
  readonly loss: RegressionLoss;
  readonly quantile: number;
  readonly #parameters: Required<BoostingParameters>;
  #trees: TreeEnsemble | null = null;
  #initial = 0;
  #scale = 1;

  constructor(parameters: GradientBoostingRegressorParameters) {
    this.#parameters = boostingParameters(parameters);
    this.loss = parameters.loss ?? 'squared';
    this.quantile = requireNumber('quantile', parameters.quantile ?? 0.5, 1e-6, 1 - 1e-6);
  }

  get nCols(): number {
    return this.#trees?.arrays.nCols ?? 0;
  }

  /** Rounds it kept: fewer than asked for where held-back rows stopped it. */
  get nRounds(): number {
    return this.#trees?.nTrees ?? 0;
  }

  /** Learns targets `y` from a row-major matrix, with a weight a row if given. Throws BAD_REQUEST when no row has a finite target. */
  fit(x: Float64Array, y: Float64Array, nRows: number, nCols: number, weights?: Float64Array): this {
    requireMatrix(x, nRows, nCols);
    const rows = rowsWithTarget(y, nRows, weights);
    let scale = 0;
    for (const row of rows) scale = Math.max(scale, Math.abs(y[row]));
    this.#scale = scale === 0 ? 1 : scale;
    const target = Float64Array.from(rows, (row) => y[row] / this.#scale);
    const weight = Float64Array.from(rows, (row) => weights?.[row] ?? 1);
    const boosted = boost(rowsOf(x, rows, nRows, nCols), target, weight, nCols, this.#lossToLower(), this.#parameters);
    this.#trees = boosted.trees;
    this.#initial = boosted.initial[0];
    return this;
  }

  #lossToLower(): BoostingLoss {
    if (this.loss === 'squared') return squaredLoss;
    return quantileLoss(this.loss === 'absolute' ? 0.5 : this.quantile);
  }

  predict(row: Float64Array): number {
    requireFitted(this.#trees !== null, KIND);
    requireWidth(row, this.nCols, KIND);
    const sum = Float64Array.of(this.#initial);
    this.#trees?.addTo(sum, row);
    return sum[0] * this.#scale;
  }

  predictAll(x: Float64Array, nRows: number): Float64Array {
    requireFitted(this.#trees !== null, KIND);
    requireMatrix(x, nRows, this.nCols);
    const out = new Float64Array(nRows).fill(this.#initial);
    this.#trees?.addAllTo(out, x, nRows);
    return out.map((value) => value * this.#scale);
  }

  /** SHAP values: what each column adds to the mean answer. */
  contributions(row: Float64Array): Contributions {
    requireFitted(this.#trees !== null, KIND);
    requireWidth(row, this.nCols, KIND);
    if (this.#trees === null) return { baseline: 0, byColumn: new Float64Array(0) };
    const { baseline, byColumn } = treeShap(this.#trees, row, 0);
    return { baseline: (baseline + this.#initial) * this.#scale, byColumn: byColumn.map((v) => v * this.#scale) };
  }

  toBytes(): Uint8Array {
    requireFitted(this.#trees !== null, KIND);
    const writer = writeBoosting(new ModelWriter(KIND, VERSION), this.#parameters);
    writer.number(LOSSES.indexOf(this.loss)).number(this.quantile).number(this.#initial).number(this.#scale);
    this.#trees?.write(writer);
    return writer.finish();
  }

  /** Throws MODEL_DAMAGED for bytes that are cut or altered. */
  static fromBytes(bytes: Uint8Array): GradientBoostingRegressor {
    const reader = new ModelReader(bytes, KIND, VERSION);
    const parameters = readBoosting(reader);
    const loss = LOSSES[reader.number()] ?? 'squared';
    const model = new GradientBoostingRegressor({ ...parameters, loss, quantile: reader.number() });
    model.#initial = reader.number();
    model.#scale = reader.number();
    model.#trees = TreeEnsemble.read(reader);
    return model;
  }
}
