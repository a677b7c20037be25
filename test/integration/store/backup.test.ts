import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { Readable } from 'node:stream';
import { gunzipSync, gzipSync } from 'node:zlib';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { keepBackup } from '../../../src/compose-backup.ts';
import { SecretKeys } from '../../../src/platform/secret-keys.ts';
import { writeSealed } from '../../../src/platform/sealed-files.ts';
import { readBackup } from '../../../src/store/backup-read.ts';
import { restoreBackup, settleRestore } from '../../../src/store/backup-restore.ts';
import { tarEnd, tarHeader, tarPadding } from '../../../src/store/backup-tar.ts';
import { backupStream } from '../../../src/store/backup-write.ts';
import type { Stores } from '../../../src/store/open-stores.ts';
import {
  batchOf,
  DAY,
  MIDNIGHT,
  newHome,
  openTestStores,
  pointsOf,
  seriesOf,
} from '../../conformance/store/open-test-stores.ts';

let folder: string;
beforeEach(() => {
  folder = newHome();
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const SERIES = 20;
const at = MIDNIGHT + DAY / 2;

/** A home with points in blocks and in the write-ahead, records, a model, learnt state and keys. */
async function fill(home: string): Promise<Stores> {
  const keys = await SecretKeys.open(home, {});
  const stores = await openTestStores(home, { keys: keys.ring });
  const refs = seriesOf(stores, SERIES);
  const times = Array.from({ length: 500 }, (_, i) => MIDNIGHT - DAY + i * 100_000);
  for (const time of times) await stores.metrics.append(batchOf(refs.map((ref) => [ref, time, ref + time])));
  await stores.metrics.housekeep(at, true);
  await stores.metrics.append(batchOf(refs.map((ref) => [ref, at, ref])));
  await stores.records.put(
    'settings',
    Array.from({ length: 300 }, (_, i) => ({ id: `s${i}`, value: { i }, at: i })),
  );
  await stores.models.save(
    {
      name: 'performance',
      entityId: 'host:a',
      algorithm: 'forest',
      trainedAt: at,
      trainedFrom: 0,
      trainedTo: at,
      sampleCount: 5,
      featureNames: ['a'],
      metrics: {},
      trainingMs: 1,
    },
    Buffer.from('the model'),
  );
  mkdirSync(join(home, 'state'), { recursive: true });
  await writeSealed(home, 'state/detector-position', Buffer.from('{}'), keys.ring);
  return stores;
}

async function contentOf(stores: Stores): Promise<unknown> {
  const points = await Promise.all(seriesOf(stores, SERIES).map((ref) => pointsOf(stores, ref)));
  const settings = await stores.records.find('settings', { limit: 1000 });
  const model = await stores.models.load('performance', 'host:a');
  return {
    points,
    settings: settings.rows,
    model: Buffer.from(model?.bytes ?? []).toString(),
    problems: stores.problems(),
  };
}

const source = (home: string, stores: Stores | null, withKeys: boolean) => ({
  home,
  version: '0.1.0',
  createdAt: Date.now() + 2 * 3_600_000, // so that today's files count as old, and both ways are gone
  withKeys,
  hasRecords: true,
  ...(stores === null
    ? {}
    : { hold: () => stores.hold(), copy: (path: string, copy: string) => stores.copy(path, copy) }),
});

const restore = (file: string, home: string, more: { force?: boolean; withoutKeys?: boolean } = {}) =>
  restoreBackup({
    file,
    home,
    force: more.force ?? false,
    withoutKeys: more.withoutKeys ?? false,
    keysThere: async (text) => (text === null ? ((await SecretKeys.look(home, {}))?.ids ?? []) : await idsOf(text)),
    now: at,
  });

async function idsOf(text: string): Promise<readonly string[]> {
  const home = newHome();
  writeFileSync(join(home, 'secret.key'), text);
  const ids = (await SecretKeys.look(home, {}))?.ids ?? [];
  rmSync(home, { recursive: true });
  return ids;
}

async function open(home: string): Promise<Stores> {
  return await openTestStores(home, { keys: (await SecretKeys.open(home, {})).ring });
}

test('a backup of a store that is being written to gives back all of it, read by query', async () => {
  const home = join(folder, 'a');
  const stores = await fill(home);
  const before = await contentOf(stores);
  const refs = seriesOf(stores, SERIES);
  let isWriting = true;
  const writing = (async () => {
    for (let i = 1; isWriting; i++) {
      await stores.metrics.append(batchOf(refs.map((ref) => [ref, at + i * 1000, i])));
      await stores.records.put('settings', [{ id: 'live', value: i, at: i }]);
      if (i % 20 === 0) await stores.metrics.housekeep(at, true);
    }
  })();
  const file = join(folder, 'b.tar.gz');
  const summary = await keepBackup(file, backupStream(source(home, stores, true)));
  isWriting = false;
  await writing;
  const series = await contentOf(stores);
  await stores.close();
  expect(summary).toMatchObject({ hasKeys: true, hasRecords: true });
  expect(readdirSync(folder).sort()).toEqual(['a', 'b.tar.gz']);
  expect(existsSync(join(home, '.backup'))).toBe(false);

  const target = join(folder, 'c');
  expect(await restore(file, target)).toMatchObject({ aside: null, leftOut: [] });
  expect(
    readdirSync(target)
      .filter((name) => !name.startsWith('lock'))
      .sort(),
  ).toEqual([
    'blocks',
    'ingest.db',
    'keys-in-use',
    'models',
    'records.db',
    'rollups-1h',
    'rollups-5m',
    'secret.key',
    'state',
  ]);
  const restored = await open(target);
  const after = (await contentOf(restored)) as { points: [number, number][][]; settings: { id: string }[] };
  await restored.close();
  const old = before as typeof after;
  expect({ ...after, points: null, settings: after.settings.filter(({ id }) => id !== 'live') }).toEqual({
    ...old,
    points: null,
  });
  const all = series as typeof after;
  for (let i = 0; i < SERIES; i++) {
    const [was, is, later] = [old.points[i] ?? [], after.points[i] ?? [], all.points[i] ?? []];
    expect(is.slice(0, was.length)).toEqual(was);
    expect(later.slice(0, is.length)).toEqual(is); // whole up to one moment, nothing twice
    expect(is.length).toBe(after.points[0]?.length);
  }
}, 60_000);

test('a stopped home, killed or not, is backed up from its files', async () => {
  const home = join(folder, 'a');
  const stores = await fill(home);
  const before = await contentOf(stores);
  await stores.close();
  const file = join(folder, 'b.tar.gz');
  await keepBackup(file, backupStream(source(home, null, true)));
  await restore(file, join(folder, 'c'));
  const restored = await open(join(folder, 'c'));
  expect(await contentOf(restored)).toEqual(before);
  await restored.close();
});

test('without keys it holds none and says what it needs; a lost key leaves models and learnt state out, the rest is there', async () => {
  const home = join(folder, 'a');
  const stores = await fill(home);
  const before = (await contentOf(stores)) as { points: unknown; settings: unknown };
  const file = join(folder, 'b.tar.gz');
  await keepBackup(file, backupStream(source(home, stores, false)));
  await stores.close();
  const key = readFileSync(join(home, 'secret.key'), 'utf8').trim();
  expect(gunzipSync(readFileSync(file)).includes(key.slice(6))).toBe(false);

  const target = join(folder, 'c');
  await expect(restore(file, target)).rejects.toMatchObject({ code: 'SECRET_KEY_MISSING' });
  expect(readdirSync(target).filter((name) => !name.startsWith('lock'))).toEqual([]);
  expect(await restore(file, target, { withoutKeys: true })).toMatchObject({ leftOut: ['models', 'state'] });
  const restored = await open(target);
  const { points, settings } = (await contentOf(restored)) as { points: unknown; settings: unknown };
  expect({ points, settings }).toEqual({ points: before.points, settings: before.settings });
  await restored.close();
  // The key in its place, and everything is there.
  const second = join(folder, 'd');
  mkdirSync(second);
  writeFileSync(join(second, 'secret.key'), `${key}\n`, { mode: 0o600 });
  await restore(file, second);
  const whole = await open(second);
  expect(await contentOf(whole)).toEqual(before);
  await whole.close();
});

test('data that are there, or in use, are not touched; with force they are kept beside', async () => {
  const home = join(folder, 'a');
  const stores = await fill(home);
  const before = await contentOf(stores);
  const file = join(folder, 'b.tar.gz');
  await keepBackup(file, backupStream(source(home, stores, true)));
  await expect(restore(file, home, { force: true })).rejects.toMatchObject({ code: 'STORE_LOCKED' });
  await stores.records.put('settings', [{ id: 'after', value: 1, at: 1 }]);
  await stores.close();
  writeFileSync(join(home, 'auspex.yaml'), '# mine');
  await expect(restore(file, home)).rejects.toMatchObject({ code: 'CONFLICT' });
  const { aside } = await restore(file, home, { force: true });
  expect(readFileSync(join(home, 'auspex.yaml'), 'utf8')).toBe('# mine');
  const restored = await open(home);
  expect(await contentOf(restored)).toEqual(before);
  await restored.close();
  const db = new DatabaseSync(join(aside ?? '', 'records.db'), { readOnly: true });
  expect(db.prepare("select count(*) as n from settings where at = 1 and value = '1'").get()).toEqual({ n: 1 });
  db.close();
});

const archive = (entries: readonly (readonly [name: string, body: string, type?: string])[], end = true): Buffer =>
  gzipSync(
    Buffer.concat([
      ...entries.flatMap(([name, body, type]) => {
        const header = tarHeader(name, Buffer.byteLength(body), 0);
        if (type !== undefined) {
          header.write(type, 156, 'latin1');
          header.write('        ', 148, 'latin1');
          const sum = header.reduce((total, byte) => total + byte, 0);
          header.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148, 'latin1');
        }
        return [header, Buffer.from(body), tarPadding(Buffer.byteLength(body))];
      }),
      ...(end ? [tarEnd()] : []),
    ]),
  );
const head = JSON.stringify({
  format: 1,
  version: '0.1.0',
  createdAt: '2026-11-21T00:00:00Z',
  withKeys: false,
  records: 'here',
  schemas: { records: ['0001-tables'], ingest: 1, blocks: 1 },
});
const manifest = JSON.stringify({ files: [] });

test.each([
  '../evil',
  '/etc/evil',
  'blocks/../../evil',
  'blocks/..',
  'blocks/evil.db/x',
  'models/../../evil',
  'models/.hidden',
  'state//evil',
  'state/a\\..\\evil',
  'auspex.yaml',
  'cli-token',
  'lock',
  '.restoring/x',
  'BLOCKS/a.db',
  'blocks/a.db-wal',
  './ingest.db',
  'ingest.db/',
  ' ingest.db',
])('a file named “%s” is refused, and nothing is written', async (name) => {
  const file = join(folder, 'x.tar.gz');
  writeFileSync(
    file,
    archive([
      ['auspex-backup.json', head],
      [name, 'evil'],
      ['manifest.json', manifest],
    ]),
  );
  const home = join(folder, 'home');
  await expect(restore(file, home)).rejects.toMatchObject({ code: 'BACKUP_DAMAGED' });
  expect(readdirSync(folder).sort()).toEqual(['home', 'x.tar.gz']);
  expect(readdirSync(home).filter((one) => !one.startsWith('lock'))).toEqual([]);
});

test.each(['1', '2', '3', '4', '5', '6', 'x', 'g', 'L', 'K'])(
  'an entry of type %s is no file of ours',
  async (type) => {
    const file = join(folder, 'x.tar.gz');
    writeFileSync(
      file,
      archive([
        ['auspex-backup.json', head],
        ['models/a', '/etc/passwd', type],
        ['manifest.json', manifest],
      ]),
    );
    await expect(restore(file, join(folder, 'home'))).rejects.toMatchObject({ code: 'BACKUP_DAMAGED' });
  },
);

test('a link that lies in wait in the home folder is not followed', async () => {
  const home = join(folder, 'home');
  const outside = join(folder, 'outside');
  mkdirSync(home);
  mkdirSync(outside);
  symlinkSync(outside, join(home, '.restoring'));
  const file = join(folder, 'x.tar.gz');
  writeFileSync(
    file,
    archive([
      ['auspex-backup.json', head],
      ['models/a', 'x'],
      ['manifest.json', manifest],
    ]),
  );
  await restore(file, home).catch(() => {});
  expect(readdirSync(outside)).toEqual([]);
});

test('what was made by a newer Auspex is refused with its name', async () => {
  const file = join(folder, 'x.tar.gz');
  for (const [change, word] of [
    [{ format: 2 }, 'format 2'],
    [{ schemas: { records: ['0001-tables', '9999-future'], ingest: 1, blocks: 1 } }, '9999-future'],
    [{ schemas: { records: [], ingest: 99, blocks: 1 } }, 'ingest schema 99'],
    [{ schemas: { records: [], ingest: 1, blocks: 99 } }, 'block schema 99'],
  ] as const) {
    writeFileSync(
      file,
      archive([
        ['auspex-backup.json', JSON.stringify({ ...JSON.parse(head), ...change })],
        ['manifest.json', manifest],
      ]),
    );
    await expect(readBackup(file)).rejects.toMatchObject({
      code: 'STORE_NEWER',
      message: expect.stringContaining(word),
    });
  }
});

function isSame(packed: Uint8Array, plain: Buffer): boolean {
  try {
    return gunzipSync(packed).equals(plain);
  } catch {
    return false;
  }
}

test('cut anywhere, or changed anywhere, it is refused and nothing is written', async () => {
  const home = join(folder, 'a');
  const stores = await fill(home);
  const file = join(folder, 'b.tar.gz');
  await keepBackup(file, backupStream(source(home, stores, true)));
  await stores.close();
  const good = readFileSync(file);
  const plain = gunzipSync(good);
  const target = join(folder, 'c');
  const refused = async (bytes: Uint8Array): Promise<void> => {
    writeFileSync(file, bytes);
    await expect(restore(file, target)).rejects.toMatchObject({
      code: expect.stringMatching(/BACKUP_DAMAGED|STORE_NEWER/),
    });
    expect(readdirSync(target).filter((one) => !one.startsWith('lock'))).toEqual([]);
  };
  for (let i = 0; i < 12; i++) await refused(good.subarray(0, Math.floor((good.length * i) / 12)));
  await refused(good.subarray(0, good.length - 1));
  for (let i = 0; i < 12; i++) {
    const changed = Buffer.from(good);
    const place = 20 + Math.floor(((good.length - 40) * i) / 12);
    changed[place] = (changed[place] ?? 0) ^ 1;
    // Some bits mean nothing: those between the head of a stored piece and the next byte.
    if (!isSame(changed, plain)) await refused(changed);
  }
  // The same inside, where gzip's own checksum is right again.
  for (let i = 0; i < 12; i++) {
    const changed = Buffer.from(plain);
    const place = plain.indexOf('SQLite format 3') + 100 + i * 512;
    changed[place] = (changed[place] ?? 0) ^ 1;
    await refused(gzipSync(changed, { level: 1 }));
  }
  for (const length of [512, 1024, plain.length - 1024, plain.length - 2048])
    await refused(gzipSync(plain.subarray(0, length)));
}, 60_000);

test('a stream that breaks off leaves no file, and the one of before stays', async () => {
  const file = join(folder, 'b.tar.gz');
  writeFileSync(file, 'the one of before');
  const broken = Readable.from(
    (async function* () {
      yield Buffer.alloc(1000);
      throw new Error('socket hang up');
    })(),
  );
  await expect(keepBackup(file, broken)).rejects.toMatchObject({ code: 'BACKUP_DAMAGED' });
  await expect(keepBackup(file, Readable.from([gzipSync(Buffer.alloc(10))]))).rejects.toMatchObject({
    code: 'BACKUP_DAMAGED',
  });
  expect(readdirSync(folder)).toEqual(['b.tar.gz']);
  expect(readFileSync(file, 'utf8')).toBe('the one of before');
});

test('a restore that was ended between any two moves goes on at the next start', async () => {
  const home = join(folder, 'a');
  const stores = await fill(home);
  const before = await contentOf(stores);
  const file = join(folder, 'b.tar.gz');
  await keepBackup(file, backupStream(source(home, stores, true)));
  await stores.close();
  // What the journal says when all is unpacked; each time so many of the moves are done already.
  for (let done = 0; done < 6; done++) {
    const target = join(folder, `t${done}`);
    const other = await fill(target);
    await other.records.put('settings', [{ id: 'old', value: 1, at: 1 }]);
    await other.close();
    const unpacked = join(target, '.restoring');
    mkdirSync(unpacked);
    await readBackup(file, unpacked);
    const incoming = readdirSync(unpacked);
    mkdirSync(join(target, 'aside'));
    writeFileSync(join(target, 'restore-in-progress.json'), JSON.stringify({ aside: 'aside', incoming }));
    const { renameSync } = await import('node:fs');
    for (const name of incoming.slice(0, done)) {
      if (existsSync(join(target, name))) renameSync(join(target, name), join(target, 'aside', name));
      if (name !== incoming[done - 1]) renameSync(join(unpacked, name), join(target, name));
    }
    await settleRestore(target);
    expect(existsSync(join(target, 'restore-in-progress.json'))).toBe(false);
    expect(existsSync(unpacked)).toBe(false);
    const restored = await open(target);
    expect(await contentOf(restored)).toEqual(before);
    await restored.close();
    rmSync(target, { recursive: true });
  }
  // Ended before all was unpacked: what was there is there.
  mkdirSync(join(home, '.restoring'));
  truncateSync(file, 1000);
  await settleRestore(home);
  const same = await open(home);
  expect(await contentOf(same)).toEqual(before);
  await same.close();
}, 60_000);
