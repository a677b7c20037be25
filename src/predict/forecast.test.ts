import { expect, test } from 'vitest';
import { SeededRandom } from '../stats/random.ts';
import { civilOffset } from '../stats/civil-time.ts';
import { forecastSeries } from './forecast.ts';
import { FORECAST_HORIZONS_MS, stepForHorizon } from './horizons.ts';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
const NOW = Date.UTC(2026, 2, 10, 12);
const OPEN = { lower: null, upper: null };

function past(spanMs: number, stepMs: number, value: (at: number) => number, now = NOW) {
  const n = Math.floor(spanMs / stepMs);
  const times = Float64Array.from({ length: n }, (_, i) => now - (n - 1 - i) * stepMs);
  return { times, values: times.map(value) };
}

test('a daily rhythm goes on, at all steps of the next day, and beats "nothing changes"', () => {
  const random = new SeededRandom(1);
  const rhythm = (at: number) => 0.5 + 0.3 * Math.sin((at / DAY) * 2 * Math.PI);
  const forecast = forecastSeries({
    ...past(8 * DAY, 5 * MINUTE, (at) => rhythm(at) + random.normal() * 0.02),
    horizonMs: 24 * HOUR,
    now: NOW,
    bounds: { lower: 0, upper: 1 },
    timeZone: 'UTC',
  });
  expect(forecast.learning).toBeNull();
  expect(forecast.points).toHaveLength(96);
  expect(forecast.points[95]?.at).toBe(NOW + DAY);
  for (const point of forecast.points) {
    expect(Math.abs(point.mean - rhythm(point.at - 7.5 * MINUTE))).toBeLessThan(0.04);
    expect(point.lower <= point.mean && point.mean <= point.upper).toBe(true);
  }
  expect(forecast.backtest?.error).toBeLessThan(0.2 * (forecast.backtest?.naiveError ?? 0));
  expect(forecast.explanation).toContain('daily rhythm');
});

test('bounds are kept: a ratio near its ceiling and a rate near 0', () => {
  const random = new SeededRandom(2);
  for (const [level, bounds] of [
    [0.97, { lower: 0, upper: 1 }],
    [0.02, { lower: 0, upper: null }],
  ] as const) {
    const forecast = forecastSeries({
      ...past(6 * HOUR, MINUTE, () => level + random.normal() * 0.03),
      horizonMs: HOUR,
      now: NOW,
      bounds,
      timeZone: 'UTC',
    });
    for (const point of forecast.points) {
      expect(point.lower).toBeGreaterThanOrEqual(0);
      if (bounds.upper !== null) expect(point.upper).toBeLessThanOrEqual(bounds.upper);
    }
  }
});

test('a constant stays what it is with a narrow interval', () => {
  const { points } = forecastSeries({
    ...past(DAY, MINUTE, () => 204),
    horizonMs: HOUR,
    now: NOW,
    bounds: OPEN,
    timeZone: 'UTC',
  });
  for (const point of points) {
    expect(point.mean).toBeCloseTo(204, 6);
    expect(point.upper - point.lower).toBeLessThan(5);
    expect(point.lower < 204 && point.upper > 204).toBe(true);
  }
});

test('after a level shift the forecast stands at the new level', () => {
  const random = new SeededRandom(3);
  const forecast = forecastSeries({
    ...past(20 * HOUR, MINUTE, (at) => (at > NOW - 5 * HOUR ? 0.7 : 0.2) + random.normal() * 0.01),
    horizonMs: HOUR,
    now: NOW,
    bounds: { lower: 0, upper: 1 },
    timeZone: 'UTC',
  });
  for (const point of forecast.points) expect(Math.abs(point.mean - 0.7)).toBeLessThan(0.06);
});

test('a gap in the history is no value: the forecast goes on as without it', () => {
  const random = new SeededRandom(4);
  const data = past(6 * DAY, 15 * MINUTE, (at) => 5 + 3 * Math.sin((at / DAY) * 2 * Math.PI) + random.normal() * 0.2);
  const keep = [...data.times.keys()].filter((i) => i % 9 !== 0 && (i < 200 || i > 240));
  const forecast = forecastSeries({
    times: Float64Array.from(keep, (i) => data.times[i] ?? 0),
    values: Float64Array.from(keep, (i) => (i % 50 === 0 ? Number.NaN : (data.values[i] ?? 0))),
    horizonMs: 24 * HOUR,
    now: NOW,
    bounds: OPEN,
    timeZone: 'UTC',
  });
  for (const point of forecast.points) {
    expect(Math.abs(point.mean - 5 - 3 * Math.sin(((point.at - 7.5 * MINUTE) / DAY) * 2 * Math.PI))).toBeLessThan(0.6);
  }
});

test('with too little history it says what is missing and when it will be there, and gives no number', () => {
  const short = forecastSeries({
    ...past(3 * HOUR, MINUTE, () => 1),
    horizonMs: 24 * HOUR,
    now: NOW,
    bounds: OPEN,
    timeZone: 'UTC',
  });
  expect(short.points).toHaveLength(0);
  expect(short.learning).toBe('Needs 12 h of history for this horizon and has 3 h: the first forecast comes in 9 h.');
  const none = forecastSeries({
    times: new Float64Array(0),
    values: new Float64Array(0),
    horizonMs: HOUR,
    now: NOW,
    bounds: OPEN,
    timeZone: 'UTC',
  });
  expect(none.learning).toContain('has none');
  const stale = past(5 * HOUR, MINUTE, () => 1);
  const silent = forecastSeries({ ...stale, now: NOW + 3 * HOUR, horizonMs: HOUR, bounds: OPEN, timeZone: 'UTC' });
  expect(silent.learning).toContain('The last sample is 3 h old');
});

// Clocks in Berlin go forward on 29 March 2026, 01:00 UTC: ahead of the forecast, and inside its history.
test.each([
  ['ahead', Date.UTC(2026, 2, 28, 12)],
  ['in the history', Date.UTC(2026, 2, 31, 12)],
])('a season of a day follows civil time over the night on which clocks change: %s', (_, now) => {
  const zone = 'Europe/Berlin';
  const wall = (at: number) => ((((at + civilOffset(zone, at)) % DAY) + DAY) % DAY) / HOUR;
  const busy = (at: number) => (wall(at - 1) >= 9 && wall(at - 1) < 17 ? 0.8 : 0.1);
  const history = past(10 * DAY, 15 * MINUTE, busy, now);
  const forecast = forecastSeries({
    ...history,
    horizonMs: 48 * HOUR,
    now,
    bounds: { lower: 0, upper: 1 },
    timeZone: zone,
  });
  expect(civilOffset(zone, Date.UTC(2026, 2, 28, 12))).toBe(HOUR);
  expect(civilOffset(zone, Date.UTC(2026, 2, 29, 12))).toBe(2 * HOUR);
  expect(forecast.points.filter((point) => Math.abs(point.mean - busy(point.at)) > 0.1)).toHaveLength(0);
  // With the clocks wrong in the history, the trials on it would go wrong, and the interval with them.
  expect(forecast.backtest?.error).toBeLessThan(0.01);
});

test('what is further away is known less: the interval of a random walk widens as its root', () => {
  let near = 0;
  let far = 0;
  for (let k = 0; k < 20; k++) {
    const random = new SeededRandom(k);
    let level = 0;
    const data = past(500 * MINUTE, MINUTE, () => (level += random.normal()));
    const { points } = forecastSeries({ ...data, horizonMs: HOUR, now: NOW, bounds: OPEN, timeZone: 'UTC' });
    near += (points[3]?.upper ?? 0) - (points[3]?.lower ?? 0);
    far += (points[59]?.upper ?? 0) - (points[59]?.lower ?? 0);
  }
  expect(far / near).toBeGreaterThan(2.5);
  expect(far / near).toBeLessThan(6);
});

test('the forecast depends on nothing but its input, and leaves that as it was', () => {
  const random = new SeededRandom(6);
  const data = past(2 * DAY, MINUTE, () => random.normal());
  const before = Float64Array.from(data.values);
  const request = { ...data, horizonMs: HOUR, now: NOW, bounds: OPEN, limit: 100, timeZone: 'UTC' };
  expect(forecastSeries(request)).toEqual(forecastSeries(request));
  expect(data.values).toEqual(before);
  const later = {
    ...request,
    times: Float64Array.of(...data.times, NOW + 5),
    values: Float64Array.of(...data.values, 1e9),
  };
  expect(forecastSeries(later).points).toEqual(forecastSeries(request).points);
});

test('steps divide every horizon evenly and stay below 250', () => {
  for (const horizon of FORECAST_HORIZONS_MS) {
    expect(horizon % stepForHorizon(horizon)).toBe(0);
    expect(horizon / stepForHorizon(horizon)).toBeLessThanOrEqual(250);
  }
});

test.each([
  ['white noise', 0.9, (random: SeededRandom) => () => random.normal()],
  [
    'slowly moving level',
    0.9,
    (random: SeededRandom) => {
      let level = 0;
      return () => {
        level = 0.9 * level + random.normal();
        return level;
      };
    },
  ],
  [
    'random walk',
    0.8,
    (random: SeededRandom) => {
      let level = 0;
      return () => {
        level += random.normal();
        return level;
      };
    },
  ],
  ['heavy tails', 0.9, (random: SeededRandom) => () => random.normal() / Math.sqrt(0.1 + random.next())],
] as const)('intervals hold what they state: %s at %f', (_, level, make) => {
  let held = 0;
  let n = 0;
  for (let k = 0; k < 50; k++) {
    const next = make(new SeededRandom(100 + k));
    const all = Float64Array.from({ length: 460 }, () => next());
    const times = Float64Array.from({ length: 400 }, (_unused, i) => NOW - (399 - i) * MINUTE);
    const { points } = forecastSeries({
      times,
      values: all.slice(0, 400),
      horizonMs: HOUR,
      now: NOW,
      bounds: OPEN,
      timeZone: 'UTC',
      level,
    });
    for (const [i, point] of points.entries()) {
      n++;
      if ((all[400 + i] ?? 0) >= point.lower && (all[400 + i] ?? 0) <= point.upper) held++;
    }
  }
  expect(n).toBe(3000);
  expect(held / n).toBeGreaterThan(level - 0.06);
  expect(held / n).toBeLessThan(level + 0.08);
});
