import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { Spool } from './spool.ts';

const text = (bytes: Uint8Array): string => Buffer.from(bytes).toString();

async function withFolder(work: (folder: string) => Promise<void>): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'auspex-spool-'));
  try {
    await work(folder);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

test('gives records back in order with the same ids, over a restart, until they are removed', () =>
  withFolder(async (folder) => {
    const first = await Spool.open(folder, { quotaBytes: 10_000 });
    const ids = [
      await first.append(Buffer.from('a')),
      await first.append(Buffer.from('b')),
      await first.append(Buffer.from('c')),
    ];
    const second = await Spool.open(folder, { quotaBytes: 10_000 });
    expect((await second.peek(2)).map((r) => [r.id, text(r.bytes)])).toEqual([[ids[0], 'a'], [ids[1], 'b']]); // biome-ignore format: a table
    await second.remove([ids[0], ids[2], 'unknown']);
    expect((await second.peek(9)).map((r) => text(r.bytes))).toEqual(['b']);
    await second.append(Buffer.from('d'));
    expect((await (await Spool.open(folder, { quotaBytes: 10_000 })).peek(9)).map((r) => text(r.bytes))).toEqual([
      'b',
      'd',
    ]);
  }));

test('drops the oldest beyond the quota and counts them; refuses what never fits', () =>
  withFolder(async (folder) => {
    const spool = await Spool.open(folder, { quotaBytes: 300 });
    for (const letter of 'abc') await spool.append(Buffer.from(letter.repeat(100)));
    expect((await spool.peek(9)).map((r) => text(r.bytes)[0])).toEqual(['b', 'c']);
    expect(spool.stats()).toMatchObject({ records: 2, dropped: 1, bytes: 264 });
    await expect(spool.append(Buffer.alloc(400))).rejects.toMatchObject({ code: 'TOO_LARGE' });
  }));

test('passes over half-written files and sets damaged ones aside', () =>
  withFolder(async (folder) => {
    const spool = await Spool.open(folder, { quotaBytes: 10_000 });
    await spool.append(Buffer.from('good'));
    await spool.append(Buffer.from('bad'));
    const bad = readdirSync(folder).sort()[1];
    writeFileSync(join(folder, bad), 'x'.repeat(40));
    writeFileSync(join(folder, '00000000000009-half.record.tmp'), 'h');
    const again = await Spool.open(folder, { quotaBytes: 10_000 });
    expect((await again.peek(9)).map((r) => text(r.bytes))).toEqual(['good']);
    expect(again.stats()).toMatchObject({ records: 1, damaged: 1 });
    expect(readdirSync(folder).some((name) => name.endsWith('.tmp'))).toBe(false);
  }));
