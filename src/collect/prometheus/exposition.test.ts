import fc from 'fast-check';
import { expect, test } from 'vitest';
import { AuspexError } from '../../errors.ts';
import { type ExpositionFormat, ExpositionParser, parseSeriesText } from './exposition.ts';

type Row = [Record<string, string>, number, number | null];

function parse(
  text: string,
  format: ExpositionFormat = 'text',
  pieceLength = text.length,
): { rows: Row[]; types: string[] } {
  const rows: Row[] = [];
  const types: string[] = [];
  const parser = new ExpositionParser(format, {
    sample(series, value, timestamp) {
      const labels = parseSeriesText(series);
      if (typeof labels === 'string') throw new AuspexError('BAD_ENCODING', labels);
      rows.push([Object.fromEntries(labels), value, timestamp]);
    },
    type: (family, type) => types.push(`${family} ${type}`),
  });
  for (let i = 0; i < text.length; i += Math.max(1, pieceLength)) parser.write(text.slice(i, i + pieceLength));
  parser.end();
  return { rows, types };
}

const PAGE = `# HELP http_requests_total The total.
# TYPE http_requests_total counter
http_requests_total{method="post",code="200"} 1027 1395066363000
http_requests_total{method="post", code="400",}    3 1395066363000

# A comment, and escapes:
msdos_file_access_time_seconds{path="C:\\\\DIR\\\\FILE.TXT",error="Cannot find file:\\n\\"FILE.TXT\\" }"} 1.458255915e9
metric_without_timestamp_and_labels 12.47
\tspaced {a="b"}\t+Inf\t-3982045
nothing NaN
something_weird{problem="division by zero"} -Inf
empty{a=""} 0x
`.replace(' 0x', ' 0');

const ROWS: Row[] = [
  [{ __name__: 'http_requests_total', method: 'post', code: '200' }, 1027, 1395066363000],
  [{ __name__: 'http_requests_total', method: 'post', code: '400' }, 3, 1395066363000],
  [
    {
      __name__: 'msdos_file_access_time_seconds',
      path: 'C:\\DIR\\FILE.TXT',
      error: 'Cannot find file:\n"FILE.TXT" }',
    },
    1.458255915e9,
    null,
  ],
  [{ __name__: 'metric_without_timestamp_and_labels' }, 12.47, null],
  [{ __name__: 'spaced', a: 'b' }, Number.POSITIVE_INFINITY, -3982045],
  [{ __name__: 'nothing' }, Number.NaN, null],
  [{ __name__: 'something_weird', problem: 'division by zero' }, Number.NEGATIVE_INFINITY, null],
  [{ __name__: 'empty' }, 0, null],
];

test.each([1, 7, 100_000])('the text format comes out the same in pieces of %i', (pieceLength) => {
  const { rows, types } = parse(PAGE, 'text', pieceLength);
  expect(rows).toEqual(ROWS);
  expect(types).toEqual(['http_requests_total counter']);
});

test('line ends of Windows and a last line without one are read', () => {
  expect(parse('a 1\r\nb{x="y"} 2\r\nc 3').rows.map(([labels, value]) => [labels['__name__'], value])).toEqual([
    ['a', 1],
    ['b', 2],
    ['c', 3],
  ]);
});

test('OpenMetrics: seconds, exemplars, units and the end', () => {
  const { rows, types } = parse(
    `# TYPE foo histogram
# UNIT foo seconds
# HELP foo A "histogram".
foo_bucket{le="+Inf"} 17 1520879607.789 # {trace_id="KOO5S4vxi0o"} 0.67 1520879607.7
foo_bucket{le="1 # 2"} 8 # {} 0.67
# TYPE state stateset
state{state="on"} 1
# TYPE my.info info
{"my.info",version="1"} 1
# EOF
`,
    'openmetrics',
  );
  expect(rows).toEqual([
    [{ __name__: 'foo_bucket', le: '+Inf' }, 17, 1520879607789],
    [{ __name__: 'foo_bucket', le: '1 # 2' }, 8, null],
    [{ __name__: 'state', state: 'on' }, 1, null],
    [{ __name__: 'my.info', version: '1' }, 1, null],
  ]);
  expect(types).toEqual(['foo histogram', 'state stateset', 'my.info info']);
});

test.each<[string, ExpositionFormat, string]>([
  ['a 1\nb x\n', 'text', 'Line 2 of the metrics page is not valid: "x" is not a number'],
  ['a 0x10\n', 'text', '"0x10" is not a number'],
  ['a 1_000\n', 'text', '"1_000" is not a number'],
  ['a\n', 'text', '"" is not a number'],
  ['a{b="c" 1\n', 'text', 'the labels do not end'],
  ['a 1 2 3\n', 'text', '"3" follows the timestamp'],
  ['a 1 x\n', 'text', '"x" is not a timestamp'],
  ['# TYPE a\n', 'text', 'a TYPE needs'],
  ['# TYPE a thing\n', 'text', '"thing" is not a metric type'],
  ['{} 1\n', 'text', 'a metric name is expected'],
  ['a 1\n', 'openmetrics', 'Line 2 of the metrics page is not valid: "# EOF" is missing'],
  ['a 1\n\n# EOF\n', 'openmetrics', 'Line 2 of the metrics page is not valid: it is empty'],
  ['# EOF\na 1\n', 'openmetrics', 'something follows'],
  ['<html>\n', 'text', 'is not a number'],
])('%j as %s is refused with its line', (text, format, words) => {
  expect(() => parse(text, format)).toThrow(words);
});

test.each([
  ['1a', '"1a" is not a metric name'],
  ['a{b="c",b="d"}', 'label "b" is there twice'],
  ['a{b=c}', 'not written as name="value"'],
  ['a{1="c"}', 'not written as name="value"'],
  ['{a="b"}', 'a metric name is expected'],
  ['a{b}', 'not written'],
  ['a{"b"}', 'label "b" has no value'],
])('the series %s is refused', (text, words) => {
  const result = parseSeriesText(text);
  if (text === 'a{b}') expect(typeof result).toBe('string');
  else expect(result).toContain(words);
});

test('any text gives a page or BAD_ENCODING', () => {
  const piece = fc.constantFrom(
    'a',
    '{',
    '}',
    '"',
    '\\',
    '=',
    ',',
    ' ',
    '\n',
    '1',
    '# TYPE ',
    'NaN',
    '# EOF',
    '\r',
    'é',
  );
  fc.assert(
    fc.property(
      fc.array(piece, { maxLength: 25 }),
      fc.constantFrom<ExpositionFormat>('text', 'openmetrics'),
      (parts, format) => {
        try {
          parse(parts.join(''), format, 3);
          return true;
        } catch (thrown) {
          return thrown instanceof AuspexError && thrown.code === 'BAD_ENCODING';
        }
      },
    ),
    { numRuns: 3000, seed: 1 },
  );
});
