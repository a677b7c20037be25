import { symmetricEigen } from './symmetric-eigen.ts';

const LEAF_ROWS = 16;
/** Rows whose covariance turns the space. */
const ROTATION_ROWS = 1000;
/** Above this many columns the eigenvectors cost more than they save; the columns are then only sorted by their variance. */
const MOST_ROTATED = 200;

/**
 * Exact nearest neighbours by Euclidean distance: a k-d tree (Friedman, Bentley, Finkel 1977) over principal axes. The
 * space is turned so that the first coordinates differ most: boxes part rows well, and a distance is given up after its first
 * few terms. Rows must be finite. Weak where all directions vary alike in many columns: then every row is looked at.
 * Build O(n log n · d + d³), query O(log n) at best and O(n · d) at worst; 8 (d + 1) bytes a row.
 */
export class NeighbourTree {
  readonly nRows: number;
  readonly nCols: number;
  /** Rows looked at so far by all queries. */
  visited = 0;
  /** Turned rows in the order of the leaves. */
  readonly #points: Float64Array;
  readonly #rowAt: Int32Array;
  readonly #axes: Float64Array | null;
  readonly #order: Int32Array;
  /** By node: coordinate it parts (−1: leaf), where, first and last place of its rows, right child (the left one follows it). */
  readonly #splits: number[] = [];
  readonly #values: number[] = [];
  readonly #from: number[] = [];
  readonly #to: number[] = [];
  readonly #right: number[] = [];
  readonly #query: Float64Array;
  readonly #offsets: Float64Array;
  // The query under way: its answers, sorted.
  #squares: Float64Array = new Float64Array(0);
  #rows: Int32Array = new Int32Array(0);
  #k = 0;
  #found = 0;
  #skip = -1;

  /** Over the first `nRows` rows of a row-major matrix, which is copied. */
  constructor(x: Float64Array, nRows: number, nCols: number) {
    this.nRows = nRows;
    this.nCols = nCols;
    this.#query = new Float64Array(nCols);
    this.#offsets = new Float64Array(nCols);
    const { axes, order } = principalAxes(x, nRows, nCols);
    this.#axes = axes;
    this.#order = order;
    const turned = new Float64Array(nRows * nCols);
    for (let i = 0; i < nRows; i++) this.#turn(x, i * nCols, turned, i * nCols);
    this.#rowAt = Int32Array.from({ length: nRows }, (_, i) => i);
    this.#build(turned, 0, nRows);
    this.#points = new Float64Array(nRows * nCols);
    for (let i = 0; i < nRows; i++) {
      const row = this.#rowAt[i];
      this.#points.set(turned.subarray(row * nCols, (row + 1) * nCols), i * nCols);
    }
  }

  /**
   * The `k` rows nearest to the one that begins at `start` of `x`, nearest first: squared distances and row numbers are
   * written to the given arrays. Row `skip` is left out. Returns how many were found.
   */
  nearest(x: Float64Array, start: number, k: number, squares: Float64Array, rows: Int32Array, skip = -1): number {
    this.#turn(x, start, this.#query, 0);
    this.#squares = squares;
    this.#rows = rows;
    this.#k = k;
    this.#found = 0;
    this.#skip = skip;
    this.#offsets.fill(0);
    if (k > 0) this.#search(0, 0);
    return this.#found;
  }

  #turn(x: Float64Array, start: number, out: Float64Array, at: number): void {
    const n = this.nCols;
    const axes = this.#axes;
    if (axes === null) {
      for (let j = 0; j < n; j++) out[at + j] = x[start + this.#order[j]];
      return;
    }
    for (let k = 0; k < n; k++) {
      let sum = 0;
      for (let j = 0; j < n; j++) sum += axes[k * n + j] * x[start + j];
      out[at + k] = sum;
    }
  }

  #build(points: Float64Array, from: number, to: number): void {
    const node = this.#splits.length;
    this.#splits.push(-1);
    this.#values.push(0);
    this.#from.push(from);
    this.#to.push(to);
    this.#right.push(-1);
    if (to - from <= LEAF_ROWS) return;
    const column = this.#widest(points, from, to);
    if (column < 0) return;
    const middle = (from + to) >> 1;
    select(this.#rowAt, points, this.nCols, column, from, to - 1, middle);
    this.#splits[node] = column;
    this.#values[node] = points[this.#rowAt[middle] * this.nCols + column];
    this.#build(points, from, middle);
    this.#right[node] = this.#splits.length;
    this.#build(points, middle, to);
  }

  #widest(points: Float64Array, from: number, to: number): number {
    const n = this.nCols;
    let best = -1;
    let width = 0;
    for (let j = 0; j < n; j++) {
      let low = Infinity;
      let high = -Infinity;
      for (let i = from; i < to; i++) {
        const value = points[this.#rowAt[i] * n + j];
        if (value < low) low = value;
        if (value > high) high = value;
      }
      if (high - low > width) {
        width = high - low;
        best = j;
      }
    }
    return best;
  }

  /** `floor`: the least squared distance a row below this node can have. */
  #search(node: number, floor: number): void {
    const column = this.#splits[node];
    if (column < 0) {
      this.#scan(this.#from[node], this.#to[node]);
      return;
    }
    const away = this.#query[column] - this.#values[node];
    const left = node + 1;
    const right = this.#right[node];
    this.#search(away < 0 ? left : right, floor);
    const before = this.#offsets[column];
    const further = floor - before * before + away * away;
    if (this.#found === this.#k && further >= this.#squares[this.#k - 1]) return;
    this.#offsets[column] = away;
    this.#search(away < 0 ? right : left, further);
    this.#offsets[column] = before;
  }

  #scan(from: number, to: number): void {
    this.visited += to - from;
    const n = this.nCols;
    const points = this.#points;
    const query = this.#query;
    const squares = this.#squares;
    const rows = this.#rows;
    const k = this.#k;
    let found = this.#found;
    let worst = found === k ? squares[k - 1] : Infinity;
    for (let i = from; i < to; i++) {
      const start = i * n;
      let sum = 0;
      let j = 0;
      for (; j + 4 <= n; j += 4) {
        const a = points[start + j] - query[j];
        const b = points[start + j + 1] - query[j + 1];
        const c = points[start + j + 2] - query[j + 2];
        const d = points[start + j + 3] - query[j + 3];
        sum += a * a + b * b + c * c + d * d;
        if (sum >= worst) break;
      }
      if (sum >= worst) continue;
      for (; j < n; j++) {
        const a = points[start + j] - query[j];
        sum += a * a;
      }
      if (sum >= worst || this.#rowAt[i] === this.#skip) continue;
      let at = found < k ? found++ : k - 1;
      while (at > 0 && squares[at - 1] > sum) {
        squares[at] = squares[at - 1];
        rows[at] = rows[at - 1];
        at--;
      }
      squares[at] = sum;
      rows[at] = this.#rowAt[i];
      if (found === k) worst = squares[k - 1];
    }
    this.#found = found;
  }
}

/** Directions of falling variance, or only the columns in that order where there are too many to turn. */
function principalAxes(
  x: Float64Array,
  nRows: number,
  nCols: number,
): { axes: Float64Array | null; order: Int32Array } {
  const step = Math.max(1, Math.floor(nRows / ROTATION_ROWS));
  const mean = new Float64Array(nCols);
  const variance = new Float64Array(nCols);
  let n = 0;
  for (let i = 0; i < nRows; i += step) {
    n++;
    for (let j = 0; j < nCols; j++) {
      const away = x[i * nCols + j] - mean[j];
      mean[j] += away / n;
      variance[j] += away * (x[i * nCols + j] - mean[j]);
    }
  }
  const order = Int32Array.from({ length: nCols }, (_, j) => j).sort((a, b) => variance[b] - variance[a] || a - b);
  if (nCols < 2 || nCols > MOST_ROTATED) return { axes: null, order };
  const covariance = new Float64Array(nCols * nCols);
  const row = new Float64Array(nCols);
  for (let i = 0; i < nRows; i += step) {
    for (let j = 0; j < nCols; j++) row[j] = x[i * nCols + j] - mean[j];
    for (let j = 0; j < nCols; j++) for (let k = 0; k <= j; k++) covariance[j * nCols + k] += row[j] * row[k];
  }
  for (let j = 0; j < nCols; j++) for (let k = 0; k < j; k++) covariance[k * nCols + j] = covariance[j * nCols + k];
  return { axes: symmetricEigen(covariance, nCols).vectors, order };
}

/** Quickselect: afterwards no row before `place` has a higher value in the column than the one there, none behind a lower. */
function select(
  rows: Int32Array,
  points: Float64Array,
  nCols: number,
  column: number,
  from: number,
  to: number,
  place: number,
): void {
  let low = from;
  let high = to;
  while (low < high) {
    const pivot = points[rows[(low + high) >> 1] * nCols + column];
    let i = low;
    let j = high;
    while (i <= j) {
      while (points[rows[i] * nCols + column] < pivot) i++;
      while (points[rows[j] * nCols + column] > pivot) j--;
      if (i > j) break;
      const row = rows[i];
      rows[i++] = rows[j];
      rows[j--] = row;
    }
    if (place <= j) high = j;
    else if (place >= i) low = i;
    else return;
  }
}
