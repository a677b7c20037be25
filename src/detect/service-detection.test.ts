import { expect, test } from 'vitest';
import { labelsFrom, METRIC_NAME, type SampleBatch } from '../model/index.ts';
import { SeededRandom } from '../stats/random.ts';
import { type DetectionEvent, Detector } from './detector.ts';

/* A service by its derived figures, as the engine derives them; beside them series of unknown meaning. */

const INTERVAL = 10_000;
const MINUTE = 60_000;
const START = Date.UTC(2026, 0, 5, 9);

type Moment = Readonly<Record<string, number>>;

class Service {
  readonly detector = new Detector({ intervalMs: INTERVAL });
  readonly #refs = new Map<string, number>();
  readonly #random: SeededRandom;
  at = START;
  /** Under which name it runs at present. */
  instance = 'api-1';

  constructor(seed: number) {
    this.#random = new SeededRandom(seed);
  }

  /** A usual moment: 35 requests a second of 12 ms, one failure in a thousand requests. */
  usual(): Moment {
    const r = (): number => this.#random.next();
    return {
      auspex_service_down_ratio: 0,
      auspex_service_restarts: 0,
      auspex_service_error_ratio: r() < 0.02 ? 0.003 : 0,
      auspex_service_latency_seconds: 0.012 + 0.004 * r() * r(),
      auspex_service_request_rate: 33 + 6 * r(),
      auspex_service_resident_bytes: 9e7 + 4e6 * r(),
      auspex_service_cpu_cores: 0.1 + 0.05 * r(),
      auspex_service_open_files_ratio: 0.03,
      auspex_service_refused_ratio: r() < 0.05 ? 0.01 : 0,
      auspex_service_clock_offset_seconds: 0,
      shop_orders: 100 + 10 * r(),
      shop_baskets: 40 + 5 * r(),
      shop_stock: 1000 - 3 * r(),
    };
  }

  run(minutes: number, change: (usual: Moment, since: number) => Moment = (usual) => usual): DetectionEvent[] {
    const from = this.at;
    const events: DetectionEvent[] = [];
    for (; this.at < from + minutes * MINUTE; this.at += INTERVAL) {
      this.detector.advanceTime(this.at);
      this.detector.advance(this.#batch(change(this.usual(), this.at - from)));
      events.push(...this.detector.drain());
    }
    return events;
  }

  #batch(moment: Moment): SampleBatch {
    const names = Object.keys(moment);
    return {
      count: names.length,
      refs: Uint32Array.from(names, (name) => this.#ref(name)),
      times: Float64Array.from(names, () => this.at),
      values: Float64Array.from(names, (name) => moment[name] as number),
    };
  }

  #ref(name: string): number {
    const key = `${name} ${this.instance}`;
    const known = this.#refs.get(key);
    if (known !== undefined) return known;
    const ref = this.#refs.size;
    this.#refs.set(key, ref);
    this.detector.define({
      ref,
      labels: labelsFrom([
        [METRIC_NAME, name],
        ['instance', this.instance],
        ['job', 'shop'],
      ]),
      kind: 'gauge',
      entityId: 'target:shop@api-1',
      timeZone: 'UTC',
      entityName: 'shop on api-1',
    });
    return ref;
  }
}

const opened = (events: readonly DetectionEvent[]) => events.filter(({ change }) => change === 'opened');
const paged = (events: readonly DetectionEvent[]) => events.filter(({ finding }) => finding.pages);

test.each([
  ['a fifth of the answers fail', { auspex_service_error_ratio: 0.2 }, 'errors', 20],
  ['it is down', { auspex_service_down_ratio: 1 }, 'availability', 10],
  ['answers take two seconds', { auspex_service_latency_seconds: 2 }, 'latency', 20],
  ['nobody asks it any more', { auspex_service_request_rate: 0, auspex_service_cpu_cores: 0.01 }, 'traffic', 30],
  ['three times as many ask', { auspex_service_request_rate: 140 }, 'traffic', 30],
  ['half of the requests are refused', { auspex_service_refused_ratio: 0.5 }, 'errors', 20],
  ['its clock is an hour ahead', { auspex_service_clock_offset_seconds: 3600 }, 'clock', 10],
  ['its open files are nearly used up', { auspex_service_open_files_ratio: 0.97 }, 'files', 40],
] as const)('after twenty minutes, when %s, that is found', (_, fault, resource, seconds) => {
  for (let seed = 1; seed <= 5; seed++) {
    const service = new Service(seed);
    const quiet = service.run(20);
    expect(opened(quiet)).toEqual([]);
    const from = service.at;
    const [first] = opened(service.run(3, (usual) => ({ ...usual, ...fault })));
    expect(first?.finding).toMatchObject({ resource, entityId: 'target:shop@api-1' });
    expect((first?.finding.detectedAt ?? Number.POSITIVE_INFINITY) - from).toBeLessThanOrEqual(seconds * 1000);
  }
});

test('the words say what, how much, what is usual and since when', () => {
  const service = new Service(3);
  service.run(20);
  const errors = opened(service.run(2, (usual) => ({ ...usual, auspex_service_error_ratio: 0.2 })));
  expect(errors[0]?.finding.summary).toMatch(
    /^Error rate of shop on api-1 is unusual: requests that fail 20 %, usually 0–[\d.]+ % at this hour, since 09:20\.$/,
  );
  service.run(5);
  const down = opened(service.run(2, (usual) => ({ ...usual, auspex_service_down_ratio: 1 })));
  expect(down[0]?.finding.summary).toBe('shop on api-1 does not answer since 09:27: it is down or cannot be reached.');
});

test('down for good pages within half a minute, for one collection (a restart) never', () => {
  const service = new Service(4);
  service.run(20);
  const restart = service.run(5, (usual, since) =>
    since === 0
      ? { ...usual, auspex_service_down_ratio: 1 }
      : { ...usual, auspex_service_restarts: since === 10_000 ? 1 : 0 },
  );
  expect(paged(restart)).toEqual([]);
  const from = service.at;
  const [page] = paged(service.run(2, (usual) => ({ ...usual, auspex_service_down_ratio: 1 })));
  expect(page?.finding.severity).toBe('critical');
  expect((page?.finding.lastAt ?? 0) - from).toBeLessThanOrEqual(30_000);
});

test('a service that restarts again and again is found, one that did once is not', () => {
  const service = new Service(5);
  service.run(20);
  expect(
    opened(service.run(5, (usual, since) => ({ ...usual, auspex_service_restarts: since === 0 ? 1 : 0 }))),
  ).toEqual([]);
  const loop = opened(service.run(2, (usual) => ({ ...usual, auspex_service_restarts: 1 })));
  expect(loop.map(({ finding }) => finding.resource)).toContain('availability');
});

test('a quiet day has no page and hardly a finding, with traffic that doubles by day too', () => {
  for (let seed = 1; seed <= 3; seed++) {
    const service = new Service(seed);
    const events = service.run(24 * 60, (usual, since) => {
      const day = 1 - 0.5 * Math.cos((2 * Math.PI * since) / 86_400_000);
      return {
        ...usual,
        auspex_service_request_rate: (usual['auspex_service_request_rate'] as number) * day,
        auspex_service_cpu_cores: (usual['auspex_service_cpu_cores'] as number) * day,
      };
    });
    expect(paged(events)).toEqual([]);
    expect(opened(events).length).toBeLessThanOrEqual(1);
  }
});

test('what was learnt of a service outlives a restart', () => {
  const service = new Service(6);
  service.run(20);
  const restored = Detector.restore(service.detector.snapshot());
  expect(restored.snapshot()).toEqual(service.detector.snapshot());
});

test('a service whose instance has another name after each start is still judged after sixty of them', () => {
  const service = new Service(5);
  for (let start = 0; start < 60; start++) {
    service.instance = `uuid-${start}`;
    service.run(6);
  }
  service.run(20);
  const events = service.run(10, (usual) => ({ ...usual, auspex_service_error_ratio: 0.5 }));
  expect(opened(events).map(({ finding }) => finding.resource)).toContain('errors');
});
