const MINUTE = 60_000;
const HOUR = 3_600_000;
/** What the short windows of burn rates need by the minute. */
const FINE_MS = 6 * HOUR;

/** Good and all events within a time. */
export interface EventCounts {
  readonly good: number;
  readonly total: number;
}

/** A ring of equal steps of time; a place that was used for a time before is empty. */
class Steps {
  readonly stepMs: number;
  readonly #good: Float64Array;
  readonly #total: Float64Array;
  readonly #step: Float64Array;

  constructor(stepMs: number, spanMs: number) {
    this.stepMs = stepMs;
    const count = Math.ceil(spanMs / stepMs) + 1;
    this.#good = new Float64Array(count);
    this.#total = new Float64Array(count);
    this.#step = new Float64Array(count).fill(-1);
  }

  add(step: number, good: number, total: number): void {
    const place = step % this.#step.length;
    if (this.#step[place] > step) return;
    if (this.#step[place] !== step) {
      this.#step[place] = step;
      this.#good[place] = 0;
      this.#total[place] = 0;
    }
    this.#good[place] += good;
    this.#total[place] += total;
  }

  /** Of the steps that end after `from` and begin before `to`; of the first only the share within. */
  sum(from: number, to: number): EventCounts {
    let good = 0;
    let total = 0;
    for (let step = Math.floor(from / this.stepMs); step * this.stepMs < to; step++) {
      const place = step % this.#step.length;
      if (this.#step[place] !== step) continue;
      const share = Math.min(1, ((step + 1) * this.stepMs - from) / this.stepMs);
      good += share * this.#good[place];
      total += share * this.#total[place];
    }
    return { good, total };
  }
}

/**
 * What an objective has counted over its window: by the minute for 6 hours, by the hour before, so that 30 days take
 * 27 kB. A window that begins within an hour counts that hour by its share. Events older than the window are forgotten.
 */
export class ObjectiveCounts {
  readonly #minutes = new Steps(MINUTE, FINE_MS);
  readonly #hours: Steps;
  #since: number | null = null;

  constructor(windowMs: number) {
    this.#hours = new Steps(HOUR, windowMs);
  }

  /** When counting began; null before. */
  get since(): number | null {
    return this.#since;
  }

  /** Events of the minute that ends at `at`, ms UTC. O(1). */
  add(at: number, good: number, total: number): void {
    this.#minutes.add(Math.ceil(at / MINUTE) - 1, good, total);
    this.addHour(at, good, total);
  }

  /** Events of so long ago that only their hour counts. */
  addHour(at: number, good: number, total: number): void {
    this.#hours.add(Math.ceil(at / HOUR) - 1, good, total);
    if (this.#since === null || at < this.#since) this.#since = at;
  }

  /** Events by the minute that `addHour` has already. */
  addMinute(at: number, good: number, total: number): void {
    this.#minutes.add(Math.ceil(at / MINUTE) - 1, good, total);
  }

  /** Of the hours of UTC that ended last, oldest first, at most `count` and none from before counting began. O(count). */
  lastHours(count: number, now: number): EventCounts[] {
    const end = Math.floor(now / HOUR);
    const first = Math.max(end - count, this.#since === null ? end : Math.ceil(this.#since / HOUR));
    return Array.from({ length: Math.max(0, end - first) }, (_, i) =>
      this.#hours.sum((first + i) * HOUR, (first + i + 1) * HOUR),
    );
  }

  /** O(window / step). */
  within(windowMs: number, now: number): EventCounts {
    const steps = windowMs <= FINE_MS ? this.#minutes : this.#hours;
    return steps.sum(now - windowMs, now);
  }
}
