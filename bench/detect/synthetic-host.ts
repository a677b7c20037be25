import type { Detector, DetectionEvent } from '../../src/detect/detector.ts';
import { hostMetrics, labelsFrom, type SampleBatch } from '../../src/model/index.ts';

/** A fault: what it adds while it lasts. */
export interface Fault {
  readonly kind: 'cpu' | 'memory' | 'io' | 'fork' | 'disk';
  readonly from: number;
  readonly to: number;
}

export interface HostHabits {
  /** Share of CPU that follows the day. */
  readonly daily?: number;
  /** A job each hour at this minute, one minute long, with this share of CPU. */
  readonly hourlyCpu?: number;
  /** A job every five minutes, one sample long. */
  readonly fiveMinuteCpu?: number;
  /** A backup at 02:00, 20 minutes of disk traffic and CPU. */
  readonly backup?: boolean;
  /** Jumps of CPU at random moments, a few times an hour, to this share, one or two samples long. */
  readonly jumps?: number;
  /** Deployments: memory steps by this share every two days at 15:00. */
  readonly deploySteps?: number;
}

const CORES = 4;
const MEMORY = 8 * 2 ** 30;
export const FIRST = Date.UTC(2026, 2, 2);
export const INTERVAL = 10_000;
const groups = ['node', 'postgres', 'stress-ng-cpu', 'stress-ng-vm', 'stress-ng-hdd', 'stress-ng-fork', 'dd'];

/** A host made of noise, habits and faults, sample by sample; the same for the same seed. */
export class SyntheticHost {
  readonly id: string;
  readonly #habits: HostHabits;
  readonly #refs: number[] = [];
  readonly #groupRefs: number[][] = [];
  #random: number;
  #jump = 0;
  #load = 0.1;
  #diskUsed = 0.43;
  #filled = 0;

  constructor(id: string, seed: number, habits: HostHabits = {}) {
    this.id = id;
    this.#random = seed >>> 0;
    this.#habits = habits;
  }

  define(detector: Detector, firstRef: number): number {
    let ref = firstRef;
    const add = (name: string, more: [string, string][], kind: 'gauge' | 'counter'): number => {
      const labels = labelsFrom([['__name__', name], ['instance', this.id], ...more]);
      detector.define({
        ref,
        labels,
        kind,
        entityId: `host:${this.id}`,
        timeZone: 'Europe/Berlin',
        entityName: this.id,
      });
      return ref++;
    };
    this.#refs.length = 0;
    this.#groupRefs.length = 0;
    for (const m of hostMetrics) {
      if (m.perLabel === null) this.#refs.push(add(m.name, [], 'gauge'));
      else {
        this.#refs.push(add(m.name, [[m.perLabel, '/']], 'gauge'));
        this.#refs.push(add(m.name, [[m.perLabel, '/mnt/data']], 'gauge'));
      }
    }
    for (const group of groups) {
      this.#groupRefs.push([
        add('auspex_host_process_group_cpu_cores', [['groupname', group]], 'gauge'),
        add(
          'namedprocess_namegroup_memory_bytes',
          [
            ['groupname', group],
            ['memtype', 'resident'],
          ],
          'gauge',
        ),
        add('namedprocess_namegroup_write_bytes_total', [['groupname', group]], 'counter'),
        add('namedprocess_namegroup_num_procs', [['groupname', group]], 'gauge'),
        add('auspex_host_process_group_pid', [['groupname', group]], 'gauge'),
      ]);
    }
    return ref;
  }

  /** All series at one time. */
  sample(at: number, faults: readonly Fault[] = []): SampleBatch {
    const h = this.#habits;
    const active = faults.filter((f) => at >= f.from && at < f.to);
    // A fault that began within the interval shows in rates by its share of the interval.
    const strength = (kind: Fault['kind']): number => {
      const f = active.find((x) => x.kind === kind);
      return f === undefined ? 0 : Math.min(1, (at - f.from + 1) / INTERVAL);
    };
    const hour = ((at / 3_600_000) % 24) + 1;
    const minute = Math.floor(at / 60_000) % 60;
    const day = Math.floor((at - FIRST) / 86_400_000);
    let cpu = 0.02 + 0.015 * this.#noise() ** 2;
    cpu += (h.daily ?? 0) * (0.5 - 0.5 * Math.cos(((hour - 3) / 24) * 2 * Math.PI)) * (1 + 0.1 * this.#gauss());
    if (h.hourlyCpu && minute === 17) cpu += h.hourlyCpu;
    if (h.fiveMinuteCpu && Math.floor(at / INTERVAL) % 30 === 0) cpu += h.fiveMinuteCpu * (0.7 + 0.3 * this.#noise());
    if (this.#jump > 0) this.#jump--;
    else if (h.jumps && this.#noise() < 0.01) this.#jump = 1 + Math.floor(this.#noise() * 2);
    if (this.#jump > 0) cpu += (h.jumps ?? 0) * (0.6 + 0.4 * this.#noise());
    const backup = h.backup && Math.floor(at / 60_000) % 1440 >= 120 && Math.floor(at / 60_000) % 1440 < 140 ? 1 : 0;
    cpu += 0.3 * backup;
    const hog = strength('cpu');
    const eat = strength('memory');
    const io = strength('io');
    const fork = strength('fork');
    const fill = strength('disk');
    const memoryFault = active.find((f) => f.kind === 'memory');
    const eaten = memoryFault ? Math.min(0.55, ((at - memoryFault.from + INTERVAL) / 1000) * 0.04) : 0;
    cpu = Math.min(1, cpu + hog * 0.97 + eat * 0.4 + io * 0.15 + fork * 0.8 + fill * 0.1);
    this.#load += (cpu * CORES * 1.1 - this.#load) / 6;
    this.#diskUsed += 2e-8 + 1e-6 * this.#gauss();
    const fault = active.find((f) => f.kind === 'disk');
    this.#filled = fault ? Math.min(0.85, this.#filled + 0.08) : 0;
    const busy = Math.min(1, 0.01 + 0.02 * this.#noise() ** 4 + 0.7 * backup + 0.95 * io + 0.5 * fill);
    const memory =
      0.31 +
      0.01 * Math.sin(at / 5e6) +
      0.004 * this.#noise() +
      (h.deploySteps ?? 0) * Math.floor((day + 0.4) / 2) * 0.1;
    const values: Record<string, number> = {
      cpu_ratio: cpu,
      cpu_iowait_ratio: Math.min(1 - cpu, 0.002 * this.#noise() + 0.5 * io + 0.1 * backup),
      cpu_steal_ratio: 0.001 * this.#noise(),
      load_per_core: this.#load / CORES,
      memory_ratio: Math.min(0.99, memory + eaten),
      swap_ratio: 0,
      major_fault_rate: this.#noise() < 0.02 ? 5 : 0,
      oom_kills: 0,
      disk_io_ratio: busy,
      disk_read_bytes_per_second: 1e4 * this.#noise() + 5e7 * backup,
      disk_write_bytes_per_second: 1e5 * this.#noise() + 3e5 * (this.#noise() < 0.1 ? 1 : 0) + 2e8 * io + 3e8 * fill,
      network_receive_bytes_per_second: 2e4 * (1 + this.#noise()) + 2e6 * (h.daily ?? 0) * this.#noise(),
      network_transmit_bytes_per_second:
        3e4 * (1 + this.#noise()) + 4e6 * (h.daily ?? 0) * this.#noise() + 2e7 * backup,
      tcp_connections: Math.round(20 + 5 * this.#noise()),
      process_count: Math.round(140 + 4 * this.#noise() + 30 * fork),
      fork_rate: 3 * this.#noise() + (minute % 5 === 0 ? 4 : 0) + 2500 * fork,
      context_switch_rate: 2000 + 500 * this.#noise() + 5000 * cpu + 20000 * fork,
      open_files_ratio: 0.002,
      pressure_cpu_ratio: Math.min(1, 0.002 * this.#noise() + (cpu > 0.95 ? 0.6 : 0)),
      pressure_memory_ratio: 0,
      pressure_io_ratio: Math.min(1, 0.002 * this.#noise() + 0.8 * io + 0.3 * fill + 0.1 * backup),
    };
    const out: number[] = [];
    for (const m of hostMetrics) {
      const name = m.name.replace('auspex_host_', '');
      if (m.perLabel === null) out.push(values[name]);
      else if (name === 'disk_ratio') out.push(this.#diskUsed, 0.1 + this.#filled);
      else out.push(0.12, 0.01);
    }
    const refs = [...this.#refs];
    for (let g = 0; g < groups.length; g++) {
      const own = [0, 0, CORES * hog * 0.97, CORES * eat * 0.4, CORES * io * 0.15, CORES * fork * 0.8, fill * 0.4][g];
      const present = g < 2 || own > 0;
      if (!present) continue;
      refs.push(...this.#groupRefs[g]);
      const bytes = g === 3 ? eaten * MEMORY : g < 2 ? 3e8 : 2e6;
      const written = g === 4 ? 2e8 * io : g === 6 ? 3e8 * fill : 1e3;
      this.#written[g] = (this.#written[g] ?? 0) + (written * INTERVAL) / 1000;
      const number = g === 5 ? 1 + Math.round(29 * fork) : 1;
      out.push(own > 0 ? own : (cpu * CORES * (g + 1)) / 4, bytes, this.#written[g], number, 1000 + g);
    }
    return {
      count: refs.length,
      refs: Uint32Array.from(refs),
      times: new Float64Array(refs.length).fill(at),
      values: Float64Array.from(out),
    };
  }

  readonly #written: number[] = [];

  #noise(): number {
    this.#random = (Math.imul(this.#random, 1664525) + 1013904223) >>> 0;
    return this.#random / 4294967296;
  }

  #gauss(): number {
    return this.#noise() + this.#noise() + this.#noise() + this.#noise() - 2;
  }
}

/** Runs one host from `from` to `to`; gives what was found. */
export function runHost(
  detector: Detector,
  host: SyntheticHost,
  from: number,
  to: number,
  faults: readonly Fault[] = [],
): DetectionEvent[] {
  const events: DetectionEvent[] = [];
  for (let at = from; at < to; at += INTERVAL) {
    detector.advance(host.sample(at, faults));
    events.push(...detector.drain());
  }
  return events;
}
