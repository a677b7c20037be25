import { expect, test } from 'vitest';
import { type DeltaChanges, DeltaSums } from './delta-sums.ts';

test('the series that was not heard of for longest is forgotten first, and begins anew', () => {
  const sums = new DeltaSums(2);
  const changes: DeltaChanges = [];
  expect([sums.add(1, 10, 5, changes), sums.add(2, 10, 7, changes)]).toEqual([5, 7]);
  expect(sums.add(1, 20, 5, changes)).toBe(10);
  expect(sums.add(3, 20, 1, changes)).toBe(1);
  expect(sums.add(1, 30, 5, changes)).toBe(15);
  expect(sums.add(2, 30, 7, changes)).toBe(7);
});

test('what is undone is as if it had not come, and may come again', () => {
  const sums = new DeltaSums();
  sums.add(1, 10, 5, []);
  const changes: DeltaChanges = [];
  expect([sums.add(1, 20, 2, changes), sums.add(1, 30, 3, changes), sums.add(4, 30, 9, changes)]).toEqual([7, 10, 9]);
  sums.undo(changes);
  expect([sums.add(1, 20, 2, []), sums.add(1, 30, 3, []), sums.add(4, 30, 9, [])]).toEqual([7, 10, 9]);
});
