import { expect, test } from 'vitest';
import { SeededRandom } from '../stats/random.ts';
import { IsotonicCalibration, logistic, logit, OnlineCalibration, PlattCalibration } from './calibrators.ts';
import { auPr, brierScore, calibrationError } from './classification.ts';

/** A model that is too sure of itself and says too much: its logit is 2 · true + 1. */
function overconfident(n: number, seed: number) {
  const random = new SeededRandom(seed);
  const truth = Float64Array.from({ length: n }, () => logistic(random.normal() * 1.2 - 1));
  const said = truth.map((p) => logistic(2 * logit(p) + 1));
  const happened = Uint8Array.from(truth, (p) => (random.next() < p ? 1 : 0));
  return { said, happened };
}

test('Platt finds the slope and intercept that undo what a model exaggerates', () => {
  const { said, happened } = overconfident(20_000, 1);
  const platt = PlattCalibration.fit(said, happened);
  expect(platt.slope).toBeCloseTo(0.5, 1);
  expect(platt.intercept).toBeCloseTo(-0.5, 1);
  const later = overconfident(20_000, 2);
  expect(calibrationError(later.said, later.happened)).toBeGreaterThan(0.1);
  expect(
    calibrationError(
      later.said.map((p) => platt.calibrate(p)),
      later.happened,
    ),
  ).toBeLessThan(0.015);
});

test('Platt of one class alone, of constants and of nothing stays finite', () => {
  const one = PlattCalibration.fit(Float64Array.of(0.2, 0.7, 0.9), Uint8Array.of(1, 1, 1));
  expect(one.calibrate(0.5)).toBeGreaterThan(0.5);
  expect(one.calibrate(0.5)).toBeLessThan(1);
  const constant = PlattCalibration.fit(
    new Float64Array(100).fill(0.9),
    Uint8Array.from({ length: 100 }, (_, i) => (i % 4 === 0 ? 1 : 0)),
  );
  expect(constant.calibrate(0.9)).toBeCloseTo(0.25, 1);
  expect(Number.isFinite(PlattCalibration.fit(new Float64Array(0), new Uint8Array(0)).calibrate(0.3))).toBe(true);
});

test('isotonic calibration is the least-squares rising curve: the max-min formula says the same', () => {
  const random = new SeededRandom(3);
  for (let round = 0; round < 10; round++) {
    const n = 25;
    const scores = Float64Array.from({ length: n }, () => random.integer(12));
    const happened = Uint8Array.from(scores, (s) => (random.next() < s / 12 ? 1 : 0));
    const isotonic = IsotonicCalibration.fit(scores, happened);
    const values = [...new Set(scores)].sort((a, b) => a - b);
    const mean = (from: number, to: number) => {
      const chosen = [...scores.keys()].filter((i) => (scores[i] ?? 0) >= from && (scores[i] ?? 0) <= to);
      return chosen.reduce((sum, i) => sum + (happened[i] ?? 0), 0) / chosen.length;
    };
    // max over starts at or below of min over ends at or above (Robertson, Wright, Dykstra 1988).
    const wanted = values.map((v) =>
      Math.max(
        ...values.filter((a) => a <= v).map((a) => Math.min(...values.filter((b) => b >= v).map((b) => mean(a, b)))),
      ),
    );
    const blocks = [...new Set(wanted)];
    expect([...isotonic.shares].map((s) => s.toFixed(9))).toEqual(blocks.map((s) => s.toFixed(9)));
    for (let s = -1; s < 13; s += 0.25)
      expect(isotonic.calibrate(s)).toBeLessThanOrEqual(isotonic.calibrate(s + 0.25) + 1e-12);
  }
});

test('online calibration undoes an exaggeration as it goes, follows a change, and believes a good model', () => {
  const { said, happened } = overconfident(6000, 4);
  const online = new OnlineCalibration(1000);
  const calibrated = said.map((p, i) => {
    const q = online.calibrate(p);
    online.learnOne(p, happened[i] === 1);
    return q;
  });
  expect(calibrationError(calibrated.subarray(1000), happened.subarray(1000))).toBeLessThan(0.03);
  expect(brierScore(calibrated, happened)).toBeLessThan(brierScore(said, happened));
  // From here on the same model says too little.
  const random = new SeededRandom(5);
  const rare = Float64Array.from({ length: 6000 }, () => 0.1 + 0.1 * random.next());
  let late = 0;
  rare.forEach((p, i) => {
    if (i >= 5000) late += online.calibrate(p) / 1000;
    online.learnOne(p, random.next() < 0.6);
  });
  expect(late).toBeCloseTo(0.6, 1);
  const good = new OnlineCalibration();
  for (let i = 0; i < 3000; i++) {
    const p = random.next();
    good.learnOne(p, random.next() < p);
  }
  for (const p of [0.1, 0.5, 0.9]) expect(Math.abs(good.calibrate(p) - p)).toBeLessThan(0.06);
  expect(OnlineCalibration.fromNumbers(good.toNumbers()).calibrate(0.3)).toBe(good.calibrate(0.3));
});

test('average precision of a perfect order is 1, of none the share of positives, ties taken together', () => {
  expect(auPr(Float64Array.of(3, 2, 1, 0), Uint8Array.of(1, 1, 0, 0))).toBe(1);
  expect(auPr(new Float64Array(10), Uint8Array.of(1, 0, 0, 1, 0, 0, 0, 0, 0, 0))).toBeCloseTo(0.2, 12);
  expect(auPr(Float64Array.of(4, 3, 2, 1), Uint8Array.of(1, 0, 1, 0))).toBeCloseTo((1 + 2 / 3) / 2, 12);
  expect(auPr(Float64Array.of(1), Uint8Array.of(0))).toBeNaN();
});
