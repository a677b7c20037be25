import { isIP, isIPv6 } from 'node:net';
import { isLoopback } from '../platform/addresses.ts';
import { type HeaderBag, header } from './origin.ts';

/**
 * Where a request comes from, for counting tries. Behind a proxy on this machine it is what the proxy wrote last; from
 * elsewhere such a header is anybody's word. An IPv6 network counts as one: whoever has one address has its 2^64.
 */
export function sourceOf(headers: HeaderBag, remoteAddress: string | undefined): string {
  const told = header(headers, 'x-forwarded-for')?.split(',').at(-1)?.trim() ?? '';
  const address = isLoopback(remoteAddress) && isIP(told) !== 0 ? told : (remoteAddress ?? 'unknown');
  const bare = address.replace(/^::ffff:(?=\d+\.)/i, '').replace(/%.*$/, '');
  return isIPv6(bare) ? networkOf(bare) : bare;
}

function networkOf(address: string): string {
  const [head = '', tail] = address.split('::');
  const left = head === '' ? [] : head.split(':');
  const right = tail === undefined || tail === '' ? [] : tail.split(':');
  const zeros = tail === undefined ? 0 : Math.max(0, 8 - left.length - right.length);
  const groups = [...left, ...new Array<string>(zeros).fill('0'), ...right];
  return `${groups
    .slice(0, 4)
    .map((group) => Number.parseInt(group, 16).toString(16))
    .join(':')}::/64`;
}
