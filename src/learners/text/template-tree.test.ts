import { expect, test } from 'vitest';
import { TemplateTree } from './template-tree.ts';

function learn(lines: readonly string[]): { tree: TemplateTree; ids: number[] } {
  const tree = new TemplateTree();
  const ids = lines.map((line) => tree.learnOne(line)).map((id) => tree.resolve(id));
  return { tree, ids };
}

test('lines that differ in their values alone are one template', () => {
  const { tree, ids } = learn(['Connected to 10.0.0.1 in 12 ms', 'Connected to 10.0.0.2 in 7 ms', 'Connection lost']);
  expect(ids[0]).toBe(ids[1]);
  expect(ids[2]).not.toBe(ids[0]);
  expect(tree.templates().map(({ text, count }) => [text, count])).toEqual([
    ['Connected to <*> in <*>', 2],
    ['Connection lost', 1],
  ]);
});

test('a place becomes a value with the fourth word, and earlier ids lead to the joined template', () => {
  const tree = new TemplateTree();
  const lines = ['anna', 'berta', 'carla', 'dora'].map((name) => `session closed for user ${name}`);
  const first = lines.slice(0, 3).map((line) => tree.learnOne(line));
  expect(new Set(first.map((id) => tree.resolve(id))).size).toBe(3);
  const fourth = tree.learnOne(lines[3] ?? '');
  expect(new Set([...first, fourth].map((id) => tree.resolve(id))).size).toBe(1);
  expect(tree.text(fourth)).toBe('session closed for user <*>');
  expect(tree.templates()[0]?.count).toBe(4);
});

test('few alternatives stay apart however alike the rest is', () => {
  const { ids } = learn([
    'chdir(/a/b) failed: permission denied by policy',
    'chdir(/c/d) failed: connection reset by peer',
    'chdir(/e/f) failed: permission denied by policy',
  ]);
  expect(ids[0]).toBe(ids[2]);
  expect(ids[1]).not.toBe(ids[0]);
});

test('states in capitals stay apart beyond four', () => {
  const states = ['NEW', 'INIT', 'SETUP', 'RUNNING', 'DONE', 'FAILED'];
  const { ids } = learn(states.map((state) => `task 17 went over to ${state}`));
  expect(new Set(ids).size).toBe(states.length);
});

test('words known as values behind a word are values behind it elsewhere', () => {
  const { tree, ids } = learn([
    ...['anna', 'berta', 'carla', 'dora'].map((name) => `closed session for user ${name}`),
    'opened session for user anna by (uid=0)',
    'opened session for user dora by (uid=0)',
  ]);
  expect(ids[4]).toBe(ids[5]);
  expect(tree.text(ids[5] ?? 0)).toBe('opened session for user <*> by (uid=<*>)');
});

test('asking for a template learns nothing, and memory stays bounded', () => {
  const tree = new TemplateTree({ maxTemplates: 50 });
  tree.learnOne('started worker');
  const before = tree.toBytes();
  expect(tree.match('started worker')).toBeGreaterThan(0);
  expect(tree.match('something else entirely')).toBe(-1);
  expect(tree.toBytes()).toEqual(before);
  const letters = 'abcdefghijklmnopqrstuvwxyz';
  for (let i = 0; i < 3000; i++) {
    tree.learnOne(
      `${letters[i % 26]}${letters[(i * 7) % 26]}${letters[(i * 11) % 25]} ${letters[(i * 3) % 26]}x happened`,
    );
  }
  expect(tree.templates().length).toBeLessThanOrEqual(51);
});
