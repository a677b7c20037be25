import { expect, test } from 'vitest';
import { remaining } from '../../gameday/undo/entries.ts';

const line = (id: number, outlives = true): string => JSON.stringify({ id, argv: ['true', String(id)], outlives });
const done = (id: number): string => JSON.stringify({ done: id });

test.each([
  ['nothing was done', '', []],
  ['the last step is taken back first', [line(0), line(1), line(2)].join('\n'), [2, 1, 0]],
  ['what is done is left out', [line(0), line(1), done(1), line(2)].join('\n'), [2, 0]],
  ['a step done again after its undo counts by its own line', [line(0), done(0), line(1), ''].join('\n'), [1]],
  ['a line that was cut off had no step', `${line(0)}\n${line(1).slice(0, 20)}`, [0]],
] as const)('%s', (_name, text, ids) => {
  expect(remaining(text).map(({ id }) => id)).toEqual(ids);
});
