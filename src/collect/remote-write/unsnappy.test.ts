import fc from 'fast-check';
import { compressSync, uncompressSync } from 'snappy';
import { expect, test } from 'vitest';
import { snappyHeader, unsnappy } from './unsnappy.ts';

const headerOf = (block: Uint8Array): number => snappyHeader(block)?.end ?? -1;

test('gives what the library gives: short, long, repetitive and random', () => {
  const content = fc.oneof(
    fc.uint8Array({ maxLength: 300 }),
    fc
      .tuple(fc.uint8Array({ minLength: 1, maxLength: 90 }), fc.nat(3000))
      .map(([unit, times]) => Buffer.concat(Array.from({ length: times }, () => unit))),
  );
  fc.assert(
    fc.property(content, (bytes) => {
      const block = compressSync(Buffer.from(bytes));
      const target = new Uint8Array(bytes.length);
      expect(unsnappy(block, headerOf(block), target)).toBe(true);
      expect(Buffer.from(target).equals(Buffer.from(bytes))).toBe(true);
    }),
  );
});

test('refuses what the library refuses, and never writes past the end', () => {
  const block = compressSync(Buffer.from('abcdefgh'.repeat(40) + 'xyz'));
  fc.assert(
    fc.property(fc.nat(block.length - 1), fc.nat(255), (at, byte) => {
      const altered = Buffer.from(block);
      altered[Math.max(2, at)] = byte;
      let expected: Buffer | null = null;
      try {
        expected = uncompressSync(altered) as Buffer;
      } catch {
        // Damaged.
      }
      const target = new Uint8Array(323);
      const fine = unsnappy(altered, headerOf(altered), target);
      expect(fine).toBe(expected !== null);
      if (expected !== null) expect(Buffer.from(target).equals(expected)).toBe(true);
    }),
    { numRuns: 2000 },
  );
  expect(unsnappy(block, 2, new Uint8Array(322))).toBe(false);
  expect(unsnappy(block, 2, new Uint8Array(324))).toBe(false);
});

test.each<[number[], { length: number; end: number } | null]>([
  [[0], { length: 0, end: 1 }],
  [[0x80, 1], { length: 128, end: 2 }],
  [[0xff, 0xff, 0xff, 0xff, 0x0f], { length: 0xffffffff, end: 5 }],
  [[0xff, 0xff, 0xff, 0xff, 0x1f], null],
  [[0xff, 0xff, 0xff, 0xff, 0xff, 1], null],
  [[0x80], null],
  [[], null],
])('the header %j', (bytes, header) => {
  expect(snappyHeader(Uint8Array.from(bytes))).toEqual(header);
});
