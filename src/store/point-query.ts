import { AuspexError } from '../errors.ts';
import { type BlockFolder, dayOf, isUnreadable } from './block-folder.ts';
import { RowSorter } from './block-store.ts';
import { BundleReader, Columns } from './bundle.ts';
import type { BlockFile, BundlePlace } from './block-file.ts';
import type { RecentBuffer } from './recent-buffer.ts';

export interface GatheredSeries {
  readonly ref: number;
  readonly columns: Columns;
  readonly count: number;
}

/** The rows that were found so far, one growing set of columns a series. */
export class Gathering {
  readonly refs: Uint32Array;
  readonly width: number;
  readonly #columns: (Columns | undefined)[];
  readonly #counts: Uint32Array;
  readonly #scratch: Columns;

  constructor(refs: Uint32Array, width: number) {
    this.refs = refs;
    this.width = width;
    this.#columns = new Array(refs.length);
    this.#counts = new Uint32Array(refs.length);
    this.#scratch = new Columns(width, 64);
  }

  /** A series' place among those asked for, or -1. O(log n). */
  slotOf(ref: number): number {
    const refs = this.refs;
    let low = 0;
    let high = refs.length - 1;
    while (low <= high) {
      const middle = (low + high) >> 1;
      if (refs[middle] === ref) return middle;
      if (refs[middle] < ref) low = middle + 1;
      else high = middle - 1;
    }
    return -1;
  }

  #roomFor(slot: number, more: number): Columns {
    let columns = this.#columns[slot];
    if (columns === undefined) this.#columns[slot] = columns = new Columns(this.width, Math.max(16, more));
    columns.ensure(this.#counts[slot] + more);
    return columns;
  }

  addPoint(slot: number, time: number, low: number, high: number): void {
    const columns = this.#roomFor(slot, 1);
    const row = this.#counts[slot]++;
    columns.times[row] = time;
    columns.bits[0][row * 2] = low;
    columns.bits[0][row * 2 + 1] = high;
  }

  /** The rows of a chunk that lie in [from, to]. */
  addChunk(slot: number, reader: BundleReader, from: number, to: number): void {
    const scratch = this.#scratch;
    reader.read(scratch, 0);
    const columns = this.#roomFor(slot, reader.count);
    for (let i = 0; i < reader.count; i++) {
      if (scratch.times[i] >= from && scratch.times[i] <= to) columns.move(this.#counts[slot]++, scratch, i);
    }
  }

  count(slot: number): number {
    return this.#counts[slot];
  }

  forEachRow(slot: number, visit: (time: number, low: number, high: number) => void): void {
    const columns = this.#columns[slot];
    if (columns === undefined) return;
    const bits = columns.bits[0];
    for (let i = 0; i < this.#counts[slot]; i++) visit(columns.times[i], bits[i * 2], bits[i * 2 + 1]);
  }

  clear(): void {
    this.#counts.fill(0);
  }

  /** Sorted, each time once; in the order of the refs, those without points left out. */
  *series(): Generator<GatheredSeries> {
    const sorter = new RowSorter(this.width);
    for (let slot = 0; slot < this.refs.length; slot++) {
      const columns = this.#columns[slot];
      if (columns === undefined || this.#counts[slot] === 0) continue;
      yield { ref: this.refs[slot], ...sorter.sort(columns, this.#counts[slot]) };
    }
  }
}

/** Points of sorted, distinct refs in [from, to] from the buffer and the raw blocks, each series in time order. The columns are used again by the next series. */
export function* gatherPoints(
  buffer: RecentBuffer,
  raw: BlockFolder,
  refs: Uint32Array,
  from: number,
  to: number,
): Generator<GatheredSeries> {
  const recent = new Gathering(refs, 1);
  gatherRecent(buffer, recent, from, to);
  const all = new Gathering(refs, 1);
  for (const day of raw.days()) {
    if (day >= dayOf(from) && day <= dayOf(to)) gatherBlocks(raw, day, all, from, to);
  }
  // the buffer's points came last, so they go last: of two at one time the later one holds
  for (let slot = 0; slot < refs.length; slot++) appendSlot(all, recent, slot);
  yield* all.series();
}

function appendSlot(target: Gathering, source: Gathering, slot: number): void {
  source.forEachRow(slot, (time, low, high) => target.addPoint(slot, time, low, high));
}

/** Points of the recent buffer. O(points in the buffer). */
export function gatherRecent(buffer: RecentBuffer, into: Gathering, from: number, to: number): void {
  const { refs } = into;
  if (refs.length === 0) return;
  const first = refs[0];
  const last = refs[refs.length - 1];
  const slots = new Int32Array(last - first + 1).fill(-1);
  for (let slot = 0; slot < refs.length; slot++) slots[refs[slot] - first] = slot;
  buffer.scan(
    (half, count) => {
      for (let i = 0; i < count; i++) {
        const ref = half.refs[i];
        if (ref < first || ref > last) continue;
        const slot = slots[ref - first];
        if (slot < 0) continue;
        const time = half.times[i];
        if (time >= from && time <= to) into.addPoint(slot, time, half.bits[i * 2], half.bits[i * 2 + 1]);
      }
    },
    () => into.clear(),
  );
}

/** Rows of one file that lie in [from, to]. `day`: only rollup segments of that day. A damaged row is skipped and reported, a damaged file too. */
export function gatherBlocks(
  folder: BlockFolder,
  fileDay: number,
  into: Gathering,
  from: number,
  to: number,
  day?: number,
): void {
  try {
    const file = folder.file(fileDay);
    if (file === undefined || into.refs.length === 0) return;
    file.snapshot(() => {
      for (const segment of file.segments()) {
        if (day !== undefined && segment.day !== day) continue;
        if (segment.maxTime < from || segment.minTime > to) continue;
        for (const place of placesOf(file, segment.id, into.refs)) {
          if (place.maxTime >= from && place.minTime <= to) gatherBundle(folder, file, place, into, from, to);
        }
      }
    });
  } catch (error) {
    if (error instanceof AuspexError || !isUnreadable(error)) throw error;
    folder.failed(folder.pathOf(fileDay), error);
  }
}

/** Bundles that can hold one of the refs. Few refs are looked up one by one: between two of them may lie thousands of bundles. */
function placesOf(file: BlockFile, segment: number, refs: Uint32Array): readonly BundlePlace[] {
  if (refs.length > 32) return file.places(segment, refs[0], refs[refs.length - 1]);
  const byId = new Map<number, BundlePlace>();
  for (const ref of refs) for (const place of file.places(segment, ref, ref)) byId.set(place.id, place);
  return [...byId.values()].sort((a, b) => a.id - b.id);
}

function gatherBundle(
  folder: BlockFolder,
  file: BlockFile,
  place: BundlePlace,
  into: Gathering,
  from: number,
  to: number,
): void {
  try {
    const data = file.data(place.id);
    if (data === undefined) return;
    const reader = new BundleReader(data, place.minRef, into.width);
    while (reader.next()) {
      const slot = into.slotOf(reader.ref);
      if (slot >= 0) into.addChunk(slot, reader, from, to);
    }
  } catch (error) {
    if (isUnreadable(error)) throw error;
    folder.reportRow(file.path, error);
  }
}
