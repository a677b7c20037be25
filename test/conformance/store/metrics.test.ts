import { readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { isStaleMarker, writeStaleMarker } from '../../../src/model/index.ts';
import { batchOf, DAY, MIDNIGHT, newHome, openTestStores, pointsOf, seriesOf, withStores } from './open-test-stores.ts';

const T = MIDNIGHT + 3_600_000;

test('gives back what was appended, from the buffer and from blocks alike', () =>
  withStores(async (stores) => {
    const [a, b] = seriesOf(stores, 2);
    const points = [...Array(3_000).keys()].map(
      (i) => [i % 2 === 0 ? a : b, T + i * 5_000, Math.sin(i) * 1e6] as const,
    );
    await stores.metrics.append(batchOf(points));
    const expected = points.filter((p) => p[0] === a).map(([, time, value]) => [time, value]);
    expect(await pointsOf(stores, a)).toEqual(expected);
    await stores.metrics.housekeep(T, true);
    expect((await stores.metrics.stats()).headPoints).toBe(0);
    expect(await pointsOf(stores, a)).toEqual(expected);
    expect(await pointsOf(stores, a, T + 10_000, T + 20_000)).toEqual(expected.slice(1, 3));
    const [limited] = await stores.metrics.range([a], -Infinity, Infinity, 2);
    expect([...limited.times]).toEqual(expected.slice(-2).map((p) => p[0]));
  }));

test('survives many small flushes and merges them without losing or doubling a point', () =>
  withStores(
    async (stores) => {
      const refs = seriesOf(stores, 7);
      for (let i = 0; i < 200; i++) {
        await stores.metrics.append(batchOf(refs.map((ref) => [ref, T + i * 1_000, ref * 1_000 + i] as const)));
      }
      await stores.metrics.housekeep(T, true);
      for (const ref of refs) {
        expect(await pointsOf(stores, ref)).toEqual(
          [...Array(200).keys()].map((i) => [T + i * 1_000, ref * 1_000 + i]),
        );
      }
      expect(await stores.metrics.stats()).toMatchObject({ blockPoints: 1_400, headPoints: 0 });
    },
    { bufferPoints: 32 },
  ));

test('leaves out repeats, keeps late samples and says how many of each', () =>
  withStores(async (stores) => {
    const [a] = seriesOf(stores, 1);
    await stores.metrics.append(batchOf([[a, T, 1], [a, T + 2_000, 3]])); // biome-ignore format: a table
    const again = await stores.metrics.append(batchOf([[a, T, 1], [a, T + 1_000, 2], [a, T + 2_000, 3], [a, T + 3_000, 4]])); // biome-ignore format: a table
    expect(again).toMatchObject({ stored: 2, outOfOrder: 1, duplicates: 2 });
    await stores.metrics.housekeep(T, true);
    const fromBlocks = await stores.metrics.append(batchOf([[a, T, 1], [a, T + 1_000, 2], [a, T + 500, 9]])); // biome-ignore format: a table
    expect(fromBlocks).toMatchObject({ stored: 1, outOfOrder: 1, duplicates: 2 });
    expect(await pointsOf(stores, a)).toEqual([[T, 1], [T + 500, 9], [T + 1_000, 2], [T + 2_000, 3], [T + 3_000, 4]]); // biome-ignore format: a table
  }));

test('keeps the bits of NaN, of the staleness marker, of infinities and of minus zero', () =>
  withStores(async (stores) => {
    const [a] = seriesOf(stores, 1);
    const batch = batchOf([[a, T, Number.NaN], [a, T + 1, 0], [a, T + 2, Infinity], [a, T + 3, -Infinity], [a, T + 4, -0], [a, T + 5, 5e-324]]); // biome-ignore format: a table
    writeStaleMarker(batch.values, 1);
    await stores.metrics.append(batch);
    for (const flush of [false, true]) {
      await stores.metrics.housekeep(T, flush);
      const [{ values }] = await stores.metrics.range([a], T, T + 10);
      const bits = new BigUint64Array(values.buffer, values.byteOffset, values.length);
      expect([...bits]).toEqual([...new BigUint64Array(batch.values.buffer)]);
      expect(bits[1]).toBe(0x7ff0000000000002n);
    }
    expect(isStaleMarker(1)).toBe(false);
  }));

test('finds the newest point within an age, wherever it lies', () =>
  withStores(async (stores) => {
    const [a, b, c] = seriesOf(stores, 3);
    await stores.metrics.append(batchOf([[a, T, 1], [b, T, 2], [b, T + 9_000, 3]])); // biome-ignore format: a table
    await stores.metrics.housekeep(T, true);
    await stores.metrics.append(batchOf([[a, T + 5_000, 4]]));
    const found = await stores.metrics.last([c, b, a], T + 10_000, 60_000);
    expect(found.map((one) => [one.ref, one.times[0], one.values[0]])).toEqual([[b, T + 9_000, 3], [a, T + 5_000, 4]]); // biome-ignore format: a table
    expect(await stores.metrics.last([a, b], T + 10_000, 2_000)).toHaveLength(1);
    const [earlier] = await stores.metrics.last([a], T + 4_000, 60_000);
    expect(earlier.values[0]).toBe(1);
  }));

test('keeps times that lie years apart', () =>
  withStores(async (stores) => {
    const [a] = seriesOf(stores, 1);
    const far = Date.UTC(2100, 0, 1);
    await stores.metrics.append(batchOf([[a, T, 1], [a, far, 2]])); // biome-ignore format: a table
    await stores.metrics.housekeep(T, true);
    expect(await pointsOf(stores, a)).toEqual([[T, 1], [far, 2]]); // biome-ignore format: a table
  }));

test('refuses new label sets beyond the limit, and goes on with those that exist', () =>
  withStores(
    async ({ metrics }) => {
      expect(metrics.index.resolve(['__name__', 'a'], 'gauge')).toBe(0);
      expect(metrics.index.resolve(['__name__', 'b'], 'gauge')).toBe(1);
      expect(metrics.index.resolve(['__name__', 'c'], 'gauge')).toBe(-1);
      expect(metrics.index.resolve(['__name__', 'a'], 'gauge')).toBe(0);
      await expect(metrics.append(batchOf([[7, T, 1]]))).rejects.toMatchObject({ code: 'BAD_SAMPLES' });
      expect(await metrics.append(batchOf([[0, T, 1]]))).toMatchObject({ stored: 1 });
    },
    { limits: { series: 2, quotaBytes: 2e9, minFreeBytes: 1 } },
  ));

test('rollups say what a plain sum over the points says', () =>
  withStores(
    async (stores) => {
      const [a] = seriesOf(stores, 1);
      const points: [number, number, number][] = [];
      let total = 0;
      for (let time = MIDNIGHT - 7_200_000; time < MIDNIGHT + 1.5 * DAY; time += 17_000) {
        total = time % 50_000 === 0 ? 3 : total + (time % 7_000) / 1_000;
        points.push([a, time, points.length % 100 === 99 ? Number.NaN : total]);
      }
      await stores.metrics.append(batchOf(points));
      const ask = (step: number) => stores.metrics.downsample([a], MIDNIGHT, MIDNIGHT + DAY - 1, step);
      const before = await Promise.all([300_000, 3_600_000, 420_000].map(ask));
      await stores.metrics.housekeep(MIDNIGHT + 2 * DAY, true);
      await stores.metrics.housekeep(MIDNIGHT + 2 * DAY, false);
      const after = await Promise.all([300_000, 3_600_000, 420_000].map(ask));
      for (const [i, step] of [300_000, 3_600_000, 420_000].entries()) {
        const expected = bruteForce(points, MIDNIGHT, MIDNIGHT + DAY - 1, step);
        for (const [rollup] of [before[i], after[i]]) {
          expect([...rollup.times]).toEqual(expected.map((e) => e.time));
          for (const column of ['count', 'sum', 'min', 'max', 'last', 'increase'] as const) {
            expected.forEach((e, k) => expect(rollup[column][k]).toBeCloseTo(e[column], 6));
          }
        }
      }
    },
    { at: MIDNIGHT + 2 * DAY },
  ));

interface Step { time: number; count: number; sum: number; min: number; max: number; last: number; increase: number } // biome-ignore format: a record

function bruteForce(points: readonly [number, number, number][], from: number, to: number, step: number): Step[] {
  const first = Math.ceil(from / step) * step;
  const known = points.filter((p) => !Number.isNaN(p[2]));
  const steps: Step[] = [];
  for (let time = first; time <= to; time += step) {
    const inside = known.flatMap((p, i) => (p[1] >= time && p[1] < time + step ? [i] : []));
    if (inside.length === 0) continue;
    const values = inside.map((i) => known[i][2]);
    const growth = inside.map((i) =>
      i === 0 ? 0 : known[i][2] >= known[i - 1][2] ? known[i][2] - known[i - 1][2] : known[i][2],
    );
    const sum = (list: number[]): number => list.reduce((x, y) => x + y, 0);
    steps.push({ time, count: values.length, sum: sum(values), min: Math.min(...values), max: Math.max(...values), last: values[values.length - 1], increase: sum(growth) }); // biome-ignore format: a record
  }
  return steps;
}

test('unlinks days that passed their retention and still answers from their rollups', async () => {
  const home = newHome();
  let now = MIDNIGHT + 2 * DAY;
  const clock = { now: () => now, monotonic: () => 0 };
  const stores = await openTestStores(home, { clock });
  try {
    const [a] = seriesOf(stores, 1);
    await stores.metrics.append(batchOf([[a, T, 5], [a, T + 60_000, 7]])); // biome-ignore format: a table
    await stores.metrics.housekeep(now, true);
    await stores.metrics.housekeep(now, false);
    expect(readdirSync(join(home, 'blocks')).filter((name) => name.endsWith('.db'))).toEqual(['2026-11-20.db']);
    now += 20 * DAY;
    await stores.metrics.housekeep(now, false);
    expect(readdirSync(join(home, 'blocks')).filter((name) => name.endsWith('.db'))).toEqual([]);
    expect(await pointsOf(stores, a)).toEqual([]);
    const [rollup] = await stores.metrics.downsample([a], MIDNIGHT, MIDNIGHT + DAY, 60_000 * 7);
    expect([...rollup.sum]).toEqual([12]);
    now += 400 * DAY;
    await stores.metrics.housekeep(now, false);
    expect((await stores.metrics.downsample([a], MIDNIGHT, MIDNIGHT + DAY, 3_600_000))[0].times).toHaveLength(0);
  } finally {
    await stores.close();
    rmSync(home, { recursive: true, force: true });
  }
});

test('keeps within the quota by dropping the oldest days first', () =>
  withStores(
    async (stores) => {
      const refs = seriesOf(stores, 20);
      for (let day = 0; day < 4; day++) {
        const time = MIDNIGHT + day * DAY;
        const noise = (i: number) => Math.sin(i * 12.9898 + day) * 43_758.5453;
        const points = refs.flatMap((ref) =>
          [...Array(900).keys()].map((i) => [ref, time + i * 10_000, noise(i * 31 + ref)] as const),
        );
        await stores.metrics.append(batchOf(points));
        await stores.metrics.housekeep(MIDNIGHT + 4 * DAY, true);
      }
      await stores.metrics.acknowledge(1e9);
      await stores.metrics.housekeep(MIDNIGHT + 4 * DAY, false);
      const points = await pointsOf(stores, refs[0]);
      expect(points[0][0]).toBeGreaterThan(MIDNIGHT);
      expect(points[points.length - 1][0]).toBe(MIDNIGHT + 3 * DAY + 899 * 10_000);
    },
    { bufferPoints: 65_536, at: MIDNIGHT + 4 * DAY, limits: { series: 100, quotaBytes: 2_600_000, minFreeBytes: 1 } },
  ));

test('refuses samples with STORE_FULL while the disk is nearly full, reads on, and says so', () =>
  withStores(
    async (stores) => {
      const [a] = seriesOf(stores, 1);
      await expect(stores.metrics.append(batchOf([[a, T, 1]]))).rejects.toMatchObject({ code: 'STORE_FULL' });
      expect((await stores.metrics.stats()).accepting).toBe(false);
      expect(await pointsOf(stores, a)).toEqual([]);
    },
    { limits: { series: 10, quotaBytes: 2e9, minFreeBytes: 1e18 } },
  ));

test('a restart finds points, series and positions again, and replays what was not acknowledged', async () => {
  const home = newHome();
  const first = await openTestStores(home);
  const [a, b] = seriesOf(first, 2);
  const one = await first.metrics.append(batchOf([[a, T, 1]]));
  const two = await first.metrics.append(batchOf([[b, T, 2], [a, T + 1, 3]])); // biome-ignore format: a table
  await first.close();
  const second = await openTestStores(home);
  expect(seriesOf(second, 3)).toEqual([a, b, 2]);
  expect(await pointsOf(second, a)).toEqual([[T, 1], [T + 1, 3]]); // biome-ignore format: a table
  const replayed: [number, number][] = [];
  expect(
    await second.metrics.replayFrom(one.position, (batch, position) => void replayed.push([position, batch.count])),
  ).toBe(two.position);
  expect(replayed).toEqual([[two.position, 2]]);
  expect(await second.metrics.append(batchOf([[a, T + 1, 3]]))).toMatchObject({ stored: 0, duplicates: 1 });
  await second.metrics.housekeep(T, true);
  await second.metrics.acknowledge(two.position);
  await second.metrics.housekeep(T, false);
  expect(await second.metrics.replayFrom(0, () => {})).toBe(0);
  expect((await second.metrics.append(batchOf([[a, T + 9, 3]]))).position).toBeGreaterThan(two.position);
  await second.close();
  rmSync(home, { recursive: true, force: true });
});

test('selects series by matchers as Prometheus does', () =>
  withStores(async ({ metrics: { index } }) => {
    index.resolve(['__name__', 'cpu', 'host', 'a', 'mode', 'idle'], 'counter');
    index.resolve(['__name__', 'cpu', 'host', 'b', 'mode', 'user'], 'counter');
    index.resolve(['__name__', 'up', 'host', 'a'], 'gauge');
    const cases: [string, Parameters<typeof index.select>[0], number[]][] = [
      ['equal', [{ name: '__name__', op: '=', value: 'cpu' }], [0, 1]],
      ['equal to a missing label', [{ name: 'mode', op: '=', value: '' }], [2]],
      ['not equal', [{ name: 'host', op: '!=', value: 'a' }], [1]],
      ['anchored pattern', [{ name: 'mode', op: '=~', value: 'id|us.*' }], [1]],
      ['pattern that matches nothing there', [{ name: 'mode', op: '!~', value: '.+' }], [2]],
      ['two conditions', [{ name: 'host', op: '=', value: 'a' }, { name: '__name__', op: '=~', value: 'c.u' }], [0]], // biome-ignore format: a table
    ];
    for (const [name, matchers, refs] of cases)
      expect(
        index.select(matchers, 10).map((s) => s.ref),
        name,
      ).toEqual(refs);
    expect(index.labelValues('host', 10)).toEqual(['a', 'b']);
    expect(index.labelNames()).toEqual(['__name__', 'host', 'mode']);
    expect(index.select([{ name: 'host', op: '=~', value: '(a+)+' }], 9)).toHaveLength(2);
    expect(() => index.select([{ name: 'host', op: '=~', value: '(?=a)a' }], 1)).toThrow();
  }));
