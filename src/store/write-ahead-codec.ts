import { crc32, zstdDecompressSync } from 'node:zlib';
import { compressSync, uncompressSync } from 'snappy';
import type { SampleBatch } from '../model/index.ts';
import type { Half } from './recent-buffer.ts';

/*
 * A write-ahead row: the columns of one commit as they are, compressed fast. It is written in the way of every
 * acknowledgement and read once after a restart, so speed counts and size hardly does: of 80 kB snappy makes 16 in 40 µs,
 * where zstd at its first level makes 11 in 160. Snappy has no checksum, so the row has one.
 *
 * A row: form (bit 0: times as differences; bit 1: snappy, else zstd with its own checksum, as rows once were; bit 2: the checksum
 * is over position, form, first time and body, else over the body alone), first time, CRC-32 (snappy only), body.
 */

const DIFFERENCES = 1;
const SNAPPY = 2;
const WHOLE = 4;
const HEAD = 13;
const ZSTD_HEAD = 9;
/** Times and values of the largest commit with room to spare: what announces more is damage. */
const MOST_BYTES = 64 << 20;
let scratch = new Uint8Array(1 << 17);

/** Encodes `count` points of a half from `start` as the row of a position. Times go as differences from the one before where they fit 32 bits. */
export function encodeWriteAhead(half: Half, start: number, count: number, position: number): Uint8Array {
  const size = count * 20;
  if (scratch.length < size) scratch = new Uint8Array(size);
  const refs = new Uint32Array(scratch.buffer, 0, count);
  refs.set(half.refs.subarray(start, start + count));
  new Uint32Array(scratch.buffer, count * 4, count * 2).set(half.bits.subarray(start * 2, (start + count) * 2));
  const times = half.times;
  const base = times[start];
  const offsets = new Int32Array(scratch.buffer, count * 12, count);
  let fits = true;
  for (let i = 0; i < count; i++) {
    const offset = times[start + i] - base;
    offsets[i] = offset;
    if (offsets[i] !== offset) {
      fits = false;
      break;
    }
  }
  if (!fits) {
    // eight bytes a time need an even place in the buffer only for a view, so they go by bytes
    scratch.set(new Uint8Array(times.buffer, times.byteOffset + start * 8, count * 8), count * 12);
  }
  // its own memory is several times slower to hand over than a copy
  const body = compressSync(Buffer.from(scratch.buffer, 0, fits ? count * 16 : count * 20), { copyOutputData: true });
  const row = new Uint8Array(body.length + HEAD);
  row[0] = (fits ? DIFFERENCES : 0) | SNAPPY | WHOLE;
  const view = new DataView(row.buffer);
  view.setFloat64(1, base, true);
  view.setUint32(9, crc32(body, headSum(row, position)), true);
  row.set(body, HEAD);
  return row;
}

/** Position, form and first time. */
function headSum(row: Uint8Array, position: number): number {
  return crc32(row.subarray(0, ZSTD_HEAD), crc32(Float64Array.of(position)));
}

/** The batch of the row at a position; throws on damage. */
export function decodeWriteAhead(row: Uint8Array, position: number): SampleBatch {
  if (row.length <= HEAD) throw new RangeError('write-ahead row is cut short');
  const base = new DataView(row.buffer, row.byteOffset, row.byteLength).getFloat64(1, true);
  const body =
    (row[0] & SNAPPY) === 0
      ? zstdDecompressSync(row.subarray(ZSTD_HEAD), { maxOutputLength: MOST_BYTES })
      : unpacked(row, position);
  const fits = (row[0] & DIFFERENCES) !== 0;
  const count = body.length / (fits ? 16 : 20);
  if (!Number.isInteger(count)) throw new RangeError('write-ahead row is cut short');
  const refs = new Uint32Array(count);
  const times = new Float64Array(count);
  const values = new Float64Array(count);
  new Uint8Array(refs.buffer).set(body.subarray(0, count * 4));
  new Uint8Array(values.buffer).set(body.subarray(count * 4, count * 12));
  if (fits) {
    const offsets = new Int32Array(count);
    new Uint8Array(offsets.buffer).set(body.subarray(count * 12));
    for (let i = 0; i < count; i++) times[i] = base + offsets[i];
  } else {
    new Uint8Array(times.buffer).set(body.subarray(count * 12));
  }
  return { count, refs, times, values };
}

/** The length that a snappy block begins with. */
function announcedBytes(body: Uint8Array): number {
  let length = 0;
  for (let i = 0; i < 5 && i < body.length; i++) {
    length += (body[i] & 0x7f) * 128 ** i;
    if (body[i] < 0x80) return length;
  }
  return Number.POSITIVE_INFINITY;
}

function unpacked(row: Uint8Array, position: number): Uint8Array {
  const body = Buffer.from(row.buffer, row.byteOffset + HEAD, Math.max(0, row.byteLength - HEAD));
  const expected = new DataView(row.buffer, row.byteOffset, row.byteLength).getUint32(9, true);
  const seed = (row[0] & WHOLE) === 0 ? 0 : headSum(row, position);
  if (row.length <= HEAD || crc32(body, seed) !== expected) throw new RangeError('write-ahead row is damaged');
  // Asked before: the library takes the memory that the header announces.
  if (announcedBytes(body) > MOST_BYTES) throw new RangeError('write-ahead row is damaged');
  const bytes = uncompressSync(body, { copyOutputData: true });
  if (typeof bytes === 'string') throw new RangeError('write-ahead row is damaged');
  return bytes;
}
