import { isIP, isIPv6 } from 'node:net';
import { addressRanges, isLoopback } from '../platform/addresses.ts';
import { type HeaderBag, header } from './origin.ts';

/** Whose word on whom they speak for is believed: this machine itself, and the proxies that the operator named. */
export type TrustedProxies = (address: string) => boolean;

/** @throws AuspexError CONFIG_INVALID for what is no address and no range. */
export function trustedProxies(ranges: readonly string[]): TrustedProxies {
  const listed = addressRanges(ranges);
  return (address) => isLoopback(address) || listed.contains(address);
}

/**
 * The address that a request comes from: the other end of the connection, or, where that is a trusted proxy, whom it says it
 * speaks for, and so on to the first address that is none. What stands further left is anybody's word. Undefined where
 * nothing is known.
 */
export function callerAddress(
  headers: HeaderBag,
  remoteAddress: string | undefined,
  isTrusted: TrustedProxies,
): string | undefined {
  let address = remoteAddress;
  const told = toldAddresses(headers);
  while (address !== undefined && isTrusted(address)) {
    const before = told.pop();
    if (before === undefined || isIP(before) === 0) break;
    address = before;
  }
  return address;
}

/** The source of a request for counting tries. An IPv6 network counts as one: whoever has one address has its 2^64. */
export function sourceOf(headers: HeaderBag, remoteAddress: string | undefined, isTrusted: TrustedProxies): string {
  const address = callerAddress(headers, remoteAddress, isTrusted) ?? 'unknown';
  const bare = address.replace(/^::ffff:(?=\d+\.)/i, '').replace(/%.*$/, '');
  return isIPv6(bare) ? networkOf(bare) : bare;
}

/**
 * What proxies wrote, the nearest last. Where both headers are there and do not agree, one of them is not the proxy's but the
 * caller's, and nobody knows which: then neither counts.
 */
function toldAddresses(headers: HeaderBag): string[] {
  const plain = header(headers, 'x-forwarded-for')
    ?.split(',')
    .map((part) => bareAddress(part.trim()));
  const standard = header(headers, 'forwarded')?.split(',').map(forOf);
  if (plain === undefined || standard === undefined) return plain ?? standard ?? [];
  return plain.at(-1) === standard.at(-1) ? plain : [];
}

/** The address in one element of `Forwarded` (RFC 7239): `for="[2001:db8::1]:4711";proto=https`. */
function forOf(element: string): string {
  const found = /(?:^|;)\s*for\s*=\s*(?:"([^"]*)"|([^;,\s]*))/i.exec(element);
  return bareAddress(found?.[1] ?? found?.[2] ?? '');
}

/** Without brackets and port. */
function bareAddress(text: string): string {
  const bracketed = /^\[([^\]]*)\](?::\d+)?$/.exec(text);
  if (bracketed !== null) return bracketed[1] ?? '';
  return /^[\d.]+:\d+$/.test(text) ? text.slice(0, text.indexOf(':')) : text;
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
