import { type Kysely, type RawBuilder, sql } from 'kysely';
import { type Migration, type MigrationProvider, Migrator } from 'kysely/migration';
import { AuspexError } from '../../errors.ts';
import { calendarKinds, type TableName, type Tables } from '../../model/index.ts';
import { fieldsOf } from './conditions.ts';
import type { ColumnType } from './fields.ts';
import { DAMAGED_ROWS } from '../sql-file.ts';
import { SUM_COLUMN, SUM_FUNCTION } from '../row-sum.ts';
import { judgeMigrationNames, MIGRATION_NAMES, type MigrationName } from './migration-names.ts';
import type { Db } from './symbol-table.ts';
import { type Index, type TableSpec, tableNames, tables } from './tables.ts';

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
function migrationsFor(engine: Engine): Record<MigrationName, Migration> {
  return {
    '0001-tables': { up: (db) => createFirstTables(db, engine) },
    '0002-users': { up: (db) => createTable(db, engine, 'users') },
    '0003-audit': { up: (db) => createAuditLog(db, engine) },
    '0004-row-sums': { up: (db) => addRowSums(db, engine) },
    '0005-error-patterns': { up: (db) => createSummedTable(db, engine, 'error_patterns') },
    '0006-incidents': { up: (db) => addIncidents(db, engine) },
    '0007-services': { up: (db) => addServices(db, engine) },
    '0008-changes': { up: (db) => createSummedTable(db, engine, 'changes') },
    '0009-calendar': { up: (db) => addCalendar(db, engine) },
    '0010-objectives': { up: (db) => createSummedTable(db, engine, 'objectives') },
    '0012-notification': { up: (db) => addNotification(db, engine) },
    '0013-removed-services': { up: (db) => addRemovedServices(db, engine) },
  };
}

/** The schema changes that this version knows, in order. */
export function migrationNames(): string[] {
  return [...MIGRATION_NAMES];
}

const NEVER_CHANGED = 'rows of the audit log are never changed or removed';

/** Tables that a later migration makes. */
const LATER: readonly TableName[] = [
  'users',
  'audit_log',
  'error_patterns',
  'incidents',
  'changes',
  'services',
  'service_dependencies',
  'calendar',
  'objectives',
  'judgements',
];
/** Columns that a later migration adds, behind the row's checksum, with the indexes on them. */
const LATER_COLUMNS: Readonly<Partial<Record<TableName, readonly string[]>>> = {
  alerts: ['incident_id', 'steps'],
  incidents: ['told', 'priority'],
  notifications: ['incident_id', 'receiver'],
  services: ['removed_at'],
};
/** Those of them that came after the row sums, and are made with them. */
const SUMMED: readonly TableName[] = [
  'error_patterns',
  'incidents',
  'services',
  'service_dependencies',
  'changes',
  'calendar',
  'objectives',
  'judgements',
];

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
    field.columns.flatMap((column) => {
      if (LATER_COLUMNS[table]?.includes(column.name) === true) return [];
      const primary = column.name === 'id' ? ' not null primary key' : '';
      return sql`${sql.ref(column.name)} ${sql.raw(types[column.type] + primary)}`;
    }),
  );
  // the key once, not once in the table and once in an index of its own; PostgreSQL has no such choice
  const ending = sql.raw(engine === 'sqlite' && spec.indexes.length === 0 ? ' without rowid' : '');
  await sql`create table ${sql.table(table)} (${sql.join(columns)})${ending}`.execute(db);
  for (const index of spec.indexes)
    if (!index.some((column) => LATER_COLUMNS[table]?.includes(column) === true)) await createIndex(db, table, index);
}

async function createIndex(db: Kysely<unknown>, table: TableName, index: Index): Promise<void> {
  const name = `${table}_by_${index.join('_')}`;
  await sql`create index ${sql.ref(name)} on ${sql.table(table)} (${sql.join(index.map((column) => sql.ref(column)))})`.execute(
    db,
  );
}

/** A table that is made since rows have checksums. */
async function createSummedTable(db: Kysely<unknown>, engine: Engine, table: TableName): Promise<void> {
  await createTable(db, engine, table);
  if (engine === 'sqlite') await addSum(db, table, firstColumns(table));
}

async function addIncidents(db: Kysely<unknown>, engine: Engine): Promise<void> {
  await createSummedTable(db, engine, 'incidents');
  // A row without a value in it keeps its checksum.
  await sql`alter table alerts add column incident_id ${sql.raw(TYPES[engine].text)}`.execute(db);
}

async function addNotification(db: Kysely<unknown>, engine: Engine): Promise<void> {
  await createSummedTable(db, engine, 'judgements');
  const text = sql.raw(TYPES[engine].text);
  for (const [table, column] of [
    ['incidents', 'told'],
    ['incidents', 'priority'],
    ['notifications', 'incident_id'],
    ['notifications', 'receiver'],
  ] as const)
    await sql`alter table ${sql.table(table)} add column ${sql.ref(column)} ${text}`.execute(db);
  await createIndex(db, 'alerts', ['incident_id', 'started_at']);
  await createIndex(db, 'notifications', ['incident_id']);
}

/** Silences become entries of the calendar; one that was made by this version never had them. */
async function addCalendar(db: Kysely<unknown>, engine: Engine): Promise<void> {
  await createTable(db, engine, 'calendar');
  await sql`alter table alerts add column steps ${sql.raw(TYPES[engine].text)}`.execute(db);
  if (await isThere(db, engine, 'silences')) {
    const { rows } = await sql<OldSilence>`select * from silences`.execute(db);
    for (const row of rows) await insertSilence(db, row);
    await sql`drop table silences`.execute(db);
  }
  if (engine === 'sqlite') await addSum(db, 'calendar', columnNames('calendar'));
}

interface OldSilence {
  readonly id: Uint8Array;
  readonly entity_id: string | null;
  readonly rule: string | null;
  readonly subject: string | null;
  readonly starts_at: number | string;
  readonly ends_at: number | string;
  readonly reason: string | null;
  readonly created_by: string | null;
  readonly created_at: number | string;
}

async function insertSilence(db: Kysely<unknown>, row: OldSilence): Promise<void> {
  const scope = JSON.stringify({
    entityId: row.entity_id,
    service: null,
    rule: row.rule,
    subject: row.subject,
    labels: [],
  });
  const title = row.reason === null || row.reason === '' ? 'Silence' : row.reason;
  const kind = calendarKinds.indexOf('silence');
  await sql`insert into calendar (id, kind, title, scope, starts_at, ends_at, time_zone, left_out, governs, reason, created_by, created_at, over_at)
    values (${row.id}, ${kind}, ${title}, ${scope}, ${Number(row.starts_at)}, ${Number(row.ends_at)}, 'UTC', '[]', '["alerting"]',
      ${row.reason}, ${row.created_by}, ${Number(row.created_at)}, ${Number(row.ends_at)})`.execute(db);
}

async function isThere(db: Db | Kysely<unknown>, engine: Engine, table: string): Promise<boolean> {
  const catalog =
    engine === 'sqlite'
      ? sql`select 1 as found from sqlite_master where type = 'table' and name = ${table}`
      : sql`select 1 as found from pg_catalog.pg_class where oid = to_regclass(${table})`;
  return (await catalog.execute(db)).rows.length > 0;
}

async function addServices(db: Kysely<unknown>, engine: Engine): Promise<void> {
  await createSummedTable(db, engine, 'services');
  await createSummedTable(db, engine, 'service_dependencies');
}

async function addRemovedServices(db: Kysely<unknown>, engine: Engine): Promise<void> {
  await sql`alter table services add column removed_at ${sql.raw(TYPES[engine].integer)}`.execute(db);
}

function firstColumns(table: TableName): string[] {
  return columnNames(table).filter((name) => LATER_COLUMNS[table]?.includes(name) !== true);
}

/** Rows are only added: the database itself refuses the rest, against our own mistakes; against others there is the chain. */
async function createAuditLog(db: Kysely<unknown>, engine: Engine): Promise<void> {
  await createTable(db, engine, 'audit_log');
  if (engine === 'postgres') {
    await sql`create function audit_log_is_append_only() returns trigger language plpgsql as
      ${sql.lit(`begin raise exception '${NEVER_CHANGED}'; end`)}`.execute(db);
    await sql`create trigger audit_log_append_only before update or delete on audit_log
      for each row execute function audit_log_is_append_only()`.execute(db);
    return;
  }
  await refuseChanges(db, ['update', 'delete']);
}

async function refuseChanges(db: Kysely<unknown>, changes: readonly string[]): Promise<void> {
  for (const change of changes)
    await sql`create trigger ${sql.ref(`audit_log_no_${change}`)} before ${sql.raw(change)} on audit_log
      begin select raise(abort, ${sql.lit(NEVER_CHANGED)}); end`.execute(db);
}

/**
 * A checksum for each row in SQLite, computed once for those that are there: what is there now counts as written. Of PostgreSQL the
 * database’s own page checksums are asked (on by default since 18), which also cover what we do not write.
 */
async function addRowSums(db: Kysely<unknown>, engine: Engine): Promise<void> {
  if (engine === 'postgres') return;
  await sql`drop trigger audit_log_no_update`.execute(db);
  for (const table of tableNames) if (!SUMMED.includes(table)) await addSum(db, table, firstColumns(table));
  await refuseChanges(db, ['update']);
  await addSum(db, 'symbols', ['id', 'text']);
  await sql`create trigger symbols_sum after insert on symbols begin
    update symbols set row_sum = ${sql.raw(SUM_FUNCTION)}('symbols', new.id, new.text) where id = new.id; end`.execute(
    db,
  );
  // All rows lean on these few texts, so there is a second copy with its checksum.
  await sql`create index symbols_copy on symbols (text, row_sum)`.execute(db);
  await sql`create table ${sql.table(DAMAGED_ROWS)} (id integer primary key, table_name text, found_at integer, cells text)`.execute(
    db,
  );
}

async function addSum(db: Kysely<unknown>, table: string, columns: readonly string[]): Promise<void> {
  await sql`alter table ${sql.table(table)} add column ${sql.ref(SUM_COLUMN)} integer`.execute(db);
  await sql`update ${sql.table(table)} set ${sql.ref(SUM_COLUMN)} = ${sumExpression(table, columns)}`.execute(db);
}

/** The checksum of a row as SQL on the store’s own connections computes it. */
export function sumExpression(table: string, columns: readonly string[]): RawBuilder<unknown> {
  return sql`${sql.raw(SUM_FUNCTION)}(${sql.lit(table)}, ${sql.join(columns.map((name) => sql.ref(name)))})`;
}

/** A table’s columns as they lie, without the checksum. */
export function columnNames(table: TableName): string[] {
  return Object.values(fieldsOf(tables[table])).flatMap((field) => field.columns.map((column) => column.name));
}

/** Brings the schema up to date. Throws STORE_NEWER when it holds migrations that this version does not know. */
export async function migrate(db: Db, engine: Engine, place: string): Promise<void> {
  const known = migrationsFor(engine);
  const noted = await migrationsIn(db, engine);
  const names = noted.map((row) => row.name);
  const { newer, damaged } = judgeMigrationNames(names);
  if (newer !== null)
    throw new AuspexError(
      'STORE_NEWER',
      `The records in ${place} have the schema change “${newer}”, which this Auspex does not know.`,
    );
  for (const { found, meant } of damaged)
    await sql`update kysely_migration set name = ${meant} where name = ${found}`.execute(db);
  // Only shown to people, but a time that is none would stop every start.
  for (const { timestamp } of noted)
    if (Number.isNaN(Date.parse(timestamp)))
      await sql`update kysely_migration set timestamp = '2026-01-01T00:00:00.000Z' where timestamp = ${timestamp}`.execute(
        db,
      );
  // What is noted of the schema no longer holds once it is changed; it is noted anew afterwards.
  if (engine === 'sqlite' && names.length < MIGRATION_NAMES.length) await sql`pragma user_version = 0`.execute(db);
  const provider: MigrationProvider = { getMigrations: async () => known };
  const { error } = await new Migrator({ db, provider, allowUnorderedMigrations: true }).migrateToLatest();
  if (error !== undefined) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new AuspexError(
      'STORE_FAILED',
      `The records in ${place} could not be brought to this version's schema: ${reason}.`,
      { cause: error },
    );
  }
}

async function migrationsIn(db: Db, engine: Engine): Promise<{ name: string; timestamp: string }[]> {
  if (!(await isThere(db, engine, 'kysely_migration'))) return [];
  const { rows } = await sql<{ name: string; timestamp: string }>`select name, timestamp from kysely_migration`.execute(
    db,
  );
  return rows.map((row) => ({ name: String(row.name), timestamp: String(row.timestamp) }));
}
