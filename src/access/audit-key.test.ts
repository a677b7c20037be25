import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { SecretKeys } from '../platform/secret-keys.ts';
import { openAuditKeys, readAuditKeys } from './audit-key.ts';

let home: string;
beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'auspex-audit-key-'));
});
afterEach(() => rmSync(home, { recursive: true, force: true }));

test('the key is made once, lies encrypted, and stays the same when the instance’s keys are rotated', async () => {
  const secrets = await SecretKeys.open(home, {});
  const { keys, replaced } = await openAuditKeys(home, secrets.ring);
  expect(replaced).toBeNull();
  const sealed = readFileSync(join(home, 'state', 'audit.key'));
  expect(sealed.subarray(0, 4).toString()).toBe('AUSE');
  await secrets.addKey();
  await secrets.settle();
  expect(readFileSync(join(home, 'state', 'audit.key')).equals(sealed)).toBe(false);
  const again = await openAuditKeys(home, (await SecretKeys.open(home, {})).ring);
  expect(again.keys.current.id).toBe(keys.current.id);
  expect(again.keys.current.mac('x')).toBe(keys.current.mac('x'));
  expect((await readAuditKeys(home, secrets.ring)).current.id).toBe(keys.current.id);
});

test('one that is damaged anywhere is set aside with its reason, and there is a new one', async () => {
  const { ring } = await SecretKeys.open(home, {});
  const path = join(home, 'state', 'audit.key');
  for (let at = 0; at < 73; at += 3) {
    const { keys } = await openAuditKeys(home, ring);
    const bytes = readFileSync(path);
    bytes[at] = (bytes[at] ?? 0) ^ 1;
    writeFileSync(path, bytes);
    await expect(readAuditKeys(home, ring)).rejects.toMatchObject({ code: expect.stringMatching(/DAMAGED|MISSING/) });
    const opened = await openAuditKeys(home, ring);
    expect(opened.replaced).not.toBeNull();
    expect(opened.keys.current.id).not.toBe(keys.current.id);
    expect(existsSync(`${path}.damaged`)).toBe(true);
  }
});

test('who only looks makes no key', async () => {
  const { ring } = await SecretKeys.open(home, {});
  await readAuditKeys(home, ring);
  expect(existsSync(join(home, 'state'))).toBe(false);
});
