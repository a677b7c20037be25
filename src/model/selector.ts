import { AuspexError } from '../errors.ts';
import { anchoredRegex } from './anchored-regex.ts';
import { METRIC_NAME } from './labels.ts';
import type { Matcher, MatchOp } from './series.ts';

const METRIC_START = /[a-zA-Z_:]/;
const METRIC_PART = /[a-zA-Z0-9_:]/;
const LABEL_START = /[a-zA-Z_]/;
const LABEL_PART = /[a-zA-Z0-9_]/;
const MAX_LENGTH = 10_000;

/**
 * Reads a Prometheus series selector, `node_load1{instance="web-1",mode!~"idle|iowait"}`, into its matchers. The metric's
 * name is a matcher on `__name__`; names that are no identifiers may be quoted (`{"http.requests",a="b"}`).
 * Throws BAD_REQUEST with the position (counted from 1) when it is not one, or when it would match every series.
 */
export function parseSelector(text: string): Matcher[] {
  if (text.length > MAX_LENGTH) {
    throw new AuspexError('BAD_REQUEST', `The selector has ${text.length} characters, the limit is ${MAX_LENGTH}.`);
  }
  const cursor = new SelectorCursor(text);
  const matchers: Matcher[] = [];
  cursor.space();
  const name = cursor.word(METRIC_START, METRIC_PART);
  if (name !== '') matchers.push({ name: METRIC_NAME, op: '=', value: name });
  cursor.space();
  if (cursor.take('{')) readMatchers(cursor, matchers);
  else if (name === '') cursor.fail('a metric name or "{" is expected');
  cursor.space();
  if (!cursor.done) cursor.fail('the selector is complete here; nothing may follow');
  if (matchers.every(matchesEmpty)) {
    throw new AuspexError(
      'BAD_REQUEST',
      `The selector ${shown(text)} would match every series. Name a metric or give one label a value that is not empty.`,
    );
  }
  return matchers;
}

function readMatchers(cursor: SelectorCursor, matchers: Matcher[]): void {
  for (;;) {
    cursor.space();
    if (cursor.take('}')) return;
    const quoted = cursor.atQuote;
    const name = quoted ? cursor.string() : cursor.word(LABEL_START, LABEL_PART);
    if (name === '') cursor.fail(cursor.done ? 'a closing "}" is missing' : 'a label name is expected');
    cursor.space();
    const op = cursor.operator();
    if (op === undefined) {
      if (!quoted) cursor.fail('one of = != =~ !~ is expected');
      if (matchers.some((matcher) => matcher.name === METRIC_NAME)) cursor.fail('the metric name is given twice');
      matchers.push({ name: METRIC_NAME, op: '=', value: name });
    } else {
      cursor.space();
      if (!cursor.atQuote) cursor.fail('a value in quotes is expected');
      const at = cursor.position;
      const value = cursor.string();
      if (op === '=~' || op === '!~') checkRegex(cursor, value, at);
      matchers.push({ name, op, value });
    }
    cursor.space();
    if (cursor.take(',')) continue;
    if (cursor.take('}')) return;
    cursor.fail(cursor.done ? 'a closing "}" is missing' : '"," or "}" is expected');
  }
}

function checkRegex(cursor: SelectorCursor, pattern: string, at: number): void {
  try {
    anchoredRegex(pattern);
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message.replace(/^.*: /, '') : 'unreadable';
    cursor.fail(`the regular expression ${shown(pattern)} is not valid (${reason})`, at);
  }
}

/** Whether a series without the label satisfies the condition: a selector of only such ones is the whole store. */
function matchesEmpty({ op, value }: Matcher): boolean {
  switch (op) {
    case '=':
      return value === '';
    case '!=':
      return value !== '';
    case '=~':
      return anchoredRegex(value).test('');
    case '!~':
      return !anchoredRegex(value).test('');
  }
}

const ESCAPES: Readonly<Record<string, string>> = {
  n: '\n',
  t: '\t',
  r: '\r',
  a: '\u0007',
  b: '\b',
  f: '\f',
  v: '\v',
  '\\': '\\',
  '"': '"',
  "'": "'",
};

class SelectorCursor {
  position = 0;
  private readonly text: string;

  constructor(text: string) {
    this.text = text;
  }

  get done(): boolean {
    return this.position >= this.text.length;
  }

  get atQuote(): boolean {
    const c = this.text[this.position];
    return c === '"' || c === "'" || c === '`';
  }

  space(): void {
    while (/\s/.test(this.text[this.position] ?? '')) this.position++;
  }

  take(expected: string): boolean {
    if (!this.text.startsWith(expected, this.position)) return false;
    this.position += expected.length;
    return true;
  }

  word(start: RegExp, part: RegExp): string {
    const from = this.position;
    if (start.test(this.text[from] ?? '')) {
      this.position++;
      while (part.test(this.text[this.position] ?? '')) this.position++;
    }
    return this.text.slice(from, this.position);
  }

  operator(): MatchOp | undefined {
    const ops: readonly MatchOp[] = ['=~', '!~', '!=', '='];
    return ops.find((op) => this.take(op));
  }

  /** A string in double, single or back quotes; the last knows no escapes. */
  string(): string {
    const from = this.position;
    const quote = this.text[this.position++];
    let value = '';
    for (;;) {
      const c = this.text[this.position++];
      if (c === undefined || (c === '\n' && quote !== '`')) return this.fail('the text in quotes does not end', from);
      if (c === quote) return value;
      value += c === '\\' && quote !== '`' ? this.escape() : c;
    }
  }

  private escape(): string {
    const at = this.position - 1;
    const c = this.text[this.position++] ?? '';
    const digits = { x: 2, u: 4, U: 8 }[c];
    if (digits === undefined) {
      return ESCAPES[c] ?? this.fail(`\\${c} is not an escape; write \\\\ for a backslash`, at);
    }
    const hex = this.text.slice(this.position, this.position + digits);
    const code = Number.parseInt(hex, 16);
    if (!/^[0-9a-fA-F]+$/.test(hex) || hex.length < digits || code > 0x10ffff) {
      this.fail(`\\${c} needs ${digits} hexadecimal digits`, at);
    }
    this.position += digits;
    return String.fromCodePoint(code);
  }

  fail(what: string, at: number = this.position): never {
    throw new AuspexError(
      'BAD_REQUEST',
      `The selector ${shown(this.text)} is not valid at position ${at + 1}: ${what}.`,
      { data: { position: at + 1 } },
    );
  }
}

function shown(text: string): string {
  return text.length <= 100 ? text : `${text.slice(0, 99)}…`;
}
