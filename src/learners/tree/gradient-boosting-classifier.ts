import { ModelReader, ModelWriter } from '../model-bytes.ts';
import { requireFitted, requireMatrix, requireWidth } from '../requirements.ts';
import { boost, type BoostingParameters, boostingParameters } from './boosting.ts';
import { readBoosting, writeBoosting } from './boosting-bytes.ts';
import { logLoss, softmaxLoss } from './boosting-losses.ts';
import { type ClassWeights, countClasses, rowWeights } from './class-targets.ts';
import { rowsOf, rowsWithTarget } from './target-rows.ts';
import { TreeEnsemble } from './tree-ensemble.ts';
import { type Contributions, treeShap } from './tree-shap.ts';

const KIND = 'gradient-boosting-classifier';
const VERSION = 1;

export interface GradientBoostingClassifierParameters extends BoostingParameters {
  readonly classWeights?: ClassWeights;
}

/**
 * Histogram gradient boosting of log loss: two classes by one tree a round, more by one tree a round and class.
 *
 * Its probabilities are good where rows are many; on a few hundred they are too sure of themselves: stop early on held-back
 * rows, or calibrate. Balanced class weights shift them on purpose. NaN in a column is a missing value; rows whose class is
 * NaN are left out. Fit O(nRounds · nGroups · nRows · nCols · depth), predict O(nRounds · nGroups · depth); 40 bytes a node.
 */
export class GradientBoostingClassifier {
  readonly classWeights: ClassWeights;
  readonly #parameters: Required<BoostingParameters>;
  #trees: TreeEnsemble | null = null;
  #initial: Float64Array = new Float64Array(0);
  #nClasses = 0;

  constructor(parameters: GradientBoostingClassifierParameters) {
    this.#parameters = boostingParameters(parameters);
    this.classWeights = parameters.classWeights ?? 'none';
  }

  get nCols(): number {
    return this.#trees?.arrays.nCols ?? 0;
  }

  get nClasses(): number {
    return this.#nClasses;
  }

  /** Rounds it kept: fewer than asked for where held-back rows stopped it. */
  get nRounds(): number {
    return (this.#trees?.nTrees ?? 0) / Math.max(1, this.#initial.length);
  }

  /** Learns classes 0, 1, … from a row-major matrix, with a weight a row if given. Throws BAD_REQUEST when no row has a class. */
  fit(x: Float64Array, y: Float64Array, nRows: number, nCols: number, weights?: Float64Array): this {
    requireMatrix(x, nRows, nCols);
    const rows = rowsWithTarget(y, nRows, weights);
    const nClasses = countClasses(y, rows);
    const target = Float64Array.from(rows, (row) => y[row]);
    const weight = rowWeights(y, rows, nClasses, this.classWeights, weights);
    const loss = nClasses === 2 ? logLoss : softmaxLoss(nClasses);
    const boosted = boost(rowsOf(x, rows, nRows, nCols), target, weight, nCols, loss, this.#parameters);
    this.#trees = boosted.trees;
    this.#initial = boosted.initial;
    this.#nClasses = nClasses;
    return this;
  }

  /** One probability a class. */
  probabilities(row: Float64Array): Float64Array {
    requireFitted(this.#trees !== null, KIND);
    requireWidth(row, this.nCols, KIND);
    const raw = this.#initial.slice();
    this.#trees?.addTo(raw, row, raw.length);
    return probabilitiesOf(raw, 0, raw.length);
  }

  /** Row-major: nClasses probabilities a row. */
  probabilitiesAll(x: Float64Array, nRows: number): Float64Array {
    requireFitted(this.#trees !== null, KIND);
    requireMatrix(x, nRows, this.nCols);
    const nGroups = this.#initial.length;
    const raw = new Float64Array(nRows * nGroups);
    for (let i = 0; i < raw.length; i++) raw[i] = this.#initial[i % nGroups];
    this.#trees?.addAllTo(raw, x, nRows, nGroups);
    const out = new Float64Array(nRows * this.#nClasses);
    for (let i = 0; i < nRows; i++) out.set(probabilitiesOf(raw, i * nGroups, nGroups), i * this.#nClasses);
    return out;
  }

  /** SHAP values on the scale of logits: of class 1 when there are two, of the raw sum of `label` otherwise. */
  contributions(row: Float64Array, label = 1): Contributions {
    requireFitted(this.#trees !== null, KIND);
    requireWidth(row, this.nCols, KIND);
    const nGroups = this.#initial.length;
    const group = nGroups > 1 ? label : 0;
    if (this.#trees === null) return { baseline: 0, byColumn: new Float64Array(0) };
    const { baseline, byColumn } = treeShap(this.#trees, row, group, nGroups);
    return { baseline: baseline + this.#initial[group], byColumn };
  }

  toBytes(): Uint8Array {
    requireFitted(this.#trees !== null, KIND);
    const writer = writeBoosting(new ModelWriter(KIND, VERSION), this.#parameters);
    writer.text(this.classWeights).number(this.#nClasses).float64s(this.#initial);
    this.#trees?.write(writer);
    return writer.finish();
  }

  /** Throws MODEL_DAMAGED for bytes that are cut or altered. */
  static fromBytes(bytes: Uint8Array): GradientBoostingClassifier {
    const reader = new ModelReader(bytes, KIND, VERSION);
    const parameters = readBoosting(reader);
    const classWeights = reader.text() === 'balanced' ? 'balanced' : 'none';
    const model = new GradientBoostingClassifier({ ...parameters, classWeights });
    model.#nClasses = reader.number();
    model.#initial = reader.float64s();
    model.#trees = TreeEnsemble.read(reader);
    return model;
  }
}

/** From raw sums: a logit, or one sum a class. */
function probabilitiesOf(raw: Float64Array, start: number, nGroups: number): Float64Array {
  if (nGroups === 1) {
    const p = 1 / (1 + Math.exp(-raw[start]));
    return Float64Array.of(1 - p, p);
  }
  const own = raw.slice(start, start + nGroups);
  const most = Math.max(...own);
  let sum = 0;
  for (let k = 0; k < nGroups; k++) {
    own[k] = Math.exp(own[k] - most);
    sum += own[k];
  }
  for (let k = 0; k < nGroups; k++) own[k] /= sum;
  return own;
}
