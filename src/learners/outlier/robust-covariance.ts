import { symmetricEigen } from '../../stats/symmetric-eigen.ts';
import { ColumnScaling } from '../column-scaling.ts';
import { ModelReader, ModelWriter } from '../model-bytes.ts';
import { requireFitted, requireMatrix } from '../requirements.ts';
import { RowScorer } from './outlier-detector.ts';

const KIND = 'robust-covariance';
const VERSION = 1;
/** Concentration steps; the set of central rows seldom changes after ten. */
const MOST_STEPS = 30;
/** Directions that vary less than this, relative to one scale of a column, count as varying so much: rounding is no distance. */
const LEAST_VARIANCE = 1e-6;
/** The first centre and covariance are of values cut here, so that a few wild rows do not turn them. */
const CUT = 3;

/**
 * Distance from the centre in the shape of the central half of the data (Mahalanobis distance on the minimum covariance
 * determinant: Rousseeuw and Van Driessen 1999, concentrated from one start of cut columns, so that no seed is needed).
 * It sees broken relations between columns whose values are usual one by one.
 *
 * Weak where the data has several centres or curved shapes. At most 300 columns: use it on fewer, it is O(d³).
 * NaN says nothing. Fit O(steps · nRows · d² + d³), score O(d²); 8 d² bytes.
 */
export class RobustCovariance extends RowScorer {
  readonly kind = KIND;
  #scaling: ColumnScaling | null = null;
  #centre: Float64Array = new Float64Array(0);
  /** Rows are directions divided by their deviation. */
  #whitener: Float64Array = new Float64Array(0);
  #scaled: Float64Array = new Float64Array(0);

  get nCols(): number {
    return this.#centre.length;
  }

  /** Learns from a row-major matrix, forgetting what it knew. */
  fit(x: Float64Array, nRows: number, nCols: number): this {
    requireMatrix(x, nRows, nCols);
    const scaling = ColumnScaling.fit(x, nRows, nCols, 'robust');
    const rows = scaling.applyAll(x, nRows);
    const all = Int32Array.from({ length: nRows }, (_, i) => i);
    const cut = rows.map((z) => Math.max(-CUT, Math.min(CUT, z)));
    this.#scaling = scaling;
    this.#scaled = new Float64Array(nCols);
    this.#centre = new Float64Array(nCols);
    this.#shape(cut, all, nCols);
    const size = Math.min(nRows, Math.floor((nRows + nCols + 1) / 2));
    const squares = new Float64Array(nRows);
    let before = '';
    for (let step = 0; step < MOST_STEPS && size >= 2; step++) {
      for (let i = 0; i < nRows; i++) squares[i] = this.#square(rows, i * nCols);
      const central = all
        .slice()
        .sort((a, b) => squares[a] - squares[b] || a - b)
        .subarray(0, size)
        .toSorted();
      const now = central.join();
      if (now === before) break;
      before = now;
      this.#shape(rows, central, nCols);
    }
    return this;
  }

  protected scoreAt(x: Float64Array, start: number): number {
    this.#scaling?.apply(x, start, this.#scaled, 0);
    return Math.sqrt(this.#square(this.#scaled, 0));
  }

  #square(z: Float64Array, start: number): number {
    const n = this.#centre.length;
    const centre = this.#centre;
    const whitener = this.#whitener;
    let square = 0;
    for (let k = 0; k < n; k++) {
      let sum = 0;
      for (let j = 0; j < n; j++) sum += whitener[k * n + j] * (z[start + j] - centre[j]);
      square += sum * sum;
    }
    return square;
  }

  /** Centre and shape of some rows. */
  #shape(rows: Float64Array, chosen: Int32Array, nCols: number): void {
    const centre = this.#centre.fill(0);
    for (const row of chosen) for (let j = 0; j < nCols; j++) centre[j] += rows[row * nCols + j] / chosen.length;
    const covariance = new Float64Array(nCols * nCols);
    const away = new Float64Array(nCols);
    for (const row of chosen) {
      for (let j = 0; j < nCols; j++) away[j] = rows[row * nCols + j] - centre[j];
      for (let j = 0; j < nCols; j++) {
        const a = away[j] / chosen.length;
        if (a !== 0) for (let k = 0; k <= j; k++) covariance[j * nCols + k] += a * away[k];
      }
    }
    for (let j = 0; j < nCols; j++) for (let k = 0; k < j; k++) covariance[k * nCols + j] = covariance[j * nCols + k];
    const { values, vectors } = symmetricEigen(covariance, nCols);
    for (let k = 0; k < nCols; k++) {
      const deviation = Math.sqrt(Math.max(values[k], LEAST_VARIANCE));
      for (let j = 0; j < nCols; j++) vectors[k * nCols + j] /= deviation;
    }
    this.#whitener = vectors;
  }

  toBytes(): Uint8Array {
    requireFitted(this.nCols > 0, KIND);
    const writer = new ModelWriter(KIND, VERSION);
    this.#scaling?.write(writer);
    return writer.float64s(this.#centre).float64s(this.#whitener).finish();
  }

  /** Throws MODEL_DAMAGED for bytes that are cut or altered. */
  static fromBytes(bytes: Uint8Array): RobustCovariance {
    const reader = new ModelReader(bytes, KIND, VERSION);
    const model = new RobustCovariance();
    model.#scaling = ColumnScaling.read(reader);
    model.#centre = reader.float64s();
    model.#whitener = reader.float64s();
    model.#scaled = new Float64Array(model.#centre.length);
    return model;
  }
}
