import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { copyFileSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, expect, test } from 'vitest';
import { ensureDirectory } from '../../src/platform/files.ts';
import { readSealed, sealedFiles, writeSealed } from '../../src/platform/sealed-files.ts';
import { reportKeys, rotateKeys } from '../../src/compose-secrets.ts';
import { SecretKeys } from '../../src/platform/secret-keys.ts';
import { HomeLock } from '../../src/store/home-lock.ts';
import { startAuspex, temporaryHome } from '../e2e/running-auspex.ts';

const KILLS = process.env['AUSPEX_SECURITY_LONG'] === '1' ? 20 : 3;
const homes: string[] = [];
afterEach(() => {
  for (const home of homes.splice(0)) rmSync(home, { recursive: true, force: true });
});

const contentOf = (i: number): Buffer => Buffer.from(`content of ${i} `.repeat(200 + i * 50));

async function filledHome(files: number, encrypt = true): Promise<string> {
  const home = await mkdtemp(join(tmpdir(), 'auspex-rotation-'));
  homes.push(home);
  for (const folder of ['models', 'state']) await ensureDirectory(join(home, folder));
  const keys = encrypt ? await SecretKeys.open(home, {}) : null;
  for (let i = 0; i < files; i++) {
    const name = `${i % 3 === 0 ? 'state' : 'models'}/file-${i}`;
    if (keys === null) writeFileSync(join(home, name), contentOf(i));
    else await writeSealed(home, name, contentOf(i), keys.ring);
  }
  return home;
}

async function expectAllReadable(home: string, keys: SecretKeys): Promise<void> {
  for (const { name } of await sealedFiles(home, ['models', 'state'])) {
    const i = Number(name.split('-')[1]);
    const plain = Buffer.from(await readSealed(home, name, keys.ring));
    expect(plain.equals(contentOf(i)), name).toBe(true);
  }
}

test(`kill -9 during rotation, ${KILLS} times: everything stays readable, the next one goes on`, {
  timeout: 120_000,
}, async () => {
  const home = await filledHome(60);
  let between = 0;
  for (let kill = 0; kill < KILLS; kill++) {
    const child = spawn(process.execPath, [fileURLToPath(new URL('./rotate-forever.ts', import.meta.url)), home], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    await once(child.stdout, 'data');
    await new Promise((wake) => setTimeout(wake, 20 + ((kill * 37) % 150)));
    const ended = once(child, 'exit');
    child.kill('SIGKILL');
    expect((await ended)[1]).toBe('SIGKILL');
    const keys = await SecretKeys.open(home, {});
    const used = new Set((await sealedFiles(home, ['models', 'state'])).map(({ keyId }) => keyId));
    if (keys.ring.ids.length > 1) between++;
    for (const id of used) expect(keys.ring.ids).toContain(id);
    await expectAllReadable(home, keys);
  }
  process.stderr.write(`${KILLS} kills, ${between} of them between two keys\n`);
  const keys = await SecretKeys.open(home, {});
  await keys.settle();
  expect(keys.ring.ids).toHaveLength(1);
  expect(await keys.count()).toEqual(new Map([[keys.ring.currentId, 60]]));
  await expectAllReadable(home, keys);
});

test('files of before there were keys are encrypted at the first start', async () => {
  const home = await filledHome(6, false);
  const keys = await SecretKeys.open(home, {});
  await expectAllReadable(home, keys);
  expect(await keys.settle()).toMatchObject({ rewritten: 6, dropped: [] });
  for (const name of readdirSync(join(home, 'models')))
    expect(readFileSync(join(home, 'models', name)).includes('content of')).toBe(false);
  await expectAllReadable(home, keys);
  expect(statSync(join(home, 'secret.key')).mode & 0o777).toBe(0o600);
});

test('a missing or wrong key stops the start and changes nothing', async () => {
  const home = await filledHome(3);
  const saved = join(home, 'saved');
  copyFileSync(join(home, 'secret.key'), saved);
  const stateOf = () =>
    readdirSync(home, { recursive: true }).map((name) => [name, statSync(join(home, String(name))).mtimeMs]);
  rmSync(join(home, 'secret.key'));
  let before = stateOf();
  await expect(SecretKeys.open(home, {})).rejects.toMatchObject({ code: 'SECRET_KEY_MISSING' });
  expect(stateOf()).toEqual(before);
  // Also where nobody wrote down which keys are in use.
  rmSync(join(home, 'keys-in-use'));
  await expect(SecretKeys.open(home, {})).rejects.toMatchObject({ code: 'SECRET_KEY_MISSING' });
  writeFileSync(join(home, 'secret.key'), Buffer.alloc(32, 1).toString('base64'));
  before = stateOf();
  await expect(SecretKeys.open(home, {})).rejects.toThrow('Nothing was changed');
  expect(stateOf()).toEqual(before);
  writeFileSync(join(home, 'secret.key'), 'hunter2');
  const failure = await SecretKeys.open(home, {}).catch((error: unknown) => error as Error);
  expect(failure).toMatchObject({ code: 'CONFIG_INVALID' });
  expect((failure as Error).message).not.toContain('hunter2');
  copyFileSync(saved, join(home, 'secret.key'));
  await expectAllReadable(home, await SecretKeys.open(home, {}));
});

test('keys from a credential or the environment go before the file, and are rotated by whoever gives them', async () => {
  const home = await filledHome(4);
  const own = readFileSync(join(home, 'secret.key'), 'utf8').trim();
  const fresh = Buffer.alloc(32, 7).toString('base64');
  const credentials = join(home, 'credentials');
  await ensureDirectory(credentials);
  writeFileSync(join(credentials, 'auspex-secret-key'), `${fresh}\n${own}\n`);
  const env = { CREDENTIALS_DIRECTORY: credentials, AUSPEX_SECRET_KEY: own };
  const keys = await SecretKeys.open(home, env);
  expect(keys.isOwnFile).toBe(false);
  await expect(keys.addKey()).rejects.toMatchObject({ code: 'CONFIG_INVALID' });
  expect(await keys.settle()).toMatchObject({ rewritten: 4 });
  // The old one can go now, and the file with it.
  writeFileSync(join(credentials, 'auspex-secret-key'), fresh);
  rmSync(join(home, 'secret.key'));
  await expectAllReadable(home, await SecretKeys.open(home, env));
  await expect(SecretKeys.open(home, { AUSPEX_SECRET_KEY: own })).rejects.toMatchObject({ code: 'SECRET_KEY_MISSING' });
});

test('what is written while everything is encrypted anew is not overwritten by what was there before', async () => {
  const home = await filledHome(30);
  const keys = await SecretKeys.open(home, {});
  await keys.addKey();
  const settling = keys.settle();
  for (let i = 0; i < 30; i++) await writeSealed(home, `models/new-${i}`, contentOf(i), keys.ring);
  for (let i = 1; i < 30; i += 3) await writeSealed(home, `models/file-${i}`, Buffer.from(`later ${i}`), keys.ring);
  await settling;
  for (let i = 1; i < 30; i += 3)
    expect(Buffer.from(await readSealed(home, `models/file-${i}`, keys.ring)).toString()).toBe(`later ${i}`);
  expect(keys.ring.ids).toHaveLength(1);
});

test('of two rotations at once one is refused, and no key is lost', async () => {
  const home = await filledHome(20);
  const both = await Promise.allSettled([rotateKeys(home), rotateKeys(home)]);
  expect(both.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected']);
  expect(both.find((one) => one.status === 'rejected')).toMatchObject({ reason: { code: 'CONFLICT' } });
  const keys = await SecretKeys.open(home, {});
  expect(keys.ring.ids).toHaveLength(1);
  await expectAllReadable(home, keys);
});

test('what else than a server holds the folder is not signalled, and no key is made', async () => {
  const home = await filledHome(2);
  const before = readFileSync(join(home, 'secret.key'), 'utf8');
  const lock = new HomeLock(home);
  try {
    await expect(rotateKeys(home)).rejects.toMatchObject({ code: 'STORE_LOCKED' });
  } finally {
    lock.release();
  }
  expect(readFileSync(join(home, 'secret.key'), 'utf8')).toBe(before);
});

test('a running server encrypts with the new key while it runs', { timeout: 60_000 }, async () => {
  const home = temporaryHome();
  homes.push(home);
  const auspex = await startAuspex({ home, env: { AUSPEX_COLLECT_HOST: 'false' } });
  try {
    const [before] = (await reportKeys(home)).keys;
    const report = await rotateKeys(home);
    expect(report).toMatchObject({ unencrypted: 0, keys: [{ files: expect.any(Number) }] });
    expect(report.keys[0]?.id).not.toBe(before?.id);
    expect(auspex.output()).toContain(`the keys ${before?.id} were dropped`);
    expect((await auspex.client.call('status', {})).state).toBe('ok');
  } finally {
    await auspex.stop();
  }
});

test('a key that another process adds while files are encrypted anew is neither lost nor passed over', async () => {
  const home = await filledHome(40);
  const server = await SecretKeys.open(home, {});
  await server.addKey();
  const settling = server.settle();
  const command = await SecretKeys.open(home, {});
  await command.addKey();
  await Promise.all([settling, server.reload(), server.settle()]);
  const after = await SecretKeys.open(home, {});
  expect(after.ring.ids).toEqual([command.ring.currentId]);
  await expectAllReadable(home, after);
});

test('two that start at once agree on one key', async () => {
  const home = await mkdtemp(join(tmpdir(), 'auspex-rotation-'));
  homes.push(home);
  const both = await Promise.all([SecretKeys.open(home, {}), SecretKeys.open(home, {})]);
  expect(both[0].ring.currentId).toBe(both[1].ring.currentId);
});
