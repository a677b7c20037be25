/*
 * How long the main thread is held up while records of a given size are copied for a backup.
 *   node bench/store/backup-stall.ts [megabytes]
 */
import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openStores } from '../../src/store/open-stores.ts';
import { backupStream } from '../../src/store/backup-write.ts';

const MEGABYTES = Number(process.argv[2] ?? 1000);
const DAY_MS = 86_400_000;
const home = mkdtempSync(join(process.env.BENCH_HOME ?? tmpdir(), 'auspex-bench-'));
const stores = await openStores({
  home,
  limits: { series: 100, quotaBytes: 20e9, minFreeBytes: 1e6 },
  retention: { rawMs: DAY_MS, fiveMinuteMs: DAY_MS, hourMs: DAY_MS, recordsMs: 90 * DAY_MS },
  fsync: false,
  clock: { now: () => Date.now(), monotonic: () => performance.now() },
  entityOf: () => 'host:bench',
});
const body = 'x'.repeat(10_000);
for (let n = 0; n < MEGABYTES * 100; n += 100)
  await stores.records.put(
    'evidence',
    Array.from({ length: 100 }, (_, i) => ({ id: `${n + i}`, at: n + i, body })),
  );

let last = performance.now();
let longest = 0;
const beat = setInterval(() => {
  longest = Math.max(longest, performance.now() - last - 2);
  last = performance.now();
}, 2);
async function stall(copyInWriter: boolean): Promise<number> {
  longest = 0;
  const stream = backupStream({
    home,
    version: '0.1.0',
    createdAt: Date.now(),
    withKeys: false,
    hasRecords: true,
    hold: () => stores.hold(),
    ...(copyInWriter ? { copy: (path: string, copy: string) => stores.copy(path, copy) } : {}),
  });
  let bytes = 0;
  for await (const piece of stream) bytes += (piece as Uint8Array).length;
  return bytes > 0 ? Math.round(longest) : -1;
}
await new Promise((resolve) => setTimeout(resolve, 500));
const copiedHere = await stall(false);
const copiedByWriter = await stall(true);
clearInterval(beat);
const megabytes = Math.round(statSync(join(home, 'records.db')).size / 1e6);
await stores.close();
rmSync(home, { recursive: true, force: true });
process.stdout.write(`${JSON.stringify({ megabytes, longestStallMs: { copiedHere, copiedByWriter } })}\n`);
