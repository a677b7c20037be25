import { DistanceScan } from './distance-scan.ts';
import { NeighbourTree } from './neighbour-tree.ts';

/** Fewer rows are searched by the tree, and more values than this would take too much memory to scan. */
const FEWEST_SCANNED = 200;
const MOST_VALUES = 16_000_000;
/** Queries, and neighbours of each, by which tree and scan are compared. */
const TRIALS = 16;
const TRIAL_NEIGHBOURS = 20;

/**
 * Exact nearest neighbours by Euclidean distance: by a tree where that leaves out most rows, by looking at all of them at vector
 * speed where it does not (many columns that vary alike). Which one is chosen by counting the rows that a few queries visit,
 * so that the same rows always choose alike.
 */
export class NearestRows {
  readonly tree: NeighbourTree;
  readonly #rows: Float64Array;
  readonly #scan: DistanceScan | null;
  readonly #candidates: Int32Array;

  /** Over a row-major matrix of finite values, which is kept. */
  constructor(rows: Float64Array, nRows: number, nCols: number) {
    this.#rows = rows;
    this.tree = new NeighbourTree(rows, nRows, nCols);
    this.#scan = this.#isScanCheaper() ? new DistanceScan(rows, nRows, nCols) : null;
    this.#candidates = new Int32Array(this.#scan === null ? 0 : nRows);
  }

  #isScanCheaper(): boolean {
    const { nRows, nCols } = this.tree;
    if (nRows < FEWEST_SCANNED || nRows * nCols > MOST_VALUES || !DistanceScan.suits(this.#rows)) return false;
    const squares = new Float64Array(TRIAL_NEIGHBOURS);
    const found = new Int32Array(TRIAL_NEIGHBOURS);
    const before = this.tree.visited;
    for (let i = 0; i < TRIALS; i++) {
      const row = Math.floor((i * nRows) / TRIALS);
      this.tree.nearest(this.#rows, row * nCols, TRIAL_NEIGHBOURS, squares, found, row);
    }
    const visited = (this.tree.visited - before) / TRIALS;
    // Nanoseconds a query, as measured; only their ratio counts.
    return visited * (4 + 0.9 * nCols) > nRows * (0.7 + 0.06 * nCols) + 3000;
  }

  /**
   * The `k` rows nearest to the one that begins at `start` of `x`, nearest first: squared distances and row numbers are
   * written to the given arrays. Row `skip` is left out. Returns how many were found.
   */
  nearest(x: Float64Array, start: number, k: number, squares: Float64Array, rows: Int32Array, skip = -1): number {
    const scan = this.#scan;
    if (scan === null || !DistanceScan.suits(x, start, start + this.tree.nCols)) {
      return this.tree.nearest(x, start, k, squares, rows, skip);
    }
    scan.run(x, start, start);
    return this.#measure(scan, 0, x, start, k, squares, rows, skip);
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
    const { nCols } = this.tree;
    const scan = this.#scan;
    for (let i = 0; i < n; i++) {
      if (scan === null || i + 1 === n || !DistanceScan.suits(x, i * nCols, (i + 2) * nCols)) {
        visit(i, this.nearest(x, i * nCols, k, squares, rows, areOwn ? i : -1));
        continue;
      }
      scan.run(x, i * nCols, (i + 1) * nCols);
      visit(i, this.#measure(scan, 0, x, i * nCols, k, squares, rows, areOwn ? i : -1));
      i++;
      visit(i, this.#measure(scan, 1, x, i * nCols, k, squares, rows, areOwn ? i : -1));
    }
  }

  /** Exact distances of what the scan names; of equally far rows the lower number comes first. */
  #measure(
    scan: DistanceScan,
    which: 0 | 1,
    x: Float64Array,
    start: number,
    k: number,
    squares: Float64Array,
    rows: Int32Array,
    skip: number,
  ): number {
    const n = scan.candidates(which, skip < 0 ? k : k + 1, this.#candidates);
    const { nCols } = this.tree;
    const own = this.#rows;
    let found = 0;
    for (let c = 0; c < n; c++) {
      const row = this.#candidates[c];
      if (row === skip) continue;
      let sum = 0;
      for (let j = 0; j < nCols; j++) {
        const away = own[row * nCols + j] - x[start + j];
        sum += away * away;
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
