import { Cursor } from './cursor.ts';
import { ProcFile, type Scratch } from './proc-file.ts';
import type { SampleSet, Source } from './sample-set.ts';

/** What explains where memory went; the other thirty lines of /proc/meminfo are left out on purpose. */
const FIELDS = new Set(
  (
    'MemTotal MemFree MemAvailable Buffers Cached SwapCached Active Inactive SwapTotal SwapFree Dirty Writeback AnonPages ' +
    'Mapped Shmem Slab SReclaimable SUnreclaim KernelStack PageTables CommitLimit Committed_AS Unevictable Percpu'
  ).split(' '),
);

const VMSTAT = ['pswpin ', 'pswpout ', 'pgmajfault ', 'oom_kill '];

/** /proc/meminfo and /proc/vmstat: memory, swap, paging, kills for lack of memory. */
export class MemorySource implements Source {
  readonly #meminfo: ProcFile;
  readonly #vmstat: ProcFile;
  readonly #scratch: Scratch;

  constructor(root: string, scratch: Scratch) {
    this.#meminfo = new ProcFile(`${root}proc/meminfo`);
    this.#vmstat = new ProcFile(`${root}proc/vmstat`);
    this.#scratch = scratch;
  }

  collect(set: SampleSet): void {
    if (this.#meminfo.read(this.#scratch)) this.#collectMeminfo(set);
    else {
      const why = this.#meminfo.fault ?? 'empty';
      set.problems.add(`memory figures are missing: ${this.#meminfo.path} cannot be read (${why})`);
    }
    if (this.#vmstat.read(this.#scratch)) this.#collectVmstat(set);
  }

  close(): void {
    this.#meminfo.close();
    this.#vmstat.close();
  }

  #collectMeminfo(set: SampleSet): void {
    for (const cursor = new Cursor(this.#scratch); !cursor.done; cursor.nextLine()) {
      const key = cursor.word().slice(0, -1);
      if (FIELDS.has(key)) set.gauge(`node_memory_${key}_bytes`, cursor.number() * 1024);
    }
  }

  #collectVmstat(set: SampleSet): void {
    for (const cursor = new Cursor(this.#scratch); !cursor.done; cursor.nextLine()) {
      if (!VMSTAT.some((prefix) => cursor.startsWith(prefix))) continue;
      const key = cursor.word();
      set.counter(`node_vmstat_${key}`, cursor.number());
    }
  }
}
