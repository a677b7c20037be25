import { expect, test } from 'vitest';
import { Round } from './round.ts';

test('few entries are all given, in the map’s order', () => {
  const map = new Map(['b', 'a', 'd', 'c'].map((key) => [key, 0]));
  const round = new Round(map);
  expect(round.next(1).map(([key]) => key)).toEqual(['b', 'a', 'd', 'c']);
});

test('of many each has its turn, also of those that come and beside those that go meanwhile', () => {
  const map = new Map(Array.from({ length: 100 }, (_, i) => [i, i]));
  const round = new Round(map);
  const seen = new Set(round.next(5).map(([key]) => key));
  expect(seen.size).toBe(5);
  for (const key of [0, 7, 50]) map.delete(key);
  map.set(1000, 0);
  for (let call = 0; call < 20; call++) for (const [key] of round.next(5)) seen.add(key);
  expect([...map.keys()].every((key) => seen.has(key))).toBe(true);
  expect(seen.has(7)).toBe(false);
});
