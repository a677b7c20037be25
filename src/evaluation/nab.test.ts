import { expect, test } from 'vitest';
import { nabAt, nabBest, nabProbation } from './nab.ts';

const ROWS = 200;
const windows = [
  [60, 69],
  [150, 159],
] as const;

function reporting(...rows: number[]): { score: Float64Array; windows: typeof windows }[] {
  const score = new Float64Array(ROWS);
  for (const row of rows) score[row] = 1;
  return [{ score, windows }];
}

test('silence is 0, each window’s first row and nothing else is 100', () => {
  expect(nabAt(reporting(), 1).score).toBe(0);
  expect(nabAt(reporting(60, 150), 1)).toMatchObject({ score: 100, hit: 2, falseRows: 0 });
  expect(nabBest(reporting(60, 150)).score).toBe(100);
});

test('a window counts once, by its earliest report; a late one is worth less', () => {
  const early = nabAt(reporting(60, 65, 69), 1).score;
  const late = nabAt(reporting(69), 1).score;
  expect(early).toBe(50);
  // −1/10 of the window before its end: 2 / (1 + e^−0.5) − 1, as a share of 2 / (1 + e^−5) − 1
  const worth = (2 / (1 + Math.exp(-0.5)) - 1) / (2 / (1 + Math.exp(-5)) - 1);
  expect(late).toBeCloseTo((100 * (worth + 1)) / 4, 10);
});

test('what is reported outside costs, less just behind a window, nothing in the probation', () => {
  expect(nabProbation(ROWS)).toBe(30);
  expect(nabAt(reporting(10), 1).score).toBe(0);
  expect(nabAt(reporting(40), 1).score).toBeCloseTo((-0.11 * 100) / 4, 10);
  const near = (2 / (1 + Math.exp(5 / 9)) - 1) * 0.11;
  expect(nabAt(reporting(70), 1).score).toBeCloseTo((near * 100) / 4, 10);
});

test('the best threshold is the one that no other beats', () => {
  const score = Float64Array.from({ length: ROWS }, (_, i) => Math.abs(Math.sin(i * 12.9898)) * 10);
  const series = [{ score, windows }];
  const best = nabBest(series);
  const all = [Infinity, ...score].map((threshold) => nabAt(series, threshold).score);
  expect(best.score).toBeCloseTo(Math.max(...all), 10);
  expect(nabAt(series, best.threshold).score).toBeCloseTo(best.score, 10);
});
