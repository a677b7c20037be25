/** The line by least squares through evenly spaced values: their mean and the change a step; slope 0 of one value. O(n). */
export function leastSquaresLine(y: Float64Array): { mean: number; slope: number } {
  const n = y.length;
  let mean = 0;
  for (let i = 0; i < n; i++) mean += y[i] / n;
  let product = 0;
  for (let i = 0; i < n; i++) product += (i - (n - 1) / 2) * (y[i] - mean);
  return { mean, slope: n > 1 ? product / ((n * (n * n - 1)) / 12) : 0 };
}
