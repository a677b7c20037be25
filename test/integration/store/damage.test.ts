import {
  closeSync,
  cpSync,
  ftruncateSync,
  mkdirSync,
  openSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { BlockFolder, isUnreadable } from '../../../src/store/block-folder.ts';
import {
  batchOf,
  DAY,
  MIDNIGHT,
  newHome,
  openTestStores,
  pointsOf,
  seriesOf,
} from '../../conformance/store/open-test-stores.ts';

/** Damages tried on each kind of file; the long form is AUSPEX_DAMAGES=200. */
const DAMAGES = Number(process.env.AUSPEX_DAMAGES ?? 40);
const SERIES = 40;
const POINTS = 100;
const AT = MIDNIGHT + 2 * DAY;

let whole = '';

function valueOf(index: number, point: number): number {
  return Math.sin(point * (index + 1)) * 1e5;
}

beforeAll(async () => {
  whole = newHome();
  const stores = await openTestStores(whole, { at: AT });
  const refs = seriesOf(stores, SERIES);
  for (const day of [0, 1]) {
    const points = refs.flatMap((ref, index) =>
      [...Array(POINTS).keys()].map((i) => [ref, MIDNIGHT + day * DAY + i * 1_000, valueOf(index, i)] as const),
    );
    await stores.metrics.append(batchOf(points));
  }
  await stores.metrics.housekeep(MIDNIGHT, true);
  // what is only in the write-ahead
  await stores.metrics.append(
    batchOf(refs.map((ref, index) => [ref, MIDNIGHT + DAY + POINTS * 1_000, valueOf(index, POINTS)] as const)),
  );
  await stores.close();
});

afterAll(() => rmSync(whole, { recursive: true, force: true }));

/** Numbers in [0, 1) that are the same in every run. */
function random(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** Random bytes or zeros over a random part, or a cut; gives what was done. */
function damage(path: string, next: () => number): string {
  const size = statSync(path).size;
  const from = Math.floor(next() * size);
  const file = openSync(path, 'r+');
  try {
    if (next() < 0.2) {
      ftruncateSync(file, from);
      return `cut at ${from} of ${size}`;
    }
    const length = Math.min(size - from, 1 + Math.floor(next() ** 3 * 20_000));
    const zeros = next() < 0.3;
    writeSync(
      file,
      Uint8Array.from({ length }, () => (zeros ? 0 : next() * 256)),
      0,
      length,
      from,
    );
    return `${length} ${zeros ? 'zeros' : 'bytes'} at ${from} of ${size}`;
  } finally {
    closeSync(file);
  }
}

/** Opens a store with one damaged file and says everything that is not as it should be. */
async function faultsOf(file: string, seed: number): Promise<string[]> {
  const home = newHome();
  cpSync(whole, home, { recursive: true });
  const what = `${file}, seed ${seed}, ${damage(join(home, file), random(seed))}`;
  const faults: string[] = [];
  try {
    const stores = await openTestStores(home, { at: AT });
    try {
      const refs = seriesOf(stores, SERIES);
      let missing = 0;
      for (const [index, ref] of refs.entries()) {
        const points = await pointsOf(stores, ref);
        for (const [time, value] of points) {
          const i = ((time - MIDNIGHT) % DAY) / 1_000;
          if (value !== valueOf(index, i)) faults.push(`${what}: series ${index} has ${value} at ${time}`);
        }
        missing += 2 * POINTS + 1 - points.length;
      }
      if (missing > 0 && stores.problems().length === 0) faults.push(`${what}: ${missing} points missing, not named`);
      if (file === 'blocks/2026-11-20.db' && missing > SERIES * POINTS) faults.push(`${what}: the other day is gone`);
      await stores.metrics.last(refs, AT, 2 * DAY);
      await stores.metrics.downsample(refs, MIDNIGHT, AT, 300_000);
      await stores.metrics.append(batchOf(refs.map((ref) => [ref, AT, 1] as const)));
      for (const ref of refs) {
        if ((await pointsOf(stores, ref, AT)).length !== 1) faults.push(`${what}: a new sample is not there`);
      }
      await stores.metrics.housekeep(AT + 3_600_000, true);
      await stores.metrics.stats();
    } finally {
      await stores.close();
    }
  } catch (error) {
    faults.push(`${what}: ${String(error)} ${JSON.stringify((error as { data?: unknown }).data)}`);
  }
  rmSync(home, { recursive: true, force: true });
  return faults;
}

test('a file that was set aside between its opening and the first read fails nothing', () => {
  const home = newHome();
  const path = join(home, 'day.db');
  const writer = new DatabaseSync(path);
  writer.exec('PRAGMA journal_mode = WAL; CREATE TABLE t (a)');
  const reader = new DatabaseSync(path, { readOnly: true });
  writer.close();
  renameSync(path, `${path}.damaged`);
  let error: unknown;
  try {
    reader.prepare('SELECT * FROM t').all();
  } catch (caught) {
    error = caught;
  }
  reader.close();
  // SQLITE_IOERR_FSTAT
  expect(error).toMatchObject({ errcode: 1802 });
  const problems: string[] = [];
  mkdirSync(join(home, 'blocks'));
  const folder = new BlockFolder(home, 'raw', 'read', false, (text) => problems.push(text));
  expect(isUnreadable(error)).toBe(true);
  folder.failed(folder.pathOf(1), error);
  expect(problems).toEqual([]);
  writeFileSync(folder.pathOf(1), 'there');
  folder.failed(folder.pathOf(1), error);
  expect(problems).toEqual([expect.stringContaining('cannot be read')]);
  rmSync(home, { recursive: true, force: true });
});

test.each(['blocks/2026-11-20.db', 'ingest.db', 'records.db'])(
  'random damage in %s: the store opens, serves nothing wrong, names what is missing and takes new samples',
  async (file) => {
    const faults: string[] = [];
    for (let seed = 1; seed <= DAMAGES; seed++) faults.push(...(await faultsOf(file, seed)));
    expect(faults).toEqual([]);
  },
  DAMAGES * 2_000,
);
