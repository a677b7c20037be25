import { expect, test } from 'vitest';
import { SeededRandom } from '../stats/random.ts';
import { dailyPeaks, foreseeCapacity } from './capacity.ts';
import { capacityAdvice, capacitySentence } from './capacity-words.ts';

const HOUR = 3_600_000;
const DAY = 24 * HOUR;
const peaksOf = (days: number, peak: (day: number) => number, noise = 0.01): Float64Array => {
  const random = new SeededRandom(3);
  return Float64Array.from({ length: days }, (_, day) => peak(day) + noise * random.normal());
};

test('peaks that grow reach the limit when their growth says so, with a range around it', () => {
  // 1 % a day, 80 % today: 95 % in 15 days.
  const found = foreseeCapacity({ peaks: peaksOf(40, (day) => 0.41 + 0.01 * day), limit: 0.95 });
  expect(found?.inDays).toBeGreaterThan(11);
  expect(found?.inDays).toBeLessThan(20);
  expect(found?.from).toBeLessThanOrEqual(found?.inDays ?? 0);
  expect(found?.to ?? Infinity).toBeGreaterThanOrEqual(found?.inDays ?? Infinity);
  expect(found?.perWeek).toBeCloseTo(0.07, 1);
  expect(found?.add).toBeGreaterThan(0.2);
});

test('a week’s course is kept: a quiet Sunday says nothing of the Wednesday after', () => {
  const week = [0.6, 0.62, 0.65, 0.63, 0.6, 0.3, 0.25];
  const peaks = peaksOf(42, (day) => week[day % 7] ?? 0, 0.005);
  const found = foreseeCapacity({ peaks, limit: 0.95 });
  expect(found?.points[6]?.mean).toBeCloseTo(0.25, 1);
  expect(found?.inDays).toBeNull();
  expect(found?.perWeek).toBe(0);
});

test('the range holds its share of weeks that come', () => {
  let held = 0;
  const random = new SeededRandom(11);
  for (let trial = 0; trial < 60; trial++) {
    const peaks = Float64Array.from({ length: 35 }, () => 0.5 + 0.08 * random.normal());
    const point = foreseeCapacity({ peaks: peaks.slice(0, 28), limit: 0.95 })?.points[6];
    const came = peaks[34] ?? Number.NaN;
    if (point !== undefined && came >= point.lower && came <= point.upper) held++;
  }
  expect(held).toBeGreaterThanOrEqual(51);
});

test.each<[string, Float64Array]>([
  ['less than two weeks', new Float64Array(13).fill(0.5)],
  ['nothing', new Float64Array(0)],
  ['a last day that is not known', Float64Array.from({ length: 30 }, (_, i) => (i < 29 ? 0.5 : Number.NaN))],
  ['most days unknown', Float64Array.from({ length: 30 }, (_, i) => (i % 3 === 2 ? 0.5 : Number.NaN))],
])('nothing is said with %s', (_, peaks) => {
  expect(foreseeCapacity({ peaks, limit: 1 })).toBeNull();
});

test('a day’s peak is its greatest hour; a day mostly unknown has none', () => {
  const now = 10 * DAY;
  const times: number[] = [];
  const values: number[] = [];
  for (let at = 8 * DAY + HOUR / 2; at <= now; at += HOUR / 2) {
    if (at <= 9 * DAY && at > 8 * DAY + 6 * HOUR) continue;
    times.push(at);
    // One half hour alone is no hour.
    values.push(at === 9 * DAY + 5 * HOUR ? 1 : at > 9 * DAY + 12 * HOUR && at <= 9 * DAY + 13 * HOUR ? 0.8 : 0.4);
  }
  const peaks = dailyPeaks(Float64Array.from(times), Float64Array.from(values), now, 2);
  expect(peaks[0]).toBeNaN();
  expect(peaks[1]).toBeCloseTo(0.8, 6);
});

test('the words say when, how fast, and what to add', () => {
  const found = foreseeCapacity({ peaks: peaksOf(40, (day) => 0.41 + 0.01 * day), limit: 0.95 });
  if (found === null) throw new Error('nothing was foreseen');
  expect(capacitySentence(found, { subject: 'web-1’s memory used', unit: 'ratio', limit: 0.95 })).toMatch(
    /^web-1’s memory used reaches 95 % at its peak in \d+ days( \(\d+(–\d+| or more)\))?, by [67](\.\d)? % a week$/,
  );
  expect(capacityAdvice(found)).toMatch(/^Add \d+ % of what there is within \d+ days/);
});
