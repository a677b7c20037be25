import { expect, test } from 'vitest';
import { type ConditionReading, type ConditionState, stepCondition } from './alert-state.ts';

const timing = { forMs: 60_000, holdMs: 60_000 };
const letters: Record<string, ConditionReading> = { X: 'breach', '-': 'between', '.': 'clear', '?': 'missing' };

/** Plays one reading every 10 s; gives the transitions with their second. */
function play(readings: string, how = timing): string[] {
  let state: ConditionState | null = null;
  const seen: string[] = [];
  for (const [i, letter] of readings.split('').entries()) {
    const step = stepCondition(state, letters[letter] ?? 'missing', i * 10_000, how);
    state = step.state;
    if (step.transition !== null) seen.push(`${i * 10} ${step.transition}`);
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
