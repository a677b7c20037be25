import { quantileOfSorted } from '../stats/quantile.ts';
import type { ModelReader, ModelWriter } from './model-bytes.ts';

/** Beyond so many scales a value is only "far": keeps squares finite and one broken column from drowning the others. */
const FARTHEST = 1e4;
/** Where a column never moved in training, a value that differs counts as this many scales. */
const NEVER_MOVED = 3;
/** The interquartile range of a normal variable in standard deviations. */
const NORMAL_IQR = 1.3489795;

/**
 * How columns are brought to one scale: `robust` by median and interquartile range (the deviation where that is 0),
 * `standard` by mean and deviation, `none` not at all.
 */
export type ScalingKind = 'none' | 'robust' | 'standard';
const KINDS: readonly ScalingKind[] = ['none', 'robust', 'standard'];

/**
 * Columns learnt and brought to one scale: missing values become the column's centre, so that they say nothing; infinite
 * and huge ones stay finite. A column that never moved has no scale of its own: a value that differs counts as 3.
 */
export class ColumnScaling {
  readonly kind: ScalingKind;
  readonly centres: Float64Array;
  /** 0 for a column that never moved. */
  readonly scales: Float64Array;

  private constructor(kind: ScalingKind, centres: Float64Array, scales: Float64Array) {
    this.kind = kind;
    this.centres = centres;
    this.scales = scales;
  }

  /** From the columns of a row-major matrix. O(nRows · nCols · log nRows). */
  static fit(x: Float64Array, nRows: number, nCols: number, kind: ScalingKind): ColumnScaling {
    const centres = new Float64Array(nCols);
    const scales = new Float64Array(nCols).fill(1);
    const column = new Float64Array(nRows);
    for (let j = 0; j < nCols; j++) {
      let n = 0;
      for (let i = 0; i < nRows; i++) if (Number.isFinite(x[i * nCols + j])) column[n++] = x[i * nCols + j];
      if (n === 0) {
        scales[j] = 0;
        continue;
      }
      const values = column.subarray(0, n);
      const { mean, deviation } = momentsOf(values);
      if (kind === 'robust') {
        values.sort();
        centres[j] = quantileOfSorted(values, 0.5);
        // Halved first: the range of huge values is no number.
        const half = quantileOfSorted(values, 0.75) / 2 - quantileOfSorted(values, 0.25) / 2;
        scales[j] = half > 0 ? Math.min(half * (2 / NORMAL_IQR), Number.MAX_VALUE) : deviation;
      } else {
        centres[j] = mean;
        if (kind === 'standard') scales[j] = deviation;
      }
    }
    return new ColumnScaling(kind, centres, scales);
  }

  get nCols(): number {
    return this.centres.length;
  }

  /** Writes the row that begins at `start` of `x` to `out` from `at` on. */
  apply(x: Float64Array, start: number, out: Float64Array, at: number): void {
    const isNone = this.kind === 'none';
    for (let j = 0; j < this.centres.length; j++) {
      const value = x[start + j];
      const centre = this.centres[j];
      if (isNone) {
        out[at + j] = value === value ? Math.max(-1e150, Math.min(1e150, value)) : centre;
        continue;
      }
      const scale = this.scales[j];
      const z = scale > 0 ? (value - centre) / scale : value > centre ? NEVER_MOVED : value < centre ? -NEVER_MOVED : 0;
      out[at + j] = z > FARTHEST ? FARTHEST : z < -FARTHEST ? -FARTHEST : z === z ? z : 0;
    }
  }

  /** The whole matrix, scaled. */
  applyAll(x: Float64Array, nRows: number): Float64Array {
    const out = new Float64Array(nRows * this.nCols);
    for (let i = 0; i < nRows; i++) this.apply(x, i * this.nCols, out, i * this.nCols);
    return out;
  }

  write(writer: ModelWriter): void {
    writer.number(KINDS.indexOf(this.kind)).float64s(this.centres).float64s(this.scales);
  }

  static read(reader: ModelReader): ColumnScaling {
    return new ColumnScaling(KINDS[reader.number()] ?? 'none', reader.float64s(), reader.float64s());
  }
}

/** Of finite values however large: they are divided by the largest first. */
function momentsOf(values: Float64Array): { mean: number; deviation: number } {
  let largest = 0;
  for (const value of values) largest = Math.max(largest, Math.abs(value));
  if (largest === 0) return { mean: 0, deviation: 0 };
  let mean = 0;
  let squares = 0;
  for (let i = 0; i < values.length; i++) {
    const value = values[i] / largest;
    const away = value - mean;
    mean += away / (i + 1);
    squares += away * (value - mean);
  }
  const deviation = Math.sqrt(squares / values.length);
  // What rounding alone leaves of a constant is no scale.
  return { mean: mean * largest, deviation: deviation > 1e-12 ? deviation * largest : 0 };
}
