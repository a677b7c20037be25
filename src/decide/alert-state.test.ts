import { expect, test } from 'vitest';
import {
  type AlertTiming,
  type ConditionReading,
  type ConditionState,
  flaps,
  passTime,
  stepCondition,
} from './alert-state.ts';

const timing = { forMs: 60_000, holdMs: 60_000 };
const letters: Record<string, ConditionReading> = { X: 'breach', '-': 'between', '.': 'clear', '?': 'missing' };

/** Plays one reading every 10 s; gives the transitions with their second. */
function play(readings: string, how: AlertTiming = timing): string[] {
  let state: ConditionState | null = null;
  const seen: string[] = [];
  for (const [i, letter] of readings.split('').entries()) {
    const step = stepCondition(state, letters[letter] ?? 'missing', i * 10_000, how);
    state = step.state;
    if (step.transition !== null) seen.push(`${i * 10} ${step.transition}`);
    const passed = state === null || how.noDataMs === undefined ? null : passTime(state, i * 10_000, how);
    if (passed === null || passed.transition === null) continue;
    state = passed.state;
    seen.push(`${i * 10} ${passed.transition}`);
  }
  return seen;
}

test.each([
  ['a breach fires only after its minimum duration', 'XXXXXX', ['0 started']],
  ['… and then it does', 'XXXXXXX', ['0 started', '60 fired']],
  ['a dip below the clear limit begins it anew', 'XXXXX.XXXXX', ['0 started', '50 withdrawn', '60 started']],
  ['a dip into the band does not', 'XXX-XXX', ['0 started', '60 fired']],
  ['a value in the band alone neither begins nor fires', '-------X', ['70 started']],
  ['the band does not fire, however long', 'X-------', ['0 started']],
  ['fired, the band keeps it firing', 'XXXXXXX------', ['0 started', '60 fired']],
  ['clear is held first', 'XXXXXXX.....', ['0 started', '60 fired', '70 held']],
  ['… and resolved after the hold', 'XXXXXXX.......', ['0 started', '60 fired', '70 held', '130 resolved']],
  ['a breach within the hold is the same alert', 'XXXXXXX...X', ['0 started', '60 fired', '70 held', '100 returned']],
  ['the band does not resolve a held one', 'XXXXXXX.----------', ['0 started', '60 fired', '70 held']],
  ['missing values never fire', 'X??????', ['0 started']],
  ['missing values never resolve', 'XXXXXXX????????????????', ['0 started', '60 fired']],
  ['missing values do not end a hold', 'XXXXXXX.????????', ['0 started', '60 fired', '70 held']],
  ['the first clear value after them does', 'XXXXXXX.????????.', ['0 started', '60 fired', '70 held', '160 resolved']],
  ['nobody saw it last through a long gap', `X${'?'.repeat(40)}XX`, ['0 started', '410 withdrawn', '420 started']],
])('%s', (_, readings, expected) => {
  expect(play(readings)).toEqual(expected);
});

test('without durations it fires and resolves at once', () => {
  expect(play('.X.', { forMs: 0, holdMs: 0 })).toEqual(['10 fired', '20 resolved']);
});

test('a reading behind the last one changes nothing', () => {
  const { state } = stepCondition(null, 'breach', 100_000, { forMs: 0, holdMs: 0 });
  expect(stepCondition(state, 'clear', 90_000, { forMs: 0, holdMs: 0 })).toEqual({ state, transition: null });
});

const silent: AlertTiming = { forMs: 60_000, holdMs: 60_000, noDataMs: 30_000, endMs: 120_000 };
test.each([
  ['firing without values is without data, not over', 'XXXXXXX????', ['0 started', '60 fired', '90 no-data']],
  [
    '… and goes on firing with the next breach',
    'XXXXXXX????X',
    ['0 started', '60 fired', '90 no-data', '110 data-back'],
  ],
  ['… as with a value in the band', 'XXXXXXX????-', ['0 started', '60 fired', '90 no-data', '110 data-back']],
  [
    '… is held, not over, with the first clear value',
    'XXXXXXX????.',
    ['0 started', '60 fired', '90 no-data', '110 held'],
  ],
  ['… and ends after its time', `XXXXXXX${'?'.repeat(12)}`, ['0 started', '60 fired', '90 no-data', '180 given-up']],
  ['pending without values never fires', `X${'?'.repeat(12)}`, ['0 started', '30 no-data', '120 given-up']],
  [
    '… begins its time anew when they come again',
    'X????XXXXXXX',
    ['0 started', '30 no-data', '50 data-back', '110 fired'],
  ],
  ['… and is withdrawn by a clear one', 'X????.', ['0 started', '30 no-data', '50 withdrawn']],
  ['held without values is not resolved', 'XXXXXXX.???', ['0 started', '60 fired', '70 held', '100 no-data']],
  ['… comes back', 'XXXXXXX.???X', ['0 started', '60 fired', '70 held', '100 no-data', '110 returned']],
  [
    '… or is over when its hold has passed',
    'XXXXXXX.??????.',
    ['0 started', '60 fired', '70 held', '100 no-data', '140 resolved'],
  ],
  ['… or stays held', 'XXXXXXX.???.', ['0 started', '60 fired', '70 held', '100 no-data', '110 data-back']],
])('%s', (_, readings, expected) => {
  expect(play(readings, silent)).toEqual(expected);
});

const kept: AlertTiming = { forMs: 0, holdMs: 0, keepFiringMs: 30_000 };
test.each([
  ['it goes on firing for a while after it was last seen', 'X..', ['0 fired']],
  ['… and then is over', 'X...', ['0 fired', '30 resolved']],
  ['a breach in that time is no new alert', 'X..X...', ['0 fired', '60 resolved']],
  ['a value in the band counts as seen', 'X..-..', ['0 fired']],
])('kept firing: %s', (_, readings, expected) => {
  expect(play(readings, kept)).toEqual(expected);
});

test('kept firing, then held', () => {
  const how = { forMs: 0, holdMs: 20_000, keepFiringMs: 20_000 };
  expect(play('X......', how)).toEqual(['0 fired', '20 held', '40 resolved']);
});

test('where silence is no sign, it changes nothing', () => {
  const how = { forMs: 0, holdMs: 0, noDataMs: Number.POSITIVE_INFINITY };
  expect(play(`X${'?'.repeat(500)}.`, how)).toEqual(['0 fired', '5010 resolved']);
});

test('a hold that runs out with time needs no look', () => {
  const how = { forMs: 0, holdMs: 60_000, endsByTime: true };
  const { state } = stepCondition(stepCondition(null, 'breach', 0, how).state, 'clear', 10_000, how);
  if (state === null) throw new Error('it is held');
  expect(passTime(state, 60_000, how)).toEqual({ state, transition: null });
  expect(passTime(state, 70_000, how)).toEqual({ state: null, transition: 'resolved' });
});

const MINUTE = 60_000;
test.each([
  ['three times an hour is no flapping', [0, 10, 20], 21, 0],
  ['the fourth is', [0, 10, 20, 30], 31, 4],
  ['… until it has stayed', [0, 10, 20, 30], 45, 0],
  ['… and what is an hour ago no longer counts', [0, 10, 20, 65], 66, 0],
])('%s', (_, minutes, now, expected) => {
  expect(
    flaps(
      minutes.map((at) => at * MINUTE),
      now * MINUTE,
    ),
  ).toBe(expected);
});
