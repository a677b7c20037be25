import { cholesky, choleskySolve } from './cholesky.ts';

/** Coefficients of columns as they came, and the constant. */
export interface LinearFit {
  readonly constant: number;
  readonly coefficients: Float64Array;
}

/** Penalties that generalised cross-validation chooses from, as shares of the number of rows. */
const PENALTIES = [1e-5, 1e-4, 1e-3, 1e-2, 1e-1];

/**
 * Ridge regression (Hoerl and Kennard 1970) on standardised columns; the penalty is chosen by generalised
 * cross-validation (Golub, Heath, Wahba 1979) unless one is given (as a share of the rows' weight). `x` is row-major n × p; `weights`, where given,
 * count the rows. Columns without spread get 0. Weak on outliers. O(n p² + 5 p³).
 */
export function ridge(
  x: Float64Array,
  y: Float64Array,
  n: number,
  p: number,
  options: { readonly penalty?: number; readonly weights?: Float64Array } = {},
): LinearFit {
  const { weights } = options;
  const mean = new Float64Array(p);
  let yMean = 0;
  let total = 0;
  for (let i = 0; i < n; i++) {
    const w = weights === undefined ? 1 : weights[i];
    total += w;
    yMean += w * y[i];
    for (let j = 0; j < p; j++) mean[j] += w * x[i * p + j];
  }
  yMean /= total;
  for (let j = 0; j < p; j++) mean[j] /= total;
  const gram = new Float64Array(p * p);
  const product = new Float64Array(p);
  const row = new Float64Array(p);
  let yy = 0;
  for (let i = 0; i < n; i++) {
    const w = weights === undefined ? 1 : weights[i];
    for (let j = 0; j < p; j++) row[j] = x[i * p + j] - mean[j];
    const target = y[i] - yMean;
    yy += w * target * target;
    for (let j = 0; j < p; j++) {
      const left = w * row[j];
      product[j] += left * target;
      const at = j * p;
      for (let k = 0; k <= j; k++) gram[at + k] += left * row[k];
    }
  }
  // To columns of spread 1: a penalty means the same to each of them.
  const scale = new Float64Array(p);
  for (let j = 0; j < p; j++) {
    const size = Math.sqrt(gram[j * p + j] / total);
    scale[j] = size > 1e-9 * (Math.abs(mean[j]) + 1e-300) ? 1 / size : 0;
  }
  for (let j = 0; j < p; j++) {
    product[j] *= scale[j];
    for (let k = 0; k <= j; k++) gram[j * p + k] *= scale[j] * scale[k];
  }
  const solved = solve(gram, product, yy, p, n, total, options.penalty);
  let constant = yMean;
  for (let j = 0; j < p; j++) {
    solved[j] *= scale[j];
    constant -= solved[j] * mean[j];
  }
  return { constant, coefficients: solved };
}

function solve(
  gram: Float64Array,
  product: Float64Array,
  yy: number,
  p: number,
  n: number,
  total: number,
  penalty: number | undefined,
): Float64Array {
  let best = new Float64Array(p);
  let least = Infinity;
  for (const share of penalty === undefined ? PENALTIES : [penalty]) {
    const factor = Float64Array.from(gram);
    for (let j = 0; j < p; j++) factor[j * p + j] += share * total;
    cholesky(factor, p);
    const b = Float64Array.from(product);
    choleskySolve(factor, p, b);
    if (penalty !== undefined) return b;
    // Residual sum of squares from the normal equations: yy − 2 b·product + b·gram·b.
    let rest = yy;
    for (let j = 0; j < p; j++) {
      let half = 0;
      for (let k = 0; k < j; k++) half += gram[j * p + k] * b[k];
      rest += b[j] * (2 * half + gram[j * p + j] * b[j] - 2 * product[j]);
    }
    const degrees = 1 + degreesOfFreedom(factor, p, share * total);
    const score = rest <= 0 || degrees >= n ? Infinity : rest / (n - degrees) ** 2;
    if (score < least || least === Infinity) {
      least = score;
      best = b;
    }
  }
  return best;
}

/** The trace of the hat matrix: p − λ · trace of the inverse. */
function degreesOfFreedom(factor: Float64Array, p: number, lambda: number): number {
  // trace(A⁻¹) is the sum of squares of L⁻¹.
  let trace = 0;
  const column = new Float64Array(p);
  for (let c = 0; c < p; c++) {
    column.fill(0);
    for (let i = c; i < p; i++) {
      let sum = i === c ? 1 : 0;
      for (let k = c; k < i; k++) sum -= factor[i * p + k] * column[k];
      column[i] = sum / factor[i * p + i];
      trace += column[i] * column[i];
    }
  }
  return p - lambda * trace;
}
