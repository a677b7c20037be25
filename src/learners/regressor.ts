/** Predicts a number from a row. */
export interface Regressor {
  /** Columns it was trained on; 0 before. */
  readonly nCols: number;
  /** Learns targets `y` from a row-major matrix. Throws BAD_REQUEST when no row has a finite target. */
  fit(x: Float64Array, y: Float64Array, nRows: number, nCols: number): this;
  predict(row: Float64Array): number;
  toBytes(): Uint8Array;
}
