import { processGroupMetrics as names } from '../../model/index.ts';
import { Cursor } from './cursor.ts';
import { NamesADay } from './names-a-day.ts';
import { errorCode, type Scratch } from './proc-file.ts';
import { type Process, ProcessTable } from './process-table.ts';
import type { LabelPair, SampleSet, Source } from './sample-set.ts';

export interface ProcessGroup {
  readonly name: string;
  scan: number;
  count: number;
  residentBytes: number;
  virtualBytes: number;
  grownUser: number;
  grownSystem: number;
  heaviest: Process | null;
  /** Totals since this collector began, as process-exporter counts them. */
  userTicks: number;
  systemTicks: number;
  readBytes: number;
  writtenBytes: number;
  grownRead: number;
  grownWritten: number;
  hasIo: boolean;
  /** The collection in which it last was among the heaviest. */
  heavyAt: number;
}

const HEAVIEST = 10;
/** Below a hundredth of a core nothing is heavy. */
const LEAST_CORES = 0.01;
/** Nor is what reads and writes less than this a second. */
const LEAST_TRANSFER = 256 << 10;
/** Nor is what holds less than this: each command typed in a shell would make series. */
const LEAST_BYTES = 4 << 20;
/** A group at the edge of the ten stays this many collections longer, so that its series do not come and go. */
const LINGER = 6;
const NAMES_A_DAY = 200;
const IO_READS_A_COLLECTION = 64;
export const OTHER = 'other';

/** Processes by state, and the heaviest groups of them by CPU, by memory and by disk traffic. Memory shared within a group counts several times. */
export class ProcessSource implements Source {
  readonly #table: ProcessTable;
  readonly #root: string;
  readonly #scratch: Scratch;
  readonly #ticksPerSecond: number;
  readonly #pageBytes: number;
  readonly #groups = new Map<string, ProcessGroup>();
  readonly #other = newGroup(OTHER);
  readonly #names = new NamesADay(NAMES_A_DAY);

  constructor(
    root: string,
    scratch: Scratch,
    units: { readonly ticksPerSecond: number; readonly pageBytes: number },
    ownPid: number,
  ) {
    this.#table = new ProcessTable(root, scratch, ownPid);
    this.#root = root;
    this.#scratch = scratch;
    this.#ticksPerSecond = units.ticksPerSecond;
    this.#pageBytes = units.pageBytes;
  }

  /** As the last collection found them; the same map each time. */
  get processes(): ReadonlyMap<number, Process> {
    return this.#table.processes;
  }

  async collect(set: SampleSet): Promise<void> {
    try {
      await this.#table.scan();
    } catch (error) {
      set.problems.add(`processes are missing: ${this.#root}proc cannot be listed (${errorCode(error)})`);
      return;
    }
    this.#count(set);
    this.#gather(set.collection);
    this.#readIo(new Set(this.#heaviest(set)), set);
    const shown = this.#name(this.#withBusiest(set), set.at);
    for (const group of shown) this.#emit(group, set);
  }

  close(): void {
    this.#table.close();
  }

  #count(set: SampleSet): void {
    const states = new Map<string, number>();
    let threads = 0;
    for (const process of this.#table.processes.values()) {
      states.set(process.state, (states.get(process.state) ?? 0) + 1);
      threads += process.threads;
    }
    for (const [state, count] of states) set.gauge('node_processes_state', count, ['state', state]);
    set.gauge('node_processes_threads', threads);
    set.gauge('node_processes_pids', this.#table.processes.size);
    if (this.#table.denied > 0 || (this.#table.processes.size > 0 && !this.#table.processes.has(1))) {
      set.limitations.add(
        'processes of other users are hidden (/proc is mounted with hidepid): run Auspex as a member of its gid= group',
      );
    }
  }

  #gather(scan: number): void {
    for (const process of this.#table.processes.values()) {
      let group = this.#groups.get(process.group);
      if (group === undefined) {
        group = newGroup(process.group);
        this.#groups.set(process.group, group);
      }
      if (group.scan !== scan) reset(group, scan);
      add(group, process, this.#pageBytes);
    }
    for (const [name, group] of this.#groups) if (group.scan !== scan) this.#groups.delete(name);
  }

  /** The ten by CPU and the ten by memory, with those that just were. */
  #heaviest(set: SampleSet): ProcessGroup[] {
    const groups = [...this.#groups.values()];
    const least = LEAST_CORES * this.#ticksPerSecond * set.elapsedSeconds;
    const byCpu = set.elapsedSeconds > 0 ? groups.filter((g) => g.grownUser + g.grownSystem >= least) : [];
    byCpu.sort((a, b) => b.grownUser + b.grownSystem - a.grownUser - a.grownSystem);
    for (const group of byCpu.slice(0, HEAVIEST)) group.heavyAt = set.collection;
    const byMemory = groups
      .filter((g) => g.residentBytes >= LEAST_BYTES)
      .sort((a, b) => b.residentBytes - a.residentBytes);
    for (const group of byMemory.slice(0, HEAVIEST)) group.heavyAt = set.collection;
    return groups.filter((g) => set.collection - g.heavyAt <= LINGER);
  }

  /** The heaviest, and the ten by disk traffic: what fills a disk may need little CPU and memory. */
  #withBusiest(set: SampleSet): ProcessGroup[] {
    const groups = [...this.#groups.values()];
    if (set.elapsedSeconds > 0) {
      const least = LEAST_TRANSFER * set.elapsedSeconds;
      const busy = groups.filter((g) => g.grownRead + g.grownWritten >= least);
      busy.sort((a, b) => b.grownRead + b.grownWritten - a.grownRead - a.grownWritten);
      for (const group of busy.slice(0, HEAVIEST)) group.heavyAt = set.collection;
    }
    return groups.filter((g) => set.collection - g.heavyAt <= LINGER);
  }

  /** Bounds the names: past 200 in a day further ones are counted together. */
  #name(heavy: readonly ProcessGroup[], at: number): ProcessGroup[] {
    const named: ProcessGroup[] = [];
    const rest: ProcessGroup[] = [];
    for (const group of heavy) {
      if (group.name !== OTHER && this.#names.admits(group.name, at)) named.push(group);
      else rest.push(group);
    }
    if (rest.length > 0) named.push(this.#together(rest));
    return named;
  }

  #together(groups: readonly ProcessGroup[]): ProcessGroup {
    const other = this.#other;
    const { userTicks, systemTicks } = other;
    reset(other, 0);
    for (const group of groups) {
      other.count += group.count;
      other.residentBytes += group.residentBytes;
      other.virtualBytes += group.virtualBytes;
      other.grownUser += group.grownUser;
      other.grownSystem += group.grownSystem;
      other.heaviest = heavier(other.heaviest, group.heaviest);
    }
    other.userTicks = userTicks + other.grownUser;
    other.systemTicks = systemTicks + other.grownSystem;
    return other;
  }

  /** I/O of the heaviest groups' processes and of those that worked since the last scan; other users' need privileges. */
  #readIo(heavy: ReadonlySet<ProcessGroup>, set: SampleSet): void {
    const worth: { readonly process: Process; readonly group: ProcessGroup; readonly ticks: number }[] = [];
    let denied = 0;
    for (const process of this.#table.processes.values()) {
      const group = this.#groups.get(process.group);
      if (group === undefined) continue;
      const ticks = process.grownUser + process.grownSystem;
      if (process.ioDenied) denied += heavy.has(group) ? 1 : 0;
      else if (ticks > 0 || process.isBorn || heavy.has(group)) worth.push({ process, group, ticks });
    }
    if (worth.length > IO_READS_A_COLLECTION) worth.sort((a, b) => b.ticks - a.ticks);
    for (const { process, group } of worth.slice(0, IO_READS_A_COLLECTION)) {
      if (this.#readProcessIo(process, group)) group.hasIo = true;
      else if (process.ioDenied && heavy.has(group)) denied++;
    }
    if (denied > 0) {
      set.limitations.add(
        `disk reads and writes of ${denied} processes of other users may not be read: run Auspex as root or with CAP_SYS_PTRACE`,
      );
    }
  }

  #readProcessIo(process: Process, group: ProcessGroup): boolean {
    const outcome = this.#table.files.read(process.ioFile, `${this.#root}proc/${process.pid}/io`, this.#scratch, true);
    if (outcome === 'denied') process.ioDenied = true;
    if (outcome !== 'ok') return false;
    let read = Number.NaN;
    let written = Number.NaN;
    for (const cursor = new Cursor(this.#scratch); !cursor.done; cursor.nextLine()) {
      if (cursor.startsWith('read_bytes:')) {
        cursor.skipWords(1);
        read = cursor.number();
      } else if (cursor.startsWith('write_bytes:')) {
        cursor.skipWords(1);
        written = cursor.number();
      }
    }
    if (read !== read || written !== written) return false;
    const readBefore = process.isBorn ? 0 : process.readBytes;
    const writtenBefore = process.isBorn ? 0 : process.writtenBytes;
    if (read >= readBefore) group.grownRead += read - readBefore;
    if (written >= writtenBefore) group.grownWritten += written - writtenBefore;
    process.readBytes = read;
    process.writtenBytes = written;
    return true;
  }

  #emit(group: ProcessGroup, set: SampleSet): void {
    const label: LabelPair = ['groupname', group.name];
    set.counter(names.cpuSeconds, group.userTicks / this.#ticksPerSecond, label, ['mode', 'user']);
    set.counter(names.cpuSeconds, group.systemTicks / this.#ticksPerSecond, label, ['mode', 'system']);
    set.gauge(names.memoryBytes, group.residentBytes, label, ['memtype', 'resident']);
    set.gauge(names.processCount, group.count, label);
    if (group.heaviest !== null) set.gauge(names.pid, group.heaviest.pid, label);
    if (set.elapsedSeconds > 0) {
      const ticks = group.grownUser + group.grownSystem;
      set.gauge(names.cpuCores, ticks / this.#ticksPerSecond / set.elapsedSeconds, label);
    }
    if (group.hasIo) {
      group.readBytes += group.grownRead;
      group.writtenBytes += group.grownWritten;
      set.counter(names.readBytes, group.readBytes, label);
      set.counter(names.writeBytes, group.writtenBytes, label);
      if (set.elapsedSeconds > 0) {
        set.gauge(names.readBytesPerSecond, group.grownRead / set.elapsedSeconds, label);
        set.gauge(names.writeBytesPerSecond, group.grownWritten / set.elapsedSeconds, label);
      }
    }
  }
}

function newGroup(name: string): ProcessGroup {
  return {
    name,
    scan: 0,
    count: 0,
    residentBytes: 0,
    virtualBytes: 0,
    grownUser: 0,
    grownSystem: 0,
    heaviest: null,
    userTicks: 0,
    systemTicks: 0,
    readBytes: 0,
    writtenBytes: 0,
    grownRead: 0,
    grownWritten: 0,
    hasIo: false,
    heavyAt: Number.NEGATIVE_INFINITY,
  };
}

function reset(group: ProcessGroup, scan: number): void {
  group.scan = scan;
  group.count = 0;
  group.residentBytes = 0;
  group.virtualBytes = 0;
  group.grownUser = 0;
  group.grownSystem = 0;
  group.grownRead = 0;
  group.grownWritten = 0;
  group.heaviest = null;
}

function add(group: ProcessGroup, process: Process, pageBytes: number): void {
  group.count++;
  group.residentBytes += process.residentPages * pageBytes;
  group.virtualBytes += process.virtualBytes;
  group.grownUser += process.grownUser;
  group.grownSystem += process.grownSystem;
  group.userTicks += process.grownUser;
  group.systemTicks += process.grownSystem;
  group.heaviest = heavier(group.heaviest, process);
}

/** By CPU since the last scan, then by memory. */
function heavier(a: Process | null, b: Process | null): Process | null {
  if (a === null || b === null) return a ?? b;
  const byCpu = b.grownUser + b.grownSystem - a.grownUser - a.grownSystem;
  return byCpu > 0 || (byCpu === 0 && b.residentPages > a.residentPages) ? b : a;
}
