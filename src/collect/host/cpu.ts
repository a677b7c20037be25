import { Cursor } from './cursor.ts';
import { ProcFile, type Scratch } from './proc-file.ts';
import type { SampleSet, Source } from './sample-set.ts';

const MODES = ['user', 'nice', 'system', 'idle', 'iowait', 'irq', 'softirq', 'steal'] as const;
/** The kernel lets idle and iowait fall back a little; node_exporter takes more than this for a core that came back. */
const BACKWARD_TICKS = 300;

/** /proc/stat and /proc/loadavg: CPU by core and mode, forks, switches, interrupts, boot time, load. */
export class CpuSource implements Source {
  readonly #stat: ProcFile;
  readonly #load: ProcFile;
  readonly #scratch: Scratch;
  readonly #ticksPerSecond: number;
  readonly #last = new Map<string, number[]>();

  constructor(root: string, scratch: Scratch, ticksPerSecond: number) {
    this.#stat = new ProcFile(`${root}proc/stat`);
    this.#load = new ProcFile(`${root}proc/loadavg`);
    this.#scratch = scratch;
    this.#ticksPerSecond = ticksPerSecond;
  }

  collect(set: SampleSet): void {
    if (this.#stat.read(this.#scratch)) this.#collectStat(set);
    else
      set.problems.add(`CPU figures are missing: ${this.#stat.path} cannot be read (${this.#stat.fault ?? 'empty'})`);
    if (this.#load.read(this.#scratch)) {
      const cursor = new Cursor(this.#scratch);
      set.gauge('node_load1', cursor.number());
      set.gauge('node_load5', cursor.number());
      set.gauge('node_load15', cursor.number());
    }
  }

  close(): void {
    this.#stat.close();
    this.#load.close();
  }

  #collectStat(set: SampleSet): void {
    let cores = 0;
    for (const cursor = new Cursor(this.#scratch); !cursor.done; cursor.nextLine()) {
      const key = cursor.word();
      const digit = key.charCodeAt(3);
      if (key.startsWith('cpu') && digit >= 48 && digit <= 57) {
        this.#core(set, key.slice(3), cursor);
        cores++;
      } else if (key === 'ctxt') set.counter('node_context_switches_total', cursor.number());
      else if (key === 'processes') set.counter('node_forks_total', cursor.number());
      else if (key === 'intr') set.counter('node_intr_total', cursor.number());
      else if (key === 'btime') set.gauge('node_boot_time_seconds', cursor.number());
      else if (key === 'procs_running') set.gauge('node_procs_running', cursor.number());
      else if (key === 'procs_blocked') set.gauge('node_procs_blocked', cursor.number());
    }
    if (cores === 0) set.problems.add(`CPU figures are missing: ${this.#stat.path} names no core`);
  }

  #core(set: SampleSet, core: string, cursor: Cursor): void {
    let last = this.#last.get(core);
    if (last === undefined) {
      last = new Array<number>(MODES.length).fill(0);
      this.#last.set(core, last);
    }
    for (let m = 0; m < MODES.length; m++) {
      const read = cursor.number();
      if (read !== read) continue;
      const before = last[m] ?? 0;
      const ticks = read < before && before - read < BACKWARD_TICKS ? before : read;
      last[m] = ticks;
      set.counter('node_cpu_seconds_total', ticks / this.#ticksPerSecond, ['cpu', core], ['mode', MODES[m] ?? '']);
    }
  }
}
