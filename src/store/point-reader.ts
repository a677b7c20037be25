import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { BlockFolder, dayOf, isUnreadable } from './block-folder.ts';
import type { Blocks } from './compaction.ts';
import { INGEST_FILE } from './ingest-file.ts';
import { Gathering, gatherBlocks, gatherRecent } from './point-query.ts';
import type { PlainBatch, PlainPoints, PlainRollup, ReaderOptions } from './protocol.ts';
import { RecentBuffer } from './recent-buffer.ts';
import { addSumFunction, rowSum } from './row-sum.ts';
import { sumSteps } from './step-query.ts';
import { decodeWriteAhead } from './write-ahead-codec.ts';

/** Series that are read together in one pass over the blocks. */
const SERIES_AT_ONCE = 64;

interface SeriesRow {
  readonly ref: number;
  readonly kind: number;
  readonly labels: string;
}

/** The reader thread's work on points: read-only connections, so that no query waits for a commit. */
export class PointReader {
  readonly #buffer: RecentBuffer;
  readonly #blocks: Blocks;
  readonly #ingest: DatabaseSync;
  readonly #onProblem: (text: string, path: string | null) => void;

  constructor(options: ReaderOptions, onProblem: (text: string, path: string | null) => void) {
    this.#buffer = new RecentBuffer(options.buffer);
    this.#onProblem = onProblem;
    const folder = (kind: 'raw' | 'five-minute' | 'hour'): BlockFolder =>
      new BlockFolder(options.home, kind, 'read', true, onProblem);
    this.#blocks = { raw: folder('raw'), fiveMinute: folder('five-minute'), hour: folder('hour') };
    this.#ingest = new DatabaseSync(join(options.home, INGEST_FILE), { readOnly: true, timeout: 5_000 });
    this.#ingest.exec('PRAGMA cache_size = -256');
    addSumFunction(this.#ingest);
  }

  /** All series by number whose definition is as it was written; how many are not is named. */
  series(): { refs: Uint32Array; kinds: Uint8Array; labels: string[] } {
    const rows: SeriesRow[] = [];
    let damaged = 0;
    const statement = this.#ingest.prepare('SELECT ref, kind, labels, row_sum AS sum FROM series ORDER BY ref');
    // A damaged cell can hold any integer of 64 bits.
    statement.setReadBigInts(true);
    for (const { ref, kind, labels, sum } of statement.iterate()) {
      if (typeof labels === 'string' && Number(sum) === rowSum('series', [ref, kind, labels]))
        rows.push({ ref: Number(ref), kind: Number(kind), labels });
      else damaged++;
    }
    if (damaged > 0)
      this.#onProblem(
        `${damaged} ${damaged === 1 ? 'definition' : 'definitions'} of series in ${INGEST_FILE} ${damaged === 1 ? 'is' : 'are'} not as written: their points are not served, and their labels get new series.`,
        null,
      );
    return {
      refs: Uint32Array.from(rows, (row) => row.ref),
      kinds: Uint8Array.from(rows, (row) => row.kind),
      labels: rows.map((row) => row.labels),
    };
  }

  range(refs: Uint32Array, from: number, to: number, limit: number): PlainPoints[] {
    const found: PlainPoints[] = [];
    const days = this.#blocks.raw.days().filter((day) => day >= dayOf(from) && day <= dayOf(to));
    for (let start = 0; start < refs.length; start += SERIES_AT_ONCE) {
      const some = refs.subarray(start, start + SERIES_AT_ONCE);
      const recent = new Gathering(some, 1);
      gatherRecent(this.#buffer, recent, from, to);
      const all = new Gathering(some, 1);
      // newest day first, so that a limit ends the walk early; sorting puts them in order
      for (let d = days.length - 1; d >= 0 && !hasEnough(all, recent, limit); d--) {
        gatherBlocks(this.#blocks.raw, days[d], all, from, to);
      }
      for (let slot = 0; slot < some.length; slot++) {
        recent.forEachRow(slot, (time, low, high) => all.addPoint(slot, time, low, high));
      }
      for (const { ref, columns, count } of all.series()) {
        const skip = Math.max(0, count - limit);
        found.push({ ref, times: columns.times.slice(skip, count), values: copyBits(columns.bits[0], skip, count) });
      }
    }
    return found;
  }

  last(refs: Uint32Array, at: number, maxAgeMs: number): PlainPoints[] {
    const newest = new NewestPoints(refs);
    this.#buffer.scan(
      (half, count) => {
        for (let i = 0; i < count; i++) {
          const time = half.times[i];
          if (time > at || time < at - maxAgeMs) continue;
          const slot = newest.slotOf(half.refs[i]);
          if (slot >= 0) newest.see(slot, time, half.bits[i * 2], half.bits[i * 2 + 1], true);
        }
      },
      () => newest.clear(),
    );
    const days = this.#blocks.raw.days().filter((day) => day <= dayOf(at) && day >= dayOf(at - maxAgeMs));
    for (const day of days.reverse()) {
      // only series whose newest point may lie here: what is newer in the buffer needs no block
      const dayNewest = newestOf(this.#blocks.raw, day);
      const open = newest.olderThan(Math.min(dayNewest, at));
      for (let start = 0; start < open.length; start += 1024) {
        const all = new Gathering(open.subarray(start, start + 1024), 1);
        gatherBlocks(this.#blocks.raw, day, all, at - maxAgeMs, at);
        for (const { ref, columns, count } of all.series()) {
          const bits = columns.bits[0];
          newest.see(newest.slotOf(ref), columns.times[count - 1], bits[count * 2 - 2], bits[count * 2 - 1], false);
        }
      }
    }
    return newest.points();
  }

  downsample(refs: Uint32Array, from: number, to: number, stepMs: number): PlainRollup[] {
    const rolled = new Set(
      this.#ingest
        .prepare("SELECT day FROM rolled WHERE row_sum IS auspex_sum('rolled', day)")
        .all()
        .map((row) => Number(row.day)),
    );
    const rawDays = new Set(this.#blocks.raw.days());
    return [...sumSteps({ buffer: this.#buffer, blocks: this.#blocks, rolled, rawDays }, refs, from, to, stepMs)];
  }

  /** Some rows of the write-ahead behind a position. */
  writeAhead(position: number, limit: number): { position: number; batch: PlainBatch }[] {
    const rows = this.#ingest
      .prepare('SELECT position, data FROM write_ahead WHERE position > ? ORDER BY position LIMIT ?')
      .all(position, limit);
    const found: { position: number; batch: PlainBatch }[] = [];
    for (const row of rows) {
      try {
        found.push({
          position: Number(row.position),
          batch: decodeWriteAhead(row.data as Uint8Array, Number(row.position)),
        });
      } catch (cause) {
        const reason = cause instanceof Error ? cause.message : String(cause);
        this.#onProblem(`Row ${String(row.position)} of the write-ahead is damaged (${reason}) and was skipped.`, null);
        const empty = { count: 0, refs: new Uint32Array(0), times: new Float64Array(0), values: new Float64Array(0) };
        found.push({ position: Number(row.position), batch: empty });
      }
    }
    return found;
  }

  close(): void {
    this.#blocks.raw.close();
    this.#blocks.fiveMinute.close();
    this.#blocks.hour.close();
    this.#ingest.close();
  }
}

/** The newest time in a day's file; -Infinity when there is none, or none that can be read. */
function newestOf(raw: BlockFolder, day: number): number {
  try {
    const segments = raw.file(day)?.segments() ?? [];
    return Math.max(-Infinity, ...segments.map((segment) => segment.maxTime));
  } catch (error) {
    if (!isUnreadable(error)) throw error;
    raw.failed(raw.pathOf(day), error);
    return -Infinity;
  }
}

function hasEnough(all: Gathering, recent: Gathering, limit: number): boolean {
  if (limit === Infinity) return false;
  for (let slot = 0; slot < all.refs.length; slot++) if (all.count(slot) + recent.count(slot) < limit) return false;
  return true;
}

function copyBits(bits: Uint32Array, from: number, to: number): Float64Array {
  return new Float64Array(bits.slice(from * 2, to * 2).buffer);
}

/** The newest point of each series found so far. */
class NewestPoints {
  readonly #refs: Uint32Array;
  readonly #times: Float64Array;
  readonly #bits: Uint32Array;
  readonly #slots: Int32Array;

  constructor(refs: Uint32Array) {
    this.#refs = refs;
    this.#times = new Float64Array(refs.length).fill(-Infinity);
    this.#bits = new Uint32Array(refs.length * 2);
    this.#slots = new Int32Array(refs.length === 0 ? 0 : refs[refs.length - 1] + 1).fill(-1);
    for (let slot = 0; slot < refs.length; slot++) this.#slots[refs[slot]] = slot;
  }

  slotOf(ref: number): number {
    return ref < this.#slots.length ? this.#slots[ref] : -1;
  }

  see(slot: number, time: number, low: number, high: number, winsTies: boolean): void {
    if (time < this.#times[slot] || (time === this.#times[slot] && !winsTies)) return;
    this.#times[slot] = time;
    this.#bits[slot * 2] = low;
    this.#bits[slot * 2 + 1] = high;
  }

  clear(): void {
    this.#times.fill(-Infinity);
  }

  olderThan(time: number): Uint32Array {
    return this.#refs.filter((_, slot) => this.#times[slot] < time);
  }

  points(): PlainPoints[] {
    const points: PlainPoints[] = [];
    for (let slot = 0; slot < this.#refs.length; slot++) {
      if (this.#times[slot] === -Infinity) continue;
      points.push({
        ref: this.#refs[slot],
        times: this.#times.slice(slot, slot + 1),
        values: copyBits(this.#bits, slot, slot + 1),
      });
    }
    return points;
  }
}
