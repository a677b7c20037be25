import { readlinkSync } from 'node:fs';
import { errorCode, readOnce, type Scratch } from './proc-file.ts';
import type { Process } from './process-table.ts';
import { addressOf } from './socket-table.ts';

/** A network of its own on this host: the host's, or a container's. */
export interface NetworkNamespace {
  /** The kernel's number of it; of this process' own one the empty text. */
  readonly id: string;
  /** Where its `tcp` and `tcp6` lie. */
  readonly folder: string;
  readonly processes: readonly Process[];
}

interface Known {
  id: string;
  isDenied: boolean;
  /** A process may change over while it starts: it is asked twice. */
  asked: number;
}

const ASKED_AT_MOST = 2;
const LOCAL_V4 = /\|-- (\S+)\n\s+\/32 host LOCAL/g;
/** As `/proc/net/if_inet6` tells them: of one wire, of this host alone. */
const NARROW_SCOPES = new Set(['20', '10']);

/** Which network each process is in. Kernel threads have no sockets and are left out. Cost: one `readlink` for each process, at its first two sights. */
export class NetworkNamespaces {
  readonly #root: string;
  readonly #scratch: Scratch;
  readonly #known = new WeakMap<Process, Known>();
  /** Processes whose network may not be asked for, as of the last list; they are taken for the host's. */
  denied = 0;

  constructor(root: string, scratch: Scratch) {
    this.#root = root;
    this.#scratch = scratch;
  }

  /** The own one always, and first. */
  list(processes: Iterable<Process>): NetworkNamespace[] {
    this.denied = 0;
    const own = linkOf(`${this.#root}proc/self/ns/net`).link;
    const members = new Map<string, Process[]>([['', []]]);
    for (const process of processes) {
      if (process.group.startsWith('[')) continue;
      const link = this.#idOf(process);
      const id = link === own ? '' : link;
      const among = members.get(id);
      if (among === undefined) members.set(id, [process]);
      else among.push(process);
    }
    return [...members].map(([id, among]) => ({
      id,
      folder: id === '' ? `${this.#root}proc/net` : `${this.#root}proc/${among[0]?.pid}/net`,
      processes: among,
    }));
  }

  /** The addresses by which others reach what runs in `namespace`; loopback and those of one wire are left out. */
  addresses({ folder }: NetworkNamespace): string[] {
    const found = new Set<string>();
    if (readOnce(`${folder}/fib_trie`, this.#scratch) === 'ok')
      for (const [, address] of this.#text().matchAll(LOCAL_V4))
        if (address !== undefined && !address.startsWith('127.')) found.add(address);
    if (readOnce(`${folder}/if_inet6`, this.#scratch) === 'ok')
      for (const line of this.#text().split('\n')) {
        const [hex = '', , , scope = '10'] = line.split(' ');
        if (!NARROW_SCOPES.has(scope)) found.add(addressOf(hex, false));
      }
    found.delete('');
    return [...found];
  }

  #text(): string {
    return this.#scratch.bytes.toString('latin1', 0, this.#scratch.length);
  }

  #idOf(process: Process): string {
    let known = this.#known.get(process);
    if (known === undefined) this.#known.set(process, (known = { id: '', isDenied: false, asked: 0 }));
    if (known.asked < ASKED_AT_MOST) {
      const { link, isDenied } = linkOf(`${this.#root}proc/${process.pid}/ns/net`);
      known.id = link;
      known.isDenied = isDenied;
      known.asked++;
    }
    if (known.isDenied) this.denied++;
    return known.id;
  }
}

function linkOf(path: string): { readonly link: string; readonly isDenied: boolean } {
  try {
    return { link: readlinkSync(path).replaceAll(/\D/g, ''), isDenied: false };
  } catch (error) {
    return { link: '', isDenied: ['EACCES', 'EPERM'].includes(errorCode(error)) };
  }
}
