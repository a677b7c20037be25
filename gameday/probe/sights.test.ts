import { expect, test } from 'vitest';
import type { ProbeSecond } from '../contract.ts';
import { disturbance, unrest } from './sights.ts';

const second = (at: number, right = 8, slowestMs = 20): ProbeSecond => ({
  at,
  sent: 8,
  right,
  wrong: 0,
  lost: 8 - right,
  slowestMs,
  faults: right < 8 ? { 'HTTP 502': 8 - right } : {},
});
const ordinary = Array.from({ length: 1800 }, (_, i) => second(i * 1000));

test('one slow answer in half an hour is noticed after a fault, and is no unrest of an ordinary day', () => {
  const slow = ordinary.with(900, second(900_000, 8, 1254));
  expect(disturbance(slow)).toBe('an answer took 1254 ms');
  expect(unrest(slow)).toBeNull();
  expect(unrest(ordinary)).toBeNull();
});

test('a minute of failures is unrest, and is said with how long it was', () => {
  const failing = ordinary.map((one, i) => (i < 60 ? second(one.at, 4) : one));
  expect(unrest(failing)).toBe('users noticed something in 60 of 1800 seconds: 4 of 8 failed: HTTP 502');
});
