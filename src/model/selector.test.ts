import fc from 'fast-check';
import { expect, test } from 'vitest';
import { AuspexError } from '../errors.ts';
import { parseSelector } from './selector.ts';

const short = (text: string): string[] => parseSelector(text).map(({ name, op, value }) => `${name} ${op} ${value}`);

test.each<[string, string[]]>([
  ['node_load1', ['__name__ = node_load1']],
  ['  node:rate5m { } ', ['__name__ = node:rate5m']],
  [
    'node_load1{instance="web-1",mode!~"idle|iowait"}',
    ['__name__ = node_load1', 'instance = web-1', 'mode !~ idle|iowait'],
  ],
  ['{__name__=~"node_.+",a != "", }', ['__name__ =~ node_.+', 'a != ']],
  ["m{a='x\"y',b=`c\\d`}", ['__name__ = m', 'a = x"y', 'b = c\\d']],
  ['m{a="t\\tn\\n\\\\q\\"u\\u00fc"}', ['__name__ = m', 'a = t\tn\n\\q"uü']],
  ['{"http.requests","service.name"="x"}', ['__name__ = http.requests', 'service.name = x']],
  ['m{a=""}', ['__name__ = m', 'a = ']],
])('%s is read', (text, expected) => {
  expect(short(text)).toEqual(expected);
});

test.each<[string, number | null, string]>([
  ['', 1, 'a metric name or "{" is expected'],
  ['1up', 1, 'a metric name'],
  ['up[5m]', 3, 'nothing may follow'],
  ['up{', 4, 'closing "}"'],
  ['up{a}', 5, 'one of = != =~ !~'],
  ['up{a=b}', 6, 'value in quotes'],
  ['up{a="b}', 6, 'does not end'],
  ['up{a="b" c="d"}', 10, '"," or "}"'],
  ['up{a="b"', 9, 'closing "}"'],
  ['up{a=~"("}', 7, 'regular expression ( is not valid'],
  ['up{a="\\q"}', 7, '\\q is not an escape'],
  ['up{a="\\u00"}', 7, 'needs 4 hexadecimal digits'],
  ['up{"m"}', 7, 'given twice'],
  ['{}', null, 'match every series'],
  ['{a=~".*",b!="x"}', null, 'match every series'],
])('%s is refused with the position', (text, position, words) => {
  try {
    parseSelector(text);
    expect.unreachable();
  } catch (thrown) {
    expect(thrown).toBeInstanceOf(AuspexError);
    expect((thrown as AuspexError).code).toBe('BAD_REQUEST');
    expect((thrown as AuspexError).message).toContain(words);
    if (position !== null) expect((thrown as AuspexError).data).toEqual({ position });
  }
});

test('any text gives matchers or BAD_REQUEST', () => {
  const piece = fc.constantFrom('up', '{', '}', 'a', '=', '!~', '=~', '"', '\\', ',', '.*', '(', ' ', 'é', '\n');
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 12 }), (parts) => {
      try {
        return Array.isArray(parseSelector(parts.join('')));
      } catch (thrown) {
        return thrown instanceof AuspexError && thrown.code === 'BAD_REQUEST';
      }
    }),
    { numRuns: 2000, seed: 1 },
  );
});
