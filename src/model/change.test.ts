import { expect, test } from 'vitest';
import { type ChangeKind, changeText } from './change.ts';

test.each<[ChangeKind, string, string | null, string | null, string]>([
  ['deployment', 'shop', '1', '2', 'shop 1 → 2'],
  ['deployment', 'shop', null, '2', 'shop → 2'],
  ['flag', 'new checkout', null, null, 'new checkout'],
  ['configuration', '/etc/a', 'x', 'y', '/etc/a was edited'],
  ['configuration', '/etc/a', null, null, '/etc/a was edited'],
  ['configuration', '/etc/a', null, 'y', '/etc/a is new'],
  ['configuration', '/etc/a', 'x', null, '/etc/a is gone'],
  ['package', 'curl', '7', '8', 'curl 7 → 8'],
  ['package', 'curl', null, '8', 'curl 8 was installed'],
  ['package', 'curl', '7', null, 'curl 7 was removed'],
  ['package', '300 packages (a, b and 298 more)', null, null, '300 packages (a, b and 298 more) were changed'],
  ['restart', 'redis', null, null, 'redis was started anew'],
])('%s %s %s %s', (kind, what, from, to, text) => {
  expect(changeText({ kind, what, from, to })).toBe(text);
});
