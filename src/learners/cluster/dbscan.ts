import { ModelReader, ModelWriter } from '../model-bytes.ts';
import { requireFitted, requireInteger, requireMatrix, requireNumber } from '../requirements.ts';
import { columnScales, distances } from './distances.ts';

const KIND = 'dbscan';
/** What belongs to no cluster. */
export const NOISE = -1;

export interface DbscanParameters {
  /** How near two rows must be to be neighbours. */
  readonly radius?: number;
  /** Neighbours, the row itself included, that make a core. */
  readonly minNeighbours?: number;
}

/**
 * Density clusters (DBSCAN; Ester et al. 1996): rows with enough neighbours are cores, cores in reach of one another are
 * one cluster, a row in reach of a core belongs to the first cluster that reaches it, the rest is noise (−1). Clusters are numbered in
 * the order in which their first row stands. Finds clusters of any shape and how many there are; weak where densities
 * differ and in many columns. Neighbours are looked for in the order of the widest column: O(n · those within the radius there · columns).
 * A new row is assigned to the cluster of the nearest core in reach. Memory: the cores.
 */
export class Dbscan {
  readonly radius: number;
  readonly minNeighbours: number;
  #labels: Int32Array = new Int32Array(0);
  #cores: Float64Array = new Float64Array(0);
  #coreLabels: Int32Array = new Int32Array(0);
  #nCols = 0;
  #scale = 1;

  constructor(parameters: DbscanParameters = {}) {
    this.radius = requireNumber('radius', parameters.radius ?? 0.5, 1e-15, 1e15);
    this.minNeighbours = requireInteger('minNeighbours', parameters.minNeighbours ?? 5, 1, 1_000_000);
  }

  /** The cluster of each row that was fitted. */
  get labels(): Int32Array {
    return this.#labels;
  }

  fit(x: Float64Array, nRows: number, nCols: number): this {
    requireMatrix(x, nRows, nCols);
    const scaled = columnScales(x.subarray(0, nRows * nCols));
    const neighbours = new Neighbours(scaled.x, nRows, nCols, this.radius / scaled.scale);
    const labels = new Int32Array(nRows).fill(NOISE);
    const isCore = new Uint8Array(nRows);
    for (let i = 0; i < nRows; i++) if (neighbours.of(i) >= this.minNeighbours) isCore[i] = 1;
    let cluster = 0;
    const open: number[] = [];
    for (let i = 0; i < nRows; i++) {
      if (isCore[i] === 0 || labels[i] !== NOISE) continue;
      labels[i] = cluster;
      open.push(i);
      for (let at = open.pop(); at !== undefined; at = open.pop()) {
        const found = neighbours.of(at);
        for (let k = 0; k < found; k++) {
          const other = neighbours.found[k];
          if (labels[other] !== NOISE) continue;
          labels[other] = cluster;
          if (isCore[other] === 1) open.push(other);
        }
      }
      cluster++;
    }
    const cores = [...isCore.keys()].filter((i) => isCore[i] === 1);
    this.#labels = labels;
    this.#cores = new Float64Array(cores.length * nCols);
    cores.forEach((row, k) => this.#cores.set(scaled.x.subarray(row * nCols, (row + 1) * nCols), k * nCols));
    this.#coreLabels = Int32Array.from(cores, (row) => labels[row]);
    this.#nCols = nCols;
    this.#scale = scaled.scale;
    return this;
  }

  /** The cluster whose nearest core is within the radius, else −1. */
  assign(row: Float64Array): number {
    requireFitted(this.#nCols > 0, KIND);
    const scaled = row.map((value) => value / this.#scale);
    let best = NOISE;
    let least = (this.radius / this.#scale) ** 2;
    for (let k = 0; k < this.#coreLabels.length; k++) {
      const d = distances(scaled, 0, this.#cores, k * this.#nCols, this.#nCols);
      if (d > least || (d === least && best !== NOISE)) continue;
      least = d;
      best = this.#coreLabels[k];
    }
    return best;
  }

  toBytes(): Uint8Array {
    return new ModelWriter(KIND, 1)
      .number(this.radius)
      .number(this.minNeighbours)
      .int32s(this.#labels)
      .float64s(this.#cores)
      .int32s(this.#coreLabels)
      .number(this.#nCols)
      .number(this.#scale)
      .finish();
  }

  static fromBytes(bytes: Uint8Array): Dbscan {
    const reader = new ModelReader(bytes, KIND, 1);
    const model = new Dbscan({ radius: reader.number(), minNeighbours: reader.number() });
    model.#labels = reader.int32s();
    model.#cores = reader.float64s();
    model.#coreLabels = reader.int32s();
    model.#nCols = reader.number();
    model.#scale = reader.number();
    return model;
  }
}

/** Rows within a radius, found along the column with the widest spread; rows that lack a value there are compared with all. */
class Neighbours {
  readonly found: Int32Array;
  readonly #x: Float64Array;
  readonly #nCols: number;
  readonly #radius: number;
  readonly #order: Int32Array;
  readonly #place: Int32Array;
  readonly #key: Float64Array;
  readonly #nKnown: number;

  constructor(x: Float64Array, nRows: number, nCols: number, radius: number) {
    this.#x = x;
    this.#nCols = nCols;
    this.#radius = radius;
    this.found = new Int32Array(nRows);
    const column = widest(x, nRows, nCols);
    this.#key = Float64Array.from({ length: nRows }, (_, i) => x[i * nCols + column]);
    const value = (i: number): number => (this.#key[i] === this.#key[i] ? this.#key[i] : Infinity);
    this.#order = Int32Array.from({ length: nRows }, (_, i) => i).sort((a, b) =>
      value(a) === value(b) ? a - b : value(a) < value(b) ? -1 : 1,
    );
    this.#place = new Int32Array(nRows);
    this.#order.forEach((row, at) => {
      this.#place[row] = at;
    });
    let known = 0;
    for (const key of this.#key) if (key === key) known++;
    this.#nKnown = known;
  }

  /** How many there are, the row itself included; they stand in `found`. */
  of(row: number): number {
    const key = this.#key[row];
    const hasKey = key === key;
    // A distance over fewer columns is stretched, so it is never below the one along the key.
    let n = 0;
    const limit = this.#radius * this.#radius;
    const from = row * this.#nCols;
    const take = (other: number): void => {
      if (distances(this.#x, from, this.#x, other * this.#nCols, this.#nCols) <= limit) this.found[n++] = other;
    };
    if (!hasKey) {
      for (let at = 0; at < this.#order.length; at++) take(this.#order[at]);
      return n;
    }
    let low = this.#place[row];
    while (low > 0 && key - this.#key[this.#order[low - 1]] <= this.#radius) low--;
    for (let at = low; at < this.#nKnown; at++) {
      if (this.#key[this.#order[at]] - key > this.#radius) break;
      take(this.#order[at]);
    }
    for (let at = this.#nKnown; at < this.#order.length; at++) take(this.#order[at]);
    return n;
  }
}

function widest(x: Float64Array, nRows: number, nCols: number): number {
  let best = 0;
  let most = -1;
  for (let j = 0; j < nCols; j++) {
    let low = Infinity;
    let high = -Infinity;
    for (let i = 0; i < nRows; i++) {
      const value = x[i * nCols + j];
      if (value < low) low = value;
      if (value > high) high = value;
    }
    if (high - low > most) {
      most = high - low;
      best = j;
    }
  }
  return best;
}
