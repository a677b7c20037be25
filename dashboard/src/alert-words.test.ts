import { describe, expect, test } from 'vitest';
import { alertsSentence, budgetWords, toldWords } from './alert-words.ts';

const alert = (state: 'pending' | 'firing' | 'held' | 'no-data', suppressedBy: string | null = null) =>
  ({ state, severity: 'high', entityName: 'db-1', summary: 'x', suppressedBy }) as const;

describe('the sentence says what fires and who knows', () => {
  test.each([
    [[], 'Nothing fires.'],
    [[alert('firing')], '1 alert fires; people were told of it.'],
    [[alert('firing'), alert('held')], '2 alerts fire; people were told of all.'],
    [[alert('firing'), alert('firing', 'Silenced')], '2 alerts fire; people were told of 1.'],
    [[alert('firing', 'Silenced')], '1 alert fires; people were told of none.'],
    [[alert('pending')], 'Nothing fires; 1 waits to see whether it lasts.'],
    [[alert('pending'), alert('pending')], 'Nothing fires; 2 wait to see whether they last.'],
    [[alert('no-data')], 'Nothing fires; of one nobody knows how it stands, for lack of data.'],
  ])('%#', (alerts, wanted) => {
    expect(alertsSentence(alerts, [])).toBe(wanted);
  });

  test('and whose budget is spent', () => {
    const objectives = [
      { name: 'shop', budgetLeft: -0.5, spentInSeconds: 0 },
      { name: 'api', budgetLeft: 0.4, spentInSeconds: null },
    ];
    expect(alertsSentence([], objectives)).toBe('Nothing fires. The error budget of shop is spent.');
  });
});

test.each([
  [{ budgetLeft: null, spentInSeconds: null }, 'nothing counted yet'],
  [{ budgetLeft: 0.62, spentInSeconds: null }, '62\u202f% left'],
  [{ budgetLeft: 0.5, spentInSeconds: 86_400 }, '50\u202f% left, gone in 1\u202fd at the present pace'],
  [{ budgetLeft: -0.5, spentInSeconds: 0 }, 'spent, 150\u202f% of it used'],
])('a budget in words: %o', (objective, wanted) => {
  expect(budgetWords({ name: 'x', ...objective })).toBe(wanted);
});

test.each([
  ['pending', null, null, 'Nobody is told yet: it has to last.'],
  ['firing', 'then', null, 'People were told.'],
  ['held', 'then', 'Silenced by ann', 'Nobody was told: Silenced by ann'],
  ['no-data', 'then', null, 'People were told.'],
  ['no-data', null, null, 'Nobody is told: it did not last while there were values.'],
] as const)('%s, fired %s, %s', (state, firedAt, suppressedBy, wanted) => {
  expect(toldWords({ state, firedAt, suppressedBy })).toBe(wanted);
});

test('without a channel nobody was told, whatever fires', () => {
  const alert = { state: 'firing', firedAt: 'then', suppressedBy: null } as const;
  expect(toldWords(alert, false)).toBe('Nobody was told: no channel is set up.');
  const seen = { ...alert, severity: 'high', entityName: 'web-1', summary: 'Disk / is full' } as const;
  expect(alertsSentence([seen], [], false)).toBe('1 alert fires; nobody was told, since no channel is set up.');
});
