import { expect, test } from 'vitest';
import { parseDuration, parseListen, parseMatcher, parseSize } from './values.ts';

test.each([
  ['10s', 10_000],
  ['1h30m', 5_400_000],
  ['15d', 1_296_000_000],
  ['1.5 min', 90_000],
  ['250ms', 250],
  [0, 0],
  [10, null],
  ['10', null],
  ['10 parsecs', null],
  ['-5s', null],
  ['', null],
  [null, null],
])('duration %s is %s ms', (text, ms) => {
  expect(parseDuration(text)).toBe(ms);
});

test.each([
  ['2GB', 2e9],
  ['512MiB', 536_870_912],
  ['1.5kb', 1500],
  [4096, 4096],
  ['12', 12],
  ['2 gigs', null],
  [-1, null],
  ['9999999TB', null],
])('size %s is %s bytes', (text, bytes) => {
  expect(parseSize(text)).toBe(bytes);
});

test.each([
  ['127.0.0.1:4700', { host: '127.0.0.1', port: 4700 }],
  ['[::1]:80', { host: '::1', port: 80 }],
  [':4700', { host: '::', port: 4700 }],
  ['*:4700', { host: '::', port: 4700 }],
  [4711, { host: '127.0.0.1', port: 4711 }],
  ['ops.example:0', { host: 'ops.example', port: 0 }],
  ['127.0.0.1:70000', null],
  ['::1:80', null],
  ['nonsense', null],
])('listen %s', (text, expected) => {
  expect(parseListen(text)).toEqual(expected);
});

test.each([
  ['job=web', { name: 'job', op: '=', value: 'web' }],
  ['instance =~ "web-.*"', { name: 'instance', op: '=~', value: 'web-.*' }],
  ["mode!='idle'", { name: 'mode', op: '!=', value: 'idle' }],
  ['a!~^b$', { name: 'a', op: '!~', value: '^b$' }],
  ['a=', { name: 'a', op: '=', value: '' }],
  ['a=~(', null],
  ['no condition', null],
])('matcher %s', (text, expected) => {
  expect(parseMatcher(text)).toEqual(expected);
});
