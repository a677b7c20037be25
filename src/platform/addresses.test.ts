import { expect, test } from 'vitest';
import { addressRanges, classifyAddress, isLoopback } from './addresses.ts';

test.each([
  ['8.8.8.8', 'public'],
  ['2606:4700::1111', 'public'],
  ['10.1.2.3', 'private'],
  ['172.31.255.255', 'private'],
  ['172.32.0.1', 'public'],
  ['192.168.1.1', 'private'],
  ['100.64.0.1', 'private'],
  ['fd12::1', 'private'],
  ['127.0.0.1', 'loopback'],
  ['127.9.9.9', 'loopback'],
  ['::1', 'loopback'],
  ['[::1]', 'loopback'],
  ['::ffff:127.0.0.1', 'loopback'],
  ['::ffff:7f00:1', 'loopback'],
  ['::127.0.0.1', 'loopback'],
  ['0.0.0.0', 'forbidden'],
  ['::', 'forbidden'],
  ['169.254.169.254', 'forbidden'],
  ['::ffff:169.254.169.254', 'forbidden'],
  ['::ffff:a9fe:a9fe', 'forbidden'],
  ['64:ff9b::169.254.169.254', 'forbidden'],
  ['2002:a9fe:a9fe::1', 'forbidden'],
  ['2001:0:1::5601:5601', 'forbidden'],
  ['64:ff9b:1::1', 'forbidden'],
  ['fe80::1%eth0', 'forbidden'],
  ['fd00:ec2::254', 'forbidden'],
  ['100.100.100.200', 'forbidden'],
  ['168.63.129.16', 'forbidden'],
  ['224.0.0.1', 'forbidden'],
  ['255.255.255.255', 'forbidden'],
  ['64:ff9b::10.0.0.1', 'private'],
  ['2002:0a00:0001::', 'private'],
  ['example.org', 'forbidden'],
  ['127.1', 'forbidden'],
] as const)('%s is %s', (address, kind) => {
  expect(classifyAddress(address)).toBe(kind);
});

test('a range holds an address in any notation, and what is no range is named', () => {
  const ranges = addressRanges(['10.0.0.0/8', 'fd00::/8', '192.168.7.7']);
  expect(ranges.contains('10.255.0.1')).toBe(true);
  expect(ranges.contains('::ffff:10.0.0.9')).toBe(true);
  expect(ranges.contains('fd99::1')).toBe(true);
  expect(ranges.contains('192.168.7.8')).toBe(false);
  expect(() => addressRanges(['10.0.0.0/40'])).toThrow('"10.0.0.0/40" is not an address range');
  expect(isLoopback(undefined)).toBe(false);
});
