import type { ModelReader, ModelWriter } from '../model-bytes.ts';
import { rescaled } from './forecaster.ts';

/** A level, what it changes by a step, and a season: what several learners foretell, however they came by it. */
export class SeasonalLine {
  readonly #level: number;
  readonly #slope: number;
  readonly #scale: number;
  /** The season's phases from the first step ahead on. */
  readonly #ahead: Float64Array;

  constructor(level: number, slope: number, scale: number, ahead: Float64Array) {
    this.#level = level;
    this.#slope = slope;
    this.#scale = scale;
    this.#ahead = ahead;
  }

  /** Nothing learnt yet. */
  static readonly empty = new SeasonalLine(Number.NaN, 0, 1, new Float64Array(0));

  /** From the end of a series of `n` steps, whose `profile[i % season]` belongs to step i. */
  static after(n: number, level: number, slope: number, scale: number, profile: Float64Array): SeasonalLine {
    const ahead = new Float64Array(profile.length);
    for (let k = 0; k < ahead.length; k++) ahead[k] = profile[(n + k) % ahead.length];
    return new SeasonalLine(level, slope, scale, ahead);
  }

  get isKnown(): boolean {
    return this.#level === this.#level;
  }

  /** Change a step. */
  get slope(): number {
    return this.#slope * this.#scale;
  }

  forecast(steps: number): Float64Array {
    const season = this.#ahead.length;
    const out = new Float64Array(steps);
    for (let k = 0; k < steps; k++) out[k] = this.#level + this.#slope * (k + 1) + this.#ahead[k % season];
    return rescaled(out, this.#scale);
  }

  writeTo(writer: ModelWriter): ModelWriter {
    return writer.number(this.#level).number(this.#slope).number(this.#scale).float64s(this.#ahead);
  }

  static readFrom(reader: ModelReader): SeasonalLine {
    return new SeasonalLine(reader.number(), reader.number(), reader.number(), reader.float64s());
  }
}
