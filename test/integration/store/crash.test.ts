import { spawn } from 'node:child_process';
import { closeSync, existsSync, openSync, readdirSync, rmSync, statSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { DatabaseSync } from 'node:sqlite';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import {
  batchOf,
  DAY,
  MIDNIGHT,
  newHome,
  openTestStores,
  pointsOf,
  seriesOf,
  withStores,
} from '../../conformance/store/open-test-stores.ts';

const CHILD = fileURLToPath(new URL('./append-forever.ts', import.meta.url));

/** Runs the child until it acknowledged some batches, kills it, and gives the last one that it acknowledged. */
function runAndKill(home: string, batches: number): Promise<number> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [CHILD, home], { stdio: ['ignore', 'pipe', 'inherit'] });
    let text = '';
    child.stdout.on('data', (chunk: Buffer) => {
      text += chunk.toString();
      if (text.split('\n').length > batches) child.kill('SIGKILL');
    });
    child.on('error', reject);
    child.on('exit', () => resolve(Number(text.trimEnd().split('\n').at(-1))));
  });
}

test('kill -9 loses nothing that was acknowledged, leaves no lock, and the store is ready within 5 s', async () => {
  const home = newHome();
  try {
    for (const batches of [3, 250, 700]) {
      const last = await runAndKill(home, batches);
      const started = performance.now();
      const stores = await openTestStores(home);
      expect(performance.now() - started).toBeLessThan(5_000);
      for (const ref of seriesOf(stores, 5)) {
        const points = await pointsOf(stores, ref);
        expect(points.length).toBeGreaterThan(last);
        points.forEach(([time, value], i) => expect([time, value]).toEqual([1_795_000_000_000 + i * 1_000, i]));
      }
      expect(stores.problems()).toEqual([]);
      await stores.close();
    }
  } finally {
    rmSync(home, { recursive: true, force: true });
  }
}, 30_000);

test('refuses a second process and names the first; the home folder is private', () =>
  withStores(async (_, home) => {
    await expect(openTestStores(home)).rejects.toMatchObject({
      code: 'STORE_LOCKED',
      message: expect.stringContaining(`process ${process.pid}`),
    });
    expect(statSync(home).mode & 0o777).toBe(0o700);
  }));

test.each(['ingest.db', 'records.db', 'blocks/2026-11-20.db'])(
  'refuses a newer schema in %s and changes nothing',
  async (file) => {
    const home = newHome();
    const stores = await openTestStores(home);
    await stores.metrics.append(batchOf([[seriesOf(stores, 1)[0], MIDNIGHT + 1, 1]]));
    await stores.metrics.housekeep(MIDNIGHT, true);
    await stores.close();
    const db = new DatabaseSync(join(home, file));
    db.exec(
      file === 'records.db'
        ? "INSERT INTO kysely_migration VALUES ('9999-later', '2030')"
        : `PRAGMA user_version = 99; PRAGMA application_id = ${0x41750000 + 99}`,
    );
    db.close();
    await expect(openTestStores(home)).rejects.toMatchObject({ code: 'STORE_NEWER' });
    rmSync(home, { recursive: true, force: true });
  },
);

/** Writes rubbish over a part of a file. */
function damage(path: string, from: number, length: number): void {
  const file = openSync(path, 'r+');
  writeSync(file, Buffer.alloc(length, 0xa5), 0, length, from);
  closeSync(file);
}

test.each([
  ['the head of a block file', 'blocks/2026-11-20.db', 0, 4_096],
  ['the middle of a block file', 'blocks/2026-11-20.db', 6_000, 9_000],
  ['the head of the ingest database', 'ingest.db', 0, 4_096],
])('opens with damage in %s, names it, and goes on', async (_, file, from, length) => {
  const home = newHome();
  let stores = await openTestStores(home, { at: MIDNIGHT + 2 * DAY });
  const refs = seriesOf(stores, 40);
  for (const day of [0, 1]) {
    const points = refs.flatMap((ref) =>
      [...Array(100).keys()].map((i) => [ref, MIDNIGHT + day * DAY + i * 1_000, Math.sin(i * ref) * 1e5] as const),
    );
    await stores.metrics.append(batchOf(points));
  }
  await stores.metrics.housekeep(MIDNIGHT, true);
  await stores.close();
  damage(join(home, file), from, length);
  stores = await openTestStores(home, { at: MIDNIGHT + 2 * DAY });
  const again = seriesOf(stores, 40);
  for (const ref of again) await pointsOf(stores, ref);
  if (file.startsWith('blocks')) expect(await pointsOf(stores, again[0], MIDNIGHT + DAY)).toHaveLength(100);
  expect(stores.problems().join('\n')).toMatch(/damaged|cannot be read/);
  expect(await stores.metrics.append(batchOf([[again[0], MIDNIGHT + 3 * DAY, 1]]))).toMatchObject({ stored: 1 });
  expect((await pointsOf(stores, again[0], MIDNIGHT + 3 * DAY)).length).toBe(1);
  if (from === 0)
    expect(
      [...readdirSync(home), ...(existsSync(join(home, 'blocks')) ? readdirSync(join(home, 'blocks')) : [])].some(
        (name) => name.includes('damaged'),
      ),
    ).toBe(true);
  await stores.close();
  rmSync(home, { recursive: true, force: true });
});

test('a disk whose fsync is slow never stalls the main loop, and queries do not wait for it', () =>
  withStores(
    async (stores) => {
      const [a] = seriesOf(stores, 1);
      const delay = monitorEventLoopDelay({ resolution: 5 });
      delay.enable();
      const appends = (async () => {
        for (let i = 0; i < 6; i++) await stores.metrics.append(batchOf([[a, MIDNIGHT + i, i]]));
      })();
      for (let i = 0; i < 5; i++) await pointsOf(stores, a);
      await appends;
      delay.disable();
      expect(delay.max / 1e6).toBeLessThan(150);
      expect(await pointsOf(stores, a)).toHaveLength(6);
    },
    { commitDelayMs: 200 },
  ));
