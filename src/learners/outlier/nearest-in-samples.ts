import { SeededRandom } from '../../stats/random.ts';
import { ColumnScaling } from '../column-scaling.ts';
import { ModelReader, ModelWriter } from '../model-bytes.ts';
import { requireFitted, requireInteger, requireMatrix } from '../requirements.ts';
import { RowScorer } from './outlier-detector.ts';

const KIND = 'nearest-in-samples';
const VERSION = 1;

export interface NearestInSamplesParameters {
  /** Random samples: 1 … 1000. */
  readonly nSamples?: number;
  /** Rows in each: 1 … 10,000. */
  readonly sampleSize?: number;
  readonly seed: number;
}

/**
 * Mean distance to the nearest row of many small random samples (LeSiNN: Pang, Ting, Albrecht 2015). A small sample
 * seldom holds a row of a small group, so that anomalies that lie together are seen, as an isolation forest sees them,
 * but by distance in all columns at once.
 *
 * Weak on anomalies near the edge of a dense place, and with many columns of no meaning. NaN says nothing.
 * Fit O(nSamples · sampleSize · d), score the same; 8 bytes a drawn row and column.
 */
export class NearestInSamples extends RowScorer {
  readonly kind = KIND;
  readonly nSamples: number;
  readonly sampleSize: number;
  readonly seed: number;
  #scaling: ColumnScaling | null = null;
  #drawn: Float64Array = new Float64Array(0);
  #size = 0;
  #scaled: Float64Array = new Float64Array(0);

  constructor(parameters: NearestInSamplesParameters) {
    super();
    this.nSamples = requireInteger('nSamples', parameters.nSamples ?? 100, 1, 1000);
    this.sampleSize = requireInteger('sampleSize', parameters.sampleSize ?? 16, 1, 10_000);
    this.seed = parameters.seed;
  }

  get nCols(): number {
    return this.#scaled.length;
  }

  /** Learns from a row-major matrix, forgetting what it knew. */
  fit(x: Float64Array, nRows: number, nCols: number): this {
    requireMatrix(x, nRows, nCols);
    const random = new SeededRandom(this.seed);
    const scaling = ColumnScaling.fit(x, nRows, nCols, 'standard');
    const rows = scaling.applyAll(x, nRows);
    const order = Int32Array.from({ length: nRows }, (_, i) => i);
    const size = Math.min(this.sampleSize, nRows);
    this.#drawn = new Float64Array(this.nSamples * size * nCols);
    for (let sample = 0; sample < this.nSamples; sample++) {
      for (let i = 0; i < size; i++) {
        const j = i + random.integer(nRows - i);
        const row = order[j];
        order[j] = order[i];
        order[i] = row;
        this.#drawn.set(rows.subarray(row * nCols, (row + 1) * nCols), (sample * size + i) * nCols);
      }
    }
    this.#scaling = scaling;
    this.#size = size;
    this.#scaled = new Float64Array(nCols);
    return this;
  }

  protected scoreAt(x: Float64Array, start: number): number {
    const z = this.#scaled;
    this.#scaling?.apply(x, start, z, 0);
    const drawn = this.#drawn;
    const nCols = z.length;
    const span = this.#size * nCols;
    let total = 0;
    for (let sample = 0; sample < this.nSamples; sample++) {
      let best = Infinity;
      for (let at = sample * span; at < (sample + 1) * span; at += nCols) {
        let sum = 0;
        for (let j = 0; j < nCols && sum < best; j++) {
          const away = drawn[at + j] - z[j];
          sum += away * away;
        }
        if (sum < best) best = sum;
      }
      total += Math.sqrt(best);
    }
    return total / this.nSamples;
  }

  toBytes(): Uint8Array {
    requireFitted(this.nCols > 0, KIND);
    const writer = new ModelWriter(KIND, VERSION).number(this.nSamples).number(this.sampleSize).number(this.seed);
    this.#scaling?.write(writer);
    return writer.number(this.#size).float64s(this.#drawn).finish();
  }

  /** Throws MODEL_DAMAGED for bytes that are cut or altered. */
  static fromBytes(bytes: Uint8Array): NearestInSamples {
    const reader = new ModelReader(bytes, KIND, VERSION);
    const model = new NearestInSamples({
      nSamples: reader.number(),
      sampleSize: reader.number(),
      seed: reader.number(),
    });
    model.#scaling = ColumnScaling.read(reader);
    model.#size = reader.number();
    model.#drawn = reader.float64s();
    model.#scaled = new Float64Array(model.#scaling.nCols);
    return model;
  }
}
