import { DistanceScan } from './distance-scan.ts';
import { NeighbourTree } from './neighbour-tree.ts';

/** Fewer rows are searched by the tree, and more values than this would take too much memory to scan. */
const FEWEST_SCANNED = 200;
const MOST_VALUES = 16_000_000;
/** Queries, and neighbours of each, by which tree and scan are compared. */
const TRIALS = 16;
const TRIAL_NEIGHBOURS = 20;
const SAMPLE_ROWS = 500;
/** Share of a sample above which a tree over all rows is not tried; of many more rows a sample says little. */
const HOPELESS = 0.7;
const MOST_SAMPLED = 20_000;

/**
 * Exact nearest neighbours by Euclidean distance: by a tree where that leaves out most rows, by looking at all of them at vector
 * speed where it does not (many columns that vary alike). Which one is chosen by counting the rows that a few queries visit,
 * so that the same rows always choose alike.
 */
export class NearestRows {
  readonly nRows: number;
  readonly nCols: number;
  readonly #rows: Float64Array;
  /** One of the two is there. */
  readonly #tree: NeighbourTree | null;
  readonly #scan: DistanceScan | null;
  readonly #candidates: Int32Array;

  /** Over a row-major matrix of finite values, which is kept. */
  constructor(rows: Float64Array, nRows: number, nCols: number) {
    this.#rows = rows;
    this.nRows = nRows;
    this.nCols = nCols;
    const canScan = nRows >= FEWEST_SCANNED && nRows * nCols <= MOST_VALUES && DistanceScan.suits(rows);
    // A few rows already tell that a tree does not help; where they do not, all of them are asked.
    const isHopeless =
      canScan && nRows <= MOST_SAMPLED && shareVisited(sampleTree(rows, nRows, nCols), rows, nRows) > HOPELESS;
    const tree = isHopeless ? null : new NeighbourTree(rows, nRows, nCols);
    const isScanned = canScan && (tree === null || isScanCheaper(tree, rows));
    this.#tree = isScanned ? null : tree;
    this.#scan = isScanned ? new DistanceScan(rows, nRows, nCols) : null;
    this.#candidates = new Int32Array(isScanned ? nRows : 0);
  }

  /**
   * The `k` rows nearest to the one that begins at `start` of `x`, nearest first: squared distances and row numbers are
   * written to the given arrays. Row `skip` is left out. Returns how many were found.
   */
  nearest(x: Float64Array, start: number, k: number, squares: Float64Array, rows: Int32Array, skip = -1): number {
    if (this.#tree !== null) return this.#tree.nearest(x, start, k, squares, rows, skip);
    const scan = this.#scan;
    if (scan === null || !DistanceScan.suits(x, start, start + this.nCols)) {
      for (let row = 0; row < this.nRows; row++) this.#candidates[row] = row;
      return this.#measure(this.nRows, x, start, k, squares, rows, skip);
    }
    scan.run(x, start, start);
    return this.#measure(this.#named(scan, 0, k, skip), x, start, k, squares, rows, skip);
  }

  /**
   * The same for each of `n` rows of `x`, with `visit` told after each; `areOwn` leaves row i out of the neighbours of the ith.
   * Two at a time where all rows are scanned.
   */
  nearestToEach(
    x: Float64Array,
    n: number,
    k: number,
    squares: Float64Array,
    rows: Int32Array,
    areOwn: boolean,
    visit: (i: number, found: number) => void,
  ): void {
    const { nCols } = this;
    const scan = this.#scan;
    for (let i = 0; i < n; i++) {
      if (scan === null || i + 1 === n || !DistanceScan.suits(x, i * nCols, (i + 2) * nCols)) {
        visit(i, this.nearest(x, i * nCols, k, squares, rows, areOwn ? i : -1));
        continue;
      }
      scan.run(x, i * nCols, (i + 1) * nCols);
      visit(
        i,
        this.#measure(this.#named(scan, 0, k, areOwn ? i : -1), x, i * nCols, k, squares, rows, areOwn ? i : -1),
      );
      i++;
      visit(
        i,
        this.#measure(this.#named(scan, 1, k, areOwn ? i : -1), x, i * nCols, k, squares, rows, areOwn ? i : -1),
      );
    }
  }

  #named(scan: DistanceScan, which: 0 | 1, k: number, skip: number): number {
    return scan.candidates(which, skip < 0 ? k : k + 1, this.#candidates);
  }

  /** Exact distances of the first `n` candidates; of equally far rows the lower number comes first. */
  #measure(
    n: number,
    x: Float64Array,
    start: number,
    k: number,
    squares: Float64Array,
    rows: Int32Array,
    skip: number,
  ): number {
    const { nCols } = this;
    const own = this.#rows;
    let found = 0;
    for (let i = 0; i < n; i++) {
      const row = this.#candidates[i];
      if (row === skip) continue;
      const begin = row * nCols;
      let sum = 0;
      let j = 0;
      for (; j + 4 <= nCols; j += 4) {
        const a = own[begin + j] - x[start + j];
        const b = own[begin + j + 1] - x[start + j + 1];
        const c = own[begin + j + 2] - x[start + j + 2];
        const d = own[begin + j + 3] - x[start + j + 3];
        sum += a * a + b * b + (c * c + d * d);
      }
      for (; j < nCols; j++) {
        const a = own[begin + j] - x[start + j];
        sum += a * a;
      }
      if (found === k && (sum > squares[k - 1] || (sum === squares[k - 1] && row > rows[k - 1]))) continue;
      let at = found < k ? found++ : k - 1;
      while (at > 0 && (squares[at - 1] > sum || (squares[at - 1] === sum && rows[at - 1] > row))) {
        squares[at] = squares[at - 1];
        rows[at] = rows[at - 1];
        at--;
      }
      squares[at] = sum;
      rows[at] = row;
    }
    return found;
  }
}

function sampleTree(rows: Float64Array, nRows: number, nCols: number): NeighbourTree {
  const step = Math.max(1, Math.floor(nRows / SAMPLE_ROWS));
  const sample = new Float64Array(Math.ceil(nRows / step) * nCols);
  for (let i = 0; i * step < nRows; i++) {
    sample.set(rows.subarray(i * step * nCols, (i * step + 1) * nCols), i * nCols);
  }
  return new NeighbourTree(sample, sample.length / nCols, nCols);
}

/** Of the tree's rows, by queries from all over the given ones. */
function shareVisited(tree: NeighbourTree, rows: Float64Array, nRows: number): number {
  const squares = new Float64Array(TRIAL_NEIGHBOURS);
  const found = new Int32Array(TRIAL_NEIGHBOURS);
  const before = tree.visited;
  for (let i = 0; i < TRIALS; i++) {
    tree.nearest(rows, Math.floor(((i + 0.5) * nRows) / TRIALS) * tree.nCols, TRIAL_NEIGHBOURS, squares, found);
  }
  return (tree.visited - before) / (TRIALS * tree.nRows);
}

/** By nanoseconds a query, as measured; only their ratio counts. */
function isScanCheaper(tree: NeighbourTree, rows: Float64Array): boolean {
  const { nRows, nCols } = tree;
  const visited = shareVisited(tree, rows, nRows) * nRows;
  return visited * (4 + 0.9 * nCols) > nRows * (0.5 + 0.06 * nCols) + 3000;
}
