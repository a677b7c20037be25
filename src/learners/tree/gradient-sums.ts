import type { BinnedMatrix } from './binned-matrix.ts';

/** Sums of rows by bin of all columns. */
export interface Histogram {
  /** Gradients and rows, packed (see GradientSums). 0 for a bin without rows. */
  readonly packed: Float64Array;
  /** Second derivatives; not kept where all rows have the same. */
  readonly hessian: Float64Array;
}

/**
 * Sums of gradients over bins. Of each row one number is added: its gradient as an integer, times 2^b, plus 1 — so that a sum
 * holds gradients and count at once, exactly: b bits hold the count of all rows, the other 53 − b all gradients. At 8,000
 * rows a gradient so keeps 26 bits below the mean one, at a million 12, and no sum depends on the order of its terms.
 */
export class GradientSums {
  readonly #columns: readonly Uint8Array[];
  /** Where each column's bins begin; one bin more holds what is missing. */
  readonly offsets: Int32Array;
  /** 2^b, and by what an unpacked integer is multiplied to be a gradient. */
  readonly step: number;
  unit = 1;
  /** The second derivative of every row where it is one number, or 0. */
  sameHessian = 0;
  readonly #packed: Float64Array;
  #hessian: Float64Array = new Float64Array(0);
  readonly #p: Float64Array;
  readonly #h: Float64Array;
  readonly #pool: Histogram[] = [];

  constructor(data: BinnedMatrix) {
    const { nRows, nCols, bins, nBins } = data;
    this.#columns = Array.from({ length: nCols }, (_, j) => bins.subarray(j * nRows, (j + 1) * nRows));
    this.offsets = new Int32Array(nCols + 1);
    for (let j = 0; j < nCols; j++) this.offsets[j + 1] = this.offsets[j] + nBins[j] + 1;
    this.step = 2 ** Math.ceil(Math.log2(nRows + 1));
    this.#packed = new Float64Array(nRows);
    this.#p = new Float64Array(nRows);
    this.#h = new Float64Array(nRows);
  }

  /** Takes the derivatives of some rows for the next tree. */
  load(gradient: Float64Array, hessian: Float64Array, rows: Int32Array): void {
    let size = 0;
    const first = hessian[rows[0]];
    let isSame = true;
    for (const row of rows) {
      size += Math.abs(gradient[row]);
      if (hessian[row] !== first) isSame = false;
    }
    const room = 2 ** 52 / this.step;
    const scale = size > 0 ? 2 ** Math.min(1000, Math.floor(Math.log2((room - rows.length) / size))) : 1;
    this.unit = 1 / scale;
    this.sameHessian = isSame ? first : 0;
    this.#hessian = hessian;
    for (const row of rows) this.#packed[row] = Math.round(gradient[row] * scale) * this.step + 1;
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

  /** A histogram with anything in it. */
  take(): Histogram {
    const size = this.offsets[this.offsets.length - 1];
    return this.#pool.pop() ?? { packed: new Float64Array(size), hessian: new Float64Array(size) };
  }

  giveBack(histogram: Histogram): void {
    this.#pool.push(histogram);
  }

  /** Writes the sums of some rows. Kept in one piece: this loop is where training spends its time. */
  count(histogram: Histogram, columns: Int32Array, rows: Int32Array, from: number, to: number): void {
    const n = to - from;
    const own = rows.subarray(from, to);
    const p = this.#p;
    const h = this.#h;
    const isSame = this.sameHessian > 0;
    for (let i = 0; i < n; i++) p[i] = this.#packed[own[i]];
    if (!isSame) for (let i = 0; i < n; i++) h[i] = this.#hessian[own[i]];
    for (const column of columns) {
      const bins = this.#columns[column];
      const packed = histogram.packed.subarray(this.offsets[column], this.offsets[column + 1]).fill(0);
      if (isSame) {
        for (let i = 0; i < n; i++) packed[bins[own[i]]] += p[i];
        continue;
      }
      const hessian = histogram.hessian.subarray(this.offsets[column], this.offsets[column + 1]).fill(0);
      for (let i = 0; i < n; i++) {
        const bin = bins[own[i]];
        packed[bin] += p[i];
        hessian[bin] += h[i];
      }
    }
  }

  /** Takes one histogram's sums from another's. */
  subtract(from: Histogram, other: Histogram): void {
    const a = from.packed;
    const b = other.packed;
    for (let k = 0; k < a.length; k++) a[k] -= b[k];
    if (this.sameHessian > 0) return;
    const c = from.hessian;
    const d = other.hessian;
    for (let k = 0; k < c.length; k++) c[k] -= d[k];
  }
}
