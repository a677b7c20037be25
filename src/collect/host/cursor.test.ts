import { expect, test } from 'vitest';
import { Cursor } from './cursor.ts';
import { Scratch } from './proc-file.ts';

function over(text: string): Cursor {
  const scratch = new Scratch();
  scratch.length = scratch.bytes.write(text, 'latin1');
  return new Cursor(scratch);
}

test('numbers come as written, and what is none comes as NaN without losing its place', () => {
  const cursor = over('12 -3 0.25 9007199254740991 abc 7x - 5\n8');
  const read = Array.from({ length: 8 }, () => cursor.number());
  expect(read).toEqual([12, -3, 0.25, 9007199254740991, Number.NaN, Number.NaN, Number.NaN, 5]);
  expect(cursor.atLineEnd).toBe(true);
  expect(cursor.number()).toBeNaN();
  cursor.nextLine();
  expect(cursor.number()).toBe(8);
  expect(cursor.done).toBe(true);
});

test('what an earlier, longer file left in the buffer is not read', () => {
  const scratch = new Scratch();
  scratch.bytes.write('12345 678', 'latin1');
  scratch.length = 3;
  const cursor = new Cursor(scratch);
  expect(cursor.number()).toBe(123);
  expect(cursor.word()).toBe('');
});
