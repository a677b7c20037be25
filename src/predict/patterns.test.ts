import { expect, test } from 'vitest';
import { SeededRandom } from '../stats/random.ts';
import { analysePattern } from './patterns.ts';

const HOUR = 3_600_000;
const DAY = 24 * HOUR;
const START = 1_000 * DAY;

function series(n: number, stepMs: number, value: (i: number, at: number) => number) {
  const times = Float64Array.from({ length: n }, (_, i) => START + i * stepMs);
  return [times, times.map((at, i) => value(i, at))] as const;
}
const count = { unit: 'count', title: 'processes' };

test('a steady trend is a trend, with its slope by both methods and a straight polynomial', () => {
  const random = new SeededRandom(1);
  const found = analysePattern(...series(1000, HOUR / 2, (i) => 0.4 + (i / 48) * 0.02 + random.normal() * 0.01), {
    unit: 'ratio',
    title: 'memory used',
  });
  expect(found.type).toBe('trending');
  expect(found.slopeClass).toBe('trend');
  expect(found.robustTrendPerDay).toBeCloseTo(0.02, 3);
  expect(found.trendPerDay).toBeCloseTo(0.02, 3);
  expect(found.polynomial).toHaveLength(2);
  expect(found.polynomial[0]).toBeCloseTo(0.4, 2);
  expect(found.polynomial[1]).toBeCloseTo(0.02, 3);
  expect(found.explanation).toContain('Memory used grows by 2 points of a per cent a day');
  expect(found.changePoints).toHaveLength(0);
});

test('one wild value in twenty does not bend the robust trend', () => {
  const random = new SeededRandom(2);
  const found = analysePattern(
    ...series(600, HOUR, (i) => 100 + i * 0.2 + random.normal() + (random.next() < 0.05 ? 400 : 0)),
    count,
  );
  expect(Math.abs(found.robustTrendPerDay - 4.8)).toBeLessThan(0.2);
});

test('a parabola is told from a line', () => {
  const random = new SeededRandom(3);
  const found = analysePattern(...series(800, HOUR, (i) => 50 + ((i - 200) / 100) ** 2 + random.normal() * 0.5), count);
  expect(found.polynomial).toHaveLength(3);
  expect(found.polynomial[2]).toBeCloseTo((24 / 100) ** 2, 2);
});

test.each([
  ['a day, in noise as strong', HOUR / 4, 86_400, (at: number) => 50 + 5 * Math.sin((at / DAY) * 2 * Math.PI)],
  ['an hourly job of five minutes', HOUR / 12, 3600, (at: number) => 10 + (at % HOUR < 300_000 ? 30 : 0)],
  [
    'a day on a trend',
    HOUR / 4,
    86_400,
    (at: number) => 50 + ((at - START) / DAY) * 2 + 8 * Math.sin((at / DAY) * 2 * Math.PI),
  ],
  ['seven hours, on no calendar', HOUR / 4, 25_200, (at: number) => 50 + 6 * Math.sin((at / HOUR / 7) * 2 * Math.PI)],
] as const)('finds the rhythm of %s', (_, stepMs, seconds, value) => {
  const random = new SeededRandom(4);
  const found = analysePattern(...series(1500, stepMs, (_i, at) => value(at) + random.normal() * 3), count);
  expect(found.periods.length).toBeGreaterThan(0);
  expect(Math.abs((found.periods[0]?.seconds ?? 0) - seconds)).toBeLessThanOrEqual(seconds * 0.02);
  expect(found.periods[0]?.strength).toBeGreaterThan(0.15);
});

test('no rhythm in noise, wandering levels, trends, steps, spikes and constants', () => {
  let false_ = 0;
  for (let seed = 0; seed < 12; seed++) {
    const random = new SeededRandom(seed);
    let wandering = 0;
    let slow = 0;
    const makers = [
      () => random.normal(),
      () => (wandering += random.normal()),
      () => (slow = 0.95 * slow + random.normal()),
      (i: number) => i * 0.01 + random.normal(),
      (i: number) => (i > 400 ? 5 : 0) + random.normal(),
      () => (random.next() < 0.01 ? 50 : 0) + random.normal(),
      () => 3,
    ];
    for (const make of makers) false_ += analysePattern(...series(900, HOUR / 4, make), count).periods.length;
  }
  expect(false_).toBeLessThanOrEqual(1);
});

test('a step is a change of level at its place and no trend; noise and slow wandering have none', () => {
  const random = new SeededRandom(5);
  const [times, values] = series(1000, HOUR / 4, (i) => (i >= 620 ? 60 : 50) + random.normal());
  const found = analysePattern(times, values, count);
  expect(found.type).toBe('stable');
  expect(found.changePoints).toHaveLength(1);
  expect(Math.abs((found.changePoints[0]?.at ?? 0) - (times[620] ?? 0))).toBeLessThanOrEqual(2 * (HOUR / 4));
  expect(found.changePoints[0]?.before).toBeCloseTo(50, 0);
  expect(found.changePoints[0]?.after).toBeCloseTo(60, 0);
  let false_ = 0;
  for (let seed = 0; seed < 30; seed++) {
    const noise = new SeededRandom(seed);
    let slow = 0;
    false_ += analysePattern(...series(900, HOUR / 4, () => 50 + noise.normal()), count).changePoints.length;
    false_ += analysePattern(...series(900, HOUR / 4, () => 50 + (slow = 0.9 * slow + noise.normal())), count)
      .changePoints.length;
  }
  expect(false_).toBeLessThanOrEqual(2);
});

test('wide noise without a rhythm is volatile, a constant is stable, both without a trend', () => {
  const random = new SeededRandom(6);
  const wild = analysePattern(...series(500, HOUR, () => 10 * Math.exp(random.normal())), count);
  expect(wild.type).toBe('volatile');
  expect(wild.slopeClass).toBe('none');
  const flat = analysePattern(...series(500, HOUR, () => 12), count);
  expect(flat).toMatchObject({ type: 'stable', strength: 1, robustTrendPerDay: 0, periods: [], changePoints: [] });
});

test('gaps and missing values change nothing much; too few points are said to be too few', () => {
  const random = new SeededRandom(7);
  const [times, values] = series(
    900,
    HOUR / 4,
    (_, at) => 50 + 5 * Math.sin((at / DAY) * 2 * Math.PI) + random.normal(),
  );
  const keep = [...times.keys()].filter((i) => i % 10 !== 3 && !(i > 300 && i < 340));
  const found = analysePattern(
    Float64Array.from(keep, (i) => times[i] ?? 0),
    Float64Array.from(keep, (i) => (i % 37 === 0 ? Number.NaN : (values[i] ?? 0))),
    count,
  );
  expect(found.periods[0]?.seconds).toBe(86_400);
  const short = analysePattern(...series(9, HOUR, () => 1), count);
  expect(short.learning).toBe('Needs 24 points of history and has 9: known in 15 h.');
  expect(analysePattern(new Float64Array(0), new Float64Array(0), count).learning).toContain('has 0');
});
