import { expect, test } from 'vitest';
import { SeededRandom } from '../stats/random.ts';
import { bottleneckChance } from '../engine/bottleneck-chance.ts';
import { type Bottleneck, foreseeBottleneck as foresee } from './bottleneck.ts';
import type { BottleneckRequest } from './bottleneck-evidence.ts';
import { usualLimit } from './bottleneck-figures.ts';
import { bottleneckSentence } from './bottleneck-words.ts';

const DAY = 1440;

const foreseeBottleneck = (request: BottleneckRequest): Bottleneck | null => foresee(request, bottleneckChance);

/** A value a minute: `shape` of the minutes behind a flat day, with noise. */
function series(
  minutes: number,
  shape: (minute: number) => number,
  noise = 0.01,
  before = 0.5,
  days = 1.1,
): Float64Array {
  const random = new SeededRandom(7);
  const flat = Math.round(days * DAY);
  return Float64Array.from({ length: flat + minutes }, (_, i) => {
    const value = i < flat ? before : shape(i - flat + 1);
    return value + noise * random.normal();
  });
}

/** The minutes before the limit is passed at which the chance is above 60 % for the first time; null: never. */
function leadOf(values: Float64Array, from: number, limit: number): number | null {
  const crossing = values.findIndex((value, i) => i >= from && value >= limit);
  for (let i = from; i < crossing; i++) {
    const found = foreseeBottleneck({ values: values.subarray(0, i + 1), limit });
    if ((found?.probability ?? 0) > 0.6) return crossing - i;
  }
  return null;
}

test.each([
  ['1 % a minute', 0.01],
  ['0.5 % a minute', 0.005],
  ['2 % a minute', 0.02],
])('a steady ramp of %s is foreseen at least five minutes before', (_, slope) => {
  const values = series(Math.ceil(0.5 / slope), (minute) => 0.5 + slope * minute);
  const lead = leadOf(values, Math.round(1.1 * DAY), 0.95);
  expect(lead).toBeGreaterThanOrEqual(5);
  expect(lead).toBeLessThanOrEqual(20);
});

test('what it says of a ramp is right: when, how fast, since when', () => {
  const values = series(35, (minute) => 0.5 + 0.01 * minute, 0.002);
  const found = foreseeBottleneck({ values, limit: 0.95 });
  expect(found?.inMinutes).toBeGreaterThan(8);
  expect(found?.inMinutes).toBeLessThan(13);
  expect(found?.from).toBeLessThanOrEqual(10.5);
  expect(found?.to ?? Infinity).toBeGreaterThanOrEqual(9.5);
  expect(found?.perMinute).toBeCloseTo(0.01, 3);
  expect(found?.sinceMinutes).toBeGreaterThan(30);
  expect(found?.sinceMinutes).toBeLessThan(40);
  expect(found?.points.map(({ minutes }) => minutes)).toEqual([5, 10, 15]);
});

test.each([
  ['stands still', () => 0.7],
  ['jumps and stays', (minute: number) => (minute < 20 ? 0.6 : 0.8)],
  ['is a burst of three minutes', (minute: number) => (minute >= 27 && minute < 30 ? 0.85 : 0.6)],
  ['swings', (minute: number) => 0.65 + 0.15 * Math.sin(minute / 8)],
  ['falls', (minute: number) => 0.8 - 0.003 * minute],
])('nobody is warned of a figure that %s', (_, shape) => {
  const values = series(40, shape);
  for (let i = Math.round(1.1 * DAY); i < values.length; i++) {
    const found = foreseeBottleneck({ values: values.subarray(0, i + 1), limit: 0.95 });
    expect(found?.probability ?? 0, `minute ${i}`).toBeLessThan(0.6);
  }
});

test.each<[string, Float64Array, number]>([
  ['no value', new Float64Array(0), 1],
  ['nothing but missing ones', new Float64Array(120).fill(Number.NaN), 1],
  ['half an hour', new Float64Array(30).fill(0.8), 1],
  ['the limit passed already', new Float64Array(120).fill(1.2), 1],
  ['less than half of it used', new Float64Array(120).fill(0.3), 1],
  ['a limit of 0', new Float64Array(120).fill(0), 0],
  ['a limit that is no number', new Float64Array(120).fill(0.8), Number.NaN],
  ['an end that is missing', Float64Array.from({ length: 120 }, (_, i) => (i < 119 ? 0.8 : Number.NaN)), 1],
])('nothing is foreseen with %s', (_, values, limit) => {
  expect(foreseeBottleneck({ values, limit })).toBeNull();
});

test('lone gaps do not matter; behind a long silence history begins anew', () => {
  const values = series(38, (minute) => 0.5 + 0.01 * minute);
  const whole = foreseeBottleneck({ values, limit: 0.95 })?.probability ?? 0;
  const holes = values.slice();
  for (const back of [12, 25, 40, 41]) holes[holes.length - back] = Number.NaN;
  expect(foreseeBottleneck({ values: holes, limit: 0.95 })?.probability).toBeCloseTo(whole, 0);
  const silent = values.slice();
  silent.fill(Number.NaN, silent.length - 40, silent.length - 20);
  expect(foreseeBottleneck({ values: silent, limit: 0.95 })).toBeNull();
});

test('what rose at this time yesterday speaks for it rising today', () => {
  // Both days rise from 09:00 on; now it is 09:00 of the second.
  const day = (rise: number) =>
    Float64Array.from({ length: DAY + 541 }, (_, i) => {
      const minute = i % DAY;
      return 0.72 + (minute > 540 && minute < 620 ? Math.min(0.25, rise * (minute - 540)) : 0) + 0.003 * Math.sin(i);
    });
  const without = foreseeBottleneck({ values: day(0), limit: 0.95 });
  const found = foreseeBottleneck({ values: day(0.018), limit: 0.95 });
  expect(found?.isSeasonal).toBe(true);
  expect(found?.probability).toBeGreaterThan(2 * (without?.probability ?? 1));
});

test('it leaves what it is given as it was', () => {
  const values = series(30, (minute) => 0.5 + 0.01 * minute);
  values[values.length - 9] = Number.NaN;
  const before = values.slice();
  foreseeBottleneck({ values, limit: 0.95 });
  expect(values).toEqual(before);
});

test('the sentence says what, when, how fast and since when', () => {
  const now = Date.UTC(2026, 0, 5, 12, 35);
  const found = foreseeBottleneck({ values: series(35, (minute) => 0.5 + 0.01 * minute, 0.002), limit: 0.95 });
  if (found === null) throw new Error('nothing was foreseen');
  const of = { subject: 'postgres’s connections used', unit: 'ratio', limit: 0.95, timeZone: 'Europe/Berlin' };
  expect(bottleneckSentence(found, of, now)).toMatch(
    /^postgres’s connections used may reach 95 % in about \d+ min( \(\d+(–\d+| or more)\))?: by 1 % a minute since 1[23]:\d\d, 8\d % now$/,
  );
});

test('without an objective the limit is three times what is usual, never below what hurts', () => {
  const usual = Float64Array.from({ length: 288 }, (_, i) => 0.1 + 0.0001 * (i % 10));
  expect(usualLimit(usual, 300_000, 0.25)).toBeCloseTo(0.3, 1);
  expect(usualLimit(usual, 300_000, 0.5)).toBe(0.5);
  expect(usualLimit(usual.subarray(0, 12), 300_000, 0.25)).toBeNull();
});
