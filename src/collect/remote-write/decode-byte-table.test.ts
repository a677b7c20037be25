import { expect, test } from 'vitest';
import { ByteTable } from './decode-byte-table.ts';

test('keys whose hashes are equal are never mixed up', () => {
  // 300,000 keys meet about ten times in 32 bits: only the comparison of the bytes tells those apart.
  const table = new ByteTable(3);
  const bytes = new Uint8Array(11);
  const view = new DataView(bytes.buffer);
  const count = 300_000;
  const put = (i: number): void => {
    view.setUint32(0, Math.imul(i, 0x9e3779b1));
    view.setUint32(4, Math.imul(i ^ 0x5bd1e995, 0x85ebca6b));
    bytes[10] = i & 255;
  };
  for (let i = 0; i < count; i++) {
    put(i);
    if (table.find(bytes, view, 0, 11) !== -1) throw new Error(`key ${i} was taken for another`);
    table.insertMissed(bytes, 0, 11, i);
  }
  let wrong = 0;
  for (let i = 0; i < count; i++) {
    put(i);
    if (table.find(bytes, view, 0, 11) !== i) wrong++;
  }
  expect(wrong).toBe(0);
  expect([table.size, table.keyBytes]).toEqual([count, 11 * count]);
  table.clear();
  expect(table.find(bytes, view, 0, 11)).toBe(-1);
  expect(table.bytes).toBeLessThan(100_000);
});
