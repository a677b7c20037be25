import { SeededRandom } from '../../stats/random.ts';
import { ModelReader, ModelWriter } from '../model-bytes.ts';
import { requireFitted, requireInteger, requireMatrix } from '../requirements.ts';
import { columnScales, distances } from './distances.ts';

const KIND = 'k-means';

export interface KMeansParameters {
  readonly nClusters?: number;
  /** Starts from other centres; the best is kept. */
  readonly nStarts?: number;
  readonly maxRounds?: number;
  readonly seed?: number;
}

/**
 * K-means (Lloyd 1982) from centres spread out by k-means++ (Arthur and Vassilvitskii 2007), the best of several
 * starts. A missing value takes no part in a distance, the others stand for it.
 * Weak on clusters that are not round or of very unlike size, and on columns of unlike scale: scale them before. Fewer
 * rows than clusters leave some centres equal. O(starts · rounds · rows · clusters · columns).
 */
export class KMeans {
  readonly nClusters: number;
  readonly nStarts: number;
  readonly maxRounds: number;
  readonly #seed: number;
  #centres: Float64Array = new Float64Array(0);
  #nCols = 0;
  #scale = 1;
  #inertia = Number.NaN;

  constructor(parameters: KMeansParameters = {}) {
    this.nClusters = requireInteger('nClusters', parameters.nClusters ?? 8, 1, 10_000);
    this.nStarts = requireInteger('nStarts', parameters.nStarts ?? 4, 1, 1000);
    this.maxRounds = requireInteger('maxRounds', parameters.maxRounds ?? 300, 1, 100_000);
    this.#seed = parameters.seed ?? 1;
  }

  /** Sum of squared distances of the rows to their centres. */
  get inertia(): number {
    return this.#inertia * this.#scale ** 2;
  }

  /** Row-major, nClusters × columns. */
  get centres(): Float64Array {
    return this.#centres.map((value) => value * this.#scale);
  }

  fit(x: Float64Array, nRows: number, nCols: number): this {
    requireMatrix(x, nRows, nCols);
    const scaled = columnScales(x.subarray(0, nRows * nCols));
    const random = new SeededRandom(this.#seed);
    this.#nCols = nCols;
    this.#scale = scaled.scale;
    this.#inertia = Infinity;
    for (let start = 0; start < this.nStarts; start++) {
      const centres = this.#spread(scaled.x, nRows, nCols, random);
      const inertia = this.#lloyd(scaled.x, nRows, nCols, centres);
      if (!(inertia < this.#inertia)) continue;
      this.#inertia = inertia;
      this.#centres = centres;
    }
    return this;
  }

  /** The cluster of a row: the nearest centre's number. */
  assign(row: Float64Array): number {
    requireFitted(this.#centres.length > 0, KIND);
    const scaled = this.#scale === 1 ? row : row.map((value) => value / this.#scale);
    let best = 0;
    let least = Infinity;
    for (let c = 0; c < this.nClusters; c++) {
      const d = distances(scaled, 0, this.#centres, c * this.#nCols, this.#nCols);
      if (d < least) {
        least = d;
        best = c;
      }
    }
    return best;
  }

  #spread(x: Float64Array, nRows: number, nCols: number, random: SeededRandom): Float64Array {
    const centres = new Float64Array(this.nClusters * nCols);
    const nearest = new Float64Array(nRows).fill(Infinity);
    let chosen = random.integer(nRows);
    for (let c = 0; c < this.nClusters; c++) {
      for (let j = 0; j < nCols; j++) {
        const value = x[chosen * nCols + j];
        centres[c * nCols + j] = value === value ? value : 0;
      }
      let total = 0;
      for (let i = 0; i < nRows; i++) {
        nearest[i] = Math.min(nearest[i], distances(x, i * nCols, centres, c * nCols, nCols));
        total += nearest[i];
      }
      let left = random.next() * total;
      chosen = nRows - 1;
      for (let i = 0; i < nRows; i++) {
        left -= nearest[i];
        if (left < 0) {
          chosen = i;
          break;
        }
      }
    }
    return centres;
  }

  /** Moves centres to the means of their rows until nothing changes; an empty cluster stays where it is. */
  #lloyd(x: Float64Array, nRows: number, nCols: number, centres: Float64Array): number {
    const k = this.nClusters;
    const labels = new Int32Array(nRows).fill(-1);
    const sums = new Float64Array(k * nCols);
    const counts = new Float64Array(k * nCols);
    let inertia = 0;
    for (let round = 0; round < this.maxRounds; round++) {
      let changed = false;
      inertia = 0;
      for (let i = 0; i < nRows; i++) {
        let best = 0;
        let least = Infinity;
        for (let c = 0; c < k; c++) {
          const d = distances(x, i * nCols, centres, c * nCols, nCols);
          if (d < least) {
            least = d;
            best = c;
          }
        }
        inertia += least;
        if (labels[i] !== best) {
          labels[i] = best;
          changed = true;
        }
      }
      if (!changed) break;
      sums.fill(0);
      counts.fill(0);
      for (let i = 0; i < nRows; i++) {
        for (let j = 0; j < nCols; j++) {
          const value = x[i * nCols + j];
          if (value !== value) continue;
          sums[labels[i] * nCols + j] += value;
          counts[labels[i] * nCols + j]++;
        }
      }
      for (let c = 0; c < sums.length; c++) if (counts[c] > 0) centres[c] = sums[c] / counts[c];
    }
    return inertia;
  }

  toBytes(): Uint8Array {
    return new ModelWriter(KIND, 1)
      .number(this.nClusters)
      .number(this.nStarts)
      .number(this.maxRounds)
      .number(this.#seed)
      .number(this.#nCols)
      .number(this.#scale)
      .number(this.#inertia)
      .float64s(this.#centres)
      .finish();
  }

  static fromBytes(bytes: Uint8Array): KMeans {
    const reader = new ModelReader(bytes, KIND, 1);
    const model = new KMeans({
      nClusters: reader.number(),
      nStarts: reader.number(),
      maxRounds: reader.number(),
      seed: reader.number(),
    });
    model.#nCols = reader.number();
    model.#scale = reader.number();
    model.#inertia = reader.number();
    model.#centres = reader.float64s();
    return model;
  }
}
