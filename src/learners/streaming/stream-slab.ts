import { RecordPages } from '../../stats/record-pages.ts';
import { expectedOfDay, isDayProven, takeOfDay } from './day-profile.ts';
import { ACTIVITY, AVERAGED, F32, F64, I32, I8, STREAM_BYTES, VIEW } from './stream-record.ts';
import { LEARNING_VALUES, tailDistance, takeShare } from './tail-rarity.ts';

/** Values over which the level is averaged. */
const LEVEL_VALUES = 600;
/** The activity stands beside that of so many times as many values. */
const ACTIVITY_LONG = 30;
/** Average over which a departure from the time of day is looked at. */
const SEASON_AVERAGED = 6;
/** A score of so much is an anomaly by default: one value in 500 or rarer on one of the views. */
export const ANOMALY_SCORE = 2.7;
/** Rarer than that is not told apart: a series that has never moved moves. */
const MOST_SCORE = 20;
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
const LEAST_SCALE = 1e-12;

/** What is usual of a stream now; filled in place. */
export interface StreamBand {
  expected: number;
  lower: number;
  upper: number;
}

/**
 * Unusual values of many series, as they come, from the past alone. A value's score is −log10 of how rare the rarest of
 * several views of it is: its distance from the level, as it is and averaged; its step; how active the series is; its
 * distance from what the time of day has proven to be. Each is rare by what that view has shown before. One event is
 * reported once; what is an event every day is none in the end. The same constants serve every series, whatever its unit
 * or interval.
 *
 * Weak where only the shape of a longer stretch is unusual, and where a season is no day. 584 bytes a series; O(1) a
 * value, and nothing is allocated.
 */
export class StreamSlab extends RecordPages {
  /** Whether the value taken last was reported: the first value of an event. */
  isAnomaly = false;
  readonly #threshold: number;

  /** `most` bounds the first page where it is known that there will be few. */
  constructor(threshold: number, most?: number) {
    super(STREAM_BYTES, most);
    this.#threshold = threshold;
  }

  /** The number of a new stream that knows nothing. */
  allocate(): number {
    const slot = this.add();
    const { f64, i8 } = this.page(slot);
    f64[(this.base(slot) >> 3) + F64.lastTime] = Number.NaN;
    f64[(this.base(slot) >> 3) + F64.eventUntil] = -Infinity;
    i8[this.base(slot) + I8.part] = -1;
    return slot;
  }

  /** The score of a stream's value at a time (ms), 0 to 20, 0 while learning; learns from it. A value that is no number says nothing. */
  take(slot: number, time: number, value: number): number {
    this.isAnomaly = false;
    if (value - value !== 0) return 0;
    const { f32, f64 } = this.page(slot);
    const b4 = this.base(slot) >> 2;
    const b8 = this.base(slot) >> 3;
    const share = this.#rarest(slot, time, value);
    const passed = time - f64[b8 + F64.lastTime];
    f64[b8 + F64.lastTime] = time;
    const events = f32[b4 + F32.events];
    if (events > 0 && passed > 0) f32[b4 + F32.events] = events * Math.exp(-passed / HABIT_MS);
    if (share >= 1) return 0;
    const rarity = Math.min(MOST_SCORE, -Math.log10(share));
    const own = Math.max(0, rarity - HABIT * f32[b4 + F32.events]);
    const isSame = time <= f64[b8 + F64.eventUntil];
    if (isSame && own < f32[b4 + F32.eventScore] + MUCH_RARER) return own * SAME_EVENT_SHARE;
    if (own >= this.#threshold) {
      this.isAnomaly = true;
      f32[b4 + F32.eventScore] = own;
      if (!isSame) {
        f64[b8 + F64.eventUntil] = time + SAME_EVENT_MS;
        f32[b4 + F32.events]++;
      }
    }
    return own;
  }

  /** What is expected at a time, and between what 99 of 100 values lie; NaN for what is not known yet. */
  readBand(slot: number, time: number, band: StreamBand): void {
    const page = this.page(slot);
    const base = this.base(slot);
    const seen = page.i32[(base >> 2) + I32.count];
    const isOfDay = isDayProven(page, base, time);
    band.expected = isOfDay ? expectedOfDay(page, base, time) : page.f64[(base >> 3) + F64.level];
    if (seen === 0) band.expected = Number.NaN;
    const view = isOfDay ? VIEW.ofDay : VIEW.distance;
    const isKnown = seen >= LEARNING_VALUES;
    band.lower = isKnown ? band.expected - tailDistance(page, base, view, -1, BAND_TAIL) : Number.NaN;
    band.upper = isKnown ? band.expected + tailDistance(page, base, view, 1, BAND_TAIL) : Number.NaN;
  }

  /** The least share of the past that lay as far out, over the views. One pass over the record, hence its length. */
  #rarest(slot: number, time: number, value: number): number {
    const page = this.page(slot);
    const base = this.base(slot);
    const { f32, f64, i32 } = page;
    const b4 = base >> 2;
    const b8 = base >> 3;
    const n = ++i32[b4 + I32.count];
    if (n === 1) {
      f64[b8 + F64.level] = value;
      f64[b8 + F64.previous] = value;
    }
    const level = f64[b8 + F64.level];
    const distance = value - level;
    const step = value - f64[b8 + F64.previous];
    f64[b8 + F64.previous] = value;
    const far = distance < 0 ? -distance : distance;
    // The scale of a young series is not known: no distance is then more than one of it.
    const scale = n < LEARNING_VALUES ? Math.max(f32[b4 + F32.scales], far) : f32[b4 + F32.scales];
    let least = takeShare(page, base, VIEW.distance, n, n, distance);
    // Averages of the logarithm of large distances: one burst is not a shift.
    const part = scale > 0 ? Math.asinh(distance / scale) : Math.sign(distance);
    for (let i = 0; i < AVERAGED.length; i++) {
      const average = f32[b4 + F32.averages + i];
      const next = average + (part - average) / Math.min(AVERAGED[i], n);
      f32[b4 + F32.averages + i] = next;
      least = Math.min(least, takeShare(page, base, VIEW.averaged + i, n, n, next));
    }
    least = Math.min(least, takeShare(page, base, VIEW.step, n, n, step));
    const size = step < 0 ? -step : step;
    for (let i = 0; i < ACTIVITY.length; i++) {
      const values = ACTIVITY[i];
      const short = b4 + F32.short + i;
      const long = b4 + F32.long + i;
      f32[short] += (size - f32[short]) / Math.min(values, n);
      f32[long] += (size - f32[long]) / Math.min(values * ACTIVITY_LONG, n);
      const seen = n - 2 * values;
      if (seen > 0) least = Math.min(least, takeShare(page, base, VIEW.activity + i, seen, n, f32[short] - f32[long]));
    }
    const ofDay = takeOfDay(page, base, time, value, distance, f32[b4 + F32.scales + VIEW.ofDay]);
    if (ofDay === ofDay) {
      const seen = ++f32[b4 + F32.ofDaySeen];
      f32[b4 + F32.ofDayMean] += (ofDay - f32[b4 + F32.ofDayMean]) / SEASON_AVERAGED;
      const alone = takeShare(page, base, VIEW.ofDay, seen, n, ofDay);
      const averaged = takeShare(page, base, VIEW.ofDayAveraged, seen, n, f32[b4 + F32.ofDayMean]);
      if (isDayProven(page, base, time)) least = Math.min(least, alone, averaged);
    }
    const clip = 3 * Math.max(f32[b4 + F32.scales], LEAST_SCALE);
    const weight = Math.max(1 / n, 1 / LEVEL_VALUES);
    f64[b8 + F64.level] = level + weight * (distance > clip ? clip : distance < -clip ? -clip : distance);
    return least;
  }

  /** Takes what `toBytes` gave, for the same threshold. */
  static fromBytes(bytes: Uint8Array, threshold: number): StreamSlab {
    const slab = new StreamSlab(threshold);
    slab.load(bytes);
    return slab;
  }
}
