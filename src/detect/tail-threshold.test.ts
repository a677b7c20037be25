import { expect, test } from 'vitest';
import { learnTail, newTailThreshold, returnLevel } from './tail-threshold.ts';

const HOUR = 3_600_000;

test('what is exceeded once a month is above nearly all hourly maxima of that month', () => {
  const tail = newTailThreshold();
  let state = 1;
  const uniform = (): number => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return (state + 1) / 4294967297;
  };
  const draw = (): number => -2 * Math.log(uniform());
  let at = HOUR;
  for (let i = 0; i < 500 * 60; i++, at += 60_000) learnTail(tail, at, draw(), Infinity);
  const level = returnLevel(tail, 720);
  let exceeded = 0;
  for (let hour = 0; hour < 720; hour++) {
    let max = 0;
    for (let i = 0; i < 60; i++) max = Math.max(max, draw());
    if (max > level) exceeded++;
  }
  expect(exceeded).toBeLessThanOrEqual(5);
  expect(returnLevel(tail, 72)).toBeLessThan(level);
});

test('one huge hour teaches no more than the ceiling', () => {
  const tail = newTailThreshold();
  for (let h = 1; h < 50; h++) learnTail(tail, h * HOUR, h === 20 ? 1e9 : 2, 10);
  expect(tail.highest).toBeLessThanOrEqual(10);
});
