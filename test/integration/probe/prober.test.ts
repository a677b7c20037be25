import { createServer as createHttpServer, type RequestListener } from 'node:http';
import { type AddressInfo, createServer } from 'node:net';
import { once } from 'node:events';
import { afterEach, expect, test } from 'vitest';
import { type Probed, Prober } from '../../../src/collect/probe/prober.ts';
import type { Emission, HealthCheck } from '../../../src/model/index.ts';
import { labelValue, metricName } from '../../../src/model/index.ts';
import { createOutbound } from '../../../src/platform/outbound.ts';

const closing: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

const soon = { timeout: 20_000 };
const times = { intervalMs: 500, timeoutMs: 2_000 };
const http = (target: string, by: 'configured' | 'given' = 'configured'): HealthCheck => ({
  kind: 'http',
  target,
  ...times,
  by,
});
const tcp = (target: string): HealthCheck => ({ kind: 'tcp', target, ...times, by: 'configured' });

async function httpServer(answer: RequestListener): Promise<string> {
  const server = createHttpServer(answer).listen(0, '127.0.0.1');
  await once(server, 'listening');
  closing.push(() => {
    server.closeAllConnections();
    server.close();
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/health`;
}

function probing(...services: Probed[]): { prober: Prober; seen: Emission[] } {
  const outbound = createOutbound();
  const stopping = new AbortController();
  const seen: Emission[] = [];
  const prober = new Prober({
    services: () => services,
    outbound,
    clock: { now: Date.now, monotonic: () => performance.now() },
    log: { warn: () => undefined },
  });
  const ended = prober.start(async (event) => {
    if (event.kind === 'samples') seen.push(...event.samples);
  }, stopping.signal);
  closing.push(async () => {
    stopping.abort();
    await ended;
    await outbound.close();
  });
  return { prober, seen };
}

function told(seen: readonly Emission[]): string[] {
  return seen
    .filter(({ labels }) => metricName(labels) !== 'probe_duration_seconds')
    .map(({ labels, value }) => `${labelValue(labels, 'job')} ${metricName(labels)} ${value}`);
}

test('an address that answers below 400 is well, any other answer and none at all is not', async () => {
  const well = await httpServer((_, response) => void response.writeHead(204).end());
  const ill = await httpServer((_, response) => void response.writeHead(503).end('down'));
  const silent = await httpServer(() => undefined);
  const { seen } = probing(
    { name: 'well', check: http(well) },
    { name: 'ill', check: http(ill) },
    { name: 'silent', check: http(silent) },
    { name: 'gone', check: http('http://127.0.0.1:1/') },
  );
  await expect
    .poll(() => told(seen), soon)
    .toEqual(
      expect.arrayContaining([
        'well probe_success 1',
        'well probe_http_status_code 204',
        'ill probe_success 0',
        'ill probe_http_status_code 503',
        'silent probe_success 0',
        'gone probe_success 0',
      ]),
    );
  const duration = seen.find(
    ({ labels }) => metricName(labels) === 'probe_duration_seconds' && labelValue(labels, 'job') === 'silent',
  );
  expect(duration?.value).toBeGreaterThanOrEqual(1.9);
  expect(labelValue(duration?.labels ?? [], 'instance')).toMatch(/^http:\/\/127\.0\.0\.1:\d+\/health$/);
});

test('a port that opens is well, one that refuses is not', async () => {
  const server = createServer((socket) => socket.destroy()).listen(0, '127.0.0.1');
  await once(server, 'listening');
  closing.push(() => server.close());
  const { port } = server.address() as AddressInfo;
  const { seen } = probing(
    { name: 'open', check: tcp(`127.0.0.1:${port}`) },
    { name: 'shut', check: tcp('127.0.0.1:1') },
  );
  await expect
    .poll(() => told(seen), soon)
    .toEqual(expect.arrayContaining(['open probe_success 1', 'shut probe_success 0']));
});

test('a program’s own word counts; when it fails or does not come it is no', async () => {
  const callback = { kind: 'callback', ...times } as const;
  const { seen } = probing(
    { name: 'yes', check: callback, isWell: () => true },
    { name: 'no', check: callback, isWell: async () => false },
    { name: 'throws', check: callback, isWell: () => Promise.reject(new Error('no')) },
    { name: 'hangs', check: callback, isWell: () => new Promise(() => undefined) },
    { name: 'another process', check: callback },
  );
  await expect
    .poll(() => new Set(told(seen)), soon)
    .toEqual(new Set(['yes probe_success 1', 'no probe_success 0', 'throws probe_success 0', 'hangs probe_success 0']));
});

test('whose address may not be called is named, and is neither well nor ill', async () => {
  const inside = await httpServer((_, response) => void response.end());
  const { prober, seen } = probing({ name: 'inward', check: http(inside, 'given') });
  await expect.poll(() => prober.health().state, soon).toBe('degraded');
  expect(prober.health().problems).toEqual([expect.stringMatching(/^check of inward: .*not a permitted address/)]);
  expect(seen).toEqual([]);
});

test('figures of a program are read; what it fails with is named', async () => {
  const sample: Emission = { labels: ['__name__', 'orders', 'job', 'shop'], kind: 'gauge', at: 1, value: 5 };
  const { prober, seen } = probing(
    { name: 'shop', check: null, metricsMs: 200, metrics: async () => [sample] },
    { name: 'broken', check: null, metricsMs: 200, metrics: () => Promise.reject(new Error('no database')) },
  );
  await expect.poll(() => seen[0], soon).toEqual(sample);
  await expect.poll(() => prober.health().problems, soon).toEqual(['metrics of broken: no database']);
});
