import { AuspexError } from '../../errors.ts';
import { quantileOfSorted } from '../../stats/quantile.ts';
import { ColumnScaling } from '../column-scaling.ts';
import { ModelReader, ModelWriter } from '../model-bytes.ts';
import { requireFitted, requireMatrix, requireNumber } from '../requirements.ts';

const KIND = 'entity-deviation';
const VERSION = 1;
/** A column that hardly moved in training counts as if it had moved by this share of all columns' usual deviation. */
const LEAST_SHARE = 0.1;
/** A report begins this many times beyond the highest thousandth of the training rows … */
const BEYOND = 1.5;
/** … and lasts until the score has fallen to this share of where it began: what wavers is one report, not many. */
const LASTS_TO = 0.5;

export interface EntityDeviationParameters {
  /** Weight of the newest row in the running mean: above 0 … 1; 1 scores each row alone. */
  readonly weight?: number;
}

/**
 * How far the columns of one entity are from usual together, as a stream: the sum over columns of squared distances from
 * their training means in deviations, as a running mean of few rows (an exponentially weighted χ²: Lowry et al. 1992 without
 * the correlations). What lasts counts more than one wild row; only the past is used.
 *
 * Weak where usual levels drift away from those of training, and where only the relation of columns breaks. NaN says nothing.
 * Fit O(nRows · nCols), a row O(nCols); 24 bytes a column.
 */
export class EntityDeviation {
  readonly weight: number;
  #scaling: ColumnScaling | null = null;
  #floors: Float64Array = new Float64Array(0);
  #threshold = 0;

  constructor(parameters: EntityDeviationParameters = {}) {
    this.weight = requireNumber('weight', parameters.weight ?? 0.3, 1e-6, 1);
  }

  /** A score above it begins a report: one and a half times the 99.9th percentile of the training rows in their order. */
  get threshold(): number {
    return this.#threshold;
  }

  /** Learns from rows in time, row-major. */
  fit(x: Float64Array, nRows: number, nCols: number): this {
    requireMatrix(x, nRows, nCols);
    this.#scaling = ColumnScaling.fit(x, nRows, nCols, 'standard');
    const moving = this.#scaling.scales.filter((scale) => scale > 0).sort();
    const usual = moving.length > 0 ? quantileOfSorted(moving, 0.5) : 1;
    this.#floors = this.#scaling.scales.map((scale) => Math.max(scale, usual * LEAST_SHARE));
    const scores = this.scoreStream(x, nRows).sort();
    this.#threshold = BEYOND * quantileOfSorted(scores, 0.999);
    return this;
  }

  /** One score for each row in time, from the rows up to it; higher is more unusual. */
  scoreStream(x: Float64Array, nRows: number): Float64Array {
    requireFitted(this.#scaling !== null, KIND);
    const nCols = this.#floors.length;
    if (x.length < nRows * nCols)
      throw new AuspexError('BAD_REQUEST', `${nRows} rows of ${nCols} columns are expected.`);
    const out = new Float64Array(nRows);
    let mean = 0;
    for (let i = 0; i < nRows; i++) {
      const now = this.deviation(x, i * nCols);
      mean = i === 0 ? now : mean + this.weight * (now - mean);
      out[i] = mean;
    }
    return out;
  }

  /** 1 for each row in time that lies in a report: from above the threshold until the score has fallen to half of it. */
  reported(scores: Float64Array): Uint8Array {
    requireFitted(this.#scaling !== null, KIND);
    let isOn = false;
    return Uint8Array.from(scores, (score) => {
      isOn = score > this.#threshold || (isOn && score > LASTS_TO * this.#threshold);
      return isOn ? 1 : 0;
    });
  }

  /** Of one row alone, which begins at `start` of `x`. */
  deviation(x: Float64Array, start: number): number {
    const centres = this.#scaling?.centres ?? this.#floors;
    let sum = 0;
    for (let j = 0; j < this.#floors.length; j++) {
      const z = (x[start + j] - centres[j]) / this.#floors[j];
      if (z === z) sum += Math.min(z * z, 1e12);
    }
    return sum;
  }

  toBytes(): Uint8Array {
    requireFitted(this.#scaling !== null, KIND);
    const writer = new ModelWriter(KIND, VERSION).number(this.weight).number(this.#threshold);
    this.#scaling?.write(writer);
    return writer.float64s(this.#floors).finish();
  }

  /** Throws MODEL_DAMAGED for bytes that are cut or altered. */
  static fromBytes(bytes: Uint8Array): EntityDeviation {
    const reader = new ModelReader(bytes, KIND, VERSION);
    const model = new EntityDeviation({ weight: reader.number() });
    model.#threshold = reader.number();
    model.#scaling = ColumnScaling.read(reader);
    model.#floors = reader.float64s();
    return model;
  }
}
