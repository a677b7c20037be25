import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync, type SQLInputValue, type StatementSync } from 'node:sqlite';
import { crc32 } from 'node:zlib';
import { AuspexError } from '../errors.ts';
import { isDamage, sizeOf, sqliteCode } from './block-folder.ts';
import type { SqlResult } from './protocol.ts';
import { judgeMigrationNames } from './records/migration-names.ts';
import { addSumFunction, rowSum, SUM_COLUMN } from './row-sum.ts';
import { SQLITE_CORRUPT } from './sqlite-codes.ts';
import {
  isNotedUnsound,
  noteUnsound,
  openDamaged,
  salvageDone,
  setAside,
  type TableSalvage,
  salvageTable,
  unfinishedSalvage,
} from './salvage.ts';

/** Room that is held within the file and its log: alerts are written though the disk is full. */
const ROOM_BYTES = 512 << 10;

export const RECORDS_FILE = 'records.db';
/** Rows that are not as they were written are kept here, for who wants to look. */
export const DAMAGED_ROWS = 'damaged_rows';
/** Whose rows show by themselves that they were changed, and are kept as they are found: the hash of the audit log does more than a checksum. */
export const KEPT_AS_FOUND = 'audit_log';

/** The records database in one of the threads: runs SQL that the query builder on the main thread made. */
export class SqlFile {
  readonly #db: DatabaseSync;
  readonly #path: string;
  /** Prepared once: the same few dozen statements come again and again. */
  readonly #statements = new Map<string, StatementSync>();

  constructor(home: string, mode: 'write' | 'read', fsync: boolean) {
    this.#path = join(home, RECORDS_FILE);
    this.#db = new DatabaseSync(this.#path, { readOnly: mode === 'read', timeout: 5_000 });
    try {
      addSumFunction(this.#db);
      this.#db.exec('PRAGMA cache_size = -1024');
      if (mode === 'read') return;
      this.#db.exec(`PRAGMA journal_mode = WAL; PRAGMA synchronous = ${fsync ? 'FULL' : 'OFF'}`);
      if (isNotedUnsound(this.#path)) throw damage('a damaged page was met while it was in use');
      requireSound(this.#db);
      requireSchema(this.#db);
    } catch (error) {
      this.#db.close();
      throw error;
    }
  }

  /** For the writer: a damaged file goes aside and a new one is begun, into which `salvage` brings what can still be read. */
  static openSound(home: string, fsync: boolean, onProblem: (text: string) => void): SqlFile {
    const path = join(home, RECORDS_FILE);
    // SQLite takes an empty file for a new one.
    if (sizeOf(path) === 0 && unfinishedSalvage(path) === null && existsSync(join(home, 'audit.head')))
      onProblem(`${path} is missing or empty, though there was one here: new records are begun.`);
    try {
      return new SqlFile(home, 'write', fsync);
    } catch (error) {
      if (!isDamage(error)) throw error;
      refuseNewer(path);
      const aside = setAside(path);
      onProblem(`${path} is damaged (${(error as Error).message}) and was set aside as ${aside}.`);
      return new SqlFile(home, 'write', fsync);
    }
  }

  /**
   * Brings the rows of the file that was set aside into this one, whose tables are there and empty; null where none was.
   * All or nothing: a kill on the way begins anew with the next start.
   */
  salvage(): readonly TableSalvage[] | null {
    const aside = unfinishedSalvage(this.#path);
    if (aside === null) return null;
    const from = openDamaged(aside);
    const found: TableSalvage[] = [];
    if (from !== null) {
      this.#db.exec('BEGIN IMMEDIATE');
      try {
        for (const table of tablesOf(this.#db)) found.push(this.#salvageTable(from, table));
        addSymbolCopies(from, this.#db);
        this.#db.exec('COMMIT');
      } catch (error) {
        if (this.#db.isTransaction) this.#db.exec('ROLLBACK');
        throw error;
      } finally {
        from.close();
      }
    }
    salvageDone(this.#path);
    return found;
  }

  #salvageTable(from: DatabaseSync, table: string): TableSalvage {
    const keep = this.#db.prepare(
      `INSERT INTO ${DAMAGED_ROWS} (table_name, found_at, cells) VALUES (?, cast(unixepoch('subsec') * 1000 as integer), ?)`,
    );
    return salvageTable(
      {
        from,
        to: this.#db,
        onDamaged(name, _columns, cells) {
          if (name === KEPT_AS_FOUND) return 'keep';
          keep.run(name, JSON.stringify(cells.map(readable)));
          return 'drop';
        },
      },
      table,
    );
  }

  /** Notes how the schema reads, so that a change of its words is found at the next start. */
  sealSchema(): void {
    const seal = schemaSum(this.#db);
    if (sealOf(this.#db) !== seal) this.#db.exec(`PRAGMA user_version = ${seal}`);
  }

  run(sql: string, parameters: readonly SQLInputValue[]): SqlResult {
    try {
      const statement = this.#prepare(sql);
      if (statement.columns().length > 0) {
        const rows = allRows(statement, parameters);
        return { rows, changes: rows.length };
      }
      return { rows: [], changes: Number(statement.run(...parameters).changes) };
    } catch (error) {
      if (isDamage(error)) noteUnsound(this.#path);
      throw error;
    }
  }

  /**
   * Makes sure of free pages in the file and of a log that long, which no other program can take away: what a full disk
   * does to a machine is just what must be written down. Cheap where it was done before; without effect on a full disk.
   */
  holdRoom(): void {
    try {
      this.#db.exec('CREATE TABLE IF NOT EXISTS held_room (bytes BLOB)');
      // Free pages of an earlier start are used again; the log is made anew by each process.
      this.#db.prepare('INSERT INTO held_room VALUES (zeroblob(?))').run(ROOM_BYTES);
      this.#db.exec('PRAGMA wal_checkpoint(PASSIVE)');
      this.#db.exec('DROP TABLE held_room');
      this.#db.exec('PRAGMA wal_checkpoint(PASSIVE)');
    } catch {
      // There is no room to hold: the start goes on without.
    }
  }

  #prepare(sql: string): StatementSync {
    let statement = this.#statements.get(sql);
    if (statement !== undefined) this.#statements.delete(sql);
    else statement = this.#db.prepare(sql);
    this.#statements.set(sql, statement);
    if (this.#statements.size > 100) {
      const [oldest] = this.#statements.keys();
      if (oldest !== undefined) this.#statements.delete(oldest);
    }
    return statement;
  }

  close(): void {
    this.#statements.clear();
    this.#db.close();
  }
}

/** A damaged file of a newer version is that version’s to mend. */
function refuseNewer(path: string): void {
  const db = openDamaged(path);
  if (db === null) return;
  try {
    const names = db.prepare('SELECT name FROM kysely_migration').all();
    const { newer } = judgeMigrationNames(names.map((row) => String(row.name)));
    if (newer === null) return;
    throw new AuspexError(
      'STORE_NEWER',
      `The records in ${path} have the schema change “${newer}”, which this Auspex does not know.`,
    );
  } catch (error) {
    if (error instanceof AuspexError) throw error;
    // Not even that can be read.
  } finally {
    db.close();
  }
}

/** The texts that rows share have a second copy in an index; one of the two is enough. */
function addSymbolCopies(from: DatabaseSync, to: DatabaseSync): void {
  const insert = to.prepare('INSERT OR IGNORE INTO symbols (id, text) VALUES (?, ?)');
  for (const order of ['ASC', 'DESC'])
    try {
      const copies = from.prepare(
        `SELECT id, text, ${SUM_COLUMN} AS sum FROM symbols INDEXED BY symbols_copy ORDER BY text ${order}`,
      );
      for (const { id, text, sum } of copies.iterate())
        if (sum === rowSum('symbols', [id, text]) && typeof text === 'string') insert.run(Number(id), text);
    } catch (error) {
      if (sqliteCode(error) === -1) throw error;
      // Up to here, and then from the other end.
    }
}

/** A damaged cell can hold an integer that no number holds exactly: the row must not take the others of the answer with it. */
function allRows(statement: StatementSync, parameters: readonly SQLInputValue[]): Record<string, unknown>[] {
  try {
    return statement.all(...parameters) as Record<string, unknown>[];
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'ERR_OUT_OF_RANGE')) throw error;
  }
  statement.setReadBigInts(true);
  try {
    const rows = statement.all(...parameters) as Record<string, unknown>[];
    for (const row of rows)
      for (const [name, cell] of Object.entries(row)) if (typeof cell === 'bigint') row[name] = Number(cell);
    return rows;
  } finally {
    statement.setReadBigInts(false);
  }
}

function readable(cell: unknown): unknown {
  if (cell instanceof Uint8Array) return `x'${Buffer.from(cell).toString('hex')}'`;
  return typeof cell === 'bigint' ? String(cell) : cell;
}

function tablesOf(db: DatabaseSync): string[] {
  return db
    .prepare("SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name")
    .all()
    .map((row) => String(row.name))
    .filter((name) => !/^(?:sqlite_|kysely_)/.test(name) && name !== 'held_room');
}

/** Reads the whole file once and throws, as SQLite would on meeting it, when its structure is damaged. Two seconds a gigabyte (207 MB in 0.45 s). */
export function requireSound(db: DatabaseSync): void {
  const found = db.prepare('PRAGMA quick_check(1)').get()?.quick_check;
  if (found !== 'ok') throw damage(String(found));
}

/** A name of a column whose bits were turned would make every statement fail, at each start again. */
function requireSchema(db: DatabaseSync): void {
  const seal = sealOf(db);
  if (seal !== 0 && seal !== schemaSum(db)) throw damage('its schema is not as it was written');
}

function schemaSum(db: DatabaseSync): number {
  const rows = db
    .prepare("SELECT type, name, tbl_name, sql FROM sqlite_master WHERE name <> 'held_room' ORDER BY type, name")
    .all();
  return crc32(JSON.stringify(rows)) | 0;
}

function sealOf(db: DatabaseSync): number {
  return Number(db.prepare('PRAGMA user_version').get()?.user_version ?? 0);
}

function damage(words: string): Error {
  return Object.assign(new Error(words), { errcode: SQLITE_CORRUPT });
}
