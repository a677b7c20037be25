import { expect, test } from 'vitest';
import { SeededRandom } from '../../stats/random.ts';
import { binMatrix } from './binned-matrix.ts';
import { GradientSums } from './gradient-sums.ts';

const N_ROWS = 1003;
const N_COLS = 3;
const random = new SeededRandom(9);
const x = Float64Array.from({ length: N_ROWS * N_COLS }, (_, i) => (i % 13 === 0 ? Number.NaN : random.normal()));
const data = binMatrix(x, N_ROWS, N_COLS, 37, []);
const gradient = Float64Array.from({ length: N_ROWS }, () => random.normal() * 1e-3);
const hessian = Float64Array.from({ length: N_ROWS }, () => random.next());
const columns = Int32Array.of(0, 1, 2);

/** Gradient, rows and second derivative of a bin, row by row. */
function plain(rows: Int32Array, column: number, bin: number) {
  const inBin = [...rows].filter((row) => data.bins[column * N_ROWS + row] === bin);
  const sum = (values: Float64Array) => inBin.reduce((total, row) => total + (values[row] ?? 0), 0);
  return { gradient: sum(gradient), count: inBin.length, hessian: sum(hessian) };
}

function agree(sums: GradientSums, histogram: number, rows: Int32Array): void {
  for (const column of columns) {
    for (let bin = 0; bin <= (data.nBins[column] ?? 0); bin++) {
      const at = histogram + 2 * ((sums.offsets[column] ?? 0) + bin);
      const packed = sums.floats[at] ?? Number.NaN;
      const wanted = plain(rows, column, bin);
      expect(sums.countOf(packed)).toBe(wanted.count);
      expect(sums.gradientOf(packed)).toBeCloseTo(wanted.gradient, 9);
      expect(sums.floats[at + 1]).toBeCloseTo(wanted.hessian, 9);
    }
  }
}

test.each([1, 2, 3, 4, 5, 400, N_ROWS])('the sums of %i rows are those of adding row by row', (n) => {
  const sums = new GradientSums(data);
  const rows = Int32Array.from({ length: N_ROWS }, (_, i) => (i * 7) % N_ROWS);
  sums.load(gradient, hessian, rows);
  const histogram = sums.take();
  sums.count(histogram, columns, rows, 0, n);
  agree(sums, histogram, rows.subarray(0, n));
});

test('what is left of all rows after some are taken away are the others, while more histograms are taken', () => {
  const sums = new GradientSums(data);
  const rows = Int32Array.from({ length: N_ROWS }, (_, i) => i);
  sums.load(gradient, hessian, rows);
  const whole = sums.take();
  sums.count(whole, columns, rows, 0, N_ROWS);
  const more = Array.from({ length: 500 }, () => sums.take());
  const part = more[499] ?? 0;
  sums.count(part, columns, rows, 100, 300);
  sums.subtract(whole, part);
  agree(sums, part, rows.subarray(100, 300));
  agree(sums, whole, Int32Array.from([...rows.subarray(0, 100), ...rows.subarray(300)]));
});

test('a packed sum tells gradient and count of rows that nearly cancel', () => {
  const sums = new GradientSums(data);
  const rows = Int32Array.from({ length: N_ROWS }, (_, i) => i);
  const signs = gradient.map((_, i) => (i % 2 === 0 ? 5 : -5));
  sums.load(signs, hessian, rows);
  const packed = sums.sum(rows, 0, N_ROWS);
  expect(sums.countOf(packed)).toBe(N_ROWS);
  expect(sums.gradientOf(packed)).toBeCloseTo(5, 9);
});
