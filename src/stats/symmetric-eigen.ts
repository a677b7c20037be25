const MOST_SWEEPS = 60;

/** The eigenvalues of a symmetric matrix, largest first, with their unit vectors: row k of `vectors` belongs to value k. */
export interface Eigen {
  readonly values: Float64Array;
  readonly vectors: Float64Array;
}

/**
 * All eigenvalues and vectors of a symmetric n × n matrix, row-major, by cyclic Jacobi rotations (Golub and Van Loan,
 * Matrix Computations, 8.5): slow beside tridiagonal methods, but exact to rounding for small eigenvalues too.
 * The matrix is not changed. O(n³) a sweep, six to ten sweeps.
 */
export function symmetricEigen(matrix: Float64Array, n: number): Eigen {
  const a = matrix.slice(0, n * n);
  const v = new Float64Array(n * n);
  for (let i = 0; i < n; i++) v[i * n + i] = 1;
  let whole = 0;
  for (const value of a) whole += value * value;
  for (let sweep = 0; sweep < MOST_SWEEPS; sweep++) {
    let off = 0;
    for (let i = 0; i < n; i++) for (let j = i + 1; j < n; j++) off += a[i * n + j] * a[i * n + j];
    if (!(off > whole * 1e-28)) break;
    for (let p = 0; p < n; p++) for (let q = p + 1; q < n; q++) rotate(a, v, n, p, q);
  }
  const order = Array.from({ length: n }, (_, i) => i).sort((i, j) => a[j * n + j] - a[i * n + i]);
  const values = Float64Array.from(order, (i) => a[i * n + i]);
  const vectors = new Float64Array(n * n);
  for (let k = 0; k < n; k++) vectors.set(v.subarray(order[k] * n, (order[k] + 1) * n), k * n);
  return { values, vectors };
}

/** Makes a[p][q] zero; rows of `v` turn with it. */
function rotate(a: Float64Array, v: Float64Array, n: number, p: number, q: number): void {
  const apq = a[p * n + q];
  if (apq === 0) return;
  const theta = (a[q * n + q] - a[p * n + p]) / (2 * apq);
  const t = (theta >= 0 ? 1 : -1) / (Math.abs(theta) + Math.sqrt(theta * theta + 1));
  const c = 1 / Math.sqrt(t * t + 1);
  const s = t * c;
  for (let k = 0; k < n; k++) {
    const kp = a[k * n + p];
    const kq = a[k * n + q];
    a[k * n + p] = c * kp - s * kq;
    a[k * n + q] = s * kp + c * kq;
  }
  const rowP = p * n;
  const rowQ = q * n;
  for (let k = 0; k < n; k++) {
    const pk = a[rowP + k];
    const qk = a[rowQ + k];
    a[rowP + k] = c * pk - s * qk;
    a[rowQ + k] = s * pk + c * qk;
    const vp = v[rowP + k];
    const vq = v[rowQ + k];
    v[rowP + k] = c * vp - s * vq;
    v[rowQ + k] = s * vp + c * vq;
  }
}
