import { constants, zstdCompressSync, zstdDecompressSync } from 'node:zlib';
import { AuspexError } from '../errors.ts';
import type { AppendResult } from '../model/index.ts';
import { halves } from './bundle.ts';
import { COMMIT_POINTS } from './limits.ts';
import type { IngestFile } from './ingest-file.ts';
import type { NewSeries, PlainBatch } from './protocol.ts';
import { RecentBuffer } from './recent-buffer.ts';
import { decodeWriteAhead, encodeWriteAhead } from './write-ahead-codec.ts';

/** Looks up stored points: for samples behind their series' last one, to tell a repeat from a late one. */
export type StoredPoints = (refs: ReadonlySet<number>, from: number, to: number) => PointSet;

/** The bit patterns that are stored, by series and time. */
export class PointSet {
  readonly #byRef = new Map<number, Map<number, number[]>>();

  add(ref: number, time: number, low: number, high: number): void {
    let times = this.#byRef.get(ref);
    if (times === undefined) this.#byRef.set(ref, (times = new Map()));
    const patterns = times.get(time);
    if (patterns === undefined) times.set(time, [low, high]);
    else patterns.push(low, high);
  }

  has(ref: number, time: number, low: number, high: number): boolean {
    const patterns = this.#byRef.get(ref)?.get(time);
    if (patterns === undefined) return false;
    for (let i = 0; i < patterns.length; i += 2) if (patterns[i] === low && patterns[i + 1] === high) return true;
    return false;
  }
}

/**
 * Takes batches in: drops repeats, writes one write-ahead row a commit, and makes points visible in the recent buffer
 * once they are on disk. Each series' last time and value are kept (16 bytes a series), since they tell both.
 */
export class Intake {
  readonly buffer: RecentBuffer;
  readonly #file: IngestFile;
  readonly #stored: StoredPoints;
  #lastTimes = new Float64Array(1024).fill(-Infinity);
  #lastBits = new Uint32Array(2048);
  #seriesCount: number;
  #pendingSeries: NewSeries[] = [];
  #position: number;
  #undoCount = 0;
  readonly #undoRefs = new Uint32Array(COMMIT_POINTS);
  readonly #undoTimes = new Float64Array(COMMIT_POINTS);
  readonly #undoBits = new Uint32Array(COMMIT_POINTS * 2);
  #oldest = Infinity;
  #newest = -Infinity;

  /** @param nextRef How many series are defined, those whose definition is lost included. */
  constructor(file: IngestFile, capacity: number, stored: StoredPoints, nextRef: number) {
    this.#file = file;
    this.#stored = stored;
    this.buffer = new RecentBuffer(capacity);
    this.#seriesCount = nextRef;
    this.#position = Math.max(file.number('flushed') ?? 0, file.highestPosition());
    this.#grow(this.#seriesCount);
  }

  get position(): number {
    return this.#position;
  }

  get newestAt(): number {
    return this.#newest;
  }

  get oldestAt(): number {
    return this.#oldest;
  }

  /** Puts what the blocks do not hold yet back into the buffer; `full` is called when a half must be flushed first. */
  recover(full: (position: number) => void, onDamage: (position: number, cause: unknown) => void): void {
    const saved = this.#file.get('lastPoints');
    if (saved instanceof Uint8Array) this.#restoreLast(saved, onDamage);
    let done = 0;
    for (const row of this.#file.rowsAfter(this.#file.number('flushed') ?? 0)) {
      let batch: PlainBatch;
      try {
        batch = decodeWriteAhead(row.data, row.position);
      } catch (cause) {
        onDamage(row.position, cause);
        continue;
      }
      if (this.buffer.activeCount + batch.count > this.buffer.capacity) full(done);
      this.#recoverBatch(batch);
      done = row.position;
    }
  }

  #recoverBatch(batch: PlainBatch): void {
    const half = this.buffer.active;
    const bits = halves(batch.values);
    let at = this.buffer.activeCount;
    for (let i = 0; i < batch.count; i++) {
      const ref = batch.refs[i];
      if (ref >= this.#seriesCount) continue;
      half.refs[at] = ref;
      half.times[at] = batch.times[i];
      half.bits[at * 2] = bits[i * 2];
      half.bits[at * 2 + 1] = bits[i * 2 + 1];
      if (batch.times[i] >= this.#lastTimes[ref]) {
        this.#lastTimes[ref] = batch.times[i];
        this.#lastBits[ref * 2] = bits[i * 2];
        this.#lastBits[ref * 2 + 1] = bits[i * 2 + 1];
      }
      this.#see(batch.times[i]);
      at++;
    }
    this.buffer.commit(at - this.buffer.activeCount);
  }

  /** Series whose definition goes to disk with the next commit. */
  define(series: NewSeries): void {
    this.#pendingSeries.push(series);
    this.#seriesCount = Math.max(this.#seriesCount, series.firstRef + series.labels.length);
    this.#grow(this.#seriesCount);
  }

  /** Commits batches as one; on failure nothing of them is kept. The buffer's active half must have room for all. */
  commit(batches: readonly PlainBatch[]): AppendResult[] {
    const start = this.buffer.activeCount;
    const position = this.#position + 1;
    this.#undoCount = 0;
    let at = start;
    try {
      const results: AppendResult[] = [];
      for (const batch of batches) {
        const late: number[] = [];
        const kept = this.#take(batch, at, late);
        const lateKept = late.length === 0 ? 0 : this.#takeLate(batch, late, start, at + kept);
        at += kept + lateKept;
        results.push({
          stored: kept + lateKept,
          outOfOrder: lateKept,
          duplicates: batch.count - kept - lateKept,
          position,
        });
      }
      const count = at - start;
      if (count > 0 || this.#pendingSeries.length > 0) this.#write(position, start, count);
      if (count === 0) return results.map((result) => ({ ...result, position: this.#position }));
      this.#position = position;
      for (let i = start; i < at; i++) this.#see(this.buffer.active.times[i]);
      this.buffer.commit(count);
      return results;
    } catch (error) {
      this.#rollback();
      throw error;
    }
  }

  #write(position: number, start: number, count: number): void {
    const row = count > 0 ? encodeWriteAhead(this.buffer.active, start, count, position) : null;
    this.#file.commit(() => {
      for (const series of this.#pendingSeries) this.#file.addSeries(series);
      if (row !== null) this.#file.addRow(position, count, row);
    });
    this.#pendingSeries = [];
  }

  /** Copies what lies ahead of its series' last point behind `at`; indexes of what lies behind go to `late`. A kernel: about 10 ns a sample. */
  #take(batch: PlainBatch, at: number, late: number[]): number {
    const { refs: toRefs, times: toTimes, bits: toBits } = this.buffer.active;
    const { refs, times, count } = batch;
    const bits = halves(batch.values);
    const lastTimes = this.#lastTimes;
    const lastBits = this.#lastBits;
    const undoRefs = this.#undoRefs;
    const undoTimes = this.#undoTimes;
    const undoBits = this.#undoBits;
    let undone = this.#undoCount;
    let to = at;
    for (let i = 0; i < count; i++) {
      const ref = refs[i];
      if (ref >= this.#seriesCount) throw unknownSeries(ref, this.#seriesCount);
      const time = times[i];
      const low = bits[i * 2];
      const high = bits[i * 2 + 1];
      const last = lastTimes[ref];
      if (time > last) {
        undoRefs[undone] = ref;
        undoTimes[undone] = last;
        undoBits[undone * 2] = lastBits[ref * 2];
        undoBits[undone * 2 + 1] = lastBits[ref * 2 + 1];
        this.#undoCount = ++undone;
        lastTimes[ref] = time;
        lastBits[ref * 2] = low;
        lastBits[ref * 2 + 1] = high;
        toRefs[to] = ref;
        toTimes[to] = time;
        toBits[to * 2] = low;
        toBits[to * 2 + 1] = high;
        to++;
      } else if (time === last && low === lastBits[ref * 2] && high === lastBits[ref * 2 + 1]) {
        continue;
      } else if (time <= last) {
        late.push(i);
      } else {
        throw new AuspexError('BAD_SAMPLES', `A sample of series ${ref} has the time ${time}, which is no number.`);
      }
    }
    return to - at;
  }

  /** The late ones: a repeat of what is stored is dropped, anything else is kept behind `at`. */
  #takeLate(batch: PlainBatch, late: readonly number[], start: number, at: number): number {
    const bits = halves(batch.values);
    const refs = new Set<number>();
    let from = Infinity;
    let to = -Infinity;
    for (const i of late) {
      refs.add(batch.refs[i]);
      from = Math.min(from, batch.times[i]);
      to = Math.max(to, batch.times[i]);
    }
    const stored = this.#stored(refs, from, to);
    const half = this.buffer.active;
    for (let i = start; i < at; i++) {
      if (refs.has(half.refs[i])) stored.add(half.refs[i], half.times[i], half.bits[i * 2], half.bits[i * 2 + 1]);
    }
    let next = at;
    for (const i of late) {
      const ref = batch.refs[i];
      const time = batch.times[i];
      if (stored.has(ref, time, bits[i * 2], bits[i * 2 + 1])) continue;
      stored.add(ref, time, bits[i * 2], bits[i * 2 + 1]);
      half.refs[next] = ref;
      half.times[next] = time;
      half.bits[next * 2] = bits[i * 2];
      half.bits[next * 2 + 1] = bits[i * 2 + 1];
      next++;
    }
    return next - at;
  }

  #rollback(): void {
    for (let i = this.#undoCount - 1; i >= 0; i--) {
      const ref = this.#undoRefs[i];
      this.#lastTimes[ref] = this.#undoTimes[i];
      this.#lastBits[ref * 2] = this.#undoBits[i * 2];
      this.#lastBits[ref * 2 + 1] = this.#undoBits[i * 2 + 1];
    }
    this.#undoCount = 0;
  }

  #see(time: number): void {
    if (time > this.#newest) this.#newest = time;
    if (time < this.#oldest) this.#oldest = time;
  }

  #grow(count: number): void {
    if (count <= this.#lastTimes.length) return;
    const capacity = Math.max(count, Math.ceil(this.#lastTimes.length * 1.5));
    const times = new Float64Array(capacity).fill(-Infinity);
    const bits = new Uint32Array(capacity * 2);
    times.set(this.#lastTimes);
    bits.set(this.#lastBits);
    this.#lastTimes = times;
    this.#lastBits = bits;
  }

  /** Each series' last point, as it stands at a flush. */
  lastPoints(): Uint8Array {
    const count = this.#seriesCount;
    const bytes = new Uint8Array(count * 16);
    bytes.set(new Uint8Array(this.#lastTimes.buffer, 0, count * 8));
    bytes.set(new Uint8Array(this.#lastBits.buffer, 0, count * 8), count * 8);
    return zstdCompressSync(bytes, {
      pledgedSrcSize: bytes.length,
      params: { [constants.ZSTD_c_checksumFlag]: 1 },
    });
  }

  #restoreLast(saved: Uint8Array, onDamage: (position: number, cause: unknown) => void): void {
    try {
      const bytes = zstdDecompressSync(saved);
      const count = Math.floor(bytes.length / 16);
      this.#grow(count);
      new Uint8Array(this.#lastTimes.buffer).set(bytes.subarray(0, count * 8));
      new Uint8Array(this.#lastBits.buffer).set(bytes.subarray(count * 8));
    } catch (cause) {
      onDamage(0, cause);
    }
  }
}

function unknownSeries(ref: number, count: number): AuspexError {
  return new AuspexError('BAD_SAMPLES', `A sample names series ${ref}, but only ${count} series are defined.`);
}
