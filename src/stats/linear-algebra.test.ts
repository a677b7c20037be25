import { expect, test } from 'vitest';
import { solveCholesky } from './cholesky.ts';
import { SeededRandom } from './random.ts';
import { symmetricEigen } from './symmetric-eigen.ts';

function symmetric(n: number, seed: number): Float64Array {
  const random = new SeededRandom(seed);
  const a = new Float64Array(n * n);
  for (let i = 0; i < n; i++) for (let j = 0; j <= i; j++) a[i * n + j] = a[j * n + i] = random.normal();
  return a;
}

test.each([1, 2, 5, 17])(
  'eigenvectors of a %i × %i matrix are unit, at right angles, and put together give it back',
  (n) => {
    const a = symmetric(n, n);
    const { values, vectors } = symmetricEigen(a, n);
    const at = (m: Float64Array, i: number, j: number) => m[i * n + j] ?? Number.NaN;
    for (let i = 0; i < n; i++) {
      if (i > 0) expect(values[i] ?? 0).toBeLessThanOrEqual(values[i - 1] ?? 0);
      for (let j = 0; j < n; j++) {
        let product = 0;
        let again = 0;
        for (let k = 0; k < n; k++) {
          product += at(vectors, i, k) * at(vectors, j, k);
          again += (values[k] ?? 0) * at(vectors, k, i) * at(vectors, k, j);
        }
        expect(product).toBeCloseTo(i === j ? 1 : 0, 10);
        expect(again).toBeCloseTo(at(a, i, j), 9);
      }
    }
  },
);

test('a matrix of zeros has eigenvalues 0', () => {
  expect([...symmetricEigen(new Float64Array(9), 3).values]).toEqual([0, 0, 0]);
});

test('Cholesky solves what was multiplied, and refuses what is not positive definite', () => {
  const n = 6;
  const b = symmetric(n, 3);
  const a = new Float64Array(n * n);
  for (let i = 0; i < n; i++)
    for (let j = 0; j < n; j++)
      for (let k = 0; k < n; k++) a[i * n + j] = (a[i * n + j] ?? 0) + (b[i * n + k] ?? 0) * (b[j * n + k] ?? 0);
  const x = Float64Array.from({ length: n }, (_, i) => i - 2.5);
  const right = Float64Array.from({ length: n }, (_, i) =>
    x.reduce((sum, value, j) => sum + (a[i * n + j] ?? 0) * value, 0),
  );
  expect(solveCholesky(a.slice(), right, n)).toBe(true);
  right.forEach((value, i) => expect(value).toBeCloseTo(x[i] ?? Number.NaN, 7));
  expect(solveCholesky(Float64Array.of(1, 2, 2, 1), Float64Array.of(1, 1), 2)).toBe(false);
});
