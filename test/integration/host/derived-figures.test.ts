import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { type RunningAuspex, startAuspex } from '../../../src/compose.ts';
import { loadConfig } from '../../../src/config/load.ts';
import type { EntityState } from '../../../src/engine/engine-view.ts';
import { hostMetrics, labelValue, METRIC_NAME, metricName } from '../../../src/model/index.ts';
import { createLogger } from '../../../src/telemetry/log.ts';

const EXPORTER = '/usr/bin/prometheus-node-exporter';
const WAIT_MS = 25_000;
const port = 20_000 + Math.floor(Math.random() * 20_000);
let exporter: ChildProcess | null = null;
const homes: string[] = [];
let running: RunningAuspex | null = null;

beforeAll(async () => {
  if (!existsSync(EXPORTER)) return;
  exporter = spawn(EXPORTER, [`--web.listen-address=127.0.0.1:${port}`, '--collector.processes', '--log.level=error'], {
    stdio: 'ignore',
  });
  await until(async () => (await fetch(`http://127.0.0.1:${port}/metrics`).catch(() => null))?.ok === true);
});
afterEach(async () => {
  await running?.close();
  running = null;
});
afterAll(() => {
  exporter?.kill('SIGKILL');
  for (const home of homes) rmSync(home, { recursive: true, force: true });
});

function newHome(): string {
  const home = mkdtempSync(join(tmpdir(), 'auspex-derived-'));
  homes.push(home);
  return home;
}

/** The product in this process: its own collector and its own scraper, each second. */
async function start(home: string, instance: string): Promise<RunningAuspex> {
  const config = join(home, 'auspex.yaml');
  writeFileSync(
    config,
    `scrape:
  jobs:
    - job_name: node
      scrape_interval: 1s
      scrape_timeout: 1s
      static_configs:
        - targets: ['127.0.0.1:${port}']
          labels: { instance: '${instance}' }
`,
  );
  const read = () => loadConfig({ flags: { home, config, interval: '1s' }, env: {} });
  running = await startAuspex({ loaded: read(), reload: read, log: createLogger('silent'), listen: false });
  return running;
}

async function until(isSo: () => boolean | Promise<boolean>): Promise<void> {
  for (const start = Date.now(); !(await isSo()); await delay(50)) {
    if (Date.now() - start > WAIT_MS) throw new Error(`not within ${WAIT_MS} ms`);
  }
}

const gauges = (state: EntityState | undefined) =>
  new Map((state?.gauges ?? []).flatMap(({ name, value }) => (value === null ? [] : [[name, value] as const])));

const hosts = (auspex: RunningAuspex) => auspex.engine.states().filter(({ entity }) => entity.kind === 'host');

test.skipIf(!existsSync(EXPORTER))(
  'a host seen only through Debian’s prometheus-node-exporter has the figures that a collector of ours gives of it',
  async () => {
    const auspex = await start(newHome(), 'web-7:9100');
    const own = () => hosts(auspex).find(({ entity }) => entity.name === hostname());
    const scraped = () => hosts(auspex).find(({ entity }) => entity.aliases.includes('instance=web-7'));
    await until(() => gauges(own()).has('cpu') && gauges(scraped()).has('cpu'));

    expect(scraped()?.entity).toMatchObject({ id: 'host:web-7', name: `${hostname()} (web-7)` });
    expect([...gauges(scraped()).keys()].sort()).toEqual([...gauges(own()).keys()].sort());
    const index = auspex.stores.metrics.index;
    const seriesOf = (id: string | undefined, name: string) =>
      index.select([{ name: METRIC_NAME, op: '=', value: name }], 100).filter((series) => series.entityId === id);
    const compared: string[] = [];
    for (const { name, unit, perLabel } of hostMetrics) {
      // Nobody but the own collector looks into control groups.
      if (perLabel === 'cgroup') continue;
      const mine = seriesOf(own()?.entity.id, name);
      const theirs = seriesOf(scraped()?.entity.id, name);
      const parts = (series: typeof mine) =>
        series.map(({ labels }) => labelValue(labels, 'mountpoint') ?? '').toSorted((a, b) => a.localeCompare(b));
      expect(parts(theirs), name).toEqual(parts(mine));
      // Rates differ with the second that they are of; levels are the same.
      if (!/memory_ratio|swap|disk_ratio|inode|load|process_count|open_files|tcp/.test(name) || /pressure/.test(name))
        continue;
      for (const { ref, labels } of mine) {
        const other = theirs.find((one) => labelValue(one.labels, 'mountpoint') === labelValue(labels, 'mountpoint'));
        const now = Date.now();
        const [a, b] = await Promise.all(
          [ref, other?.ref ?? -1].map(async (one) =>
            (await auspex.stores.metrics.last([one], now, 60_000))[0]?.values.at(-1),
          ),
        );
        expect(Math.abs((a ?? 0) - (b ?? Number.NaN)), name).toBeLessThan(
          unit === 'ratio' ? 0.05 : 0.25 * (a ?? 0) + 5,
        );
        compared.push(name);
      }
    }
    expect(compared.length).toBeGreaterThan(5);
    await until(() => (scraped()?.health.score ?? null) !== null);
    const derivedSeries = () => index.select([{ name: 'job', op: '=', value: 'auspex-derived' }], 100).length;
    const accepting = () => seriesOf(own()?.entity.id, 'auspex_store_accepting').map(({ ref }) => ref);
    await until(
      async () => (await auspex.stores.metrics.last(accepting(), Date.now(), 60_000))[0]?.values.at(-1) === 1,
    );
    expect((await auspex.engine.forecasts('host:web-7', 3_600_000)).length).toBeGreaterThan(5);

    // A restart replays: the same host goes on under its name, in the same series.
    const seriesBefore = derivedSeries();
    await auspex.close();
    const again = await start(homes.at(-1) ?? '', 'web-7:9100');
    const restarted = () => hosts(again).find(({ entity }) => entity.id === 'host:web-7');
    await until(() => gauges(restarted()).has('cpu'));
    expect(restarted()?.entity.name).toBe(`${hostname()} (web-7)`);
    const derivedAgain = again.stores.metrics.index.select([{ name: 'job', op: '=', value: 'auspex-derived' }], 100);
    expect(derivedAgain).toHaveLength(seriesBefore);
  },
  2 * WAIT_MS,
);

test.skipIf(!existsSync(EXPORTER))(
  'this machine’s own exporter, scraped on a loopback address, is this machine, and nothing is derived twice',
  async () => {
    const auspex = await start(newHome(), 'localhost:9100');
    const { index } = auspex.stores.metrics;
    const scrapedSeries = () => index.select([{ name: 'job', op: '=', value: 'node' }], 10_000);
    await until(() => scrapedSeries().some(({ labels }) => metricName(labels) === 'node_load1'));
    await delay(1_500);
    expect(hosts(auspex).map(({ entity }) => entity.name)).toEqual([hostname()]);
    expect(hosts(auspex)[0]?.entity.aliases).toContain('instance=localhost');
    expect(index.select([{ name: 'job', op: '=', value: 'auspex-derived' }], 10)).toEqual([]);
  },
  2 * WAIT_MS,
);
