import { expect, test } from 'vitest';
import { LineReader, type LogRecord } from './read-line.ts';

function readAll(text: string): LogRecord[] {
  const reader = new LineReader();
  const records = text.split('\n').flatMap((line) => reader.take(line) ?? []);
  const last = reader.end();
  return last === null ? records : [...records, last];
}

test.each([
  ['2026/11/29 10:00:00 [error] 7#7: *1 connect() failed (111: Connection refused)', 'error'],
  ['2026-11-29 10:00:00.123 UTC [42] FATAL:  sorry, too many clients already', 'fatal'],
  ['2026-11-29 10:00:00.123 UTC [42] LOG:  checkpoint starting: time', 'info'],
  ['42:M 29 Nov 2026 10:00:00.123 # Could not create server TCP listening socket', 'warn'],
  ['42:M 29 Nov 2026 10:00:00.123 * Ready to accept connections', 'info'],
  ['E1129 10:00:00.123456 1 main.go:3] cannot sync', 'error'],
  ['time="2026-11-29T10:00:00Z" level=warning msg="slow"', 'warn'],
  ['10:00:00 ERROR [main] c.e.Shop - no stock', 'error'],
  ['the error page was sent to the user', null],
  ['GET /error 200', null],
])('%s is of severity %s', (line, severity) => {
  expect(readAll(line)[0]?.severity).toBe(severity);
});

test('fields of a record in JSON', () => {
  const line = JSON.stringify({
    time: '2026-11-29T10:00:00.000Z',
    level: 50,
    name: 'shop',
    msg: 'no order',
    err: {
      type: 'DatabaseError',
      message: 'too many clients',
      code: '53300',
      stack: 'DatabaseError: too many\n    at a',
    },
  });
  expect(readAll(line)).toEqual([
    {
      at: Date.parse('2026-11-29T10:00:00.000Z'),
      severity: 'error',
      component: 'shop',
      type: 'DatabaseError',
      code: '53300',
      message: 'too many clients',
      stack: 'DatabaseError: too many\n    at a',
    },
  ]);
  expect(readAll('{"level":"warn","message":"m","code":"ECONNREFUSED","ts":1780000000.5}')[0]).toMatchObject({
    at: 1_780_000_000_500,
    severity: 'warn',
    code: 'ECONNREFUSED',
  });
  // What is no JSON, or no object, is text.
  expect(readAll('{"level":')[0]?.message).toBe('{"level":');
});

test('a stack trace belongs to what it follows', () => {
  const node = [
    'file:///app/shop.ts:17',
    '    throw new Error("x");',
    '          ^',
    '',
    'Error: DATABASE_URL is not set',
    '    at setting (file:///app/shop.ts:17:3)',
    '    at file:///app/shop.ts:20:1',
    '',
    'Node.js v24.0.0',
  ].join('\n');
  const thrown = readAll(node).filter(({ severity }) => severity === 'error');
  expect(thrown).toHaveLength(1);
  expect(thrown[0]).toMatchObject({ type: 'Error', message: 'DATABASE_URL is not set' });
  expect(thrown[0]?.stack.split('\n')).toHaveLength(3);

  const python = [
    'Traceback (most recent call last):',
    '  File "a.py", line 3, in <module>',
    '    f()',
    "KeyError: 'x'",
    'INFO done',
  ];
  expect(readAll(python.join('\n')).map(({ severity, type, message }) => [severity, type, message])).toEqual([
    ['error', 'KeyError', "'x'"],
    ['info', '', 'INFO done'],
  ]);

  const java = [
    'Exception in thread "main" java.lang.IllegalStateException: no',
    '\tat a.B.c(B.java:3)',
    'Caused by: java.io.IOException: gone',
    '\t... 3 more',
    'next',
  ];
  expect(readAll(java.join('\n')).map(({ type, message }) => [type, message])).toEqual([
    ['java.lang.IllegalStateException', 'no'],
    ['', 'next'],
  ]);
});

test('a code in brackets is the error’s', () => {
  expect(readAll('TypeError [ERR_INVALID_ARG_TYPE]: the argument')[0]).toMatchObject({
    type: 'TypeError',
    code: 'ERR_INVALID_ARG_TYPE',
    message: 'the argument',
  });
});

test('what never ends is bounded', () => {
  const [record] = readAll(
    ['Error: deep', ...Array.from({ length: 5_000 }, () => `    at ${'x'.repeat(1_000)}`)].join('\n'),
  );
  expect(record?.stack.length).toBeLessThanOrEqual(32_768);
  expect(readAll('x'.repeat(100_000))[0]?.message).toHaveLength(8_192);
});
