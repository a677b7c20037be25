import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import protobuf from 'protobufjs';
import { expect, onTestFinished, test } from 'vitest';
import { doctor } from '../../../src/cli/commands/doctor.ts';
import type { RunningAuspex } from '../../../src/compose.ts';
import { labelValue } from '../../../src/model/index.ts';
import { seriesOf, start } from './running.ts';
import { freePort, missing, NODE_EXPORTER, PROMETHEUS, run, until } from '../prometheus/real-programs.ts';

/* The whole of Auspex in this process, with its own host watched: who is who across the ways in. */

const root = protobuf.loadSync(fileURLToPath(new URL('../../golden/otlp/otlp.proto', import.meta.url)));
const Metrics = root.lookupType('otlp.ExportMetricsServiceRequest');

const attributes = (values: Record<string, string>) =>
  Object.entries(values).map(([key, stringValue]) => ({ key, value: { stringValue } }));
const byText = (a: unknown, b: unknown): number => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1);
const ownId = (auspex: RunningAuspex): string =>
  auspex.engine.states().find(({ entity }) => entity.name === hostname())?.entity.id ?? '';

test('a host and a service by OTLP: the host is the one that is watched already, the service has figures of each instance', {
  timeout: 120_000,
}, async () => {
  const { auspex, url } = await start();
  const post = (resourceMetrics: object[]): Promise<Response> =>
    fetch(`${url}/v1/metrics`, {
      method: 'POST',
      headers: { 'content-type': 'application/x-protobuf', 'content-encoding': 'gzip' },
      body: new Uint8Array(gzipSync(Metrics.encode(Metrics.fromObject({ resourceMetrics })).finish())),
    });
  const begin = Date.now() - 60_000;
  const host = (at: number) => ({
    resource: { attributes: attributes({ 'host.name': hostname(), 'host.id': 'i-0abc', 'os.type': 'linux' }) },
    scopeMetrics: [
      {
        metrics: [
          {
            name: 'system.cpu.load_average.15m',
            gauge: { dataPoints: [{ timeUnixNano: `${at}000000`, asDouble: 0.5 }] },
          },
          {
            name: 'system.uptime',
            unit: 's',
            gauge: { dataPoints: [{ timeUnixNano: `${at}000000`, asDouble: 5 }] },
          },
        ],
      },
    ],
  });
  const shop = (instance: string, at: number, requests: number, failed: number) => ({
    resource: {
      attributes: attributes({ 'service.name': 'shop', 'service.namespace': 'eu', 'service.instance.id': instance }),
    },
    scopeMetrics: [
      {
        metrics: [
          {
            name: 'http.server.requests',
            unit: '{request}',
            sum: {
              aggregationTemporality: 2,
              isMonotonic: true,
              dataPoints: [['200', requests - failed] as const, ['500', failed] as const].map(([code, value]) => ({
                timeUnixNano: `${at}000000`,
                asInt: String(value),
                attributes: attributes({ 'http.response.status_code': code }),
              })),
            },
          },
        ],
      },
    ],
  });
  for (let i = 0; i < 5; i++) {
    const at = begin + i * 10_000;
    const answer = await post([host(at), shop('one', at, 100 * i, 10 * i), shop('two', at + 3_000, 50 * i, 0)]);
    expect([answer.status, answer.headers.get('content-type')]).toEqual([200, 'application/x-protobuf']);
    expect((await answer.arrayBuffer()).byteLength).toBe(0);
  }
  const named = auspex.engine.states().map(({ entity }) => entity.id);
  expect(named.sort()).toEqual([ownId(auspex), 'service:eu/shop'].sort());
  for (const name of ['node_load15', 'system_uptime_seconds'])
    expect(seriesOf(auspex, name).filter(({ labels }) => labelValue(labels, 'job') === 'otel')).toEqual([
      expect.objectContaining({ entityId: ownId(auspex) }),
    ]);
  const ratios = await until(
    async () => {
      const series = seriesOf(auspex, 'auspex_service_error_ratio');
      const points = await auspex.stores.metrics.range(
        series.map(({ ref }) => ref),
        begin,
        Date.now(),
      );
      return series.map(({ labels, entityId }, i) => [
        labelValue(labels, 'instance'),
        entityId,
        [...(points[i]?.values ?? [])].filter((value) => !Number.isNaN(value)).at(-1),
        points[i]?.times.length,
      ]);
    },
    (found) => found.length === 2 && found.every(([, , , count]) => Number(count) >= 3),
    30_000,
    'figures of both instances',
  );
  expect(ratios.toSorted(byText).map((one) => one.slice(0, 3))).toEqual([
    ['one', 'service:eu/shop', expect.closeTo(0.1, 9)],
    ['two', 'service:eu/shop', 0],
  ]);
});

test('errors in logs are kept as kinds, without secrets and values, and counted', { timeout: 120_000 }, async () => {
  const { auspex, url, client } = await start();
  const at = Date.now();
  const record = (text: string, more: Record<string, string> = {}) => ({
    timeUnixNano: `${at}000000`,
    severityNumber: 17,
    body: { stringValue: text },
    attributes: attributes(more),
  });
  const post = (logRecords: object[]): Promise<Response> =>
    fetch(`${url}/v1/logs`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({
        resourceLogs: [
          {
            resource: { attributes: attributes({ 'service.name': 'shop', 'service.instance.id': 'one' }) },
            scopeLogs: [{ scope: { name: 'shop.db' }, logRecords }],
          },
        ],
      }),
    });
  const stack = 'Error: no\n    at query (/app/node_modules/pg/client.js:1:1)\n    at load (/app/src/cart.js:42:7)';
  const exception = { 'exception.type': 'Error', 'exception.message': 'no', 'exception.stacktrace': stack };
  for (let i = 0; i < 3; i++) {
    const answer = await post([
      record(`connect ECONNREFUSED 10.0.0.${i + 1}:5432 postgres://shop:hunter22secret@db/shop`),
      record('', exception),
      { ...record('all is well'), severityNumber: 9 },
    ]);
    expect([answer.status, await answer.text()]).toEqual([200, '{}']);
  }
  const { items } = await until(
    () => client.call('errors', { query: { entity: 'shop' } }),
    ({ items: found }) => found.length === 2 && found.every(({ count }) => count === 3),
    30_000,
    'both kinds',
  );
  const [refused, thrown] = items.toSorted((a, b) => (a.class < b.class ? -1 : 1));
  expect(refused).toMatchObject({
    class: 'connection',
    component: 'shop.db',
    entityId: 'service:shop',
    entityName: 'shop',
    topFrame: null,
    solution: null,
    confidence: { value: 0.5, source: 'prior' },
  });
  expect(refused?.message).toContain('ECONNREFUSED');
  expect(refused?.message).not.toMatch(/hunter22|10\.0\.0/);
  expect(thrown).toMatchObject({
    class: 'general',
    type: 'Error',
    message: 'no',
    topFrame: 'load (/app/src/cart.js:42:7)',
  });
  expect((await client.call('errors', { query: { class: 'memory' } })).items).toEqual([]);
  const from = new Date(at + 60_000).toISOString();
  const to = new Date(at + 120_000).toISOString();
  expect((await client.call('errors', { query: { from, to } })).items).toEqual([]);
  const first = await client.call('errors', { query: { limit: 1 } });
  const second = await client.call('errors', { query: { limit: 1, cursor: first.nextCursor ?? '' } });
  expect(new Set([...first.items, ...second.items].map(({ fingerprint }) => fingerprint)).size).toBe(2);
  const counted = await until(
    async () => {
      const series = seriesOf(auspex, 'log_records_total');
      const points = await auspex.stores.metrics.last(
        series.map(({ ref }) => ref),
        Date.now(),
        60_000,
      );
      return series.map(({ labels, entityId, ref }) => [
        labelValue(labels, 'severity'),
        entityId,
        points.find((one) => one.ref === ref)?.values[0],
      ]);
    },
    (found) => found.length === 2 && found.every(([, , value]) => Number(value) >= 3),
    30_000,
    'the counters',
  );
  expect(counted.toSorted(byText)).toEqual([
    ['error', 'service:shop', 6],
    ['info', 'service:shop', 3],
  ]);
});

const noServer = missing(PROMETHEUS, NODE_EXPORTER);

test.skipIf(noServer !== '')(
  `a real Prometheus as a source: its node_exporter of this machine is this machine, and a source that does not answer is named by doctor${noServer}`,
  { timeout: 180_000 },
  async () => {
    const folder = mkdtempSync(join(tmpdir(), 'auspex-source-'));
    onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
    const [exporterPort, port, deadPort] = [await freePort(), await freePort(), await freePort()];
    run(NODE_EXPORTER, [`--web.listen-address=127.0.0.1:${exporterPort}`, '--log.level=error']);
    writeFileSync(
      join(folder, 'prometheus.yml'),
      `global: {scrape_interval: 1s}\nscrape_configs:\n  - job_name: node\n    static_configs: [{targets: ['127.0.0.1:${exporterPort}']}]\n`,
    );
    run(PROMETHEUS, [
      `--config.file=${join(folder, 'prometheus.yml')}`,
      `--storage.tsdb.path=${join(folder, 'data')}`,
      `--web.listen-address=127.0.0.1:${port}`,
      '--log.level=warn',
    ]);
    writeFileSync(join(folder, 'token'), 'a-secret-token-of-a-source\n');
    const { auspex, home, config } = await start(
      `sources:
  prometheus:
    - name: near
      url: http://127.0.0.1:${port}
      select: ['{job="node"}']
      interval: 1s
      tokenFile: ${join(folder, 'token')}
    - name: gone
      url: http://127.0.0.1:${deadPort}
      interval: 1s
`,
    );
    const loads = await until(
      () => seriesOf(auspex, 'node_load1').filter(({ labels }) => labelValue(labels, 'job') === 'node'),
      (found) => found.length === 1,
      60_000,
      'the series',
    );
    expect(loads[0]?.entityId).toBe(ownId(auspex));
    let text = '';
    const print = (line: string): void => void (text += `${line}\n`);
    const output = {
      json: false,
      color: false,
      quiet: false,
      print,
      say: print,
      data: (_: unknown, human: () => void) => human(),
    };
    expect(await doctor(output, { home, config }, undefined)).toBe(1);
    expect(text).toMatch(new RegExp(`collector source gone +WRONG +.*127\\.0\\.0\\.1:${deadPort}`));
    expect(text).not.toMatch(/source near|a-secret-token/);
    expect(JSON.stringify(await auspex.caller.call('settings', {}))).not.toContain('a-secret-token');
  },
);
