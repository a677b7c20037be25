import { Columns, BundleReader, type Bundle, BundleWriter } from './bundle.ts';
import type { BlockFile } from './block-file.ts';
import { BLOCK_WIDTH, type BlockFolder, type BlockKind } from './block-folder.ts';

/** Lets commits go first: called often, returns at once while the present slice lasts. */

/** The points of one series, oldest first, no time twice, as a run of sorted segments gives them. */
export interface SeriesRun {
  readonly ref: number;
  readonly columns: Columns;
  readonly count: number;
}

/** Bundles that are gathered before they go to the file in one step. */
const STEP_BYTES = 256 * 1024;

/** Writes one segment in steps, then publishes it in place of others. */
export class SegmentWriter {
  readonly #file: BlockFile;
  readonly #id: number;
  readonly #bundles: BundleWriter;
  #waiting: Bundle[] = [];
  #waitingBytes = 0;
  #points = 0;
  #series = 0;
  #minTime = Infinity;
  #maxTime = -Infinity;

  constructor(file: BlockFile, level: number, day: number, compression = 3) {
    this.#file = file;
    this.#id = file.begin(level, day);
    this.#bundles = new BundleWriter((bundle) => {
      this.#waiting.push(bundle);
      this.#waitingBytes += bundle.data.length;
      this.#points += bundle.points;
      this.#minTime = Math.min(this.#minTime, bundle.minTime);
      this.#maxTime = Math.max(this.#maxTime, bundle.maxTime);
    }, compression);
  }

  add(ref: number, columns: Columns, count: number): void {
    if (count === 0) return;
    this.#series++;
    this.#bundles.add(ref, columns, count);
    if (this.#waitingBytes >= STEP_BYTES) this.#step();
  }

  publish(replaced: readonly number[]): void {
    this.#bundles.finish();
    this.#step();
    const totals = { points: this.#points, series: this.#series, minTime: this.#minTime, maxTime: this.#maxTime };
    if (this.#points === 0) {
      this.#file.clean();
      return;
    }
    this.#file.publish(this.#id, totals, replaced);
  }

  #step(): void {
    if (this.#waiting.length > 0) this.#file.add(this.#id, this.#waiting);
    this.#waiting = [];
    this.#waitingBytes = 0;
  }
}

/** Reads one segment series by series; holds one bundle's bytes at a time. */
class SegmentCursor {
  readonly #file: BlockFile;
  readonly #kind: BlockKind;
  readonly #places: { id: number; minRef: number }[];
  readonly #onDamage: (cause: unknown) => void;
  #next = 0;
  #reader: BundleReader | null = null;
  ref = -1;

  constructor(
    file: BlockFile,
    kind: BlockKind,
    segment: number,
    sinceTime: number,
    onDamage: (cause: unknown) => void,
  ) {
    this.#file = file;
    this.#kind = kind;
    this.#onDamage = onDamage;
    this.#places = file.places(segment, 0, 0xffffffff).filter((place) => place.maxTime >= sinceTime);
    this.advance();
  }

  /** Moves to the next chunk; `ref` is Infinity at the end. A bundle that cannot be read is skipped. */
  advance(): void {
    for (;;) {
      try {
        if (this.#reader?.next()) {
          this.ref = this.#reader.ref;
          return;
        }
        const place = this.#places[this.#next++];
        if (place === undefined) {
          this.#reader = null;
          this.ref = Infinity;
          return;
        }
        const data = this.#file.data(place.id);
        this.#reader = data === undefined ? null : new BundleReader(data, place.minRef, BLOCK_WIDTH[this.#kind]);
      } catch (cause) {
        this.#reader = null;
        this.#onDamage(cause);
      }
    }
  }

  /** Appends the present chunk's points; gives the new row count. */
  read(columns: Columns, row: number): number {
    try {
      this.#reader?.read(columns, row);
      return row + (this.#reader?.count ?? 0);
    } catch (cause) {
      this.#onDamage(cause);
      return row;
    }
  }
}

/** Walks several segments (of one or more files) together, series by series. The arrays are used again for the next series. */
export function* mergedSeries(
  folder: BlockFolder,
  sources: readonly { file: BlockFile; segment: number; sinceTime: number }[],
): Generator<SeriesRun> {
  const report = (path: string) => (cause: unknown) => folder.reportRow(path, cause);
  const cursors = sources.map(
    (s) => new SegmentCursor(s.file, folder.kind, s.segment, s.sinceTime, report(s.file.path)),
  );
  const columns = new Columns(BLOCK_WIDTH[folder.kind], 4096);
  const sorter = new RowSorter(BLOCK_WIDTH[folder.kind]);
  for (;;) {
    let ref = Infinity;
    for (const cursor of cursors) ref = Math.min(ref, cursor.ref);
    if (ref === Infinity) return;
    let count = 0;
    for (const cursor of cursors) {
      while (cursor.ref === ref) {
        count = cursor.read(columns, count);
        cursor.advance();
      }
    }
    const sorted = sorter.sort(columns, count);
    yield { ref, columns: sorted.columns, count: sorted.count };
  }
}

/** Brings rows into time order and keeps, of several at one time, the one that came last. Costs nothing where they are in order. */
export class RowSorter {
  readonly #spare: Columns;

  constructor(width: number) {
    this.#spare = new Columns(width, 1024);
  }

  sort(columns: Columns, count: number): { columns: Columns; count: number } {
    const times = columns.times;
    let ordered = true;
    for (let i = 1; i < count && ordered; i++) ordered = times[i] > times[i - 1];
    if (ordered) return { columns, count };
    const order = Array.from({ length: count }, (_, i) => i).sort((a, b) => times[a] - times[b] || a - b);
    const spare = this.#spare;
    spare.ensure(count);
    let rows = 0;
    for (let i = 0; i < count; i++) {
      if (i + 1 < count && times[order[i + 1]] === times[order[i]]) continue;
      spare.move(rows++, columns, order[i]);
    }
    return { columns: spare, count: rows };
  }
}
