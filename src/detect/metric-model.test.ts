import { expect, test } from 'vitest';
import { Detector } from './detector.ts';
import { binOf, expectedOf, observe, OUTCOME } from './metric-model.ts';
import { F32, F64, FLAG, SeriesSlab } from './series-slab.ts';

const START = Date.UTC(2026, 0, 5);
const DAY = 86_400_000;

class Series {
  readonly slab = new SeriesSlab();
  readonly slot: number;
  at = START;
  constructor(flags = 0) {
    this.slot = this.slab.allocate(0, flags);
  }
  feed(value: number, step = 10_000): number {
    this.at += step;
    return observe(this.slab.page(this.slot), this.slab.base(this.slot), this.at, value, 0, 0);
  }
  get surprise(): number {
    return this.slab.f32(this.slot, F32.surprise);
  }
  get value(): number {
    return this.slab.f64(this.slot, F64.lastValue);
  }
  band(): { mean: number; lower: number; upper: number } {
    const band = expectedOf(this.slab, this.slot, 0);
    if (band === null) throw new Error('still learning');
    return band;
  }
}

function generator(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 4294967296;
  };
}

test('a series is not scored before twenty samples, and has a band after', () => {
  const series = new Series();
  for (let i = 0; i < 20; i++) expect(series.feed(5 + (i % 3))).toBe(OUTCOME.learning);
  expect(expectedOf(series.slab, series.slot, 0)).not.toBeNull();
  expect(series.feed(6)).toBe(OUTCOME.scored);
  const { lower, upper } = series.band();
  expect(lower).toBeLessThan(5);
  expect(upper).toBeGreaterThan(7);
});

test('a counter is its rate: the first sample has none, a reset counts from zero, a gap has none', () => {
  const series = new Series(FLAG.counter);
  expect(series.feed(1000)).toBe(OUTCOME.missing);
  series.feed(1100);
  expect(series.value).toBe(10);
  series.feed(50);
  expect(series.value).toBe(5);
  expect(series.feed(5000, 600_000)).toBe(OUTCOME.missing);
  series.feed(5100);
  expect(series.value).toBeCloseTo(10);
});

test('a sample behind the last one, or at its time, changes nothing', () => {
  const series = new Series();
  for (let i = 0; i < 50; i++) series.feed(i % 7);
  const before = series.slab.toBytes();
  expect(observe(series.slab.page(0), 0, series.at, 1e9, 0, 0)).toBe(OUTCOME.behind);
  expect(observe(series.slab.page(0), 0, series.at - 5000, 1e9, 0, 0)).toBe(OUTCOME.behind);
  expect(series.slab.toBytes()).toEqual(before);
});

test.each([Number.NaN, Infinity, -Infinity])('%s resets short-term state only', (value) => {
  const series = new Series();
  const random = generator(3);
  for (let i = 0; i < 200; i++) series.feed(10 + random());
  const { mean } = series.band();
  expect(series.feed(value)).toBe(OUTCOME.missing);
  expect(series.band().mean).toBe(mean);
  expect(series.feed(10.5)).toBe(OUTCOME.scored);
  expect(Number.isFinite(series.surprise)).toBe(true);
});

test('a flat series that jumps is very unusual; after half an hour there it is the new normal', () => {
  const series = new Series();
  for (let i = 0; i < 1000; i++) series.feed(42);
  expect(series.surprise).toBe(0);
  series.feed(50);
  expect(series.surprise).toBeGreaterThan(4);
  for (let i = 0; i < 200; i++) series.feed(50);
  expect(series.surprise).toBe(0);
  expect(series.band().mean).toBeCloseTo(50, 1);
});

test('the stated share is the observed one: bursty, integer, heavy-tailed and Gaussian series alike', () => {
  const random = generator(11);
  const gauss = (): number => random() + random() + random() + random() + random() + random() - 3;
  const kinds: Record<string, () => number> = {
    gauss,
    bursty: () => (random() < 0.03 ? 100 * random() : random()),
    integer: () => Math.floor(random() * 4),
    heavy: () => random() ** -0.5,
    twoLevels: () => (random() < 0.5 ? 0 : 10) + random() / 10,
  };
  for (const [kind, next] of Object.entries(kinds)) {
    const series = new Series();
    for (let i = 0; i < 20_000; i++) series.feed(next());
    let hundredth = 0;
    for (let i = 0; i < 20_000; i++) {
      series.feed(next());
      if (Math.abs(series.surprise) >= 2.3) hundredth++;
    }
    // One side at 10^−2.3 = 0.5 %, so at most 1 % on both; bins make it coarser, never more alarming than 2.5 times.
    expect(hundredth / 20_000, kind).toBeLessThan(0.025);
  }
});

test('a daily rhythm is used once it predicts better, and a value at the wrong hour is then unusual', () => {
  const series = new Series();
  const random = generator(5);
  const value = (at: number): number => 50 + 40 * Math.sin(((at % DAY) / DAY) * 2 * Math.PI) + random() * 4;
  for (let i = 0; i < 6 * 1440; i++) series.feed(value(series.at + 60_000), 60_000);
  expect(series.slab.flags(series.slot) & FLAG.seasonal).toBe(FLAG.seasonal);
  const band = series.band();
  expect(Math.abs(band.mean - value(series.at))).toBeLessThan(8);
  for (let i = 0; i < 360; i++) series.feed(value(series.at + 60_000), 60_000);
  expect(series.band().mean).toBeGreaterThan(75);
  series.feed(50, 60_000);
  expect(series.surprise).toBeLessThan(-2);
});

test('noise without a rhythm never gets a season', () => {
  const series = new Series();
  const random = generator(9);
  for (let i = 0; i < 10 * 1440; i++) series.feed(random(), 60_000);
  expect(series.slab.flags(series.slot) & FLAG.seasonal).toBe(0);
});

test('deviations fall into half-octave bins, the last one open', () => {
  const cases: [number, number][] = [
    [0.5, 0],
    [1, 1],
    [1.5, 2],
    [2, 3],
    [4, 5],
    [64, 13],
    [1e9, 15],
  ];
  for (const [z, bin] of cases) expect(binOf(z)).toBe(bin);
});

test('the state of a series is at most 600 bytes', () => {
  const detector = new Detector({ intervalMs: 10_000 });
  for (let ref = 0; ref < 10_240; ref++) {
    detector.define({ ref, labels: ['__name__', `m${ref}`], kind: 'gauge', entityId: 'host:a', timeZone: 'UTC' });
  }
  expect(detector.stateBytes / detector.size).toBeLessThanOrEqual(600);
});
