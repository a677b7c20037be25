import { Kysely, PostgresDialect, sql } from 'kysely';
import { AuspexError } from '../../errors.ts';
import type { Find, Page, RecordAccess, RecordStore, TableName, Tables, Where } from '../../model/index.ts';
import type { ReaderRequests, WriterRequests } from '../protocol.ts';
import type { TableSalvage } from '../salvage.ts';
import type { ThreadLink } from '../thread-link.ts';
import { type Engine, migrate } from './migrations.ts';
import { SqlRecordAccess } from './record-access.ts';
import { RowGuard, type TellProblem } from './row-guard.ts';
import { RowWalk } from './row-walk.ts';
import { ThreadedSqliteDialect } from './sqlite-dialect.ts';
import { type Db, SymbolTable } from './symbol-table.ts';
import { tableNames, tables } from './tables.ts';

const DAY_MS = 86_400_000;
const EVIDENCE_MS = 30 * DAY_MS;
const EXPIRE_STEP = 500;
const PG_BIGINT = 20;

/** Records in the home folder, which are looked after by us down to the rows. */
export interface SqliteRecords {
  readonly records: RecordStore;
  /** What was brought over from a damaged file that was set aside at this start; null where none was. */
  readonly salvaged: readonly TableSalvage[] | null;
  /** Walks through all rows and indexes, sets aside and names what is damaged. */
  verify(): Promise<void>;
}

/** The records in the home folder, through the store's threads. */
export async function openSqliteRecords(
  writer: ThreadLink<WriterRequests>,
  reader: ThreadLink<ReaderRequests>,
  recordsMs: number,
  tell: TellProblem,
): Promise<SqliteRecords> {
  const db: Db = new Kysely({
    dialect: new ThreadedSqliteDialect(writer, reader, (reason) =>
      tell(
        'records',
        `The records have a damaged page (${reason}). At the next start what can be read is brought into a new file.`,
      ),
    ),
  });
  try {
    await migrate(db, 'sqlite', 'the home folder');
    const salvaged = await writer.request('settleRecords', null);
    const guard = new RowGuard(db, tell);
    await guard.tellSetAside();
    const walk = new RowWalk(db, guard);
    const records = new SqlRecordStore(db, 'sqlite', recordsMs, guard, () => walk.close());
    return { records, salvaged, verify: () => walk.run() };
  } catch (error) {
    await db.destroy();
    throw error;
  }
}

/** The records on a PostgreSQL server (14 or newer), for many processes at once. Throws UNREACHABLE, STORE_NEWER. */
export async function openPostgresRecords(
  url: string,
  options: { recordsMs?: number; poolSize?: number } = {},
): Promise<RecordStore> {
  const { default: pg } = await import('pg'); // loaded only where it is used: it costs 10 MB
  const types = {
    // times and counts fit a double's 53 bits; as text they would compare wrongly
    getTypeParser: (oid: number, format?: 'text' | 'binary') =>
      oid === PG_BIGINT ? Number : pg.types.getTypeParser(oid, format as 'text'),
  };
  const pool = new pg.Pool({ connectionString: url, max: options.poolSize ?? 10, types: types as never });
  pool.on('error', () => {}); // an idle connection that breaks is replaced by the next query
  const place = placeOf(url);
  try {
    await pool.query('select 1');
  } catch (cause) {
    await pool.end();
    const reason = cause instanceof Error ? cause.message || cause.name : String(cause);
    throw new AuspexError('UNREACHABLE', `PostgreSQL at ${place} does not answer: ${reason}.`, { cause });
  }
  const db: Db = new Kysely({ dialect: new PostgresDialect({ pool }) });
  try {
    await migrate(db, 'postgres', place);
  } catch (error) {
    await db.destroy();
    throw error;
  }
  return new SqlRecordStore(db, 'postgres', options.recordsMs ?? 90 * DAY_MS, null, async () => {});
}

/** Host and database of a URL; never its password. */
function placeOf(url: string): string {
  try {
    const { host, pathname } = new URL(url);
    return `${host}${pathname}`;
  } catch {
    throw new AuspexError(
      'CONFIG_INVALID',
      'The PostgreSQL address is not a URL; it reads postgresql://user:password@host:5432/database.',
    );
  }
}

/** Typed tables over kysely; the same statements on both engines. */
class SqlRecordStore implements RecordStore {
  readonly #db: Db;
  readonly #recordsMs: number;
  readonly #guard: RowGuard | null;
  readonly #beforeClose: () => Promise<void>;
  readonly #symbols: SymbolTable;
  readonly #access: SqlRecordAccess;
  readonly #rowKey: 'rowid' | 'ctid';

  constructor(db: Db, engine: Engine, recordsMs: number, guard: RowGuard | null, beforeClose: () => Promise<void>) {
    this.#db = db;
    this.#recordsMs = recordsMs;
    this.#guard = guard;
    this.#beforeClose = beforeClose;
    this.#symbols = new SymbolTable(guard);
    if (guard !== null) guard.remembered = (id) => (this.#symbols.knows(id) ? this.#symbols.textOf(id) : undefined);
    this.#access = new SqlRecordAccess(db, this.#symbols, guard);
    this.#rowKey = engine === 'sqlite' ? 'rowid' : 'ctid';
  }

  get<T extends TableName>(table: T, id: string): Promise<Tables[T] | undefined> {
    return named(this.#access.get(table, id));
  }
  find<T extends TableName>(table: T, query: Find<Tables[T]>): Promise<Page<Tables[T]>> {
    return named(this.#access.find(table, query));
  }
  count<T extends TableName>(table: T, where: Where<Tables[T]>): Promise<number> {
    return named(this.#access.count(table, where));
  }
  put<T extends TableName>(table: T, rows: readonly Tables[T][]): Promise<void> {
    return rows.length <= 1
      ? named(this.#access.put(table, rows))
      : this.transaction((access) => access.put(table, rows));
  }
  insertNew<T extends TableName>(table: T, rows: readonly Tables[T][]): Promise<readonly string[]> {
    return rows.length <= 1
      ? named(this.#access.insertNew(table, rows))
      : this.transaction((access) => access.insertNew(table, rows));
  }
  update<T extends TableName>(table: T, where: Where<Tables[T]>, changes: Partial<Tables[T]>): Promise<number> {
    return named(this.#access.update(table, where, changes));
  }
  remove<T extends TableName>(table: T, where: Where<Tables[T]>): Promise<number> {
    return named(this.#access.remove(table, where));
  }

  async transaction<R>(work: (access: RecordAccess) => Promise<R>): Promise<R> {
    const symbols = this.#symbols.child();
    const result = await named(
      this.#db.transaction().execute((db) => work(new SqlRecordAccess(db as unknown as Db, symbols, this.#guard))),
    );
    symbols.settle();
    return result;
  }

  async expire(now: number): Promise<number> {
    let removed = 0;
    for (const table of tableNames) removed += await this.#expireTable(table, now);
    return removed;
  }

  async #expireTable(table: TableName, now: number): Promise<number> {
    const expiry = tables[table].expiry;
    if (expiry === null) return 0;
    const keepMs = { records: this.#recordsMs, evidence: EVIDENCE_MS, day: DAY_MS, none: 0 }[expiry.keep];
    const only =
      expiry.only === undefined
        ? sql`1 = 1`
        : sql`${sql.ref(expiry.only.column)} in (${sql.join(expiry.only.values.map((value) => sql.lit(value)))})`;
    const key = sql.raw(this.#rowKey);
    let removed = 0;
    for (;;) {
      const statement = sql`delete from ${sql.table(table)} where ${key} in
        (select ${key} from ${sql.table(table)} where ${sql.ref(expiry.column)} < ${now - keepMs} and ${only} limit ${sql.lit(EXPIRE_STEP)})`;
      const step = Number((await named(statement.execute(this.#db))).numAffectedRows ?? 0);
      removed += step;
      if (step < EXPIRE_STEP) return removed;
    }
  }

  async close(): Promise<void> {
    await this.#beforeClose();
    await this.#db.destroy();
  }
}

/** Every rejection as an AuspexError. What a caller's own work threw passes as it is. */
async function named<R>(work: Promise<R>): Promise<R> {
  try {
    return await work;
  } catch (error) {
    if (isPostgresError(error)) {
      throw new AuspexError(
        error.code === '53100' ? 'STORE_FULL' : 'STORE_FAILED',
        `PostgreSQL refused: ${error.message}.`,
        { cause: error },
      );
    }
    if (error instanceof Error && 'code' in error && /^E[A-Z]+$/.test(String(error.code))) {
      throw new AuspexError('UNREACHABLE', `PostgreSQL does not answer: ${error.message}.`, { cause: error });
    }
    throw error;
  }
}

/** PostgreSQL's own errors carry a severity and a five-character code. */
function isPostgresError(error: unknown): error is Error & { code: string } {
  return error instanceof Error && 'severity' in error && 'code' in error && /^[0-9A-Z]{5}$/.test(String(error.code));
}
