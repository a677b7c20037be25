import { expect, test } from 'vitest';
import { SeededRandom } from '../stats/random.ts';
import { groupingAccuracy, m4Errors, msis, naive2, NAB_STANDARD, nabProbation, nabScore, owa } from './index.ts';

const n = 1000;
const series = (detections: readonly number[]) => ({
  scores: Float64Array.from({ length: n }, (_, i) => (detections.includes(i) ? 1 : 0)),
  windows: [
    [400, 449],
    [800, 899],
  ] as const,
});

// Worked out by hand from the benchmark's paper: hits earn σ(place) ÷ σ(−1), false alarms cost 0.11 · σ behind a window.
const sigmoid = (x: number) => 2 / (1 + Math.exp(5 * x)) - 1;

test('NAB: silence is 0, the first row of each window is 100, a later one earns by its place', () => {
  expect(nabScore([series([])], NAB_STANDARD, 1).score).toBe(0);
  expect(nabScore([series([400, 800])], NAB_STANDARD, 1).score).toBeCloseTo(100, 9);
  const late = sigmoid(-(449 - 430 + 1) / 50) / sigmoid(-1);
  const result = nabScore([series([430, 431, 449])], NAB_STANDARD, 1);
  expect(result.score).toBeCloseTo((100 * (late - 1 + 2)) / 4, 9);
  expect(result).toMatchObject({ windowsHit: 1, windows: 2, falseAlarms: 0, delay: 30 / 50 });
});

test('NAB: false alarms cost in full before any window and less close behind one; probation costs nothing', () => {
  expect(nabProbation(n)).toBe(150);
  expect(nabProbation(20_000)).toBe(750);
  expect(nabScore([series([10, 149])], NAB_STANDARD, 1).score).toBe(0);
  expect(nabScore([series([150])], NAB_STANDARD, 1).score).toBeCloseTo((100 * -0.11) / 4, 9);
  expect(nabScore([series([460])], NAB_STANDARD, 1).score).toBeCloseTo((100 * 0.11 * sigmoid(11 / 49)) / 4, 9);
  expect(nabScore([series([700])], NAB_STANDARD, 1).score).toBeCloseTo((100 * -0.11) / 4, 9);
});

test('NAB: without a threshold the best one is found', () => {
  const one = series([]);
  one.scores[405] = 5;
  one.scores[200] = 4;
  one.scores[805] = 3;
  for (let i = 500; i < 600; i++) one.scores[i] = 2;
  const best = nabScore([one]);
  expect(best.threshold).toBe(3);
  for (const threshold of [5, 4, 2]) expect(nabScore([one], NAB_STANDARD, threshold).score).toBeLessThan(best.score);
});

test('M4: Naive2 repeats a multiplicative season from the last value and is the measure of itself', () => {
  const factors = [0.5, 1, 1.5, 1];
  const y = Float64Array.from({ length: 80 }, (_, i) => (100 + i) * (factors[i % 4] ?? 1));
  const forecast = naive2(y, 4, 4);
  factors.forEach((factor, k) => expect(Math.abs((forecast[k] ?? 0) / (179 * factor) - 1)).toBeLessThan(0.02));
  const random = new SeededRandom(1);
  const plain = Float64Array.from({ length: 80 }, () => 50 + random.normal());
  expect([...naive2(plain, 4, 2)]).toEqual([plain[79], plain[79]]);
  const errors = m4Errors(
    y.map((value) => value + 1),
    y,
    y,
    4,
  );
  expect(owa(errors, errors)).toBe(1);
  expect(owa({ smape: 1, mase: 2 }, { smape: 2, mase: 2 })).toBe(0.75);
});

test('MSIS is the interval score in seasonal naive errors', () => {
  const f = (...values: number[]) => Float64Array.from(values);
  // Width 2 at both, one value 3 above its upper bound at 95 %: (2 + 2 + 40 · 3) / 2, and the naive error is 2.
  expect(msis(f(1, 5), f(0, 0), f(2, 2), 0.95, f(1, 3, 5, 7), 1)).toBeCloseTo(62 / 2, 9);
});

test('grouping accuracy: one stray line makes its whole group wrong, a split group counts nowhere', () => {
  expect(groupingAccuracy([1, 1, 2, 2], ['a', 'a', 'b', 'b'])).toBe(1);
  expect(groupingAccuracy([1, 1, 1, 2], ['a', 'a', 'b', 'b'])).toBe(0);
  expect(groupingAccuracy([1, 1, 2, 3], ['a', 'a', 'b', 'b'])).toBe(0.5);
});
