import { type Kysely, sql } from 'kysely';
import { type Migration, type MigrationProvider, Migrator } from 'kysely/migration';
import { AuspexError } from '../../errors.ts';
import { fieldsOf } from './conditions.ts';
import type { ColumnType } from './fields.ts';
import type { Db } from './symbol-table.ts';
import { tables } from './tables.ts';

export type Engine = 'sqlite' | 'postgres';

/** Text in byte order on both: a page's order must not depend on the server's language. */
const TYPES: Readonly<Record<Engine, Readonly<Record<ColumnType, string>>>> = {
  sqlite: { integer: 'integer', real: 'real', text: 'text', bytes: 'blob' },
  postgres: { integer: 'bigint', real: 'double precision', text: 'text collate "C"', bytes: 'bytea' },
};

/**
 * Forward only, each in a transaction. The first one makes the tables as `tables.ts` describes them; when they change after a
 * release, that state is written out here and a migration is added.
 */
function migrationsFor(engine: Engine): Record<string, Migration> {
  return { '0001-tables': { up: (db) => createTables(db, engine) } };
}

async function createTables(db: Kysely<unknown>, engine: Engine): Promise<void> {
  const types = TYPES[engine];
  const key = engine === 'sqlite' ? 'integer primary key' : 'bigint generated always as identity primary key';
  await sql`create table symbols (id ${sql.raw(key)}, text ${sql.raw(types.text)} not null unique)`.execute(db);
  for (const [table, spec] of Object.entries(tables)) {
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
