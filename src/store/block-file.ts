import { DatabaseSync, type StatementSync } from 'node:sqlite';
import { crc32 } from 'node:zlib';
import type { Bundle } from './bundle.ts';
import { schemaVersion, setSchemaVersion } from './file-version.ts';

/*
 * One SQLite file of blocks: a day of raw points, a day of 5-minute rollups or a month of hourly ones. A segment is one sorted run of
 * bundles; it is written in small steps while nobody sees it, and published in one. Bundles carry zstd's checksum; a segment's
 * row has one over where its bundles lie, and the seal one over the segments' rows: without them a lost row would go unnoticed.
 */

export const BLOCK_SCHEMA = 1;

const BUILDING = 0;
const PUBLISHED = 1;

export interface Segment {
  readonly id: number;
  readonly level: number;
  /** For rollups by the month: the day that it covers. For raw points 0. */
  readonly day: number;
  readonly points: number;
  readonly series: number;
  readonly minTime: number;
  readonly maxTime: number;
  /** CRC-32 of its bundles' places. */
  readonly sum: number;
}

export interface BundlePlace {
  readonly id: number;
  readonly minRef: number;
  readonly maxRef: number;
  readonly minTime: number;
  readonly maxTime: number;
}

const SEGMENT_COLUMNS = 'id, level, day, points, series, min_time AS minTime, max_time AS maxTime, sum';

export class BlockFile {
  readonly path: string;
  /** False while the writer has made the file but not its tables yet. */
  readonly isReady: boolean;
  readonly #db: DatabaseSync;
  readonly #statements = new Map<string, StatementSync>();

  /** Opens or creates; throws STORE_NEWER, and SQLite's own errors on damage. */
  constructor(path: string, mode: 'write' | 'read', fsync = true) {
    this.path = path;
    this.#db = new DatabaseSync(path, { readOnly: mode === 'read', timeout: 5_000 });
    try {
      this.isReady = this.#prepareFile(mode, fsync);
    } catch (error) {
      this.#db.close();
      throw error;
    }
  }

  #prepareFile(mode: 'write' | 'read', fsync: boolean): boolean {
    this.#db.exec('PRAGMA cache_size = -256');
    const version = schemaVersion(this.#db, this.path, BLOCK_SCHEMA);
    if (mode === 'read') return version > 0;
    if (version === 0) {
      this.#db.exec('PRAGMA page_size = 1024; PRAGMA auto_vacuum = INCREMENTAL; PRAGMA journal_mode = WAL');
      this.#db.exec('BEGIN IMMEDIATE');
      this.#db.exec(`
        CREATE TABLE IF NOT EXISTS segment (id INTEGER PRIMARY KEY AUTOINCREMENT, state INTEGER NOT NULL, level INTEGER NOT NULL,
          day INTEGER NOT NULL, points INTEGER NOT NULL, series INTEGER NOT NULL, min_time INTEGER NOT NULL, max_time INTEGER NOT NULL,
          sum INTEGER NOT NULL);
        CREATE TABLE IF NOT EXISTS seal (id INTEGER PRIMARY KEY, sum INTEGER NOT NULL);
        INSERT INTO seal VALUES (1, 0);
        CREATE TABLE IF NOT EXISTS bundle (id INTEGER PRIMARY KEY, segment INTEGER NOT NULL, min_ref INTEGER NOT NULL,
          max_ref INTEGER NOT NULL, min_time INTEGER NOT NULL, max_time INTEGER NOT NULL, data BLOB NOT NULL);
        CREATE INDEX IF NOT EXISTS bundle_by_ref ON bundle (segment, max_ref, min_ref, min_time, max_time);`);
      setSchemaVersion(this.#db, BLOCK_SCHEMA);
      this.#db.exec('COMMIT');
    }
    this.#db.exec(`PRAGMA synchronous = ${fsync ? 'FULL' : 'OFF'}; PRAGMA wal_autocheckpoint = 0`);
    this.#fsync = fsync;
    return true;
  }

  #fsync = true;
  /** Sums of the segments under construction. */
  readonly #sums = new Map<number, number>();

  #prepare(sql: string): StatementSync {
    let statement = this.#statements.get(sql);
    if (statement === undefined) {
      statement = this.#db.prepare(sql);
      this.#statements.set(sql, statement);
    }
    return statement;
  }

  /** Published segments, oldest first. */
  segments(): Segment[] {
    const rows = this.#prepare(`SELECT ${SEGMENT_COLUMNS} FROM segment WHERE state = ${PUBLISHED} ORDER BY id`).all();
    return rows as unknown as Segment[];
  }

  /** Where the bundles lie that can hold a series of `first` … `last`, by series. */
  places(segment: number, first: number, last: number): BundlePlace[] {
    const found: BundlePlace[] = [];
    const rows = this.#prepare(
      `SELECT id, min_ref AS minRef, max_ref AS maxRef, min_time AS minTime, max_time AS maxTime FROM bundle
       WHERE segment = ? AND max_ref >= ? ORDER BY max_ref, id`,
    ).iterate(segment, first) as IterableIterator<unknown>;
    for (const row of rows) {
      const place = row as BundlePlace;
      if (place.minRef > last) break;
      found.push(place);
    }
    return found;
  }

  /** Throws RangeError when a published segment, or a bundle of one, is not as it was written. O(bundles), reads no points. */
  verify(): void {
    const segments = this.segments();
    if (this.#prepare('SELECT sum FROM seal WHERE id = 1').get()?.sum !== sealOf(segments))
      throw new RangeError('its segments do not match their checksum');
    for (const segment of segments) {
      let sum = 0;
      for (const place of this.places(segment.id, 0, 0xffffffff)) sum = sumOf(place, sum);
      if (sum !== segment.sum) throw new RangeError(`the bundles of segment ${segment.id} do not match their checksum`);
    }
  }

  /** The highest number of a series that has points here; -1 where none has. */
  highestRef(): number {
    return Number(this.#prepare('SELECT max(max_ref) AS ref FROM bundle').get()?.ref ?? -1);
  }

  data(place: number): Uint8Array | undefined {
    return this.#prepare('SELECT data FROM bundle WHERE id = ?').get(place)?.data as Uint8Array | undefined;
  }

  /** Runs reads that must see one state of the file. */
  snapshot<R>(read: () => R): R {
    this.#db.exec('BEGIN');
    try {
      return read();
    } finally {
      this.#db.exec('COMMIT');
    }
  }

  /** Starts a segment that nobody sees yet. */
  begin(level: number, day: number): number {
    const result = this.#prepare(
      'INSERT INTO segment (state, level, day, points, series, min_time, max_time, sum) VALUES (?, ?, ?, 0, 0, 0, 0, 0)',
    ).run(BUILDING, level, day);
    return Number(result.lastInsertRowid);
  }

  /** Adds bundles to a segment under construction, without waiting for the disk: `publish` does. */
  add(segment: number, bundles: readonly Bundle[]): void {
    this.#db.exec('PRAGMA synchronous = OFF; BEGIN IMMEDIATE');
    try {
      const insert = this.#prepare(
        'INSERT INTO bundle (segment, min_ref, max_ref, min_time, max_time, data) VALUES (?, ?, ?, ?, ?, ?)',
      );
      let sum = this.#sums.get(segment) ?? 0;
      for (const b of bundles) {
        const { lastInsertRowid } = insert.run(segment, b.minRef, b.maxRef, b.minTime, b.maxTime, b.data);
        sum = sumOf({ ...b, id: Number(lastInsertRowid) }, sum);
      }
      this.#db.exec('COMMIT');
      this.#sums.set(segment, sum);
    } catch (error) {
      this.rollback();
      throw error;
    } finally {
      this.#db.exec(`PRAGMA synchronous = ${this.#fsync ? 'FULL' : 'OFF'}`);
    }
  }

  /** Makes a finished segment visible in place of others, durably: one commit, whose fsync covers the steps before it. */
  publish(
    segment: number,
    totals: { points: number; series: number; minTime: number; maxTime: number },
    replaced: readonly number[],
  ): void {
    this.#db.exec('BEGIN IMMEDIATE');
    try {
      this.#prepare(
        'UPDATE segment SET state = ?, points = ?, series = ?, min_time = ?, max_time = ?, sum = ? WHERE id = ?',
      ).run(
        PUBLISHED,
        totals.points,
        totals.series,
        totals.minTime,
        totals.maxTime,
        this.#sums.get(segment) ?? 0,
        segment,
      );
      for (const old of replaced) this.#remove(old);
      this.#prepare('UPDATE seal SET sum = ? WHERE id = 1').run(sealOf(this.segments()));
      this.#db.exec('COMMIT');
    } catch (error) {
      this.rollback();
      throw error;
    }
  }

  /** Removes what a crash or a failure left half built. */
  clean(): void {
    const left = this.#prepare(`SELECT id FROM segment WHERE state = ${BUILDING}`).all();
    if (left.length === 0) return;
    this.#db.exec('BEGIN IMMEDIATE');
    try {
      for (const row of left) this.#remove(Number(row.id));
      this.#db.exec('COMMIT');
    } catch (error) {
      this.rollback();
      throw error;
    }
  }

  #remove(segment: number): void {
    this.#sums.delete(segment);
    this.#prepare('DELETE FROM bundle WHERE segment = ?').run(segment);
    this.#prepare('DELETE FROM segment WHERE id = ?').run(segment);
  }

  rollback(): void {
    if (this.#db.isTransaction) this.#db.exec('ROLLBACK');
  }

  /** Gives freed pages back and moves the log into the file, so that its size is what it holds. */
  checkpoint(): void {
    this.#db.exec('PRAGMA incremental_vacuum');
    this.#db.exec('PRAGMA wal_checkpoint(TRUNCATE)');
  }

  close(): void {
    this.#statements.clear();
    this.#db.close();
  }
}

function sumOf(place: BundlePlace, before: number): number {
  return crc32(Float64Array.of(place.id, place.minRef, place.maxRef, place.minTime, place.maxTime), before);
}

function sealOf(segments: readonly Segment[]): number {
  let sum = 0;
  for (const s of segments)
    sum = crc32(Float64Array.of(s.id, s.level, s.day, s.points, s.series, s.minTime, s.maxTime, s.sum), sum);
  return sum;
}
