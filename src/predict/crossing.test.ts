import { expect, test } from 'vitest';
import { crossing } from './crossing.ts';

const points = [1, 2, 3, 4, 5].map((k) => ({ at: k * 100, mean: k, lower: k - 2, upper: k + 2 }));

test.each([
  ['>', 2.5, { at: 300, to: 500 }],
  ['>', 0.5, { at: 100, to: 300 }],
  ['>', 4.5, { at: 500, to: null }],
  ['>', 9, { at: null, to: null }],
  ['<', 1.5, { at: 100, to: null }],
  ['<', 3.5, { at: 100, to: 100 }],
] as const)('%s %d is crossed at %o', (op, limit, wanted) => {
  expect(crossing(points, op, limit)).toEqual(wanted);
});
