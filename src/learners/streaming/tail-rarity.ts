/** Bins of one side: below 1, then half-octaves of |value| ÷ scale, the last one open. */
const BINS = 24;
/** Values before a rarity is given. */
export const LEARNING_VALUES = 20;
/** Pseudo-counts of a heavy tail (Pareto, index 2): what a young series has not shown yet. */
const PRIOR = 20;
/** Beyond the farthest value seen the tail falls off by this a bin: a Pareto tail of index 4. */
const FALL = 0.25;
const SCALE_WEIGHT = 0.0005;
/** A run of unusual values is one event: these of it are counted, and then one of every few. */
const RUN_COUNTED = 3;
const RUN_STRIDE = 8;
const RUN_FROM = 2;

const SCALE = 0;
const SEEN = 1;
const TOTAL = 2;
const RUN_SIDE = 3;
const RUN_LENGTH = 4;
const COUNTS = 5;
/** Numbers that hold one rarity's state. */
export const RARITY_STATE = COUNTS + 2 * BINS;

/**
 * How rare a value is on its side of zero among those that came before: −log10 of the share that lay as far out, from counts
 * in half-octaves of a running scale. Needs no shape of the distribution; heavy tails make values less rare, by what was
 * seen. The state lies in an array of the owner's, at `at`. O(bins) a value.
 */
export class TailRarity {
  readonly #state: Float64Array;
  readonly #at: number;

  constructor(state: Float64Array, at: number) {
    this.#state = state;
    this.#at = at;
  }

  /** Mean size of a value, winsorised. */
  get scale(): number {
    return this.#state[this.#at + SCALE];
  }

  /** Gives a value's rarity, 0 while learning, and counts it. */
  take(value: number): number {
    const { state, at } = { state: this.#state, at: this.#at };
    const size = Math.abs(value);
    const seen = ++state[at + SEEN];
    if (seen < LEARNING_VALUES) {
      state[at + SCALE] += (size - state[at + SCALE]) / seen;
      return 0;
    }
    const scale = Math.max(state[at + SCALE], 1e-12);
    const z = size / scale;
    const bin = z < 1 ? 0 : Math.min(BINS - 1, 1 + Math.floor(2 * Math.log2(z)));
    const side = at + COUNTS + (value < 0 ? BINS : 0);
    const rarity = bin > 2 ? this.#rarity(side, bin, z) : 0;
    const sign = value < 0 ? -1 : 1;
    if (rarity <= RUN_FROM) state[at + RUN_SIDE] = 0;
    else if (state[at + RUN_SIDE] === sign) state[at + RUN_LENGTH]++;
    if (rarity > RUN_FROM && state[at + RUN_SIDE] === 0) state[at + RUN_LENGTH] = 0;
    if (rarity > RUN_FROM) state[at + RUN_SIDE] = sign;
    const run = rarity > RUN_FROM ? state[at + RUN_LENGTH] : 0;
    if (run < RUN_COUNTED || run % RUN_STRIDE === 0) {
      state[side + bin]++;
      state[at + TOTAL]++;
    }
    state[at + SCALE] += Math.max(1 / (seen + 1), SCALE_WEIGHT) * (Math.min(size, 3 * scale) - state[at + SCALE]);
    return rarity;
  }

  #rarity(side: number, bin: number, z: number): number {
    const state = this.#state;
    let beyond = 0;
    for (let b = 2; b < BINS; b++) beyond += state[side + b];
    let continued = beyond;
    for (let b = 3; b <= bin; b++) {
      beyond -= state[side + b - 1];
      // Not above what so many values without one allow (about three expected, the rule of three).
      continued = Math.max(beyond, Math.min(continued * FALL, beyond + 2 * Math.sqrt(beyond) + 3));
    }
    return -Math.log10((continued + (PRIOR * 0.4) / (z * z)) / (state[this.#at + TOTAL] + PRIOR));
  }

  /** The distance on a side (1 above, −1 below) beyond which the share `tail` of values lies. O(bins). */
  quantile(side: 1 | -1, tail: number): number {
    const state = this.#state;
    const from = this.#at + COUNTS + (side < 0 ? BINS : 0);
    const wanted = tail * (state[this.#at + TOTAL] + PRIOR);
    let beyond = 0;
    for (let b = BINS - 1; b > 0; b--) {
      const edge = 2 ** ((b - 1) / 2);
      const above = beyond + PRIOR * 0.2 * edge ** -2 * 0.5;
      const all = beyond + state[from + b] + PRIOR * 0.2 * edge ** -2;
      if (all >= wanted) {
        const share = all > above ? Math.min(1, Math.max(0, (wanted - above) / (all - above))) : 0;
        return this.scale * edge * 2 ** ((1 - share) / 2);
      }
      beyond += state[from + b];
    }
    return this.scale;
  }
}
