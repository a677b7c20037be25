/* Samples acknowledged per second through append, with and without fsync: `node bench/store/append.ts [seconds]`. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { SampleBatch } from '../../src/model/index.ts';
import { openStores } from '../../src/store/open-stores.ts';

const SERIES = 500;
const POINTS = 10;
const IN_FLIGHT = 8;
const DAY_MS = 86_400_000;
const seconds = Number(process.argv[2] ?? 3);

/** Steps of a host: hundredths, each series with a pace of its own. */
function makeBatch(number: number, start: number): SampleBatch {
  const count = SERIES * POINTS;
  const batch = {
    count,
    refs: new Uint32Array(count),
    times: new Float64Array(count),
    values: new Float64Array(count),
  };
  for (let i = 0; i < count; i++) {
    const step = number * POINTS + Math.floor(i / SERIES);
    batch.refs[i] = i % SERIES;
    batch.times[i] = start + step * 1_000;
    batch.values[i] = Math.round(((i % SERIES) + 1) * step + 50 * Math.sin(step * (i % 7))) / 100;
  }
  return batch;
}

async function measure(fsync: boolean): Promise<void> {
  const home = mkdtempSync(join(process.env.BENCH_HOME ?? tmpdir(), 'auspex-bench-'));
  const stores = await openStores({
    home,
    limits: { series: 100_000, quotaBytes: 20e9, minFreeBytes: 1e8 },
    retention: { rawMs: 15 * DAY_MS, fiveMinuteMs: 90 * DAY_MS, hourMs: 395 * DAY_MS, recordsMs: 90 * DAY_MS },
    fsync,
    clock: { now: () => Date.now(), monotonic: () => performance.now() },
    entityOf: () => 'host:bench',
  });
  for (let i = 0; i < SERIES; i++) stores.metrics.index.resolve(['__name__', `bench_${i}`], 'gauge');
  const start = Math.floor(Date.now() / 1_000) * 1_000 - 10 * DAY_MS;
  const begun = performance.now();
  let number = 0;
  let stored = 0;
  let slowest = 0;
  let making = 0;
  const sender = async (): Promise<void> => {
    while (performance.now() - begun < seconds * 1_000) {
      const before = performance.now();
      const batch = makeBatch(number++, start);
      const sent = performance.now();
      making += sent - before;
      stored += (await stores.metrics.append(batch)).stored;
      slowest = Math.max(slowest, performance.now() - sent);
    }
  };
  await Promise.all(Array.from({ length: IN_FLIGHT }, sender));
  const rate = stored / (performance.now() - begun) / 1_000;
  const making100 = (making / (performance.now() - begun)) * 100;
  const rss = process.memoryUsage.rss() / 1_048_576;
  process.stdout.write(
    `${fsync ? 'with' : 'without'} fsync: ${rate.toFixed(2)} million samples/s, slowest acknowledgement ${slowest.toFixed(0)} ms, ` +
      `RSS ${rss.toFixed(0)} MiB (making the batches took ${making100.toFixed(0)} % of the main thread)\n`,
  );
  await stores.close();
  rmSync(home, { recursive: true, force: true });
}

await measure(true);
await measure(false);
