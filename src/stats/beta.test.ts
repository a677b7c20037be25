import { expect, test } from 'vitest';
import { betaBelow, betaQuantile } from './beta.ts';

/** For whole parameters a sum of binomial terms: another way to the same number. */
function byBinomial(x: number, a: number, b: number): number {
  const n = a + b - 1;
  let sum = 0;
  for (let k = a; k <= n; k++) {
    let ways = 1;
    for (let i = 1; i <= k; i++) ways = (ways * (n - k + i)) / i;
    sum += ways * x ** k * (1 - x) ** (n - k);
  }
  return sum;
}

test.each([
  [0.5, 2, 5],
  [0.1, 1, 1],
  [0.9, 3, 1],
  [0.35, 7, 12],
  [0.99, 20, 2],
  [0.02, 1, 40],
])('P(Beta ≤ %s) with a = %s, b = %s', (x, a, b) => {
  expect(betaBelow(x, a, b)).toBeCloseTo(byBinomial(x, a, b), 10);
});

test('parameters that are not whole: the arcsine law', () => {
  for (const x of [0.01, 0.3, 0.77])
    expect(betaBelow(x, 0.5, 0.5)).toBeCloseTo((2 / Math.PI) * Math.asin(Math.sqrt(x)), 10);
});

test('a quantile is the way back, also far out', () => {
  for (const [a, b] of [
    [0.3, 0.8],
    [2.5, 5.5],
    [400, 90],
  ] as const)
    for (const p of [0.001, 0.1, 0.5, 0.9]) expect(betaBelow(betaQuantile(p, a, b), a, b)).toBeCloseTo(p, 6);
});
