import { expect, test } from 'vitest';
import type { RelabelRule } from '../../model/scrape.ts';
import { createRelabeller } from './relabel.ts';

const rule = (changes: Partial<RelabelRule>): RelabelRule => ({
  sourceLabels: [],
  separator: ';',
  regex: '(.*)',
  modulus: 0,
  targetLabel: '',
  replacement: '$1',
  action: 'replace',
  ...changes,
});

type Labels = Record<string, string>;
/** What Prometheus does with the same rules; null is dropped. */
const cases: [string, Labels, Partial<RelabelRule>[], Labels | null][] = [
  [
    'replace with groups',
    { a: 'foo' },
    [{ sourceLabels: ['a'], regex: 'f(.*)', targetLabel: 'd', replacement: 'ch${1}-ch${1}' }],
    { a: 'foo', d: 'choo-choo' },
  ],
  [
    'rules see what earlier ones did',
    { a: 'foo', b: 'bar', c: 'baz' },
    [
      { sourceLabels: ['a', 'b'], regex: 'f(.*);(.*)r', targetLabel: 'a', replacement: 'b${1}${2}m' },
      { sourceLabels: ['c', 'a'], regex: '(b).*b(.*)ba(.*)', targetLabel: 'd', replacement: '$1$2$2$3' },
    ],
    { a: 'boobam', b: 'bar', c: 'baz', d: 'boooom' },
  ],
  [
    'no match changes nothing',
    { a: 'boo' },
    [{ sourceLabels: ['a'], regex: 'f', targetLabel: 'b', replacement: 'bar' }],
    { a: 'boo' },
  ],
  ['the pattern is anchored', { a: 'foo' }, [{ sourceLabels: ['a'], regex: 'f|o', action: 'drop' }], { a: 'foo' }],
  ['drop', { a: 'foo' }, [{ sourceLabels: ['a'], regex: '.*o.*', action: 'drop' }], null],
  ['keep that does not match', { a: 'foo' }, [{ sourceLabels: ['a'], regex: 'no-match', action: 'keep' }], null],
  ['keep that matches', { a: 'foo' }, [{ sourceLabels: ['a'], regex: 'f.*', action: 'keep' }], { a: 'foo' }],
  [
    'hashmod as Prometheus hashes',
    { c: 'baz' },
    [{ sourceLabels: ['c'], targetLabel: 'd', action: 'hashmod', modulus: 1000 }],
    { c: 'baz', d: '976' },
  ],
  [
    'hashmod over a line break',
    { a: 'foo\nbar' },
    [{ sourceLabels: ['a'], targetLabel: 'b', action: 'hashmod', modulus: 1000 }],
    { a: 'foo\nbar', b: '734' },
  ],
  [
    'labelmap',
    { a: 'foo', b1: 'bar', b2: 'baz' },
    [{ regex: '(b.*)', replacement: 'bar_${1}', action: 'labelmap' }],
    { a: 'foo', b1: 'bar', b2: 'baz', bar_b1: 'bar', bar_b2: 'baz' },
  ],
  ['labeldrop', { a: 'foo', b1: 'bar' }, [{ regex: '(b.*)', action: 'labeldrop' }], { a: 'foo' }],
  ['labelkeep', { a: 'foo', b1: 'bar' }, [{ regex: '(b.*)', action: 'labelkeep' }], { b1: 'bar' }],
  [
    'a target label out of the match',
    { a: 'some-name-value' },
    [{ sourceLabels: ['a'], regex: 'some-([^-]+)-([^,]+)', targetLabel: '${1}', replacement: '${2}' }],
    { a: 'some-name-value', name: 'value' },
  ],
  [
    'an empty replacement removes the label',
    { a: 'some-name-value', name: 'x' },
    [{ sourceLabels: ['a'], regex: 'some-([^-]+)-([^,]+)', targetLabel: '${1}', replacement: '${3}' }],
    { a: 'some-name-value' },
  ],
  [
    'a target that is no label name does nothing',
    { a: 'some-name-0' },
    [{ sourceLabels: ['a'], regex: 'some-([^-]+)-([^,]+)', targetLabel: '${2}', replacement: '${1}' }],
    { a: 'some-name-0' },
  ],
  [
    'a group name reaches as far as it can',
    { a: 'foo' },
    [{ sourceLabels: ['a'], targetLabel: 'b', replacement: '$1x$$' }],
    { a: 'foo', b: '$' },
  ],
  [
    'named groups',
    { a: 'web-1:9100' },
    [{ sourceLabels: ['a'], regex: '(?P<host>[^:]+):.*', targetLabel: 'host', replacement: '$host' }],
    { a: 'web-1:9100', host: 'web-1' },
  ],
  [
    'without sources a constant is set',
    { a: '1' },
    [{ targetLabel: 'env', replacement: 'prod' }],
    { a: '1', env: 'prod' },
  ],
  [
    'lowercase and uppercase',
    { foo: 'bAr123Foo' },
    [
      { sourceLabels: ['foo'], targetLabel: 'up', action: 'uppercase' },
      { sourceLabels: ['foo'], targetLabel: 'low', action: 'lowercase' },
    ],
    { foo: 'bAr123Foo', up: 'BAR123FOO', low: 'bar123foo' },
  ],
  [
    'keepequal that is equal',
    { p: '1234', q: '1234' },
    [{ sourceLabels: ['p'], targetLabel: 'q', action: 'keepequal' }],
    { p: '1234', q: '1234' },
  ],
  [
    'keepequal that is not',
    { p: '1234', q: '5678' },
    [{ sourceLabels: ['p'], targetLabel: 'q', action: 'keepequal' }],
    null,
  ],
  [
    'dropequal that is equal',
    { p: '1234', q: '1234' },
    [{ sourceLabels: ['p'], targetLabel: 'q', action: 'dropequal' }],
    null,
  ],
  [
    'dropequal that is not',
    { p: '1234', q: '5678' },
    [{ sourceLabels: ['p'], targetLabel: 'q', action: 'dropequal' }],
    { p: '1234', q: '5678' },
  ],
];

test.each(cases)('%s', (_, input, rules, expected) => {
  const labels = new Map(Object.entries(input));
  const kept = createRelabeller(rules.map(rule))(labels);
  expect(kept ? Object.fromEntries(labels) : null).toEqual(expected);
});
