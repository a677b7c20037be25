import { quantileOfSorted } from '../../stats/quantile.ts';
import { ModelReader, ModelWriter } from '../model-bytes.ts';
import { requireFitted, requireMatrix } from '../requirements.ts';
import { ColumnScaling } from '../column-scaling.ts';
import { RowScorer } from './outlier-detector.ts';

const VERSION = 1;
/** The median absolute deviation of a normal variable in standard deviations. */
const NORMAL_MAD = 0.6744897501960817;

/**
 * The largest distance of any column from its median, in robust deviations (Iglewicz and Hoaglin 1993: MAD ÷ 0.6745).
 * Where more than half of a column is one value, its standard deviation takes the MAD's place.
 *
 * Weak where columns depend on one another, where a column has several usual values, and with heavy tails.
 * NaN says nothing. Fit O(nRows · nCols · log nRows), score O(nCols); 16 bytes a column.
 */
export class RobustZ extends RowScorer {
  readonly kind = 'robust-z';
  #scaling: ColumnScaling | null = null;
  #scales: Float64Array = new Float64Array(0);
  #scaled: Float64Array = new Float64Array(0);

  get nCols(): number {
    return this.#scales.length;
  }

  /** Learns from a row-major matrix, forgetting what it knew. */
  fit(x: Float64Array, nRows: number, nCols: number): this {
    requireMatrix(x, nRows, nCols);
    const scaling = ColumnScaling.fit(x, nRows, nCols, 'robust');
    const scaled = scaling.applyAll(x, nRows);
    const away = new Float64Array(nRows);
    const scales = new Float64Array(nCols);
    for (let j = 0; j < nCols; j++) {
      for (let i = 0; i < nRows; i++) away[i] = Math.abs(scaled[i * nCols + j]);
      away.sort();
      const mad = quantileOfSorted(away, 0.5) / NORMAL_MAD;
      scales[j] = mad > 0 ? mad : 1;
    }
    this.#use(scaling, scales);
    return this;
  }

  protected scoreAt(x: Float64Array, start: number): number {
    this.#scaling?.apply(x, start, this.#scaled, 0);
    let most = 0;
    for (let j = 0; j < this.#scales.length; j++) most = Math.max(most, Math.abs(this.#scaled[j]) / this.#scales[j]);
    return most;
  }

  #use(scaling: ColumnScaling, scales: Float64Array): void {
    this.#scaling = scaling;
    this.#scales = scales;
    this.#scaled = new Float64Array(scales.length);
  }

  toBytes(): Uint8Array {
    requireFitted(this.nCols > 0, this.kind);
    const writer = new ModelWriter(this.kind, VERSION).float64s(this.#scales);
    this.#scaling?.write(writer);
    return writer.finish();
  }

  /** Throws MODEL_DAMAGED for bytes that are cut or altered. */
  static fromBytes(bytes: Uint8Array): RobustZ {
    const reader = new ModelReader(bytes, 'robust-z', VERSION);
    const model = new RobustZ();
    const scales = reader.float64s();
    model.#use(ColumnScaling.read(reader), scales);
    return model;
  }
}
