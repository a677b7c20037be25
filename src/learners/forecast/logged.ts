import { ModelReader, ModelWriter } from '../model-bytes.ts';
import { requireFitted } from '../requirements.ts';
import { type Forecaster, withoutGaps } from './forecaster.ts';

/** A forecaster of the logarithm: for positive series whose swings grow with their level. Values that are not positive are taken as the smallest positive one. */
export class Logged implements Forecaster {
  readonly #inner: Forecaster;
  #isKnown = false;

  constructor(inner: Forecaster) {
    this.#inner = inner;
  }

  fit(values: Float64Array): this {
    const y = withoutGaps(values);
    let least = Infinity;
    for (let i = 0; i < y.length; i++) if (y[i] > 0 && y[i] < least) least = y[i];
    const floor = least === Infinity ? 1e-300 : least;
    this.#inner.fit(y.map((value) => Math.log(Math.max(value, floor))));
    this.#isKnown = true;
    return this;
  }

  forecast(steps: number): Float64Array {
    requireFitted(this.#isKnown, 'logged');
    return this.#inner.forecast(steps).map((value) => Math.exp(Math.min(700, value)));
  }

  toBytes(): Uint8Array {
    return new ModelWriter('logged', 1).bytes(this.#inner.toBytes()).finish();
  }

  static fromBytes(bytes: Uint8Array, inner: (bytes: Uint8Array) => Forecaster): Logged {
    const model = new Logged(inner(new ModelReader(bytes, 'logged', 1).bytes()));
    model.#isKnown = true;
    return model;
  }
}
