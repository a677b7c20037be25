import { expect, test } from 'vitest';
import { FIRST, INTERVAL, SyntheticHost } from '../../bench/detect/synthetic-host.ts';
import { labelsFrom, writeStaleMarker } from '../model/index.ts';
import { Detector } from './detector.ts';

const id = 'host:h';

/** A host with a disk of its own that goes away after `until`; gives the vectors closed by then and by ten intervals later. */
function closedAround(endsWithMarker: boolean): number {
  const detector = new Detector({ intervalMs: INTERVAL });
  const host = new SyntheticHost('h', 5);
  const own = host.define(detector, 0);
  const labels = labelsFrom([
    ['__name__', 'auspex_host_disk_ratio'],
    ['instance', 'h'],
    ['mountpoint', '/mnt/stick'],
  ]);
  detector.define({ ref: own, labels, kind: 'gauge', entityId: id, timeZone: 'UTC' });
  const one = (at: number, value: number): void => {
    const values = Float64Array.of(value);
    if (value !== value) writeStaleMarker(values, 0);
    detector.advance({ count: 1, refs: Uint32Array.of(own), times: Float64Array.of(at), values });
  };
  let at = FIRST;
  for (let i = 0; i < 30; i++, at += INTERVAL) {
    one(at, 0.3);
    detector.advance(host.sample(at));
  }
  const before = detector.entityState(id)?.vectors ?? 0;
  for (let i = 0; i < 10; i++, at += INTERVAL) {
    detector.advance(host.sample(at));
    if (i === 0 && endsWithMarker) one(at, Number.NaN);
  }
  return (detector.entityState(id)?.vectors ?? 0) - before;
}

test('a disk that is unmounted holds no vector up', () => {
  expect(closedAround(true)).toBe(10);
});

test('a series that ends without a word holds up one vector, no more', () => {
  expect(closedAround(false)).toBeGreaterThanOrEqual(8);
});

test('a figure that always says NaN is not waited for, and closes no vector before the others have reported', () => {
  const detector = new Detector({ intervalMs: INTERVAL });
  const host = new SyntheticHost('h', 5);
  const own = host.define(detector, 0);
  const labels = labelsFrom([
    ['__name__', 'auspex_host_disk_ratio'],
    ['instance', 'h'],
    ['mountpoint', '/mnt/odd'],
  ]);
  detector.define({ ref: own, labels, kind: 'gauge', entityId: id, timeZone: 'UTC' });
  for (let i = 0; i < 20; i++) {
    const at = FIRST + i * INTERVAL;
    detector.advance({
      count: 1,
      refs: Uint32Array.of(own),
      times: Float64Array.of(at),
      values: Float64Array.of(Number.NaN),
    });
    expect(detector.entityState(id)?.vectors).toBe(i);
    detector.advance(host.sample(at));
    expect(detector.entityState(id)?.vectors).toBe(i + 1);
  }
});
