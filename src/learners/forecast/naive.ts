import { ModelReader, ModelWriter } from '../model-bytes.ts';
import { requireFitted } from '../requirements.ts';
import { type Forecaster, withoutGaps } from './forecaster.ts';

const KIND = 'naive';

/** Nothing changes: every step is the last value. What each model has to beat; weak on noisy series, where a mean of the last values is better. */
export class Naive implements Forecaster {
  #last = Number.NaN;

  fit(values: Float64Array): this {
    this.#last = withoutGaps(values)[values.length - 1];
    return this;
  }

  forecast(steps: number): Float64Array {
    requireFitted(this.#last === this.#last, KIND);
    return new Float64Array(steps).fill(this.#last);
  }

  toBytes(): Uint8Array {
    return new ModelWriter(KIND, 1).number(this.#last).finish();
  }

  static fromBytes(bytes: Uint8Array): Naive {
    const model = new Naive();
    model.#last = new ModelReader(bytes, KIND, 1).number();
    return model;
  }
}
