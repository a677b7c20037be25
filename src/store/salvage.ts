import { existsSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { DatabaseSync, type SQLInputValue, type StatementSync } from 'node:sqlite';
import { sqliteCode } from './block-folder.ts';
import { SUM_COLUMN, rowSum } from './row-sum.ts';

/*
 * What can still be read of a damaged SQLite file, row by row, into a new one. It goes through the file’s own trees: pages
 * that are not in use any more hold rows that were removed, and those must not come back.
 */

/** Beyond so many places in a row that cannot be read, the steps grow. */
const CLOSE_PROBES = 20_000;
const PROBE_STEP = 64;

/** What was found of one table. */
export interface TableSalvage {
  readonly table: string;
  readonly kept: number;
  /** Rows that could be read but are not as they were written. */
  readonly damaged: number;
  /** Stretches that could not be read, and how many rows those can have had at most; null where that cannot be told. */
  readonly gaps: number;
  readonly missing: number | null;
}

/**
 * Puts a damaged file and its log under another name, so that nothing trips over it again. What is to be read from it is
 * noted first: a start that is killed on the way goes on with it.
 */
export function setAside(path: string): string {
  const aside = `${path}.damaged-${Date.now()}`;
  writeFileSync(markOf(path), basename(aside), { flush: true, mode: 0o600 });
  rmSync(unsoundOf(path), { force: true });
  renameSync(path, aside);
  if (existsSync(`${path}-wal`)) renameSync(`${path}-wal`, `${aside}-wal`);
  rmSync(`${path}-shm`, { force: true });
  return aside;
}

/** The file that was set aside and not read to its end yet. */
export function unfinishedSalvage(path: string): string | null {
  if (!existsSync(markOf(path))) return null;
  const aside = join(dirname(path), basename(readFileSync(markOf(path), 'utf8').trim()));
  if (existsSync(aside)) return aside;
  // Killed between the note and the renaming: the file is still in its place.
  rmSync(markOf(path), { force: true });
  return null;
}

/** Notes that a file which was set aside has been read. */
export function salvageDone(path: string): void {
  rmSync(markOf(path), { force: true });
}

/**
 * Notes that a damaged page was met while a file was in use: SQLite's own check at the next start does not find all that its
 * statements trip over.
 */
export function noteUnsound(path: string): void {
  try {
    writeFileSync(unsoundOf(path), '', { mode: 0o600 });
  } catch {
    // A disk that is full, too: it is met again.
  }
}

/** Whether a damaged page was met in it. */
export function isNotedUnsound(path: string): boolean {
  return existsSync(unsoundOf(path));
}

function unsoundOf(path: string): string {
  return `${path}.unsound`;
}

function markOf(path: string): string {
  return `${path}.salvage`;
}

/** Opens a damaged file for reading what is there: SQLite then passes over what it cannot make out of the schema. */
export function openDamaged(path: string): DatabaseSync | null {
  try {
    const db = new DatabaseSync(path, { readOnly: true, timeout: 5_000, defensive: false });
    db.exec('PRAGMA writable_schema = ON; PRAGMA cell_size_check = ON');
    return db;
  } catch {
    return null;
  }
}

export interface SalvageOptions {
  readonly from: DatabaseSync;
  readonly to: DatabaseSync;
  /** What becomes of a row that is not as it was written; `keep` keeps it as it is. */
  readonly onDamaged: (table: string, columns: readonly string[], cells: readonly unknown[]) => 'keep' | 'drop';
}

/** Copies the rows of one table that can be read and, where they have checksums, are as they were written. O(rows). */
export function salvageTable({ from, to, onDamaged }: SalvageOptions, table: string): TableSalvage {
  const columns = columnsIn(to, table);
  const summedAt = columns.indexOf(SUM_COLUMN);
  const there = columnsIn(from, table).length;
  if (there === 0) return { table, kept: 0, damaged: 0, gaps: 1, missing: null };
  const hasSums = summedAt >= 0 && there > summedAt;
  const insert = to.prepare(
    `INSERT OR IGNORE INTO "${table}" (${columns.map((name) => `"${name}"`).join(', ')}) VALUES (${columns.map(() => '?').join(', ')})`,
  );
  const reading = new RowReading(from, table, isWithoutRowid(to, table) ? `"${columns[0]}"` : 'rowid');
  let kept = 0;
  let damaged = 0;
  for (const found of reading.rows()) {
    const cells = columns.map((_, i) => (i < there ? (found[i] ?? null) : null));
    if (summedAt >= 0) {
      const summed = cells.filter((_, i) => i !== summedAt);
      const sum = rowSum(table, summed);
      if (!hasSums) cells[summedAt] = sum;
      else if (Number(cells[summedAt]) !== sum) {
        damaged++;
        const names = columns.filter((_, i) => i !== summedAt);
        if (onDamaged(table, names, summed) === 'drop') continue;
      }
    }
    kept += Number(insert.run(...(cells as SQLInputValue[])).changes);
  }
  return { table, kept, damaged, gaps: reading.gaps, missing: reading.missing };
}

/** By place, so that a damaged name of a column costs nothing. */
function columnsIn(db: DatabaseSync, table: string): string[] {
  try {
    return db
      .prepare(`PRAGMA table_info("${table}")`)
      .all()
      .map((row) => String(row.name));
  } catch (error) {
    if (!isOfSqlite(error)) throw error;
    return [];
  }
}

function isWithoutRowid(db: DatabaseSync, table: string): boolean {
  return Number(db.prepare(`SELECT wr FROM pragma_table_list WHERE schema = 'main' AND name = ?`).get(table)?.wr) === 1;
}

type Key = bigint | Uint8Array | string;

/** Reads a table in the order of its key and goes on behind what cannot be read. */
class RowReading {
  readonly #db: DatabaseSync;
  readonly #table: string;
  readonly #key: string;
  #probe: StatementSync | null = null;
  gaps = 0;
  missing: number | null = 0;

  constructor(db: DatabaseSync, table: string, key: string) {
    this.#db = db;
    this.#table = table;
    this.#key = key;
  }

  *rows(): Generator<unknown[]> {
    let after: Key | null = null;
    for (;;) {
      try {
        for (const row of this.#open(after)) {
          after = row[0] as Key;
          yield row.slice(1);
        }
        return;
      } catch (error) {
        if (!isOfSqlite(error)) throw error;
      }
      this.gaps++;
      const next = this.#behind(after);
      if (next === null) {
        this.missing = null;
        return;
      }
      this.#count(after, next);
      after = next;
    }
  }

  #open(after: Key | null): Iterable<unknown[]> {
    const statement = this.#prepare('', after !== null);
    return statement.iterate(...(after === null ? [] : [after])) as unknown as Iterable<unknown[]>;
  }

  #prepare(ending: string, isBehind: boolean): StatementSync {
    const where = isBehind ? `WHERE ${this.#key} > ?` : '';
    const statement = this.#db.prepare(
      `SELECT ${this.#key}, * FROM "${this.#table}" NOT INDEXED ${where} ORDER BY ${this.#key} ${ending}`,
    );
    statement.setReturnArrays(true);
    statement.setReadBigInts(true);
    return statement;
  }

  /** True when the first row behind a key can be read, or there is none. */
  #canRead(after: Key): boolean {
    try {
      this.#probe ??= this.#prepare('LIMIT 1', true);
      this.#probe.get(after);
      return true;
    } catch (error) {
      if (!isOfSqlite(error)) throw error;
      return false;
    }
  }

  /** The first key behind `after` from which reading goes on; null when none was found. */
  #behind(after: Key | null): Key | null {
    if (this.#key !== 'rowid') {
      for (const key of keysBehind(after)) if (this.#canRead(key)) return key;
      return null;
    }
    let low = typeof after === 'bigint' ? after : -1n;
    let step = 1n;
    for (let probe = 1; low < 1n << 52n; probe++) {
      const at = low + step;
      if (this.#canRead(at)) return this.#lowest(low, at);
      low = at;
      if (step < PROBE_STEP || probe > CLOSE_PROBES) step *= 2n;
    }
    return null;
  }

  /** Between a place that cannot be read and one that can, the first that can. */
  #lowest(low: bigint, high: bigint): bigint {
    let [bad, good] = [low, high];
    while (good - bad > 1n) {
      const middle = (bad + good) / 2n;
      if (this.#canRead(middle)) good = middle;
      else bad = middle;
    }
    return good;
  }

  #count(after: Key | null, next: Key): void {
    if (this.missing === null) return;
    if (typeof next !== 'bigint') this.missing = null;
    else this.missing += Number(next - (typeof after === 'bigint' ? after : 0n));
  }
}

/** Keys of bytes in ascending order behind one: close ones first, then every pair of first bytes. */
function* keysBehind(after: Key | null): Generator<Uint8Array> {
  const start = after instanceof Uint8Array ? after : new Uint8Array([0, 0]);
  for (let length = start.length; length >= 2; length--) {
    const prefix = start.slice(0, length);
    for (let byte = start[length - 1] + 1; byte <= 255; byte++) {
      prefix[length - 1] = byte;
      yield prefix.slice();
    }
  }
  for (let first = start[0] + 1; first <= 3; first++)
    for (let second = 0; second <= 255; second++) yield new Uint8Array([first, second]);
}

/** Whatever SQLite says of a damaged file, a schema that names no such table included. */
function isOfSqlite(error: unknown): boolean {
  return sqliteCode(error) !== -1;
}

/** What became of the tables, in words: what was kept, then what was lost. */
export function salvageWords(tables: readonly TableSalvage[]): string {
  const kept = tables.filter((one) => one.kept > 0).map((one) => `${one.kept} of ${one.table}`);
  const lost = tables.filter((one) => one.gaps > 0 || one.damaged > 0).map(lossOf);
  return `Kept: ${kept.length === 0 ? 'nothing' : kept.join(', ')}. Lost: ${lost.length === 0 ? 'nothing' : lost.join(', ')}.`;
}

function lossOf({ table, kept, damaged, gaps, missing }: TableSalvage): string {
  const parts: string[] = [];
  if (damaged > 0) parts.push(`${damaged} ${damaged === 1 ? 'row' : 'rows'} of ${table} that were not as written`);
  if (gaps > 0 && kept === 0 && damaged === 0) parts.push(`all of ${table}`);
  else if (gaps > 0)
    parts.push(
      missing === null
        ? `an unknown part of ${table}`
        : `up to ${missing} ${missing === 1 ? 'row' : 'rows'} of ${table}`,
    );
  return parts.join(' and ');
}
