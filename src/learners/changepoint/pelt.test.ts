import { expect, test } from 'vitest';
import { SeededRandom } from '../../stats/random.ts';
import { pelt } from './pelt.ts';

/** The best segmentation by trying all of up to three changes. */
function bruteForce(values: Float64Array, penalty: number): number[] {
  const n = values.length;
  const cost = (from: number, to: number) => {
    const part = values.slice(from, to);
    const mean = part.reduce((a, b) => a + b, 0) / part.length;
    return part.reduce((sum, value) => sum + (value - mean) ** 2, 0);
  };
  let best = { total: cost(0, n), cuts: [] as number[] };
  const consider = (cuts: number[]) => {
    const edges = [0, ...cuts, n];
    let total = penalty * cuts.length;
    for (let i = 1; i < edges.length; i++) {
      const [from, to] = [edges[i - 1] ?? 0, edges[i] ?? 0];
      if (to - from < 2) return;
      total += cost(from, to);
    }
    if (total < best.total - 1e-9) best = { total, cuts };
  };
  for (let a = 2; a < n; a++) {
    consider([a]);
    for (let b = a + 2; b < n; b++) {
      consider([a, b]);
      for (let c = b + 2; c < n; c++) consider([a, b, c]);
    }
  }
  return best.cuts;
}

test('finds the segmentation that trying all of them finds', () => {
  const random = new SeededRandom(1);
  for (let k = 0; k < 12; k++) {
    const shift = random.normal() * 4;
    const values = Float64Array.from({ length: 26 }, (_, i) => random.normal() + (i >= 9 && i < 17 ? shift : 0));
    expect(pelt(values, 14)).toEqual(bruteForce(values, 14));
  }
});

test('noise has no change, a step has one where it is, a constant none', () => {
  const random = new SeededRandom(2);
  const noise = Float64Array.from({ length: 200 }, () => random.normal());
  expect(pelt(noise, 4 * Math.log(200))).toEqual([]);
  expect(
    pelt(
      noise.map((value, i) => value + (i >= 120 ? 5 : 0)),
      4 * Math.log(200),
    ),
  ).toEqual([120]);
  expect(pelt(new Float64Array(50).fill(3), 1)).toEqual([]);
  expect(pelt(Float64Array.of(1), 1)).toEqual([]);
});
