import { expect, test } from 'vitest';
import { VirtualTime } from './virtual-time.ts';

const NOON = Date.UTC(2026, 0, 5, 12);

test('what is repeated runs at its times, in order, one after another', async () => {
  const time = new VirtualTime(NOON);
  const runs: string[] = [];
  const task = (name: string) => async () => {
    await Promise.resolve();
    runs.push(`${name} ${(time.now() - NOON) / 1000}`);
  };
  time.repeat(5_000, task('tick'));
  const stop = time.repeat(10_000, task('save'));
  await time.advanceTo(NOON + 12_000);
  expect(runs).toEqual(['tick 5', 'tick 10', 'save 10']);
  expect(time.now()).toBe(NOON + 12_000);
  expect(time.monotonic()).toBe(12_000);
  stop();
  await time.advanceTo(NOON + 20_000);
  expect(runs.slice(3)).toEqual(['tick 15', 'tick 20']);
});

test('it does not run backwards', async () => {
  const time = new VirtualTime(NOON);
  await expect(time.advanceTo(NOON - 1)).rejects.toMatchObject({ code: 'BAD_REQUEST' });
});
