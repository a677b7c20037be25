import { machine } from 'node:os';
import { Cursor } from './cursor.ts';
import { ProcFile, readText, type Scratch } from './proc-file.ts';
import type { LabelPair, SampleSet, Source } from './sample-set.ts';

const PRESSURES = [
  ['cpu', 'node_pressure_cpu_waiting_seconds_total', null],
  ['memory', 'node_pressure_memory_waiting_seconds_total', 'node_pressure_memory_stalled_seconds_total'],
  ['io', 'node_pressure_io_waiting_seconds_total', 'node_pressure_io_stalled_seconds_total'],
] as const;

/** Pressure (PSI), open files, time and what kernel it is. */
export class KernelSource implements Source {
  readonly #pressures: readonly { file: ProcFile; kind: string; some: string; full: string | null }[];
  readonly #files: ProcFile;
  readonly #scratch: Scratch;
  readonly #uname: readonly LabelPair[];

  constructor(root: string, scratch: Scratch) {
    this.#scratch = scratch;
    this.#files = new ProcFile(`${root}proc/sys/fs/file-nr`);
    this.#pressures = PRESSURES.map(([kind, some, full]) => ({
      file: new ProcFile(`${root}proc/pressure/${kind}`),
      kind,
      some,
      full,
    }));
    const kernel = (name: string) => readText(`${root}proc/sys/kernel/${name}`, scratch) ?? '';
    this.#uname = [
      ['sysname', kernel('ostype')],
      ['release', kernel('osrelease')],
      ['version', kernel('version')],
      ['machine', machine()],
      ['nodename', kernel('hostname')],
      ['domainname', kernel('domainname')],
    ];
  }

  collect(set: SampleSet): void {
    set.gauge('node_time_seconds', set.at / 1000);
    set.info('node_uname_info', ...this.#uname);
    for (const pressure of this.#pressures) {
      if (!pressure.file.read(this.#scratch)) {
        if (pressure.kind === 'cpu') {
          set.limitations.add('pressure is missing: this kernel keeps none (Linux 4.20 or newer with psi=1 does)');
        }
        continue;
      }
      set.counter(pressure.some, stallSeconds(this.#scratch, 'some'));
      if (pressure.full !== null) set.counter(pressure.full, stallSeconds(this.#scratch, 'full'));
    }
    if (this.#files.read(this.#scratch)) {
      const cursor = new Cursor(this.#scratch);
      set.gauge('node_filefd_allocated', cursor.number());
      cursor.skipWords(1);
      set.gauge('node_filefd_maximum', cursor.number());
    }
  }

  close(): void {
    this.#files.close();
    for (const pressure of this.#pressures) pressure.file.close();
  }
}

/** `some avg10=0.18 avg60=0.61 avg300=0.39 total=14722714`: the total, in µs. */
function stallSeconds(scratch: Scratch, line: string): number {
  for (const cursor = new Cursor(scratch); !cursor.done; cursor.nextLine()) {
    if (!cursor.startsWith(line)) continue;
    while (!cursor.atLineEnd) {
      if (cursor.startsWith('total=')) {
        cursor.pos += 'total='.length;
        return cursor.number() / 1e6;
      }
      cursor.skipWords(1);
    }
  }
  return Number.NaN;
}
