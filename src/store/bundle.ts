import { constants, zstdCompressSync, zstdDecompressSync } from 'node:zlib';
import { ByteSink, ByteSource } from './byte-stream.ts';
import { decodeColumn, encodeColumn } from './column-codec.ts';

/*
 * A bundle is one row of a block file: the points of several neighbouring series over one stretch of time, column by
 * column, compressed together. One series a row would cost a fifth more in SQLite's pages and zstd's frames.
 */

/** Points at which a bundle is closed: some 20 kB on disk, and 0.2 ms to read. */
export const BUNDLE_POINTS = 16_384;
/** Points of one series at which its chunk is split. */
export const CHUNK_POINTS = 2_048;

/** No bundle unpacks to more; what does was not written by us, and gets no memory. */
const MOST_UNPACKED = 16 << 20;

const SAME_TIMES = 1;
const OWN_TIMES = 0;

export interface Bundle {
  readonly minRef: number;
  readonly maxRef: number;
  readonly minTime: number;
  readonly maxTime: number;
  readonly points: number;
  readonly data: Uint8Array;
}

/** Columns of one series with room to grow: times, then one or more value columns. Each with its 32-bit halves. */
export class Columns {
  readonly width: number;
  times: Float64Array;
  timeBits: Uint32Array;
  values: Float64Array[];
  bits: Uint32Array[];

  constructor(width: number, capacity: number) {
    this.width = width;
    this.times = new Float64Array(capacity);
    this.timeBits = halves(this.times);
    this.values = Array.from({ length: width }, () => new Float64Array(capacity));
    this.bits = this.values.map(halves);
  }

  /** Room for `count` rows; what is there stays. */
  ensure(count: number): void {
    if (count <= this.times.length) return;
    const grown = new Columns(this.width, Math.max(count, this.times.length * 2));
    grown.times.set(this.times);
    for (let c = 0; c < this.width; c++) grown.bits[c].set(this.bits[c]);
    this.times = grown.times;
    this.timeBits = grown.timeBits;
    this.values = grown.values;
    this.bits = grown.bits;
  }

  /** Copies one row by its bits. */
  move(to: number, from: Columns, row: number): void {
    this.times[to] = from.times[row];
    for (let c = 0; c < this.width; c++) {
      this.bits[c][to * 2] = from.bits[c][row * 2];
      this.bits[c][to * 2 + 1] = from.bits[c][row * 2 + 1];
    }
  }
}

export function halves(column: Float64Array): Uint32Array {
  return new Uint32Array(column.buffer, column.byteOffset, column.length * 2);
}

/** Takes series in ascending order, each with its points in time order, and gives out finished bundles. */
export class BundleWriter {
  readonly #emit: (bundle: Bundle) => void;
  readonly #level: number;
  readonly #payload = new ByteSink(1 << 17);
  readonly #chunk = new ByteSink(1 << 16);
  #previousTimes = new Float64Array(CHUNK_POINTS);
  #previousCount = 0;
  #minRef = -1;
  #maxRef = -1;
  #minTime = Infinity;
  #maxTime = -Infinity;
  #points = 0;

  constructor(emit: (bundle: Bundle) => void, level = 3) {
    this.#emit = emit;
    this.#level = level;
  }

  add(ref: number, columns: Columns, count: number): void {
    for (let start = 0; start < count; start += CHUNK_POINTS) {
      this.#addChunk(ref, columns, start, Math.min(CHUNK_POINTS, count - start));
    }
  }

  finish(): void {
    if (this.#points === 0) return;
    const payload = this.#payload.view();
    const data = zstdCompressSync(payload, {
      // With its size known zstd takes tables and a window of that size, not of megabytes; so does who unpacks it.
      pledgedSrcSize: payload.length,
      params: { [constants.ZSTD_c_compressionLevel]: this.#level, [constants.ZSTD_c_checksumFlag]: 1 },
    });
    this.#emit({
      minRef: this.#minRef,
      maxRef: this.#maxRef,
      minTime: this.#minTime,
      maxTime: this.#maxTime,
      points: this.#points,
      data,
    });
    this.#payload.clear();
    this.#previousCount = 0;
    this.#minRef = -1;
    this.#minTime = Infinity;
    this.#maxTime = -Infinity;
    this.#points = 0;
  }

  #addChunk(ref: number, columns: Columns, start: number, count: number): void {
    if (this.#points > 0 && this.#points + count > BUNDLE_POINTS) this.finish();
    if (this.#minRef < 0) {
      this.#minRef = ref;
      this.#maxRef = ref;
      // under zstd's checksum: a damaged row number or index must not give one series' points to another
      this.#payload.varint(ref);
    }
    const chunk = this.#chunk;
    chunk.clear();
    if (this.#sameTimes(columns.times, start, count)) chunk.byte(SAME_TIMES);
    else {
      chunk.byte(OWN_TIMES);
      encodeColumn(columns.times, columns.timeBits, start, count, chunk);
      this.#rememberTimes(columns.times, start, count);
    }
    for (let c = 0; c < columns.width; c++) encodeColumn(columns.values[c], columns.bits[c], start, count, chunk);
    this.#payload.varint(ref - this.#maxRef);
    this.#payload.varint(count);
    this.#payload.varint(chunk.length);
    this.#payload.raw(chunk.view());
    this.#maxRef = ref;
    this.#minTime = Math.min(this.#minTime, columns.times[start]);
    this.#maxTime = Math.max(this.#maxTime, columns.times[start + count - 1]);
    this.#points += count;
  }

  #sameTimes(times: Float64Array, start: number, count: number): boolean {
    if (count !== this.#previousCount) return false;
    const previous = this.#previousTimes;
    for (let i = 0; i < count; i++) if (times[start + i] !== previous[i]) return false;
    return true;
  }

  #rememberTimes(times: Float64Array, start: number, count: number): void {
    this.#previousTimes.set(times.subarray(start, start + count));
    this.#previousCount = count;
  }
}

/** Walks through a bundle's series; only those that are asked for are decoded. Throws RangeError or zstd's error on damage. */
export class BundleReader {
  readonly #source: ByteSource;
  readonly #width: number;
  #next = 0;
  #timesAt = -1;
  #chunkAt = 0;
  #ownTimes = true;
  ref: number;
  count = 0;

  constructor(data: Uint8Array, minRef: number, width: number) {
    this.#source = new ByteSource(zstdDecompressSync(data, { maxOutputLength: MOST_UNPACKED }));
    this.#width = width;
    this.ref = minRef;
    if (this.#source.varint() !== minRef) throw new RangeError('bundle of other series');
    this.#next = this.#source.position;
  }

  /** Moves to the next chunk; false at the end. */
  next(): boolean {
    const source = this.#source;
    source.position = this.#next;
    if (source.done) return false;
    this.ref += source.varint();
    this.count = source.varint();
    if (this.count > CHUNK_POINTS) throw new RangeError('bundle with a chunk too long');
    const length = source.varint();
    this.#next = source.position + length;
    this.#ownTimes = source.byte() === OWN_TIMES;
    this.#chunkAt = source.position;
    if (this.#ownTimes) this.#timesAt = source.position;
    return true;
  }

  /** Decodes the present chunk into `columns` from row `start`. */
  read(columns: Columns, start: number): void {
    if (columns.width !== this.#width || this.#timesAt < 0) throw new RangeError('bundle without times');
    columns.ensure(start + this.count);
    const source = this.#source;
    source.position = this.#timesAt;
    decodeColumn(source, columns.times, columns.timeBits, start, this.count);
    if (!this.#ownTimes) source.position = this.#chunkAt;
    for (let c = 0; c < this.#width; c++) decodeColumn(source, columns.values[c], columns.bits[c], start, this.count);
  }
}
