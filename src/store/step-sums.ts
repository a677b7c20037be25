import { Columns } from './bundle.ts';
import type { PlainRollup } from './protocol.ts';

/** A point further back than this says nothing about growth inside a step. */
const LOOK_BACK_MS = 3_600_000;

/**
 * Sums of one series over steps of a fixed width that begin in [from, to] at multiples of the width. Points come in time
 * order; missing values (NaN, and with them the staleness marker) are left out. `increase` is what a counter grew
 * since the point before, up to an hour back, even if that lies in another step: so steps add up to the whole; after a
 * reset the new value counts from 0.
 */
export class StepSums {
  readonly #stepMs: number;
  readonly #first: number;
  readonly #length: number;
  readonly #count: Float64Array;
  readonly #sum: Float64Array;
  readonly #min: Float64Array;
  readonly #max: Float64Array;
  readonly #last: Float64Array;
  readonly #increase: Float64Array;
  readonly #columns = new Columns(6, 64);
  #previousTime = -Infinity;
  #previousValue = Number.NaN;

  constructor(from: number, to: number, stepMs: number) {
    this.#stepMs = stepMs;
    this.#first = Math.ceil(from / stepMs) * stepMs;
    this.#length = Math.max(0, Math.floor((to - this.#first) / stepMs) + 1);
    const column = (): Float64Array => new Float64Array(this.#length);
    this.#count = column();
    this.#sum = column();
    this.#min = column();
    this.#max = column();
    this.#last = column();
    this.#increase = column();
  }

  /** Ready for the next series. */
  clear(): void {
    this.#count.fill(0);
    this.#previousTime = -Infinity;
    this.#previousValue = Number.NaN;
  }

  addPoints(times: Float64Array, values: Float64Array, count: number): void {
    for (let i = 0; i < count; i++) {
      const value = values[i];
      if (value !== value) continue;
      const time = times[i];
      const step = Math.floor((time - this.#first) / this.#stepMs);
      let growth = 0;
      if (time - this.#previousTime <= LOOK_BACK_MS) {
        growth = value >= this.#previousValue ? value - this.#previousValue : value;
      }
      this.#previousTime = time;
      this.#previousValue = value;
      if (step >= 0 && step < this.#length) this.#add(step, 1, value, value, value, value, growth);
    }
  }

  /** Finer steps into coarser ones: columns count, sum, min, max, last, increase. */
  addSteps(columns: Columns, count: number): void {
    const [counts, sums, mins, maxs, lasts, increases] = columns.values;
    for (let i = 0; i < count; i++) {
      const time = columns.times[i];
      const step = Math.floor((time - this.#first) / this.#stepMs);
      this.#previousTime = time;
      this.#previousValue = lasts[i];
      if (step < 0 || step >= this.#length) continue;
      this.#add(step, counts[i], sums[i], mins[i], maxs[i], lasts[i], increases[i]);
    }
  }

  #add(step: number, count: number, sum: number, min: number, max: number, last: number, increase: number): void {
    if (this.#count[step] === 0) {
      this.#count[step] = count;
      this.#sum[step] = sum;
      this.#min[step] = min;
      this.#max[step] = max;
      this.#increase[step] = increase;
    } else {
      this.#count[step] += count;
      this.#sum[step] += sum;
      if (min < this.#min[step]) this.#min[step] = min;
      if (max > this.#max[step]) this.#max[step] = max;
      this.#increase[step] += increase;
    }
    this.#last[step] = last;
  }

  /** The steps that have points, as block columns; used again by the next call. */
  toColumns(): { columns: Columns; count: number } {
    const columns = this.#columns;
    columns.ensure(this.#length);
    const sources = [this.#count, this.#sum, this.#min, this.#max, this.#last, this.#increase];
    let rows = 0;
    for (let step = 0; step < this.#length; step++) {
      if (this.#count[step] === 0) continue;
      columns.times[rows] = this.#first + step * this.#stepMs;
      for (let c = 0; c < 6; c++) columns.values[c][rows] = sources[c][step];
      rows++;
    }
    return { columns, count: rows };
  }

  toRollup(ref: number): PlainRollup {
    const { columns, count } = this.toColumns();
    const [counts, sum, min, max, last, increase] = columns.values.map((column) => column.slice(0, count));
    return {
      ref,
      stepMs: this.#stepMs,
      times: columns.times.slice(0, count),
      count: counts,
      sum,
      min,
      max,
      last,
      increase,
    };
  }
}
