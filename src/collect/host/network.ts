import { isIgnoredInterface } from '../../model/index.ts';
import { Cursor } from './cursor.ts';
import { ProcFile, type Scratch } from './proc-file.ts';
import type { LabelPair, SampleSet, Source } from './sample-set.ts';

/** Column in /proc/net/dev after the name, and its name. */
const COLUMNS: readonly (readonly [number, string])[] = [
  [0, 'receive_bytes_total'],
  [1, 'receive_packets_total'],
  [2, 'receive_errs_total'],
  [3, 'receive_drop_total'],
  [8, 'transmit_bytes_total'],
  [9, 'transmit_packets_total'],
  [10, 'transmit_errs_total'],
  [11, 'transmit_drop_total'],
];
const WIDTH = 16;
const RECEIVED = 0;
const SENT = 8;
const COLON = 58;

interface Interface {
  readonly label: LabelPair;
  readonly ignored: boolean;
  readonly values: Float64Array;
  readonly state: ProcFile;
  collection: number;
}

/** /proc/net/dev: traffic by interface. One that never carried a byte is left out. */
export class NetworkSource implements Source {
  readonly #file: ProcFile;
  readonly #root: string;
  readonly #scratch: Scratch;
  readonly #small: Scratch;
  readonly #interfaces = new Map<string, Interface>();

  constructor(root: string, scratch: Scratch, small: Scratch) {
    this.#file = new ProcFile(`${root}proc/net/dev`);
    this.#root = root;
    this.#scratch = scratch;
    this.#small = small;
  }

  collect(set: SampleSet): void {
    if (!this.#file.read(this.#scratch)) {
      set.problems.add(
        `network traffic is missing: ${this.#file.path} cannot be read (${this.#file.fault ?? 'empty'})`,
      );
      return;
    }
    const cursor = new Cursor(this.#scratch);
    cursor.nextLine();
    for (cursor.nextLine(); !cursor.done; cursor.nextLine()) {
      const name = interfaceName(cursor);
      if (name === '') continue;
      const found = this.#interface(name);
      if (found.ignored || !readCounters(found, cursor)) continue;
      this.#emit(found, set);
      found.collection = set.collection;
    }
    this.#forget(set);
  }

  close(): void {
    this.#file.close();
    for (const known of this.#interfaces.values()) known.state.close();
  }

  #emit(found: Interface, set: SampleSet): void {
    for (const [column, name] of COLUMNS) {
      set.counter(`node_network_${name}`, found.values[column] ?? Number.NaN, found.label);
    }
    if (found.state.read(this.#small)) {
      set.gauge('node_network_up', new Cursor(this.#small).startsWith('up') ? 1 : 0, found.label);
    }
  }

  #interface(name: string): Interface {
    let known = this.#interfaces.get(name);
    if (known === undefined) {
      known = {
        label: ['device', name],
        ignored: isIgnoredInterface(name),
        values: new Float64Array(WIDTH),
        state: new ProcFile(`${this.#root}sys/class/net/${name}/operstate`),
        collection: 0,
      };
      this.#interfaces.set(name, known);
    }
    return known;
  }

  /** Interfaces come and go with containers: what is gone must not be kept for ever. */
  #forget(set: SampleSet): void {
    if (this.#interfaces.size < 512) return;
    for (const [name, known] of this.#interfaces) {
      if (known.collection === set.collection) continue;
      known.state.close();
      this.#interfaces.delete(name);
    }
  }
}

/** `  eth0:` or, where the number is long, `eth0:123`: the name ends at the line's last colon before a number. */
function interfaceName(cursor: Cursor): string {
  cursor.skipSpaces();
  const newline = cursor.bytes.indexOf(10, cursor.pos);
  const end = newline < 0 || newline > cursor.end ? cursor.end : newline;
  const colon = cursor.bytes.lastIndexOf(COLON, end - 1);
  if (colon <= cursor.pos) return '';
  const name = cursor.bytes.toString('latin1', cursor.pos, colon);
  cursor.pos = colon + 1;
  return name;
}

function readCounters(found: Interface, cursor: Cursor): boolean {
  for (let c = 0; c < WIDTH; c++) found.values[c] = cursor.number();
  return (found.values[RECEIVED] ?? 0) > 0 || (found.values[SENT] ?? 0) > 0;
}
