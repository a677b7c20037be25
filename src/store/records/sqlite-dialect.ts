import type { SQLInputValue } from 'node:sqlite';
import {
  type CompiledQuery,
  type DatabaseConnection,
  type Dialect,
  type Driver,
  type Kysely,
  type QueryResult,
  SqliteAdapter,
  SqliteIntrospector,
  SqliteQueryCompiler,
} from 'kysely';
import { AuspexError } from '../../errors.ts';
import { SQLITE_CORRUPT } from '../sqlite-codes.ts';
import type { ReaderRequests, SqlResult, WriterRequests } from '../protocol.ts';
import type { ThreadLink } from '../thread-link.ts';

type Writer = ThreadLink<WriterRequests>;
type Reader = ThreadLink<ReaderRequests>;

/** Kysely over the store's threads: reads outside of a transaction go to the reader, everything else to the writer, one transaction at a time. */
export class ThreadedSqliteDialect implements Dialect {
  readonly #writer: Writer;
  readonly #reader: Reader;
  readonly #onDamage: (reason: string) => void;

  /** @param onDamage Called when a statement met a page that is damaged. */
  constructor(writer: Writer, reader: Reader, onDamage: (reason: string) => void) {
    this.#writer = writer;
    this.#reader = reader;
    this.#onDamage = onDamage;
  }

  createDriver(): Driver {
    return new ThreadedDriver(this.#writer, this.#reader, this.#onDamage);
  }
  createQueryCompiler(): SqliteQueryCompiler {
    return new SqliteQueryCompiler();
  }
  createAdapter(): SqliteAdapter {
    return new TransactionalAdapter();
  }
  createIntrospector(db: Kysely<never>): SqliteIntrospector {
    return new SqliteIntrospector(db);
  }
}

class TransactionalAdapter extends SqliteAdapter {
  /** SQLite's table definitions take part in transactions; kysely's own adapter says no for caution. */
  override get supportsTransactionalDdl(): boolean {
    return true;
  }
}

/** Whose turn it is to write: one connection, so one transaction or statement at a time. */
class Turn {
  #last: Promise<void> = Promise.resolve();

  async take(): Promise<() => void> {
    let release: () => void = () => {};
    const before = this.#last;
    this.#last = new Promise((resolve) => {
      release = resolve;
    });
    await before;
    return release;
  }
}

class ThreadedDriver implements Driver {
  readonly #writer: Writer;
  readonly #reader: Reader;
  readonly #turn = new Turn();
  readonly #onDamage: (reason: string) => void;

  constructor(writer: Writer, reader: Reader, onDamage: (reason: string) => void) {
    this.#writer = writer;
    this.#reader = reader;
    this.#onDamage = onDamage;
  }

  async init(): Promise<void> {}
  async destroy(): Promise<void> {}
  async releaseConnection(): Promise<void> {}

  async acquireConnection(): Promise<ThreadedConnection> {
    return new ThreadedConnection(this.#writer, this.#reader, this.#turn, this.#onDamage);
  }
  beginTransaction(connection: DatabaseConnection): Promise<void> {
    return asOurs(connection).begin();
  }
  commitTransaction(connection: DatabaseConnection): Promise<void> {
    return asOurs(connection).end('COMMIT');
  }
  rollbackTransaction(connection: DatabaseConnection): Promise<void> {
    return asOurs(connection).end('ROLLBACK');
  }
}

function asOurs(connection: DatabaseConnection): ThreadedConnection {
  if (connection instanceof ThreadedConnection) return connection;
  throw new AuspexError('INTERNAL', 'A connection of another dialect was handed to the SQLite driver.');
}

class ThreadedConnection implements DatabaseConnection {
  readonly #writer: Writer;
  readonly #reader: Reader;
  readonly #turn: Turn;
  readonly #onDamage: (reason: string) => void;
  #release: (() => void) | null = null;

  constructor(writer: Writer, reader: Reader, turn: Turn, onDamage: (reason: string) => void) {
    this.#writer = writer;
    this.#reader = reader;
    this.#turn = turn;
    this.#onDamage = onDamage;
  }

  async begin(): Promise<void> {
    const release = await this.#turn.take();
    try {
      await this.#writer.request('sql', { sql: 'BEGIN IMMEDIATE', parameters: [] });
      this.#release = release;
    } catch (error) {
      release();
      throw error;
    }
  }

  async end(how: 'COMMIT' | 'ROLLBACK'): Promise<void> {
    const release = this.#release;
    if (release === null) return;
    try {
      await this.#writer.request('sql', { sql: how, parameters: [] });
      this.#release = null;
      release();
    } catch (error) {
      if (how === 'ROLLBACK') {
        // SQLite has rolled back by itself where the disk is full
        this.#release = null;
        release();
        return;
      }
      throw error;
    }
  }

  async executeQuery<R>(query: CompiledQuery): Promise<QueryResult<R>> {
    try {
      return await this.#run(query);
    } catch (error) {
      const code = error instanceof AuspexError ? Number(error.data.sqliteCode ?? 0) : 0;
      if ((code & 0xff) === SQLITE_CORRUPT) this.#onDamage((error as AuspexError).message);
      throw error;
    }
  }

  async #run<R>(query: CompiledQuery): Promise<QueryResult<R>> {
    const request = { sql: query.sql, parameters: query.parameters as SQLInputValue[] };
    if (this.#release !== null) return asQueryResult(await this.#writer.request('sql', request));
    if (/^\s*select\b/i.test(query.sql)) return asQueryResult(await this.#reader.request('sql', request));
    const release = await this.#turn.take();
    try {
      return asQueryResult(await this.#writer.request('sql', request));
    } finally {
      release();
    }
  }

  streamQuery<R>(): AsyncIterableIterator<QueryResult<R>> {
    throw new AuspexError('INTERNAL', 'Streaming is not supported; read by pages.');
  }
}

function asQueryResult<R>(result: SqlResult): QueryResult<R> {
  return { rows: result.rows as R[], numAffectedRows: BigInt(result.changes) };
}
