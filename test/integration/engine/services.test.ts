import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { EngineEvent } from '../../../src/engine/engine-view.ts';
import { VirtualTime } from '../../../src/engine/virtual-time.ts';
import { type Emission, labelsFrom, METRIC_NAME, type SeriesKind } from '../../../src/model/index.ts';
import { type EngineOnVirtualTime, engineOnVirtualTime } from './engine-on-virtual-time.ts';
import { toldCollector } from './told-collector.ts';

/* Services over the real engine, its detectors and stores, on a time of its own. */

const START = Date.UTC(2026, 5, 1, 12);
const STEP = 10_000;

let home: string;
let time: VirtualTime;
let running: EngineOnVirtualTime;
let stores: EngineOnVirtualTime['stores'];
let engine: EngineOnVirtualTime['engine'];
let stopping: AbortController;

async function open(): Promise<void> {
  running = await engineOnVirtualTime({ home, time, intervalMs: STEP, business: { shop: ['orders'] } });
  ({ engine, stores } = running);
  stopping = new AbortController();
}

async function close(): Promise<void> {
  stopping.abort();
  await running.close();
}

beforeEach(async () => {
  home = mkdtempSync(join(tmpdir(), 'auspex-services-'));
  time = new VirtualTime(START);
  await open();
});
afterEach(async () => {
  await close();
  rmSync(home, { recursive: true, force: true });
});

function sample(
  name: string,
  labels: Readonly<Record<string, string>>,
  value: number,
  kind: SeriesKind = 'gauge',
): Emission {
  return { labels: labelsFrom([...Object.entries(labels), [METRIC_NAME, name]]), kind, at: time.now(), value };
}

const MACHINE = {
  kind: 'host',
  stableId: 'machine-a',
  name: 'a',
  timeZone: 'UTC',
  aliases: ['instance=a'],
  attributes: {},
} as const;

const host = (name: string, labels: Readonly<Record<string, string>>, value: number) =>
  sample(name, { ...labels, instance: 'a', job: 'auspex' }, value);
const shop = { job: 'shop', instance: 'a:9464' };

/** Nginx, shop and redis on one host; shop is scraped and calls redis. */
function stack(step: number, { failed = 0 }: { failed?: number } = {}): readonly Emission[] {
  return [
    host('auspex_host_memory_ratio', {}, 0.4),
    host('node_network_address_info', { device: 'eth0', address: '10.0.0.1' }, 1),
    host('auspex_host_listener', { groupname: 'nginx', port: '80', address: '0.0.0.0', endpoint: '0.0.0.0:80' }, 1),
    host(
      'auspex_host_listener',
      { groupname: 'node server.js', port: '8080', address: '0.0.0.0', endpoint: '0.0.0.0:8080' },
      1,
    ),
    host(
      'auspex_host_listener',
      { groupname: 'node server.js', port: '9464', address: '127.0.0.1', endpoint: '0.0.0.0:8080' },
      1,
    ),
    host(
      'auspex_host_listener',
      { groupname: 'redis-server', port: '6379', address: '127.0.0.1', endpoint: '127.0.0.1:6379' },
      1,
    ),
    host('auspex_host_connections', { groupname: 'nginx', endpoint: '0.0.0.0:80', peer: '10.0.0.1:8080' }, 2),
    host(
      'auspex_host_connections',
      { groupname: 'node server.js', endpoint: '0.0.0.0:8080', peer: '127.0.0.1:6379' },
      3,
    ),
    sample('up', shop, 1),
    sample('http_requests_total', { ...shop, code: '200' }, step * 100 - failed, 'counter'),
    sample('http_requests_total', { ...shop, code: '500' }, failed, 'counter'),
    sample('orders', shop, 50 + (step % 3)),
  ];
}

async function run(from: number, to: number, samples: (step: number) => readonly Emission[]): Promise<void> {
  const source = toldCollector('host', START);
  const collecting = engine.collect(source, stopping.signal);
  await source.emit({ kind: 'entity', entity: MACHINE });
  for (let step = from; step < to; step++) {
    await time.advanceTo(START + step * STEP);
    await source.emit({ kind: 'samples', samples: samples(step) });
    await engine.settle();
  }
  await time.advanceTo(START + to * STEP + 30_000);
  await engine.settle();
  void collecting;
}

const calls = () =>
  engine
    .services()
    .flatMap((one) => one.calls)
    .map(
      ({ from, to, origins }) => `${engine.service(from).row.name} > ${engine.service(to).row.name}: ${origins.join()}`,
    )
    .sort();

test('services are found, judged with what is usual, and kept; their health is a series of the host', {
  timeout: 120_000,
}, async () => {
  const events: EngineEvent[] = [];
  engine.subscribe(null, (event) => events.push(event));
  await run(0, 150, (step) => stack(step));
  expect(
    engine
      .services()
      .map(({ row }) => row.name)
      .sort(),
  ).toEqual(['nginx', 'redis', 'shop']);
  expect(calls()).toEqual(['nginx > shop: connection', 'shop > redis: connection']);
  const well = engine.service('shop');
  expect(well.health.score).toBe(100);
  expect(well.health.dimensions.map(({ name }) => name)).toEqual(
    expect.arrayContaining(['availability', 'errors', 'traffic', 'business', 'unusual', 'alerts', 'freshness']),
  );
  expect(well.missing.map((text) => text.split(':')[0])).toEqual(['latency', 'saturation', 'jobs']);
  expect(engine.servicesSentence()).toBe('3 services are well.');

  let failed = 0;
  await run(153, 173, (step) => stack(step, { failed: (failed += 30) }));
  const ill = engine.service('shop');
  expect(ill.health.score).toBeLessThan(60);
  expect(ill.health.sentence).toMatch(/requests that fail 30 %, usually 0 %/i);
  expect(engine.fleetHealth().score).toBeLessThan(100);
  expect(engine.servicesSentence()).toMatch(/^1 of 3 services is not well\. shop is at \d+: /);
  expect(events.filter(({ topic }) => topic === 'services').length).toBeGreaterThan(1);

  const [series] = stores.metrics.index.select(
    [
      { name: METRIC_NAME, op: '=', value: 'auspex_health_service' },
      { name: 'service', op: '=', value: 'shop' },
    ],
    10,
  );
  expect(series?.entityId).toBe('host:machine-a');
  const [points] = await stores.metrics.range([series?.ref ?? -1], START, time.now());
  expect(points?.values.length).toBeGreaterThan(30);
  expect(Math.min(...(points?.values ?? []))).toBeLessThan(60);
});

test('a removed service stays away until it is seen again, also after a restart', { timeout: 120_000 }, async () => {
  const found = () =>
    engine
      .services()
      .map(({ row }) => row.name)
      .sort();
  await run(0, 12, (step) => stack(step));
  expect(await engine.removeService('shop')).toMatchObject({ name: 'shop' });
  expect(found()).toEqual(['nginx', 'redis']);
  await expect(engine.removeService('shop')).rejects.toMatchObject({ code: 'NOT_FOUND' });
  await run(16, 20, () => [host('auspex_host_memory_ratio', {}, 0.4)]);
  expect(found()).toEqual(['nginx', 'redis']);
  await close();
  await open();
  await run(24, 28, () => [host('auspex_host_memory_ratio', {}, 0.4)]);
  expect(found()).toEqual(['nginx', 'redis']);
  await run(32, 36, (step) => stack(step));
  expect(found()).toEqual(['nginx', 'redis', 'shop']);
  const [series] = stores.metrics.index.select(
    [
      { name: METRIC_NAME, op: '=', value: 'auspex_health_service' },
      { name: 'service', op: '=', value: 'shop' },
    ],
    10,
  );
  const [points] = await stores.metrics.range([series?.ref ?? -1], START, START + 12 * STEP);
  expect(points?.values.length).toBeGreaterThan(0);
});

test('corrections and registrations outlive a restart, and win over what is found', { timeout: 120_000 }, async () => {
  await run(0, 12, (step) => stack(step));
  await engine.changeDependency({ kind: 'remove', from: 'shop', to: 'redis' });
  await engine.changeService('shop', { kind: 'rename', name: 'webshop' });
  await engine.registerService(
    {
      name: 'mailer',
      check: null,
      dependencies: ['webshop'],
      start: 'systemctl start mailer',
      stop: null,
      scale: null,
    },
    [],
  );
  await close();
  await open();
  expect(calls()).toEqual([]);
  await run(16, 28, (step) => stack(step));
  expect(
    engine
      .services()
      .map(({ row }) => row.name)
      .sort(),
  ).toEqual(['mailer', 'nginx', 'redis', 'webshop']);
  expect(calls()).toEqual(['mailer > webshop: declared', 'nginx > webshop: connection']);
  expect(engine.service('mailer')).toMatchObject({
    health: { score: null },
    row: { registration: { start: 'systemctl start mailer' } },
  });
});
