import { ModelReader, ModelWriter } from '../model-bytes.ts';
import { requireFitted, requireInteger, requireMatrix } from '../requirements.ts';
import { ColumnScaling } from '../column-scaling.ts';
import { RowScorer } from './outlier-detector.ts';

const KIND = 'hbos';
const VERSION = 1;
/** Histograms span this many robust deviations on either side at most; what lies beyond is in no bin. */
const WIDEST = 10;

export interface HbosParameters {
  /** Bins of each column, 2 … 1000; 0 for the square root of the rows, at most 50. */
  readonly nBins?: number;
}

/**
 * Histogram-based outlier score (Goldstein and Dengel 2012): the sum over columns of −log of the density of the row's
 * bin, the columns taken as independent. Counts have half a row added, so that an empty bin is rare, not impossible.
 *
 * Weak where only the combination of columns is unusual. NaN says nothing.
 * Fit O(nRows · nCols), score O(nCols); 8 bytes a bin and column.
 */
export class Hbos extends RowScorer {
  readonly kind = KIND;
  readonly nBins: number;
  #bins = 0;
  #scaling: ColumnScaling | null = null;
  #lows: Float64Array = new Float64Array(0);
  #widths: Float64Array = new Float64Array(0);
  /** Surprise of each bin, column after column; the last of a column is that of what lies outside. */
  #surprise: Float64Array = new Float64Array(0);
  #scaled: Float64Array = new Float64Array(0);

  constructor(parameters: HbosParameters = {}) {
    super();
    this.nBins = requireInteger('nBins', parameters.nBins ?? 0, 0, 1000);
    if (this.nBins === 1) requireInteger('nBins', 1, 2, 1000);
  }

  get nCols(): number {
    return this.#lows.length;
  }

  /** Learns from a row-major matrix, forgetting what it knew. */
  fit(x: Float64Array, nRows: number, nCols: number): this {
    requireMatrix(x, nRows, nCols);
    const scaling = ColumnScaling.fit(x, nRows, nCols, 'robust');
    const scaled = scaling.applyAll(x, nRows);
    const nBins = this.nBins > 0 ? this.nBins : Math.max(2, Math.min(50, Math.ceil(Math.sqrt(nRows))));
    const lows = new Float64Array(nCols);
    const widths = new Float64Array(nCols);
    const surprise = new Float64Array(nCols * (nBins + 1));
    for (let j = 0; j < nCols; j++) {
      let low = Infinity;
      let high = -Infinity;
      for (let i = 0; i < nRows; i++) {
        const z = scaled[i * nCols + j];
        if (z < low && z >= -WIDEST) low = z;
        if (z > high && z <= WIDEST) high = z;
      }
      lows[j] = low;
      widths[j] = high > low ? (high - low) / nBins : 0;
      const counts = surprise.subarray(j * (nBins + 1), (j + 1) * (nBins + 1));
      let present = 0;
      for (let i = 0; i < nRows; i++) {
        if (x[i * nCols + j] !== x[i * nCols + j]) continue;
        counts[binOf(scaled[i * nCols + j], low, widths[j], nBins)]++;
        present++;
      }
      const most = Math.max(...counts);
      for (let b = 0; b <= nBins; b++) counts[b] = present > 0 ? Math.log((most + 0.5) / (counts[b] + 0.5)) : 0;
    }
    this.#use(scaling, lows, widths, surprise);
    return this;
  }

  protected scoreAt(x: Float64Array, start: number): number {
    this.#scaling?.apply(x, start, this.#scaled, 0);
    const nBins = this.#bins;
    let sum = 0;
    for (let j = 0; j < this.#lows.length; j++) {
      if (x[start + j] !== x[start + j]) continue;
      sum += this.#surprise[j * (nBins + 1) + binOf(this.#scaled[j], this.#lows[j], this.#widths[j], nBins)];
    }
    return sum;
  }

  #use(scaling: ColumnScaling, lows: Float64Array, widths: Float64Array, surprise: Float64Array): void {
    this.#scaling = scaling;
    this.#lows = lows;
    this.#widths = widths;
    this.#surprise = surprise;
    this.#bins = surprise.length / lows.length - 1;
    this.#scaled = new Float64Array(lows.length);
  }

  toBytes(): Uint8Array {
    requireFitted(this.nCols > 0, KIND);
    const writer = new ModelWriter(KIND, VERSION).number(this.nBins);
    this.#scaling?.write(writer);
    return writer.float64s(this.#lows).float64s(this.#widths).float64s(this.#surprise).finish();
  }

  /** Throws MODEL_DAMAGED for bytes that are cut or altered. */
  static fromBytes(bytes: Uint8Array): Hbos {
    const reader = new ModelReader(bytes, KIND, VERSION);
    const model = new Hbos({ nBins: reader.number() });
    model.#use(ColumnScaling.read(reader), reader.float64s(), reader.float64s(), reader.float64s());
    return model;
  }
}

/** 0 … nBins − 1, or nBins for what lies outside. */
function binOf(z: number, low: number, width: number, nBins: number): number {
  if (width === 0) return z === low ? 0 : nBins;
  const bin = Math.floor((z - low) / width);
  if (bin >= 0 && bin < nBins) return bin;
  // The highest value of all is in the last bin.
  return bin === nBins && z <= low + width * nBins * (1 + 1e-12) ? nBins - 1 : nBins;
}
