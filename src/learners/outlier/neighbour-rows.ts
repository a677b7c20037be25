import { NearestRows } from '../../stats/nearest-rows.ts';
import { SeededRandom } from '../../stats/random.ts';
import { ColumnScaling, type ScalingKind } from '../column-scaling.ts';
import type { ModelReader, ModelWriter } from '../model-bytes.ts';
import { requireInteger } from '../requirements.ts';
import { drawRows, takeRows } from './outlier-detector.ts';

export interface NeighbourParameters {
  /** Neighbours looked at: 1 … 1000. */
  readonly nNeighbours?: number;
  /** Training rows kept, drawn at random when there are more: 2 … 1,000,000. */
  readonly maxRows?: number;
  /** Columns brought to one scale by mean and deviation (1), by median and interquartile range (2), or taken as they are (0). */
  readonly scaling?: number;
  readonly seed: number;
}

const SCALINGS: readonly ScalingKind[] = ['none', 'standard', 'robust'];

/** Checked, with what was not given. */
export function neighbourParameters(given: NeighbourParameters, nNeighbours: number): Required<NeighbourParameters> {
  return {
    nNeighbours: requireInteger('nNeighbours', given.nNeighbours ?? nNeighbours, 1, 1000),
    maxRows: requireInteger('maxRows', given.maxRows ?? 10_000, 2, 1_000_000),
    scaling: requireInteger('scaling', given.scaling ?? 1, 0, 2),
    seed: given.seed,
  };
}

/** Training rows, scaled, with a search for the nearest: what detectors by distance have in common. */
export class NeighbourRows {
  readonly scaling: ColumnScaling;
  readonly rows: Float64Array;
  readonly #nearest: NearestRows;
  readonly #scaled: Float64Array;

  constructor(scaling: ColumnScaling, rows: Float64Array) {
    this.scaling = scaling;
    this.rows = rows;
    this.#nearest = new NearestRows(rows, rows.length / scaling.nCols, scaling.nCols);
    this.#scaled = new Float64Array(scaling.nCols);
  }

  static fit(x: Float64Array, nRows: number, nCols: number, parameters: Required<NeighbourParameters>): NeighbourRows {
    const scaling = ColumnScaling.fit(x, nRows, nCols, SCALINGS[parameters.scaling] ?? 'standard');
    const kept = drawRows(nRows, parameters.maxRows, new SeededRandom(parameters.seed));
    return new NeighbourRows(scaling, scaling.applyAll(takeRows(x, kept, nCols), kept.length));
  }

  get nRows(): number {
    return this.#nearest.nRows;
  }

  get nCols(): number {
    return this.#nearest.nCols;
  }

  /** The nearest rows to an unscaled one: squared distances and numbers are written; returns how many there are. */
  nearestTo(x: Float64Array, start: number, k: number, squares: Float64Array, rows: Int32Array): number {
    this.scaling.apply(x, start, this.#scaled, 0);
    return this.#nearest.nearest(this.#scaled, 0, k, squares, rows);
  }

  /** As nearestTo for each row of an unscaled matrix; `visit` is told after each. */
  nearestToEach(
    x: Float64Array,
    nRows: number,
    k: number,
    squares: Float64Array,
    rows: Int32Array,
    visit: (row: number, found: number) => void,
  ): void {
    const scaled = this.scaling.applyAll(x, nRows);
    this.#nearest.nearestToEach(scaled, nRows, k, squares, rows, false, visit);
  }

  /** The nearest other rows to each kept one. */
  nearestToKept(k: number, squares: Float64Array, rows: Int32Array, visit: (row: number, found: number) => void): void {
    this.#nearest.nearestToEach(this.rows, this.nRows, k, squares, rows, true, visit);
  }

  write(writer: ModelWriter): ModelWriter {
    this.scaling.write(writer);
    return writer.float64s(this.rows);
  }

  static read(reader: ModelReader): NeighbourRows {
    const scaling = ColumnScaling.read(reader);
    return new NeighbourRows(scaling, reader.float64s());
  }
}
