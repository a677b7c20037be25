import { describe, expect, test } from 'vitest';
import { SeededRandom } from '../stats/random.ts';
import { steadyGrowth } from './steady-growth.ts';

const WARN_FROM = 0.65;
const LIMIT = 0.98;

/** `before` minutes by `usual`, then so much more a minute from where that ended. */
function filling(before: number, minutes: number, perMinute: number, usual: (i: number) => number): Float64Array {
  return Float64Array.from({ length: before + minutes }, (_, i) =>
    i < before ? usual(i) : usual(i) + (i - before + 0.5) * perMinute,
  );
}

/** Minutes before the limit at which it was first warned; null where it was not. */
function warnedBefore(values: Float64Array, before: number, limit = LIMIT): number | null {
  const reached = values.findIndex((value) => value >= limit);
  for (let n = before; n < reached; n++) {
    const found = steadyGrowth(values.subarray(0, n), limit);
    if (found !== null && found.probability >= WARN_FROM && found.inMinutes <= 15) return reached - n;
  }
  return null;
}

describe('steadyGrowth', () => {
  test.each([
    ['a disk that was still', 0.03, 0.0005],
    ['one that is filled fast', 0.05, 0.0005],
    ['connections that come and go', 0.03, 0.015],
    ['memory of a slow leak', 0.012, 0.004],
  ])('%s is told of 5 to 16 minutes before', (_, perMinute, noise) => {
    for (let seed = 1; seed <= 20; seed++) {
      const random = new SeededRandom(seed);
      const values = filling(90, 60, perMinute, () => 0.4 + noise * random.normal());
      const minutes = warnedBefore(values, 90);
      expect(minutes).toBeGreaterThanOrEqual(5);
      expect(minutes).toBeLessThanOrEqual(16);
    }
  });

  test('says when, and how fast', () => {
    const found = steadyGrowth(
      filling(120, 10, 0.03, () => 0.4),
      LIMIT,
    );
    expect(found?.perMinute).toBeCloseTo(0.03, 3);
    expect(found?.inMinutes).toBeCloseTo((0.98 - 0.7) / 0.03, 1);
    expect(found?.from).toBeLessThanOrEqual(found?.inMinutes ?? 0);
    expect(found?.to).toBeGreaterThanOrEqual(found?.inMinutes ?? Number.POSITIVE_INFINITY);
    expect(found?.sinceMinutes).toBeGreaterThanOrEqual(9);
    expect(found?.sinceMinutes).toBeLessThanOrEqual(12);
  });

  test('what rises like that every hour, and falls back, is nothing new', () => {
    const random = new SeededRandom(7);
    const values = Float64Array.from({ length: 600 }, (_, i) => 0.4 + 0.005 * (i % 60) + 0.003 * random.normal());
    for (let n = 300; n <= 600; n++) expect(steadyGrowth(values.subarray(0, n), LIMIT)).toBeNull();
  });

  test('what filled up before and was emptied is believed the second time, too', () => {
    const once = filling(90, 22, 0.03, () => 0.35);
    const again = filling(60, 22, 0.03, () => 0.35);
    const values = Float64Array.of(...once, ...again);
    expect(warnedBefore(values.subarray(0, 112), 90)).toBe(10);
    const second = values.map((value, i) => (i < 112 ? Math.min(value, 0.979) : value));
    expect(warnedBefore(second, 112 + 60)).toBe(10);
  });

  test('noise, steps and waves are no growth', () => {
    const kinds: readonly ((i: number, random: SeededRandom) => number)[] = [
      (_, random) => 0.6 + 0.02 * random.normal(),
      (i, random) => (i < 300 ? 0.5 : 0.7) + 0.01 * random.normal(),
      (i, random) => 0.6 + 0.2 * Math.sin(i / 40) + 0.005 * random.normal(),
    ];
    for (const [k, kind] of kinds.entries()) {
      const random = new SeededRandom(k + 1);
      const values = Float64Array.from({ length: 600 }, (_, i) => kind(i, random));
      for (let n = 280; n <= 600; n++) {
        const found = steadyGrowth(values.subarray(0, n), LIMIT);
        expect(found?.probability ?? 0).toBeLessThan(WARN_FROM);
      }
    }
  });

  test('what flattens is not believed, nor what has no past', () => {
    const flat = Float64Array.from({ length: 120 }, (_, i) => 0.4 + 0.4 * Math.min(1, Math.max(0, (i - 100) / 12)));
    expect(steadyGrowth(flat, LIMIT)).toBeNull();
    expect(
      steadyGrowth(
        filling(10, 15, 0.03, () => 0.4),
        LIMIT,
      ),
    ).toBeNull();
  });

  test('missing minutes are left out', () => {
    const values = filling(120, 10, 0.03, () => 0.4);
    values.fill(Number.NaN, 20, 60);
    expect(steadyGrowth(values, LIMIT)?.perMinute).toBeCloseTo(0.03, 3);
    expect(steadyGrowth(new Float64Array(100).fill(Number.NaN), LIMIT)).toBeNull();
  });
});
