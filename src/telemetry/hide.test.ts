import { expect, test } from 'vitest';
import { hideSecrets, knowSecrets } from './hide.ts';

test.each([
  ['postgres://auspex:s3cr3t-pw@db/x cannot be reached', 'postgres://[removed]@db/x cannot be reached'],
  ['"user:s3cr3t@web-1:9100" is not an address', '"[removed]@web-1:9100" is not an address'],
  ['sent Authorization: Bearer abc.DEF-123_x', 'sent Authorization: Bearer [removed]'],
  ['basic dXNlcjpwYXNz= was refused', 'basic [removed] was refused'],
  ['GET /x?module=http_2xx&token=abc&n=1', 'GET /x?module=http_2xx&token=[removed]&n=1'],
  ['{"a":{"apiKey":"x1","clientSecret":"y"},"n":1}', '{"a":{"apiKey":"[removed]","clientSecret":"[removed]"},"n":1}'],
  ['"{\\"password\\":\\"x\\"}"', '"{\\"password\\":\\"[removed]\\"}"'],
  ['{"password":"a\\"b\\\\","n":1}', '{"password":"[removed]","n":1}'],
  [`ausp_${'a'.repeat(30)}`, '[removed]'],
  [`/sign-in?code=${'b'.repeat(43)}`, '/sign-in?code=[removed]'],
])('%s', (text, hidden) => {
  expect(hideSecrets(text)).toBe(hidden);
});

test.each([
  'http://127.0.0.1:9100/metrics answered HTTP 500.',
  'Mail to ops@example.org goes on at 12:04:31',
  'Model performance, version 3: the checksum 1a2b3c4d5e6f… does not match',
  '{"level":30,"time":"2026-11-21T10:05:12.568Z","keys":4,"msg":"The configuration was read again"}',
])('leaves alone: %s', (text) => {
  expect(hideSecrets(text)).toBe(text);
});

test('a known value goes in every form in which it may be written', () => {
  const secret = 'p/äss "w+rd?';
  knowSecrets([secret, 'abc']);
  const bytes = Buffer.from(secret);
  const forms = [
    secret,
    encodeURIComponent(secret),
    JSON.stringify(secret),
    bytes.toString('base64'),
    bytes.toString('base64url'),
  ];
  for (const form of forms) expect(hideSecrets(`a ${form} b`)).not.toContain(form.replace(/^"|"$|=+$/g, ''));
  // Too short to be looked for.
  expect(hideSecrets('abcdef')).toBe('abcdef');
});

test('no text makes it slow', () => {
  for (const unit of ['//a', 'a:', '"token', 'Bearer ', 'token=', '"a:b', '\\"', 'x']) {
    const began = performance.now();
    hideSecrets(unit.repeat(Math.ceil(100_000 / unit.length)));
    expect(performance.now() - began, unit).toBeLessThan(500);
  }
});
