import { AuspexError } from '../errors.ts';
import type {
  AppendResult,
  MetricStore,
  MetricStoreStats,
  SampleBatch,
  SeriesPoints,
  SeriesRef,
  SeriesRollup,
} from '../model/index.ts';
import { COMMIT_POINTS } from './limits.ts';
import type { PlainBatch, ReaderRequests, WriterRequests } from './protocol.ts';
import type { MemorySeriesIndex } from './series-index.ts';
import type { ThreadLink } from './thread-link.ts';

const NO_POINTS = new Float64Array(0);
/** Rows of the write-ahead that are fetched at once for a replay. */
const REPLAY_ROWS = 16;

/**
 * The MetricStore on the main thread: the index, and messages to the writer and the reader thread. Batches whose arrays lie in shared
 * memory are not copied: they must not change before `append` resolves. Others are copied once.
 */
export class PointStore implements MetricStore {
  readonly index: MemorySeriesIndex;
  readonly #writer: ThreadLink<WriterRequests>;
  readonly #reader: ThreadLink<ReaderRequests>;

  readonly #partPoints: number;

  constructor(
    index: MemorySeriesIndex,
    bufferPoints: number,
    writer: ThreadLink<WriterRequests>,
    reader: ThreadLink<ReaderRequests>,
  ) {
    this.index = index;
    this.#partPoints = Math.min(COMMIT_POINTS, bufferPoints);
    this.#writer = writer;
    this.#reader = reader;
  }

  async append(batch: SampleBatch): Promise<AppendResult> {
    if (batch.count <= this.#partPoints) return this.#appendPart(batch, 0, batch.count);
    const parts: Promise<AppendResult>[] = [];
    for (let start = 0; start < batch.count; start += this.#partPoints) {
      parts.push(this.#appendPart(batch, start, Math.min(this.#partPoints, batch.count - start)));
    }
    const results = await Promise.all(parts);
    return {
      stored: results.reduce((sum, part) => sum + part.stored, 0),
      outOfOrder: results.reduce((sum, part) => sum + part.outOfOrder, 0),
      duplicates: results.reduce((sum, part) => sum + part.duplicates, 0),
      position: results[results.length - 1].position,
    };
  }

  #appendPart(batch: SampleBatch, start: number, count: number): Promise<AppendResult> {
    const series = this.index.takeNew();
    if (isShared(batch)) return this.#writer.request('append', { batch: part(batch, start, count), series });
    const copy = copyOf(batch, start, count);
    return this.#writer.request('append', { batch: copy, series }, [copy.values.buffer as ArrayBuffer]);
  }

  async range(
    refs: readonly SeriesRef[],
    from: number,
    to: number,
    limit = Infinity,
  ): Promise<readonly SeriesPoints[]> {
    requireRange(from, to);
    const found = await this.#reader.request('range', { refs: sortedRefs(refs), from, to, limit });
    return inOrder(refs, found, (ref) => ({ ref, times: NO_POINTS, values: NO_POINTS }));
  }

  async downsample(
    refs: readonly SeriesRef[],
    from: number,
    to: number,
    stepMs: number,
  ): Promise<readonly SeriesRollup[]> {
    requireRange(from, to);
    if (!(stepMs >= 1) || !Number.isInteger(stepMs)) {
      throw new AuspexError('BAD_REQUEST', `The step is ${stepMs} ms; it must be a whole number of at least 1.`);
    }
    const found = await this.#reader.request('downsample', { refs: sortedRefs(refs), from, to, stepMs });
    const none = NO_POINTS;
    return inOrder(refs, found, (ref) => ({
      ref,
      stepMs,
      times: none,
      count: none,
      sum: none,
      min: none,
      max: none,
      last: none,
      increase: none,
    }));
  }

  async last(refs: readonly SeriesRef[], at: number, maxAgeMs: number): Promise<readonly SeriesPoints[]> {
    const found = await this.#reader.request('last', { refs: sortedRefs(refs), at, maxAgeMs });
    const byRef = new Map(found.map((one) => [one.ref, one]));
    return refs.flatMap((ref) => byRef.get(ref) ?? []);
  }

  async replayFrom(
    position: number,
    onBatch: (batch: SampleBatch, position: number) => void | Promise<void>,
  ): Promise<number> {
    let after = position;
    for (;;) {
      const rows = await this.#reader.request('writeAhead', { position: after, limit: REPLAY_ROWS });
      for (const row of rows) {
        if (row.batch.count > 0) await onBatch(row.batch, row.position);
        after = row.position;
      }
      if (rows.length < REPLAY_ROWS) return after;
    }
  }

  async acknowledge(position: number): Promise<void> {
    await this.#writer.request('acknowledge', { position });
  }

  async stats(): Promise<MetricStoreStats> {
    return { seriesCount: this.index.size, ...(await this.#writer.request('stats', null)) };
  }

  /** What the timer does, at once: with `flush`, everything in the buffer goes to blocks first. */
  async housekeep(now: number, flush = false): Promise<void> {
    await this.#writer.request('housekeep', { now, flush });
  }

  /** Closed together with the other stores. */
  async close(): Promise<void> {}
}

function isShared(batch: SampleBatch): boolean {
  return [batch.refs, batch.times, batch.values].every((column) => column.buffer instanceof SharedArrayBuffer);
}

function part(batch: SampleBatch, start: number, count: number): PlainBatch {
  return {
    count,
    refs: batch.refs.subarray(start, start + count),
    times: batch.times.subarray(start, start + count),
    values: batch.values.subarray(start, start + count),
  };
}

/** One allocation that moves to the writer. Values are copied by their bytes, so a NaN keeps its bits. */
function copyOf(batch: SampleBatch, start: number, count: number): PlainBatch {
  const memory = new ArrayBuffer(count * 20);
  const values = new Float64Array(memory, 0, count);
  const times = new Float64Array(memory, count * 8, count);
  const refs = new Uint32Array(memory, count * 16, count);
  values.set(batch.values.subarray(start, start + count));
  times.set(batch.times.subarray(start, start + count));
  refs.set(batch.refs.subarray(start, start + count));
  return { count, refs, times, values };
}

function sortedRefs(refs: readonly SeriesRef[]): Uint32Array {
  return Uint32Array.from(new Set(refs.filter((ref) => ref >= 0))).sort();
}

function inOrder<R extends { readonly ref: number }>(
  refs: readonly SeriesRef[],
  found: readonly R[],
  empty: (ref: number) => R,
): R[] {
  const byRef = new Map(found.map((one) => [one.ref, one]));
  return refs.map((ref) => byRef.get(ref) ?? empty(ref));
}

function requireRange(from: number, to: number): void {
  if (Number.isNaN(from) || Number.isNaN(to))
    throw new AuspexError('BAD_REQUEST', `The range ${from} … ${to} is not valid.`);
}
