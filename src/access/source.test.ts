import { expect, test } from 'vitest';
import { sourceOf } from './source.ts';

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
  [undefined, undefined, 'unknown'],
])('%s with %s counts as %s', (remote, forwarded, source) => {
  expect(sourceOf(forwarded === undefined ? {} : { 'x-forwarded-for': forwarded }, remote)).toBe(source);
});
