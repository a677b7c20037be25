import { spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { keepBackup } from '../../src/compose-backup.ts';
import { AuspexError } from '../../src/errors.ts';
import { readBackup } from '../../src/store/backup-read.ts';
import { settleRestore } from '../../src/store/backup-restore.ts';
import { backupStream } from '../../src/store/backup-write.ts';
import {
  batchOf,
  MIDNIGHT,
  newHome,
  openTestStores,
  pointsOf,
  seriesOf,
} from '../conformance/store/open-test-stores.ts';
import { openLogOn } from './audit-forever.ts';

/* kill -9 in the middle of an append to the audit log, of a backup, of a restore; and a disk that is full. KILLS sets how many. */

const KILLS = Number(process.env['KILLS'] ?? 6);
/** Tables that the first release did not have. */
const LATER = [
  'audit_log',
  'users',
  'damaged_rows',
  'error_patterns',
  'incidents',
  'changes',
  'services',
  'service_dependencies',
  'calendar',
  'objectives',
  'judgements',
];
const BACKUPS = new URL('./backup-forever.ts', import.meta.url);
let folder: string;
beforeEach(() => {
  folder = newHome();
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

/** Runs a child until it has printed so many lines, then a little longer, kills it, and gives the last line. */
function runAndKill(script: URL, args: readonly string[], lines: number, moreMs: number): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [fileURLToPath(script), ...args], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    let text = '';
    let planned = false;
    child.stdout.on('data', (chunk: Buffer) => {
      text += chunk.toString();
      if (planned || text.split('\n').length <= lines) return;
      planned = true;
      setTimeout(() => child.kill('SIGKILL'), moreMs);
    });
    child.on('error', reject);
    child.on('exit', (code) => {
      if (code !== null) reject(new Error(`${script.pathname} ended by itself with ${code}`));
      else resolve(text.slice(0, text.lastIndexOf('\n')).split('\n').at(-1) ?? '');
    });
  });
}

test('kill -9 while rows are appended: the chain is whole, and every act that was let through is in it', async () => {
  const home = join(folder, 'home');
  let before = 0;
  for (let kill = 0; kill < KILLS; kill++) {
    const last = Number(
      await runAndKill(new URL('./audit-forever.ts', import.meta.url), [home], 5 + kill * 3, Math.random() * 40),
    );
    const { stores, log } = await openLogOn(home);
    const report = await log.verify();
    expect(report.fault).toBeNull();
    expect(report.rows).toBeGreaterThanOrEqual(last);
    expect(last).toBeGreaterThan(before);
    before = report.rows;
    await log.close();
    await stores.close();
  }
}, 300_000);

test('kill -9 while a backup is made: what has the name is whole, and the home folder is as it was', async () => {
  const home = join(folder, 'home');
  const file = join(folder, 'backup.tar.gz');
  let points = 0;
  for (let kill = 0; kill < KILLS; kill++) {
    await runAndKill(BACKUPS, ['backup', home, file], kill % 3, Math.random() * 300);
    if (existsSync(file)) expect((await readBackup(file)).files.length).toBeGreaterThan(1);
    const stores = await openTestStores(home, { bufferPoints: 512 });
    expect(stores.problems()).toEqual([]);
    const now = (await pointsOf(stores, seriesOf(stores, 5)[0] ?? 0)).length;
    expect(now).toBeGreaterThanOrEqual(points);
    points = now;
    await stores.close();
  }
  // Beside the backup only what its own name shows to be half of one.
  expect(
    readdirSync(folder).filter((name) => !['home', 'backup.tar.gz', '.backup.tar.gz.partial'].includes(name)),
  ).toEqual([]);
}, 300_000);

test('kill -9 while a backup is restored: the home folder is all of one or all of the other', async () => {
  const files: string[] = [];
  for (const mark of [1, 2]) {
    const made = join(folder, `made-${mark}`);
    const stores = await openTestStores(made);
    const refs = seriesOf(stores, 5);
    for (let i = 0; i < 200; i++) await stores.metrics.append(batchOf(refs.map((ref) => [ref, MIDNIGHT + i, mark])));
    await stores.metrics.housekeep(MIDNIGHT, true);
    await stores.metrics.append(batchOf(refs.map((ref) => [ref, MIDNIGHT + 1000, mark])));
    await stores.records.put('settings', [{ id: 'mark', value: mark, at: mark }]);
    mkdirSync(join(made, 'state'), { recursive: true });
    writeFileSync(join(made, 'state', 'detector-position'), String(mark));
    const file = join(folder, `${mark}.tar.gz`);
    const base = { home: made, version: '0.1.0', createdAt: Date.now(), withKeys: false, hasRecords: true };
    await keepBackup(file, backupStream({ ...base, hold: () => stores.hold() }));
    await stores.close();
    files.push(file);
  }
  const home = join(folder, 'home');
  const seen = new Set<number>();
  for (let kill = 0; kill < KILLS; kill++) {
    await runAndKill(BACKUPS, ['restore', home, ...files], 1 + (kill % 2), Math.random() * 60);
    await settleRestore(home);
    const stores = await openTestStores(home);
    expect(stores.problems()).toEqual([]);
    const mark = (await stores.records.get('settings', 'mark'))?.value;
    const values = await Promise.all(seriesOf(stores, 5).map((ref) => pointsOf(stores, ref)));
    expect(values.map((points) => points.length)).toEqual([201, 201, 201, 201, 201]);
    expect(new Set(values.flat().map(([, value]) => value))).toEqual(new Set([mark]));
    seen.add(Number(mark));
    await stores.close();
    for (const name of readdirSync(home))
      if (name.startsWith('before-restore')) rmSync(join(home, name), { recursive: true });
    expect(readdirSync(home)).not.toContain('restore-in-progress.json');
  }
  expect([...seen].every((mark) => mark === 1 || mark === 2)).toBe(true);
}, 300_000);

test('kill -9 while the schema is changed: at the next start it is the new one, and nothing of the old is lost', async () => {
  const home = join(folder, 'home');
  const rows = Array.from({ length: 200 }, (_, i) => ({ id: `s${i}`, value: { i }, at: i }));
  const first = await openTestStores(home);
  await first.records.put('settings', rows);
  await first.close();
  for (let kill = 0; kill < KILLS; kill++) {
    // As the first release left it: no tables that came later, and no note of them.
    const db = new DatabaseSync(join(home, 'records.db'));
    for (const table of LATER) db.exec(`DROP TABLE ${table}`);
    db.exec('DROP INDEX alerts_by_incident_id_started_at; DROP INDEX notifications_by_incident_id');
    db.exec('ALTER TABLE alerts DROP COLUMN incident_id; ALTER TABLE alerts DROP COLUMN steps');
    db.exec('ALTER TABLE notifications DROP COLUMN incident_id; ALTER TABLE notifications DROP COLUMN receiver');
    db.exec(
      'CREATE TABLE silences (id blob not null primary key, entity_id text, rule text, subject text, starts_at integer, ends_at integer, reason text, created_by text, created_at integer)',
    );
    db.exec("INSERT INTO silences VALUES (x'027331', 'host:a', 'disk-low', NULL, 5, 9e12, 'moving data', 'kim', 4)");
    db.exec('DROP TRIGGER symbols_sum; DROP INDEX symbols_copy; PRAGMA user_version = 0');
    const tables = db
      .prepare(
        "SELECT m.name FROM sqlite_master m, pragma_table_info(m.name) c WHERE m.type = 'table' AND c.name = 'row_sum'",
      )
      .all();
    for (const { name } of tables) db.exec(`ALTER TABLE "${String(name)}" DROP COLUMN row_sum`);
    db.exec("DELETE FROM kysely_migration WHERE name > '0001-tables'");
    db.close();
    await runAndKill(new URL('./migrate-once.ts', import.meta.url), [home], 1, (kill % 10) * 6 + Math.random() * 6);
    const stores = await openTestStores(home);
    expect(stores.problems()).toEqual([]);
    expect((await stores.records.find('settings', { limit: 1000 })).rows).toHaveLength(rows.length);
    expect(await stores.records.count('users', {})).toBe(0);
    await expect(stores.records.count('audit_log', {})).resolves.toBe(0);
    // Silences are entries of the calendar now.
    expect((await stores.records.find('calendar', {})).rows).toMatchObject([
      {
        id: 's1',
        kind: 'silence',
        title: 'moving data',
        scope: { entityId: 'host:a', rule: 'disk-low' },
        overAt: 9e12,
      },
    ]);
    await stores.close();
  }
}, 300_000);

const canMount = process.getuid?.() === 0 && spawnSync('mount', ['--version']).status === 0;

test.skipIf(!canMount)(
  'on a full disk an act is refused, and the chain goes on when there is room (needs root, mount)',
  async ({ skip }) => {
    const disk = join(folder, 'disk');
    mkdirSync(disk);
    if (spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=6m', 'tmpfs', disk]).status !== 0)
      skip('tmpfs cannot be mounted here');
    try {
      const home = join(disk, 'home');
      const { stores, log } = await openLogOn(home);
      const act = {
        actor: { kind: 'user', name: 'ann', source: null },
        action: 'a',
        detail: { note: 'x '.repeat(100) },
      } as const;
      await log.record(act);
      const filler = join(dirname(home), 'filler');
      for (let bytes = 1 << 20; bytes >= 1024; bytes /= 2)
        try {
          for (;;) writeFileSync(filler, Buffer.alloc(bytes), { flag: 'a' });
        } catch {
          // so much does not fit any more: half of it may
        }
      let written = 1;
      let refusal: unknown = null;
      while (refusal === null && written < 50_000)
        await log.record(act).then(
          () => written++,
          (error: unknown) => {
            refusal = error;
          },
        );
      expect(refusal).toBeInstanceOf(AuspexError);
      expect(refusal).toMatchObject({ code: 'AUDIT_FAILED' });
      expect(await log.verify()).toMatchObject({ rows: written, fault: null });
      rmSync(filler);
      expect(await log.record(act)).toBe(written + 1);
      expect(await log.verify()).toMatchObject({ rows: written + 1, fault: null });
      await log.close();
      await stores.close();
    } finally {
      spawnSync('umount', [disk]);
    }
  },
  120_000,
);
