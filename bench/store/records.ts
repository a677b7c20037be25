/*
 * What records cost: rows written in batches and one by one, changed by a column, and read by pages, with the bytes a row.
 *   node bench/store/records.ts [rows]
 */
import { createHash } from 'node:crypto';
import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Prediction } from '../../src/model/index.ts';
import { openStores } from '../../src/store/open-stores.ts';

const ROWS = Number(process.argv[2] ?? 20_000);
const DAY_MS = 86_400_000;
const AT = 1_795_000_000_000;

const home = mkdtempSync(join(process.env.BENCH_HOME ?? tmpdir(), 'auspex-bench-'));
const options = {
  home,
  limits: { series: 100, quotaBytes: 20e9, minFreeBytes: 1e6 },
  retention: { rawMs: DAY_MS, fiveMinuteMs: DAY_MS, hourMs: DAY_MS, recordsMs: 90 * DAY_MS },
  // The disk's own pace would hide what the rows cost.
  fsync: false,
  clock: { now: () => AT, monotonic: () => performance.now() },
  entityOf: () => 'host:bench',
} as const;

function prediction(n: number): Prediction {
  return {
    id: createHash('sha256').update(`${n}`).digest('hex').slice(0, 32),
    type: 'forecast',
    entityId: `host:${n % 20}`,
    component: `disk used /${n % 5}`,
    model: 'forecast:disk',
    modelVersion: 3,
    madeAt: AT + n * 60_000,
    dueAt: AT + n * 60_000 + 3_600_000,
    horizonMs: 3_600_000,
    value: Math.sin(n),
    unit: 'ratio',
    probability: 0.95,
    rule: { kind: 'interval', lower: Math.sin(n) - 0.1, upper: Math.sin(n) + 0.1 },
    outcome: 'pending',
    actual: null,
    scoredAt: null,
    baseline: Math.sin(n + 1),
  };
}

async function microseconds(count: number, work: () => Promise<unknown>): Promise<number> {
  const began = performance.now();
  await work();
  return Math.round(((performance.now() - began) / count) * 1e4) / 10;
}

const stores = await openStores(options);
const { records } = stores;
const rows = Array.from({ length: ROWS }, (_, n) => prediction(n));
const inBatches = await microseconds(ROWS, async () => {
  for (let start = 0; start < ROWS; start += 200) await records.put('predictions', rows.slice(start, start + 200));
});
const SINGLE = 2_000;
const oneByOne = await microseconds(SINGLE, async () => {
  for (let n = 0; n < SINGLE; n++) await records.put('predictions', [prediction(ROWS + n)]);
});
const changed = await microseconds(SINGLE, async () => {
  for (let n = 0; n < SINGLE; n++)
    await records.update('predictions', { id: rows[n]?.id ?? '' }, { outcome: 'true', actual: 0.5, scoredAt: AT });
});
const read = await microseconds(ROWS, async () => {
  for (let cursor: string | undefined; ; ) {
    const page = await records.find('predictions', { limit: 500, ...(cursor === undefined ? {} : { cursor }) });
    if (page.nextCursor === null) return;
    cursor = page.nextCursor;
  }
});
await stores.close();
const began = performance.now();
const again = await openStores(options);
const startMs = Math.round(performance.now() - began);
const bytes = statSync(join(home, 'records.db')).size;
await again.close();
rmSync(home, { recursive: true, force: true });
process.stdout.write(
  `${JSON.stringify({ rows: ROWS, microsecondsARow: { inBatches, oneByOne, changed, read }, startMs, bytesARow: Math.round(bytes / (ROWS + SINGLE)) })}\n`,
);
