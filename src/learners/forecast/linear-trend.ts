import { leastSquaresLine } from '../../stats/least-squares.ts';
import { ModelReader, ModelWriter } from '../model-bytes.ts';
import { requireFitted } from '../requirements.ts';
import { type Forecaster, prepared, rescaled } from './forecaster.ts';

const KIND = 'linear-trend';

/** A line by least squares through the whole series. Weak on seasons, level shifts and outliers; right for steady growth. */
export class LinearTrend implements Forecaster {
  #level = Number.NaN;
  #slope = 0;
  #scale = 1;

  /** Change a step. */
  get slope(): number {
    return this.#slope * this.#scale;
  }

  fit(values: Float64Array): this {
    const { y, scale } = prepared(values);
    const n = y.length;
    const { mean, slope } = leastSquaresLine(y);
    this.#slope = slope;
    this.#level = mean + (slope * (n - 1)) / 2;
    this.#scale = scale;
    return this;
  }

  forecast(steps: number): Float64Array {
    requireFitted(this.#level === this.#level, KIND);
    const line = Float64Array.from({ length: steps }, (_, k) => this.#level + this.#slope * (k + 1));
    return rescaled(line, this.#scale);
  }

  toBytes(): Uint8Array {
    return new ModelWriter(KIND, 1).number(this.#level).number(this.#slope).number(this.#scale).finish();
  }

  static fromBytes(bytes: Uint8Array): LinearTrend {
    const reader = new ModelReader(bytes, KIND, 1);
    const model = new LinearTrend();
    model.#level = reader.number();
    model.#slope = reader.number();
    model.#scale = reader.number();
    return model;
  }
}
