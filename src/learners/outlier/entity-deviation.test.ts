import { expect, test } from 'vitest';
import { SeededRandom } from '../../stats/random.ts';
import { EntityDeviation } from './entity-deviation.ts';

const N_COLS = 4;

function quiet(nRows: number, seed: number): Float64Array {
  const random = new SeededRandom(seed);
  return Float64Array.from({ length: nRows * N_COLS }, (_, i) => 10 * (i % N_COLS) + random.normal());
}

test('the score is the running mean of the squared deviations, worked out by hand', () => {
  // Two columns of mean 0 and deviation 1; the third never moves and counts a tenth of the usual deviation.
  const model = new EntityDeviation({ weight: 0.5 }).fit(Float64Array.of(-1, 1, 5, 1, -1, 5), 2, 3);
  const scores = model.scoreStream(Float64Array.of(1, 2, 5, 0, 0, 5.2), 2);
  expect(scores[0]).toBeCloseTo(5, 9);
  expect(scores[1]).toBeCloseTo(0.5 * 5 + 0.5 * 4, 9);
});

test('a shift of two columns is reported within rows, and once; quiet rows are not', () => {
  const model = new EntityDeviation().fit(quiet(2000, 1), 2000, N_COLS);
  const later = quiet(2000, 2);
  expect(model.reported(model.scoreStream(later, 2000)).reduce((a, b) => a + b)).toBe(0);
  for (let i = 1000; i < 1200; i++) for (const j of [0, 2]) later[i * N_COLS + j] = (later[i * N_COLS + j] ?? 0) + 5;
  const reported = [...model.reported(model.scoreStream(later, 2000))];
  const first = reported.indexOf(1);
  const last = reported.lastIndexOf(1);
  expect(first).toBeGreaterThanOrEqual(1000);
  expect(first).toBeLessThan(1010);
  expect(last).toBeLessThan(1215);
  expect(reported.slice(first, last + 1)).not.toContain(0);
});

test('a report begins above the threshold and lasts until half of it', () => {
  const model = new EntityDeviation().fit(quiet(500, 3), 500, N_COLS);
  const t = model.threshold;
  const scores = Float64Array.of(0.9 * t, 1.1 * t, 0.6 * t, 0.9 * t, 0.4 * t, 0.9 * t);
  expect([...model.reported(scores)]).toEqual([0, 1, 1, 1, 0, 0]);
});

test('saved and loaded it scores and reports the same to the bit, NaN and infinity included; damaged bytes are refused', () => {
  const train = quiet(300, 4);
  const model = new EntityDeviation().fit(train, 300, N_COLS);
  const rows = quiet(50, 5);
  rows[7] = Number.NaN;
  rows[30] = Infinity;
  const bytes = model.toBytes();
  const loaded = EntityDeviation.fromBytes(bytes);
  const scores = model.scoreStream(rows, 50);
  expect(scores.every(Number.isFinite)).toBe(true);
  expect(loaded.scoreStream(rows, 50)).toEqual(scores);
  expect(loaded.reported(scores)).toEqual(model.reported(scores));
  bytes[40] = (bytes[40] ?? 0) ^ 1;
  expect(() => EntityDeviation.fromBytes(bytes)).toThrow(expect.objectContaining({ code: 'MODEL_DAMAGED' }));
});

test('before training nothing is answered', () => {
  const code = expect.objectContaining({ code: 'NOT_READY' });
  expect(() => new EntityDeviation().scoreStream(quiet(1, 1), 1)).toThrow(code);
  expect(() => new EntityDeviation().reported(new Float64Array(1))).toThrow(code);
});
