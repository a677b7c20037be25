import { expect, test } from 'vitest';
import { DistanceScan } from './distance-scan.ts';
import { NearestRows } from './nearest-rows.ts';
import { SeededRandom } from './random.ts';

/** Squared distance and row, by looking at every row; equally far ones by their number. */
function bruteForce(x: Float64Array, d: number, query: Float64Array, k: number, skip: number) {
  return Array.from({ length: x.length / d }, (_, row) => {
    let square = 0;
    for (let j = 0; j < d; j++) square += ((x[row * d + j] ?? 0) - (query[j] ?? 0)) ** 2;
    return { row, square };
  })
    .filter(({ row }) => row !== skip)
    .sort((a, b) => a.square - b.square || a.row - b.row)
    .slice(0, k);
}

const random = new SeededRandom(3);
const normal = (n: number, d: number, change: (value: number, i: number) => number = (value) => value) =>
  Float64Array.from({ length: n * d }, (_, i) => change(random.normal(), i));

test.each([
  ['many columns', 2000, 20, normal(2000, 20)],
  ['rows that repeat', 600, 12, normal(600, 12, (value) => Math.round(value))],
  ['a tight group far from the centre', 900, 16, normal(900, 16, (v, i) => (i < 8000 ? 1000 + v * 1e-3 : v))],
  ['a few rows very far out', 500, 15, normal(500, 15, (v, i) => (i % 1500 < 15 ? v * 1e6 : v))],
  ['tiny values', 500, 15, normal(500, 15, (value) => value * 1e-12)],
  ['values beyond single precision', 300, 15, normal(300, 15, (value) => value * 1e140)],
  ['fewer tiles than neighbours', 210, 18, normal(210, 18)],
  ['two columns', 3000, 2, normal(3000, 2)],
])('%s: one by one and all together it finds what looking at every row finds', (_, n, d, x) => {
  const nearest = new NearestRows(x, n, d);
  const k = 20;
  const squares = new Float64Array(k);
  const rows = new Int32Array(k);
  const scale = Math.max(...x.map(Math.abs));
  const agree = (query: Float64Array, found: number, skip: number) => {
    const wanted = bruteForce(x, d, query, k, skip);
    expect(found).toBe(k);
    // To the rounding of turned axes, where a tree is used.
    wanted.forEach(({ square }, i) => {
      expect(Math.abs((squares[i] ?? 0) - square)).toBeLessThanOrEqual(1e-9 * square + 1e-15 * scale * scale);
    });
    expect(new Set(rows).size).toBe(k);
    expect(rows).not.toContain(skip);
  };
  const asked = 101;
  nearest.nearestToEach(x, asked, k, squares, rows, true, (i, found) =>
    agree(x.subarray(i * d, (i + 1) * d), found, i),
  );
  for (let q = 0; q < 40; q++) {
    const query = normal(1, d, (value) => value * (q % 4 === 3 ? 30 : 1) * Math.min(scale, 1e3));
    agree(query, nearest.nearest(query, 0, k, squares, rows), -1);
  }
});

test('a scan names every row that is among the nearest, and few others', () => {
  const [n, d, k] = [4000, 20, 15];
  const x = normal(n, d);
  const scan = new DistanceScan(x, n, d);
  const rows = new Int32Array(n);
  let named = 0;
  for (let q = 0; q < 100; q += 2) {
    scan.run(x, q * d, (q + 1) * d);
    for (const which of [0, 1] as const) {
      const found = scan.candidates(which, k, rows);
      named += found;
      const own = q + which;
      const wanted = bruteForce(x, d, x.subarray(own * d, (own + 1) * d), k, -1).map(({ row }) => row);
      const names = new Set(rows.subarray(0, found));
      expect(wanted.filter((row) => !names.has(row))).toEqual([]);
    }
  }
  expect(named / 100).toBeLessThan(2 * k);
});

test('two scans in turn, the second larger than the memory so far, do not disturb each other', () => {
  const d = 10;
  const small = normal(300, d);
  const large = normal(9000, d);
  const one = new DistanceScan(small, 300, d);
  const rows = new Int32Array(9000);
  one.run(small, 0, d);
  const before = [...rows.subarray(0, one.candidates(0, 5, rows))];
  const other = new DistanceScan(large, 9000, d);
  other.run(large, 0, d);
  expect(other.candidates(0, 5, rows)).toBeGreaterThanOrEqual(5);
  one.run(small, 0, d);
  expect([...rows.subarray(0, one.candidates(0, 5, rows))]).toEqual(before);
});
