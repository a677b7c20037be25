import { expect, test } from 'vitest';
import { type BandRequest, replayBand } from './band-replay.ts';
import { Detector } from './detector.ts';

const START = Date.UTC(2026, 0, 5);
const STEP = 30_000;
const DAY = 86_400_000;
const timeZone = 'Europe/Berlin';

function generator(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 4294967296;
  };
}

/** A share with a rhythm of the day and noise, or a total that grows by it. */
function samples(days: number, shape: 'gauge' | 'total'): Pick<BandRequest, 'shape' | 'times' | 'values'> {
  const random = generator(7);
  const times = Float64Array.from({ length: (days * DAY) / STEP }, (_, i) => START + i * STEP);
  let sum = 0;
  const values = times.map((at) => {
    const value = 0.3 + 0.2 * Math.sin((2 * Math.PI * at) / DAY) + 0.05 * (random() - 0.5);
    sum += value * 1000;
    return shape === 'total' ? sum : value;
  });
  return { shape, times, values };
}

test.each([
  ['a host’s figure with its floor', 'auspex_host_cpu_ratio', 'gauge', 'host:a'],
  ['any gauge', 'queue_length', 'gauge', 'service:a'],
  ['a counter', 'requests_total', 'counter', 'service:a'],
] as const)('after the same samples the replay expects what the detector expects: %s', (_, metric, kind, entityId) => {
  const given = samples(5, kind === 'counter' ? 'total' : 'gauge');
  const detector = new Detector({ intervalMs: STEP });
  detector.define({ ref: 0, labels: ['__name__', metric], kind, entityId, timeZone });
  const { times, values } = given;
  detector.advance({ count: times.length, refs: new Uint32Array(times.length), times, values });
  const end = (times.at(-1) as number) + STEP;
  const band = replayBand({ ...given, metric, timeZone, from: end - DAY, to: end, stepMs: STEP });
  const live = detector.expected(0);
  expect(live.mean).not.toBeNull();
  expect(band.times.at(-1)).toBe(end);
  expect(band.mean.at(-1)).toBeCloseTo(live.mean as number, 12);
  expect(band.lower.at(-1)).toBeCloseTo(live.lower as number, 12);
  expect(band.upper.at(-1)).toBeCloseTo(live.upper as number, 12);
});

test('what comes later does not change what was expected before', () => {
  const given = samples(3, 'gauge');
  const at = START + 2 * DAY;
  const asked = { metric: 'queue', timeZone, from: START + DAY, to: START + 3 * DAY, stepMs: 300_000 };
  const band = replayBand({ ...given, ...asked });
  const raised = replayBand({ ...given, ...asked, values: given.values.map((v, i) => (given.times[i] < at ? v : 5)) });
  const upTo = band.times.indexOf(at);
  expect(upTo).toBeGreaterThan(0);
  expect(raised.mean.slice(0, upTo + 1)).toEqual(band.mean.slice(0, upTo + 1));
  expect(raised.upper.slice(0, upTo + 1)).toEqual(band.upper.slice(0, upTo + 1));
  expect(raised.upper.at(-1)).toBeGreaterThan((band.upper.at(-1) as number) + 1);
});

test('nothing is expected while a series is learnt, nor when nothing has come for a while', () => {
  const { shape, times, values } = samples(1, 'gauge');
  const kept = times.findIndex((at) => at >= START + DAY / 2);
  const band = replayBand({
    shape,
    metric: 'queue',
    timeZone,
    stepMs: 60_000,
    from: START,
    to: START + DAY,
    times: times.slice(0, kept),
    values: values.slice(0, kept),
  });
  const known = Array.from(band.times).filter((_, i) => Number.isFinite(band.mean[i]));
  expect(known[0]).toBe(START + 20 * STEP);
  expect(known.at(-1)).toBeGreaterThanOrEqual(START + DAY / 2);
  expect(known.at(-1)).toBeLessThan(START + DAY / 2 + 6 * STEP);
  expect(replayBand({ ...samples(0, 'gauge'), metric: 'x', timeZone, from: 0, to: 1e6, stepMs: 1e5 }).mean).toEqual(
    new Float64Array(11).fill(Number.NaN),
  );
});

test('a step of a day is the mean of its quarters, not what midnight was like', () => {
  const given = samples(12, 'gauge');
  const asked = { ...given, metric: 'queue', timeZone, from: START + 10 * DAY, to: START + 12 * DAY - 1 };
  const quarters = replayBand({ ...asked, stepMs: 900_000 });
  const days = replayBand({ ...asked, stepMs: DAY });
  expect(days.mean).toHaveLength(2);
  const mean = quarters.mean.slice(0, 96).reduce((sum, v) => sum + v, 0) / 96;
  expect(days.mean[0]).toBeCloseTo(mean, 9);
});

test('a rate is not expected below nothing, a share not above all', () => {
  const asked = { timeZone, from: START, to: START + DAY, stepMs: 300_000 };
  const { times } = samples(1, 'gauge');
  const random = generator(3);
  const low = replayBand({ ...asked, metric: 'r', shape: 'rate', times, values: times.map(() => random() ** 4) });
  const high = replayBand({
    ...asked,
    metric: 'x_ratio',
    shape: 'gauge',
    times,
    values: times.map(() => 1 - random() ** 4),
  });
  expect(Math.min(...low.lower.filter(Number.isFinite))).toBe(0);
  expect(Math.max(...high.upper.filter(Number.isFinite))).toBe(1);
});

test.each(['gauge', 'total'] as const)('ahead of its last sample the rhythm of the day goes on: %s', (shape) => {
  const end = START + 10 * DAY;
  const given = samples(10, shape);
  const asked = { metric: 'queue', timeZone, from: end, to: end + DAY - 1, stepMs: 900_000 };
  const band = replayBand({ ...given, ...asked, isAhead: true });
  expect(band.mean).toHaveLength(96);
  // A total's rate is a second, of samples that come every 30 s.
  const unit = shape === 'total' ? 1000 / 30 : 1;
  for (let i = 0; i < 96; i++) {
    const truth = unit * (0.3 + 0.2 * Math.sin((2 * Math.PI * (band.times[i] as number)) / DAY));
    expect(Math.abs((band.mean[i] as number) - truth)).toBeLessThan(0.05 * unit);
    const width = (band.upper[i] as number) - (band.lower[i] as number);
    expect(width).toBeGreaterThan(0.04 * unit);
    expect(width).toBeLessThan(0.2 * unit);
  }
  expect(replayBand({ ...given, ...asked }).mean.filter(Number.isFinite).length).toBeLessThan(3);
});

test('ahead, a holiday has no rhythm', () => {
  const end = START + 10 * DAY;
  const asked = { metric: 'queue', timeZone, from: end, to: end + DAY - 1, stepMs: 900_000, isAhead: true };
  const untaught = [{ from: end, to: end + DAY / 2, teaching: 'holiday' as const }];
  const { mean } = replayBand({ ...samples(10, 'gauge'), ...asked, untaught });
  const span = (values: Float64Array) => Math.max(...values) - Math.min(...values);
  expect(span(mean.slice(0, 48))).toBeLessThan(0.001);
  expect(span(mean.slice(48))).toBeGreaterThan(0.15);
});
