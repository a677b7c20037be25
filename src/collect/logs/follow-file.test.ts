import { appendFileSync, mkdtempSync, renameSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { FollowedFile } from './follow-file.ts';

let folder: string;
let path: string;
let lines: string[];

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'auspex-follow-'));
  path = join(folder, 'app.log');
  lines = [];
});
afterEach(() => rmSync(folder, { recursive: true }));

function follow(): FollowedFile {
  return new FollowedFile(path, (line) => void lines.push(line));
}

test('what was there before is not read, what comes is, whole lines only', async () => {
  writeFileSync(path, 'old\n');
  const file = follow();
  await file.begin(undefined, false);
  appendFileSync(path, 'one\r\ntwo\nhal');
  await file.read();
  expect(lines).toEqual(['one', 'two']);
  appendFileSync(path, 'f\n');
  await file.read();
  expect(lines).toEqual(['one', 'two', 'half']);
  await file.close();
});

test('a file that came later is read from its beginning', async () => {
  writeFileSync(path, 'first\n');
  const file = follow();
  await file.begin(undefined, true);
  await file.read();
  expect(lines).toEqual(['first']);
  await file.close();
});

test('rotated by renaming: the rest of the old file, then the new one', async () => {
  writeFileSync(path, '');
  const file = follow();
  await file.begin(undefined, false);
  appendFileSync(path, 'a\n');
  await file.read();
  appendFileSync(path, 'b\nno end');
  renameSync(path, `${path}.1`);
  writeFileSync(path, 'c\n');
  await file.read();
  expect(lines).toEqual(['a', 'b', 'no end', 'c']);
  await file.close();
});

test('truncated: begins anew', async () => {
  writeFileSync(path, '');
  const file = follow();
  await file.begin(undefined, false);
  appendFileSync(path, 'long line that goes\n');
  await file.read();
  truncateSync(path);
  appendFileSync(path, 'short\n');
  await file.read();
  expect(lines).toEqual(['long line that goes', 'short']);
  await file.close();
});

test('gone for a while: no line is lost or given twice', async () => {
  writeFileSync(path, 'a\n');
  const file = follow();
  await file.begin(undefined, true);
  await file.read();
  renameSync(path, `${path}.1`);
  await file.read();
  writeFileSync(path, 'b\n');
  await file.read();
  await file.read();
  expect(lines).toEqual(['a', 'b']);
  await file.close();
});

test('after a restart reading goes on where it ended, also in the file that was renamed meanwhile', async () => {
  writeFileSync(path, 'a\npar');
  const before = follow();
  await before.begin(undefined, true);
  await before.read();
  const position = before.position;
  await before.close();
  appendFileSync(path, 'tial\nb\n');
  const same = follow();
  await same.begin(position, false);
  await same.read();
  expect(lines).toEqual(['a', 'partial', 'b']);
  const later = same.position;
  await same.close();
  appendFileSync(path, 'c\n');
  renameSync(path, `${path}.1`);
  writeFileSync(path, 'd\n');
  const renamed = follow();
  await renamed.begin(later, false);
  await renamed.read();
  expect(lines).toEqual(['a', 'partial', 'b', 'c', 'd']);
  await renamed.close();
});

test('a line without end takes bounded memory, and the next one is whole', async () => {
  writeFileSync(path, '');
  const file = follow();
  await file.begin(undefined, false);
  appendFileSync(path, `${'x'.repeat(300_000)}\nnext\n`);
  await file.read();
  expect(lines.map(({ length }) => length)).toEqual([64 << 10, 4]);
  await file.close();
});

test('one that cannot be read says so, and is read once it can', async () => {
  const file = follow();
  await expect(file.begin(undefined, true)).rejects.toThrow(/ENOENT/);
  writeFileSync(path, 'a\n');
  await file.read();
  expect(lines).toEqual(['a']);
  await file.close();
});
