import { expect, test } from 'vitest';
import { SeededRandom } from '../stats/random.ts';
import { exhaustion, exhaustionSentence } from './exhaustion.ts';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
const NOW = 1_000 * DAY;

function series(spanMs: number, stepMs: number, value: (agoMs: number) => number) {
  const n = Math.floor(spanMs / stepMs) + 1;
  const times = Float64Array.from({ length: n }, (_, i) => NOW - (n - 1 - i) * stepMs);
  return { times, values: times.map((at) => value(NOW - at)) };
}

test('a disk at 82 % that grows 2 % a day fills in 9 days, and the sentence says so', () => {
  const random = new SeededRandom(1);
  const found = exhaustion({
    ...series(14 * DAY, HOUR, (ago) => 0.82 - 0.02 * (ago / DAY) + random.normal() * 0.004),
    now: NOW,
    limit: 1,
  });
  expect(found).not.toBeNull();
  if (found === null) return;
  expect(Math.abs((found.at ?? 0) - NOW - 9 * DAY)).toBeLessThan(0.7 * DAY);
  expect(found.from).toBeLessThanOrEqual(found.at ?? 0);
  expect(found.to).toBeGreaterThanOrEqual(found.at ?? 0);
  expect(exhaustionSentence("db-1's disk", found, NOW)).toMatch(/^db-1's disk fills in 9 days \(\d+–\d+\)\.$/);
});

test('a disk that began to fill ten minutes ago, after a quiet week, fills in minutes', () => {
  const random = new SeededRandom(2);
  const week = series(7 * DAY, 5 * MINUTE, () => 0.3 + random.normal() * 0.0005);
  const fast = series(10 * MINUTE, 10_000, (ago) => 0.3 + 0.03 * (10 - ago / MINUTE) + random.normal() * 0.001);
  const keep = week.times.filter((at) => at < NOW - 10 * MINUTE).length;
  const found = exhaustion({
    times: Float64Array.of(...week.times.subarray(0, keep), ...fast.times),
    values: Float64Array.of(...week.values.subarray(0, keep), ...fast.values),
    now: NOW,
    limit: 1,
  });
  expect(found).not.toBeNull();
  const minutes = ((found?.at ?? 0) - NOW) / MINUTE;
  expect(minutes).toBeGreaterThan(9);
  expect(minutes).toBeLessThan(22);
  expect(found && exhaustionSentence('/data', found, NOW)).toMatch(/^\/data fills in \d+ min \(\d+–\d+\)\.$/);
});

test.each([
  ['constant', () => 0.7],
  ['falling', (ago: number) => 0.7 + (ago / DAY) * 0.01],
  ['noise', (ago: number) => 0.7 + 0.02 * Math.sin(ago * 12.9898)],
  ['a daily rhythm', (ago: number) => 0.7 + 0.1 * Math.sin((ago / DAY) * 2 * Math.PI)],
  ['a log that is rotated each day', (ago: number) => 0.7 - 0.1 * ((ago % DAY) / DAY)],
  ['one large file, written once', (ago: number) => (ago < 3 * DAY ? 0.9 : 0.5)],
] as const)('nothing is foretold for %s', (_, value) => {
  expect(exhaustion({ ...series(10 * DAY, 30 * MINUTE, value), now: NOW, limit: 1 })).toBeNull();
});

test('a one-time clean-up in the middle does not hide growth behind it', () => {
  const random = new SeededRandom(3);
  const found = exhaustion({
    ...series(12 * DAY, HOUR, (ago) =>
      ago > 6 * DAY ? 0.9 - (ago / DAY - 6) * 0.03 : 0.8 - 0.03 * (ago / DAY) + random.normal() * 0.002,
    ),
    now: NOW,
    limit: 1,
  });
  expect(found).not.toBeNull();
  expect(Math.abs(((found?.at ?? 0) - NOW) / DAY - 0.2 / 0.03)).toBeLessThan(1);
});

test('a full disk is full now, a missing one says nothing, a slow one beyond what was seen says nothing', () => {
  expect(exhaustion({ ...series(DAY, HOUR, () => 1), now: NOW, limit: 1 })?.at).toBe(NOW);
  expect(exhaustion({ times: new Float64Array(0), values: new Float64Array(0), now: NOW, limit: 1 })).toBeNull();
  expect(exhaustion({ ...series(2 * DAY, HOUR, (ago) => 0.2 - (ago / DAY) * 0.001), now: NOW, limit: 1 })).toBeNull();
});

test('a nightly dump that is removed each morning is not taken for a disk that fills', () => {
  const dump = (ago: number) => {
    const hour = 24 - ((ago / HOUR) % 24);
    return 0.6 + (hour >= 22 ? (hour - 22) * 0.15 : 0);
  };
  expect(exhaustion({ ...series(6 * DAY, 5 * MINUTE, dump), now: NOW, limit: 1 })).toBeNull();
  const first = series(6 * DAY, 5 * MINUTE, (ago) => (ago < 2 * HOUR ? dump(ago) : 0.6));
  expect(exhaustion({ ...first, now: NOW, limit: 1 })).not.toBeNull();
});

test('the range holds the true moment about as often as it says, over many noisy disks', () => {
  const random = new SeededRandom(5);
  let held = 0;
  let said = 0;
  for (let k = 0; k < 150; k++) {
    // A random walk with drift: growth comes in uneven portions, as writes do. It is run on until it fills.
    const drift = 0.01 + random.next() * 0.03;
    const unevenness = drift * 1.5;
    const path = [0.5];
    while ((path[path.length - 1] ?? 1) < 1 && path.length < 24 * 90) {
      path.push((path[path.length - 1] ?? 1) + drift / 24 + (random.normal() * unevenness) / Math.sqrt(24));
    }
    const fullAt = path.length - 1;
    const cut = Math.floor(fullAt * 0.55);
    if (cut < 48) continue;
    const times = Float64Array.from({ length: cut + 1 }, (_, i) => NOW - (cut - i) * HOUR);
    const found = exhaustion({
      times,
      values: Float64Array.from(path.slice(0, cut + 1)),
      now: NOW,
      limit: 1,
      level: 0.8,
    });
    if (found === null || found.from === null) continue;
    said++;
    const truth = NOW + (fullAt - cut) * HOUR;
    if (truth >= found.from && truth <= (found.to ?? Infinity)) held++;
  }
  expect(said).toBeGreaterThan(50);
  expect(held / said).toBeGreaterThan(0.68);
  expect(held / said).toBeLessThan(0.97);
});
