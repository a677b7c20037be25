import { expect, test } from 'vitest';
import { errorCodeOf } from './error-code.ts';

test.each([
  ['listen EADDRINUSE: address already in use 127.0.0.1:8080', 'EADDRINUSE'],
  ['bind() to 0.0.0.0:80 failed (98: Address already in use)', 'EADDRINUSE'],
  ['OSError: [Errno 24] Too many open files: "/tmp/x"', 'EMFILE'],
  ['FATAL:  sorry, too many clients already', '53300'],
  ['password authentication failed for user "shop"', '28P01'],
  ['ERROR: canceling statement (SQLSTATE 57014)', '57014'],
  ['NOAUTH Authentication required.', 'NOAUTH'],
  ['WRONGPASS invalid username-password pair or user is disabled.', 'WRONGPASS'],
  ['could not write to file: No space left on device', 'ENOSPC'],
  ['getaddrinfo EAI_AGAIN pricing', 'EAI_AGAIN'],
  ['dial tcp: lookup db: no such host', 'EAI_AGAIN'],
  ['connect() failed (111: Connection refused) while connecting to upstream', 'ECONNREFUSED'],
  ['DATABASE_URL is not set', 'configuration'],
  ['nginx: [emerg] unknown directive "foo" in /etc/nginx/nginx.conf:3', 'configuration'],
  ['missing required environment variable TOKEN', 'configuration'],
  ['Cannot read properties of undefined', ''],
])('%s is %s', (message, code) => {
  expect(errorCodeOf('', message)).toBe(code);
});

test('a code that is given is kept, a status of HTTP is none', () => {
  expect(errorCodeOf('53300', 'no')).toBe('53300');
  expect(errorCodeOf('UNAUTHENTICATED', 'the token is of the future')).toBe('UNAUTHENTICATED');
  expect(errorCodeOf('503', 'connection refused')).toBe('ECONNREFUSED');
  expect(errorCodeOf('a code; with words', 'it failed')).toBe('');
});
