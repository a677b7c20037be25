import { promqlFault } from './fault.ts';

const UNITS: Readonly<Record<string, number>> = {
  ms: 1,
  s: 1_000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
  w: 7 * 86_400_000,
  y: 365 * 86_400_000,
};
const DURATION = /^(?:\d+y)?(?:\d+w)?(?:\d+d)?(?:\d+h)?(?:\d+m)?(?:\d+s)?(?:\d+ms)?$/;
const PLAIN = /^(?:0[xX][0-9a-fA-F]+|(?:\d[\d_]*)?\.?\d*(?:[eE][+-]?\d+)?)$/;

/** `1h30m` in ms; a plain number is seconds. NaN where it is neither. */
export function durationOf(text: string): number {
  if (text !== '' && DURATION.test(text)) {
    let sum = 0;
    for (const [, count = '', unit = ''] of text.matchAll(/(\d+)(ms|[smhdwy])/g))
      sum += Number(count) * (UNITS[unit] ?? 0);
    return sum;
  }
  return numberOf(text) * 1000;
}

/** A number as PromQL writes it, a duration as its seconds; NaN also where it is none. */
export function numberOf(text: string): number {
  const sign = text.startsWith('-') ? -1 : 1;
  const bare = text.replace(/^[+-]\s*/, '').toLowerCase();
  if (bare === 'inf') return sign * Number.POSITIVE_INFINITY;
  if (bare === 'nan') return Number.NaN;
  if (PLAIN.test(bare)) return sign * Number(bare.replaceAll('_', ''));
  return DURATION.test(bare) ? (sign * durationOf(bare)) / 1000 : Number.NaN;
}

const ESCAPES: Readonly<Record<string, string>> = {
  a: '\u0007',
  b: '\b',
  f: '\f',
  n: '\n',
  r: '\r',
  t: '\t',
  v: '\v',
  '\\': '\\',
};
const ESCAPE = /^(?:([abfnrtv\\'"])|x([0-9a-fA-F]{2})|u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8})|([0-7]{3}))/;

/** What stands between the quotes, escapes resolved as in Go; in back quotes there are none. */
export function stringOf(text: string, position: number): string {
  const quote = text[0] ?? '';
  if (text.length < 2 || !text.endsWith(quote)) throw promqlFault('the text in quotes does not end', position);
  const inner = text.slice(1, -1);
  if (quote === '`') return inner;
  if (inner.includes('\n')) throw promqlFault('a line break in quotes is written \\n', position);
  let value = '';
  for (let i = 0; i < inner.length; ) {
    const c = inner[i] as string;
    if (c === quote) throw promqlFault('the text in quotes does not end', position);
    if (c !== '\\') {
      value += c;
      i++;
      continue;
    }
    const match = ESCAPE.exec(inner.slice(i + 1, i + 10));
    if (match === null)
      throw promqlFault('this \\ begins no escape that is known; write \\\\ for a backslash', position + i + 1);
    value += escaped(match, quote, position + i + 1);
    i += 1 + match[0].length;
  }
  return value;
}

function escaped([, plain, byte, short, long, octal]: RegExpExecArray, quote: string, position: number): string {
  if (plain !== undefined) {
    if ((plain === '"' || plain === "'") && plain !== quote)
      throw promqlFault(`\\${plain} is no escape here`, position);
    return ESCAPES[plain] ?? plain;
  }
  const code = octal === undefined ? Number.parseInt(byte ?? short ?? long ?? '', 16) : Number.parseInt(octal, 8);
  if (code > 0x10ffff || (byte === undefined && octal === undefined && code >= 0xd800 && code <= 0xdfff))
    throw promqlFault('the escape is no character', position);
  // A byte beyond ASCII would be half a character: labels are UTF-8.
  if ((byte !== undefined || octal !== undefined) && code > 0x7f)
    throw promqlFault('write a character beyond ASCII itself, or as \\u…', position);
  return String.fromCodePoint(code);
}
