/** Cells of the grid for each edge: most cells then hold one edge or none. */
const CELLS_PER_EDGE = 4;

/**
 * Says how many ascending edges are at or below a value: by a grid of even cells, then within the cell. O(1) where the edges lie
 * evenly, O(log edges) at worst; 16 bytes an edge. Rounding is monotone, so that a value's cell never disagrees with the edges'.
 */
export class ValueCoder {
  readonly edges: Float64Array;
  readonly #low: number;
  readonly #perCell: number;
  /** Edges before each cell, and all of them behind the last. */
  readonly #before: Int32Array;

  constructor(edges: Float64Array) {
    this.edges = edges;
    const nCells = Math.max(1, edges.length * CELLS_PER_EDGE);
    const last = edges.length > 1 && edges[edges.length - 1] === Infinity ? edges.length - 2 : edges.length - 1;
    const width = edges.length > 0 ? edges[last] - edges[0] : 0;
    this.#low = edges.length > 0 ? edges[0] : 0;
    this.#perCell = width > 0 && nCells / width < Infinity ? nCells / width : 0;
    this.#before = new Int32Array(nCells + 1);
    for (const edge of edges) this.#before[this.#cell(edge) + 1]++;
    for (let c = 0; c < nCells; c++) this.#before[c + 1] += this.#before[c];
  }

  #cell(value: number): number {
    const at = (value - this.#low) * this.#perCell;
    const most = this.#before.length - 2;
    return at > 0 ? (at < most ? Math.floor(at) : most) : 0;
  }

  /** Of a value that is not NaN. */
  code(value: number): number {
    const cell = this.#cell(value);
    let low = this.#before[cell];
    let high = this.#before[cell + 1];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (value < this.edges[middle]) high = middle;
      else low = middle + 1;
    }
    return low;
  }
}
