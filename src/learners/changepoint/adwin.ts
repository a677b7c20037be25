import { ModelReader, ModelWriter } from '../model-bytes.ts';
import { requireNumber } from '../requirements.ts';

const KIND = 'adwin';
/** Buckets of one size before two are joined. */
const A_SIZE = 5;
/** Cuts are looked for every so many values, in windows of at least so many. */
const EVERY = 8;
const LEAST_WINDOW = 16;
const LEAST_PART = 5;

/**
 * A window that grows while values stay alike and drops its older part when the means of two parts differ by more than
 * chance allows (ADWIN2; Bifet and Gavaldà 2007), kept as an exponential histogram. `delta` is the chance of a false
 * change, with the bound by the variance. Remembers about 5 · log2(n) buckets whatever the length.
 * Weak on slow drifts inside noise and on rhythms. O(log n) a value, every eighth.
 */
export class Adwin {
  readonly delta: number;
  /** Buckets from the newest to the oldest: values in it, their sum, their sum of squared distances to their mean. */
  #counts: number[] = [];
  #sums: number[] = [];
  #squares: number[] = [];
  #seen = 0;

  constructor(parameters: { readonly delta?: number } = {}) {
    this.delta = requireNumber('delta', parameters.delta ?? 0.002, 1e-12, 0.5);
  }

  /** Values in the window. */
  get length(): number {
    return this.#counts.reduce((sum, n) => sum + n, 0);
  }

  get mean(): number {
    return this.#sums.reduce((sum, s) => sum + s, 0) / this.length;
  }

  /** Takes the next value in; true when older values were dropped. A missing value changes nothing; huge ones are cut at 1e100. */
  learnOne(value: number): boolean {
    if (value !== value) return false;
    const kept = Math.max(-1e100, Math.min(1e100, value));
    this.#counts.unshift(1);
    this.#sums.unshift(kept);
    this.#squares.unshift(0);
    this.#compress();
    this.#seen++;
    return this.#seen % EVERY === 0 && this.#cut();
  }

  /** Joins the two oldest of a size when there are too many. */
  #compress(): void {
    let from = 0;
    for (;;) {
      const size = this.#counts[from];
      let to = from;
      while (to < this.#counts.length && this.#counts[to] === size) to++;
      if (to - from <= A_SIZE) return;
      const [a, b] = [to - 2, to - 1];
      const gap = this.#sums[a] / size - this.#sums[b] / size;
      this.#squares[a] += this.#squares[b] + (gap * gap * size) / 2;
      this.#sums[a] += this.#sums[b];
      this.#counts[a] = 2 * size;
      this.#counts.splice(b, 1);
      this.#sums.splice(b, 1);
      this.#squares.splice(b, 1);
      from = a;
    }
  }

  #cut(): boolean {
    let dropped = false;
    while (this.#isSplit()) {
      this.#counts.pop();
      this.#sums.pop();
      this.#squares.pop();
      dropped = true;
    }
    return dropped;
  }

  #isSplit(): boolean {
    const n = this.length;
    if (n < LEAST_WINDOW) return false;
    const total = this.#sums.reduce((sum, s) => sum + s, 0);
    const mean = total / n;
    let squares = 0;
    for (let k = 0; k < this.#counts.length; k++) {
      squares += this.#squares[k] + this.#counts[k] * (this.#sums[k] / this.#counts[k] - mean) ** 2;
    }
    const variance = squares / n;
    const confidence = Math.log((2 * Math.log(n)) / this.delta);
    let newer = 0;
    let sum = 0;
    for (let k = 0; k < this.#counts.length - 1; k++) {
      newer += this.#counts[k];
      sum += this.#sums[k];
      const older = n - newer;
      if (newer < LEAST_PART || older < LEAST_PART) continue;
      const m = 1 / (1 / (newer - LEAST_PART + 1) + 1 / (older - LEAST_PART + 1));
      const bound = Math.sqrt((2 / m) * variance * confidence) + (2 / (3 * m)) * Math.sqrt(variance) * confidence;
      if (Math.abs(sum / newer - (total - sum) / older) > bound) return true;
    }
    return false;
  }

  toBytes(): Uint8Array {
    return new ModelWriter(KIND, 1)
      .number(this.delta)
      .number(this.#seen)
      .float64s(Float64Array.from(this.#counts))
      .float64s(Float64Array.from(this.#sums))
      .float64s(Float64Array.from(this.#squares))
      .finish();
  }

  static fromBytes(bytes: Uint8Array): Adwin {
    const reader = new ModelReader(bytes, KIND, 1);
    const model = new Adwin({ delta: reader.number() });
    model.#seen = reader.number();
    model.#counts = [...reader.float64s()];
    model.#sums = [...reader.float64s()];
    model.#squares = [...reader.float64s()];
    return model;
  }
}
