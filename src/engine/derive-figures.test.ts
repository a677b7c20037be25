import { expect, test } from 'vitest';
import {
  type Emission,
  entityKeyOf,
  formatLabels,
  type Labels,
  labelsFrom,
  labelsKey,
  type SampleBatch,
  writeStaleMarker,
} from '../model/index.ts';
import { DerivedFigures } from './derive-figures.ts';

type Sample = readonly [labels: Labels, at: number, value: number];

/** A stream of samples into the deriver; what it derives goes back in, as the engine does. */
class Stream {
  readonly events: string[] = [];
  readonly derived = new DerivedFigures((id, at, type) => this.events.push(`${id} ${type} ${at}`));
  readonly given: Emission[] = [];
  readonly #refs = new Map<string, number>();
  now = 0;

  batch(samples: readonly Sample[]): SampleBatch {
    const refs = Uint32Array.from(samples, ([labels]) => this.#ref(labels));
    const values = Float64Array.from(samples, ([, , value]) => value);
    samples.forEach(([, , value], i) => {
      if (Number.isNaN(value)) writeStaleMarker(values, i);
    });
    return { count: samples.length, refs, times: Float64Array.from(samples, ([, at]) => at), values };
  }

  send(samples: readonly Sample[]): this {
    this.derived.take(this.batch(samples), this.now);
    return this.flush();
  }

  settle(ms: number): this {
    this.now += ms;
    this.derived.settle(this.now);
    return this.flush();
  }

  flush(): this {
    const ready = this.derived.takeReady();
    if (ready.length === 0) return this;
    this.given.push(...ready);
    return this.send(ready.map(({ labels, at, value }) => [labels, at, value] as const));
  }

  /** `name{mountpoint}` → value of what was derived at a time. */
  at(time: number): Record<string, number> {
    const short = (labels: Labels) =>
      formatLabels(labels).replace(/^auspex_host_([a-z_]+).*?(?:mountpoint="(.*)")?}$/, '$1$2');
    return Object.fromEntries(
      this.given.filter((one) => one.at === time).map(({ labels, value }) => [short(labels), value]),
    );
  }

  #ref(labels: Labels): number {
    const key = labelsKey(labels);
    let ref = this.#refs.get(key);
    if (ref === undefined) {
      ref = this.#refs.size;
      this.#refs.set(key, ref);
      const identity = entityKeyOf(labels);
      const host = identity.includes(',job=') ? `target:${identity}` : identity.replace('instance=', 'host:');
      this.derived.watch({ ref, labels, kind: 'gauge', entityId: host });
    }
    return ref;
  }
}

const node = (name: string, more: Record<string, string> = {}, job = 'node'): Labels =>
  labelsFrom(Object.entries({ __name__: name, instance: '10.0.0.5:9100', job, ...more }));

/** One scrape: half of `seconds` busy since 0, memory half used, a disk. */
function scrape(seconds: number, { boot = 1_000, job = 'node', disk = true } = {}): Sample[] {
  const at = seconds * 1000;
  const sample = (name: string, value: number, more: Record<string, string> = {}): Sample => [
    node(name, more, job),
    at,
    value,
  ];
  return [
    sample('node_cpu_seconds_total', seconds / 2, { cpu: '0', mode: 'user' }),
    sample('node_cpu_seconds_total', seconds / 2, { cpu: '0', mode: 'idle' }),
    sample('node_memory_MemTotal_bytes', 100),
    sample('node_memory_MemAvailable_bytes', 50),
    sample('node_boot_time_seconds', boot),
    sample('node_forks_total', 3 * seconds),
    sample('node_unrelated', 1),
    ...(disk
      ? [
          sample('node_filesystem_size_bytes', 1000, { device: '/dev/sda1', mountpoint: '/', fstype: 'ext4' }),
          sample('node_filesystem_free_bytes', 400, { device: '/dev/sda1', mountpoint: '/', fstype: 'ext4' }),
          sample('node_filesystem_avail_bytes', 300, { device: '/dev/sda1', mountpoint: '/', fstype: 'ext4' }),
        ]
      : []),
  ];
}

test('a scrape gives the figures at its own time, the second at once, rates from the second on', () => {
  const stream = new Stream().send(scrape(2_000)).settle(5_000).send(scrape(2_015));
  expect(stream.at(2_000_000)).toEqual({ memory_ratio: 0.5, 'disk_ratio/': 600 / 900 });
  expect(stream.at(2_015_000)).toEqual({
    cpu_ratio: 0.5,
    cpu_iowait_ratio: 0,
    cpu_steal_ratio: 0,
    memory_ratio: 0.5,
    fork_rate: 3,
    'disk_ratio/': 600 / 900,
  });
  expect(stream.given.every(({ labels }) => entityKeyOf(labels) === 'instance=10.0.0.5')).toBe(true);
  expect(formatLabels(stream.given[0]?.labels ?? [])).toContain('instance="10.0.0.5:9100",job="auspex-derived"');
});

test('scrapes that come in pieces and mixed, as Prometheus’s shards send them, give what whole ones give', () => {
  const whole = new Stream().send(scrape(2_000)).settle(5_000);
  const mixed = new Stream().send(scrape(2_000)).settle(5_000);
  for (const t of [2_015, 2_030, 2_045]) whole.send(scrape(t));
  const all = [2_015, 2_030, 2_045].map((t) => scrape(t));
  for (const shard of [0, 1, 2]) mixed.send(all.flatMap((one) => one.filter((_, i) => i % 3 === shard)));
  expect(mixed.given).toEqual(whole.given);
});

test('no rates across a reboot, a gap and a counter’s reset', () => {
  const stream = new Stream().send(scrape(2_000)).settle(5_000).send(scrape(2_015));
  stream.send(scrape(2_030, { boot: 2_020 }));
  expect(stream.at(2_030_000)['cpu_ratio']).toBeNaN();
  expect(stream.events).toEqual(['host:10.0.0.5 reboot 2020000']);
  stream.send(scrape(2_045, { boot: 2_020 }));
  expect(stream.at(2_045_000)['cpu_ratio']).toBe(0.5);
  stream.send(scrape(2_100, { boot: 2_020 }));
  expect(stream.at(2_100_000)['cpu_ratio']).toBeNaN();
  stream.send(
    scrape(2_115, { boot: 2_020 }).map(([labels, at, value]) => [labels, at, value > 6_000 ? 0 : value] as const),
  );
  expect(stream.at(2_115_000)['cpu_ratio']).toBe(0.5);
  expect(stream.at(2_115_000)).not.toHaveProperty('fork_rate');
});

test('a clock that was set moves the boot time and is no reboot', () => {
  const stream = new Stream()
    .send(scrape(2_000))
    .settle(5_000)
    .send(scrape(2_015))
    .send(scrape(2_030, { boot: 1_300 }));
  expect(stream.events).toEqual([]);
});

test('a scrape less often than before has rates again from the second on', () => {
  const stream = new Stream().send(scrape(2_000)).settle(5_000);
  for (const t of [2_010, 2_070, 2_130, 2_190]) stream.send(scrape(t));
  expect([2_070, 2_130, 2_190].map((t) => stream.at(t * 1000)['fork_rate'])).toEqual([Number.NaN, 3, 3]);
});

test('what is gone ends by a stale marker, when nothing more came for it', () => {
  const stream = new Stream()
    .send(scrape(2_000))
    .settle(5_000)
    .send(scrape(2_015))
    .send(scrape(2_030, { disk: false }));
  expect(stream.at(2_030_000)).toEqual({});
  stream.settle(5_000);
  expect(stream.given.filter((one) => one.stale === true).map((one) => formatLabels(one.labels))).toEqual([
    'auspex_host_disk_ratio{instance="10.0.0.5:9100",job="auspex-derived",mountpoint="/"}',
  ]);
});

test('nothing is derived while a collector of ours sends; when it falls silent, the exporter takes its place', () => {
  const stream = new Stream();
  const own = (seconds: number): Sample[] => [[node('auspex_host_memory_ratio', {}, 'auspex'), seconds * 1000, 0.5]];
  for (let t = 2_000; t < 2_100; t += 15)
    stream.send([...own(t), ...scrape(t), ...scrape(t, { job: 'auspex' })]).settle(5_000);
  expect(stream.given).toEqual([]);
  for (let t = 2_100; t < 2_500; t += 15) stream.send(scrape(t)).settle(5_000);
  expect(stream.given[0]?.at).toBe(2_400_000);
  const before = stream.given.length;
  stream.send([...own(2_505), ...scrape(2_505)]).settle(5_000);
  expect(stream.given.slice(before).every((one) => one.stale === true)).toBe(true);
});

test('of two that send one host one counts, and the other after it fell silent', () => {
  const stream = new Stream();
  for (let t = 2_000; t < 2_060; t += 15)
    stream
      .send(scrape(t))
      .send(scrape(t + 3, { job: 'replica' }))
      .settle(5_000);
  expect(new Set(stream.given.map(({ at }) => (at / 1000) % 15))).toEqual(new Set([2_000 % 15]));
  for (let t = 2_063; t < 2_500; t += 15) stream.send(scrape(t, { job: 'replica' })).settle(5_000);
  expect(Math.max(...stream.given.map(({ at }) => at))).toBeGreaterThan(2_480_000);
});

test('a replay derives what had not been stored before the kill, and nothing again', () => {
  const live = new Stream().send(scrape(2_000)).settle(5_000).send(scrape(2_015)).send(scrape(2_030));
  const stored = live.given
    .filter(({ at }) => at < 2_030_000)
    .map(({ labels, at, value }): Sample => [labels, at, value]);
  const replayed = new Stream();
  for (const t of [2_000, 2_015, 2_030]) replayed.derived.take(replayed.batch(scrape(t)), 0);
  replayed.derived.take(replayed.batch(stored), 0);
  replayed.settle(5_000);
  expect(replayed.given).toEqual(live.given.filter(({ at }) => at === 2_030_000));
});

test('a service has its figures derived, under its own identity; they end with it', () => {
  const stream = new Stream();
  const series = (name: string, more: Record<string, string> = {}): Labels =>
    labelsFrom([['__name__', name], ['instance', 'api-1:8080'], ['job', 'shop'], ...Object.entries(more)]);
  const page = (seconds: number, requests: number, failed: number): Sample[] => [
    [series('up'), seconds * 1000, 1],
    [series('http_requests_total', { code: '200' }), seconds * 1000, requests],
    [series('http_requests_total', { code: '500' }), seconds * 1000, failed],
  ];
  stream
    .send(page(2_000, 100, 1))
    .settle(5_000)
    .send(page(2_010, 190, 11));
  const at = (seconds: number) => stream.given.filter((one) => one.at === seconds * 1000);
  expect(at(2_010).map(({ labels, value }) => [formatLabels(labels), value])).toEqual([
    ['auspex_service_down_ratio{instance="api-1:8080",job="shop"}', 0],
    ['auspex_service_request_rate{instance="api-1:8080",job="shop"}', 10],
    ['auspex_service_error_ratio{instance="api-1:8080",job="shop"}', 0.1],
    ['auspex_service_refused_ratio{instance="api-1:8080",job="shop"}', 0],
  ]);
  expect(new Set(at(2_010).map(({ labels }) => entityKeyOf(labels)))).toEqual(new Set([entityKeyOf(series('up'))]));
  // The scrape failed: all ends but the word that it did, in one collection.
  stream.send([
    [series('up'), 2_020_000, 0],
    [series('http_requests_total', { code: '200' }), 2_020_000, Number.NaN],
    [series('http_requests_total', { code: '500' }), 2_020_000, Number.NaN],
  ]);
  const [down, ...ended] = at(2_020);
  expect(down).toMatchObject({ value: 1 });
  expect(ended.map(({ stale }) => stale)).toEqual([true, true, true]);
});
