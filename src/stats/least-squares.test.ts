import { expect, test } from 'vitest';
import { leastSquaresLine } from './least-squares.ts';

test('a line is found again, noise that is even about its middle does not turn it, and one value has no slope', () => {
  expect(leastSquaresLine(Float64Array.of(1, 3, 5, 7))).toEqual({ mean: 4, slope: 2 });
  expect(leastSquaresLine(Float64Array.of(2, 2, 6, 6)).slope).toBeCloseTo(1.6, 12); // Σ(i − 1.5)·y = 8, ÷ 5
  expect(leastSquaresLine(Float64Array.of(0, 5, 5, 0)).slope).toBeCloseTo(0, 12);
  expect(leastSquaresLine(Float64Array.of(9))).toEqual({ mean: 9, slope: 0 });
});
