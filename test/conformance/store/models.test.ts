import { copyFileSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import type { ModelStore } from '../../../src/model/index.ts';
import { KeyRing } from '../../../src/platform/secrets.ts';
import { newHome, openTestStores, withStores } from './open-test-stores.ts';

const metadata: Parameters<ModelStore['save']>[0] = {
  name: 'performance',
  entityId: 'host:../../etc/passwd',
  algorithm: 'random-forest',
  trainedAt: 3,
  trainedFrom: 1,
  trainedTo: 2,
  sampleCount: 10,
  featureNames: ['a', 'b'],
  metrics: { mae: 0.5 },
  trainingMs: 1.5,
};
const bytesOf = (text: string): Uint8Array => new Uint8Array(Buffer.from(text));

test('gives back what was saved after a restart, keeps three versions, and no id becomes a path', async () => {
  const home = newHome();
  let stores = await openTestStores(home);
  for (const text of ['one', 'two', 'three', 'four']) await stores.models.save(metadata, bytesOf(text));
  await stores.close();
  stores = await openTestStores(home);
  const loaded = await stores.models.load(metadata.name, metadata.entityId);
  expect(Buffer.from(loaded?.bytes ?? []).toString()).toBe('four');
  expect(loaded?.metadata).toMatchObject({ ...metadata, version: 4, status: 'serving', sizeBytes: 4 });
  expect((await stores.models.list()).map((m) => [m.version, m.status])).toEqual([[4, 'serving'], [3, 'previous'], [2, 'previous']]); // biome-ignore format: a table
  const files = readdirSync(join(home, 'models'));
  expect(files).toHaveLength(3);
  for (const name of files) expect(name).toMatch(/^performance-[0-9a-f]{16}-v\d\.model$/);
  expect(await stores.models.load('performance', 'host:other')).toBeUndefined();
  await stores.close();
  rmSync(home, { recursive: true, force: true });
});

test('sets a damaged file aside, names it, and serves the version before', () =>
  withStores(async (stores, home) => {
    for (const text of ['one', 'two']) await stores.models.save(metadata, bytesOf(text));
    const file = readdirSync(join(home, 'models')).find((name) => name.endsWith('v2.model')) ?? '';
    writeFileSync(join(home, 'models', file), 'twO');
    const loaded = await stores.models.load(metadata.name, metadata.entityId);
    expect(loaded?.metadata).toMatchObject({ version: 1, status: 'serving' });
    expect(readFileSync(join(home, 'models', `${file}.damaged`)).toString()).toBe('twO');
    expect(stores.problems().join()).toContain(file);
    expect((await stores.models.list())[0]).toMatchObject({
      version: 2,
      status: 'damaged',
      fault: expect.stringContaining('checksum'),
    });
    await expect(stores.models.promote(metadata.name, metadata.entityId, 2)).rejects.toMatchObject({
      code: 'MODEL_DAMAGED',
    });
    await stores.models.save(metadata, bytesOf('three'));
    expect((await stores.models.load(metadata.name, metadata.entityId))?.metadata.version).toBe(3);
  }));

test('under a key files are unreadable; an altered or exchanged one is set aside, a missing key changes nothing', async () => {
  const home = newHome();
  const keys = KeyRing.create('test');
  let stores = await openTestStores(home, { keys });
  for (const text of ['first content', 'second content', 'third content'])
    await stores.models.save(metadata, bytesOf(text));
  const folder = join(home, 'models');
  const files = readdirSync(folder).sort();
  for (const name of files) expect(readFileSync(join(folder, name)).includes('content')).toBe(false);
  await stores.close();
  stores = await openTestStores(home, { keys: KeyRing.create('other') });
  await expect(stores.models.load(metadata.name, metadata.entityId)).rejects.toMatchObject({
    code: 'SECRET_KEY_MISSING',
  });
  expect(readdirSync(folder).sort()).toEqual(files);
  await stores.close();
  stores = await openTestStores(home, { keys });
  // A genuine older version in the newest one's place.
  copyFileSync(join(folder, files[0] ?? ''), join(folder, files[2] ?? ''));
  const loaded = await stores.models.load(metadata.name, metadata.entityId);
  expect(Buffer.from(loaded?.bytes ?? []).toString()).toBe('second content');
  expect(readdirSync(folder)).toContain(`${files[2]}.damaged`);
  expect(stores.problems().join()).toContain('its seal does not hold');
  await stores.close();
  rmSync(home, { recursive: true, force: true });
});

test('promotes an earlier version', () =>
  withStores(async (stores, home) => {
    mkdirSync(join(home, 'models'), { recursive: true });
    for (const text of ['one', 'two']) await stores.models.save(metadata, bytesOf(text));
    expect(await stores.models.promote(metadata.name, metadata.entityId, 1)).toMatchObject({
      version: 1,
      status: 'serving',
    });
    expect(Buffer.from((await stores.models.load(metadata.name, metadata.entityId))?.bytes ?? []).toString()).toBe(
      'one',
    );
    await expect(stores.models.promote(metadata.name, metadata.entityId, 7)).rejects.toMatchObject({
      code: 'NOT_FOUND',
    });
  }));
