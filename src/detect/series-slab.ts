import { type RecordPage, RecordPages } from '../stats/record-pages.ts';

/**
 * Where the state of series lies: one contiguous record a series, in pages of one buffer each. The fields that every
 * sample touches stand in the first 128 bytes; the tail's counts follow; the seasonal profile, touched once a quarter of
 * an hour, stands behind.
 */
export const RECORD_BYTES = 576;

/** Indices into the 8-byte view. */
export const F64 = { lastTime: 0, lastRaw: 1, level: 2, slow: 3, fast: 4, lastValue: 5 } as const;

/** Indices into the 4-byte float view. */
export const F32 = {
  /** Mean absolute residual, winsorised. */
  scale: 12,
  count: 13,
  /** The season's part of the prediction in this quarter of an hour; 0 while the season is not proven. */
  season: 14,
  /** Usual distance of samples, s. */
  interval: 15,
  z: 16,
  /** −log10 of the share of normal moments that deviate as far, signed by direction. */
  surprise: 17,
  quarterSum: 18,
  quarterAbs: 19,
  quarterCount: 20,
  errorPlain: 21,
  errorSeason: 22,
  /** Seconds without a break on one side of the band, signed. */
  run: 23,
  evidence: 24,
  fastDeviation: 26,
  /** How much wider than usual this hour of the day is. */
  spread: 27,
  /** Width of one step of the quantised profile. */
  profileStep: 141,
  /** Hourly means of the quarters, plain and with the season taken out: what the season has to beat. */
  plainMean: 142,
  seasonMean: 143,
} as const;

/** Indices into the 4-byte integer view. */
export const I32 = { quarter: 29, flags: 30, entity: 31 } as const;

/** Byte offsets of the arrays inside a record. */
export const TAIL_AT = 128;
export const PROFILE_AT = 192;
export const WEEK_AT = 384;
export const SPREAD_AT = 552;

export const TAIL_BINS = 16;
/** The spread is kept by two hours of the day, as an exponent in 1/32. */
export const SPREAD_STEPS = 32;
export const QUARTERS_A_DAY = 96;

/** Bits of the flags. Bits 8–15: days of season seen; bits 16–23: place among the entity's members. */
export const FLAG = {
  counter: 1,
  member: 2,
  seasonal: 4,
  quarantine: 8,
  ignored: 16,
  hasNormalRange: 32,
  silent: 64,
  /** Its entity is in an episode: what is out of the ordinary now teaches nothing yet. */
  held: 128,
  /** The day is no workday: its season takes no part and is not taught. */
  holiday: 1 << 24,
} as const;

/** The pages in which records lie. */
export type SlabPage = RecordPage;

/** Grows by pages of 1,024 records (590 kB); records are never given back. */
export class SeriesSlab extends RecordPages {
  constructor() {
    super(RECORD_BYTES);
  }

  /** The number of a new record, all zero but its times, which are NaN. */
  allocate(entity: number, flags: number): number {
    const slot = this.add();
    const page = this.page(slot);
    const base8 = this.base(slot) >> 3;
    const base4 = this.base(slot) >> 2;
    page.f64[base8 + F64.lastTime] = Number.NaN;
    page.f64[base8 + F64.lastRaw] = Number.NaN;
    page.f64[base8 + F64.lastValue] = Number.NaN;
    page.f32[base4 + F32.spread] = 1;
    page.i32[base4 + I32.quarter] = -1;
    page.i32[base4 + I32.flags] = flags;
    page.i32[base4 + I32.entity] = entity;
    return slot;
  }

  f64(slot: number, field: number): number {
    return this.page(slot).f64[(this.base(slot) >> 3) + field];
  }

  f32(slot: number, field: number): number {
    return this.page(slot).f32[(this.base(slot) >> 2) + field];
  }

  flags(slot: number): number {
    return this.page(slot).i32[(this.base(slot) >> 2) + I32.flags];
  }

  setFlags(slot: number, flags: number): void {
    this.page(slot).i32[(this.base(slot) >> 2) + I32.flags] = flags;
  }

  static fromBytes(bytes: Uint8Array): SeriesSlab {
    const slab = new SeriesSlab();
    slab.load(bytes);
    return slab;
  }
}
