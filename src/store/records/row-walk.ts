import { setTimeout as pause } from 'node:timers/promises';
import { type RawBuilder, sql } from 'kysely';
import type { TableName } from '../../model/index.ts';
import { DAMAGED_ROWS, KEPT_AS_FOUND } from '../sql-file.ts';
import type { RowGuard } from './row-guard.ts';
import type { Db } from './symbol-table.ts';
import { type Index, tableNames, tables } from './tables.ts';

const AT_ONCE = 500;
/** Between two steps, so that a walk through a million rows is no more than a few percent of a core for a minute. */
const PAUSE_MS = 25;
const DAY_MS = 86_400_000;
const KEEP_DAMAGED_SECONDS = 30 * 86_400;
/** The first walk waits until the start is over. */
const FIRST_AFTER_MS = 20_000;

type Key = number | Uint8Array;

/**
 * Walks through all rows and their indexes: a row that is damaged in a column that is asked for is found by no question,
 * and a damaged index leaves out rows that are sound. Begins by itself after the start and once a day.
 */
export class RowWalk {
  readonly #db: Db;
  readonly #guard: RowGuard;
  #timer: NodeJS.Timeout;
  #running: Promise<void> | null = null;
  #pauseMs = PAUSE_MS;
  #closed = false;

  constructor(db: Db, guard: RowGuard) {
    this.#db = db;
    this.#guard = guard;
    this.#timer = this.#after(FIRST_AFTER_MS);
  }

  #after(ms: number): NodeJS.Timeout {
    return setTimeout(() => {
      this.run(PAUSE_MS)
        .catch(() => {}) // told by whoever asks next: a file that cannot be read refuses its questions too
        .finally(() => {
          if (!this.#closed) this.#timer = this.#after(DAY_MS);
        });
    }, ms).unref();
  }

  /** One walk; without pauses it takes some 5 µs a row and index. Ends when what it found has been set aside. */
  run(pauseMs = 0): Promise<void> {
    this.#pauseMs = Math.min(pauseMs, this.#running === null ? pauseMs : this.#pauseMs);
    this.#running ??= this.#walk().finally(() => {
      this.#running = null;
    });
    return this.#running;
  }

  async close(): Promise<void> {
    clearTimeout(this.#timer);
    this.#closed = true;
    await this.#running?.catch(() => {});
    await this.#guard.settled();
  }

  async #walk(): Promise<void> {
    await this.#checkSymbols();
    for (const table of tableNames) {
      await this.#walkTable(table);
      await this.#compareCounts(table);
    }
    await sql`delete from ${sql.table(DAMAGED_ROWS)} where found_at < (unixepoch() - ${sql.lit(KEEP_DAMAGED_SECONDS)}) * 1000`.execute(
      this.#db,
    );
    await this.#guard.settled();
    await this.#guard.tellSetAside();
  }

  async #checkSymbols(): Promise<void> {
    const { rows } = await sql<{ bad: number; rows: number; copies: number }>`select
      (select count(*) from symbols not indexed where row_sum is not auspex_sum('symbols', id, text)) as bad,
      (select count(*) from symbols not indexed) as rows,
      (select count(*) from symbols indexed by symbols_copy where row_sum is auspex_sum('symbols', id, text)) as copies`.execute(
      this.#db,
    );
    const [found] = rows;
    if (found !== undefined && (found.bad > 0 || found.rows !== found.copies)) this.#guard.mendSymbolsSoon();
    await this.#guard.settled();
  }

  async #walkTable(table: TableName): Promise<void> {
    // Tables without an index have no row numbers: the id is their key.
    const key = sql.ref(`${table}.${tables[table].indexes.length === 0 ? 'id' : 'rowid'}`);
    let after: Key | null = null;
    while (!this.#closed) {
      const from: RawBuilder<unknown> = after === null ? sql`1 = 1` : sql`${key} > ${after}`;
      const { rows } = await sql<{ last: Key | null; count: number }>`select max(k) as last, count(*) as count from
        (select ${key} as k from ${sql.table(table)} not indexed where ${from} order by ${key} limit ${sql.lit(AT_ONCE)})`.execute(
        this.#db,
      );
      const last: Key | null = rows[0]?.last ?? null;
      if (last === null) return;
      const stretch = sql`${from} and ${key} <= ${last}`;
      await this.#checkRows(table, stretch);
      if (tables[table].indexes.length > 0) await this.#checkIndexes(table, stretch);
      if (Number(rows[0]?.count) < AT_ONCE) return;
      after = last;
      if (this.#pauseMs > 0) await pause(this.#pauseMs, undefined, { ref: false });
    }
  }

  async #checkRows(table: TableName, stretch: RawBuilder<unknown>): Promise<void> {
    const { rows } = await sql<{ id: unknown }>`select id from ${sql.table(table)} not indexed
      where ${stretch} and ${this.#guard.unsoundCondition(table)}`.execute(this.#db);
    if (rows.length === 0) return;
    if (table === KEPT_AS_FOUND)
      return this.#guard.reportAsFound(rows.map((row) => row.id).filter((id) => id instanceof Uint8Array));
    await this.#guard.setAside(table, stretch);
  }

  /** Every row must be found by each index under its own cells. */
  async #checkIndexes(table: TableName, stretch: RawBuilder<unknown>): Promise<void> {
    const missing = indexesOf(table).map(({ name, columns }) => {
      const same = columns.map((column) => sql`copy.${sql.ref(column)} is ${sql.ref(`${table}.${column}`)}`);
      return sql`not exists (select 1 from ${sql.table(table)} as copy indexed by ${sql.ref(name)}
        where ${sql.join(same, sql` and `)} and copy.rowid = ${sql.ref(`${table}.rowid`)})`;
    });
    const { rows } = await sql`select 1 from ${sql.table(table)} not indexed
      where ${stretch} and (${sql.join(missing, sql` or `)}) limit 1`.execute(this.#db);
    if (rows.length > 0) await this.#guard.remakeIndexes(table);
  }

  /** An index may also know rows that are not there. */
  async #compareCounts(table: TableName): Promise<void> {
    if (this.#closed || tables[table].indexes.length === 0) return;
    const counts = indexesOf(table).map(
      ({ name }) => sql`(select count(*) from ${sql.table(table)} indexed by ${sql.ref(name)})`,
    );
    const { rows } = await sql`select 1 as found from (select count(*) as n from ${sql.table(table)} not indexed)
      where ${sql.join(
        counts.map((count) => sql`n <> ${count}`),
        sql` or `,
      )}`.execute(this.#db);
    if (rows.length > 0) await this.#guard.remakeIndexes(table);
  }
}

function indexesOf(table: TableName): readonly { readonly name: string; readonly columns: Index }[] {
  const own = tables[table].indexes.map((columns) => ({ name: `${table}_by_${columns.join('_')}`, columns }));
  return [{ name: `sqlite_autoindex_${table}_1`, columns: ['id'] }, ...own];
}
