import { expect, test } from 'vitest';
import { SeededRandom } from '../stats/random.ts';
import {
  auroc,
  backtest,
  backtestError,
  brierScore,
  calibrationError,
  intervalCoverage,
  intervalScore,
  mase,
  pinballLoss,
  rollingOrigins,
  smape,
} from './index.ts';

const f = (...values: number[]) => Float64Array.from(values);

test('AUROC equals the share of pairs in the right order, counted one by one, ties half', () => {
  const random = new SeededRandom(1);
  const scores = Float64Array.from({ length: 80 }, () => Math.round(random.next() * 10));
  const labels = Uint8Array.from({ length: 80 }, () => (random.next() < 0.3 ? 1 : 0));
  let pairs = 0;
  let right = 0;
  for (let i = 0; i < 80; i++) {
    for (let j = 0; j < 80; j++) {
      if (labels[i] !== 1 || labels[j] !== 0) continue;
      pairs++;
      right += (scores[i] ?? 0) > (scores[j] ?? 0) ? 1 : scores[i] === scores[j] ? 0.5 : 0;
    }
  }
  expect(auroc(scores, labels)).toBeCloseTo(right / pairs, 12);
  expect(auroc(f(1, 2, 3, 4), Uint8Array.of(0, 0, 1, 1))).toBe(1);
  expect(auroc(f(1, 2), Uint8Array.of(1, 1))).toBeNaN();
});

test('calibration error is near 0 for honest probabilities and their distance for exaggerated ones', () => {
  const random = new SeededRandom(2);
  const honest = Float64Array.from({ length: 20_000 }, () => random.next());
  const happened = Uint8Array.from(honest, (p) => (random.next() < p ? 1 : 0));
  expect(calibrationError(honest, happened)).toBeLessThan(0.015);
  const always = new Float64Array(20_000).fill(0.9);
  const half = Uint8Array.from(always, () => (random.next() < 0.5 ? 1 : 0));
  expect(calibrationError(always, half)).toBeCloseTo(0.4, 1);
  expect(brierScore(f(1, 0, 0.5), Uint8Array.of(1, 1, 0))).toBeCloseTo((0 + 1 + 0.25) / 3, 12);
});

test('forecast errors equal the values worked out by hand', () => {
  expect(smape(f(100, 0), f(50, 0))).toBeCloseTo((2 * 50) / 150 / 2, 12);
  expect(mase(f(3, 4), f(2, 2), f(1, 2, 4, 7), 1)).toBeCloseTo(1.5 / 2, 12);
  expect(pinballLoss(f(10), f(8), 0.9)).toBeCloseTo(1.8, 12);
  expect(pinballLoss(f(8), f(10), 0.9)).toBeCloseTo(0.2, 12);
  expect(intervalCoverage(f(1, 5, Number.NaN), f(0, 0, 0), f(2, 2, 2))).toBe(0.5);
  expect(intervalScore(f(1, 5), f(0, 0), f(2, 2), 0.9)).toBeCloseTo((2 + 2 + 20 * 3) / 2, 9);
});

test('a backtest never shows a forecaster what came after its origin', () => {
  const values = Float64Array.from({ length: 50 }, (_, i) => i);
  const origins = rollingOrigins(50, 10, 5, 12);
  expect([...origins]).toEqual([12, 19, 26, 33, 40]);
  const result = backtest(values, origins, 10, (past, steps) => {
    expect(past[past.length - 1]).toBe(past.length - 1);
    return new Float64Array(steps).fill(past[past.length - 1] ?? 0);
  });
  expect(backtestError(result)).toBeCloseTo(5.5, 12);
  expect(rollingOrigins(20, 10, 5, 12)).toHaveLength(0);
});
