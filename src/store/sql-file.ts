import { join } from 'node:path';
import { DatabaseSync, type SQLInputValue, type StatementSync } from 'node:sqlite';
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
    this.#db.exec('PRAGMA cache_size = -1024');
    if (mode === 'write') this.#db.exec(`PRAGMA journal_mode = WAL; PRAGMA synchronous = ${fsync ? 'FULL' : 'OFF'}`);
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
