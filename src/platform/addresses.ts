import { BlockList, isIP, isIPv4 } from 'node:net';
import { AuspexError } from '../errors.ts';

/**
 * What an address is to a caller. `forbidden`: link-local, cloud metadata, unspecified, multicast, reserved: never called,
 * whoever asks.
 */
export type AddressClass = 'public' | 'private' | 'loopback' | 'forbidden';

const forbidden = blockList(
  ['0.0.0.0/8', '169.254.0.0/16', '192.0.0.0/24', '192.0.2.0/24', '198.51.100.0/24', '203.0.113.0/24'],
  ['224.0.0.0/4', '240.0.0.0/4', '::/128', 'fe80::/10', 'fec0::/10', 'ff00::/8', '100::/64', '2001:db8::/32'],
  // Metadata services that lie outside the link-local range: Amazon, Google and Scaleway over IPv6, Alibaba, Azure's host agent.
  ['fd00:ec2::254/128', 'fd20:ce::254/128', 'fd00:42::42/128', '100.100.100.200/32', '168.63.129.16/32'],
);
const loopback = blockList(['127.0.0.0/8', '::1/128']);
const notPublic = blockList([
  '10.0.0.0/8',
  '172.16.0.0/12',
  '192.168.0.0/16',
  '100.64.0.0/10',
  '198.18.0.0/15',
  'fc00::/7',
]);
// Forms in which an IPv6 address carries an IPv4 one: mapped and compatible (last 32 bits), NAT64, 6to4, Teredo.
const carriers = {
  last: blockList(['::ffff:0:0/96', '::ffff:0:0:0/96', '::/96', '64:ff9b::/96']),
  nat64Local: blockList(['64:ff9b:1::/48']),
  sixToFour: blockList(['2002::/16']),
  teredo: blockList(['2001::/32']),
};

/** Classifies a literal IPv4 or IPv6 address, also one carried inside another. Anything that is no address is forbidden. */
export function classifyAddress(address: string): AddressClass {
  const bare = address.replace(/^\[|\]$/g, '').replace(/%.*$/, '');
  if (isIP(bare) === 0) return 'forbidden';
  if (contains(loopback, bare)) return 'loopback';
  if (contains(forbidden, bare)) return 'forbidden';
  const inner = carriedIPv4(bare);
  if (inner !== null) return classifyAddress(inner);
  return contains(notPublic, bare) ? 'private' : 'public';
}

/** True for the machine itself, also as `::ffff:127.0.0.1`. */
export function isLoopback(address: string | undefined): boolean {
  return address !== undefined && classifyAddress(address) === 'loopback';
}

/**
 * Ranges as a person lists them: `10.0.0.0/8`, `fd00::/8`, a single address.
 * @throws AuspexError CONFIG_INVALID for what is no range.
 */
export function addressRanges(ranges: readonly string[]): { contains(address: string): boolean } {
  const list = blockList(ranges);
  return {
    contains(address: string): boolean {
      const bare = address.replace(/^\[|\]$/g, '').replace(/%.*$/, '');
      if (isIP(bare) === 0) return false;
      const inner = isIPv4(bare) ? null : carriedIPv4(bare);
      return contains(list, bare) || (inner !== null && inner !== UNCLEAR && contains(list, inner));
    },
  };
}

function contains(list: BlockList, address: string): boolean {
  return list.check(address, isIPv4(address) ? 'ipv4' : 'ipv6');
}

function blockList(...groups: (readonly string[])[]): BlockList {
  const list = new BlockList();
  for (const range of groups.flat()) {
    const [address = '', bits] = range.split('/');
    const family = isIP(address);
    const width = family === 4 ? 32 : 128;
    const prefix = bits === undefined ? width : Number(bits);
    if (family === 0 || !Number.isInteger(prefix) || prefix < 0 || prefix > width || bits === '') {
      throw new AuspexError(
        'CONFIG_INVALID',
        `"${range}" is not an address range. Expected a form like 10.0.0.0/8 or fd00::/8.`,
      );
    }
    list.addSubnet(address, prefix, family === 4 ? 'ipv4' : 'ipv6');
  }
  return list;
}

/** Stands for an inner address that cannot be told: no address, so forbidden. */
const UNCLEAR = '';

/** The IPv4 address inside an IPv6 one, UNCLEAR where it cannot be told, null where there is none. */
function carriedIPv4(address: string): string | null {
  if (isIPv4(address)) return null;
  const words = expand(address);
  if (words === null) return UNCLEAR;
  const dotted = (high: number, low: number) => `${high >> 8}.${high & 255}.${low >> 8}.${low & 255}`;
  if (contains(carriers.last, address)) return dotted(words[6] ?? 0, words[7] ?? 0);
  if (contains(carriers.sixToFour, address)) return dotted(words[1] ?? 0, words[2] ?? 0);
  if (contains(carriers.teredo, address)) return dotted((words[6] ?? 0) ^ 0xffff, (words[7] ?? 0) ^ 0xffff);
  if (contains(carriers.nat64Local, address)) return UNCLEAR;
  return null;
}

function expand(address: string): number[] | null {
  const withHex = address.replace(/(\d+)\.(\d+)\.(\d+)\.(\d+)$/, (_, a, b, c, d) => {
    const pair = (x: string, y: string) => (Number(x) * 256 + Number(y)).toString(16);
    return `${pair(a, b)}:${pair(c, d)}`;
  });
  const [head = '', tail] = withHex.split('::');
  const left = head === '' ? [] : head.split(':');
  const right = tail === undefined || tail === '' ? [] : tail.split(':');
  const gap = 8 - left.length - right.length;
  if (gap < 0 || (tail === undefined && gap !== 0)) return null;
  return [...left, ...new Array<string>(gap).fill('0'), ...right].map((word) => Number.parseInt(word, 16));
}
