import { ModelReader, ModelWriter } from '../model-bytes.ts';
import { requireNumber } from '../requirements.ts';

const KIND = 'page-hinkley';
/** Values before anything is said: the spread has to be known. */
const WARM_UP = 20;

/**
 * Two-sided CUSUM in the form of Page (1954) and Hinkley (1971) for streams: adds up how far values lie above and below
 * the mean since the last change, less `drift`; a sum over `threshold` is a change. Both are in standard deviations of
 * the values since the last change. After a change it starts anew.
 * Weak on rhythms, which are changes to it, and on heavy tails. O(1) a value.
 */
export class PageHinkley {
  readonly drift: number;
  readonly threshold: number;
  #n = 0;
  #mean = 0;
  #squares = 0;
  #up = 0;
  #down = 0;

  constructor(parameters: { readonly drift?: number; readonly threshold?: number } = {}) {
    this.drift = requireNumber('drift', parameters.drift ?? 0.5, 0, 1e6);
    this.threshold = requireNumber('threshold', parameters.threshold ?? 12, 0, 1e9);
  }

  /** Takes the next value in; true when the level has changed. A missing value changes nothing. */
  learnOne(value: number): boolean {
    if (value - value !== 0) return false;
    const deviation = Math.sqrt(this.#squares / Math.max(1, this.#n - 1));
    if (this.#n >= WARM_UP) {
      const raw =
        deviation > 0
          ? (value - this.#mean) / deviation
          : value === this.#mean
            ? 0
            : Math.sign(value - this.#mean) * Infinity;
      this.#up = Math.max(0, this.#up + raw - this.drift);
      this.#down = Math.max(0, this.#down - raw - this.drift);
      if (this.#up > this.threshold || this.#down > this.threshold) {
        this.#start(value);
        return true;
      }
    }
    this.#n++;
    const step = value - this.#mean;
    this.#mean += step / this.#n;
    const square = step * (value - this.#mean);
    // Beyond what a number can hold, the spread is as large as a number can be.
    this.#squares = Math.min(Number.MAX_VALUE, this.#squares + (square === square ? square : Number.MAX_VALUE));
    return false;
  }

  #start(value: number): void {
    this.#n = 1;
    this.#mean = value;
    this.#squares = 0;
    this.#up = 0;
    this.#down = 0;
  }

  toBytes(): Uint8Array {
    return new ModelWriter(KIND, 1)
      .number(this.drift)
      .number(this.threshold)
      .number(this.#n)
      .number(this.#mean)
      .number(this.#squares)
      .number(this.#up)
      .number(this.#down)
      .finish();
  }

  static fromBytes(bytes: Uint8Array): PageHinkley {
    const reader = new ModelReader(bytes, KIND, 1);
    const model = new PageHinkley({ drift: reader.number(), threshold: reader.number() });
    model.#n = reader.number();
    model.#mean = reader.number();
    model.#squares = reader.number();
    model.#up = reader.number();
    model.#down = reader.number();
    return model;
  }
}
