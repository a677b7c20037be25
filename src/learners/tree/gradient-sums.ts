import { VectorKernel } from '../../stats/vector-kernel.ts';
import { countDown, moduleBytes, op, step, type VectorFunction } from '../../stats/wasm-code.ts';
import type { BinnedMatrix } from './binned-matrix.ts';

/** Rows, or bins, of one round of a loop; the last round is filled up with rows that add nothing. */
const ROUND = 4;
/** A bin has two numbers: packed gradient and count, and the second derivative. */
const STRIDE = 2;
const BYTES = 8;
/** A larger memory is given up after training. */
const KEPT_BYTES = 64 << 20;

const round = Array.from({ length: ROUND }, (_, i) => i);

/** Adds each row's pair of numbers to the pair of its bin. */
function counting(): VectorFunction {
  const [bins, rows, pairs, histogram, rounds, bin] = [0, 1, 2, 3, 4, 5];
  const body = countDown(rounds, [
    ...round.flatMap((i) => [
      ...op.get(bins),
      ...op.get(rows),
      ...op.load(4 * i),
      ...op.add,
      ...op.loadByte(),
      ...op.constant(4),
      ...op.shiftLeft,
      ...op.get(histogram),
      ...op.add,
      ...op.tee(bin),
      ...op.get(bin),
      ...op.loadVector(),
      ...op.get(pairs),
      ...op.loadVector(16 * i),
      ...op.float64.add,
      ...op.storeVector(),
    ]),
    ...step(rows, 4 * ROUND),
    ...step(pairs, 16 * ROUND),
  ]);
  return { nParameters: 5, nIntegers: 1, nVectors: 0, body };
}

/** Takes one histogram's pairs from another's. */
function subtracting(): VectorFunction {
  const [from, other, rounds] = [0, 1, 2];
  const body = countDown(rounds, [
    ...round.flatMap((i) => [
      ...op.get(from),
      ...op.get(from),
      ...op.loadVector(16 * i),
      ...op.get(other),
      ...op.loadVector(16 * i),
      ...op.float64.subtract,
      ...op.storeVector(16 * i),
    ]),
    ...step(from, 16 * ROUND),
    ...step(other, 16 * ROUND),
  ]);
  return { nParameters: 3, nIntegers: 0, nVectors: 0, body };
}

const kernel = new VectorKernel(moduleBytes([counting(), subtracting()]));

/**
 * Sums of gradients over bins, counted by vector instructions: a pair of numbers for each row. The first is its gradient as an
 * integer, times 2^b, plus 1 — so that a sum holds gradients and count at once, exactly: b bits hold the count of all rows, the
 * other 53 − b all gradients. At 8,000 rows a gradient so keeps 26 bits below the mean one, at a million 12. The second is its second derivative.
 *
 * Bins, rows and histograms lie in one memory that all training of a thread shares: at most 4 GiB, the bins of 4 billion values.
 */
export class GradientSums {
  /** Where each column's bins begin in a histogram, in bins; one bin more holds what is missing. */
  readonly offsets: Int32Array;
  /** 2^b, and by what an unpacked integer is multiplied to be a gradient. */
  readonly step: number;
  unit = 1;
  /** All of the memory; a histogram is where it begins here, a bin two numbers. */
  floats: Float64Array = new Float64Array(0);
  readonly #nRows: number;
  readonly #size: number;
  /** In bytes: after the bins. */
  readonly #at: { rows: number; pairs: number; histograms: number };
  #rows: Int32Array = new Int32Array(0);
  #pairs: Float64Array = new Float64Array(0);
  readonly #packed: Float64Array;
  #hessian: Float64Array = new Float64Array(0);
  readonly #pool: number[] = [];
  #made = 0;

  constructor(data: BinnedMatrix) {
    const { nRows, nCols, bins, nBins } = data;
    this.#nRows = nRows;
    this.offsets = new Int32Array(nCols + 1);
    for (let j = 0; j < nCols; j++) this.offsets[j + 1] = this.offsets[j] + nBins[j] + 1;
    this.#size = Math.ceil(this.offsets[nCols] / ROUND) * ROUND * STRIDE;
    this.step = 2 ** Math.ceil(Math.log2(nRows + 1));
    this.#packed = new Float64Array(nRows);
    const rows = (bins.length + 15) & ~15;
    const pairs = (rows + 4 * (nRows + ROUND) + 15) & ~15;
    this.#at = { rows, pairs, histograms: pairs + 2 * BYTES * (nRows + ROUND) };
    this.#look();
    new Uint8Array(this.floats.buffer).set(bins);
  }

  /** Views of the memory, with room for the histograms made so far. */
  #look(): void {
    const { rows, pairs, histograms } = this.#at;
    const buffer = kernel.reserve(histograms + this.#made * this.#size * BYTES);
    if (buffer === this.floats.buffer) return;
    this.floats = new Float64Array(buffer);
    this.#rows = new Int32Array(buffer, rows, this.#nRows + ROUND);
    this.#pairs = new Float64Array(buffer, pairs, 2 * (this.#nRows + ROUND));
  }

  /** Takes the derivatives of some rows for the next tree. */
  load(gradient: Float64Array, hessian: Float64Array, rows: Int32Array): void {
    let size = 0;
    for (const row of rows) size += Math.abs(gradient[row]);
    const room = 2 ** 52 / this.step;
    const scale = size > 0 ? 2 ** Math.min(1000, Math.floor(Math.log2((room - rows.length) / size))) : 1;
    this.unit = 1 / scale;
    this.#hessian = hessian;
    for (const row of rows) this.#packed[row] = Math.floor(gradient[row] * scale + 0.5) * this.step + 1;
  }

  /** The packed sum of some rows. */
  sum(rows: Int32Array, from: number, to: number): number {
    let sum = 0;
    for (let i = from; i < to; i++) sum += this.#packed[rows[i]];
    return sum;
  }

  /** The gradient in a packed sum. */
  gradientOf(packed: number): number {
    return Math.floor(packed / this.step) * this.unit;
  }

  countOf(packed: number): number {
    return packed - Math.floor(packed / this.step) * this.step;
  }

  /** A histogram with anything in it: where it begins in `floats`. */
  take(): number {
    const free = this.#pool.pop();
    if (free !== undefined) return free;
    this.#made++;
    this.#look();
    return this.#at.histograms / BYTES + (this.#made - 1) * this.#size;
  }

  giveBack(histogram: number): void {
    this.#pool.push(histogram);
  }

  /** Writes the sums of some rows. */
  count(histogram: number, columns: Int32Array, rows: Int32Array, from: number, to: number): void {
    this.floats.fill(0, histogram, histogram + this.#size);
    const n = to - from;
    const pairs = this.#pairs;
    for (let i = 0; i < n; i++) {
      const row = rows[from + i];
      this.#rows[i] = row;
      pairs[2 * i] = this.#packed[row];
      pairs[2 * i + 1] = this.#hessian[row];
    }
    const nRounds = Math.ceil(n / ROUND);
    this.#rows.fill(rows[from], n, nRounds * ROUND);
    pairs.fill(0, 2 * n, 2 * nRounds * ROUND);
    const counting = kernel.f(0);
    for (const column of columns) {
      const begin = (histogram + this.offsets[column] * STRIDE) * BYTES;
      counting(column * this.#nRows, this.#at.rows, this.#at.pairs, begin, nRounds);
    }
  }

  /** Takes one histogram's sums from another's. */
  subtract(from: number, other: number): void {
    kernel.f(1)(from * BYTES, other * BYTES, this.#size / (STRIDE * ROUND));
  }

  /** After the last tree: a large memory is given up. */
  release(): void {
    kernel.release(KEPT_BYTES);
  }
}
