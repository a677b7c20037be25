import { spawnSync } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { createServer as createSecureServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { createScrapeFetch } from '../../../src/collect/prometheus/scrape-fetch.ts';
import { ScrapeLoop } from '../../../src/collect/prometheus/scrape-loop.ts';
import { createScraper } from '../../../src/collect/prometheus/scraper.ts';
import { targetsOf } from '../../../src/collect/prometheus/targets.ts';
import { RemoteWriteDecoder } from '../../../src/collect/remote-write/decode.ts';
import { handleRemoteWrite } from '../../../src/collect/remote-write/handle-remote-write.ts';
import { scrapeJobSchema } from '../../../src/config/scrape-schema.ts';
import { type Labels, labelsKey, metricName } from '../../../src/model/labels.ts';
import type { Emission } from '../../../src/model/ports.ts';
import { isStaleMarker, type SampleBatch, type SeriesKind } from '../../../src/model/series.ts';
import { createOutbound } from '../../../src/platform/outbound.ts';
import { metrics, registry } from '../../../src/telemetry/metrics.ts';
import {
  freePort,
  metricSum,
  missing,
  NODE_EXPORTER,
  OPENSSL,
  PROMETHEUS,
  PROMTOOL,
  run,
  until,
} from './real-programs.ts';

const clock = { now: () => Date.now(), monotonic: () => performance.now() };
const noPromtool = missing(PROMTOOL);
const noExporter = missing(NODE_EXPORTER);
const noPrometheus = missing(PROMETHEUS, NODE_EXPORTER);

test.skipIf(noPromtool !== '')(`promtool accepts our own metrics without a warning${noPromtool}`, async () => {
  metrics.samplesIngested.inc({ source: 'remote-write' }, 5);
  metrics.httpSeconds.observe({ route: '/api/"x"\\y', status: '204' }, 0.01);
  const checked = spawnSync(PROMTOOL, ['check', 'metrics'], { input: await registry.metrics(), encoding: 'utf8' });
  expect({ status: checked.status, said: checked.stdout + checked.stderr }).toEqual({ status: 0, said: '' });
});

async function startExporter(): Promise<string> {
  const port = await freePort();
  const { words } = run(NODE_EXPORTER, [`--web.listen-address=127.0.0.1:${port}`, '--log.level=error']);
  const address = `127.0.0.1:${port}`;
  await until(
    () => fetch(`http://${address}/metrics`),
    ({ ok }) => ok,
    10_000,
    `node_exporter (${words()})`,
  );
  return address;
}

test.skipIf(noExporter !== '')(
  `the real node_exporter is scraped whole, and its end is seen${noExporter}`,
  async () => {
    const address = await startExporter();
    const page = await (await fetch(`http://${address}/metrics`)).text();
    const lines = page.split('\n').filter((line) => line !== '' && !line.startsWith('#')).length;
    const job = scrapeJobSchema.parse({
      job_name: 'node',
      scrape_interval: '500ms',
      static_configs: [{ targets: [address] }],
    });
    const scrapes: (readonly Emission[])[] = [];
    const scraper = createScraper({
      jobs: [job],
      clock,
      fetch: createScrapeFetch(createOutbound()),
      log: { warn: () => {} },
    });
    const stop = new AbortController();
    const running = scraper.start(async (event) => {
      if (event.kind === 'samples') scrapes.push(event.samples);
    }, stop.signal);
    await until(
      () => scrapes.length,
      (n) => n >= 2,
      10_000,
      'a second scrape',
    );
    await scraper.reload([]);
    stop.abort();
    await running;
    const value = (samples: readonly Emission[], name: string) =>
      samples.find(({ labels }) => metricName(labels) === name)?.value;
    const kindOf = (name: string) => scrapes[0]?.find(({ labels }) => metricName(labels) === name)?.kind;
    expect(value(scrapes[0] ?? [], 'up')).toBe(1);
    // A few series (its own HTTP figures) come only after the first request.
    expect(Math.abs((value(scrapes[0] ?? [], 'scrape_samples_scraped') ?? 0) - lines)).toBeLessThan(20);
    expect(value(scrapes[0] ?? [], 'node_load1')).toBeGreaterThanOrEqual(0);
    expect([kindOf('node_cpu_seconds_total'), kindOf('node_load1'), kindOf('node_uname_info')]).toEqual([
      'counter',
      'gauge',
      'info',
    ]);
    expect(value(scrapes[1] ?? [], 'scrape_series_added')).toBeLessThan(20);
    const last = scrapes.at(-1) ?? [];
    expect(last.length).toBeGreaterThan(100);
    expect(last.every((emission) => isStaleMarker(emission.value))).toBe(true);
  },
);

const noOpenssl = missing(OPENSSL);

test.skipIf(noOpenssl !== '')(`a target behind TLS is believed by its authority only${noOpenssl}`, async () => {
  const folder = await mkdtemp(join(tmpdir(), 'auspex-tls-'));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  const [key, cert, token] = [join(folder, 'key.pem'), join(folder, 'cert.pem'), join(folder, 'token')];
  const subject = ['-subj', '/CN=localhost', '-addext', 'subjectAltName=IP:127.0.0.1'];
  const files = ['-keyout', key, '-out', cert, '-days', '2'];
  const made = spawnSync(OPENSSL, ['req', '-x509', '-newkey', 'rsa:2048', '-nodes', ...files, ...subject]);
  expect(made.status).toBe(0);
  await writeFile(token, 'first\n');
  const tokens: (string | undefined)[] = [];
  const server = createSecureServer({ key: await readFile(key), cert: await readFile(cert) }, (request, response) => {
    tokens.push(request.headers.authorization);
    response.end('a 1\n');
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  const address = `127.0.0.1:${(server.address() as AddressInfo).port}`;
  const errorWith = async (tls: object): Promise<string | null> => {
    const job = scrapeJobSchema.parse({
      job_name: 'tls',
      scheme: 'https',
      tls_config: tls,
      authorization: { credentials_file: token },
      static_configs: [{ targets: [address] }],
    });
    const [target] = targetsOf(job, job.staticConfigs).targets;
    if (target === undefined) throw new Error('no target');
    return (
      await new ScrapeLoop(target, createScrapeFetch(createOutbound()), clock).scrape(new AbortController().signal)
    ).error;
  };
  expect(await errorWith({})).toContain('self-signed certificate');
  expect(await errorWith({ ca_file: join(folder, 'none.pem') })).toContain('no such file');
  expect(tokens).toEqual([]);
  expect(await errorWith({ ca_file: cert })).toBeNull();
  await writeFile(token, 'second\n');
  expect(await errorWith({ insecure_skip_verify: true })).toBeNull();
  expect(tokens).toEqual(['Bearer first', 'Bearer second']);
});

/** A receiver as compose would wire it, with all that came in memory. */
async function startReceiver() {
  const known = new Map<string, number>();
  const series: { labels: Labels; kind: SeriesKind }[] = [];
  const batches: SampleBatch[] = [];
  const answers: Record<number, number> = {};
  const decoder = new RemoteWriteDecoder({
    now: clock.now,
    resolve(labels, kind) {
      const key = labelsKey(labels);
      const ref = known.get(key) ?? series.push({ labels, kind }) - 1;
      known.set(key, ref);
      return ref;
    },
  });
  const append = async (batch: SampleBatch) => {
    batches.push(batch);
    return { stored: batch.count, outOfOrder: 0, duplicates: 0, position: batches.length };
  };
  const server = createServer((request, response) => {
    const pieces: Buffer[] = [];
    request.on('data', (piece: Buffer) => pieces.push(piece));
    request.on('end', () => {
      void handleRemoteWrite(decoder, append, Buffer.concat(pieces), request.headers).then((answer) => {
        answers[answer.status] = (answers[answer.status] ?? 0) + 1;
        response.writeHead(answer.status, answer.headers);
        response.end(answer.problem?.message ?? '');
      });
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  const count = () => batches.reduce((sum, batch) => sum + batch.count, 0);
  return { port: (server.address() as AddressInfo).port, series, batches, answers, count };
}

test.skipIf(noPrometheus !== '')(
  `the real Prometheus writes to us and every sample it sent is there${noPrometheus}`,
  { timeout: 60_000 },
  async () => {
    const exporter = await startExporter();
    const receiver = await startReceiver();
    const folder = await mkdtemp(join(tmpdir(), 'auspex-prometheus-'));
    onTestFinished(() => rm(folder, { recursive: true, force: true }));
    const config = (targets: string) => `
global: {scrape_interval: 1s}
scrape_configs:
  - job_name: node
    static_configs: [{targets: [${targets}]}]
remote_write:
  - url: http://127.0.0.1:${receiver.port}/api/v1/write
    queue_config: {batch_send_deadline: 200ms}
    metadata_config: {send_interval: 1s}
`;
    await writeFile(join(folder, 'prometheus.yml'), config(`'${exporter}'`));
    const port = await freePort();
    const page = `http://127.0.0.1:${port}/metrics`;
    const prometheus = run(PROMETHEUS, [
      `--config.file=${join(folder, 'prometheus.yml')}`,
      `--storage.tsdb.path=${join(folder, 'data')}`,
      `--web.listen-address=127.0.0.1:${port}`,
      '--log.level=warn',
    ]);
    await until(receiver.count, (n) => n > 3000, 40_000, `remote write (${prometheus.words()})`);
    // Without targets nothing new is scraped: what it sent and what came can be compared at rest.
    await writeFile(join(folder, 'prometheus.yml'), config(''));
    prometheus.child.kill('SIGHUP');
    const isStale = (batch: SampleBatch) => batch.values.some((value) => isStaleMarker(value));
    await until(
      () => receiver.batches.some(isStale),
      (seen) => seen,
      15_000,
      'the staleness markers',
    );
    const sent = await until(
      async () => [await metricSum(page, 'prometheus_remote_storage_samples_total'), receiver.count()],
      ([said, came]) => said === came,
      15_000,
      `equal counts (${prometheus.words()})`,
    );
    expect(sent[0]).toBe(sent[1]);
    expect(await metricSum(page, 'prometheus_remote_storage_samples_failed_total')).toBe(0);
    expect(await metricSum(page, 'prometheus_remote_storage_samples_retried_total')).toBe(0);
    expect(Object.keys(receiver.answers)).toEqual(['204']);
    const names = new Set(receiver.series.map(({ labels }) => metricName(labels)));
    for (const name of ['up', 'node_load1', 'node_cpu_seconds_total']) expect(names).toContain(name);
    const load = receiver.series.findIndex(({ labels }) => metricName(labels) === 'node_load1');
    const ofLoad = receiver.batches.flatMap(({ refs, values, count }) =>
      [...values.subarray(0, count)].filter((_, i) => refs[i] === load),
    );
    expect(ofLoad.some((value) => value >= 0 && value < 1000)).toBe(true);
  },
);
