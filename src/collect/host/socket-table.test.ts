import { expect, test } from 'vitest';
import { addressOf, endpoint } from './socket-table.ts';

test.each([
  ['0100007F', true, '127.0.0.1'],
  ['7F000001', false, '127.0.0.1'],
  ['00000000', true, '0.0.0.0'],
  ['0201A8C0', true, '192.168.1.2'],
  ['00000000000000000000000001000000', true, '::1'],
  ['00000000000000000000000000000000', true, '::'],
  ['0000000000000000FFFF00000100007F', true, '127.0.0.1'],
  ['00000000000000000000FFFF0A000001', false, '10.0.0.1'],
  ['B80D0120000000000000000001000000', true, '2001:db8::1'],
  ['fe80000000000000021122fffe334455', false, 'fe80::211:22ff:fe33:4455'],
  ['0100007', true, ''],
  ['0100007G', true, ''],
  ['', true, ''],
])('the kernel’s %s (lowest byte first: %s) is %s', (hex, isLittle, text) => {
  expect(addressOf(hex, isLittle)).toBe(text);
});

test('an address of IPv6 is told apart from its port by brackets', () => {
  expect(endpoint('::1', 80)).toBe('[::1]:80');
  expect(endpoint('10.0.0.1', 80)).toBe('10.0.0.1:80');
});
