import type { OutgoingSeries } from '../../../src/collect/remote-write/encode.ts';
import type { SeriesSamples } from '../../../src/decide/promql/values.ts';
import { type Labels, labelsFrom, writeStaleMarker } from '../../../src/model/index.ts';
import { SeededRandom } from '../../../src/stats/random.ts';

interface Sample {
  readonly at: number;
  readonly value: number;
  readonly stale?: boolean;
}

export const HOURS = 3;
const STEP_MS = 15_000;

/**
 * Three hours of a shop: counters that begin anew, gauges, a histogram, series that come late, have gaps, end and come
 * back, numbers that are none. Sample times are off the grid, so that nothing lies on a range's very bound.
 */
export function shopPast(from: number): { readonly labels: Labels; readonly samples: readonly Sample[] }[] {
  const random = new SeededRandom(11);
  const made: { labels: Labels; samples: Sample[] }[] = [];
  const add = (labels: Record<string, string>, value: (i: number) => number | null | 'stale'): void => {
    const offset = 100 + Math.floor(random.next() * 9_000);
    const samples: Sample[] = [];
    for (let i = 0; i < (HOURS * 3_600_000) / STEP_MS; i++) {
      const jitter = Math.floor(random.next() * 40);
      const given = value(i);
      if (given === null) continue;
      const at = from + i * STEP_MS + offset + jitter;
      samples.push(given === 'stale' ? { at, value: Number.NaN, stale: true } : { at, value: given });
    }
    made.push({ labels: labelsFrom(Object.entries(labels)), samples });
  };
  const counter = (rate: number, resetEvery: number): (() => number) => {
    let total = 50_000 + Math.floor(random.next() * 1000);
    let n = 0;
    return () => {
      n++;
      if (n % resetEvery === 0) total = 20_000;
      total += Math.floor(rate * (0.5 + random.next()));
      return total;
    };
  };
  for (const instance of ['a:80', 'b:80', 'c:80'])
    for (const code of ['200', '404', '500'])
      add(
        { __name__: 'http_requests_total', job: 'shop', instance, code },
        counter(code === '200' ? 300 : 7, instance === 'b:80' ? 131 : 1e9),
      );
  for (const instance of ['a:80', 'b:80', 'c:80']) {
    add({ __name__: 'memory_bytes', job: 'shop', instance }, (i) => 4e4 + 1e4 * Math.sin(i / 40) + random.next() * 100);
    add({ __name__: 'temperature', instance, place: 'rack' }, (i) => -5 + 20 * Math.cos(i / 90) + random.normal());
    add({ __name__: 'build_info', job: 'shop', instance, version: instance === 'a:80' ? '2' : '1' }, () => 1);
    let total = [0, 0, 0, 0];
    const grow = ['0.1', '0.5', '1', '+Inf'].map((le, k) => ({ le, k }));
    const course: number[][] = [];
    for (let i = 0; i < (HOURS * 3_600_000) / STEP_MS; i++) {
      const added = [random.next() * 9, random.next() * 5, random.next() * 3, random.next() * 2].map(Math.floor);
      total = total.map((sum, k) => sum + added.slice(0, k + 1).reduce((a, b) => a + b, 0));
      course.push(total);
    }
    for (const { le, k } of grow)
      add({ __name__: 'latency_seconds_bucket', job: 'shop', instance, le }, (i) => 1000 + (course[i]?.[k] ?? 0));
  }
  add({ __name__: 'queue_depth', job: 'shop', queue: 'mail' }, (i) => (i % 97 > 60 ? null : 5 + (i % 13)));
  add({ __name__: 'queue_depth', job: 'shop', queue: 'pay' }, (i) =>
    i % 120 === 100 ? 'stale' : i % 120 > 100 ? null : 3 + (i % 7),
  );
  add({ __name__: 'queue_depth', job: 'shop', queue: 'late' }, (i) => (i < 400 ? null : i - 400));
  add({ __name__: 'queue_limit', queue: 'mail' }, () => 20);
  add({ __name__: 'queue_limit', queue: 'pay' }, () => 8);
  add({ __name__: 'odd', kind: 'nan' }, (i) => (i % 5 === 0 ? Number.NaN : i % 11));
  add({ __name__: 'odd', kind: 'infinite' }, (i) => (i % 50 === 0 ? Number.POSITIVE_INFINITY : i % 3));
  add({ __name__: 'odd', kind: 'negative' }, (i) => -(i % 17));
  add({ __name__: 'odd', kind: 'constant' }, () => 4);
  add({ __name__: 'clock_seconds', instance: 'a:80' }, (i) => 1.7e9 + i * 40_000);
  add({ __name__: 'up', job: 'shop', instance: 'a:80' }, (i) => Number(i % 40 > 4));
  add({ __name__: 'up', job: 'shop', instance: 'b:80' }, () => 1);
  add({ __name__: 'up', job: 'db', instance: 'd:5432' }, () => 0);
  return made;
}

/** As a remote write takes them, ascending over all series. */
export function requestsOf(past: ReturnType<typeof shopPast>, stepMs: number): OutgoingSeries[][] {
  const byStep = new Map<number, OutgoingSeries[]>();
  for (const { labels, samples } of past)
    for (const [step, group] of Map.groupBy(samples, ({ at }) => Math.floor(at / stepMs))) {
      const request = byStep.get(step) ?? [];
      request.push({ labels, samples: group });
      byStep.set(step, request);
    }
  return [...byStep].sort(([a], [b]) => a - b).map(([, request]) => request);
}

export function seriesOf(past: ReturnType<typeof shopPast>): SeriesSamples[] {
  return past.map(({ labels, samples }) => {
    const values = Float64Array.from(samples, ({ value }) => value);
    samples.forEach(({ stale }, i) => {
      if (stale === true) writeStaleMarker(values, i);
    });
    return { labels, times: Float64Array.from(samples, ({ at }) => at), values };
  });
}
