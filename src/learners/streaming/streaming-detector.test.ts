import { expect, test } from 'vitest';
import { SeededRandom } from '../../stats/random.ts';
import { StreamingDetector } from './streaming-detector.ts';

const MINUTE = 60_000;
const DAY = 1440 * MINUTE;
const STEP = 5 * MINUTE;
const START = Date.UTC(2026, 2, 2);

/** Scores of a series made by a rule, a value every five minutes. */
function scores(detector: StreamingDetector, from: number, to: number, value: (i: number) => number) {
  return Array.from({ length: to - from }, (_, k) => detector.take(START + (from + k) * STEP, value(from + k)));
}

test('a quiet series has no anomaly, a spike in it is one, once', () => {
  const random = new SeededRandom(3);
  const detector = new StreamingDetector();
  const quiet = scores(detector, 0, 2000, () => 10 + random.normal());
  expect(quiet.slice(300).filter(({ isAnomaly }) => isAnomaly).length).toBeLessThanOrEqual(3);
  const later = scores(detector, 2200, 2204, () => 40);
  expect(later.map(({ isAnomaly }) => isAnomaly)).toEqual([true, false, false, false]);
  expect(later[0].score).toBeGreaterThan(2.7);
});

test('values within their range lie between the bounds, 98 to 100 of 100', () => {
  const random = new SeededRandom(4);
  const detector = new StreamingDetector();
  scores(detector, 0, 2000, () => 100 + 5 * random.normal());
  let inside = 0;
  for (let i = 2000; i < 4000; i++) {
    const value = 100 + 5 * random.normal();
    const { lower, upper } = detector.take(START + i * STEP, value);
    if (value >= lower && value <= upper) inside++;
  }
  expect(inside / 2000).toBeGreaterThan(0.98);
  expect(inside / 2000).toBeLessThan(1);
});

test('a day without its usual hump is unusual though each of its values is', () => {
  const random = new SeededRandom(5);
  const detector = new StreamingDetector();
  const hump = (i: number): number => (i % 288 > 120 && i % 288 < 200 ? 80 : 20) + random.normal();
  scores(detector, 0, 9 * 288, hump);
  const day = scores(detector, 9 * 288, 10 * 288, () => 20 + random.normal());
  const first = day.findIndex(({ isAnomaly }) => isAnomaly);
  expect(first).toBeGreaterThan(115);
  expect(first).toBeLessThan(140);
  expect(day[150].expected).toBeGreaterThan(70);
});

test('what was an event again and again is less of one', () => {
  const random = new SeededRandom(6);
  const values = Array.from({ length: 3000 }, () => 10 + random.normal());
  const [calm, used] = [new StreamingDetector(), new StreamingDetector()];
  scores(calm, 0, 3000, (i) => values[i]);
  // Half a day apart and of growing size, so that none is usual by its size alone.
  const events = scores(used, 0, 3000, (i) => values[i] + (i >= 1000 && i % 150 === 0 ? 8 + i / 100 : 0));
  expect(events.filter(({ isAnomaly }) => isAnomaly).length).toBeGreaterThan(3);
  expect(used.take(START + 3200 * STEP, 100).score).toBeLessThan(calm.take(START + 3200 * STEP, 100).score - 0.3);
});

test('the unit and the sign do not matter', () => {
  const random = new SeededRandom(7);
  const values = Array.from({ length: 1500 }, (_, i) => random.normal() + (i === 1200 ? 30 : 0));
  const plain = scores(new StreamingDetector(), 0, 1500, (i) => values[i]);
  // A power of two, whose products are exact: then nothing at all differs.
  const other = scores(new StreamingDetector(), 0, 1500, (i) => -(2 ** 20) * values[i]);
  for (let i = 0; i < 1500; i++) expect(other[i].score).toBe(plain[i].score);
});

test('NaN and infinite values say nothing and teach nothing', () => {
  const random = new SeededRandom(8);
  const values = Array.from({ length: 400 }, () => random.normal());
  const [plain, holed] = [new StreamingDetector(), new StreamingDetector()];
  scores(plain, 0, 400, (i) => values[i]);
  for (let i = 0; i < 400; i++) {
    expect(holed.take(START + i * STEP + 1, Number.NaN)).toMatchObject({ score: 0, isAnomaly: false });
    holed.take(START + i * STEP + 2, Infinity);
    holed.take(START + i * STEP, values[i]);
  }
  expect(holed.take(START + 400 * STEP, 9)).toEqual(plain.take(START + 400 * STEP, 9));
});

test('saved and loaded in the middle it goes on to the bit; damaged bytes are refused', () => {
  const random = new SeededRandom(9);
  const detector = new StreamingDetector({ threshold: 2.5 });
  scores(detector, 0, 1000, () => random.normal());
  const bytes = detector.toBytes();
  const loaded = StreamingDetector.fromBytes(bytes);
  for (let i = 1000; i < 1300; i++) {
    const value = 3 * random.normal();
    expect(loaded.take(START + i * STEP, value)).toEqual(detector.take(START + i * STEP, value));
  }
  bytes[bytes.length >> 1] ^= 4;
  expect(() => StreamingDetector.fromBytes(bytes)).toThrow(expect.objectContaining({ code: 'MODEL_DAMAGED' }));
});

test('a series that never moves is never unusual; when it moves, it is', () => {
  const detector = new StreamingDetector();
  expect(scores(detector, 0, 500, () => 7).every(({ score }) => score === 0)).toBe(true);
  expect(detector.take(START + 3 * DAY, 8).isAnomaly).toBe(true);
});

test('what is a hundred times rarer is told also within twelve hours of an event, what is no rarer is not', () => {
  const random = new SeededRandom(8);
  const detector = new StreamingDetector();
  const at = (minute: number): number => minute * 60_000;
  let minute = 0;
  for (; minute < 8000; minute++) detector.take(at(minute), 50 + random.normal());
  const first = detector.take(at(minute++), 58);
  expect(first.isAnomaly).toBe(true);
  for (let quiet = 0; quiet < 60; quiet++) detector.take(at(minute++), 50 + random.normal());
  expect(detector.take(at(minute++), 59).isAnomaly).toBe(false);
  for (let quiet = 0; quiet < 60; quiet++) detector.take(at(minute++), 50 + random.normal());
  const worse = detector.take(at(minute++), 5000);
  expect(worse.isAnomaly).toBe(true);
  expect(worse.score).toBeGreaterThan(first.score + 2);
  expect(detector.take(at(minute++), 5000).isAnomaly).toBe(false);
});
