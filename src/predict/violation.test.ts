import { expect, test } from 'vitest';
import { budgetExhaustion } from './violation.ts';

const NOW = Date.UTC(2026, 0, 20);
const HOUR = 3_600_000;
const DAY = 24 * HOUR;
const WINDOW = 30 * DAY;
const evenly = (hours: number, spent: number): Float64Array => new Float64Array(hours).fill(spent);

test('a budget that is spent evenly is used up when the sum says so', () => {
  // 40 % left, 2 % a day.
  const found = budgetExhaustion({ left: 0.1, spentByHour: evenly(48, 0.02 / 24), windowMs: WINDOW, now: NOW });
  expect(found?.perDay).toBeCloseTo(0.02, 6);
  expect(((found?.at ?? 0) - NOW) / DAY).toBeCloseTo(5, 0);
  expect(found?.from).toBeLessThanOrEqual(found?.at ?? 0);
  expect(found?.to).toBeGreaterThanOrEqual(found?.at ?? Infinity);
});

test('bad hours now and then widen the range', () => {
  const spent = evenly(72, 0);
  for (let hour = 5; hour < 72; hour += 18) spent[hour] = 0.03;
  const found = budgetExhaustion({ left: 0.3, spentByHour: spent, windowMs: WINDOW, now: NOW });
  expect(found).not.toBeNull();
  const days = (at: number | null | undefined) => ((at ?? Infinity) - NOW) / DAY;
  expect(days(found?.from)).toBeLessThan(days(found?.at) - 1);
  expect(days(found?.to)).toBeGreaterThan(days(found?.at) + 1);
});

test('what was spent a window ago comes back: a steady state lasts', () => {
  const spent = evenly(30 * 24, 0.5 / (30 * 24));
  expect(budgetExhaustion({ left: 0.5, spentByHour: spent, windowMs: WINDOW, now: NOW })).toBeNull();
});

test('a budget that is used up is used up now', () => {
  const found = budgetExhaustion({ left: -0.1, spentByHour: evenly(24, 0.01), windowMs: WINDOW, now: NOW });
  expect(found?.at).toBe(NOW);
});

test.each<[string, number, Float64Array]>([
  ['nothing is spent', 0.5, evenly(48, 0)],
  ['too few hours are known', 0.1, evenly(5, 0.01)],
  ['nothing is known', 0.1, evenly(48, Number.NaN)],
  ['what is left is no number', Number.NaN, evenly(48, 0.01)],
])('nothing is said where %s', (_, left, spentByHour) => {
  expect(budgetExhaustion({ left, spentByHour, windowMs: WINDOW, now: NOW })).toBeNull();
});
