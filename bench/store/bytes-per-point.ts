/*
 * File size ÷ points on host metrics: `node bench/store/bytes-per-point.ts FILE [repeats]`. FILE holds scrapes of a node_exporter:
 * a line `@ <ms>` before the text of each. Values are taken as they are, repeated in time where the file is short.
 */
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openStores } from '../../src/store/open-stores.ts';

const DAY_MS = 86_400_000;
const [, , file, repeats = '1'] = process.argv;
if (file === undefined) throw new Error('Name a file of scrapes: node bench/store/bytes-per-point.ts FILE');

const scrapes: { at: number; values: [string, number][] }[] = [];
for (const line of readFileSync(file, 'utf8').split('\n')) {
  if (line.startsWith('@ ')) scrapes.push({ at: Number(line.slice(2)), values: [] });
  else if (line !== '') {
    const space = line.lastIndexOf(' ');
    scrapes.at(-1)?.values.push([line.slice(0, space), Number(line.slice(space + 1))]);
  }
}

const home = mkdtempSync(join(tmpdir(), 'auspex-bench-'));
const stores = await openStores({
  home,
  limits: { series: 100_000, quotaBytes: 20e9, minFreeBytes: 1e8 },
  retention: { rawMs: 1500 * DAY_MS, fiveMinuteMs: 1500 * DAY_MS, hourMs: 1500 * DAY_MS, recordsMs: 90 * DAY_MS },
  fsync: false,
  clock: { now: () => 0, monotonic: () => performance.now() },
  entityOf: () => 'host:bench',
});
const span = (scrapes.at(-1)?.at ?? 0) - scrapes[0].at + 10_000;
for (let r = 0; r < Number(repeats); r++) {
  for (const scrape of scrapes) {
    const count = scrape.values.length;
    const refs = Uint32Array.from(scrape.values, ([name]) => stores.metrics.index.resolve(['__name__', name], 'gauge'));
    const times = new Float64Array(count).fill(scrape.at + r * span);
    await stores.metrics.append({ count, refs, times, values: Float64Array.from(scrape.values, ([, value]) => value) });
  }
}
await stores.metrics.housekeep(0, true);
const { blockPoints, seriesCount } = await stores.metrics.stats();
await stores.close();
const blocks = join(home, 'blocks');
const bytes = readdirSync(blocks).reduce((sum, name) => sum + statSync(join(blocks, name)).size, 0);
process.stdout.write(
  `${seriesCount} series, ${scrapes.length * Number(repeats)} scrapes, ${blockPoints} points, ${bytes} bytes: ${(bytes / blockPoints).toFixed(2)} bytes a point\n`,
);
rmSync(home, { recursive: true, force: true });
