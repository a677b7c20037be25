import { ModelReader, ModelWriter } from '../model-bytes.ts';
import { requireNumber } from '../requirements.ts';
import { DayProfile, PROFILE_STATE } from './day-profile.ts';
import { LEARNING_VALUES, RARITY_STATE, TailRarity } from './tail-rarity.ts';

const KIND = 'streaming-detector';
const VERSION = 1;

/** Values over which the level is averaged. */
const LEVEL_VALUES = 600;
/** Views of the distance from the level: as it is, and averaged over so many values. */
const AVERAGED = [1, 10, 40] as const;
/** Views of the activity, the mean step from value to value, over so many values beside thirty times as many. */
const ACTIVITY = [10, 40, 160] as const;
const ACTIVITY_LONG = 30;
/** Average over which a departure from the time of day is looked at. */
const SEASON_AVERAGED = 6;
/** A score of so much is an anomaly by default: one value in 500 or rarer on one of the views. */
export const ANOMALY_SCORE = 2.7;
/** After an anomaly nothing of the series is one for so long, since it is the same event, … */
const SAME_EVENT_MS = 12 * 3_600_000;
/** … unless it is a hundred times rarer than what the event began with. */
const MUCH_RARER = 2;
/** What was an event again and again is less of one: each takes so much from later scores, and is forgotten over this time. */
const HABIT = 0.1;
const HABIT_MS = 14 * 86_400_000;
/** Within the same event a score keeps this share. */
const SAME_EVENT_SHARE = 0.3;
/** Half a hundredth on either side lies outside of the expected range. */
const BAND_TAIL = 0.005;

const VIEWS = AVERAGED.length + 1 + ACTIVITY.length + 2;
const LEVEL = 0;
const COUNT = 1;
const PREVIOUS = 2;
const LAST_TIME = 3;
const EVENT_UNTIL = 4;
const EVENTS = 5;
const SEASON_MEAN = 6;
const EVENT_SCORE = 7;
const AVERAGES = 8;
const SHORT = AVERAGES + AVERAGED.length;
const LONG = SHORT + ACTIVITY.length;
const PROFILE = LONG + ACTIVITY.length;
const RARITIES = PROFILE + PROFILE_STATE;
const STATE = RARITIES + VIEWS * RARITY_STATE;

/** What is said of one value. */
export interface StreamScore {
  /** −log10 of how rare the rarest view of the value is, less what events before it took away; 0 while learning. */
  readonly score: number;
  readonly expected: number;
  /** Between these 99 of 100 values lie; NaN while learning. */
  readonly lower: number;
  readonly upper: number;
  readonly isAnomaly: boolean;
}

/**
 * Unusual values of one series, as they come, from the past alone: the rarest of several views of a value (its distance from
 * the level, as it is and averaged; its step; how active the series is; its distance from what the time of day has proven to
 * be), each rare by what that view has shown before. One event is reported once; what is an event every day is none in the
 * end. The same constants serve every series, whatever its unit or interval.
 *
 * Weak where only the shape of a longer stretch is unusual, and where a season is no day. O(1) a value (0.5 µs); 5 kB.
 */
export class StreamingDetector {
  readonly kind = KIND;
  readonly threshold: number;
  readonly #state: Float64Array;
  readonly #rarities: readonly TailRarity[];
  readonly #profile: DayProfile;

  constructor(parameters: { readonly threshold?: number } = {}) {
    this.threshold = requireNumber('threshold', parameters.threshold ?? ANOMALY_SCORE, 0.1, 100);
    this.#state = new Float64Array(STATE);
    this.#state[LAST_TIME] = Number.NaN;
    this.#state[EVENT_UNTIL] = -Infinity;
    this.#profile = new DayProfile(this.#state, PROFILE);
    this.#rarities = Array.from({ length: VIEWS }, (_, i) => new TailRarity(this.#state, RARITIES + i * RARITY_STATE));
  }

  /** Scores a value at a time (ms), and learns from it. A value that is no number says nothing and is not learnt. */
  take(time: number, value: number): StreamScore {
    if (!Number.isFinite(value)) return { score: 0, ...this.#band(time), isAnomaly: false };
    const band = this.#band(time);
    const rarest = this.#rarest(time, value);
    const state = this.#state;
    const passed = time - state[LAST_TIME];
    state[LAST_TIME] = time;
    if (passed > 0) state[EVENTS] *= Math.exp(-passed / HABIT_MS);
    const own = Math.max(0, rarest - HABIT * state[EVENTS]);
    const isSame = time <= state[EVENT_UNTIL];
    if (isSame && own < state[EVENT_SCORE] + MUCH_RARER)
      return { score: own * SAME_EVENT_SHARE, ...band, isAnomaly: false };
    const isAnomaly = own >= this.threshold;
    if (isAnomaly) {
      if (!isSame) {
        state[EVENT_UNTIL] = time + SAME_EVENT_MS;
        state[EVENTS]++;
      }
      state[EVENT_SCORE] = own;
    }
    return { score: own, ...band, isAnomaly };
  }

  #rarest(time: number, value: number): number {
    const state = this.#state;
    const n = ++state[COUNT];
    if (n === 1) {
      state[LEVEL] = value;
      state[PREVIOUS] = value;
    }
    const distance = value - state[LEVEL];
    const step = value - state[PREVIOUS];
    state[PREVIOUS] = value;
    // The scale of a young series is not known: no distance is then more than one of it.
    const scale = Math.max(this.#rarities[0].scale, n < LEARNING_VALUES ? Math.abs(distance) : 0);
    let view = 0;
    let rarest = 0;
    const look = (seen: number): void => void (rarest = Math.max(rarest, this.#rarities[view++].take(seen)));
    for (let i = 0; i < AVERAGED.length; i++) {
      // Averages of the logarithm of large distances: one burst is not a shift.
      const part = i === 0 ? distance : scale > 0 ? Math.asinh(distance / scale) : Math.sign(distance);
      state[AVERAGES + i] += (part - state[AVERAGES + i]) / Math.min(AVERAGED[i], n);
      look(state[AVERAGES + i]);
    }
    look(step);
    for (let i = 0; i < ACTIVITY.length; i++) {
      const size = Math.abs(step);
      state[SHORT + i] += (size - state[SHORT + i]) / Math.min(ACTIVITY[i], n);
      state[LONG + i] += (size - state[LONG + i]) / Math.min(ACTIVITY[i] * ACTIVITY_LONG, n);
      if (n > 2 * ACTIVITY[i]) look(state[SHORT + i] - state[LONG + i]);
      else view++;
    }
    const ofDay = this.#profile.take(time, value, distance, this.#rarities[view].scale);
    if (ofDay !== null) {
      state[SEASON_MEAN] += (ofDay - state[SEASON_MEAN]) / SEASON_AVERAGED;
      const alone = this.#rarities[view].take(ofDay);
      const averaged = this.#rarities[view + 1].take(state[SEASON_MEAN]);
      if (this.#profile.isProven(time)) rarest = Math.max(rarest, alone, averaged);
    }
    const clip = 3 * Math.max(this.#rarities[0].scale, 1e-12);
    const weight = Math.max(1 / n, 1 / LEVEL_VALUES);
    state[LEVEL] += weight * Math.max(-clip, Math.min(clip, distance));
    return rarest;
  }

  #band(time: number): { readonly expected: number; readonly lower: number; readonly upper: number } {
    const state = this.#state;
    const isOfDay = this.#profile.isProven(time);
    const expected = state[COUNT] === 0 ? Number.NaN : isOfDay ? this.#profile.expected(time) : state[LEVEL];
    if (state[COUNT] < LEARNING_VALUES) return { expected, lower: Number.NaN, upper: Number.NaN };
    const rarity = this.#rarities[isOfDay ? VIEWS - 2 : 0];
    return {
      expected,
      lower: expected - rarity.quantile(-1, BAND_TAIL),
      upper: expected + rarity.quantile(1, BAND_TAIL),
    };
  }

  toBytes(): Uint8Array {
    return new ModelWriter(KIND, VERSION).number(this.threshold).float64s(this.#state).finish();
  }

  /** Throws MODEL_DAMAGED for bytes that are cut or altered. */
  static fromBytes(bytes: Uint8Array): StreamingDetector {
    const reader = new ModelReader(bytes, KIND, VERSION);
    const detector = new StreamingDetector({ threshold: reader.number() });
    reader.fill(detector.#state);
    return detector;
  }
}
