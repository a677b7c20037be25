import { AuspexError } from '../errors.ts';
import { logistic, logit, OnlineCalibration } from '../evaluation/index.ts';
import { ModelReader, ModelWriter } from '../learners/model-bytes.ts';
import { LogisticRegression } from '../learners/linear/logistic-regression.ts';
import { GradientBoostingClassifier } from '../learners/tree/gradient-boosting-classifier.ts';
import { RandomForestClassifier } from '../learners/tree/random-forest-classifier.ts';
import { HISTORY_COLUMNS, RunHistory } from './run-history.ts';

const KIND = 'failure-risk';
const VERSION = 1;
/** Outcomes, and failures among them, before a model is worth training. */
const FIRST_TRAINING = 50;
const FEWEST_OF_EACH = 5;
/** The model is trained again when the history has grown by this share, and by FEWEST_NEW outcomes at least. */
const RETRAIN_SHARE = 0.03;
const FEWEST_NEW = 25;
/** Outcomes after which one counts half in training. */
const HALF_LIFE = 2000;

export interface FailureRiskParameters {
  /** Features of a run known before it starts. */
  readonly nCols: number;
  /** Outcomes remembered for training; older ones go. */
  readonly maxRows?: number;
  readonly seed: number;
}

/**
 * The probability that a run (a job, a build, a deployment) fails, said before it runs and learnt from after it: features
 * of the run with what the history says (`RunHistory`), a forest, boosted trees and a logistic regression on recent outcomes, their
 * mean logit calibrated online on what was said before each outcome was known. The first 50 outcomes it says the running rate.
 *
 * Weak where runs depend on what no feature tells and outcomes do not cluster in time: it then says the rate, which is right.
 * predict O(trees · depth); learnOne O(1), with a training of some 100 ms each time the history has grown by 3 %.
 */
export class FailureRisk {
  readonly nCols: number;
  readonly maxRows: number;
  readonly seed: number;
  #history = new RunHistory();
  #calibration = new OnlineCalibration(500);
  #forest: RandomForestClassifier | null = null;
  #boosting: GradientBoostingClassifier | null = null;
  #line: LogisticRegression | null = null;
  /** Rows of features and history, oldest first, and what came of them. */
  #x: Float64Array;
  #y: Float64Array;
  #n = 0;
  #newRows = 0;

  constructor(parameters: FailureRiskParameters) {
    this.nCols = parameters.nCols;
    this.maxRows = parameters.maxRows ?? 5000;
    this.seed = parameters.seed;
    this.#x = new Float64Array(64 * this.#width);
    this.#y = new Float64Array(64);
  }

  get #width(): number {
    return this.nCols + HISTORY_COLUMNS;
  }

  /** Outcomes learnt so far. */
  get length(): number {
    return this.#history.length;
  }

  /** Probability of failure, 0 … 1. Throws BAD_REQUEST for another number of features. */
  predict(features: Float64Array): number {
    return this.#calibration.calibrate(this.#raw(this.#row(features)));
  }

  /** What came of a run whose features are given; its history is that of now, so learn in the order in which runs end. */
  learnOne(features: Float64Array, failed: boolean): void {
    const row = this.#row(features);
    // Said without knowing the outcome, as predict would have.
    this.#calibration.learnOne(this.#raw(row), failed);
    this.#keep(row, failed);
    this.#history.learn(failed);
    this.#newRows++;
    const due = Math.max(FEWEST_NEW, RETRAIN_SHARE * this.#n);
    if (this.#n >= FIRST_TRAINING && this.#newRows >= due) this.#train();
  }

  #row(features: Float64Array): Float64Array {
    if (features.length !== this.nCols) {
      throw new AuspexError('BAD_REQUEST', `A run has ${features.length} features; ${this.nCols} are expected.`);
    }
    const row = new Float64Array(this.#width);
    row.set(features);
    this.#history.writeTo(row, this.nCols);
    return row;
  }

  /** Before calibration. */
  #raw(row: Float64Array): number {
    const models = [this.#forest, this.#boosting, this.#line];
    let sum = 0;
    for (const model of models) {
      if (model === null) return row[this.nCols + 3];
      // No single model is believed beyond one in a hundred.
      sum += logit(Math.max(0.01, Math.min(0.99, model.probabilities(row)[1])));
    }
    return logistic(sum / models.length);
  }

  #keep(row: Float64Array, failed: boolean): void {
    const width = this.#width;
    if (this.#n === this.maxRows) {
      // A tenth goes at a time, so that moving the rest costs little.
      const gone = Math.max(1, Math.floor(this.maxRows / 10));
      this.#x.copyWithin(0, gone * width, this.#n * width);
      this.#y.copyWithin(0, gone, this.#n);
      this.#n -= gone;
    }
    if (this.#n === this.#y.length) {
      const capacity = Math.min(this.maxRows, this.#n * 2);
      const x = new Float64Array(capacity * width);
      const y = new Float64Array(capacity);
      x.set(this.#x);
      y.set(this.#y);
      this.#x = x;
      this.#y = y;
    }
    this.#x.set(row, this.#n * width);
    this.#y[this.#n] = failed ? 1 : 0;
    this.#n++;
  }

  #train(): void {
    let failures = 0;
    for (let i = 0; i < this.#n; i++) failures += this.#y[i];
    if (Math.min(failures, this.#n - failures) < FEWEST_OF_EACH) return;
    this.#newRows = 0;
    const weights = Float64Array.from({ length: this.#n }, (_, i) => 2 ** ((i + 1 - this.#n) / HALF_LIFE));
    const width = this.#width;
    const minLeaf = Math.max(5, Math.min(20, Math.floor(this.#n / 20)));
    this.#forest = new RandomForestClassifier({ nTrees: 60, minLeaf, maxFeatures: 0.25, maxBins: 32, seed: this.seed });
    this.#forest.fit(this.#x, this.#y, this.#n, width, weights);
    this.#boosting = new GradientBoostingClassifier({
      nRounds: 60,
      learningRate: 0.05,
      maxLeaves: 8,
      minLeaf,
      l2: 5,
      rowShare: 0.7,
      columnShare: 0.4,
      maxBins: 32,
      seed: this.seed,
    });
    this.#boosting.fit(this.#x, this.#y, this.#n, width, weights);
    this.#line = new LogisticRegression({ l2: 30 }).fit(this.#x, this.#y, this.#n, width, weights);
  }

  toBytes(): Uint8Array {
    const empty = new Uint8Array(0);
    return new ModelWriter(KIND, VERSION)
      .number(this.nCols)
      .number(this.maxRows)
      .number(this.seed)
      .number(this.#newRows)
      .float64s(this.#history.toNumbers())
      .float64s(this.#calibration.toNumbers())
      .float64s(this.#x.slice(0, this.#n * this.#width))
      .float64s(this.#y.slice(0, this.#n))
      .bytes(this.#forest?.toBytes() ?? empty)
      .bytes(this.#boosting?.toBytes() ?? empty)
      .bytes(this.#line?.toBytes() ?? empty)
      .finish();
  }

  /** Throws MODEL_DAMAGED for bytes that are cut or altered. */
  static fromBytes(bytes: Uint8Array): FailureRisk {
    const reader = new ModelReader(bytes, KIND, VERSION);
    const risk = new FailureRisk({ nCols: reader.number(), maxRows: reader.number(), seed: reader.number() });
    risk.#newRows = reader.number();
    risk.#history = RunHistory.fromNumbers(reader.float64s());
    risk.#calibration = OnlineCalibration.fromNumbers(reader.float64s());
    const x = reader.float64s();
    const y = reader.float64s();
    for (let i = 0; i < y.length; i++) {
      risk.#keep(x.subarray(i * risk.#width, (i + 1) * risk.#width), y[i] === 1);
    }
    const forest = reader.bytes();
    const boosting = reader.bytes();
    const line = reader.bytes();
    if (forest.length > 0) risk.#forest = RandomForestClassifier.fromBytes(forest);
    if (boosting.length > 0) risk.#boosting = GradientBoostingClassifier.fromBytes(boosting);
    if (line.length > 0) risk.#line = LogisticRegression.fromBytes(line);
    return risk;
  }
}
