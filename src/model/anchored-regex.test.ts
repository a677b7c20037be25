import { expect, test } from 'vitest';
import { anchoredRegex } from './anchored-regex.ts';

test.each<[string, string, boolean]>([
  ['web', 'web-1', false],
  ['web|db', 'db', true],
  ['web.*', 'web\n1', true],
  ['(?i)WEB-[0-9]+', 'web-12', true],
  ['(?i:WEB)-A', 'web-a', false],
  ['web\\-1', 'web-1', true],
  ['a\\:b\\_c', 'a:b_c', true],
  ['[\\w\\-.]+', 'a-b.c', true],
  ['[[:alpha:]]+', 'abc', true],
  ['[[:alpha:]]+', 'ab1', false],
  ['\\Qa.b\\E+', 'a.bb', true],
  ['\\Qa.b\\E', 'axb', false],
  ['(?P<host>[^:]+):\\d+', 'web-1:9100', true],
  ['\\Ax\\z', 'x', true],
  ['', '', true],
  ['', 'x', false],
  ['\\x{fc}', 'ü', true],
  ['a]', 'a]', true],
  ['[]a]+', 'a]a', true],
  ['[^]]', ']', false],
  ['[[]', '[', true],
])('/%s/ against %j: %s', (pattern, text, matches) => {
  expect(anchoredRegex(pattern).test(text)).toBe(matches);
});

test.each(['(', '(?=a)', '(?<!a)b', '(a)\\1', 'a\\', '[[:nope:]]', '*'])('/%s/ is refused as RE2 would', (pattern) => {
  expect(() => anchoredRegex(pattern)).toThrow(SyntaxError);
});
