import { expect, test } from 'vitest';
import { sourceOf, trustedProxies } from './source.ts';

const none = trustedProxies([]);
const some = trustedProxies(['10.0.0.0/8', '2001:db8:ff::/48', '192.0.2.1']);

test.each([
  ['198.51.100.7', undefined, '198.51.100.7'],
  ['::ffff:198.51.100.7', undefined, '198.51.100.7'],
  ['2001:db8:1:2:3:4:5:6', undefined, '2001:db8:1:2::/64'],
  ['2001:db8:1:2::9', undefined, '2001:db8:1:2::/64'],
  ['2001:0db8:1:2::1', undefined, '2001:db8:1:2::/64'],
  ['fe80::1%eth0', undefined, 'fe80:0:0:0::/64'],
  // A proxy on this machine says whom it speaks for, last in the row; what the caller wrote stands before.
  ['127.0.0.1', '203.0.113.1, 198.51.100.7', '198.51.100.7'],
  ['::1', '2001:db8::1', '2001:db8:0:0::/64'],
  ['127.0.0.1', 'not an address', '127.0.0.1'],
  // From elsewhere the header is anybody's word.
  ['203.0.113.9', '198.51.100.7', '203.0.113.9'],
  ['10.1.2.3', '198.51.100.7', '10.1.2.3'],
  [undefined, undefined, 'unknown'],
])('%s with %s counts as %s', (remote, forwarded, source) => {
  expect(sourceOf(forwarded === undefined ? {} : { 'x-forwarded-for': forwarded }, remote, none)).toBe(source);
});

test.each([
  ['a named proxy is believed', '10.1.2.3', { 'x-forwarded-for': '198.51.100.7' }, '198.51.100.7'],
  ['also as IPv4 in IPv6', '::ffff:10.1.2.3', { 'x-forwarded-for': '198.51.100.7' }, '198.51.100.7'],
  ['one address', '192.0.2.1', { 'x-forwarded-for': '198.51.100.7' }, '198.51.100.7'],
  ['its neighbour is not', '192.0.2.2', { 'x-forwarded-for': '198.51.100.7' }, '192.0.2.2'],
  [
    'a chain of them, to the first that is none',
    '10.1.2.3',
    { 'x-forwarded-for': '203.0.113.1, 198.51.100.7, 10.9.9.9' },
    '198.51.100.7',
  ],
  ['what a caller wrote before', '10.1.2.3', { 'x-forwarded-for': '10.0.0.1, 198.51.100.7' }, '198.51.100.7'],
  ['only proxies: the outermost', '10.1.2.3', { 'x-forwarded-for': '10.0.0.9' }, '10.0.0.9'],
  ['with a port', '10.1.2.3', { 'x-forwarded-for': '198.51.100.7:4711' }, '198.51.100.7'],
  ['a name is no address', '10.1.2.3', { 'x-forwarded-for': '198.51.100.7, unknown' }, '10.1.2.3'],
  ['Forwarded', '10.1.2.3', { forwarded: 'for=203.0.113.1, for=198.51.100.7;proto=https' }, '198.51.100.7'],
  ['Forwarded with IPv6', '10.1.2.3', { forwarded: 'proto=https; For="[2001:db8:1:2::9]:4711"' }, '2001:db8:1:2::/64'],
  ['Forwarded that hides who it is', '10.1.2.3', { forwarded: 'for=_hidden' }, '10.1.2.3'],
  ['both that agree', '10.1.2.3', { forwarded: 'for=198.51.100.7', 'x-forwarded-for': '198.51.100.7' }, '198.51.100.7'],
  [
    'both that do not: one is forged',
    '10.1.2.3',
    { forwarded: 'for=198.51.100.8', 'x-forwarded-for': '198.51.100.7' },
    '10.1.2.3',
  ],
])('%s', (_, remote, headers, source) => {
  expect(sourceOf(headers, remote, some)).toBe(source);
});

test('what is no range is refused', () => {
  expect(() => trustedProxies(['proxy.example'])).toThrow('is not an address range');
});
