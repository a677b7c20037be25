import { expect, test } from 'vitest';
import { NeighbourTree } from './neighbour-tree.ts';
import { SeededRandom } from './random.ts';

/** Distances by looking at every row. */
function bruteForce(x: Float64Array, n: number, d: number, query: Float64Array, k: number, skip: number): number[] {
  return Array.from({ length: n }, (_, i) => {
    let sum = 0;
    for (let j = 0; j < d; j++) sum += ((x[i * d + j] ?? 0) - (query[j] ?? 0)) ** 2;
    return { i, sum };
  })
    .filter(({ i }) => i !== skip)
    .map(({ sum }) => sum)
    .sort((a, b) => a - b)
    .slice(0, k);
}

test.each([
  [1, 1, 1],
  [40, 1, 5],
  [500, 3, 10],
  [500, 7, 1],
  [300, 40, 20],
  [60, 250, 4],
])('finds the same neighbours as looking at all of %i rows of %i columns, k = %i', (n, d, k) => {
  const random = new SeededRandom(n + d);
  // Rounded, so that rows repeat and lie on the walls between boxes.
  const x = Float64Array.from({ length: n * d }, (_, i) => Math.round(random.normal() * 3 * (1 + (i % d)) * 2) / 2);
  const tree = new NeighbourTree(x, n, d);
  const squares = new Float64Array(k);
  const rows = new Int32Array(k);
  for (let q = 0; q < 60; q++) {
    const isKept = q % 2 === 0;
    const kept = random.integer(n);
    const query = isKept
      ? x.slice(kept * d, (kept + 1) * d)
      : Float64Array.from({ length: d }, () => random.normal() * 6);
    const wanted = bruteForce(x, n, d, query, k, isKept ? kept : -1);
    const found = tree.nearest(query, 0, k, squares, rows, isKept ? kept : -1);
    expect(found).toBe(wanted.length);
    const seen = new Set<number>();
    for (let i = 0; i < found; i++) {
      const row = rows[i] ?? -1;
      expect(squares[i]).toBeCloseTo(wanted[i] ?? Number.NaN, 6);
      expect(bruteForce(x.subarray(row * d), 1, d, query, 1, -1)[0]).toBeCloseTo(wanted[i] ?? Number.NaN, 6);
      expect(row).not.toBe(isKept ? kept : -1);
      seen.add(row);
    }
    expect(seen.size).toBe(found);
  }
});

test('rows that are all the same are all found', () => {
  const tree = new NeighbourTree(new Float64Array(300).fill(2), 100, 3);
  const squares = new Float64Array(100);
  expect(tree.nearest(Float64Array.of(2, 2, 3), 0, 100, squares, new Int32Array(100))).toBe(100);
  squares.forEach((square) => expect(square).toBeCloseTo(1, 12));
});
