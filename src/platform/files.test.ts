import { mkdtemp, readdir, readFile, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { ensureDirectory, writeFileAtomic } from './files.ts';

test('replaces the content, keeps it to the owner and leaves no temporary file', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'auspex-files-'));
  const path = join(folder, 'a');
  await writeFile(path, 'old', { mode: 0o644 });
  await writeFileAtomic(path, 'new');
  expect(await readFile(path, 'utf8')).toBe('new');
  expect((await stat(path)).mode & 0o777).toBe(0o600);
  expect(await readdir(folder)).toEqual(['a']);
});

test('a write that fails leaves neither the target nor a temporary file', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'auspex-files-'));
  await ensureDirectory(join(folder, 'taken', 'inner'));
  expect((await stat(join(folder, 'taken'))).mode & 0o777).toBe(0o700);
  await expect(writeFileAtomic(join(folder, 'taken'), 'x')).rejects.toThrow();
  expect(await readdir(folder)).toEqual(['taken']);
});
