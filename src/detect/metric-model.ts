import {
  F32,
  F64,
  FLAG,
  I32,
  PROFILE_AT,
  QUARTERS_A_DAY,
  type SeriesSlab,
  type SlabPage,
  SPREAD_AT,
  SPREAD_STEPS,
  TAIL_AT,
  TAIL_BINS,
  WEEK_AT,
} from './series-slab.ts';

/** Samples before a series is scored. */
export const LEARNING_SAMPLES = 20;
/** The baseline follows with this time constant: slow enough that a fault does not become its own normal. */
const LEVEL_SECONDS = 3600;
const SLOW_SECONDS = 3 * 86_400;
/** A level that lasts this long becomes the new normal; longer where `quarantine` is set. */
const SHIFT_SECONDS = 1800;
const SHIFT_SECONDS_QUARANTINE = 7200;
const SHIFT_SAMPLES = 20;
const QUARTER_MS = 900_000;
/** A silence of so many usual intervals is a gap. */
export const GAP_INTERVALS = 5;
/** The smallest scale of a series, as a share of its level: below it lies nothing that anyone would look at. */
const RELATIVE_FLOOR = 1e-3;
/** The season is used once its one-step error is below this share of the plain one's, and dropped above the other. */
const SEASON_ON = 0.8;
const SEASON_OFF = 0.95;
/** Pseudo-counts of a heavy tail that stand for what has not been seen yet: they keep a young series' band wide. */
const PRIOR_WEIGHT = 20;
/** Beyond the last value seen, the tail falls off per bin (half an octave) by this: a Pareto tail of index 4. */
const TAIL_DECAY = 0.25;
const LOG10_E = Math.LOG10E;

/** Share of a heavy-tailed residual (Pareto, index 2) beyond each bin's lower edge, one side. */
const priorTail = new Float64Array(TAIL_BINS + 1);
const binEdge = new Float64Array(TAIL_BINS + 1);
for (let b = 0; b <= TAIL_BINS; b++) {
  binEdge[b] = b === 0 ? 0 : 2 ** ((b - 1) / 2);
  priorTail[b] = b === 0 ? 0.5 : 0.4 * binEdge[b] ** -2;
}

export const OUTCOME = { behind: 0, missing: 1, learning: 2, scored: 3 } as const;

/**
 * One sample of one series, in place: a Huberised level (1 h), a winsorised mean absolute residual as scale, a seasonal
 * profile (96 quarters of the day, 168 hours of the week) that takes part once it has proven to predict better, and
 * counts of past |residual| ÷ scale in half-octave bins on either side, which turn a deviation into the share of normal
 * moments that deviate as far. So bursts that come often are no surprise, whatever their size.
 *
 * Weak where the interesting change is in shape and not in value, and in the first minutes, where the band is wide.
 * `floor` is the smallest scale in the series' unit, `offset` the civil time's distance from UTC in ms. One call reads
 * three cache lines; the profile is touched when the quarter of an hour turns. It is long because it is one pass.
 */
export function observe(
  page: SlabPage,
  base: number,
  time: number,
  raw: number,
  offset: number,
  floor: number,
): number {
  const f64 = page.f64;
  const f32 = page.f32;
  const b8 = base >> 3;
  const b4 = base >> 2;
  const dt = (time - f64[b8 + F64.lastTime]) / 1000;
  if (dt <= 0) return OUTCOME.behind;
  f64[b8 + F64.lastTime] = time;
  const flags = page.i32[b4 + I32.flags];
  if (raw - raw !== 0) {
    resetShortTerm(page, base);
    return OUTCOME.missing;
  }
  const interval = f32[b4 + F32.interval];
  let x = raw;
  let gap = false;
  if (dt === dt) {
    if (interval === 0) f32[b4 + F32.interval] = dt;
    else if (dt > GAP_INTERVALS * interval) {
      gap = true;
      resetShortTerm(page, base);
      // A series whose rhythm has changed for good shall not see a gap each time.
      f32[b4 + F32.interval] = Math.min(dt, interval * 1.5);
    } else f32[b4 + F32.interval] = interval + 0.05 * (dt - interval);
  }
  if ((flags & FLAG.counter) !== 0) {
    const last = f64[b8 + F64.lastRaw];
    f64[b8 + F64.lastRaw] = raw;
    if (last !== last || gap || dt !== dt) return OUTCOME.missing;
    x = (raw >= last ? raw - last : raw) / dt;
  }
  f64[b8 + F64.lastValue] = x;

  const count = f32[b4 + F32.count];
  f32[b4 + F32.count] = count + 1;
  const quarter = Math.floor((time + offset) / QUARTER_MS);
  if (quarter !== page.i32[b4 + I32.quarter]) turnQuarter(page, base, quarter);
  if (count === 0) {
    f64[b8 + F64.level] = x;
    f64[b8 + F64.slow] = x;
    f64[b8 + F64.fast] = x;
    return OUTCOME.learning;
  }
  const step = dt === dt ? (gap ? interval : dt) : interval;
  const level = f64[b8 + F64.level];
  const season = f32[b4 + F32.season];
  const scale = f32[b4 + F32.scale];
  const residual = x - level - season;
  const size = residual < 0 ? -residual : residual;
  const smallest = Math.max(floor, RELATIVE_FLOOR * Math.abs(level), 1e-12);
  const spread = Math.max(scale * f32[b4 + F32.spread], smallest);
  const z = size / spread;
  const side = residual < 0 ? TAIL_BINS : 0;
  let surprise = 0;
  let inRun = 0;
  const known = count >= LEARNING_SAMPLES;
  if (known) {
    const bin = binOf(z);
    if (bin > 2) surprise = surpriseOf(page.u16, (base + TAIL_AT) >> 1, side, bin, z);
    // What is far out is counted by the owner of a quarantined series, later, unless a person confirms it. Elsewhere a
    // run is one event, not as many as it has samples: it counts three times, then every eighth.
    inRun = z > 4 ? Math.round(Math.abs(f32[b4 + F32.run]) / interval) : 0;
    const counts = inRun < 3 || (inRun & 7) === 0;
    if (counts && surprise < leastHeldBack(flags)) {
      countTail(page.u16, (base + TAIL_AT) >> 1, side + bin);
    }
  }
  const isHeld = (flags & FLAG.held) !== 0 && surprise >= leastHeldBack(flags);
  f32[b4 + F32.z] = residual < 0 ? -z : z;
  f32[b4 + F32.surprise] = residual < 0 ? -surprise : surprise;

  const fastWeight = Math.max(0.2, 1 / (count + 1));
  const fast = f64[b8 + F64.fast];
  f64[b8 + F64.fast] = fast + fastWeight * (x - fast);
  f32[b4 + F32.fastDeviation] += fastWeight * (Math.abs(x - fast) - f32[b4 + F32.fastDeviation]);

  if (known && z > 4) {
    const run = f32[b4 + F32.run];
    const longer = residual < 0 ? Math.min(run, 0) - step : Math.max(run, 0) + step;
    f32[b4 + F32.run] = longer;
    const enough = Math.max(
      (flags & FLAG.quarantine) !== 0 ? SHIFT_SECONDS_QUARANTINE : SHIFT_SECONDS,
      SHIFT_SAMPLES * f32[b4 + F32.interval],
    );
    if (Math.abs(longer) >= enough) {
      f64[b8 + F64.level] = f64[b8 + F64.fast] - season;
      f32[b4 + F32.scale] = Math.max(f32[b4 + F32.scale], f32[b4 + F32.fastDeviation]);
      f32[b4 + F32.run] = 0;
      f32[b4 + F32.evidence] = 0;
    }
  } else f32[b4 + F32.run] = 0;

  const weight = Math.min(0.5, Math.max(step / LEVEL_SECONDS, 1 / (count + 1)));
  if (!known) {
    f64[b8 + F64.level] = level + weight * residual;
    f32[b4 + F32.scale] = scale + (size - scale) / count;
  } else if (!isHeld && (z <= 8 || (surprise < 3 && inRun < 3))) {
    const clip = 3 * spread;
    f64[b8 + F64.level] = level + weight * (residual > clip ? clip : residual < -clip ? -clip : residual);
    const scaleWeight = Math.min(0.05, Math.max(step / LEVEL_SECONDS, 1 / (count + 1)));
    const narrow = Math.min(size, clip) / f32[b4 + F32.spread];
    f32[b4 + F32.scale] = scale + scaleWeight * (narrow - scale);
  }
  if (isHeld) return OUTCOME.scored;
  const far = 10 * spread;
  const slow = f64[b8 + F64.slow];
  const predicted = level + season;
  const seen = count < LEARNING_SAMPLES ? x : Math.min(Math.max(x, predicted - far), predicted + far);
  f64[b8 + F64.slow] = slow + Math.min(0.5, Math.max(step / SLOW_SECONDS, 1 / (count + 1))) * (seen - slow);
  f32[b4 + F32.quarterSum] += seen - slow;
  f32[b4 + F32.quarterAbs] += Math.min(size, far);
  f32[b4 + F32.quarterCount]++;
  return known ? OUTCOME.scored : OUTCOME.learning;
}

/**
 * The surprise from which on a value is not counted among the usual ones by `observe`: its owner does that later. While
 * its entity is in an episode, what the fault does elsewhere (a full disk keeps the CPU busy) is held back too, or a few
 * faults of other kinds would teach that a busy CPU is usual.
 */
export function leastHeldBack(flags: number): number {
  return (flags & FLAG.quarantine) === 0 ? Infinity : (flags & FLAG.held) === 0 ? 3 : 1;
}

/** Forgets what only neighbouring samples tell: after a gap, a reboot, a stale marker. What is usual stays. */
export function resetShortTerm(page: SlabPage, base: number): void {
  const b4 = base >> 2;
  page.f64[(base >> 3) + F64.lastRaw] = Number.NaN;
  page.f64[(base >> 3) + F64.lastValue] = Number.NaN;
  page.f32[b4 + F32.run] = 0;
  page.f32[b4 + F32.evidence] = 0;
  page.f32[b4 + F32.z] = 0;
  page.f32[b4 + F32.surprise] = 0;
}

/**
 * Begins or ends a holiday: the season takes no part in it, the level takes the difference, and the quarter of an hour that it
 * cuts teaches nothing. O(1).
 */
export function setHoliday(page: SlabPage, base: number, isHoliday: boolean): void {
  const { f32, f64, i32 } = page;
  const b4 = base >> 2;
  const flags = i32[b4 + I32.flags];
  if (((flags & FLAG.holiday) !== 0) === isHoliday) return;
  i32[b4 + I32.flags] = isHoliday ? flags | FLAG.holiday : flags & ~FLAG.holiday;
  f32[b4 + F32.quarterSum] = 0;
  f32[b4 + F32.quarterAbs] = 0;
  f32[b4 + F32.quarterCount] = 0;
  const quarter = i32[b4 + I32.quarter];
  if ((flags & FLAG.seasonal) === 0 || quarter < 0) return;
  const season = isHoliday ? 0 : profileAt(page, base, quarter);
  f64[(base >> 3) + F64.level] += f32[b4 + F32.season] - season;
  f32[b4 + F32.season] = season;
  f32[b4 + F32.spread] = isHoliday ? 1 : spreadAt(page, base, quarter);
}

/** The half-octave in which |z| lies: 0 below 1, then [1, √2) … , the last one open. */
export function binOf(z: number): number {
  if (z < 1) return 0;
  const bin = 1 + Math.floor(2 * Math.log2(z));
  return bin < TAIL_BINS ? bin : TAIL_BINS - 1;
}

/** Counts one deviation; all counts of the record are halved when one is full, so that old ones fade. */
export function countTail(u16: Uint16Array, at: number, bin: number): void {
  if (++u16[at + bin] === 65_535) for (let b = at; b < at + 2 * TAIL_BINS; b++) u16[b] >>= 1;
}

/** −log10 of the share of normal moments that lie as far out on this side. O(bins). */
function surpriseOf(u16: Uint16Array, at: number, side: number, bin: number, z: number): number {
  let total = PRIOR_WEIGHT;
  for (let b = 0; b < 2 * TAIL_BINS; b++) total += u16[at + b];
  let beyond = 0;
  for (let b = 2; b < TAIL_BINS; b++) beyond += u16[at + side + b];
  // The tail does not end where the counts do: what lies below goes on, falling off as a heavy tail would, but no
  // higher than what so many moments without one allow (about three expected, the rule of three).
  let continued = beyond;
  for (let b = 3; b <= bin; b++) {
    beyond -= u16[at + side + b - 1];
    continued = Math.max(beyond, Math.min(continued * TAIL_DECAY, beyond + 2 * Math.sqrt(beyond) + 3));
  }
  const prior = PRIOR_WEIGHT * 0.4 * z ** -2;
  return -Math.log((continued + prior) / total) * LOG10_E;
}

/** The value of |z| beyond which the share `tail` of moments lies on a side (0: above, 16: below). O(bins). */
export function tailQuantile(page: SlabPage, base: number, side: number, tail: number): number {
  const at = (base + TAIL_AT) >> 1;
  let total = PRIOR_WEIGHT;
  for (let b = 0; b < 2 * TAIL_BINS; b++) total += page.u16[at + b];
  let beyond = 0;
  for (let b = TAIL_BINS - 1; b >= 0; b--) {
    const more = page.u16[at + side + b];
    const wanted = tail * total;
    const from = beyond + PRIOR_WEIGHT * priorTail[b + 1];
    const to = beyond + more + PRIOR_WEIGHT * priorTail[b];
    if (to >= wanted) {
      const share = from >= wanted ? 1 : (wanted - from) / (to - from);
      return binEdge[b + 1] + (binEdge[b] - binEdge[b + 1]) * share;
    }
    beyond += more;
  }
  return 0;
}

export interface Expectation {
  readonly mean: number;
  readonly lower: number;
  readonly upper: number;
}

/** What is expected of a series now: middle and the range in which 99 % of normal moments lie; null while it learns. */
export function expectedOf(slab: SeriesSlab, slot: number, floor: number): Expectation | null {
  return expectation(slab, slot, floor, slab.f32(slot, F32.season), slab.f32(slot, F32.spread));
}

/** What is expected of a later time by what is known now; `civilTime` is in ms of the entity's own time. Null while it learns. */
export function expectedAt(slab: SeriesSlab, slot: number, floor: number, civilTime: number): Expectation | null {
  const page = slab.page(slot);
  const base = slab.base(slot);
  const flags = slab.flags(slot);
  if ((flags & FLAG.seasonal) === 0 || (flags & FLAG.holiday) !== 0) return expectation(slab, slot, floor, 0, 1);
  const quarter = Math.floor(civilTime / QUARTER_MS);
  return expectation(slab, slot, floor, profileAt(page, base, quarter), spreadAt(page, base, quarter));
}

function expectation(
  slab: SeriesSlab,
  slot: number,
  floor: number,
  season: number,
  widening: number,
): Expectation | null {
  if (slab.f32(slot, F32.count) < LEARNING_SAMPLES) return null;
  const page = slab.page(slot);
  const base = slab.base(slot);
  const level = slab.f64(slot, F64.level);
  const mean = level + season;
  const smallest = Math.max(floor / 4, RELATIVE_FLOOR * Math.abs(level) * 0.25);
  const spread = Math.max(slab.f32(slot, F32.scale) * widening, smallest);
  return {
    mean,
    lower: mean - spread * tailQuantile(page, base, TAIL_BINS, 0.005),
    upper: mean + spread * tailQuantile(page, base, 0, 0.005),
  };
}

/** A quarter of an hour is over: its mean goes into the profile, and the next one's expectation is read. */
function turnQuarter(page: SlabPage, base: number, quarter: number): void {
  const { f32, f64, i32 } = page;
  const b4 = base >> 2;
  const before = i32[b4 + I32.quarter];
  const n = f32[b4 + F32.quarterCount];
  let flags = i32[b4 + I32.flags];
  const isHoliday = (flags & FLAG.holiday) !== 0;
  const wasSeasonal = !isHoliday && (flags & FLAG.seasonal) !== 0;
  if (before >= 0 && n > 0 && !isHoliday) {
    const mean = f32[b4 + F32.quarterSum] / n;
    const days = (flags >> 8) & 255;
    flags = judgeSeason(page, base, before, mean, days, flags);
    learnProfile(page, base, before, mean, f32[b4 + F32.quarterAbs] / n, days);
    if (Math.floor(before / QUARTERS_A_DAY) !== Math.floor(quarter / QUARTERS_A_DAY) && days < 255) flags += 256;
    i32[b4 + I32.flags] = flags;
  }
  const seasonal = !isHoliday && (flags & FLAG.seasonal) !== 0;
  // Level and season add up to the prediction: when the season begins or ceases to take part, the level takes the difference.
  if (seasonal && !wasSeasonal) f64[(base >> 3) + F64.level] -= profileAt(page, base, before);
  else if (wasSeasonal && !seasonal) f64[(base >> 3) + F64.level] += f32[b4 + F32.season];
  f32[b4 + F32.season] = seasonal ? profileAt(page, base, quarter) : 0;
  f32[b4 + F32.spread] = seasonal ? spreadAt(page, base, quarter) : 1;
  f32[b4 + F32.quarterSum] = 0;
  f32[b4 + F32.quarterAbs] = 0;
  f32[b4 + F32.quarterCount] = 0;
  i32[b4 + I32.quarter] = quarter;
}

/** Compares, before the quarter is learnt, what an hourly mean predicts with and without the season. */
function judgeSeason(page: SlabPage, base: number, quarter: number, mean: number, days: number, flags: number): number {
  const f32 = page.f32;
  const b4 = base >> 2;
  const without = mean - profileAt(page, base, quarter);
  if (days >= 1) {
    f32[b4 + F32.errorPlain] += 0.02 * (Math.abs(mean - f32[b4 + F32.plainMean]) - f32[b4 + F32.errorPlain]);
    f32[b4 + F32.errorSeason] += 0.02 * (Math.abs(without - f32[b4 + F32.seasonMean]) - f32[b4 + F32.errorSeason]);
  }
  f32[b4 + F32.plainMean] += 0.25 * (mean - f32[b4 + F32.plainMean]);
  f32[b4 + F32.seasonMean] += 0.25 * (without - f32[b4 + F32.seasonMean]);
  if (days < 2) return flags;
  const ratio = f32[b4 + F32.errorSeason] / f32[b4 + F32.errorPlain];
  if (ratio < SEASON_ON) return flags | FLAG.seasonal;
  return ratio <= SEASON_OFF ? flags : flags & ~FLAG.seasonal;
}

function learnProfile(
  page: SlabPage,
  base: number,
  quarter: number,
  mean: number,
  meanAbs: number,
  days: number,
): void {
  const { i16, i8, f32 } = page;
  const b4 = base >> 2;
  const place = ((base + PROFILE_AT) >> 1) + (quarter % QUARTERS_A_DAY);
  let step = f32[b4 + F32.profileStep];
  const old = i16[place] * step;
  const value = old + (mean - old) / Math.min(days + 1, 4);
  if (Math.abs(value) > 32_000 * step) {
    const wider = Math.abs(value) / 8000;
    requantise(page, base, step / wider);
    f32[b4 + F32.profileStep] = wider;
    step = f32[b4 + F32.profileStep];
  }
  if (step > 0) {
    i16[place] = Math.round(value / step);
    if (days >= 7) {
      const week = base + WEEK_AT + hourOfWeek(quarter);
      const wanted = (mean - i16[place] * step) / (step * 64);
      i8[week] = Math.max(-127, Math.min(127, Math.round(i8[week] + 0.25 * (wanted - i8[week]))));
    }
  }
  const scale = f32[b4 + F32.scale];
  if (days >= 1 && scale > 0) {
    const at = base + SPREAD_AT + spreadIndex(quarter);
    const wanted = meanAbs > 0 ? SPREAD_STEPS * Math.log2(meanAbs / scale) : -SPREAD_STEPS * 2;
    i8[at] = Math.max(-64, Math.min(96, Math.round(i8[at] + 0.15 * (wanted - i8[at]))));
  }
}

function requantise(page: SlabPage, base: number, factor: number): void {
  const from = (base + PROFILE_AT) >> 1;
  for (let i = from; i < from + QUARTERS_A_DAY; i++) page.i16[i] = Math.round(page.i16[i] * factor);
  for (let i = base + WEEK_AT; i < base + WEEK_AT + 168; i++) page.i8[i] = Math.round(page.i8[i] * factor);
}

function profileAt(page: SlabPage, base: number, quarter: number): number {
  const day = page.i16[((base + PROFILE_AT) >> 1) + (quarter % QUARTERS_A_DAY)];
  return (day + 64 * page.i8[base + WEEK_AT + hourOfWeek(quarter)]) * page.f32[(base >> 2) + F32.profileStep];
}

function hourOfWeek(quarter: number): number {
  return (quarter >> 2) % 168;
}

/** How much wider than usual it is in a quarter of an hour. */
function spreadAt(page: SlabPage, base: number, quarter: number): number {
  return 2 ** (page.i8[base + SPREAD_AT + spreadIndex(quarter)] / SPREAD_STEPS);
}

function spreadIndex(quarter: number): number {
  return (quarter % QUARTERS_A_DAY) >> 3;
}
