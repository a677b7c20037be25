import fc from 'fast-check';
import { expect, test } from 'vitest';
import { type AnchoredRegex, anchoredRegex } from './anchored-regex.ts';

function compiled(source: string): AnchoredRegex | null {
  try {
    return anchoredRegex(source);
  } catch (error) {
    if (error instanceof SyntaxError && error.message.includes('too large')) return null;
    throw error;
  }
}

/** Patterns on which JavaScript and RE2 agree, built from parts. */
const { pattern } = fc.letrec<{ pattern: string; atom: string }>((tie) => ({
  // Not deep: the other engine backtracks.
  atom: fc.oneof(
    { maxDepth: 2 },
    {
      weight: 6,
      arbitrary: fc.constantFrom(
        'a',
        'b',
        'c',
        '-',
        '.',
        '\\d',
        '\\w',
        '\\s',
        '[ab]',
        '[^a]',
        '[a-c\\d]',
        'ü',
        '\\.',
        '\\x{62}',
      ),
    },
    { weight: 1, arbitrary: tie('pattern').map((inner) => `(?:${inner})`) },
    { weight: 1, arbitrary: tie('pattern').map((inner) => `(${inner})`) },
  ),
  pattern: fc
    .array(
      fc.array(
        fc.tuple(tie('atom'), fc.constantFrom('', '', '', '*', '+', '?', '{2}', '{1,3}', '{0,2}', '{2,}', '*?', '+?')),
        { maxLength: 4 },
      ),
      { minLength: 1, maxLength: 3 },
    )
    .map((ways) => ways.map((parts) => parts.map(([atom, times]) => atom + times).join('')).join('|')),
}));
const text = fc.string({ unit: fc.constantFrom('a', 'b', 'c', '1', '-', ' ', 'ü', '😀', '\n'), maxLength: 5 });

test('says the same as JavaScript’s engine about any pattern both know', () => {
  fc.assert(
    fc.property(pattern, fc.array(text, { minLength: 1, maxLength: 5 }), (source, texts) => {
      // Nested counts may unfold to more than is allowed; on texts this short the other engine bears them.
      const own = compiled(source);
      if (own === null) return;
      const other = new RegExp(`^(?:${source.replaceAll('\\x{62}', 'b')})$`, 'su');
      for (const one of texts) {
        expect(own.test(one), one).toBe(other.test(one));
        expect(own.exec(one) !== null, one).toBe(other.test(one));
      }
    }),
    { numRuns: 3000 },
  );
});

test.each<[string, string, (string | undefined)[]]>([
  ['(.*)', 'abc', ['abc']],
  ['(a+)(a*)', 'aaa', ['aaa', '']],
  ['(a+?)(a*)', 'aaa', ['a', 'aa']],
  ['(a)|(b)', 'b', [undefined, 'b']],
  ['f(.*);(.*)r', 'foo;bar', ['oo', 'ba']],
  ['([^:]+)(?::(\\d+))?', 'web-1:9100', ['web-1', '9100']],
  ['([^:]+)(?::(\\d+))?', 'web-1', ['web-1', undefined]],
  ['(a|ab)(c|bcd)(d*)', 'abcd', ['a', 'bcd', '']],
  ['(😀+)x', '😀😀x', ['😀😀']],
])('/%s/ finds the groups of %j', (source, given, groups) => {
  expect(anchoredRegex(source).exec(given)?.texts.slice(1)).toEqual(groups);
});

test('groups have names', () => {
  const match = anchoredRegex('(?P<host>[^:]+):(?<port>\\d+)').exec('web-1:9100');
  expect([match?.groups.get('host'), match?.groups.get('port')]).toEqual(['web-1', '9100']);
});

test.each<[string, string, boolean]>([
  ['(?i)straße', 'STRAßE', true],
  ['(?i)[a-c]+', 'AbC', true],
  ['a(?i)b|c', 'aB', true],
  ['a(?i)b|c', 'C', true],
  ['a(?i:b)c', 'aBC', false],
  ['(?-s).', '\n', false],
  ['(?m)^b$|a\\n^b$', 'a\nb', true],
  ['a$b', 'ab', false],
  ['a\\bb', 'ab', false],
  ['a\\b-\\bb', 'a-b', true],
  ['\\pL+', 'Ünïcödé', true],
  ['\\p{Greek}+', 'αβγ', true],
  ['\\P{Greek}+', 'αβγ', false],
  ['[\\pL\\d]+', 'é1', true],
  ['[^\\d\\s]+', 'a b', false],
  ['(?:a*)*', 'aaa', true],
  ['(?:|a)+', 'aaa', true],
  ['a{', 'a{', true],
  ['a{,2}', 'a{,2}', true],
  ['[[:^digit:]]+', 'ab', true],
  ['x*', '', true],
])('/%s/ against %j: %s', (source, given, expected) => {
  expect(anchoredRegex(source).test(given)).toBe(expected);
  expect(anchoredRegex(source).exec(given) !== null).toBe(expected);
});

test.each([
  'a**',
  '(?:a',
  'a)',
  '[a',
  '[b-a]',
  'a{2,1}',
  'a{1001}',
  '(?x)a',
  '\\p{Nope}',
  '\\8',
  '(?P<a>.)(?P<a>.)',
  '(((a{100}){100}){100})',
  '(?:(?:(?:){1000}){1000}){1000}',
  // More steps than are run; more than are made in a moment.
  '(?:abc){700}',
  `(?i)(?:${'\\pL'.repeat(300)}){1000}`,
])('/%s/ is refused', (source) => {
  expect(() => anchoredRegex(source)).toThrow(SyntaxError);
});

/** Each takes a backtracking engine longer than anybody waits. */
const traps: [string, string][] = [
  ['(a+)+$', 'a'.repeat(4000) + '!'],
  ['(a|aa)+', 'a'.repeat(4000) + '!'],
  ['(a|a?)+', 'a'.repeat(4000) + '!'],
  ['(.*a){20}', 'a'.repeat(4000) + '!'],
  ['.*.*.*.*.*.*=.*', 'a'.repeat(4000)],
  ['([a-zA-Z]+)*', 'a'.repeat(4000) + '!'],
  ['(?:a?){500}a{500}', 'a'.repeat(500)],
  ['(\\w+\\s?)+', 'a b '.repeat(1000) + '!'],
  ['(x+x+)+y', 'x'.repeat(4000)],
  ['(?:[01]*1[01]{14})', '01'.repeat(2000) + '2'],
  ['(?i)(?:a|b|ab)*c', 'aB'.repeat(2000)],
  ['\\b(?:\\w+\\b\\W?)*x', 'ab '.repeat(1300)],
];

test('what unfolds to much is refused before it is unfolded', () => {
  // Twenty million steps would take longer than a test may.
  expect(() => anchoredRegex(`(?:${'[a-c]'.repeat(4_000)}){1000}`)).toThrow('too large');
});

test.each(traps)('/%s/ does not hold its thread', (source, given) => {
  const began = performance.now();
  const regex = anchoredRegex(source);
  for (let i = 0; i < 3; i++) regex.test(given);
  regex.exec(given);
  expect(performance.now() - began).toBeLessThan(1500);
});

test('a pattern of any text is refused or answers soon', () => {
  const unit = fc.constantFrom(
    'a',
    '(',
    ')',
    '*',
    '+',
    '?',
    '|',
    '[',
    ']',
    '^',
    '$',
    '\\',
    '{',
    '}',
    '2',
    ',',
    '-',
    'p',
    'Q',
    'E',
    '(?i)',
    '[:alpha:]',
  );
  fc.assert(
    fc.property(fc.string({ unit, maxLength: 40 }), fc.string({ unit, maxLength: 40 }), (source, given) => {
      let regex: AnchoredRegex | null = null;
      try {
        regex = anchoredRegex(source);
      } catch (error) {
        expect(error).toBeInstanceOf(SyntaxError);
      }
      if (regex !== null) expect(regex.exec(given) !== null).toBe(regex.test(given));
    }),
    { numRuns: 3000 },
  );
});

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
