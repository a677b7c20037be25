import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { createApiFetch } from '../../../src/collect/prometheus/api-fetch.ts';
import { PrometheusReader } from '../../../src/collect/prometheus/api-reader.ts';
import {
  LiveSource,
  type LiveSourceOptions,
  type SourceProgress,
} from '../../../src/collect/prometheus/live-source.ts';
import type { CollectorEvent } from '../../../src/model/index.ts';
import { formatLabels } from '../../../src/model/labels.ts';
import type { Emission } from '../../../src/model/ports.ts';
import { createOutbound } from '../../../src/platform/outbound.ts';
import { freePort, missing, NODE_EXPORTER, PROMETHEUS, PROMTOOL, run, until, writePast } from './real-programs.ts';

const noServer = missing(PROMETHEUS, NODE_EXPORTER);
const noPast = missing(PROMETHEUS, PROMTOOL);
const clock = { now: () => Date.now(), monotonic: () => performance.now() };

async function newFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'auspex-live-source-'));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  return folder;
}

/** A server on a port; started again on the same data where it was killed. */
async function startServer(folder: string, port: number, ...more: string[]) {
  const server = run(PROMETHEUS, [
    `--config.file=${join(folder, 'prometheus.yml')}`,
    `--storage.tsdb.path=${join(folder, 'data')}`,
    `--web.listen-address=127.0.0.1:${port}`,
    '--log.level=warn',
    ...more,
  ]);
  await until(
    () => fetch(`http://127.0.0.1:${port}/-/ready`),
    ({ ok }) => ok,
    60_000,
    `Prometheus (${server.words()})`,
  );
  return server;
}

interface Kept {
  progress: SourceProgress | undefined;
  saves: number;
}

/** A source as it is composed, with what it gave out. */
function startSource(url: string, options: Partial<LiveSourceOptions> & { readonly kept?: Kept } = {}) {
  const outbound = createOutbound();
  const kept = options.kept ?? { progress: undefined, saves: 0 };
  const samples: Emission[] = [];
  const events: CollectorEvent[] = [];
  const source = new LiveSource({
    name: 'test',
    reader: new PrometheusReader({
      url,
      tries: 1,
      timeoutMs: 20_000,
      fetch: createApiFetch(outbound, { tls: {}, authorization: null, timeoutMs: 20_000 }),
    }),
    selectors: ['{__name__!=""}'],
    intervalMs: 1000,
    shard: null,
    backfillMs: 0,
    fillMs: 7_200_000,
    state: {
      load: async () => kept.progress,
      save: async (progress) => {
        kept.progress = progress;
        kept.saves++;
      },
    },
    clock,
    log: { warn: () => {}, info: () => {} },
    ...options,
  });
  const stop = new AbortController();
  const emit = async (event: CollectorEvent): Promise<void> => {
    events.push(event);
    if (event.kind === 'samples') samples.push(...event.samples);
  };
  const running = source.start(emit, stop.signal);
  const end = async (): Promise<void> => {
    stop.abort();
    await running;
  };
  onTestFinished(async () => {
    await end();
    await outbound.close();
  });
  return { source, samples, events, kept, end };
}

/** What the server itself has, by its own query API: `labels time value`, sorted. */
async function held(url: string, selector: string, seconds: number): Promise<string[]> {
  const address = `${url}/api/v1/query?${new URLSearchParams({ query: `${selector}[${seconds}s]` })}`;
  const { data } = (await (await fetch(address)).json()) as {
    data: { result: { metric: Record<string, string>; values: [number, string][] }[] };
  };
  return data.result
    .flatMap(({ metric, values }) => {
      const flat = Object.entries(metric)
        .sort(([a], [b]) => (a < b ? -1 : 1))
        .flat();
      return values.map(([at, value]) => row(formatLabels(flat), Math.round(at * 1000), numberOf(value)));
    })
    .sort();
}

const row = (labels: string, at: number, value: number): string => `${labels} ${at} ${value}`;
const numberOf = (text: string): number =>
  text === '+Inf' ? Number.POSITIVE_INFINITY : text === '-Inf' ? Number.NEGATIVE_INFINITY : Number(text);
const given = (samples: readonly Emission[]): string[] =>
  samples
    .filter(({ stale }) => stale !== true)
    .map(({ labels, at, value }) => row(formatLabels(labels), at, value))
    .sort();

test.skipIf(noServer !== '')(
  `what a real Prometheus has, it has live: the same samples at the same times, also across the server's death${noServer}`,
  { timeout: 180_000 },
  async () => {
    const folder = await newFolder();
    const exporterPort = await freePort();
    run(NODE_EXPORTER, [`--web.listen-address=127.0.0.1:${exporterPort}`, '--log.level=error']);
    const config = (targets: string): string => `
global: {scrape_interval: 1s}
scrape_configs:
  - job_name: node
    static_configs: [{targets: [${targets}]}]
`;
    await writeFile(join(folder, 'prometheus.yml'), config(`'127.0.0.1:${exporterPort}'`));
    const port = await freePort();
    const url = `http://127.0.0.1:${port}`;
    const first = await startServer(folder, port);
    const { source, samples, end } = startSource(url, { selectors: ['{job="node"}'] });
    await until(
      () => samples.length,
      (n) => n > 3000,
      60_000,
      `samples (${first.words()})`,
    );
    expect(source.health().state).toBe('ok');
    first.child.kill('SIGKILL');
    await until(
      () => source.health(),
      ({ state }) => state === 'failed',
      20_000,
      'the failure',
    );
    expect(source.health().problems[0]).toMatch(/127\.0\.0\.1:\d+ .*(ECONNREFUSED|cannot be reached)/);
    const second = await startServer(folder, port);
    const before = samples.length;
    await until(
      () => samples.length,
      (n) => n > before + 3000,
      60_000,
      `samples after its death (${second.words()})`,
    );
    expect(source.health().state).toBe('ok');
    // Nothing new is scraped: what it has and what came can be compared at rest.
    await writeFile(join(folder, 'prometheus.yml'), config(''));
    second.child.kill('SIGHUP');
    await until(
      async () => (await fetch(`${url}/api/v1/targets?state=active`)).text(),
      (answer) => answer.includes('"activeTargets":[]'),
      30_000,
      'the end of scraping',
    );
    await until(
      async () => [await held(url, '{job="node"}', 600), given(samples)] as const,
      ([theirs, ours]) => theirs.length > 6000 && theirs.length === ours.length,
      30_000,
      'as many samples',
    );
    await end();
    const theirs = await held(url, '{job="node"}', 600);
    expect(given(samples)).toEqual(theirs);
    const kinds = new Map(samples.map(({ labels, kind }) => [labels[1], kind]));
    expect(kinds.get('node_cpu_seconds_total')).toBe('counter');
    expect(kinds.get('node_load1')).toBe('gauge');
  },
);

const STEP = 15;

/** Ninety series over three hours, as OpenMetrics. */
function past(from: number): string {
  const lines: string[] = [];
  for (let metric = 0; metric < 9; metric++) {
    lines.push(`# TYPE m${metric} gauge`);
    for (let host = 0; host < 10; host++)
      for (let t = 0; t < 3 * 3600; t += STEP)
        lines.push(`m${metric}{instance="h${host}:1",job="j"} ${Math.sin(t / 600) * host + metric} ${from + t}`);
  }
  return `${lines.join('\n')}\n# EOF\n`;
}

async function startPast(...more: string[]): Promise<string> {
  const folder = await newFolder();
  const from = Math.floor(Date.now() / 1000) - 4 * 3600;
  await writePast(folder, past(from));
  const port = await freePort();
  await startServer(folder, port, ...more);
  return `http://127.0.0.1:${port}`;
}

const caughtUp = ({ kept, source }: { kept: Kept; source: LiveSource }) =>
  until(
    () => [kept.progress?.isBackfilling, source.health()],
    ([isBackfilling]) => isBackfilling === false,
    120_000,
    'the end of the past',
  );

test.skipIf(noPast !== '')(
  `the past is read whole, oldest first, and goes on where it was when killed${noPast}`,
  { timeout: 240_000 },
  async () => {
    const url = await startPast();
    const kept: Kept = { progress: undefined, saves: 0 };
    const options = { backfillMs: 5 * 3_600_000, kept };
    const first = startSource(url, options);
    await until(
      () => kept.saves,
      (saves) => saves > 20,
      60_000,
      'the first chunks',
    );
    await first.end();
    expect(kept.progress?.isBackfilling).toBe(true);
    const second = startSource(url, options);
    await caughtUp(second);
    expect(kept.progress?.isBackfilling).toBe(false);
    const theirs = await held(url, '{job="j"}', 5 * 3600);
    expect(theirs).toHaveLength(90 * 720);
    // Around the place where it was stopped samples come twice; the store knows them by their time.
    expect([...new Set([...given(first.samples), ...given(second.samples)])].sort()).toEqual(theirs);
    expect(second.samples.length + first.samples.length).toBeLessThan(theirs.length + 90 * 5);
    for (const { samples, events } of [first, second]) {
      const times = samples.filter(({ stale }) => stale !== true).map(({ at }) => at);
      expect(times).toEqual(times.toSorted((a, b) => a - b));
      expect(events.every((event) => event.kind === 'samples' && event.isPast === true)).toBe(true);
    }
    // An hour ago they ended.
    expect(second.samples.filter(({ stale }) => stale === true)).toHaveLength(90);
  },
);

test.skipIf(noPast !== '')(
  `a server that refuses large queries is asked in parts, and shards share it without loss${noPast}`,
  { timeout: 240_000 },
  async () => {
    const url = await startPast('--query.max-samples=200');
    const shards = [1, 2].map((index) =>
      startSource(url, { backfillMs: 14_400_000 - 2 * 3_600_000, shard: { index, count: 2 } }),
    );
    const seconds = 2 * 3600;
    for (const shard of shards) await caughtUp(shard);
    const [one = [], two = []] = shards.map(({ samples }) => given(samples));
    const hosts = (rows: readonly string[]) => new Set(rows.map((text) => /instance="([^"]+)"/.exec(text)?.[1] ?? ''));
    expect(hosts(one).size + hosts(two).size).toBe(10);
    expect([...hosts(one)].filter((host) => hosts(two).has(host))).toEqual([]);
    const count = one.length + two.length;
    // One hour of the three lies within the last two.
    expect(count).toBeGreaterThan(90 * 238);
    expect(count).toBeLessThan(90 * (seconds / STEP));
    expect(new Set([...one, ...two]).size).toBe(count);
  },
);
