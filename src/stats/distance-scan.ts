import { VectorKernel } from './vector-kernel.ts';
import { countDown, moduleBytes, op, step } from './wasm-code.ts';

/** Points side by side in a tile, four a vector. */
const TILE = 16;
/** Beyond this no square may be taken in single precision. */
const LARGEST = 1e15;
/** Half a unit in the last place of single precision. */
const ROUNDING = 2 ** -24;
/** Every so manieth minimum tells where the least ones lie. */
const SAMPLED = 8;

/** Indices of the kernel's parameters and locals. */
const [TILES, HALVES, QUERY, OUT_A, OUT_B, LEAST_A, LEAST_B, N_TILES, N_COLS] = [0, 1, 2, 3, 4, 5, 6, 7, 8];
const [COLUMNS, AT] = [9, 10];
const [A, B, POINT, ONE, OTHER] = [11, 15, 19, 23, 24];
const lanes = [0, 1, 2, 3];

/**
 * For two queries a, b and every point p: |p|² ÷ 2 − a·p and |p|² ÷ 2 − b·p, which order the points as distances do; and of each
 * tile the least.
 */
const measuring = countDown(N_TILES, [
  ...lanes.flatMap((i) => [...op.get(HALVES), ...op.loadVector(16 * i), ...op.tee(A + i), ...op.set(B + i)]),
  ...op.get(QUERY),
  ...op.set(AT),
  ...op.get(N_COLS),
  ...op.set(COLUMNS),
  ...countDown(COLUMNS, [
    ...op.get(AT),
    ...op.loadSplat(0),
    ...op.set(ONE),
    ...op.get(AT),
    ...op.loadSplat(4),
    ...op.set(OTHER),
    ...lanes.flatMap((i) => [
      ...op.get(TILES),
      ...op.loadVector(16 * i),
      ...op.set(POINT + i),
      ...lessProduct(A + i, POINT + i, ONE),
      ...lessProduct(B + i, POINT + i, OTHER),
    ]),
    ...step(AT, 8),
    ...step(TILES, 4 * TILE),
  ]),
  ...results(OUT_A, LEAST_A, A),
  ...results(OUT_B, LEAST_B, B),
  ...step(HALVES, 4 * TILE),
]);

function lessProduct(sum: number, x: number, y: number): number[] {
  return [...op.get(x), ...op.get(y), ...op.get(sum), ...op.float32.lessProduct, ...op.set(sum)];
}

function results(out: number, least: number, sum: number): number[] {
  return [
    ...lanes.flatMap((i) => [...op.get(out), ...op.get(sum + i), ...op.storeVector(16 * i)]),
    ...op.get(sum),
    ...lanes.slice(1).flatMap((i) => [...op.get(sum + i), ...op.float32.least]),
    ...op.set(POINT),
    // The least of two halves, then of two lanes.
    ...[
      [2, 3, 0, 1],
      [1, 0, 3, 2],
    ].flatMap((order) => [
      ...op.get(POINT),
      ...op.get(POINT),
      ...op.get(POINT),
      ...op.lanes(order),
      ...op.float32.least,
      ...op.set(POINT),
    ]),
    ...op.get(least),
    ...op.get(POINT),
    ...op.storeFirstLane(),
    ...step(out, 4 * TILE),
    ...step(least, 4),
  ];
}

/** What all scans of a thread share: memory for the points of the one that scanned last, and for its answers. */
const shared = new VectorKernel(moduleBytes([{ nParameters: 9, nIntegers: 2, nVectors: 14, body: measuring }]));

/**
 * Finds which points may be among the nearest to a query, by looking at every one, in single precision and four at a time
 * (WebAssembly's vector instructions). What it names holds all that are, whatever is rounded; the caller measures those exactly.
 * O(n · d) a query, about a tenth of a nanosecond each; 4 bytes a value in memory that all scans of a thread share.
 */
export class DistanceScan {
  readonly #points: Float64Array;
  readonly #nRows: number;
  readonly #nCols: number;
  readonly #nTiles: number;
  /** Where the points, halves of their squares, queries, results and least results begin: in 4-byte words. */
  readonly #at: { halves: number; query: number; out: number; least: number; end: number };
  readonly #squares = new Float64Array(2);
  #floats: Float32Array = new Float32Array(0);
  #bound: Float64Array = new Float64Array(0);
  /** Of each of the two queries. */
  #minima: readonly [Float32Array, Float32Array] = [new Float32Array(0), new Float32Array(0)];
  #results: readonly [Float32Array, Float32Array] = [new Float32Array(0), new Float32Array(0)];
  readonly #tiles: Int32Array;

  /** Over a row-major matrix, which is kept, not copied. */
  constructor(points: Float64Array, nRows: number, nCols: number) {
    this.#points = points;
    this.#nRows = nRows;
    this.#nCols = nCols;
    const nTiles = Math.ceil(nRows / TILE);
    this.#nTiles = nTiles;
    this.#tiles = new Int32Array(nTiles);
    const halves = nTiles * TILE * nCols;
    const query = halves + nTiles * TILE;
    const out = (query + 2 * nCols + 3) & ~3;
    const least = out + 2 * nTiles * TILE;
    this.#at = { halves, query, out, least, end: least + 2 * nTiles };
  }

  /** Whether its arithmetic holds for these values. */
  static suits(values: Float64Array, from = 0, to = values.length): boolean {
    for (let i = from; i < to; i++) if (!(Math.abs(values[i]) < LARGEST)) return false;
    return true;
  }

  /** Measures all points from two queries, which begin at `a` and `b` of `x` (the same one twice for a single query). */
  run(x: Float64Array, a: number, b: number): void {
    this.#own();
    const floats = this.#floats;
    const { halves, query, out, least } = this.#at;
    this.#squares.fill(0);
    for (let j = 0; j < this.#nCols; j++) {
      floats[query + 2 * j] = x[a + j];
      floats[query + 2 * j + 1] = x[b + j];
      this.#squares[0] += x[a + j] * x[a + j];
      this.#squares[1] += x[b + j] * x[b + j];
    }
    const n = this.#nTiles;
    const outB = out + n * TILE;
    const leastB = least + n;
    shared.f(0)(0, 4 * halves, 4 * query, 4 * out, 4 * outB, 4 * least, 4 * leastB, n, this.#nCols);
  }

  /**
   * Writes the rows that may be among the k nearest to query 0 or 1 of the last run; returns how many. `rows` has room for all.
   *
   * A result r = |p|² ÷ 2 − q·p is wrong by less than c (|p|² ÷ 2 + |q| |p|), c = (columns + 8) half units of rounding; where r
   * is small, |p| is too: |p|² < max(16 |q|², 4.2 r). So with R the kth least of the tiles’ minima, k points lie below R + e, and
   * each of the nearest k has a result below R + 2 e.
   */
  candidates(which: 0 | 1, k: number, rows: Int32Array): number {
    const minima = this.#minima[which];
    const results = this.#results[which];
    const tiles = this.#tiles;
    let near = this.#guess(minima, k);
    let nNear = collect(minima, near, tiles);
    if (nNear < k && near < Infinity) {
      near = Infinity;
      nNear = collect(minima, near, tiles);
    }
    const kth = this.#kthLeast(minima, tiles, nNear, k);
    const reach = Math.max(16 * this.#squares[which], 4.2 * Math.max(kth, 0));
    // Infinite where there are fewer tiles than k: then every row may be.
    const bound = kth + 4 * (this.#nCols + 8) * ROUNDING * reach;
    if (bound > near) nNear = collect(minima, bound, tiles);
    let found = 0;
    for (let i = 0; i < nNear; i++) {
      const tile = tiles[i];
      if (minima[tile] > bound) continue;
      for (let slot = tile * TILE; slot < (tile + 1) * TILE; slot++) {
        if (results[slot] > bound) continue;
        const row = this.#rowAt(slot);
        if (row < this.#nRows) rows[found++] = row;
      }
    }
    return found;
  }

  /** What somewhat more than k minima are likely to lie below, by every eighth of them. */
  #guess(minima: Float32Array, k: number): number {
    const among = 2 * Math.ceil(k / SAMPLED) + 2;
    if (minima.length < 4 * among * SAMPLED) return Infinity;
    const sample = this.#tiles;
    let n = 0;
    for (let tile = 0; tile < minima.length; tile += SAMPLED) sample[n++] = tile;
    return this.#kthLeast(minima, sample, n, among);
  }

  /** Rows that follow one another stand in different tiles: neighbours are often stored together, and a tile should hold one of them. */
  #rowAt(slot: number): number {
    return (slot % TILE) * this.#nTiles + Math.floor(slot / TILE);
  }

  /** The kth least value of the first `n` tiles named; infinite where there are fewer. */
  #kthLeast(minima: Float32Array, tiles: Int32Array, n: number, k: number): number {
    if (this.#bound.length < k) this.#bound = new Float64Array(k);
    const least = this.#bound.fill(Infinity, 0, k);
    let most = Infinity;
    for (let i = 0; i < n; i++) {
      const value = minima[tiles[i]];
      if (value >= most) continue;
      let at = k - 1;
      while (at > 0 && least[at - 1] > value) {
        least[at] = least[at - 1];
        at--;
      }
      least[at] = value;
      most = least[k - 1];
    }
    return most;
  }

  /** Puts this scan's points into the shared memory unless they are there. */
  #own(): void {
    const { halves, end } = this.#at;
    const buffer = shared.reserve(4 * end);
    if (shared.owner === this && this.#floats.buffer === buffer) return;
    const floats = new Float32Array(buffer, 0, end);
    for (let slot = 0; slot < this.#nTiles * TILE; slot++) {
      const row = this.#rowAt(slot);
      const start = Math.floor(slot / TILE) * TILE * this.#nCols + (slot % TILE);
      let square = 0;
      for (let j = 0; j < this.#nCols; j++) {
        const value = row < this.#nRows ? this.#points[row * this.#nCols + j] : 0;
        floats[start + j * TILE] = value;
        square += value * value;
      }
      floats[halves + slot] = row < this.#nRows ? square / 2 : Infinity;
    }
    this.#floats = floats;
    const { out, least } = this.#at;
    const n = this.#nTiles;
    this.#results = [floats.subarray(out, out + n * TILE), floats.subarray(out + n * TILE, out + 2 * n * TILE)];
    this.#minima = [floats.subarray(least, least + n), floats.subarray(least + n, least + 2 * n)];
    shared.owner = this;
  }
}

/** The tiles whose least result is at most `most`. */
function collect(minima: Float32Array, most: number, tiles: Int32Array): number {
  let n = 0;
  for (let tile = 0; tile < minima.length; tile++) if (minima[tile] <= most) tiles[n++] = tile;
  return n;
}
