import { closeSync, existsSync, openSync, readdirSync, readFileSync, rmSync, writeFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterEach, beforeEach, expect, test } from 'vitest';
import {
  batchOf,
  MIDNIGHT,
  newHome,
  openTestStores,
  pointsOf,
  seriesOf,
} from '../../conformance/store/open-test-stores.ts';
import { faultsOfNewRows, faultsOfRecords, written, writeRecords } from './written-records.ts';

let home: string;
beforeEach(() => {
  home = newHome();
});
afterEach(() => rmSync(home, { recursive: true, force: true }));

/** Changes a file as a fault of the disk would: behind the back of checksums and indexes. */
function change(file: string, ...statements: string[]): void {
  const db = new DatabaseSync(join(home, file), { defensive: false });
  for (const statement of statements) db.exec(statement);
  db.close();
}

/** Changes cells in the file's bytes: SQLite's own indexes then still have the old ones. */
function replaceBytes(file: string, from: string, to: string): number {
  const path = join(home, file);
  const bytes = readFileSync(path);
  const [old, fresh] = [Buffer.from(from), Buffer.from(to)];
  expect(old.length).toBe(fresh.length);
  let count = 0;
  for (let at = bytes.indexOf(old); at !== -1; at = bytes.indexOf(old, at + 1), count++) fresh.copy(bytes, at);
  writeFileSync(path, bytes);
  return count;
}

async function filled(): Promise<void> {
  const stores = await openTestStores(home);
  await writeRecords(stores.records, home);
  await stores.close();
}

test('a row with another checksum is not served, not counted, not changed, and is named; the others are there', async () => {
  await filled();
  change('records.db', "UPDATE users SET role = 3 WHERE id = CAST(x'02' || 'user-7' AS BLOB)");
  const stores = await openTestStores(home);
  try {
    expect(await stores.records.update('users', { id: 'user-7' }, { lastSignInAt: 5 })).toBe(0);
    expect(await stores.records.get('users', 'user-7')).toBeUndefined();
    expect(await stores.records.get('users', 'user-8')).toEqual(written.users?.[8]);
    await stores.verify();
    expect(await stores.records.count('users', {})).toBe(23);
    expect(stores.problems().join('\n')).toMatch(/^1 row of users was damaged: not served any more/m);
    expect(await faultsOfRecords(stores, home)).toEqual([]);
    // The name is free again.
    expect(await faultsOfNewRows(stores, home)).toEqual([]);
  } finally {
    await stores.close();
  }
  // Named as long as it is kept.
  const again = await openTestStores(home);
  expect(again.problems().join('\n')).toMatch(/1 row of users was damaged/);
  await again.close();
});

test('a row that is damaged in the column that is asked for is found by the walk', async () => {
  await filled();
  change('records.db', 'UPDATE sessions SET expires_at = expires_at - 5000000000000 WHERE rowid = 3');
  const stores = await openTestStores(home);
  const soon = { where: { expiresAt: { gte: 1 } } };
  expect((await stores.records.find('sessions', soon)).rows).toHaveLength(29);
  expect(stores.problems()).toEqual([]);
  await stores.verify();
  expect(stores.problems().join()).toContain('1 row of sessions');
  await stores.close();
});

test('a damaged index is found and made anew', async () => {
  await filled();
  const stores = await openTestStores(home);
  await stores.close();
  // As if the index had been made of other cells: rows are missing from it, which quick_check does not see.
  change(
    'records.db',
    'PRAGMA writable_schema = ON',
    "UPDATE sqlite_master SET sql = 'CREATE INDEX sessions_by_expires_at ON sessions (-expires_at)' WHERE name = 'sessions_by_expires_at'",
    'PRAGMA writable_schema = RESET',
    'REINDEX sessions_by_expires_at',
    'PRAGMA writable_schema = ON',
    `UPDATE sqlite_master SET sql = 'CREATE INDEX "sessions_by_expires_at" on "sessions" ("expires_at")' WHERE name = 'sessions_by_expires_at'`,
  );
  const db = new DatabaseSync(join(home, 'records.db'));
  db.exec('PRAGMA user_version = 0');
  db.close();
  const damaged = await openTestStores(home);
  await damaged.verify();
  expect(damaged.problems().join()).toContain('An index of sessions in the records did not fit its rows');
  expect(await faultsOfRecords(damaged, home)).toEqual([]);
  expect((await damaged.records.find('sessions', { where: { expiresAt: { gte: 0 } } })).rows).toHaveLength(30);
  await damaged.close();
});

test('where both copies of a shared text are gone, the rows that name it are set aside and named', async () => {
  await filled();
  // The indexes follow such an update.
  change('records.db', "UPDATE symbols SET text = 'host:wrong' WHERE text = 'host:a'");
  const lost = written.predictions?.filter((row) => row.entityId === 'host:a').length ?? 0;
  const stores = await openTestStores(home);
  await stores.verify();
  expect(stores.problems().join('\n')).toContain(`${lost} rows of predictions were damaged`);
  expect(await stores.records.count('predictions', {})).toBe(500 - lost);
  expect(await faultsOfRecords(stores, home)).toEqual([]);
  expect(await faultsOfNewRows(stores, home)).toEqual([]);
  await stores.close();
});

test('a text that was turned in its row alone is mended, and no row is lost', async () => {
  await filled();
  // The table's page holds the text behind its row's head; the two indexes hold it elsewhere.
  const path = join(home, 'records.db');
  const db = new DatabaseSync(path);
  const root = Number(db.prepare("SELECT rootpage FROM sqlite_master WHERE name = 'symbols'").get()?.rootpage);
  db.close();
  const bytes = readFileSync(path);
  const page = bytes.subarray((root - 1) * 4096, root * 4096);
  const at = page.indexOf('forecast:disk');
  expect(at).toBeGreaterThan(0);
  page[at + 3] ^= 4;
  writeFileSync(path, bytes);
  const stores = await openTestStores(home);
  await stores.verify();
  expect(stores.problems().join('\n')).toContain('came back from their second copy');
  expect(await stores.records.count('predictions', {})).toBe(written.predictions?.length);
  expect(await faultsOfRecords(stores, home)).toEqual([]);
  await stores.close();
});

test('a zeroed page costs its rows and no more: users, tokens and the rest are brought over, and the loss is told', async () => {
  await filled();
  const path = join(home, 'records.db');
  const db = new DatabaseSync(path);
  const pages = db.prepare(
    "SELECT name, pageno FROM dbstat WHERE name IN ('evidence', 'audit_log') AND pagetype = 'leaf'",
  );
  let places: { name: string; pageno: number }[] = [];
  try {
    places = pages.all() as never;
  } finally {
    db.close();
  }
  const file = openSync(path, 'r+');
  for (const name of ['evidence', 'audit_log']) {
    const leaves = places.filter((place) => place.name === name);
    const middle = leaves[Math.floor(leaves.length / 2)]?.pageno ?? 0;
    expect(middle).toBeGreaterThan(1);
    writeSync(file, Buffer.alloc(4096), 0, 4096, (middle - 1) * 4096);
  }
  closeSync(file);
  const stores = await openTestStores(home);
  expect(readdirSync(home).some((name) => name.startsWith('records.db.damaged-'))).toBe(true);
  expect(existsSync(join(home, 'records.db.salvage'))).toBe(false);
  const found = new Map(stores.salvaged?.map((one) => [one.table, one]));
  for (const table of ['users', 'tokens', 'predictions', 'anomalies', 'settings', 'sessions'] as const)
    expect(found.get(table)).toMatchObject({ kept: written[table]?.length, gaps: 0, damaged: 0 });
  const evidence = found.get('evidence');
  const lost = 150 - (evidence?.kept ?? 0);
  expect(lost).toBeGreaterThan(0);
  expect(lost).toBeLessThan(60);
  expect(evidence).toMatchObject({ gaps: 1, missing: lost });
  expect(stores.problems().join('\n')).toMatch(/Kept: .*24 of users.* Lost: .*rows of evidence/);
  // faultsOfRecords also holds the audit log against its chain: it must say that rows are missing.
  expect(await faultsOfRecords(stores, home)).toEqual([]);
  expect(await faultsOfNewRows(stores, home)).toEqual([]);
  await stores.close();
  const again = await openTestStores(home);
  expect(again.salvaged).toBeNull();
  expect(await again.records.count('users', {})).toBe(25);
  await again.close();
});

test('a name of a column that was turned in the schema costs nothing', async () => {
  await filled();
  expect(replaceBytes('records.db', '"password_hash" text', '"passw0rd_hash" text')).toBeGreaterThan(0);
  const stores = await openTestStores(home);
  expect(stores.problems().join('\n')).toContain('schema is not as it was written');
  expect(await faultsOfRecords(stores, home)).toEqual([]);
  expect(await stores.records.count('users', {})).toBe(24);
  await stores.close();
});

test('a salvage that was killed goes on at the next start', async () => {
  await filled();
  writeFileSync(join(home, 'records.db.salvage'), 'records.db.damaged-1');
  change('records.db', 'PRAGMA wal_checkpoint(TRUNCATE)');
  const whole = readFileSync(join(home, 'records.db'));
  writeFileSync(join(home, 'records.db.damaged-1'), whole);
  rmSync(join(home, 'records.db'));
  const stores = await openTestStores(home);
  expect(stores.salvaged?.find((one) => one.table === 'users')).toMatchObject({ kept: 24 });
  expect(await faultsOfRecords(stores, home)).toEqual([]);
  await stores.close();
});

test('a damaged note of the schema changes is no newer version', async () => {
  await filled();
  change('records.db', "UPDATE kysely_migration SET name = '0003-qudit', timestamp = 'x' WHERE name = '0003-audit'");
  const stores = await openTestStores(home);
  expect(await stores.records.count('users', {})).toBe(24);
  await stores.close();
});

test('a series whose definition is damaged is named, and its number and points go to no other', async () => {
  let stores = await openTestStores(home);
  const refs = seriesOf(stores, 10);
  await stores.metrics.append(batchOf(refs.map((ref) => [ref, MIDNIGHT + 1, ref])));
  await stores.metrics.housekeep(MIDNIGHT, true);
  await stores.close();
  change(
    'ingest.db',
    "UPDATE series SET labels = replace(labels, 'metric_4', 'metric_3') WHERE ref = 4",
    'DELETE FROM series WHERE ref = 9',
  );
  stores = await openTestStores(home);
  expect(stores.problems().join('\n')).toMatch(/1 definition of series in ingest\.db is not as written/);
  expect(stores.problems().join('\n')).toMatch(/1 definition of series in .*ingest\.db is gone/);
  const again = seriesOf(stores, 10);
  expect([again[3], again[4], again[9]]).toEqual([3, 10, 11]);
  for (const [index, ref] of again.entries())
    expect(await pointsOf(stores, ref)).toEqual(index === 4 || index === 9 ? [] : [[MIDNIGHT + 1, index]]);
  await stores.close();
});

test('damaged state of the write-ahead is named, and nothing is lost or served twice', async () => {
  let stores = await openTestStores(home);
  const refs = seriesOf(stores, 3);
  for (let i = 1; i <= 5; i++) await stores.metrics.append(batchOf(refs.map((ref) => [ref, MIDNIGHT + i, i])));
  await stores.metrics.housekeep(MIDNIGHT, true);
  await stores.metrics.append(batchOf(refs.map((ref) => [ref, MIDNIGHT + 6, 6])));
  await stores.close();
  change(
    'ingest.db',
    "UPDATE state SET value = 1000 WHERE name = 'flushed'",
    "UPDATE state SET value = 1 WHERE name = 'nextRef'",
  );
  stores = await openTestStores(home);
  expect(stores.problems().join('\n')).toMatch(/“flushed” in .* is not as it was written/);
  for (const ref of refs) expect((await pointsOf(stores, ref)).map(([, value]) => value)).toEqual([1, 2, 3, 4, 5, 6]);
  expect(seriesOf(stores, 4)).toEqual([0, 1, 2, 3]);
  await stores.close();
});

test('rows of the write-ahead that changed places or times are not served', async () => {
  let stores = await openTestStores(home);
  const [ref] = seriesOf(stores, 1);
  for (let i = 1; i <= 4; i++) await stores.metrics.append(batchOf([[ref, MIDNIGHT + i, i]]));
  await stores.close();
  change(
    'ingest.db',
    'UPDATE write_ahead SET position = 9 WHERE position = 1',
    "UPDATE write_ahead SET data = CAST(substr(data, 1, 3) || x'55' || substr(data, 5) AS BLOB) WHERE position = 3",
  );
  stores = await openTestStores(home);
  expect((await pointsOf(stores, ref)).map(([, value]) => value)).toEqual([2, 4]);
  expect(stores.problems()).toHaveLength(2);
  await stores.close();
});

test('a home of before there were checksums is brought to them with all it holds', async () => {
  let stores = await openTestStores(home);
  const refs = seriesOf(stores, 5);
  await stores.metrics.append(batchOf(refs.map((ref) => [ref, MIDNIGHT + 1, ref])));
  await stores.metrics.housekeep(MIDNIGHT, true);
  await writeRecords(stores.records, home);
  await stores.close();
  const drop = (file: string): string[] => {
    const db = new DatabaseSync(join(home, file));
    const tables = db.prepare("SELECT m.name FROM sqlite_master m, pragma_table_info(m.name) c WHERE m.type = 'table' AND c.name = 'row_sum'").all(); // biome-ignore format: one statement
    db.close();
    return tables.map(({ name }) => `ALTER TABLE "${String(name)}" DROP COLUMN row_sum`);
  };
  change(
    'records.db',
    'DROP TRIGGER symbols_sum',
    'DROP INDEX symbols_copy',
    'DROP TABLE damaged_rows',
    'PRAGMA user_version = 0',
  );
  change('records.db', ...drop('records.db'), "DELETE FROM kysely_migration WHERE name = '0004-row-sums'");
  change('ingest.db', ...drop('ingest.db'), "DELETE FROM state WHERE name IN ('nextRef', 'definitions')", 'PRAGMA user_version = 1', 'PRAGMA application_id = 0'); // biome-ignore format: one file
  stores = await openTestStores(home);
  await stores.verify();
  expect(stores.problems()).toEqual([]);
  expect(await faultsOfRecords(stores, home)).toEqual([]);
  expect(await stores.records.count('predictions', {})).toBe(500);
  expect(seriesOf(stores, 6)).toEqual([...refs, 5]);
  for (const ref of refs) expect(await pointsOf(stores, ref)).toEqual([[MIDNIGHT + 1, ref]]);
  await stores.close();
  change('records.db', "UPDATE users SET role = 2 WHERE id = CAST(x'02' || 'user-1' AS BLOB)");
  stores = await openTestStores(home);
  expect(await stores.records.get('users', 'user-1')).toBeUndefined();
  await stores.close();
});
