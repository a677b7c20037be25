import type { UndoLedger } from '../undo/ledger.ts';
import { run } from './execute.ts';

/** The machine's side of one link and the side in the namespace. */
export interface Link {
  readonly namespace: string;
  /** Name of the link outside. */
  readonly device: string;
  readonly inside: string;
  readonly outsideAddress: string;
  readonly insideAddress: string;
}

/** Database, cache, dependency and resolver live in `data`; load and probe in `client`; the rest on the machine itself. */
export interface Network {
  readonly data: Link;
  readonly client: Link;
}

/**
 * Two namespaces, each behind a pair of links with a network of four addresses of its own out of 198.18.0.0/15 (RFC 2544: for
 * tests, routed nowhere). Nothing else of the machine's network is touched.
 */
export async function makeNetwork(id: string, ledger: UndoLedger): Promise<Network> {
  const base = await freeBase(id);
  const data: Link = {
    namespace: `${id}-data`,
    device: `${id}-d0`,
    inside: `${id}-d1`,
    outsideAddress: `${base}.1`,
    insideAddress: `${base}.2`,
  };
  const client: Link = {
    namespace: `${id}-client`,
    device: `${id}-c0`,
    inside: `${id}-c1`,
    outsideAddress: `${base}.5`,
    insideAddress: `${base}.6`,
  };
  for (const link of [data, client]) await makeLink(link, ledger);
  return { data, client };
}

async function makeLink(link: Link, ledger: UndoLedger): Promise<void> {
  const ip = (...words: string[]): Promise<string> => run(['ip', ...words]);
  ledger.add(['ip', 'netns', 'del', link.namespace]);
  await ip('netns', 'add', link.namespace);
  ledger.add(['sh', '-c', 'ip link del "$1" 2>/dev/null || true', 'link', link.device]);
  await ip('link', 'add', link.device, 'type', 'veth', 'peer', 'name', link.inside, 'netns', link.namespace);
  await ip('addr', 'add', `${link.outsideAddress}/30`, 'dev', link.device);
  await ip('link', 'set', link.device, 'up');
  const inside = ['-n', link.namespace];
  await ip(...inside, 'addr', 'add', `${link.insideAddress}/30`, 'dev', link.inside);
  await ip(...inside, 'link', 'set', link.inside, 'up');
  await ip(...inside, 'link', 'set', 'lo', 'up');
}

/** The words before a command that runs in a namespace. */
export function inNamespace(link: Link): string[] {
  return ['nsenter', `--net=/run/netns/${link.namespace}`];
}

async function freeBase(id: string): Promise<string> {
  const taken = await run(['ip', '-o', '-4', 'addr', 'show']);
  const seed = Number.parseInt(id.slice(2), 16);
  for (let i = 0; i < 512; i++) {
    const n = (seed + i) % 512;
    const base = `198.${18 + (n >> 8)}.${n & 255}`;
    if (!taken.includes(` ${base}.`)) return base;
  }
  throw new Error('198.18.0.0/15 is in use on this machine.');
}
