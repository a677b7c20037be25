import { expect, test } from 'vitest';
import { SeededRandom } from '../../stats/random.ts';
import { F32, F64, I8, I32, STREAM_BYTES, VIEWS } from './stream-record.ts';
import { StreamSlab } from './stream-slab.ts';
import { StreamingDetector } from './streaming-detector.ts';
import { tailDistance, takeShare } from './tail-rarity.ts';

const STEP = 300_000;
const START = Date.UTC(2026, 2, 2);

/** So many streams that the second page begins, each with a level, a rhythm and jumps of its own. */
const STREAMS = 1030;
const SHOWN = [0, 1, 1023, 1024, 1029];

function valueOf(stream: number, i: number): number {
  const noise = new SeededRandom(stream * 10_007 + i).normal();
  return stream + noise + (i % (200 + stream) === 199 ? 30 : 0) + 20 * Math.sin((i / 288) * 2 * Math.PI);
}

test('many streams in one slab say what each says alone, to the bit', () => {
  const slab = new StreamSlab(2.7);
  for (let s = 0; s < STREAMS; s++) expect(slab.allocate()).toBe(s);
  const alone = SHOWN.map(() => new StreamingDetector());
  for (let i = 0; i < 1500; i++) {
    for (const [k, stream] of SHOWN.entries()) {
      const value = valueOf(stream, i);
      const band = { expected: 0, lower: 0, upper: 0 };
      slab.readBand(stream, START + i * STEP, band);
      const score = slab.take(stream, START + i * STEP, value);
      expect({ score, ...band, isAnomaly: slab.isAnomaly }).toEqual(alone[k].take(START + i * STEP, value));
    }
  }
  const loaded = StreamSlab.fromBytes(slab.toBytes(), 2.7);
  expect(loaded.size).toBe(STREAMS);
  for (const stream of SHOWN) {
    for (let i = 1500; i < 1600; i++) {
      const value = valueOf(stream, i);
      expect(loaded.take(stream, START + i * STEP, value)).toBe(slab.take(stream, START + i * STEP, value));
    }
  }
});

test('a record is within the budget of the live detector', () => {
  expect(STREAM_BYTES).toBeLessThanOrEqual(600);
});

test('counts in bytes tell how rare a value is, after two hundred thousand values and after five million', () => {
  const errors: number[] = [];
  for (const seed of [11, 12, 13]) {
    const slab = new StreamSlab(2.7, 1);
    slab.allocate();
    const page = slab.page(0);
    const random = new SeededRandom(seed);
    let seen = 0;
    for (const last of [200_000, 5_000_000]) {
      while (seen < last) takeShare(page, 0, 0, ++seen, seen, random.normal());
      // The mean size of a normal value is √(2 ÷ π); 2 and 2√2 of it are edges of bins, and the running scale wanders by a few hundredths.
      for (const side of [1, -1])
        for (const [z, truth] of [
          [2.08 * Math.sqrt(2 / Math.PI), 0.0553],
          [2.08 * Math.sqrt(4 / Math.PI), 0.012],
        ] as const)
          errors.push(takeShare(page, 0, 0, ++seen, seen, side * z) / truth);
      expect(tailDistance(page, 0, 0, 1, 0.005) / 2.5758).toBeGreaterThan(0.85);
      expect(tailDistance(page, 0, 0, -1, 0.005) / 2.5758).toBeLessThan(1.15);
    }
  }
  // No share is off by more than a fifth of an order of magnitude, and they do not lean to one side.
  for (const error of errors) expect(Math.abs(Math.log10(error))).toBeLessThan(0.2);
  expect(errors.reduce((sum, error) => sum + error, 0) / errors.length).toBeGreaterThan(0.93);
  expect(errors.reduce((sum, error) => sum + error, 0) / errors.length).toBeLessThan(1.07);
});

test('the views of one record do not touch one another', () => {
  const slab = new StreamSlab(2.7, 1);
  slab.allocate();
  const page = slab.page(0);
  const bands = (): number[] => Array.from({ length: VIEWS }, (_, view) => tailDistance(page, 0, view, 1, 0.005));
  for (let view = 0; view < VIEWS; view++) {
    const before = bands();
    for (let i = 1; i <= 300; i++) takeShare(page, 0, view, i, i, (i % 7 === 0 ? 40 : 1) * (i % 2 === 0 ? 1 : -1));
    expect(bands().filter((band, other) => band !== before[other])).toHaveLength(1);
  }
  expect(new Set(bands()).size).toBe(1);
  expect([page.f64[F64.level], page.i32[I32.count], page.i8[I8.part], page.f32[F32.averages]]).toEqual([0, 0, -1, 0]);
});
