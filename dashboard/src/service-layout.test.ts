import { expect, test } from 'vitest';
import { layServices } from './service-layout.ts';

const call = (text: string) => {
  const [from = '', to = ''] = text.split('>');
  return { from, to };
};
function columns(ids: string, ...calls: string[]): string[] {
  const { placed, layers } = layServices(ids.split(''), calls.map(call));
  return Array.from({ length: layers }, (_, layer) =>
    placed
      .filter((one) => one.layer === layer)
      .map(({ id }) => id)
      .join(''),
  );
}

test('callers stand left of those that they call, one column behind the furthest', () => {
  expect(columns('cba', 'a>b', 'b>c', 'a>c')).toEqual(['a', 'b', 'c']);
});

test('a circle is drawn all the same', () => {
  expect(columns('abc', 'a>b', 'b>c', 'c>b')).toEqual(['a', 'b', 'c']);
  expect(columns('ab', 'a>b', 'b>a')).toEqual(['a', 'b']);
});

test('within a column each stands near those it is connected to, so that lines do not cross', () => {
  expect(columns('abxy', 'a>y', 'b>x')).toEqual(['ba', 'xy']);
});

test('who has nobody stands apart; who calls itself or somebody unknown, too', () => {
  const { apart, layers } = layServices(['a', 'b', 'c'], [call('b>b'), call('c>z')]);
  expect([apart, layers]).toEqual([['a', 'b', 'c'], 0]);
});

test('200 services with 600 calls take no time that a person would see', () => {
  const ids = Array.from({ length: 200 }, (_, i) => `s${i}`);
  const calls = Array.from({ length: 600 }, (_, i) => ({ from: `s${(i * 7) % 200}`, to: `s${(i * 13 + 5) % 200}` }));
  const started = performance.now();
  const { placed, apart } = layServices(ids, calls);
  expect(placed.length + apart.length).toBe(200);
  expect(performance.now() - started).toBeLessThan(1_000);
});
