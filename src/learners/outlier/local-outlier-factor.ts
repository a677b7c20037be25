import { ModelReader, ModelWriter } from '../model-bytes.ts';
import { requireFitted, requireMatrix } from '../requirements.ts';
import { type NeighbourParameters, NeighbourRows, neighbourParameters } from './neighbour-rows.ts';
import { RowScorer } from './outlier-detector.ts';

const KIND = 'local-outlier-factor';
const VERSION = 1;
/** Added to mean reach distances: rows that lie on one another have a density, though a very high one. */
const LEAST_DISTANCE = 1e-10;

/**
 * Local outlier factor (Breunig et al. 2000): how much thinner the data lies around a row than around its neighbours; 1
 * is usual, 2 twice as thin.
 *
 * Weak where anomalies lie together in groups of more than k, with many columns of no meaning, and where rows repeat
 * exactly: beside k copies any distance at all is huge. NaN says nothing.
 * Fit O(n log n · d) at best and O(n² · d) at worst, score O(log n) to O(n · d); 16 bytes a kept row and column.
 */
export class LocalOutlierFactor extends RowScorer {
  readonly kind = KIND;
  readonly #parameters: Required<NeighbourParameters>;
  readonly #squares: Float64Array;
  readonly #found: Int32Array;
  #rows: NeighbourRows | null = null;
  /** By kept row: distance to its kth neighbour, and its local reachability density. */
  #reach: Float64Array = new Float64Array(0);
  #density: Float64Array = new Float64Array(0);
  #training: Float64Array = new Float64Array(0);

  constructor(parameters: NeighbourParameters) {
    super();
    this.#parameters = neighbourParameters(parameters, 20);
    this.#squares = new Float64Array(this.#parameters.nNeighbours);
    this.#found = new Int32Array(this.#parameters.nNeighbours);
  }

  get nCols(): number {
    return this.#rows?.nCols ?? 0;
  }

  /** Learns from a row-major matrix, forgetting what it knew. */
  fit(x: Float64Array, nRows: number, nCols: number): this {
    requireMatrix(x, nRows, nCols);
    const rows = NeighbourRows.fit(x, nRows, nCols, this.#parameters);
    const n = rows.nRows;
    const k = Math.min(this.#parameters.nNeighbours, n - 1);
    const distances = new Float64Array(n * k);
    const neighbours = new Int32Array(n * k);
    this.#reach = new Float64Array(n);
    this.#density = new Float64Array(n);
    this.#training = new Float64Array(n);
    rows.nearestToKept(k, this.#squares, this.#found, (i) => {
      for (let j = 0; j < k; j++) {
        distances[i * k + j] = Math.sqrt(this.#squares[j]);
        neighbours[i * k + j] = this.#found[j];
      }
      if (k > 0) this.#reach[i] = distances[i * k + k - 1];
    });
    for (let i = 0; i < n && k > 0; i++) this.#density[i] = this.#densityOf(distances, neighbours, i * k, k);
    for (let i = 0; i < n && k > 0; i++) {
      let sum = 0;
      for (let j = 0; j < k; j++) sum += this.#density[neighbours[i * k + j]];
      this.#training[i] = sum / k / this.#density[i];
    }
    this.#rows = rows;
    return this;
  }

  protected scoreAt(x: Float64Array, start: number): number {
    const n = this.#density.length;
    // One row alone has no density to compare with.
    if (n < 2 || this.#rows === null) return 1;
    const k = Math.min(this.#parameters.nNeighbours, n - 1);
    this.#rows.nearestTo(x, start, k, this.#squares, this.#found);
    return this.#factorOfFound(k);
  }

  protected override scoreRows(x: Float64Array, nRows: number, out: Float64Array): void {
    const n = this.#density.length;
    if (n < 2 || this.#rows === null) out.fill(1);
    else {
      const k = Math.min(this.#parameters.nNeighbours, n - 1);
      this.#rows.nearestToEach(x, nRows, k, this.#squares, this.#found, (i) => {
        out[i] = this.#factorOfFound(k);
      });
    }
  }

  #factorOfFound(k: number): number {
    const squares = this.#squares;
    for (let j = 0; j < k; j++) squares[j] = Math.sqrt(squares[j]);
    let sum = 0;
    for (let j = 0; j < k; j++) sum += this.#density[this.#found[j]];
    return sum / k / this.#densityOf(squares, this.#found, 0, k);
  }

  #densityOf(distances: Float64Array, neighbours: Int32Array, at: number, k: number): number {
    let sum = 0;
    for (let j = 0; j < k; j++) sum += Math.max(distances[at + j], this.#reach[neighbours[at + j]]);
    return 1 / (sum / k + LEAST_DISTANCE);
  }

  /** Scores of the kept training rows, none its own neighbour. */
  trainingScores(): Float64Array {
    requireFitted(this.#rows !== null, KIND);
    return this.#training.slice();
  }

  toBytes(): Uint8Array {
    requireFitted(this.#rows !== null, KIND);
    const { nNeighbours, maxRows, scaling, seed } = this.#parameters;
    const writer = new ModelWriter(KIND, VERSION).number(nNeighbours).number(maxRows).number(scaling).number(seed);
    this.#rows?.write(writer);
    return writer.float64s(this.#reach).float64s(this.#density).float64s(this.#training).finish();
  }

  /** Throws MODEL_DAMAGED for bytes that are cut or altered. */
  static fromBytes(bytes: Uint8Array): LocalOutlierFactor {
    const reader = new ModelReader(bytes, KIND, VERSION);
    const model = new LocalOutlierFactor({
      nNeighbours: reader.number(),
      maxRows: reader.number(),
      scaling: reader.number(),
      seed: reader.number(),
    });
    model.#rows = NeighbourRows.read(reader);
    model.#reach = reader.float64s();
    model.#density = reader.float64s();
    model.#training = reader.float64s();
    return model;
  }
}
