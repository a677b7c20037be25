import { ModelReader, ModelWriter } from '../model-bytes.ts';
import { requireFitted, requireMatrix } from '../requirements.ts';
import { type NeighbourParameters, NeighbourRows, neighbourParameters } from './neighbour-rows.ts';
import { RowScorer } from './outlier-detector.ts';

const KIND = 'k-nearest-neighbours';
const VERSION = 1;

/**
 * Mean distance to the k nearest training rows (Angiulli and Pizzuti 2002).
 *
 * Weak where usual rows lie densely in one place and thinly in another (the thin place looks unusual; the local outlier
 * factor allows for it), where more than k anomalies lie together, and with many columns of no meaning.
 * NaN says nothing. Fit O(n log n · d), score O(log n) at best and O(n · d) at worst; 16 bytes a kept row and column.
 */
export class KNearestNeighbours extends RowScorer {
  readonly kind = KIND;
  readonly #parameters: Required<NeighbourParameters>;
  readonly #squares: Float64Array;
  readonly #found: Int32Array;
  #rows: NeighbourRows | null = null;

  constructor(parameters: NeighbourParameters) {
    super();
    this.#parameters = neighbourParameters(parameters, 10);
    this.#squares = new Float64Array(this.#parameters.nNeighbours);
    this.#found = new Int32Array(this.#parameters.nNeighbours);
  }

  get nCols(): number {
    return this.#rows?.nCols ?? 0;
  }

  /** Learns from a row-major matrix, forgetting what it knew. */
  fit(x: Float64Array, nRows: number, nCols: number): this {
    requireMatrix(x, nRows, nCols);
    this.#rows = NeighbourRows.fit(x, nRows, nCols, this.#parameters);
    return this;
  }

  protected scoreAt(x: Float64Array, start: number): number {
    return this.#mean(this.#rows?.nearestTo(x, start, this.#parameters.nNeighbours, this.#squares, this.#found) ?? 0);
  }

  /** Scores of the kept training rows, none its own neighbour: what scores of new rows are to be compared with. */
  trainingScores(): Float64Array {
    requireFitted(this.#rows !== null, KIND);
    const out = new Float64Array(this.#rows?.nRows ?? 0);
    this.#rows?.nearestToKept(this.#parameters.nNeighbours, this.#squares, this.#found, (i, found) => {
      out[i] = this.#mean(found);
    });
    return out;
  }

  protected override scoreRows(x: Float64Array, nRows: number, out: Float64Array): void {
    const { nNeighbours } = this.#parameters;
    this.#rows?.nearestToEach(x, nRows, nNeighbours, this.#squares, this.#found, (i, found) => {
      out[i] = this.#mean(found);
    });
  }

  #mean(found: number): number {
    let sum = 0;
    for (let i = 0; i < found; i++) sum += Math.sqrt(this.#squares[i]);
    return found > 0 ? sum / found : 0;
  }

  toBytes(): Uint8Array {
    requireFitted(this.#rows !== null, KIND);
    const { nNeighbours, maxRows, scaling, seed } = this.#parameters;
    const writer = new ModelWriter(KIND, VERSION).number(nNeighbours).number(maxRows).number(scaling).number(seed);
    this.#rows?.write(writer);
    return writer.finish();
  }

  /** Throws MODEL_DAMAGED for bytes that are cut or altered. */
  static fromBytes(bytes: Uint8Array): KNearestNeighbours {
    const reader = new ModelReader(bytes, KIND, VERSION);
    const model = new KNearestNeighbours({
      nNeighbours: reader.number(),
      maxRows: reader.number(),
      scaling: reader.number(),
      seed: reader.number(),
    });
    model.#rows = NeighbourRows.read(reader);
    return model;
  }
}
