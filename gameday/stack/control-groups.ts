import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { UndoLedger } from '../undo/ledger.ts';

/** Kills what is in a group and its children until nothing is. A stopped process dies too. */
const KILL = `for try in $(seq 100); do
  pids=$(cat "$1"/cgroup.procs "$1"/*/cgroup.procs 2>/dev/null)
  [ -z "$pids" ] && exit 0
  kill -9 $pids 2>/dev/null
  sleep 0.05
done`;
/** A group of killed processes stays busy for a moment. */
const REMOVE = `for group; do
  for try in $(seq 100); do
    [ -d "$group" ] || break
    rmdir "$group"/* 2>/dev/null
    rmdir "$group" 2>/dev/null
    sleep 0.02
  done
done`;

const V1 = { memory: '/sys/fs/cgroup/memory', cpu: '/sys/fs/cgroup/cpu' } as const;
const V2 = '/sys/fs/cgroup';

/** Why control groups cannot be used here; null when they can. */
export function whyNoControlGroups(): string | null {
  if (existsSync(join(V1.memory, 'cgroup.procs')) && existsSync(join(V1.cpu, 'cgroup.procs'))) return null;
  try {
    const controllers = readFileSync(join(V2, 'cgroup.controllers'), 'utf8').split(/\s+/);
    if (controllers.includes('memory') && controllers.includes('cpu')) return null;
  } catch {
    // No version 2 either.
  }
  return 'there are no control groups for memory and cpu';
}

/** The folders of one group. Under version 2 both are the same. */
export interface Group {
  readonly memory: string;
  readonly cpu: string;
}

/**
 * A tree of groups for one run: every process of it is in one of them, so that none can be missed at the end. Works on
 * version 1 (a tree for memory and one for cpu) and on version 2.
 */
export class ControlGroups {
  readonly version: 1 | 2;
  readonly #root: Group;
  readonly #made = new Map<string, Group>();

  constructor(id: string, ledger: UndoLedger) {
    this.version = existsSync(join(V1.memory, 'cgroup.procs')) ? 1 : 2;
    const at = this.version === 1 ? V1 : { memory: V2, cpu: V2 };
    this.#root = { memory: join(at.memory, id), cpu: join(at.cpu, id) };
    ledger.add(['sh', '-c', REMOVE, 'remove', ...this.#folders(this.#root)]);
    for (const folder of this.#folders(this.#root)) mkdirSync(folder, { recursive: true });
    if (this.version === 1) writeFileSync(join(this.#root.cpu, 'cpu.shares'), '8192');
    else {
      writeFileSync(join(V2, 'cgroup.subtree_control'), '+cpu +memory');
      writeFileSync(join(this.#root.memory, 'cgroup.subtree_control'), '+cpu +memory');
      writeFileSync(join(this.#root.cpu, 'cpu.weight'), '800');
    }
  }

  /** The inverse of every process start of the run. */
  get killAll(): readonly string[] {
    return ['sh', '-c', KILL, 'kill', this.#root.memory];
  }

  /** The inverse of what was started in one group. */
  kill(name: string): readonly string[] {
    return ['sh', '-c', KILL, 'kill', this.group(name).memory];
  }

  /** Makes the group when it is not there yet. */
  group(name: string): Group {
    const known = this.#made.get(name);
    if (known !== undefined) return known;
    const group = { memory: join(this.#root.memory, name), cpu: join(this.#root.cpu, name) };
    for (const folder of this.#folders(group)) mkdirSync(folder, { recursive: true });
    this.#made.set(name, group);
    return group;
  }

  /** Lines of a shell script by which it goes into the group; it ends where the group is gone. */
  enter(name: string): string {
    return this.#folders(this.group(name))
      .map((folder) => `echo $$ > '${folder}/cgroup.procs' || exit 111`)
      .join('\n');
  }

  /** The words that start a program in the group. */
  inside(name: string, argv: readonly string[]): string[] {
    return ['sh', '-c', `${this.enter(name)}\nexec "$@"`, 'enter', ...argv];
  }

  /** The file and the words that limit memory; swap is not given. */
  memoryFile(name: string): string {
    return join(this.group(name).memory, this.version === 1 ? 'memory.limit_in_bytes' : 'memory.max');
  }

  setMemoryLimit(name: string, bytes: number): void {
    writeFileSync(this.memoryFile(name), String(bytes));
  }

  /** File and contents for a share of one core; null is no limit. */
  quota(name: string, cores: number | null): { readonly file: string; readonly text: string } {
    const group = this.group(name);
    if (this.version === 1)
      return {
        file: join(group.cpu, 'cpu.cfs_quota_us'),
        text: cores === null ? '-1' : String(Math.round(cores * 100_000)),
      };
    return {
      file: join(group.cpu, 'cpu.max'),
      text: cores === null ? 'max 100000' : `${Math.round(cores * 100_000)} 100000`,
    };
  }

  /** Weight among the groups of the run; 100 is what the others have. */
  setWeight(name: string, weight: number): void {
    const group = this.group(name);
    if (this.version === 1) writeFileSync(join(group.cpu, 'cpu.shares'), String(Math.round(weight * 10.24)));
    else writeFileSync(join(group.cpu, 'cpu.weight'), String(weight));
  }

  #folders(group: Group): string[] {
    return [...new Set([group.memory, group.cpu])];
  }
}
