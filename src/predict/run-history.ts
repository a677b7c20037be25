/** Outcomes after which a running rate has forgotten half. */
const HALF_LIVES = [1, 3, 10, 30, 100, 300] as const;
const STRENGTH = 2;

/** Numbers that a history adds to a run's own features. */
export const HISTORY_COLUMNS = HALF_LIVES.length + 5;

/**
 * What the outcomes so far say about the next one: failure rates of several memories, the last outcomes, how long things
 * have gone the same way. Rates begin at the rate of all and are drawn towards it while there is little. O(1) an outcome.
 */
export class RunHistory {
  #n = 0;
  #failures = 0;
  readonly #rates = new Float64Array(HALF_LIVES.length);
  readonly #weights = new Float64Array(HALF_LIVES.length);
  #last = Number.NaN;
  #beforeLast = Number.NaN;
  #streak = 0;
  #sinceFailure = Number.NaN;

  /** Share of failures of all outcomes, a half before there are any. */
  get rate(): number {
    return (this.#failures + 1) / (this.#n + 2);
  }

  get length(): number {
    return this.#n;
  }

  /** Writes HISTORY_COLUMNS numbers. */
  writeTo(out: Float64Array, at: number): void {
    for (let k = 0; k < HALF_LIVES.length; k++) {
      out[at + k] = (this.#rates[k] + STRENGTH * this.rate) / (this.#weights[k] + STRENGTH);
    }
    const rest = at + HALF_LIVES.length;
    out[rest] = this.rate;
    out[rest + 1] = this.#last;
    out[rest + 2] = this.#beforeLast;
    out[rest + 3] = this.#streak;
    out[rest + 4] = this.#sinceFailure;
  }

  learn(failed: boolean): void {
    const outcome = failed ? 1 : 0;
    for (let k = 0; k < HALF_LIVES.length; k++) {
      const keep = 2 ** (-1 / HALF_LIVES[k]);
      this.#rates[k] = this.#rates[k] * keep + outcome;
      this.#weights[k] = this.#weights[k] * keep + 1;
    }
    this.#streak = outcome === this.#last ? this.#streak + (failed ? 1 : -1) : failed ? 1 : -1;
    this.#sinceFailure = failed ? 0 : this.#sinceFailure + 1;
    this.#beforeLast = this.#last;
    this.#last = outcome;
    this.#n++;
    this.#failures += outcome;
  }

  toNumbers(): Float64Array {
    return Float64Array.of(
      this.#n,
      this.#failures,
      this.#last,
      this.#beforeLast,
      this.#streak,
      this.#sinceFailure,
      ...this.#rates,
      ...this.#weights,
    );
  }

  static fromNumbers(numbers: Float64Array): RunHistory {
    const history = new RunHistory();
    const [n = 0, failures = 0, last = Number.NaN, beforeLast = Number.NaN, streak = 0, since = Number.NaN] = numbers;
    history.#n = n;
    history.#failures = failures;
    history.#last = last;
    history.#beforeLast = beforeLast;
    history.#streak = streak;
    history.#sinceFailure = since;
    history.#rates.set(numbers.subarray(6, 6 + HALF_LIVES.length));
    history.#weights.set(numbers.subarray(6 + HALF_LIVES.length, 6 + 2 * HALF_LIVES.length));
    return history;
  }
}
