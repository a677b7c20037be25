import { AuspexError } from '../../errors.ts';
import { solveCholesky } from '../../stats/cholesky.ts';
import { ColumnScaling } from '../column-scaling.ts';
import { ModelReader, ModelWriter } from '../model-bytes.ts';
import { requireFitted, requireMatrix, requireNumber, requireWidth } from '../requirements.ts';

const KIND = 'ridge';
const VERSION = 1;

export interface RidgeParameters {
  /** Penalty on the squares of the weights of scaled columns, as rows of noise would be: 0 … 1e12. */
  readonly l2?: number;
}

/**
 * Linear regression with a penalty on the squares of the weights (Hoerl and Kennard 1970) on standardised columns.
 *
 * Weak on relations that are no straight lines, on outliers, and beyond some thousand columns. NaN counts as the column's
 * mean; rows whose target is not finite are left out. Fit O(nRows · nCols² + nCols³), predict O(nCols); 24 bytes a column.
 */
export class Ridge {
  readonly l2: number;
  #scaling: ColumnScaling | null = null;
  #weights: Float64Array = new Float64Array(0);
  #intercept = 0;
  #scale = 1;

  constructor(parameters: RidgeParameters = {}) {
    this.l2 = requireNumber('l2', parameters.l2 ?? 1, 0, 1e12);
  }

  get nCols(): number {
    return this.#weights.length;
  }

  /** Learns targets `y` from a row-major matrix. Throws BAD_REQUEST when no row has a finite target. */
  fit(x: Float64Array, y: Float64Array, nRows: number, nCols: number): this {
    requireMatrix(x, nRows, nCols);
    const scaling = ColumnScaling.fit(x, nRows, nCols, 'standard');
    const gram = new Float64Array(nCols * nCols);
    const moment = new Float64Array(nCols);
    const mean = new Float64Array(nCols);
    const z = new Float64Array(nCols);
    let scale = 0;
    for (let i = 0; i < nRows; i++) if (Number.isFinite(y[i])) scale = Math.max(scale, Math.abs(y[i]));
    if (scale === 0) scale = 1;
    let n = 0;
    let targetMean = 0;
    for (let i = 0; i < nRows; i++) {
      if (!Number.isFinite(y[i])) continue;
      scaling.apply(x, i * nCols, z, 0);
      const target = y[i] / scale;
      n++;
      targetMean += (target - targetMean) / n;
      for (let j = 0; j < nCols; j++) {
        mean[j] += z[j];
        moment[j] += z[j] * target;
        for (let k = 0; k <= j; k++) gram[j * nCols + k] += z[j] * z[k];
      }
    }
    if (n === 0) throw new AuspexError('BAD_REQUEST', `None of ${nRows} rows has a finite target.`);
    for (let j = 0; j < nCols; j++) {
      mean[j] /= n;
      moment[j] -= n * mean[j] * targetMean;
      for (let k = 0; k <= j; k++) gram[j * nCols + k] -= n * mean[j] * mean[k];
    }
    this.#weights = solvePenalised(gram, moment, nCols, this.l2);
    this.#intercept = targetMean;
    for (let j = 0; j < nCols; j++) this.#intercept -= this.#weights[j] * mean[j];
    this.#scaling = scaling;
    this.#scale = scale;
    return this;
  }

  predict(row: Float64Array): number {
    requireFitted(this.#scaling !== null, KIND);
    requireWidth(row, this.nCols, KIND);
    const z = new Float64Array(row.length);
    this.#scaling?.apply(row, 0, z, 0);
    let sum = this.#intercept;
    for (let j = 0; j < z.length; j++) sum += this.#weights[j] * z[j];
    return Math.max(-Number.MAX_VALUE, Math.min(Number.MAX_VALUE, sum * this.#scale));
  }

  toBytes(): Uint8Array {
    requireFitted(this.#scaling !== null, KIND);
    const writer = new ModelWriter(KIND, VERSION).number(this.l2).number(this.#intercept).number(this.#scale);
    this.#scaling?.write(writer);
    return writer.float64s(this.#weights).finish();
  }

  /** Throws MODEL_DAMAGED for bytes that are cut or altered. */
  static fromBytes(bytes: Uint8Array): Ridge {
    const reader = new ModelReader(bytes, KIND, VERSION);
    const model = new Ridge({ l2: reader.number() });
    model.#intercept = reader.number();
    model.#scale = reader.number();
    model.#scaling = ColumnScaling.read(reader);
    model.#weights = reader.float64s();
    return model;
  }
}

/**
 * Weights w with (A + l2 · I) w = b for a symmetric A, of which the lower half is read. Columns that say the same make A
 * singular: the penalty is then raised until it can be solved.
 */
export function solvePenalised(a: Float64Array, b: Float64Array, n: number, l2: number): Float64Array {
  let trace = 0;
  for (let j = 0; j < n; j++) trace += a[j * n + j];
  let penalty = l2;
  for (;;) {
    const factors = a.slice();
    const weights = b.slice();
    for (let j = 0; j < n; j++) factors[j * n + j] += penalty;
    if (solveCholesky(factors, weights, n) && weights.every(Number.isFinite)) return weights;
    penalty = Math.max(penalty * 10, (trace / n) * 1e-10, 1e-12);
  }
}
