import { type Kysely, sql } from 'kysely';
import { type Migration, type MigrationProvider, Migrator } from 'kysely/migration';
import { AuspexError } from '../../errors.ts';
import type { TableName, Tables } from '../../model/index.ts';
import { fieldsOf } from './conditions.ts';
import type { ColumnType } from './fields.ts';
import type { Db } from './symbol-table.ts';
import { type TableSpec, tableNames, tables } from './tables.ts';

export type Engine = 'sqlite' | 'postgres';

/** Text in byte order on both: a page's order must not depend on the server's language. */
const TYPES: Readonly<Record<Engine, Readonly<Record<ColumnType, string>>>> = {
  sqlite: { integer: 'integer', real: 'real', text: 'text', bytes: 'blob' },
  postgres: { integer: 'bigint', real: 'double precision', text: 'text collate "C"', bytes: 'bytea' },
};

/**
 * Forward only, each in a transaction. A table is made as `tables.ts` describes it; when one changes after a release, its state
 * until then is written out here and a migration is added.
 */
function migrationsFor(engine: Engine): Record<string, Migration> {
  return {
    '0001-tables': { up: (db) => createFirstTables(db, engine) },
    '0002-users': { up: (db) => createTable(db, engine, 'users') },
    '0003-audit': { up: (db) => createAuditLog(db, engine) },
  };
}

/** The schema changes that this version knows, in order. */
export function migrationNames(): string[] {
  return Object.keys(migrationsFor('sqlite'));
}

/** Tables that a later migration makes. */
const LATER: readonly TableName[] = ['users', 'audit_log'];

async function createFirstTables(db: Kysely<unknown>, engine: Engine): Promise<void> {
  const types = TYPES[engine];
  const key = engine === 'sqlite' ? 'integer primary key' : 'bigint generated always as identity primary key';
  await sql`create table symbols (id ${sql.raw(key)}, text ${sql.raw(types.text)} not null unique)`.execute(db);
  for (const table of tableNames) if (!LATER.includes(table)) await createTable(db, engine, table);
}

async function createTable(db: Kysely<unknown>, engine: Engine, table: TableName): Promise<void> {
  const types = TYPES[engine];
  const spec: TableSpec<Tables[TableName]> = tables[table];
  const columns = Object.values(fieldsOf(spec)).flatMap((field) =>
    field.columns.map((column) => {
      const primary = column.name === 'id' ? ' not null primary key' : '';
      return sql`${sql.ref(column.name)} ${sql.raw(types[column.type] + primary)}`;
    }),
  );
  // the key once, not once in the table and once in an index of its own; PostgreSQL has no such choice
  const ending = sql.raw(engine === 'sqlite' && spec.indexes.length === 0 ? ' without rowid' : '');
  await sql`create table ${sql.table(table)} (${sql.join(columns)})${ending}`.execute(db);
  for (const index of spec.indexes) {
    const name = `${table}_by_${index.join('_')}`;
    await sql`create index ${sql.ref(name)} on ${sql.table(table)} (${sql.join(index.map((column) => sql.ref(column)))})`.execute(
      db,
    );
  }
}

/** Rows are only added: the database itself refuses the rest, against our own mistakes; against others there is the chain. */
async function createAuditLog(db: Kysely<unknown>, engine: Engine): Promise<void> {
  await createTable(db, engine, 'audit_log');
  const refusal = 'rows of the audit log are never changed or removed';
  if (engine === 'postgres') {
    await sql`create function audit_log_is_append_only() returns trigger language plpgsql as
      ${sql.lit(`begin raise exception '${refusal}'; end`)}`.execute(db);
    await sql`create trigger audit_log_append_only before update or delete on audit_log
      for each row execute function audit_log_is_append_only()`.execute(db);
    return;
  }
  for (const change of ['update', 'delete'])
    await sql`create trigger ${sql.ref(`audit_log_no_${change}`)} before ${sql.raw(change)} on audit_log
      begin select raise(abort, ${sql.lit(refusal)}); end`.execute(db);
}

/** Brings the schema up to date. Throws STORE_NEWER when it holds migrations that this version does not know. */
export async function migrate(db: Db, engine: Engine, place: string): Promise<void> {
  const known = migrationsFor(engine);
  await refuseNewer(db, Object.keys(known), engine, place);
  const provider: MigrationProvider = { getMigrations: async () => known };
  const { error } = await new Migrator({ db, provider }).migrateToLatest();
  if (error !== undefined) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new AuspexError(
      'STORE_FAILED',
      `The records in ${place} could not be brought to this version's schema: ${reason}.`,
      { cause: error },
    );
  }
}

async function refuseNewer(db: Db, known: readonly string[], engine: Engine, place: string): Promise<void> {
  const catalog =
    engine === 'sqlite'
      ? sql`select 1 as found from sqlite_master where type = 'table' and name = 'kysely_migration'`
      : sql`select 1 as found from pg_catalog.pg_class where oid = to_regclass('kysely_migration')`;
  if ((await catalog.execute(db)).rows.length === 0) return;
  const { rows } = await sql<{ name: string }>`select name from kysely_migration`.execute(db);
  const unknown = rows.map((row) => row.name).filter((name) => !known.includes(name));
  if (unknown.length === 0) return;
  throw new AuspexError(
    'STORE_NEWER',
    `The records in ${place} have the schema change “${unknown[0]}”, which this Auspex does not know.`,
  );
}
