import type { RecordPage } from '../../stats/record-pages.ts';
import { DAY_PARTS, F32, F64, I16, I32, I8 } from './stream-record.ts';

const PART_MS = 86_400_000 / DAY_PARTS;
/** Days of a part of the day before its mean is compared with, and before it may judge. */
const LEAST_DAYS = 2;
const JUDGING_DAYS = 3;
/** More are not counted: from then on a day counts as much as this share in the mean of its part. */
const MOST_DAYS = 7;
const DAY_WEIGHT = 0.15;
/** Values over which the errors with and without the time of day are compared. */
const ERROR_VALUES = 500;
/** The time of day says something when it leaves less than this share of the error. */
const PROVEN_SHARE = 0.8;
/** A mean has 13 bits; a value beyond them makes the steps so wide that it takes half of them. */
const MOST_STEPS = 4000;
const GOLDEN = 0x9e3779b1;

/**
 * What is usual at each part of the day, learnt day by day, and whether it says more than the level alone. Learns a value;
 * gives its distance from the time of day, NaN while that is not known. `scale` is the mean size of such distances,
 * `plain` the distance from the level. O(1).
 */
export function takeOfDay(
  page: RecordPage,
  base: number,
  time: number,
  value: number,
  plain: number,
  scale: number,
): number {
  const { f32, f64 } = page;
  const b4 = base >> 2;
  const part = partOf(time);
  if (part !== page.i8[base + I8.part]) turn(page, base, part, scale);
  const beside = value - f64[(base >> 3) + F64.origin];
  f32[b4 + F32.partSum] += beside;
  f32[b4 + F32.partCount]++;
  const stored = page.i16[(base >> 1) + I16.profile + part];
  if ((stored & 7) < LEAST_DAYS) return Number.NaN;
  const distance = beside - (stored >> 3) * f32[b4 + F32.profileStep];
  f32[b4 + F32.error] += (Math.abs(distance) - f32[b4 + F32.error]) / ERROR_VALUES;
  f32[b4 + F32.plainError] += (Math.abs(plain) - f32[b4 + F32.plainError]) / ERROR_VALUES;
  return distance;
}

export function isDayProven(page: RecordPage, base: number, time: number): boolean {
  if ((page.i16[(base >> 1) + I16.profile + partOf(time)] & 7) < JUDGING_DAYS) return false;
  return page.f32[(base >> 2) + F32.error] < PROVEN_SHARE * page.f32[(base >> 2) + F32.plainError];
}

export function expectedOfDay(page: RecordPage, base: number, time: number): number {
  const steps = page.i16[(base >> 1) + I16.profile + partOf(time)] >> 3;
  return page.f64[(base >> 3) + F64.origin] + steps * page.f32[(base >> 2) + F32.profileStep];
}

/** A part is over: its mean goes into the profile, no farther than a few usual errors once it is known. */
function turn(page: RecordPage, base: number, next: number, scale: number): void {
  const { f32, i16 } = page;
  const b4 = base >> 2;
  const part = page.i8[base + I8.part];
  if (part < 0) page.f64[(base >> 3) + F64.origin] = page.f64[(base >> 3) + F64.level];
  else if (f32[b4 + F32.partCount] > 0) {
    const at = (base >> 1) + I16.profile + part;
    const old = (i16[at] >> 3) * f32[b4 + F32.profileStep];
    const error = f32[b4 + F32.partSum] / f32[b4 + F32.partCount] - old;
    const days = (i16[at] & 7) + 1;
    const most = days <= LEAST_DAYS || scale === 0 ? Infinity : 3 * scale;
    const weight = days <= MOST_DAYS ? Math.max(1 / days, DAY_WEIGHT) : DAY_WEIGHT;
    keep(page, base, part, old + Math.max(-most, Math.min(most, error)) * weight, Math.min(days, MOST_DAYS));
  }
  page.i8[base + I8.part] = next;
  f32[b4 + F32.partSum] = 0;
  f32[b4 + F32.partCount] = 0;
}

function keep({ f32, i16, i32 }: RecordPage, base: number, part: number, value: number, days: number): void {
  const stepAt = (base >> 2) + F32.profileStep;
  const from = (base >> 1) + I16.profile;
  if (Math.abs(value) > MOST_STEPS * f32[stepAt]) {
    const before = f32[stepAt];
    f32[stepAt] = (2 * Math.abs(value)) / MOST_STEPS;
    const factor = before / f32[stepAt];
    for (let i = from; i < from + DAY_PARTS; i++) i16[i] = (Math.round((i16[i] >> 3) * factor) << 3) | (i16[i] & 7);
  }
  // Rounded up as often as what is left is large, or a slow drift would never move a mean by a step.
  const dither = (Math.imul(i32[(base >> 2) + I32.count], GOLDEN) >>> 0) / 2 ** 32;
  const steps = f32[stepAt] > 0 ? Math.floor(value / f32[stepAt] + dither) : 0;
  i16[from + part] = (steps << 3) | days;
}

function partOf(time: number): number {
  const part = Math.floor(time / PART_MS) % DAY_PARTS;
  return part < 0 ? part + DAY_PARTS : part;
}
