import type { SampleBatch } from '../../model/series.ts';
import { tooMany } from './decode-refusals.ts';

const BYTES_PER_SAMPLE = 8 + 8 + 4;

/**
 * Where decoded samples are gathered. The scratch columns are kept between requests; `take` copies them into shared memory of
 * the exact size, because a batch lives on in other threads long after the next request has come.
 */
export class SampleColumns {
  count = 0;
  private readonly limit: number;
  private refs: Uint32Array;
  private times: Float64Array;
  private values: Float64Array;
  private valueBits: Uint32Array;

  constructor(limit: number) {
    this.limit = limit;
    const capacity = Math.min(8192, limit);
    this.refs = new Uint32Array(capacity);
    this.times = new Float64Array(capacity);
    this.values = new Float64Array(capacity);
    this.valueBits = new Uint32Array(this.values.buffer);
  }

  /** The value comes as its two halves: a NaN keeps its bits only when it never becomes a number on the way. */
  add(ref: number, time: number, valueLow: number, valueHigh: number): void {
    const i = this.count;
    if (i === this.refs.length) this.grow();
    this.refs[i] = ref;
    this.times[i] = time;
    this.valueBits[2 * i] = valueLow;
    this.valueBits[2 * i + 1] = valueHigh;
    this.count = i + 1;
  }

  /** What was gathered, in shared memory, and an empty start for the next request. */
  take(): SampleBatch {
    const n = this.count;
    this.count = 0;
    const memory = new SharedArrayBuffer(n * BYTES_PER_SAMPLE);
    const times = new Float64Array(memory, 0, n);
    const values = new Float64Array(memory, 8 * n, n);
    const refs = new Uint32Array(memory, 16 * n, n);
    times.set(this.times.subarray(0, n));
    values.set(this.values.subarray(0, n));
    refs.set(this.refs.subarray(0, n));
    return { count: n, refs, times, values };
  }

  private grow(): void {
    const old = this.refs.length;
    if (old >= this.limit) throw tooMany('samples', this.limit);
    const capacity = Math.min(this.limit, old * 2);
    const refs = new Uint32Array(capacity);
    const times = new Float64Array(capacity);
    const values = new Float64Array(capacity);
    refs.set(this.refs);
    times.set(this.times);
    values.set(this.values);
    this.refs = refs;
    this.times = times;
    this.values = values;
    this.valueBits = new Uint32Array(values.buffer);
  }
}
