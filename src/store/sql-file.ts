import { existsSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync, type SQLInputValue, type StatementSync } from 'node:sqlite';
import { isDamage, SQLITE_CORRUPT } from './block-folder.ts';
import type { SqlResult } from './protocol.ts';

/** Room that is held within the file and its log: alerts are written though the disk is full. */
const ROOM_BYTES = 512 << 10;

export const RECORDS_FILE = 'records.db';

/** The records database in one of the threads: runs SQL that the query builder on the main thread made. */
export class SqlFile {
  readonly #db: DatabaseSync;
  /** Prepared once: the same few dozen statements come again and again. */
  readonly #statements = new Map<string, StatementSync>();

  constructor(home: string, mode: 'write' | 'read', fsync: boolean) {
    this.#db = new DatabaseSync(join(home, RECORDS_FILE), { readOnly: mode === 'read', timeout: 5_000 });
    try {
      this.#db.exec('PRAGMA cache_size = -1024');
      if (mode === 'read') return;
      this.#db.exec(`PRAGMA journal_mode = WAL; PRAGMA synchronous = ${fsync ? 'FULL' : 'OFF'}`);
      requireSound(this.#db);
    } catch (error) {
      this.#db.close();
      throw error;
    }
  }

  /** For the writer: a damaged file goes aside and a new one is begun. */
  static openSound(home: string, fsync: boolean, onProblem: (text: string) => void): SqlFile {
    try {
      return new SqlFile(home, 'write', fsync);
    } catch (error) {
      if (!isDamage(error)) throw error;
      const path = join(home, RECORDS_FILE);
      const aside = `${path}.damaged-${Date.now()}`;
      renameSync(path, aside);
      if (existsSync(`${path}-wal`)) renameSync(`${path}-wal`, `${aside}-wal`);
      rmSync(`${path}-shm`, { force: true });
      onProblem(
        `${path} is damaged (${(error as Error).message}) and was set aside as ${aside}; new records are begun.`,
      );
      return new SqlFile(home, 'write', fsync);
    }
  }

  run(sql: string, parameters: readonly SQLInputValue[]): SqlResult {
    const statement = this.#prepare(sql);
    if (statement.columns().length > 0) {
      const rows = statement.all(...parameters) as Record<string, unknown>[];
      return { rows, changes: rows.length };
    }
    return { rows: [], changes: Number(statement.run(...parameters).changes) };
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

/** Reads the whole file once and throws, as SQLite would on meeting it, when its structure is damaged. Two seconds a gigabyte (207 MB in 0.45 s). */
export function requireSound(db: DatabaseSync): void {
  const found = db.prepare('PRAGMA quick_check(1)').get()?.quick_check;
  if (found !== 'ok') throw Object.assign(new Error(String(found)), { errcode: SQLITE_CORRUPT });
}
