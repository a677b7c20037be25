import { expect, test } from 'vitest';
import type { Prediction } from '../model/index.ts';
import {
  confidenceFrom,
  countJudged,
  countMade,
  emptyTrackRecord,
  hasTurnedAway,
  judge,
  mergeTrackRecords,
  predictionId,
  predictionRow,
  reaches,
  type Statement,
  trackRecord,
  trackRecordSentence,
} from './ledger.ts';

const MINUTE = 60_000;
const statement: Statement = {
  type: 'forecast',
  entityId: 'host:a',
  component: 'auspex_host_cpu_ratio',
  model: 'theta',
  modelVersion: 1,
  madeAt: 1_000 * 3_600_000,
  horizonMs: 15 * MINUTE,
  value: 0.5,
  unit: 'ratio',
  probability: 0.9,
  rule: { kind: 'interval', lower: 0.4, upper: 0.6 },
  baseline: 0.45,
};
const made = (changes: Partial<Statement> = {}): Prediction => {
  const row = predictionRow({ ...statement, ...changes });
  if (row === null) throw new Error('not a statement');
  return row;
};
const points = (...pairs: [number, number][]) => ({
  times: Float64Array.from(pairs, (p) => p[0]),
  values: Float64Array.from(pairs, (p) => p[1]),
});

test('a second row on the same target, model and horizon within the hour has the same id, another hour or target another', () => {
  expect(predictionId({ ...statement, madeAt: statement.madeAt + 59 * MINUTE })).toBe(predictionId(statement));
  const others = [
    { madeAt: statement.madeAt + 60 * MINUTE },
    { entityId: 'host:b' },
    { component: 'x' },
    { model: 'naive' },
    { horizonMs: 60 * MINUTE },
    { type: 'performance' },
  ];
  const ids = new Set([predictionId(statement), ...others.map((o) => predictionId({ ...statement, ...o }))]);
  expect(ids.size).toBe(7);
});

test('ids of many targets do not collide', () => {
  const ids = new Set<string>();
  for (let i = 0; i < 100_000; i++) ids.add(predictionId({ ...statement, component: `metric ${i}` }));
  expect(ids.size).toBe(100_000);
});

test('what states no number makes no row', () => {
  expect(predictionRow({ ...statement, value: Number.NaN })).toBeNull();
  expect(predictionRow({ ...statement, probability: 1.2 })).toBeNull();
  expect(predictionRow({ ...statement, rule: { kind: 'interval', lower: 2, upper: 1 } })).toBeNull();
});

test.each([
  ['inside', [[-0.5, 0.55]], 'true', 0.55],
  ['on the bound', [[-0.5, 0.6]], 'true', 0.6],
  ['outside', [[-0.5, 0.61]], 'false', 0.61],
  [
    'mean of the step counts, not one point',
    [
      [-0.9, 0.3],
      [-0.1, 0.8],
    ],
    'true',
    0.55,
  ],
  ['points before the step do not count', [[-3, 0.5]], 'unknown', null],
  ['points after the due time do not count', [[1, 0.5]], 'unknown', null],
  ['nothing seen', [], 'unknown', null],
  ['only missing values', [[-0.5, Number.NaN]], 'unknown', null],
] as const)('interval: %s', (_, minutes, outcome, actual) => {
  const row = made();
  const seen = points(...minutes.map(([m, v]): [number, number] => [row.dueAt + m * MINUTE, v]));
  expect(judge(row, seen, row.dueAt - 1)).toBeNull();
  const judged = judge(row, seen, row.dueAt + 5);
  expect(judged?.outcome).toBe(outcome);
  if (actual === null) expect(judged?.actual).toBeNull();
  else expect(judged?.actual).toBeCloseTo(actual, 12);
  expect(judged?.scoredAt).toBe(row.dueAt + 5);
  expect(judged && judge(judged, seen, row.dueAt + 10)).toBeNull();
});

test('an event is true as soon as it happens, false only once due and watched, unknown when nobody looked', () => {
  const row = made({ rule: reaches(0.98), probability: 0.8, horizonMs: 60 * MINUTE, value: 0.98 });
  const at = (minute: number) => row.madeAt + minute * MINUTE;
  expect(judge(row, points([at(10), 0.7]), at(11))).toBeNull();
  expect(judge(row, points([at(10), 0.99]), at(11))?.outcome).toBe('true');
  expect(judge(row, points([at(-1), 0.99], [at(59.5), 0.5]), at(60))?.outcome).toBe('false');
  expect(judge(row, points([at(10), 0.5]), at(60))?.outcome).toBe('unknown');
  expect(judge(row, points([at(59.5), 0.5]), at(60), { averted: true })?.outcome).toBe('averted');
});

test('an event of another kind is judged by what the caller knows of it', () => {
  const row = made({ rule: { kind: 'event', event: 'reboot' }, probability: 0.3 });
  expect(judge(row, points(), row.dueAt, { eventAt: row.madeAt + 1 })?.outcome).toBe('true');
  expect(judge(row, points(), row.dueAt, { eventAt: null })?.outcome).toBe('false');
  expect(judge(row, points(), row.dueAt)?.outcome).toBe('unknown');
});

test('48 forecasts of which 44 held: frequencies, errors, sentence; averted and unknown stay out', () => {
  let record = emptyTrackRecord(statement);
  for (let i = 0; i < 50; i++) record = countMade(record);
  expect(trackRecordSentence(record)).toBe('50 such forecasts are waiting to be judged.');
  for (let i = 0; i < 48; i++) {
    record = countJudged(record, { ...made(), outcome: i < 44 ? 'true' : 'false', actual: i < 44 ? 0.55 : 0.7 });
  }
  record = countJudged(record, { ...made(), outcome: 'averted', actual: 9 });
  record = countJudged(record, { ...made(), outcome: 'unknown', actual: null });
  const shown = trackRecord(record, 0.9);
  expect(shown).toMatchObject({ scored: 48, held: 44, pending: 0, unknown: 1, averted: 1, calibrationError: null });
  expect(shown.stated).toBeCloseTo(0.9, 12);
  expect(shown.observed).toBeCloseTo(44 / 48, 12);
  expect(shown.meanAbsoluteError).toBeCloseTo((44 * 0.05 + 4 * 0.2) / 48, 12);
  expect(shown.baselineMeanAbsoluteError).toBeCloseTo((44 * 0.1 + 4 * 0.25) / 48, 12);
  expect(shown.confidence).toMatchObject({ source: 'measured', sampleCount: 48 });
  expect(trackRecordSentence(shown)).toBe('Of 48 such forecasts 44 held.');
});

test('a prior stays a prior, labelled, until 20 of its kind are scored; calibration needs 50', () => {
  let record = emptyTrackRecord(statement);
  for (let i = 0; i < 19; i++) record = countJudged(record, { ...made(), outcome: 'false', actual: 9 });
  expect(confidenceFrom(record, 0.9)).toMatchObject({ value: 0.9, source: 'prior', sampleCount: 19 });
  record = countJudged(record, { ...made(), outcome: 'true', actual: 0.5 });
  expect(confidenceFrom(record, 0.9)).toMatchObject({ value: 0.05, source: 'measured', sampleCount: 20, band: 'low' });
  expect(confidenceFrom(null, 0.7)).toMatchObject({ value: 0.7, source: 'prior', sampleCount: 0 });
  for (let i = 0; i < 30; i++) record = countJudged(record, { ...made(), outcome: 'false', actual: 9 });
  expect(trackRecord(record, 0.9).calibrationError).toBeCloseTo(0.9 - 1 / 50, 9);
});

test('the records of a fleet merge as if one record had seen all rows', () => {
  let all = emptyTrackRecord(statement);
  const parts = [emptyTrackRecord(statement), emptyTrackRecord({ ...statement, entityId: 'host:b' })];
  for (let i = 0; i < 30; i++) {
    const judged: Prediction = { ...made(), outcome: i % 3 === 0 ? 'false' : 'true', actual: 0.3 + i / 60 };
    all = countJudged(all, judged);
    parts[i % 2] = countJudged(parts[i % 2] ?? all, judged);
  }
  const merged = mergeTrackRecords(parts);
  expect(merged?.scored).toBe(30);
  expect(merged?.observed).toBeCloseTo(all.observed, 12);
  expect(merged?.meanAbsoluteError).toBeCloseTo(all.meanAbsoluteError ?? 0, 12);
  expect(merged?.bins.map((bin) => bin.count)).toEqual(all.bins.map((bin) => bin.count));
  expect(mergeTrackRecords([])).toBeNull();
});

test('a figure has turned away from its limit when it is further off at the due time than when that was said', () => {
  const at = statement.madeAt;
  const row = (direction: 'up' | 'down') => made({ rule: reaches(0.95, direction), value: 0.95 });
  const falls = points([at + MINUTE / 2, 0.9], [at + 14.5 * MINUTE, 0.6]);
  const rises = points([at + MINUTE / 2, 0.8], [at + 14.5 * MINUTE, 0.9]);
  expect(hasTurnedAway(row('up'), falls)).toBe(true);
  expect(hasTurnedAway(row('up'), rises)).toBe(false);
  expect(hasTurnedAway(row('down'), rises)).toBe(true);
  expect(hasTurnedAway(row('up'), points([at + MINUTE / 2, 0.9]))).toBe(false);
  expect(hasTurnedAway(made(), falls)).toBe(false);
});
