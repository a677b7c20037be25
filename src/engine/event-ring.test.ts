import { expect, test } from 'vitest';
import type { EngineEvent } from './engine-view.ts';
import { EventRing } from './event-ring.ts';

const sentences = (events: readonly EngineEvent[]): string[] =>
  events.map((event) => (event.topic === 'overview' ? event.sentence : '?'));

function filled(count: number, capacity: number): EventRing {
  const ring = new EventRing(capacity);
  for (let i = 1; i <= count; i++) ring.publish({ topic: 'overview', sentence: String(i) });
  return ring;
}

test('who comes back gets what was missed, in order, then what is new', () => {
  const ring = filled(5, 100);
  const got: EngineEvent[] = [];
  const { complete, sequence } = ring.subscribe(3, (event) => got.push(event));
  ring.publish({ topic: 'overview', sentence: 'new' });
  expect(complete).toBe(true);
  expect(sequence).toBe(5);
  expect(sentences(got)).toEqual(['4', '5', 'new']);
});

test.each([
  ['events between are gone', 50, 10, 3],
  ['the place lies ahead of all events: another run of the process', 5, 10, 99],
])('says so when %s', (_why, count, capacity, after) => {
  const got: EngineEvent[] = [];
  expect(filled(count, capacity).subscribe(after, (event) => got.push(event)).complete).toBe(false);
  expect(got).toEqual([]);
});

test('holds no more than its capacity and a quarter', () => {
  const ring = filled(10_000, 100);
  const got: EngineEvent[] = [];
  ring.subscribe(10_000 - 100, (event) => got.push(event));
  expect(got).toHaveLength(100);
  expect(ring.subscribe(10_000 - 130, () => {}).complete).toBe(false);
});

test('who stopped listening hears nothing more', () => {
  const ring = filled(0, 10);
  const got: EngineEvent[] = [];
  ring.subscribe(null, (event) => got.push(event)).stop();
  ring.publish({ topic: 'overview', sentence: 'x' });
  expect(got).toEqual([]);
});
