import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { AuspexError } from '../../errors.ts';
import { parsePromql } from './parse.ts';
import type { Expression } from './syntax.ts';

function shape(node: Expression): string {
  switch (node.kind) {
    case 'number':
      return String(node.value);
    case 'string':
      return JSON.stringify(node.value);
    case 'selector':
      return `${node.matchers.map(({ name, op, value }) => `${name}${op}${value}`).join(',')}${node.shift.offsetMs === 0 ? '' : ` -${node.shift.offsetMs}`}${node.shift.at === null ? '' : ` @${node.shift.at}`}`;
    case 'range':
      return `[${shape(node.selector)}:${node.rangeMs}]`;
    case 'subquery':
      return `[${shape(node.inner)}:${node.rangeMs}:${node.stepMs}]`;
    case 'call':
      return `${node.name}(${node.args.map(shape).join(';')})`;
    case 'aggregate':
      return `${node.op}${node.isWithout ? '!' : ''}<${node.labels.join(',')}>(${shape(node.inner)})`;
    case 'binary':
      return `(${shape(node.left)} ${node.op} ${shape(node.right)})`;
    case 'negation':
      return `-${shape(node.inner)}`;
  }
}

describe('a tree', () => {
  test.each([
    ['1 + 2 * 3 ^ 4 ^ 5', '(1 + (2 * (3 ^ (4 ^ 5))))'],
    ['-1 ^ 2', '-(1 ^ 2)'],
    ['-a * b', '(-__name__=a * __name__=b)'],
    ['a - b offset 5m * c', '(__name__=a - (__name__=b -300000 * __name__=c))'],
    ['a or b and c unless d', '(__name__=a or ((__name__=b and __name__=c) unless __name__=d))'],
    ['a{x="1",y=~"b|c"}[1h30m] offset -1w', '[__name__=a,x=1,y=~b|c --604800000:5400000]'],
    ['sum without (a, b) (rate(x[5m]))', 'sum!<a,b>(rate([__name__=x:300000]))'],
    ['rate(x[5m])[1h:] offset 1m', '[rate([__name__=x:300000]):3600000:null]'],
    ['x @ 12.5 offset 1m', '__name__=x -60000 @12500'],
    [`{"a.b", 'c d'="e\\u00e9"}`, '__name__=a.b,c d=eé'],
    ['0x1F + 1e3 + 1_000 + .5 + 1m', '((((31 + 1000) + 1000) + 0.5) + 60)'],
    ['sum # of all\n(up)', 'sum<>(__name__=up)'],
  ])('of %s', (text, wanted) => {
    expect(shape(parsePromql(text).root)).toBe(wanted);
  });
});

describe('what is not an expression is refused with its place', () => {
  test.each([
    ['', 1, 'ends too early'],
    ['up +', 5, 'ends too early'],
    ['foo bar', 5, '"bar"'],
    ['sum(rate(x[5m])', 16, 'ends too early'],
    ['1 + holt_winters(x[5m], 0.5, 0.5)', 5, 'holt_winters'],
    ['1 + histogram_fraction(0, 1, x)', 5, 'histogram_fraction is not supported'],
    ['limitk(2, x)', 1, 'limitk'],
    ['rate(x)', 6, 'rate takes a range vector, this is an instant vector'],
    ['sum(x[5m])', 5, 'sum takes an instant vector'],
    ['x[5m] + 1', 1, 'takes numbers and instant vectors'],
    ['1 > 2', 3, 'bool'],
    ['x + bool y', 3, '"bool"'],
    ['x and 1', 3, 'instant vectors'],
    ['x and on(a) group_left(b) y', 13, 'grouping'],
    ['x * on(a) group_left(a) y', 5, 'at once'],
    ['x + on(a) 1', 3, 'labels are matched'],
    ['{a=""}', 1, 'every series'],
    ['x{a=~"("}', 6, 'regular expression'],
    ['x{a="b}', 8, 'ends too early'],
    ['"b', 1, 'does not end'],
    ['x{a="\\q"}', 6, 'escape'],
    ['x[0s]', 3, 'longer than 0'],
    ['x offset 1m offset 2m', 13, 'twice'],
    ['sum(x) offset 1m', 8, 'behind a selector'],
    ['x offset 1m [5m]', 14, 'before'],
    ['(x)[5m', 7, 'ends too early'],
    ['sum(x)[5m]', 8, 'subquery'],
    ['round(x, 1, 2)', 1, 'at least 1 arguments'],
    ['x fill(0) + y', 3, 'not expected'],
    ['a + fill(0) b', 5, 'not supported'],
    ['topk(x)', 1, 'a parameter'],
    [`${'('.repeat(300)}1${')'.repeat(300)}`, 202, 'levels deep'],
    [`1${' + 1'.repeat(300)}`, 803, 'in a row'],
    [`${'- '.repeat(300)}1`, 401, 'in a row'],
    ['x'.repeat(20_001), 1, 'characters'],
  ])('%s', (text, position, words) => {
    let thrown: unknown;
    try {
      parsePromql(text);
    } catch (error) {
      thrown = error;
    }
    if (!(thrown instanceof AuspexError)) throw new Error(`not refused: ${String(thrown)}`);
    expect(thrown.code).toBe('BAD_REQUEST');
    expect(thrown.message).toContain(words);
    expect(thrown.data['position']).toBe(position);
  });

  test('however the text is broken, nothing but such an error comes', () => {
    const pieces = fc.constantFrom(
      ...'sum rate ( ) { } [ ] , 5m 1h: offset @ start() by without on ignoring group_left bool and or unless + - * / % ^ == != > =~ = "a" \'b\' ` \\ # \n up x 1 0x .5 NaN Inf topk label_replace é 💥 \u0000'.split(
        ' ',
      ),
    );
    const text = fc.oneof(
      fc.string({ maxLength: 60 }),
      fc.array(pieces, { maxLength: 25 }).map((list) => list.join(' ')),
    );
    fc.assert(
      fc.property(text, (broken) => {
        try {
          parsePromql(broken);
        } catch (error) {
          if (!(error instanceof AuspexError) || error.code !== 'BAD_REQUEST') throw error;
          const position = Number(error.data['position']);
          if (!(position >= 1 && position <= broken.length + 1)) throw error;
        }
      }),
      { numRuns: 3000, seed: 3 },
    );
  });
});
