const QUARTERS = 96;
const QUARTER_MS = 900_000;
/** Days of a quarter of an hour before its mean is compared with, and before it may judge. */
const LEAST_DAYS = 2;
const JUDGING_DAYS = 3;
/** A day counts at least this much in the mean of its quarter. */
const DAY_WEIGHT = 0.15;
/** Values over which the errors with and without the time of day are compared. */
const ERROR_VALUES = 500;
/** The time of day says something when it leaves less than this share of the error. */
const PROVEN_SHARE = 0.8;

const MEAN = 0;
const DAYS = QUARTERS;
const QUARTER = 2 * QUARTERS;
const SUM = QUARTER + 1;
const COUNT = QUARTER + 2;
const ERROR = QUARTER + 3;
const PLAIN_ERROR = QUARTER + 4;
/** Numbers that hold a profile's state. */
export const PROFILE_STATE = QUARTER + 5;

/** What is usual at each quarter of an hour of the day, learnt day by day, and whether it says more than the level alone. O(1) a value. */
export class DayProfile {
  readonly #state: Float64Array;
  readonly #at: number;

  constructor(state: Float64Array, at: number) {
    this.#state = state;
    this.#at = at;
    state[at + QUARTER] = -1;
  }

  /** Learns a value; gives its distance from the time of day, null while that is not known. */
  take(time: number, value: number, plainDistance: number, scale: number): number | null {
    const { state, at } = { state: this.#state, at: this.#at };
    const quarter = quarterOf(time);
    if (quarter !== state[at + QUARTER]) this.#turn(quarter, scale);
    state[at + SUM] += value;
    state[at + COUNT]++;
    if (state[at + DAYS + quarter] < LEAST_DAYS) return null;
    const distance = value - state[at + MEAN + quarter];
    state[at + ERROR] += (Math.abs(distance) - state[at + ERROR]) / ERROR_VALUES;
    state[at + PLAIN_ERROR] += (Math.abs(plainDistance) - state[at + PLAIN_ERROR]) / ERROR_VALUES;
    return distance;
  }

  isProven(time: number): boolean {
    const { state, at } = { state: this.#state, at: this.#at };
    if (state[at + DAYS + quarterOf(time)] < JUDGING_DAYS) return false;
    return state[at + ERROR] < PROVEN_SHARE * state[at + PLAIN_ERROR];
  }

  expected(time: number): number {
    return this.#state[this.#at + MEAN + quarterOf(time)];
  }

  /** A quarter is over: its mean goes into the profile, no farther than a few usual errors once it is known. */
  #turn(next: number, scale: number): void {
    const { state, at } = { state: this.#state, at: this.#at };
    const quarter = state[at + QUARTER];
    if (quarter >= 0 && state[at + COUNT] > 0) {
      const error = state[at + SUM] / state[at + COUNT] - state[at + MEAN + quarter];
      const days = ++state[at + DAYS + quarter];
      const most = days <= LEAST_DAYS || scale === 0 ? Infinity : 3 * scale;
      const weight = days <= LEAST_DAYS ? 1 / days : Math.max(DAY_WEIGHT, 1 / days);
      state[at + MEAN + quarter] += Math.max(-most, Math.min(most, error)) * weight;
    }
    state[at + QUARTER] = next;
    state[at + SUM] = 0;
    state[at + COUNT] = 0;
  }
}

function quarterOf(time: number): number {
  const quarter = Math.floor(time / QUARTER_MS) % QUARTERS;
  return quarter < 0 ? quarter + QUARTERS : quarter;
}
