import { mkdtemp, readFile, rename, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { ensureDirectory } from './files.ts';
import { readSealed, sealedFiles, writeSealed } from './sealed-files.ts';
import { HEAD_BYTES, KeyRing, keyIdOf, TAG_BYTES } from './secrets.ts';

async function newHome(): Promise<string> {
  const home = await mkdtemp(join(tmpdir(), 'auspex-secrets-'));
  await ensureDirectory(join(home, 'models'));
  await ensureDirectory(join(home, 'state'));
  return home;
}

const content = (size: number): Uint8Array => Uint8Array.from({ length: size }, (_, i) => (i * 7) % 251);

test.each([0, 1, 4096, (4 << 20) - 1, 4 << 20, (9 << 20) + 5])(
  '%d bytes come back as they were, and lie there unreadable',
  async (size) => {
    const home = await newHome();
    const keys = KeyRing.create('test');
    const plain = content(size);
    await writeSealed(home, 'models/a.model', plain, keys);
    const stored = await readFile(join(home, 'models/a.model'));
    expect(stored.length).toBe(HEAD_BYTES + size + TAG_BYTES);
    if (size > 16) expect(stored.includes(Buffer.from(plain.subarray(0, 16)))).toBe(false);
    expect(Buffer.from(await readSealed(home, 'models/a.model', keys)).equals(Buffer.from(plain))).toBe(true);
    expect((await stat(join(home, 'models/a.model'))).mode & 0o777).toBe(0o600);
    expect(await sealedFiles(home, ['models', 'state'])).toEqual([{ name: 'models/a.model', keyId: keys.currentId }]);
  },
);

test('any changed byte, a cut and another place are found; nonces differ', async () => {
  const home = await newHome();
  const keys = KeyRing.create('test');
  await writeSealed(home, 'models/a.model', content(60), keys);
  const path = join(home, 'models/a.model');
  const stored = await readFile(path);
  await writeSealed(home, 'models/a.model', content(60), keys);
  expect((await readFile(path)).equals(stored)).toBe(false);
  // The mark apart: without it the file counts as one of before there were keys.
  for (let i = 5; i < stored.length; i++) {
    const altered = Buffer.from(stored);
    altered[i] = (altered[i] as number) ^ 1;
    await writeFile(path, altered);
    const code = i < 13 ? 'SECRET_KEY_MISSING' : 'STORE_DAMAGED';
    await expect(readSealed(home, 'models/a.model', keys), `byte ${i}`).rejects.toMatchObject({ code });
  }
  for (const length of [HEAD_BYTES, stored.length - 1, 45]) {
    await writeFile(path, stored.subarray(0, length));
    await expect(readSealed(home, 'models/a.model', keys)).rejects.toMatchObject({ code: 'STORE_DAMAGED' });
  }
  await writeFile(path, stored);
  await rename(path, join(home, 'models/b.model'));
  await expect(readSealed(home, 'models/b.model', keys)).rejects.toMatchObject({ code: 'STORE_DAMAGED' });
  // Set aside, it may still be looked at.
  await rename(join(home, 'models/b.model'), join(home, 'models/a.model.damaged'));
  expect(await readSealed(home, 'models/a.model.damaged', keys)).toHaveLength(60);
});

test('a file of before there were keys is read as it is', async () => {
  const home = await newHome();
  await writeFile(join(home, 'state/x'), 'plain');
  expect(Buffer.from(await readSealed(home, 'state/x', KeyRing.create('test'))).toString()).toBe('plain');
  expect(await sealedFiles(home, ['state'])).toEqual([{ name: 'state/x', keyId: null }]);
});

test('a ring reads what an older key wrote, and says which key is missing without saying any key', async () => {
  const home = await newHome();
  const first = KeyRing.create('test');
  await writeSealed(home, 'state/x', content(10), first);
  const second = first.withNewKey();
  expect(second.ids).toEqual([second.currentId, first.currentId]);
  expect(await readSealed(home, 'state/x', second)).toHaveLength(10);
  const other = KeyRing.create('the file k');
  const failure = await readSealed(home, 'state/x', other).catch((error: unknown) => error as Error);
  expect(failure).toMatchObject({ code: 'SECRET_KEY_MISSING' });
  expect(String((failure as Error).message)).toContain(first.currentId);
  expect(String((failure as Error).message)).not.toContain(other.toText().trim().slice(6));
});

test('keys are read as people write them', () => {
  const ring = KeyRing.create('a').withNewKey();
  expect(KeyRing.parse(`# comment\n${ring.toText()}`, 'b').ids).toEqual(ring.ids);
  expect(KeyRing.parse(ring.toText().replaceAll('\n', ', '), 'b').ids).toEqual(ring.ids);
  const plain = Buffer.alloc(32, 9).toString('base64');
  expect(KeyRing.parse(plain, 'c').ids).toHaveLength(1);
  for (const text of [
    '',
    '# nothing',
    'short',
    'x'.repeat(43) + '!',
    Buffer.alloc(31).toString('base64'),
    `${plain} hunter2`,
  ]) {
    expect(() => KeyRing.parse(text, 'the file'), text).toThrow(/the file/);
  }
  expect(() => KeyRing.parse('hunter2', 'the file')).not.toThrow(/hunter2/);
});

test('a ring that changes knows of files still being written under the old key', async () => {
  const ring = KeyRing.create('a');
  let finish = (): void => {};
  const writing = ring.exclusively('x', () => new Promise<void>((done) => (finish = done)));
  await Promise.resolve();
  expect(ring.isWritingOld).toBe(false);
  ring.become(ring.withNewKey());
  expect(ring.isWritingOld).toBe(true);
  finish();
  await writing;
  expect(ring.isWritingOld).toBe(false);
  expect(keyIdOf(Buffer.from([...ring.seal(content(1), 'x')][0] as Uint8Array))).toBe(ring.currentId);
});
