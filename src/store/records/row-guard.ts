import { type RawBuilder, sql } from 'kysely';
import type { TableName } from '../../model/index.ts';
import { rowSum, SUM_COLUMN } from '../row-sum.ts';
import { DAMAGED_ROWS, KEPT_AS_FOUND } from '../sql-file.ts';
import { fieldsOf } from './conditions.ts';
import type { Cell } from './fields.ts';
import { columnNames, sumExpression } from './migrations.ts';
import type { Db } from './symbol-table.ts';
import { tables } from './tables.ts';

/** Ids that are set aside in one statement. */
const AT_ONCE = 500;

/** Names something for good under a key: what is said later under the same key takes its place. */
export type TellProblem = (key: string, text: string) => void;

type StoredRow = Record<string, Cell>;

/**
 * The checksums of the rows of SQLite: makes them, checks them, and takes rows that are not as they were written out of
 * their tables, so that no condition and no count meets them. Rows of the audit log stay where they are.
 */
export class RowGuard {
  readonly #db: Db;
  readonly #tell: TellProblem;
  readonly #columns = new Map<TableName, readonly string[]>();
  /** Rows of the audit log that were found changed. */
  readonly #asFound = new Set<string>();
  #work: Promise<void> = Promise.resolve();
  /** The text of a number as this process has read it before. */
  remembered: (id: number) => string | undefined = () => undefined;

  constructor(db: Db, tell: TellProblem) {
    this.#db = db;
    this.#tell = tell;
  }

  columns(table: TableName): readonly string[] {
    let columns = this.#columns.get(table);
    if (columns === undefined) this.#columns.set(table, (columns = columnNames(table)));
    return columns;
  }

  /** @param cells In the order of `columns`. */
  sumOf(table: TableName, cells: readonly Cell[]): number {
    return rowSum(table, cells);
  }

  isSound(table: TableName, row: StoredRow): boolean {
    return (
      rowSum(
        table,
        this.columns(table).map((name) => row[name]),
      ) === row[SUM_COLUMN]
    );
  }

  /** What a row must satisfy to be changed: a checksum that fits, so that damage is never signed. */
  soundCondition(table: TableName): RawBuilder<unknown> {
    return table === KEPT_AS_FOUND
      ? sql`1 = 1`
      : sql`${sql.ref(SUM_COLUMN)} is ${sumExpression(table, this.columns(table))}`;
  }

  /** A row with another checksum, or one that names a text which is lost. */
  unsoundCondition(table: TableName): RawBuilder<unknown> {
    const parts = [sql`${sql.ref(SUM_COLUMN)} is not ${sumExpression(table, this.columns(table))}`];
    for (const field of Object.values(fieldsOf(tables[table])))
      for (const place of field.symbolColumns ?? []) {
        const column = sql.ref(`${table}.${field.columns[place].name}`);
        parts.push(sql`(${column} is not null and not exists (select 1 from symbols where symbols.id = ${column}))`);
      }
    return sql`(${sql.join(parts, sql` or `)})`;
  }

  /** The checksum of a row with some columns changed, as an expression for an update. */
  changedSum(table: TableName, changes: ReadonlyMap<string, Cell>): RawBuilder<unknown> {
    const cells = this.columns(table).map((name) => (changes.has(name) ? sql`${changes.get(name)}` : sql.ref(name)));
    return sql`auspex_sum(${sql.lit(table)}, ${sql.join(cells)})`;
  }

  /** Those of the rows that may be served; the others are set aside in the background. */
  sound<R extends StoredRow>(table: TableName, rows: readonly R[]): readonly R[] {
    const damaged = rows.filter((row) => !this.isSound(table, row));
    if (damaged.length === 0) return rows;
    this.report(table, damaged, 'checksum');
    return table === KEPT_AS_FOUND ? rows : rows.filter((row) => !damaged.includes(row));
  }

  /** Rows that were read and cannot be served: for their checksum, or for a name of theirs that is lost. */
  report(table: TableName, damaged: readonly StoredRow[], cause: 'checksum' | 'name'): void {
    const ids = damaged.map((row) => row.id).filter((id) => id instanceof Uint8Array);
    if (table === KEPT_AS_FOUND) return this.reportAsFound(ids);
    this.#then(async () => {
      const taken = await this.setAside(table, sql`${sql.ref('id')} in (${sql.join(ids.slice(0, AT_ONCE))})`);
      // The rows themselves are sound: an index gave cells that are not theirs.
      if (taken === 0 && cause === 'checksum') await this.remakeIndexes(table);
    });
    if (ids.length < damaged.length)
      this.#tell(
        `rows:${table}:unnamed`,
        `Rows of ${table} in the records are damaged down to their key; they are not served.`,
      );
  }

  reportAsFound(ids: readonly Uint8Array[]): void {
    for (const id of ids) this.#asFound.add(Buffer.from(id).toString('hex'));
    const count = this.#asFound.size;
    this.#tell(
      `rows:${KEPT_AS_FOUND}`,
      `${rowsOf(count, KEPT_AS_FOUND)} ${count === 1 ? 'is' : 'are'} not as written; shown as found. Run \`auspex audit verify\`.`,
    );
  }

  /** Takes the damaged ones among the rows of a condition out of a table; gives how many. */
  async setAside(table: TableName, among: RawBuilder<unknown>): Promise<number> {
    const take = (): Promise<number> =>
      this.#db.transaction().execute(async (db) => {
        const where = sql`${among} and ${this.unsoundCondition(table)}`;
        const cells = sql.join(this.columns(table).map((name) => sql`quote(${sql.ref(name)})`));
        await sql`insert into ${sql.table(DAMAGED_ROWS)} (table_name, found_at, cells)
          select ${sql.lit(table)}, cast(unixepoch('subsec') * 1000 as integer), json_array(${cells})
          from ${sql.table(table)} where ${where}`.execute(db);
        const { numAffectedRows } = await sql`delete from ${sql.table(table)} where ${where}`.execute(db);
        return Number(numAffectedRows ?? 0);
      });
    let taken: number;
    try {
      taken = await take();
    } catch {
      // An index that does not know the row by its damaged cells: SQLite cannot take it out before the index is made anew.
      await this.remakeIndexes(table);
      taken = await take();
    }
    if (taken > 0) await this.tellSetAside();
    return taken;
  }

  async remakeIndexes(table: TableName | 'symbols'): Promise<void> {
    await sql`reindex ${sql.table(table)}`.execute(this.#db);
    this.#tell(`index:${table}`, `An index of ${table} in the records did not fit its rows and was made anew.`);
  }

  /** Names, table by table, what is kept aside. */
  async tellSetAside(): Promise<void> {
    const { rows } = await sql<{ name: string; count: number }>`select table_name as name, count(*) as count
      from ${sql.table(DAMAGED_ROWS)} group by table_name`.execute(this.#db);
    for (const { name, count } of rows)
      this.#tell(
        `rows:${name}`,
        `${rowsOf(Number(count), String(name))} ${Number(count) === 1 ? 'was' : 'were'} damaged: not served any more, kept for 30 days in the table ${DAMAGED_ROWS} of the records.`,
      );
  }

  /**
   * Texts whose row is damaged are brought back from their second copy or from memory; others are removed, so that the rows
   * that name them are found to be damaged too.
   */
  async mendSymbols(db: Db): Promise<void> {
    if (!db.isTransaction) return db.transaction().execute((inner) => this.mendSymbols(inner as unknown as Db));
    const sum = sumExpression('symbols', ['id', 'text']);
    type Found = { readonly id: number; readonly text: string };
    const { rows: copies } = await sql<Found>`select id, text from symbols indexed by symbols_copy
      where row_sum is ${sum}`.execute(db);
    const { rows } = await sql<Found & { sound: number }>`select id, text, row_sum is ${sum} as sound
      from symbols not indexed`.execute(db);
    const missing = new Map(copies.map((copy) => [Number(copy.id), copy.text]));
    for (const { id, sound } of rows) {
      const text = missing.get(Number(id)) ?? this.remembered(Number(id));
      if (sound === 1 || text === undefined) missing.delete(Number(id));
      else missing.set(Number(id), text);
    }
    await sql`reindex symbols`.execute(db);
    await sql`delete from symbols where row_sum is not ${sum}`.execute(db);
    for (const [id, text] of missing)
      await sql`insert or ignore into symbols (id, text) values (${id}, ${text})`.execute(db);
    this.#tell(
      'symbols',
      `Names in the records were damaged; ${missing.size} of them came back from their second copy.`,
    );
  }

  mendSymbolsSoon(): void {
    this.#then(() => this.mendSymbols(this.#db));
  }

  /** Ends when what was found so far has been dealt with. */
  async settled(): Promise<void> {
    for (let work: Promise<void> | null = null; work !== this.#work; ) {
      work = this.#work;
      await work;
    }
  }

  #then(step: () => Promise<void>): void {
    this.#work = this.#work.then(step).catch((error: unknown) => {
      const reason = error instanceof Error ? error.message : String(error);
      this.#tell('aside', `Damaged rows of the records could not be set aside: ${reason}. They are not served.`);
    });
  }
}

function rowsOf(count: number, table: string): string {
  return `${count} ${count === 1 ? 'row' : 'rows'} of ${table}`;
}
