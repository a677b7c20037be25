import { expect, test } from 'vitest';
import { labelsFrom, labelValue } from '../../model/index.ts';
import { LogCounts } from './log-counts.ts';

const shop = labelsFrom([
  ['__name__', 'log_records_total'],
  ['job', 'shop'],
]);

test('counters go on at an even pace from nought, and end with their sender', async () => {
  let now = 1_780_000_000_000;
  const begin = now;
  const counts = new LogCounts({ clock: { now: () => now, monotonic: () => 0 }, intervalMs: 1 });
  expect(counts.isUsed).toBe(false);
  counts.add(shop, [['severity', 'error']], 2);
  const stop = new AbortController();
  const given: unknown[] = [];
  const acts = [
    () => counts.add(shop, [['severity', 'info']], 5),
    () => {},
    () => (now += 600_001),
    () => counts.add(shop, [['severity', 'error']], 1),
    () => stop.abort(),
  ];
  let isFailing = true;
  await counts.start(async (event) => {
    if (isFailing) {
      isFailing = false;
      counts.add(shop, [['severity', 'error']], 0);
      throw new Error('the disk is full');
    }
    if (event.kind === 'samples')
      given.push(
        event.samples.map(({ labels, at, value, stale }) => [
          labelValue(labels, 'severity'),
          at - begin,
          stale === true ? 'end' : value,
        ]),
      );
    now += 10;
    acts.shift()?.();
  }, stop.signal);
  expect(given).toEqual([
    [['error', 0, 2]],
    [
      ['error', 10, 2],
      ['info', 9, 0],
      ['info', 10, 5],
    ],
    [
      ['error', 20, 2],
      ['info', 20, 5],
    ],
    [
      ['error', 600_031, 'end'],
      ['info', 600_031, 'end'],
    ],
    [
      ['error', 600_040, 0],
      ['error', 600_041, 1],
    ],
  ]);
  expect(counts.health()).toMatchObject({ state: 'stopped', problems: [] });
});
