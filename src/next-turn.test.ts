import { setImmediate as loopTurn } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { nextTurn } from './next-turn.ts';

it('two works in pieces do not have one turn of the event loop between them', async () => {
  const done: string[] = [];
  const work = async (name: string): Promise<void> => {
    for (let i = 0; i < 3; i++) {
      await nextTurn();
      done.push(name);
    }
  };
  const [a, b] = [work('a'), work('b')];
  const perTurn: number[] = [];
  for (let before = 0; done.length < 6; before = done.length) {
    await loopTurn();
    perTurn.push(done.length - before);
  }
  await Promise.all([a, b]);
  expect(Math.max(...perTurn)).toBe(1);
  expect(done.join('')).toBe('ababab');
});
