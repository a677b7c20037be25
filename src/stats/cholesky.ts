/**
 * Cholesky's factor of a symmetric positive definite matrix in place: the lower triangle of `a` (row-major, n × n)
 * becomes L with L·Lᵀ = a. A pivot that is not above `least` is lifted to it, so that a matrix that is singular by rounding
 * still has an answer; false when there was one. O(n³ / 6).
 */
export function cholesky(a: Float64Array, n: number, least = 1e-12): boolean {
  let isDefinite = true;
  for (let j = 0; j < n; j++) {
    const row = j * n;
    let pivot = a[row + j];
    for (let k = 0; k < j; k++) pivot -= a[row + k] * a[row + k];
    isDefinite &&= pivot > least;
    const root = Math.sqrt(pivot > least ? pivot : least);
    a[row + j] = root;
    for (let i = j + 1; i < n; i++) {
      const other = i * n;
      let sum = a[other + j];
      for (let k = 0; k < j; k++) sum -= a[other + k] * a[row + k];
      a[other + j] = sum / root;
    }
  }
  return isDefinite;
}

/** Solves L·Lᵀ·x = b in place for a factor of `cholesky`. O(n²). */
export function choleskySolve(factor: Float64Array, n: number, b: Float64Array): void {
  for (let i = 0; i < n; i++) {
    let sum = b[i];
    for (let k = 0; k < i; k++) sum -= factor[i * n + k] * b[k];
    b[i] = sum / factor[i * n + i];
  }
  for (let i = n - 1; i >= 0; i--) {
    let sum = b[i];
    for (let k = i + 1; k < n; k++) sum -= factor[k * n + i] * b[k];
    b[i] = sum / factor[i * n + i];
  }
}

/**
 * Solves A·x = b for a symmetric positive definite A; A is overwritten with its factor, b with x. False, and b as it was, when
 * A is not positive definite to rounding. O(n³ / 6).
 */
export function solveCholesky(a: Float64Array, b: Float64Array, n: number): boolean {
  if (!cholesky(a, n, 0)) return false;
  choleskySolve(a, n, b);
  return true;
}
