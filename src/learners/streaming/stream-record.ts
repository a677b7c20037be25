/**
 * Where the numbers of one stream lie in its record: by index into the 8-, 4-, 2-byte or byte view of a page, counted
 * from the record's begin. What every value touches stands first.
 */

/** Bins of one side: half-octaves of |value| ÷ scale from √2 on, the last one, from 256 on, open. */
export const TAIL_BINS = 16;
/** Parts of the day, 20 minutes each. */
export const DAY_PARTS = 72;
/** Averages of the distance from the level over so many values: a departure of minutes, and one of an hour. */
export const AVERAGED = [10, 40] as const;
/** The activity, the mean step from value to value, over so many values. */
export const ACTIVITY = [10, 160] as const;

/** Views, in the order in which they are looked at. */
export const VIEW = {
  distance: 0,
  averaged: 1,
  step: 1 + AVERAGED.length,
  activity: 2 + AVERAGED.length,
  ofDay: 2 + AVERAGED.length + ACTIVITY.length,
  ofDayAveraged: 3 + AVERAGED.length + ACTIVITY.length,
} as const;
export const VIEWS = 4 + AVERAGED.length + ACTIVITY.length;

export const F64 = {
  level: 0,
  previous: 1,
  lastTime: 2,
  eventUntil: 3,
  /** What the day's profile is told from. */
  origin: 4,
} as const;

const FLOATS = 11;
export const F32 = {
  /** Events of the past, forgotten in time. */
  events: FLOATS,
  partSum: FLOATS + 1,
  partCount: FLOATS + 2,
  error: FLOATS + 3,
  plainError: FLOATS + 4,
  /** Width of one step of the quantised profile. */
  profileStep: FLOATS + 5,
  ofDaySeen: FLOATS + 6,
  ofDayMean: FLOATS + 7,
  /** What the present event began with, or the worst of it. */
  eventScore: FLOATS + 8,
  averages: FLOATS + 9,
  short: FLOATS + 9 + AVERAGED.length,
  long: FLOATS + 9 + AVERAGED.length + ACTIVITY.length,
  scales: FLOATS + 9 + AVERAGED.length + 2 * ACTIVITY.length,
  totals: FLOATS + 9 + AVERAGED.length + 2 * ACTIVITY.length + VIEWS,
} as const;
export const I32 = { count: 10 } as const;

const RUNS_AT = 4 * (F32.totals + VIEWS);
const TAILS_AT = RUNS_AT + VIEWS;
const PART_AT = TAILS_AT + 2 * TAIL_BINS * VIEWS;
/** The part of the day that is being collected; −1 before the first value. */
export const I8 = { runs: RUNS_AT, part: PART_AT } as const;
/** Counts of the views' tails: by view, the bins above and then those below. */
export const U8 = { tails: TAILS_AT } as const;
/** The day's profile: each part's mean in steps from the origin times 8, and in the last three bits its days. */
export const I16 = { profile: (PART_AT + 2) >> 1 } as const;

export const STREAM_BYTES = 8 * Math.ceil((2 * (I16.profile + DAY_PARTS)) / 8);
