import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { pino } from 'pino';
import { expect, test } from 'vitest';
import { AUDIT_HEAD_FILE } from '../../../src/access/audit-head.ts';
import { auditKeys } from '../../../src/access/audit-key.ts';
import { AuditLog } from '../../../src/access/audit-log.ts';
import type { Act, RecordStore } from '../../../src/model/index.ts';
import { newHome, openTestStores, withStores } from './open-test-stores.ts';

const keys = auditKeys(Buffer.alloc(32, 3));
const act = (action: string, more: Partial<Act> = {}): Act => ({
  actor: { kind: 'user', name: 'ann', source: '127.0.0.1' },
  action,
  ...more,
});

function openLog(records: RecordStore, home: string): AuditLog {
  let at = 1_795_000_000_000;
  return new AuditLog({
    records,
    home,
    keys,
    clock: { now: () => ++at, monotonic: () => performance.now() },
    log: pino({ level: 'silent' }),
  });
}

/** Changes the database as somebody would who has it and not us. */
function tamper(home: string, sql: string): void {
  const db = new DatabaseSync(join(home, 'records.db'), { timeout: 5000 });
  db.exec('drop trigger audit_log_no_update; drop trigger audit_log_no_delete');
  db.exec(sql);
  db.close();
}
const idOf = (seq: number): string => `x'01${String(seq).padStart(16, '0')}'`;

test('many acts at once make one chain without gaps, and each hears its number', () =>
  withStores(async ({ records }, home) => {
    const log = openLog(records, home);
    const numbers = await Promise.all(Array.from({ length: 200 }, (_, i) => log.record(act('a', { target: `${i}` }))));
    expect(numbers).toEqual(Array.from({ length: 200 }, (_, i) => i + 1));
    expect(await log.verify()).toMatchObject({ rows: 200, fault: null, head: { seq: 200 } });
    await log.close();
  }));

test('the database itself refuses to change or remove a row', () =>
  withStores(async ({ records }, home) => {
    const log = openLog(records, home);
    await log.record(act('a'));
    await expect(records.update('audit_log', {}, { actor: 'bob' })).rejects.toThrow('never changed or removed');
    await expect(records.remove('audit_log', {})).rejects.toThrow('never changed or removed');
    const [row] = (await records.find('audit_log', {})).rows;
    if (row !== undefined) await expect(records.put('audit_log', [row])).rejects.toThrow('never changed or removed');
    await log.close();
  }));

test.each([
  ['an edited row', `update audit_log set actor = 'bob' where id = ${idOf(4)}`, 'edited', 4],
  ['a time moved', `update audit_log set at = at + 1 where id = ${idOf(10)}`, 'edited', 10],
  ['a removed row', `delete from audit_log where id = ${idOf(4)}`, 'removed', 4],
  ['the first row removed', `delete from audit_log where id = ${idOf(1)}`, 'removed', 1],
  ['the last rows removed', `delete from audit_log where id >= ${idOf(9)}`, 'cut', 9],
  ['all rows removed', 'delete from audit_log', 'cut', 1],
  [
    'two rows that changed places',
    `update audit_log set id = x'01ff' where id = ${idOf(4)}; update audit_log set id = ${idOf(4)} where id = ${idOf(5)};
     update audit_log set id = ${idOf(5)} where id = x'01ff'`,
    'reordered',
    4,
  ],
] as const)('%s is found while it runs and after a restart, and acts that follow do not hide it', (_, sql, kind, seq) =>
  withStores(async ({ records }, home) => {
    const log = openLog(records, home);
    for (let i = 1; i <= 10; i++) await log.record(act('a', { target: `${i}` }));
    tamper(home, sql);
    expect((await log.verify()).fault).toMatchObject({ kind, seq });
    await log.close();
    const again = openLog(records, home);
    expect((await again.verify()).fault).toMatchObject({ kind, seq });
    await again.record(act('after'));
    expect((await again.verify()).fault?.kind).toBe(kind);
    await again.close();
  }),
);

test('rows cut off while it runs are told by the next row', () =>
  withStores(async ({ records }, home) => {
    const log = openLog(records, home);
    for (let i = 1; i <= 10; i++) await log.record(act('a'));
    tamper(home, `delete from audit_log where id > ${idOf(6)}`);
    expect(await log.record(act('b'))).toBe(8);
    expect(log.health()).toMatchObject({ state: 'degraded', message: expect.stringContaining('missing') });
    const row = await records.get('audit_log', '0000000000000007');
    expect(row).toMatchObject({ action: 'audit.cut' });
    expect(JSON.parse(row?.detail ?? '')).toMatchObject({ lastFound: 6, lastWritten: 10 });
    expect((await log.verify()).fault).toMatchObject({ kind: 'cut', seq: 7 });
    await log.close();
  }));

test('a head file that is gone, emptied or made up is not believed', () =>
  withStores(async ({ records }, home) => {
    const log = openLog(records, home);
    await log.record(act('a'));
    await log.record(act('b'));
    const path = join(home, AUDIT_HEAD_FILE);
    const good = readFileSync(path, 'utf8');
    for (const text of ['', good.replaceAll('"seq":2', '"seq":1'), good.replaceAll(/"mac":"./g, '"mac":"x')]) {
      writeFileSync(path, text);
      const found = (await openLog(records, home).verify()).fault;
      // The slot before the last is genuine: it is older, and that is all that can be said.
      if (text.includes('"seq":2') || text === '') expect(found).toMatchObject({ kind: 'cut', seq: 3 });
    }
    rmSync(path);
    expect((await openLog(records, home).verify()).fault).toMatchObject({ kind: 'cut', seq: 3 });
    await log.close();
  }));

test('what cannot be written is refused, and nothing of it is there', async () => {
  const home = newHome();
  const stores = await openTestStores(home);
  const records: RecordStore = {
    ...stores.records,
    get: (...given) => stores.records.get(...given),
    find: (...given) => stores.records.find(...given),
    transaction: async () => {
      throw new Error('no space left on device');
    },
  } as RecordStore;
  const log = openLog(records, home);
  await expect(log.record(act('token.add'))).rejects.toMatchObject({
    code: 'AUDIT_FAILED',
    status: 503,
    message: expect.stringContaining('no space left on device'),
  });
  expect(await stores.records.count('audit_log', {})).toBe(0);
  expect(log.health()).toMatchObject({ state: 'degraded', message: expect.stringContaining('changes are refused') });
  await log.close();
  await stores.close();
  rmSync(home, { recursive: true, force: true });
});

test('a guesser gets ten rows a minute and one that counts the rest', () =>
  withStores(async ({ records }, home) => {
    const log = openLog(records, home);
    for (let i = 0; i < 1000; i++)
      await log.recordBounded({
        actor: { kind: 'nobody', name: '', source: '203.0.113.9' },
        action: 'session.sign-in',
        outcome: 'failed',
      });
    await log.close();
    const { rows } = await records.find('audit_log', {});
    expect(rows).toHaveLength(11);
    expect(JSON.parse(rows[10]?.detail ?? '')).toMatchObject({ more: 990 });
  }));

test('secrets in an act are not in the file', () => {
  const home = mkdtempSync(join(tmpdir(), 'auspex-audit-'));
  return withStores(async ({ records }) => {
    const log = openLog(records, home);
    await log.record(act('user.add', { detail: { body: { name: 'bob', password: 'S3cr3tCanary' } } }));
    const { rows } = await records.find('audit_log', {});
    expect(JSON.stringify(rows)).not.toContain('S3cr3tCanary');
    await log.close();
  }).finally(() => rmSync(home, { recursive: true, force: true }));
});
