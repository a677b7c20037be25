import { expect, test } from 'vitest';
import { placeOn, timeAxis } from './time-axis.ts';

const at = (hours: number, minutes = 0) => new Date(2026, 5, 3, hours, minutes).getTime();

test.each([
  ['an hour and a half', at(9, 7), at(10, 37), ['09:30', '10:00', '10:30']],
  ['eleven minutes', at(9, 7), at(9, 18), ['09:10', '09:15']],
  ['four days', at(-60), at(36), ['1 Jun', '2 Jun', '3 Jun', '4 Jun']],
] as const)('ticks of %s stand on round local times', (_, from, to, texts) => {
  expect(timeAxis(from, to).ticks.map(({ text }) => text)).toEqual(texts);
});

test('the axis begins before its first moment and ends at its last; a moment alone has a minute', () => {
  const axis = timeAxis(at(9), at(10));
  expect(axis.fromMs).toBeLessThan(at(9));
  expect(placeOn(axis, at(10))).toBe(1);
  expect(placeOn(axis, at(8))).toBe(0);
  expect(placeOn(axis, at(9))).toBeGreaterThan(0.02);
  const one = timeAxis(at(9), at(9));
  expect(one.toMs - one.fromMs).toBeGreaterThan(59_000);
  expect(one.ticks.length).toBeLessThanOrEqual(8);
});

test('however long the range, ticks stay few', () => {
  for (let span = 1000; span < 400 * 86_400_000; span *= 1.7)
    expect(timeAxis(at(9) - span, at(9)).ticks.length, String(span)).toBeLessThanOrEqual(7);
});
