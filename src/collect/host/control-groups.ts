import { existsSync } from 'node:fs';
import { cgroupPaths } from './cgroup.ts';
import { Cursor } from './cursor.ts';
import { NamesADay } from './names-a-day.ts';
import { ProcFile, readText, type Scratch } from './proc-file.ts';
import type { Process } from './process-table.ts';
import type { SampleSet, Source } from './sample-set.ts';

const CONTROL_GROUP_MEMORY = 'auspex_host_control_group_memory_ratio';

/** New processes whose group is looked up in one collection: in a storm of them most are gone before it could tell anything. */
const LOOKED_UP = 256;
/** A limit is set seldom: groups without one are looked at again after so many collections. */
const WITHOUT_LIMIT_EVERY = 30;
const GROUPS_AT_MOST = 200;
/** Identifiers that containers are named by. */
const IDENTIFIER = /[0-9a-f]{32,}/g;
const IDENTIFIER_SHOWN = 12;

/** One control group, or one above it, whose memory may be limited. */
interface Group {
  readonly name: string;
  readonly limit: ProcFile;
  readonly stat: ProcFile;
  limitBytes: number;
  limitReadAt: number;
  usedAt: number;
}

/**
 * How much of their memory limits the control groups (systemd services, containers) of the processes here use: behind the limit the
 * kernel kills, however much the machine has. What can be reclaimed (the cache of files) does not count. One read a new process, two a group.
 */
export class ControlGroupSource implements Source {
  readonly #root: string;
  readonly #scratch: Scratch;
  readonly #processes: () => ReadonlyMap<number, Process>;
  readonly #totalBytes: number;
  /** The folder of groups; null where memory is not divided into any. */
  readonly #base: { readonly folder: string; readonly version: 1 | 2 } | null;
  readonly #pathOf = new WeakMap<Process, string>();
  readonly #groups = new Map<string, Group>();
  readonly #names = new NamesADay(GROUPS_AT_MOST);

  constructor(root: string, scratch: Scratch, processes: () => ReadonlyMap<number, Process>, totalBytes: number) {
    this.#root = root;
    this.#scratch = scratch;
    this.#processes = processes;
    this.#totalBytes = totalBytes;
    this.#base = findBase(root);
  }

  collect(set: SampleSet): void {
    if (this.#base === null) return;
    let left = LOOKED_UP;
    const seen = new Set<string>();
    for (const process of this.#processes().values()) {
      let path = this.#pathOf.get(process);
      if (path === undefined) {
        if (left === 0) continue;
        left--;
        path = this.#lookUp(process.pid);
        this.#pathOf.set(process, path);
      }
      // Those above it, too: a slice may be what is limited.
      for (let end = path.length; end > 0 && !seen.has(path.slice(0, end)); end = path.lastIndexOf('/', end - 1))
        seen.add(path.slice(0, end));
    }
    for (const path of seen) this.#emit(path, this.#base, set);
    for (const [path, group] of this.#groups) {
      if (group.usedAt === set.collection) continue;
      close(group);
      this.#groups.delete(path);
    }
  }

  close(): void {
    for (const group of this.#groups.values()) close(group);
    this.#groups.clear();
  }

  #lookUp(pid: number): string {
    const paths = cgroupPaths(readText(`${this.#root}proc/${pid}/cgroup`, this.#scratch));
    const path = (this.#base?.version === 1 ? paths.get('memory') : paths.get('')) ?? '';
    // Outside of what this container sees.
    return path.startsWith('/..') ? '' : path;
  }

  #emit(path: string, base: { readonly folder: string; readonly version: 1 | 2 }, set: SampleSet): void {
    let group = this.#groups.get(path);
    if (group === undefined) this.#groups.set(path, (group = newGroup(path, base.folder, base.version)));
    group.usedAt = set.collection;
    const isLimited = group.limitBytes > 0;
    if (isLimited || set.collection - group.limitReadAt >= WITHOUT_LIMIT_EVERY) {
      group.limitReadAt = set.collection;
      const limit = group.limit.read(this.#scratch) ? new Cursor(this.#scratch).number() : Number.NaN;
      // `max`, or v1's number near 2^63, or more than the machine has, is no limit.
      group.limitBytes = limit > 0 && limit < this.#totalBytes ? limit : 0;
    }
    if (group.limitBytes === 0) {
      // Most have none: their files need not stay open until the next look.
      group.limit.close();
      return;
    }
    const used = this.#held(group.stat, base.version);
    if (used >= 0 && this.#names.admits(group.name, set.at))
      set.gauge(CONTROL_GROUP_MEMORY, Math.min(1, used / group.limitBytes), ['cgroup', group.name]);
  }

  /** What the kernel cannot take back: memory of programs, and shared memory. */
  #held(file: ProcFile, version: 1 | 2): number {
    if (!file.read(this.#scratch)) return Number.NaN;
    const [own, shared] = version === 2 ? ['anon', 'shmem'] : ['total_rss', 'total_shmem'];
    let bytes = Number.NaN;
    let sharedBytes = 0;
    for (const cursor = new Cursor(this.#scratch); !cursor.done; cursor.nextLine()) {
      const word = cursor.word();
      if (word === own) bytes = cursor.number();
      else if (word === shared) sharedBytes = cursor.number();
    }
    return bytes + sharedBytes;
  }
}

function findBase(root: string): { readonly folder: string; readonly version: 1 | 2 } | null {
  const folder = `${root}sys/fs/cgroup`;
  if (existsSync(`${folder}/cgroup.controllers`)) return { folder, version: 2 };
  return existsSync(`${folder}/memory/memory.stat`) ? { folder: `${folder}/memory`, version: 1 } : null;
}

function newGroup(path: string, base: string, version: 1 | 2): Group {
  const folder = `${base}${path}`;
  return {
    name: path.replaceAll(IDENTIFIER, (identifier) => identifier.slice(0, IDENTIFIER_SHOWN)),
    limit: new ProcFile(`${folder}/${version === 2 ? 'memory.max' : 'memory.limit_in_bytes'}`),
    stat: new ProcFile(`${folder}/memory.stat`),
    limitBytes: 0,
    limitReadAt: Number.NEGATIVE_INFINITY,
    usedAt: 0,
  };
}

function close(group: Group): void {
  group.limit.close();
  group.stat.close();
}
