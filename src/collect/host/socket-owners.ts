import { readdirSync, readlinkSync } from 'node:fs';
import { UNKNOWN_PROCESS } from '../../model/index.ts';
import { errorCode } from './proc-file.ts';
import type { Process } from './process-table.ts';

/** What is known of a process' open files. */
interface Looked {
  /** The search in which its files were gone through to the end. */
  search: number;
  /** Where to go on, when it has more than one search may read. */
  next: number;
  hasSockets: boolean;
  denied: boolean;
}

interface Owner {
  process: Process | null;
  /** The search that first asked for it; of older ones nothing more is to be found. */
  readonly asked: number;
  isGivenUp: boolean;
}

const FIRST_SEARCH = 10;
const SOCKET = /^socket:\[(\d+)\]$/;

/**
 * Which process holds a socket, by `/proc/<pid>/fd`: looked for only when a socket is new, first among processes that are new and
 * those that hold sockets already; among all others when it is still there at the next search. What nobody holds is then given up.
 * Cost: some 3 µs a descriptor, at most `links` a search (ten times as many at the first); a longer one goes on at the next.
 */
export class SocketOwners {
  readonly #folder: string;
  readonly #links: number;
  readonly #looked = new WeakMap<Process, Looked>();
  #owners = new Map<number, Owner>();
  #search = 0;
  /** Processes whose files may not be read, as of the last search. */
  denied = 0;

  constructor(root: string, links: number) {
    this.#folder = `${root}proc`;
    this.#links = links;
  }

  /** The name of the process group that holds the socket, as it is called now; `unknown` where nobody was found, null while it is looked for. */
  groupOf(inode: number): string | null {
    const owner = this.#owners.get(inode);
    if (owner?.process) return owner.process.group;
    return owner === undefined || owner.isGivenUp ? UNKNOWN_PROCESS : null;
  }

  processOf(inode: number): Process | null {
    return this.#owners.get(inode)?.process ?? null;
  }

  /** Looks for the holders of `inodes` among `processes`, and forgets all other sockets. */
  find(inodes: ReadonlySet<number>, processes: readonly Process[]): void {
    this.#search++;
    const owners = new Map<number, Owner>();
    const sought = new Map<number, Owner>();
    for (const inode of inodes) {
      const owner = this.#owners.get(inode) ?? { process: null, asked: this.#search, isGivenUp: false };
      owners.set(inode, owner);
      if (owner.process === null && !owner.isGivenUp) sought.set(inode, owner);
    }
    this.#owners = owners;
    if (sought.size === 0) return;
    const asked = [...sought.values()].map((owner) => owner.asked);
    const newest = Math.max(...asked);
    // What was not there before may be gone in a moment: for that only those are asked who are likely to have it.
    const newestOfOld = Math.max(0, ...asked.filter((search) => search < this.#search || search === 1));
    const candidates = processes
      .map((process) => {
        const looked = this.#of(process);
        return { process, looked, rank: rank(process, looked) };
      })
      .filter((one) => one.looked.search < (one.rank <= LIKELY ? newest : newestOfOld))
      .sort((a, b) => a.rank - b.rank || a.looked.search - b.looked.search);
    this.denied = 0;
    let left = this.#search === 1 ? FIRST_SEARCH * this.#links : this.#links;
    for (const { process, looked } of candidates) {
      if (sought.size === 0 || left <= 0) break;
      left -= this.#look(process, looked, sought, left);
      if (looked.denied) this.denied++;
    }
    if (left > 0)
      for (const owner of sought.values()) owner.isGivenUp = owner.asked < this.#search || this.#search === 1;
  }

  #of(process: Process): Looked {
    let looked = this.#looked.get(process);
    if (looked === undefined) {
      looked = { search: 0, next: 0, hasSockets: false, denied: false };
      this.#looked.set(process, looked);
    }
    return looked;
  }

  /** How many links were read. */
  #look(process: Process, looked: Looked, sought: Map<number, Owner>, limit: number): number {
    const folder = `${this.#folder}/${process.pid}/fd`;
    let names: string[];
    try {
      names = readdirSync(folder);
    } catch (error) {
      looked.search = this.#search;
      looked.denied = ['EACCES', 'EPERM'].includes(errorCode(error));
      return 1;
    }
    looked.denied = false;
    const from = looked.next < names.length ? looked.next : 0;
    const until = Math.min(names.length, from + limit);
    for (let i = from; i < until; i++) {
      const inode = inodeOf(`${folder}/${names[i]}`);
      if (inode === 0) continue;
      looked.hasSockets = true;
      const owner = sought.get(inode);
      if (owner === undefined) continue;
      owner.process = process;
      sought.delete(inode);
    }
    looked.next = until < names.length ? until : 0;
    if (looked.next === 0) looked.search = this.#search;
    return until - from + 1;
  }
}

/** Of the ranks below, those that are likely to hold a socket that is new. */
const LIKELY = 1;

/** New ones first, then who holds sockets; last the first process, which holds what it hands on to others. */
function rank(process: Process, looked: Looked): number {
  if (process.pid === 1) return 3;
  return looked.search === 0 ? 0 : looked.hasSockets ? 1 : 2;
}

/** 0 when it is no socket or is gone. */
function inodeOf(link: string): number {
  try {
    return Number(SOCKET.exec(readlinkSync(link))?.[1] ?? 0);
  } catch {
    return 0;
  }
}
