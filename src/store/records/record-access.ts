import { type RawBuilder, sql } from 'kysely';
import { AuspexError } from '../../errors.ts';
import type { Find, Page, RecordAccess, TableName, Tables, Where } from '../../model/index.ts';
import {
  afterExpression,
  fieldNamed,
  fieldsOf,
  orderExpression,
  symbolsInWhere,
  whereExpression,
} from './conditions.ts';
import { decodeCursor, encodeCursor } from './cursor.ts';
import { type Cell, encodeId, type Field } from './fields.ts';
import { SUM_COLUMN } from '../row-sum.ts';
import type { RowGuard } from './row-guard.ts';
import type { Db, SymbolTable } from './symbol-table.ts';
import { type TableSpec, tables } from './tables.ts';

const DEFAULT_LIMIT = 100;
const MOST_ROWS = 10_000;
/** Bound values in one statement; SQLite takes 32,766. */
const MOST_PARAMETERS = 4_000;

type StoredRow = Record<string, Cell>;
type AnyRow = Readonly<Record<string, unknown>>;

/** Reads and writes of rows on one connection: the store's own, or a transaction's. */
export class SqlRecordAccess implements RecordAccess {
  readonly db: Db;
  readonly symbols: SymbolTable;
  /** Of SQLite’s rows; null on PostgreSQL, whose pages have checksums of their own. */
  readonly guard: RowGuard | null;

  constructor(db: Db, symbols: SymbolTable, guard: RowGuard | null) {
    this.db = db;
    this.symbols = symbols;
    this.guard = guard;
  }

  async get<T extends TableName>(table: T, id: string): Promise<Tables[T] | undefined> {
    const { rows } = await sql<StoredRow>`select * from ${sql.table(table)} where id = ${encodeId(id)}`.execute(
      this.db,
    );
    const [row] = await this.#decode<T>(table, rows);
    return row;
  }

  async find<T extends TableName>(table: T, query: Find<Tables[T]>): Promise<Page<Tables[T]>> {
    const spec = specOf(table);
    const limit = Math.min(MOST_ROWS, Math.max(1, Math.floor(query.limit ?? DEFAULT_LIMIT)));
    const orderBy = query.orderBy ?? 'id';
    const descending = query.descending ?? false;
    const field = fieldNamed(spec, orderBy);
    const order = orderExpression(field);
    const scope = `${table}:${orderBy}:${descending ? 'd' : 'a'}`;
    let where = await this.#where(spec, query.where ?? {});
    if (query.cursor !== undefined) {
      const place = decodeCursor(scope, query.cursor);
      const after =
        orderBy === 'id'
          ? sql`id ${sql.raw(descending ? '<' : '>')} ${place.id}`
          : afterExpression(order, field.nullable, descending, place.value, place.id);
      where = sql`(${where}) and ${after}`;
    }
    const direction = sql.raw(descending ? 'desc' : 'asc');
    const nulls = sql.raw(field.nullable ? (descending ? ' nulls last' : ' nulls first') : '');
    const by = orderBy === 'id' ? sql`id ${direction}` : sql`${order} ${direction}${nulls}, id ${direction}`;
    const { rows } = await sql<StoredRow>`select *, ${orderBy === 'id' ? sql`0` : order} as order_value
      from ${sql.table(table)} where ${where} order by ${by} limit ${sql.lit(limit + 1)}`.execute(this.db);
    const page = rows.slice(0, limit);
    const last = page[page.length - 1];
    const nextCursor =
      rows.length > limit && last !== undefined
        ? encodeCursor(scope, { value: last.order_value, id: last.id as Uint8Array })
        : null;
    return { rows: await this.#decode<T>(table, page), nextCursor };
  }

  async count<T extends TableName>(table: T, where: Where<Tables[T]>): Promise<number> {
    const condition = await this.#where(specOf(table), where);
    const { rows } = await sql<{
      count: number;
    }>`select count(*) as count from ${sql.table(table)} where ${condition}`.execute(this.db);
    return Number(rows[0]?.count ?? 0);
  }

  async put<T extends TableName>(table: T, rows: readonly Tables[T][]): Promise<void> {
    // of several rows with one id the last one holds; PostgreSQL refuses to touch a row twice in one statement
    const distinct = [...new Map(rows.map((row) => [(row as { id: string }).id, row])).values()];
    const columns = this.#storedColumns(table).filter((name) => name !== 'id');
    const changes = sql.join(columns.map((name) => sql`${sql.ref(name)} = excluded.${sql.ref(name)}`));
    await this.#insert(table, distinct, sql`on conflict (id) do update set ${changes}`);
  }

  async insertNew<T extends TableName>(table: T, rows: readonly Tables[T][]): Promise<readonly string[]> {
    const inserted = await this.#insert(table, rows, sql`on conflict (id) do nothing returning id`);
    const field = fieldsOf(specOf(table)).id;
    return inserted.map((row) => String(field.decode([row.id], this.symbols)));
  }

  async update<T extends TableName>(table: T, where: Where<Tables[T]>, changes: Partial<Tables[T]>): Promise<number> {
    const spec = specOf(table);
    const entries = Object.entries(changes as AnyRow).filter(([, value]) => value !== undefined);
    if (entries.length === 0) return 0;
    if (entries.some(([name]) => name === 'id')) throw new AuspexError('BAD_REQUEST', 'A row’s id cannot be changed.');
    const fields = entries.map(([name, value]) => ({ field: fieldNamed(spec, name), value }));
    await this.symbols.intern(
      this.db,
      fields.flatMap(({ field, value }) => field.symbolsIn?.(value as never) ?? []),
    );
    const cells = new Map<string, Cell>();
    for (const { field, value } of fields) {
      const encoded = field.encode(value as never, this.symbols);
      field.columns.forEach((column, i) => cells.set(column.name, encoded[i]));
    }
    const sets = [...cells].map(([name, cell]) => sql`${sql.ref(name)} = ${cell}`);
    let condition = await this.#where(spec, where);
    if (this.guard !== null) {
      sets.push(sql`${sql.ref(SUM_COLUMN)} = ${this.guard.changedSum(table, cells)}`);
      condition = sql`${condition} and ${this.guard.soundCondition(table)}`;
    }
    const result = await sql`update ${sql.table(table)} set ${sql.join(sets)} where ${condition}`.execute(this.db);
    return Number(result.numAffectedRows ?? 0);
  }

  async remove<T extends TableName>(table: T, where: Where<Tables[T]>): Promise<number> {
    const condition = await this.#where(specOf(table), where);
    const result = await sql`delete from ${sql.table(table)} where ${condition}`.execute(this.db);
    return Number(result.numAffectedRows ?? 0);
  }

  async #where(spec: TableSpec<never>, where: object): Promise<RawBuilder<unknown>> {
    const conditions = where as AnyRow;
    await this.symbols.find(this.db, symbolsInWhere(spec, conditions));
    return whereExpression(spec, conditions, this.symbols);
  }

  async #insert<T extends TableName>(
    table: T,
    rows: readonly Tables[T][],
    ending: RawBuilder<unknown>,
  ): Promise<StoredRow[]> {
    const spec = specOf(table);
    const fields = Object.entries(fieldsOf(spec));
    const valueOf = (row: Tables[T], name: string): never => (row as unknown as AnyRow)[name] as never;
    await this.symbols.intern(
      this.db,
      rows.flatMap((row) => fields.flatMap(([name, field]) => field.symbolsIn?.(valueOf(row, name)) ?? [])),
    );
    const columns = this.#storedColumns(table);
    const atOnce = Math.max(1, Math.floor(MOST_PARAMETERS / columns.length));
    const answered: StoredRow[] = [];
    for (let start = 0; start < rows.length; start += atOnce) {
      const values = rows.slice(start, start + atOnce).map((row) => {
        const cells = fields.flatMap(([name, field]) => field.encode(valueOf(row, name), this.symbols));
        if (this.guard !== null) cells.push(this.guard.sumOf(table, cells));
        return sql`(${sql.join(cells)})`;
      });
      const names = sql.join(columns.map((name) => sql.ref(name)));
      const result =
        await sql<StoredRow>`insert into ${sql.table(table)} (${names}) values ${sql.join(values)} ${ending}`.execute(
          this.db,
        );
      answered.push(...result.rows);
    }
    return answered;
  }

  /** Rows as they are served: those that are not as they were written, or that name a text which is lost, are left out. */
  async #decode<T extends TableName>(table: T, read: readonly StoredRow[]): Promise<Tables[T][]> {
    const spec = specOf(table);
    const fields = Object.entries(fieldsOf(spec));
    const rows = this.guard?.sound(table, read) ?? read;
    await this.symbols.resolve(this.db, symbolNumbers(spec, rows));
    const lost = rows.filter((row) => !symbolNumbers(spec, [row]).every((number) => this.symbols.knows(number)));
    if (lost.length > 0) this.guard?.report(table, lost, 'name');
    return rows
      .filter((row) => !lost.includes(row))
      .map(
        (row) =>
          Object.fromEntries(fields.map(([name, field]) => [name, this.#value(field, row)])) as unknown as Tables[T],
      );
  }

  #storedColumns(table: TableName): string[] {
    const columns = columnsOf(specOf(table));
    return this.guard === null ? columns : [...columns, SUM_COLUMN];
  }

  #value(field: Field, row: StoredRow): unknown {
    return field.decode(
      field.columns.map((column) => row[column.name]),
      this.symbols,
    );
  }
}

function specOf(table: TableName): TableSpec<never> {
  const spec = Object.hasOwn(tables, table) ? tables[table] : undefined;
  if (spec === undefined) throw new AuspexError('BAD_REQUEST', `There is no table “${table}”.`);
  return spec as unknown as TableSpec<never>;
}

/** The numbers of shared texts that rows name. */
function symbolNumbers(spec: TableSpec<never>, rows: readonly StoredRow[]): number[] {
  const numbers: number[] = [];
  for (const field of Object.values(fieldsOf(spec)))
    for (const place of field.symbolColumns ?? [])
      for (const row of rows) {
        const cell = row[field.columns[place].name];
        if (cell !== null) numbers.push(Number(cell));
      }
  return numbers;
}

export function columnsOf(spec: { fields: object }): string[] {
  return Object.values(fieldsOf(spec)).flatMap((field) => field.columns.map((column) => column.name));
}
