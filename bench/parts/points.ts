import { existsSync, mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { systemStatfs } from '../../src/collect/host/filesystem.ts';
import { createLinuxSampler } from '../../src/collect/host/linux-sampler.ts';
import { openStores, type Stores } from '../../src/store/open-stores.ts';
import type { Options } from '../options.ts';
import type { Report } from '../report.ts';

const DAY_MS = 86_400_000;
const MOST_BYTES = 1.6;
const COLLECTIONS = 1_080;

/**
 * Bytes a point of this host's own metrics: the real collector's samples, read every second (`--every` ms) of real time and
 * dated ten seconds apart, three hours of which the store cuts into blocks at once, as it does by default.
 */
export async function points(options: Options): Promise<Report> {
  const everyMs = options.number('every', 1_000);
  const collections = options.number('collections', COLLECTIONS);
  const home = mkdtempSync(join(process.env['BENCH_HOME'] ?? tmpdir(), 'auspex-points-'));
  const stores = await openStores({
    home,
    limits: { series: 100_000, quotaBytes: 20e9, minFreeBytes: 1e8 },
    retention: { rawMs: 1500 * DAY_MS, fiveMinuteMs: 1500 * DAY_MS, hourMs: 1500 * DAY_MS, recordsMs: 90 * DAY_MS },
    fsync: false,
    clock: { now: () => Date.now(), monotonic: () => performance.now() },
    entityOf: () => 'host:bench',
  });
  try {
    const position = await collect(stores, collections, everyMs);
    await stores.metrics.acknowledge(position);
    await stores.metrics.housekeep(Date.now(), true);
    const { blockPoints, headPoints, seriesCount } = await stores.metrics.stats();
    const blocks = bytesBelow(join(home, 'blocks'));
    await stores.close();
    const perPoint = blocks / blockPoints;
    return {
      columns: ['series', 'collections', 'points', 'block bytes', 'bytes a point', 'write-ahead file after'],
      rows: [
        [
          String(seriesCount),
          collections,
          blockPoints,
          blocks,
          perPoint.toFixed(2),
          statSync(join(home, 'ingest.db')).size,
        ],
      ],
      notes: [
        `Real samples of this host every ${everyMs} ms, dated 10 s apart; ${headPoints} points still in memory.`,
        'The write-ahead file is used again for what comes: its size does not grow with the points kept.',
        `Aim: at most ${MOST_BYTES} bytes a point.`,
      ],
      figures: { seriesCount, collections, blockPoints, blockBytes: blocks, bytesPerPoint: perPoint, everyMs },
      missed: perPoint > MOST_BYTES ? [`${perPoint.toFixed(2)} bytes a point`] : [],
    };
  } finally {
    await stores.close();
    rmSync(home, { recursive: true, force: true });
  }
}

/** Gives the position of the last append. */
async function collect(stores: Stores, collections: number, everyMs: number): Promise<number> {
  const sampler = createLinuxSampler({
    root: '/',
    clock: { now: Date.now, monotonic: () => performance.now() },
    statfs: systemStatfs,
    ownPid: process.pid,
  });
  const start = Math.floor(Date.now() / 10_000) * 10_000 - collections * 10_000;
  let position = 0;
  try {
    for (let i = 0; i < collections; i++) {
      const due = performance.now() + everyMs;
      for (const event of await sampler.sample(Date.now(), everyMs)) {
        if (event.kind !== 'samples') continue;
        const { samples } = event;
        const refs = Uint32Array.from(samples, (sample) => stores.metrics.index.resolve(sample.labels, sample.kind));
        const times = new Float64Array(samples.length).fill(start + i * 10_000);
        const values = Float64Array.from(samples, (sample) => sample.value);
        position = (await stores.metrics.append({ count: samples.length, refs, times, values })).position;
      }
      await delay(Math.max(0, due - performance.now()));
    }
  } finally {
    sampler.close();
  }
  return position;
}

function bytesBelow(folder: string): number {
  if (!existsSync(folder)) return 0;
  return readdirSync(folder).reduce((sum, name) => sum + statSync(join(folder, name)).size, 0);
}
