import { isIgnoredDisk } from '../../model/index.ts';
import { Cursor } from './cursor.ts';
import { ProcFile, type Scratch } from './proc-file.ts';
import type { LabelPair, SampleSet, Source } from './sample-set.ts';

const SECTOR_BYTES = 512;
const COLUMNS = [
  ['reads_completed_total', 1],
  ['reads_merged_total', 1],
  ['read_bytes_total', SECTOR_BYTES],
  ['read_time_seconds_total', 0.001],
  ['writes_completed_total', 1],
  ['writes_merged_total', 1],
  ['written_bytes_total', SECTOR_BYTES],
  ['write_time_seconds_total', 0.001],
  ['io_now', 1],
  ['io_time_seconds_total', 0.001],
  ['io_time_weighted_seconds_total', 0.001],
] as const;
const NAMES = COLUMNS.map(([name]) => `node_disk_${name}`);
const IO_NOW = 8;

interface Device {
  readonly label: LabelPair;
  readonly ignored: boolean;
  readonly values: Float64Array;
}

/** /proc/diskstats: I/O by disk. A disk that never did any is left out. */
export class DiskSource implements Source {
  readonly #file: ProcFile;
  readonly #scratch: Scratch;
  readonly #devices = new Map<string, Device>();

  constructor(root: string, scratch: Scratch) {
    this.#file = new ProcFile(`${root}proc/diskstats`);
    this.#scratch = scratch;
  }

  collect(set: SampleSet): void {
    if (!this.#file.read(this.#scratch)) {
      if (this.#file.fault !== null) {
        set.problems.add(`disk I/O is missing: ${this.#file.path} cannot be read (${this.#file.fault})`);
      }
      return;
    }
    for (const cursor = new Cursor(this.#scratch); !cursor.done; cursor.nextLine()) {
      cursor.skipWords(2);
      const device = this.#device(cursor.word());
      if (!device.ignored) emit(device, cursor, set);
    }
  }

  close(): void {
    this.#file.close();
  }

  #device(name: string): Device {
    let device = this.#devices.get(name);
    if (device === undefined) {
      device = {
        label: ['device', name],
        ignored: isIgnoredDisk(name),
        values: new Float64Array(COLUMNS.length),
      };
      this.#devices.set(name, device);
    }
    return device;
  }
}

/** Nothing for a disk that never did anything. */
function emit(device: Device, cursor: Cursor, set: SampleSet): void {
  let any = false;
  for (let c = 0; c < COLUMNS.length; c++) {
    const value = cursor.number() * (COLUMNS[c]?.[1] ?? 1);
    device.values[c] = value;
    any ||= value > 0;
  }
  if (!any) return;
  for (let c = 0; c < COLUMNS.length; c++) {
    const name = NAMES[c] ?? '';
    const value = device.values[c] ?? Number.NaN;
    if (c === IO_NOW) set.gauge(name, value, device.label);
    else set.counter(name, value, device.label);
  }
}
