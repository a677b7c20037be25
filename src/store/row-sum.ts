import type { DatabaseSync } from 'node:sqlite';
import { crc32 } from 'node:zlib';

/*
 * A checksum a row: SQLite knows when a page is not a page any more, but serves a cell whose bits were turned as if it had
 * been written so. CRC-32 finds every change of up to 32 neighbouring bits and misses one in four thousand million others.
 */

/** The name under which SQL on our connections has it: `auspex_sum('table', "id", "kind", …)`, all columns but `row_sum`. */
export const SUM_FUNCTION = 'auspex_sum';
export const SUM_COLUMN = 'row_sum';

const NUMBER = 1;
const TEXT = 2;
const BYTES = 3;
/** Place, kind and length of a cell. */
const HEAD = 6;

let scratch = Buffer.alloc(4096);
const seeds = new Map<string, number>();

/**
 * The checksum of a row: over the table’s name and each cell’s place, kind and content. A cell without value adds nothing, so that
 * a column that is added later leaves the sums of older rows as they are. Signed 32 bits, which SQLite keeps in four bytes.
 *
 * @param cells In the order of the table’s columns, without `row_sum`. Numbers as they are stored: NaN is no value, -0 is 0.
 */
export function rowSum(table: string, cells: readonly unknown[]): number {
  let seed = seeds.get(table);
  if (seed === undefined) seeds.set(table, (seed = crc32(`${table}\0`)));
  let at = 0;
  for (let place = 0; place < cells.length; place++) at = writeCell(cells[place], place, at);
  return crc32(scratch.subarray(0, at), seed) | 0;
}

function writeCell(cell: unknown, place: number, at: number): number {
  // As it is served: as a number.
  if (typeof cell === 'bigint') return writeCell(Number(cell), place, at);
  if (typeof cell === 'number') {
    if (Number.isNaN(cell)) return at;
    makeRoom(at + 10);
    scratch[at] = place;
    scratch[at + 1] = NUMBER;
    scratch.writeDoubleLE(cell + 0, at + 2);
    return at + 10;
  }
  if (typeof cell === 'string') {
    makeRoom(at + HEAD + cell.length * 3);
    const length = scratch.write(cell, at + HEAD, 'utf8');
    return writeHead(place, TEXT, length, at);
  }
  if (cell instanceof Uint8Array) {
    makeRoom(at + HEAD + cell.length);
    scratch.set(cell, at + HEAD);
    return writeHead(place, BYTES, cell.length, at);
  }
  return at;
}

function writeHead(place: number, kind: number, length: number, at: number): number {
  scratch[at] = place;
  scratch[at + 1] = kind;
  scratch.writeUInt32LE(length, at + 2);
  return at + HEAD + length;
}

function makeRoom(bytes: number): void {
  if (bytes <= scratch.length) return;
  const grown = Buffer.alloc(Math.max(bytes, scratch.length * 2));
  grown.set(scratch);
  scratch = grown;
}

/** Lets SQL on this connection ask for the checksum of a row. */
export function addSumFunction(db: DatabaseSync): void {
  db.function(
    SUM_FUNCTION,
    { varargs: true, deterministic: true, useBigIntArguments: true },
    (table: unknown, ...cells: unknown[]) => rowSum(String(table), cells),
  );
}
