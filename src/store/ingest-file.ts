import { join } from 'node:path';
import { DatabaseSync, type StatementSync } from 'node:sqlite';
import { AuspexError } from '../errors.ts';
import { sizeOf } from './block-folder.ts';
import { requireSound } from './sql-file.ts';
import type { NewSeries } from './protocol.ts';

export const INGEST_SCHEMA = 1;
export const INGEST_FILE = 'ingest.db';

/** The ingest database: the write-ahead, the series' definitions and how far the blocks reach. */
export class IngestFile {
  readonly path: string;
  readonly #db: DatabaseSync;
  readonly #insertRow: StatementSync;
  readonly #insertSeries: StatementSync;
  readonly #setState: StatementSync;

  /** Throws STORE_NEWER for a later schema, SQLite's errors on damage. */
  constructor(home: string, fsync: boolean) {
    this.path = join(home, INGEST_FILE);
    this.#db = new DatabaseSync(this.path, { timeout: 5_000 });
    try {
      this.#db.exec('PRAGMA journal_mode = WAL');
      this.#db.exec(
        `PRAGMA synchronous = ${fsync ? 'FULL' : 'OFF'}; PRAGMA cache_size = -2048; PRAGMA journal_size_limit = 67108864`,
      );
      this.#migrate();
      requireSound(this.#db);
    } catch (error) {
      this.#db.close();
      throw error;
    }
    this.#insertRow = this.#db.prepare('INSERT INTO write_ahead (position, points, data) VALUES (?, ?, ?)');
    this.#insertSeries = this.#db.prepare('INSERT OR IGNORE INTO series (ref, kind, labels) VALUES (?, ?, ?)');
    this.#setState = this.#db.prepare(
      'INSERT INTO state (name, value) VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET value = excluded.value',
    );
  }

  #migrate(): void {
    const version = Number(this.#db.prepare('PRAGMA user_version').get()?.user_version ?? 0);
    if (version > INGEST_SCHEMA) {
      throw new AuspexError(
        'STORE_NEWER',
        `${this.path} has schema ${version}; this Auspex knows up to ${INGEST_SCHEMA}.`,
      );
    }
    if (version === INGEST_SCHEMA) return;
    this.#db.exec(`BEGIN IMMEDIATE;
      CREATE TABLE IF NOT EXISTS series (ref INTEGER PRIMARY KEY, kind INTEGER NOT NULL, labels TEXT NOT NULL);
      CREATE TABLE IF NOT EXISTS write_ahead (position INTEGER PRIMARY KEY, points INTEGER NOT NULL, data BLOB NOT NULL);
      CREATE TABLE IF NOT EXISTS state (name TEXT PRIMARY KEY, value) WITHOUT ROWID;
      CREATE TABLE IF NOT EXISTS rolled (day INTEGER PRIMARY KEY);
      PRAGMA user_version = ${INGEST_SCHEMA};
      COMMIT`);
  }

  /** Runs work as one durable transaction. */
  commit(work: () => void): void {
    this.#db.exec('BEGIN IMMEDIATE');
    try {
      work();
      this.#db.exec('COMMIT');
    } catch (error) {
      if (this.#db.isTransaction) this.#db.exec('ROLLBACK');
      throw error;
    }
  }

  addRow(position: number, points: number, data: Uint8Array): void {
    this.#insertRow.run(position, points, data);
  }

  addSeries(series: NewSeries): void {
    for (let i = 0; i < series.labels.length; i++)
      this.#insertSeries.run(series.firstRef + i, series.kinds[i], series.labels[i]);
  }

  get(name: 'flushed' | 'lastPoints'): unknown {
    return this.#db.prepare('SELECT value FROM state WHERE name = ?').get(name)?.value;
  }

  set(name: 'flushed' | 'lastPoints', value: number | Uint8Array): void {
    this.#setState.run(name, value);
  }

  highestRef(): number {
    return Number(this.#db.prepare('SELECT max(ref) AS ref FROM series').get()?.ref ?? -1);
  }

  highestPosition(): number {
    return Number(this.#db.prepare('SELECT max(position) AS position FROM write_ahead').get()?.position ?? 0);
  }

  /** Rows behind a position, in order. */
  *rowsAfter(position: number): Generator<{ position: number; points: number; data: Uint8Array }> {
    const statement = this.#db.prepare(
      'SELECT position, points, data FROM write_ahead WHERE position > ? ORDER BY position LIMIT 64',
    );
    let after = position;
    for (;;) {
      const rows = statement.all(after) as unknown as { position: number; points: number; data: Uint8Array }[];
      if (rows.length === 0) return;
      yield* rows;
      after = rows[rows.length - 1].position;
    }
  }

  /** Removes some rows up to a position; true when more are left. */
  forget(position: number, limit: number): boolean {
    const result = this.#db
      .prepare(
        'DELETE FROM write_ahead WHERE position IN (SELECT position FROM write_ahead WHERE position <= ? ORDER BY position LIMIT ?)',
      )
      .run(position, limit);
    return Number(result.changes) === limit;
  }

  /** How far rows must go from the front to bring the kept bytes under a bound. */
  bytes(): number {
    return sizeOf(this.path) + sizeOf(`${this.path}-wal`);
  }

  rowBytes(): number {
    return Number(
      this.#db.prepare('SELECT coalesce(sum(length(data)), 0) AS bytes FROM write_ahead').get()?.bytes ?? 0,
    );
  }

  /** Days whose rollups hold all that the raw points hold. */
  rolledDays(): Set<number> {
    return new Set(
      this.#db
        .prepare('SELECT day FROM rolled')
        .all()
        .map((row) => Number(row.day)),
    );
  }

  setRolled(day: number, rolled: boolean): void {
    if (rolled) this.#db.prepare('INSERT OR IGNORE INTO rolled (day) VALUES (?)').run(day);
    else this.#db.prepare('DELETE FROM rolled WHERE day = ?').run(day);
  }

  close(): void {
    try {
      this.#db.exec('PRAGMA wal_checkpoint(TRUNCATE)');
    } catch {
      // a full disk: the log stays beside the file and is read at the next start
    }
    this.#db.close();
  }
}
