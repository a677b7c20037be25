import { AuspexError } from '../../errors.ts';
import { ColumnScaling } from '../column-scaling.ts';
import { ModelReader, ModelWriter } from '../model-bytes.ts';
import { requireFitted, requireMatrix, requireNumber, requireWidth } from '../requirements.ts';
import { rowsWithTarget } from '../tree/target-rows.ts';
import { solvePenalised } from './ridge.ts';

const KIND = 'logistic-regression';
const VERSION = 1;
const MOST_STEPS = 50;

export interface LogisticRegressionParameters {
  /** Penalty on half the squares of the weights of scaled columns: 1 ÷ C of scikit-learn. Above 0 keeps separable classes finite. */
  readonly l2?: number;
}

/**
 * Logistic regression of two classes (0 and 1) with a penalty on squares, by Newton's method with halved steps, on standardised
 * columns; the intercept is not penalised.
 *
 * Weak where the logit is no straight line in the columns, and beyond some hundred columns. NaN counts as the column's mean; rows
 * whose class is NaN are left out. Fit O(steps · nRows · nCols²), predict O(nCols); 24 bytes a column.
 */
export class LogisticRegression {
  readonly l2: number;
  readonly nClasses = 2;
  #scaling: ColumnScaling | null = null;
  /** The last one is the intercept. */
  #weights: Float64Array = new Float64Array(0);

  constructor(parameters: LogisticRegressionParameters = {}) {
    this.l2 = requireNumber('l2', parameters.l2 ?? 1, 1e-9, 1e12);
  }

  get nCols(): number {
    return Math.max(0, this.#weights.length - 1);
  }

  /** By column, on the scale of standardised columns: the change of the logit for one deviation. */
  get weights(): Float64Array {
    return this.#weights.slice(0, -1);
  }

  /** Learns classes 0 and 1, with a weight a row if given. Throws BAD_REQUEST for another class or none at all. */
  fit(x: Float64Array, y: Float64Array, nRows: number, nCols: number, weights?: Float64Array): this {
    requireMatrix(x, nRows, nCols);
    const rows = rowsWithTarget(y, nRows, weights);
    for (const row of rows) {
      if (y[row] !== 0 && y[row] !== 1) {
        throw new AuspexError(
          'BAD_REQUEST',
          `The class of row ${row} is ${y[row]}; logistic regression knows 0 and 1.`,
        );
      }
    }
    const scaling = ColumnScaling.fit(x, nRows, nCols, 'standard');
    const width = nCols + 1;
    const z = new Float64Array(rows.length * width);
    for (let i = 0; i < rows.length; i++) {
      scaling.apply(x, rows[i] * nCols, z, i * width);
      z[i * width + nCols] = 1;
    }
    const target = Float64Array.from(rows, (row) => y[row]);
    const weight = Float64Array.from(rows, (row) => weights?.[row] ?? 1);
    this.#weights = newton(z, target, weight, width, this.l2);
    this.#scaling = scaling;
    return this;
  }

  /** The probabilities of class 0 and class 1. */
  probabilities(row: Float64Array): Float64Array {
    requireFitted(this.#scaling !== null, KIND);
    requireWidth(row, this.nCols, KIND);
    const z = new Float64Array(row.length);
    this.#scaling?.apply(row, 0, z, 0);
    let logit = this.#weights[row.length];
    for (let j = 0; j < z.length; j++) logit += this.#weights[j] * z[j];
    const p = 1 / (1 + Math.exp(-logit));
    return Float64Array.of(1 - p, p);
  }

  toBytes(): Uint8Array {
    requireFitted(this.#scaling !== null, KIND);
    const writer = new ModelWriter(KIND, VERSION).number(this.l2);
    this.#scaling?.write(writer);
    return writer.float64s(this.#weights).finish();
  }

  /** Throws MODEL_DAMAGED for bytes that are cut or altered. */
  static fromBytes(bytes: Uint8Array): LogisticRegression {
    const reader = new ModelReader(bytes, KIND, VERSION);
    const model = new LogisticRegression({ l2: reader.number() });
    model.#scaling = ColumnScaling.read(reader);
    model.#weights = reader.float64s();
    return model;
  }
}

/** Minimises the weighted log loss + l2 ÷ 2 · |w|² without the last weight. */
function newton(z: Float64Array, y: Float64Array, weight: Float64Array, width: number, l2: number): Float64Array {
  let w: Float64Array = new Float64Array(width);
  let loss = lossOf(w, z, y, weight, width, l2);
  for (let step = 0; step < MOST_STEPS; step++) {
    const gradient = new Float64Array(width);
    const hessian = new Float64Array(width * width);
    for (let i = 0; i < y.length; i++) {
      const start = i * width;
      const p = 1 / (1 + Math.exp(-dot(w, z, start)));
      const g = weight[i] * (p - y[i]);
      const h = weight[i] * Math.max(p * (1 - p), 1e-12);
      for (let j = 0; j < width; j++) {
        gradient[j] += g * z[start + j];
        const hz = h * z[start + j];
        if (hz !== 0) for (let k = 0; k <= j; k++) hessian[j * width + k] += hz * z[start + k];
      }
    }
    for (let j = 0; j < width - 1; j++) {
      gradient[j] += l2 * w[j];
      hessian[j * width + j] += l2;
    }
    const direction = solvePenalised(hessian, gradient, width, 0);
    let share = 1;
    let next = w;
    let nextLoss = loss;
    for (let half = 0; half < 30; half++) {
      const tried = w.map((value, j) => value - share * direction[j]);
      const triedLoss = lossOf(tried, z, y, weight, width, l2);
      if (triedLoss < loss) {
        next = tried;
        nextLoss = triedLoss;
        break;
      }
      share /= 2;
    }
    const gained = loss - nextLoss;
    w = next;
    loss = nextLoss;
    if (!(gained > 1e-12 * Math.max(1, Math.abs(loss)))) break;
  }
  return w;
}

function lossOf(
  w: Float64Array,
  z: Float64Array,
  y: Float64Array,
  weight: Float64Array,
  width: number,
  l2: number,
): number {
  let loss = 0;
  for (let i = 0; i < y.length; i++) {
    const logit = dot(w, z, i * width);
    const margin = y[i] === 1 ? logit : -logit;
    loss += weight[i] * (margin > 0 ? Math.log1p(Math.exp(-margin)) : Math.log1p(Math.exp(margin)) - margin);
  }
  for (let j = 0; j < width - 1; j++) loss += (l2 / 2) * w[j] * w[j];
  return loss;
}

function dot(w: Float64Array, z: Float64Array, start: number): number {
  let sum = 0;
  for (let j = 0; j < w.length; j++) sum += w[j] * z[start + j];
  return sum;
}
