import { expect, test } from 'vitest';
import { checkOrigin } from './origin.ts';

const hosts = ['ops.example', 'Auspex.Internal:4700'];

test.each([
  [{ host: 'localhost:4700' }],
  [{ host: '127.0.0.1:4700', origin: 'http://127.0.0.1:4700' }],
  [{ host: '[::1]:4700', origin: 'http://[::1]:4700' }],
  [{ host: '192.168.1.5:4700', origin: 'http://192.168.1.5:4700' }],
  [{ host: 'ops.example', origin: 'https://ops.example' }],
  [{ host: 'ops.example:443', origin: 'https://ops.example' }],
  [{ host: 'auspex.internal:4700' }],
  [{ host: '127.0.0.1:4700', origin: 'https://ops.example' }],
  [{ host: 'localhost:4700', 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'navigate' }],
])('passes %o', (headers) => {
  expect(() => checkOrigin(headers, hosts)).not.toThrow();
});

test.each([
  [{}],
  [{ host: '' }],
  [{ host: 'evil.example' }],
  [{ host: 'evil.example:4700', origin: 'http://evil.example:4700' }],
  [{ host: 'ops.example.evil.example' }],
  [{ host: 'localhost.evil.example' }],
  [{ host: 'ops.example@evil.example' }],
  [{ host: 'evil.example/ops.example' }],
  [{ host: 'localhost:4700', origin: 'http://evil.example' }],
  [{ host: 'localhost:4700', origin: 'http://localhost:8080' }],
  [{ host: 'localhost:4700', origin: 'null' }],
  [{ host: 'localhost:4700', origin: 'http://127.0.0.1:4700' }],
  [{ host: 'localhost:4700', 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'cors' }],
])('refuses %o', (headers) => {
  expect(() => checkOrigin(headers, hosts)).toThrowError(expect.objectContaining({ code: 'FOREIGN_ORIGIN' }));
});
