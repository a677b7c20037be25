import { expect, test } from 'vitest';
import { auroc, brierScore, calibrationError } from '../evaluation/index.ts';
import { SeededRandom } from '../stats/random.ts';
import { FailureRisk } from './failure-risk.ts';
import { HISTORY_COLUMNS, RunHistory } from './run-history.ts';

/** Runs that fail by a feature, and in bad times; after a quarter the feature turns its meaning. */
function runs(n: number, seed: number) {
  const random = new SeededRandom(seed);
  let isBadTime = false;
  return Array.from({ length: n }, (_, i) => {
    if (random.next() < 0.02) isBadTime = !isBadTime;
    const features = Float64Array.of(random.normal(), random.normal(), random.integer(5));
    const pull = (features[0] ?? 0) * (i < n / 4 ? 1.5 : -1.5);
    const p = 1 / (1 + Math.exp(1.5 - pull - (isBadTime ? 2 : 0)));
    return { features, failed: random.next() < p };
  });
}

test('risk said before each outcome tells good runs from bad, is a frequency, and follows a change of what matters', () => {
  const all = runs(3000, 1);
  const risk = new FailureRisk({ nCols: 3, seed: 1 });
  const said = new Float64Array(all.length);
  all.forEach(({ features, failed }, i) => {
    said[i] = risk.predict(features);
    risk.learnOne(features, failed);
  });
  const happened = Uint8Array.from(all, ({ failed }) => (failed ? 1 : 0));
  const part = (from: number, to: number) => [said.subarray(from, to), happened.subarray(from, to)] as const;
  expect(auroc(...part(300, 750))).toBeGreaterThan(0.75);
  expect(auroc(...part(2500, 3000))).toBeGreaterThan(0.7);
  expect(calibrationError(...part(2000, 3000))).toBeLessThan(0.07);
  const rate = happened.subarray(2000, 3000).reduce((a, b) => a + b, 0) / 1000;
  expect(brierScore(...part(2000, 3000))).toBeLessThan(0.92 * rate * (1 - rate));
});

test('predicting changes nothing, and saved and loaded it goes on as it would have', () => {
  const all = runs(300, 2);
  const risk = new FailureRisk({ nCols: 3, seed: 1, maxRows: 120 });
  for (const { features, failed } of all.slice(0, 200)) risk.learnOne(features, failed);
  const bytes = risk.toBytes();
  risk.predict(Float64Array.of(1, 1, 1));
  expect(risk.toBytes()).toEqual(bytes);
  const again = FailureRisk.fromBytes(bytes);
  for (const { features, failed } of all.slice(200)) {
    expect(again.predict(features)).toBe(risk.predict(features));
    risk.learnOne(features, failed);
    again.learnOne(features, failed);
  }
  expect(again.toBytes()).toEqual(risk.toBytes());
  expect(bytes.length).toBeLessThan(1_000_000);
  bytes[40] = (bytes[40] ?? 0) ^ 1;
  expect(() => FailureRisk.fromBytes(bytes)).toThrow(expect.objectContaining({ code: 'MODEL_DAMAGED' }));
});

test('without failures, or with nothing but, it says the rate and never certainty', () => {
  for (const failed of [false, true]) {
    const risk = new FailureRisk({ nCols: 1, seed: 1 });
    for (let i = 0; i < 200; i++) risk.learnOne(Float64Array.of(Number.NaN), failed);
    const p = risk.predict(Float64Array.of(1e300));
    expect(failed ? 1 - p : p).toBeLessThan(0.05);
    expect(p > 0 && p < 1).toBe(true);
  }
  expect(() => new FailureRisk({ nCols: 2, seed: 1 }).predict(new Float64Array(3))).toThrow('A run has 3 features');
});

test('a history says rates of several memories, the last outcomes and streaks', () => {
  const history = new RunHistory();
  for (const failed of [true, false, false, true, true]) history.learn(failed);
  const out = new Float64Array(HISTORY_COLUMNS);
  history.writeTo(out, 0);
  const rest = [...out.subarray(HISTORY_COLUMNS - 5)];
  expect(rest).toEqual([4 / 7, 1, 1, 2, 0]);
  // The shorter the memory, the nearer to the last outcomes.
  expect(out[0]).toBeGreaterThan(out[2] ?? 1);
  history.learn(false);
  history.writeTo(out, 0);
  expect([...out.subarray(HISTORY_COLUMNS - 4)]).toEqual([0, 1, -1, 1]);
  expect(RunHistory.fromNumbers(history.toNumbers()).toNumbers()).toEqual(history.toNumbers());
});
