import { DatabaseSync } from 'node:sqlite';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { addSumFunction, rowSum } from './row-sum.ts';

/** CRC-32 bit by bit, as its definition has it. */
function crc32(bytes: Uint8Array): number {
  let crc = -1;
  for (const byte of bytes) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit++) crc = (crc >>> 1) ^ (0xedb88320 & -(crc & 1));
  }
  return ~crc;
}

test('is CRC-32 over the table’s name and each cell’s place, kind and content', () => {
  const half = Buffer.alloc(8);
  half.writeDoubleLE(0.5);
  const bytes = Buffer.concat([
    Buffer.from('users\0'),
    Buffer.from([0, 3, 2, 0, 0, 0, 7, 8]),
    Buffer.from([2, 2, 3, 0, 0, 0]),
    Buffer.from('aü'),
    Buffer.from([3, 1]),
    half,
  ]);
  expect(rowSum('users', [new Uint8Array([7, 8]), null, 'aü', 0.5])).toBe(crc32(bytes));
});

const cell = fc.oneof(
  fc.constant(null),
  fc.double({ noNaN: true }),
  fc.integer(),
  fc.string({ unit: 'grapheme', maxLength: 2_000 }).filter((text) => !text.includes('\0')),
  fc.uint8Array({ maxLength: 40 }),
);

test('fits a row that came back from SQLite, here and in SQL, and no row in which a bit was turned', () => {
  const db = new DatabaseSync(':memory:');
  addSumFunction(db);
  db.exec('CREATE TABLE t (a, b, c)');
  fc.assert(
    fc.property(fc.tuple(cell, cell, cell), fc.nat(2), fc.nat(), (cells, place, bit) => {
      db.exec('DELETE FROM t');
      db.prepare('INSERT INTO t VALUES (?, ?, ?)').run(...cells);
      const row = db.prepare("SELECT a, b, c, auspex_sum('t', a, b, c) AS sum FROM t").get();
      const sum = rowSum('t', cells);
      expect([row?.sum, rowSum('t', [row?.a, row?.b, row?.c])]).toEqual([sum, sum]);
      const turned: unknown[] = [...cells];
      const chosen = cells[place];
      if (chosen === null) turned[place] = 0;
      else if (typeof chosen === 'number') turned[place] = chosen === 0 ? 1 : -chosen;
      else if (typeof chosen === 'string') turned[place] = `${chosen.slice(0, -1)}\u0001`;
      else turned[place] = chosen.length === 0 ? new Uint8Array(1) : chosen.map((byte, i) => (i === bit % chosen.length ? byte ^ (1 << bit % 8) : byte)); // biome-ignore format: one of four
      expect(rowSum('t', turned)).not.toBe(sum);
      expect(rowSum('u', cells)).not.toBe(sum);
    }),
    { numRuns: 500 },
  );
});

test('a column that is added later, without a value, leaves it as it is; NaN is no value, -0 is 0', () => {
  expect(rowSum('t', [1, 'a', null])).toBe(rowSum('t', [1, 'a']));
  expect(rowSum('t', [Number.NaN, 1])).toBe(rowSum('t', [null, 1]));
  expect(rowSum('t', [-0])).toBe(rowSum('t', [0]));
  expect(rowSum('t', [5n])).toBe(rowSum('t', [5]));
  expect(rowSum('t', ['', 'a'])).not.toBe(rowSum('t', ['a', '']));
});
