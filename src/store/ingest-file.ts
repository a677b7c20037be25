import { join } from 'node:path';
import { DatabaseSync, type StatementSync } from 'node:sqlite';
import { sizeOf } from './block-folder.ts';
import { schemaVersion, setSchemaVersion } from './file-version.ts';
import { addSumFunction, rowSum } from './row-sum.ts';
import { openDamaged, type TableSalvage, salvageTable } from './salvage.ts';
import { requireSound } from './sql-file.ts';
import type { NewSeries } from './protocol.ts';

export const INGEST_SCHEMA = 2;
export const INGEST_FILE = 'ingest.db';

const TABLES = ['series', 'state', 'rolled', 'write_ahead'];

type StateName = 'flushed' | 'lastPoints' | 'nextRef' | 'definitions';

/**
 * The ingest database: the write-ahead, the series' definitions and how far the blocks reach. Rows of the write-ahead carry
 * a checksum in themselves, all others one beside their cells.
 */
export class IngestFile {
  readonly path: string;
  readonly #db: DatabaseSync;
  readonly #insertRow: StatementSync;
  readonly #insertSeries: StatementSync;
  readonly #setState: StatementSync;
  readonly #problems: string[] = [];

  /** Throws STORE_NEWER for a later schema, SQLite's errors on damage. */
  constructor(home: string, fsync: boolean) {
    this.path = join(home, INGEST_FILE);
    this.#db = new DatabaseSync(this.path, { timeout: 5_000 });
    try {
      addSumFunction(this.#db);
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
    this.#insertSeries = this.#db.prepare(
      'INSERT OR IGNORE INTO series (ref, kind, labels, row_sum) VALUES (?, ?, ?, ?)',
    );
    this.#setState = this.#db.prepare(
      `INSERT INTO state (name, value, row_sum) VALUES (?, ?, ?)
       ON CONFLICT (name) DO UPDATE SET value = excluded.value, row_sum = excluded.row_sum`,
    );
  }

  #migrate(): void {
    const version = schemaVersion(this.#db, this.path, INGEST_SCHEMA);
    if (version === INGEST_SCHEMA) return;
    this.#db.exec('BEGIN IMMEDIATE');
    this.#db.exec(`
      CREATE TABLE IF NOT EXISTS series (ref INTEGER PRIMARY KEY, kind INTEGER NOT NULL, labels TEXT NOT NULL);
      CREATE TABLE IF NOT EXISTS write_ahead (position INTEGER PRIMARY KEY, points INTEGER NOT NULL, data BLOB NOT NULL);
      CREATE TABLE IF NOT EXISTS state (name TEXT PRIMARY KEY, value) WITHOUT ROWID;
      CREATE TABLE IF NOT EXISTS rolled (day INTEGER PRIMARY KEY);
`);
    // Computed once for what is there: that counts as written.
    for (const [table, columns] of Object.entries({ series: 'ref, kind, labels', state: 'name, value', rolled: 'day' }))
      this.#db.exec(`ALTER TABLE ${table} ADD COLUMN row_sum INTEGER;
        UPDATE ${table} SET row_sum = auspex_sum('${table}', ${columns})`);
    const { next, count } = this.#db
      .prepare('SELECT coalesce(max(ref) + 1, 0) AS next, count(*) AS count FROM series')
      .get() as {
      next: number;
      count: number;
    };
    const set = this.#db.prepare('INSERT INTO state (name, value, row_sum) VALUES (?, ?, ?)');
    set.run('nextRef', next, rowSum('state', ['nextRef', next]));
    set.run('definitions', count, rowSum('state', ['definitions', count]));
    setSchemaVersion(this.#db, INGEST_SCHEMA);
    this.#db.exec('COMMIT');
  }

  /** What was found damaged since it was last asked, one line each. */
  takeProblems(): string[] {
    return this.#problems.splice(0);
  }

  /** Brings over what can still be read of a damaged file. The rows of the write-ahead are checked when they are read. */
  salvage(aside: string): readonly TableSalvage[] {
    const from = openDamaged(aside);
    if (from === null) return [];
    this.#db.exec('BEGIN IMMEDIATE; DELETE FROM state');
    try {
      const found = TABLES.map((table) => salvageTable({ from, to: this.#db, onDamaged: () => 'drop' }, table));
      this.#db.exec('COMMIT');
      return found;
    } catch (error) {
      if (this.#db.isTransaction) this.#db.exec('ROLLBACK');
      throw error;
    } finally {
      from.close();
    }
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
    let added = 0;
    for (let i = 0; i < series.labels.length; i++) {
      const cells = [series.firstRef + i, series.kinds[i], series.labels[i]] as const;
      added += Number(this.#insertSeries.run(...cells, rowSum('series', cells)).changes);
    }
    this.set('nextRef', Math.max(this.number('nextRef') ?? 0, series.firstRef + series.labels.length));
    this.set('definitions', (this.number('definitions') ?? 0) + added);
  }

  /** Undefined also where the value is not as it was written, which is named. */
  get(name: StateName): unknown {
    const row = this.#db.prepare('SELECT value, row_sum FROM state WHERE name = ?').get(name);
    if (row === undefined || Number(row.row_sum) === rowSum('state', [name, row.value])) return row?.value;
    this.#problems.push(`“${name}” in ${this.path} is not as it was written and was left out.`);
    return undefined;
  }

  number(name: StateName): number | undefined {
    const value = this.get(name);
    return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0 ? value : undefined;
  }

  set(name: StateName, value: number | Uint8Array): void {
    this.#setState.run(name, value, rowSum('state', [name, value]));
  }

  /** How many definitions are there, and the highest number among them; -1 where there are none. */
  countSeries(): { readonly count: number; readonly highest: number } {
    const row = this.#db.prepare('SELECT count(*) AS count, coalesce(max(ref), -1) AS highest FROM series').get();
    return { count: Number(row?.count), highest: Number(row?.highest) };
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
        .prepare("SELECT day FROM rolled WHERE row_sum IS auspex_sum('rolled', day)")
        .all()
        .map((row) => Number(row.day)),
    );
  }

  setRolled(day: number, rolled: boolean): void {
    if (rolled)
      this.#db.prepare('INSERT OR REPLACE INTO rolled (day, row_sum) VALUES (?, ?)').run(day, rowSum('rolled', [day]));
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
