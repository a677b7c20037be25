import { cpSync, mkdirSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { KeyRing } from '../../../src/platform/secrets.ts';
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
import type { Stores } from '../../../src/store/open-stores.ts';
import { damage, random } from './damaging.ts';
import { faultsOfNewRows, faultsOfRecords, writeRecords } from './written-records.ts';

/** Damages tried on each kind of file; the long form is AUSPEX_DAMAGES=200. */
const DAMAGES = Number(process.env.AUSPEX_DAMAGES ?? 20);
/** Damages that once were served wrongly: cuts whose reading ended SQLite's transaction. */
const ONCE_WRONG: Readonly<Record<string, readonly number[]>> = { 'blocks/2026-11-20.db': [37, 175] };
const SERIES = 40;
const POINTS = 100;
const AT = MIDNIGHT + 2 * DAY;

const MODELS = ['host:a', 'host:b', 'host:c'];
const VERSIONS = 2;
const ring = KeyRing.create('test');

let whole = '';
let modelFiles: string[] = [];

function modelBytes(entityId: string, version: number): Buffer {
  return Buffer.from(`a model of ${entityId} in version ${version} `.repeat(200));
}

function valueOf(index: number, point: number): number {
  return Math.sin(point * (index + 1)) * 1e5;
}

beforeAll(async () => {
  whole = newHome();
  const stores = await openTestStores(whole, { at: AT, keys: ring });
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
  await writeRecords(stores.records, whole);
  for (let version = 1; version <= VERSIONS; version++)
    for (const entityId of MODELS)
      await stores.models.save(
        {
          name: 'performance',
          entityId,
          algorithm: 'random-forest',
          trainedAt: 3,
          trainedFrom: 1,
          trainedTo: 2,
          sampleCount: 10,
          featureNames: ['a'],
          metrics: {},
          trainingMs: 1,
        },
        modelBytes(entityId, version),
      );
  modelFiles = readdirSync(join(whole, 'models'));
  await stores.close();
});

afterAll(() => rmSync(whole, { recursive: true, force: true }));

/** Everything of a store that is not as it was written, or is missing without a word. */
async function faultsOfPoints(stores: Stores, file: string, isFirstStart: boolean): Promise<string[]> {
  const faults: string[] = [];
  let missing = 0;
  for (const [index, ref] of seriesOf(stores, SERIES).entries()) {
    const points = await pointsOf(stores, ref, -Infinity, AT - 1);
    for (const [time, value] of points) {
      const i = ((time - MIDNIGHT) % DAY) / 1_000;
      if (value !== valueOf(index, i)) faults.push(`series ${index} has ${value} at ${time}`);
    }
    missing += 2 * POINTS + 1 - points.length;
  }
  // What was set aside at the first start is named then.
  if (missing > 0 && isFirstStart && stores.problems().length === 0)
    faults.push(`${missing} points missing, not named`);
  if (missing > 0 && file === 'records.db') faults.push(`${missing} points missing though the blocks are whole`);
  if (file === 'blocks/2026-11-20.db' && missing > SERIES * POINTS) faults.push('the other day is gone');
  return faults;
}

/** A model is what was saved, or an earlier version of it, or named as damaged. */
async function faultsOfModels(stores: Stores, isFirstStart: boolean): Promise<string[]> {
  const faults: string[] = [];
  for (const entityId of MODELS) {
    const loaded = await stores.models.load('performance', entityId);
    if (loaded !== undefined && !Buffer.from(loaded.bytes).equals(modelBytes(entityId, loaded.metadata.version)))
      faults.push(`model of ${entityId}: bytes that were not saved as version ${loaded.metadata.version}`);
    if (loaded?.metadata.version !== VERSIONS && isFirstStart && stores.problems().length === 0)
      faults.push(`model of ${entityId}: not named`);
  }
  return faults;
}

async function faultsOfNew(stores: Stores, home: string, at: number): Promise<string[]> {
  const faults = await faultsOfNewRows(stores, home);
  const refs = seriesOf(stores, SERIES + 3);
  await stores.metrics.last(refs, at, 2 * DAY);
  await stores.metrics.downsample(refs, MIDNIGHT, at, 300_000);
  await stores.metrics.append(batchOf(refs.map((ref) => [ref, at, 1] as const)));
  for (const [index, ref] of refs.entries()) {
    if ((await pointsOf(stores, ref, at, at)).length !== 1) faults.push('a new sample is not there');
    // Numbers of lost series must not be given to new ones: their points are still in the blocks.
    if (index >= SERIES && (await pointsOf(stores, ref, -Infinity, AT - 1)).length > 0)
      faults.push('a new series has old points');
  }
  await stores.metrics.housekeep(at + 3_600_000, true);
  await stores.metrics.stats();
  return faults;
}

/** Opens a store with one damaged file, twice, and says everything that is not as it should be. */
async function faultsOf(file: string, seed: number): Promise<string[]> {
  const home = newHome();
  cpSync(whole, home, { recursive: true });
  const next = random(seed);
  const path = file === 'models' ? join('models', modelFiles[Math.floor(next() * modelFiles.length)] ?? '') : file;
  const what = `${path}, seed ${seed}, ${damage(join(home, path), next)}`;
  const faults: string[] = [];
  try {
    for (const start of [0, 1]) {
      const at = AT + start * 60_000;
      const stores = await openTestStores(home, { at, keys: ring });
      try {
        faults.push(...(await faultsOfPoints(stores, file, start === 0)));
        await stores.verify();
        if (start === 0) faults.push(...(await faultsOfRecords(stores, home)));
        faults.push(...(await faultsOfModels(stores, start === 0)));
        faults.push(...(await faultsOfNew(stores, home, at)));
        if (process.env.AUSPEX_DAMAGES_TOLD !== undefined && start === 0)
          console.log(`${what}: ${stores.problems().join(' | ') || 'no effect'}`);
      } catch (error) {
        // A page that is met damaged while running refuses what is on it, says so, and is mended by the next start.
        if (start === 1 || !stores.problems().some((problem) => problem.includes('At the next start'))) throw error;
      } finally {
        await stores.close();
      }
    }
  } catch (error) {
    faults.push(`${String(error)} ${JSON.stringify((error as { data?: unknown }).data)}`);
  }
  rmSync(home, { recursive: true, force: true });
  return faults.map((fault) => `${what}: ${fault}`);
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

test.each(['blocks/2026-11-20.db', 'ingest.db', 'records.db', 'models'])(
  'random damage in %s: the store opens and opens again, serves nothing wrong, names what is missing and goes on',
  async (file) => {
    const faults: string[] = [];
    const seeds = new Set([...Array.from({ length: DAMAGES }, (_, i) => i + 1), ...(ONCE_WRONG[file] ?? [])]);
    for (const seed of seeds) faults.push(...(await faultsOf(file, seed)));
    expect(faults).toEqual([]);
  },
  (DAMAGES + 2) * 15_000,
);
