import { readdirSync } from 'node:fs';
import { nextTurn } from '../../next-turn.ts';
import { Cursor } from './cursor.ts';
import { groupName, kernelGroup, needsCommandLine } from './group-name.ts';
import { HeldFiles, readOnce, type Scratch } from './proc-file.ts';

/** One process as of the last scan; CPU in ticks. */
export interface Process {
  readonly pid: number;
  readonly statPath: string;
  readonly statFile: { fd: number };
  readonly ioFile: { fd: number };
  startedTicks: number;
  parent: number;
  commHash: number;
  group: string;
  scan: number;
  state: string;
  threads: number;
  user: number;
  system: number;
  /** CPU of children that ended and were waited for. */
  childUser: number;
  childSystem: number;
  residentPages: number;
  virtualBytes: number;
  /** CPU since the last scan, short-lived children's included. */
  grownUser: number;
  grownSystem: number;
  readBytes: number;
  writtenBytes: number;
  ioDenied: boolean;
  /** Not there at the last scan: all that it did, it did since then. */
  isBorn: boolean;
}

/** Each letter's string, once: a state is one letter. */
const STATES: readonly string[] = Array.from({ length: 256 }, (_, code) => String.fromCharCode(code));
const PF_KTHREAD = 0x0020_0000;
const OPEN_PAREN = 40;
const CLOSE_PAREN = 41;
/** A scan of thousands lets others run in between: 500 take 5 ms. */
const SCAN_AT_ONCE = 500;
/** Descriptors kept open. With more processes the rest is opened each time. */
const HELD_AT_MOST = 512;
/** In a storm of new processes most are gone before their command line could tell anything. */
const COMMAND_LINES_A_SCAN = 256;

/** All processes, by one read of /proc/<pid>/stat each. Command lines are read once a process, and only where the name says little. */
export class ProcessTable {
  readonly processes = new Map<number, Process>();
  /** Processes whose stat exists and may not be read. */
  denied = 0;
  readonly files = new HeldFiles(HELD_AT_MOST);
  readonly #folder: string;
  readonly #scratch: Scratch;
  readonly #ownPid: number;
  readonly #new = { fd: -1 };
  #scan = 0;
  #commandLinesLeft = 0;

  constructor(root: string, scratch: Scratch, ownPid: number) {
    this.#folder = `${root}proc`;
    this.#scratch = scratch;
    this.#ownPid = ownPid;
  }

  /** Throws only when /proc itself cannot be listed. Processes that vanish meanwhile are left out. */
  async scan(): Promise<void> {
    this.#scan++;
    this.denied = 0;
    this.#commandLinesLeft = COMMAND_LINES_A_SCAN;
    let read = 0;
    for (const name of readdirSync(this.#folder)) {
      const first = name.charCodeAt(0);
      if (first < 48 || first > 57) continue;
      this.#read(Number(name));
      if (++read % SCAN_AT_ONCE === 0) await nextTurn();
    }
    this.#settle();
  }

  #read(pid: number): void {
    const known = this.processes.get(pid);
    const path = known?.statPath ?? `${this.#folder}/${pid}/stat`;
    // A process seen for the first time may be gone at the next scan: its file is not kept yet.
    const outcome = this.files.read(known?.statFile ?? this.#new, path, this.#scratch, known !== undefined);
    if (outcome === 'denied') this.denied++;
    if (outcome !== 'ok') return;
    const { bytes, length } = this.#scratch;
    const open = bytes.indexOf(OPEN_PAREN);
    const close = bytes.lastIndexOf(CLOSE_PAREN, length - 1);
    if (open < 0 || close < open || close >= length) return;
    let hash = 0;
    for (let i = open + 1; i < close; i++) hash = (Math.imul(hash, 31) + (bytes[i] ?? 0)) | 0;

    const cursor = new Cursor(this.#scratch, close + 1);
    cursor.skipSpaces();
    const state = STATES[bytes[cursor.pos] ?? 0] ?? '';
    cursor.skipWords(1);
    const parent = cursor.number();
    cursor.skipWords(4);
    const flags = cursor.number();
    cursor.skipWords(4);
    const user = cursor.number();
    const system = cursor.number();
    const childUser = cursor.number();
    const childSystem = cursor.number();
    cursor.skipWords(2);
    const threads = cursor.number();
    cursor.skipWords(1);
    const startedTicks = cursor.number();
    const virtualBytes = cursor.number();
    const residentPages = cursor.number();
    // A line that is cut short or garbage ends in NaN.
    if (residentPages !== residentPages || startedTicks !== startedTicks || user !== user || system !== system) return;

    const isSame = known !== undefined && known.startedTicks === startedTicks;
    const process = isSame ? known : newProcess(pid, path, startedTicks);
    if (!isSame) {
      if (known !== undefined) this.#forget(known);
      this.processes.set(pid, process);
    }
    process.isBorn = !isSame && this.#scan > 1;
    if (!isSame || process.commHash !== hash) {
      process.commHash = hash;
      const comm = bytes.toString('utf8', open + 1, close);
      process.group = (flags & PF_KTHREAD) !== 0 ? kernelGroup(comm) : this.#group(pid, comm);
    }
    process.grownUser = Math.max(0, user - process.user);
    process.grownSystem = Math.max(0, system - process.system);
    if (this.#scan === 1) {
      // What it used before this collector started is not this interval's.
      process.grownUser = 0;
      process.grownSystem = 0;
    }
    if (this.#scan > 1 && isSame) this.#addChildren(process, childUser, childSystem);
    process.scan = this.#scan;
    process.state = state;
    process.parent = parent;
    process.user = user;
    process.system = system;
    process.childUser = childUser;
    process.childSystem = childSystem;
    process.threads = threads;
    process.virtualBytes = virtualBytes;
    process.residentPages = residentPages;
  }

  /** Children that lived and died between two scans are seen only in what their parent waited for. */
  #addChildren(process: Process, childUser: number, childSystem: number): void {
    process.grownUser += Math.max(0, childUser - process.childUser);
    process.grownSystem += Math.max(0, childSystem - process.childSystem);
  }

  /** What vanished is dropped; what of it was counted already is taken out of the growth of who waited for it. */
  #settle(): void {
    const vanished: Process[] = [];
    for (const gone of this.processes.values()) {
      if (gone.scan === this.#scan) continue;
      vanished.push(gone);
      const heir = this.#heirOf(gone);
      if (heir === undefined) continue;
      heir.grownUser = Math.max(0, heir.grownUser - gone.user - gone.childUser);
      heir.grownSystem = Math.max(0, heir.grownSystem - gone.system - gone.childSystem);
      // The kernel adds the disk traffic of a child that was waited for to its parent's.
      heir.readBytes += gone.readBytes || 0;
      heir.writtenBytes += gone.writtenBytes || 0;
    }
    for (const gone of vanished) {
      this.processes.delete(gone.pid);
      this.#forget(gone);
    }
  }

  /** The nearest ancestor that still runs: to it came what a whole tree that ended had used. */
  #heirOf(gone: Process): Process | undefined {
    let heir = this.processes.get(gone.parent);
    for (let steps = 0; heir !== undefined && heir.scan !== this.#scan; steps++)
      heir = steps < 32 ? this.processes.get(heir.parent) : undefined;
    return heir;
  }

  close(): void {
    for (const process of this.processes.values()) this.#forget(process);
    this.processes.clear();
  }

  #forget(process: Process): void {
    this.files.release(process.statFile);
    this.files.release(process.ioFile);
  }

  #group(pid: number, comm: string): string {
    if (pid === this.#ownPid) return 'auspex';
    if (!needsCommandLine(comm) || this.#commandLinesLeft === 0) return groupName(comm, []);
    this.#commandLinesLeft--;
    if (readOnce(`${this.#folder}/${pid}/cmdline`, this.#scratch) !== 'ok') return groupName(comm, []);
    return groupName(comm, this.#scratch.bytes.toString('utf8', 0, Math.min(this.#scratch.length, 8192)).split('\0'));
  }
}

function newProcess(pid: number, statPath: string, startedTicks: number): Process {
  return {
    pid,
    statPath,
    statFile: { fd: -1 },
    ioFile: { fd: -1 },
    startedTicks,
    parent: 0,
    commHash: 0,
    group: '',
    scan: 0,
    state: '',
    threads: 0,
    user: 0,
    system: 0,
    childUser: 0,
    childSystem: 0,
    residentPages: 0,
    virtualBytes: 0,
    grownUser: 0,
    grownSystem: 0,
    readBytes: Number.NaN,
    writtenBytes: Number.NaN,
    ioDenied: false,
    isBorn: false,
  };
}
