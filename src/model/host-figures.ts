import { isIgnoredDisk, isIgnoredInterface, isStackedDisk, isStorage, isVirtualInterface } from './host-devices.ts';
import { containerMetrics } from './host-metrics.ts';
import { type Labels, labelValue, metricName } from './labels.ts';

/** One series that figures are derived from: its value now and at the collection before, NaN where it did not come. */
export interface FigureInput {
  now: number;
  before: number;
  readonly part: Part;
}

/** Told of each figure: its metric's name, the mount point where there is one a mount (else null), its value. */
export type FigureReceiver = (metric: string, mountpoint: string | null, value: number) => void;

type PartKind = 'core' | 'disk' | 'interface' | 'mount' | 'state' | 'host';

/** A core, disk, interface or mount with its series in the order of its columns. */
interface Part {
  readonly kind: PartKind;
  readonly key: string;
  readonly device: string;
  readonly mountpoint: string;
  readonly inputs: (FigureInput | undefined)[];
  attached: boolean;
}

const MODES = ['user', 'nice', 'system', 'idle', 'iowait', 'irq', 'softirq', 'steal'];
const IDLE = 3;
const IOWAIT = 4;
const STEAL = 7;

/** Metrics by part; an input's column is its place in the list. */
const COLUMNS: Readonly<Record<Exclude<PartKind, 'core'>, readonly string[]>> = {
  disk: ['node_disk_read_bytes_total', 'node_disk_written_bytes_total', 'node_disk_io_time_seconds_total'],
  interface: ['node_network_receive_bytes_total', 'node_network_transmit_bytes_total'],
  mount: [
    'node_filesystem_size_bytes',
    'node_filesystem_free_bytes',
    'node_filesystem_avail_bytes',
    'node_filesystem_files',
    'node_filesystem_files_free',
    'node_filesystem_readonly',
  ],
  state: ['node_processes_state'],
  host: [
    'node_boot_time_seconds',
    'node_load1',
    'node_memory_MemTotal_bytes',
    'node_memory_MemAvailable_bytes',
    'node_memory_MemFree_bytes',
    'node_memory_Buffers_bytes',
    'node_memory_Cached_bytes',
    'node_memory_SwapTotal_bytes',
    'node_memory_SwapFree_bytes',
    'node_vmstat_pgmajfault',
    'node_vmstat_oom_kill',
    'node_netstat_Tcp_CurrEstab',
    'node_processes_pids',
    'node_forks_total',
    'node_context_switches_total',
    'node_filefd_allocated',
    'node_filefd_maximum',
    'node_pressure_cpu_waiting_seconds_total',
    'node_pressure_memory_waiting_seconds_total',
    'node_pressure_io_waiting_seconds_total',
    containerMetrics.cpuLimitCores,
    containerMetrics.cpuUsedSeconds,
    containerMetrics.memoryLimitBytes,
    containerMetrics.memoryUsedBytes,
  ],
};
const columnOf: ReadonlyMap<string, { readonly kind: Exclude<PartKind, 'core'>; readonly column: number }> = new Map(
  Object.entries(COLUMNS).flatMap(([kind, names]) =>
    names.map((name, column) => [name, { kind: kind as Exclude<PartKind, 'core'>, column }] as const),
  ),
);
const BOOT_TIME = 'node_boot_time_seconds';
/** Above this the kernel's limit on open files means "none" (2^63 on current kernels), and a share of it nothing. */
const NO_FILE_LIMIT = 2 ** 53;
const ABSENT: FigureInput = {
  now: Number.NaN,
  before: Number.NaN,
  part: { kind: 'host', key: '', device: '', mountpoint: '', inputs: [], attached: true },
};

/**
 * The main figures of one host (`hostMetrics`) from its series in node_exporter's names: the one definition for a host
 * that Auspex collects from itself and for one that is scraped or remote-written. Give it each collection's values by
 * `set`, then `derive`.
 * A rate needs two collections one after the other; a counter that fell gives none (in a sum: counts as nothing). Which
 * interfaces are physical is told by their names; a host with none of a familiar name counts all it has.
 * Cost: O(series) a collection, some 100 bytes a series; parts that are gone are forgotten after a collection.
 */
export class HostFigureDeriver {
  readonly #parts: Readonly<Record<PartKind, Map<string, Part>>> = {
    core: new Map(),
    disk: new Map(),
    interface: new Map(),
    mount: new Map(),
    state: new Map(),
    host: new Map(),
  };

  /** The input that this label set feeds, or undefined where no figure needs it. O(labels); keep what it returns. */
  input(labels: Labels): FigureInput | undefined {
    const name = metricName(labels);
    const label = (of: string): string => labelValue(labels, of) ?? '';
    if (name === 'node_cpu_seconds_total') {
      const mode = MODES.indexOf(label('mode'));
      return mode < 0 ? undefined : this.#input('core', label('cpu'), mode);
    }
    const found = columnOf.get(name);
    if (found === undefined) return undefined;
    const { kind, column } = found;
    const device = label('device');
    const mountpoint = label('mountpoint');
    switch (kind) {
      case 'disk':
        return isIgnoredDisk(device) ? undefined : this.#input(kind, device, column, device);
      case 'interface':
        return isIgnoredInterface(device) ? undefined : this.#input(kind, device, column, device);
      case 'mount':
        return isStorage(label('fstype'), mountpoint)
          ? this.#input(kind, `${device}\n${mountpoint}`, column, device, mountpoint)
          : undefined;
      case 'state':
        return this.#input(kind, label('state'), column);
      case 'host':
        return this.#input(kind, '', column);
    }
  }

  /** A value of the collection under way; NaN for one that ended. */
  set(input: FigureInput, value: number): void {
    input.now = value;
    // Its part was forgotten meanwhile and is back.
    if (!input.part.attached) this.#attach(input.part);
  }

  /** When the host started, by the collection under way and the one before; NaN where not known. */
  bootTimes(): { readonly now: number; readonly before: number } {
    return this.#host(BOOT_TIME);
  }

  /**
   * Ends the collection: gives out its figures. `elapsedSeconds` since the one before; 0 where no rate may be computed
   * (the first, after a reboot, suspension or gap).
   */
  derive(elapsedSeconds: number, give: FigureReceiver): void {
    const finite: FigureReceiver = (metric, mountpoint, value) => {
      if (Number.isFinite(value)) give(metric, mountpoint, value);
    };
    this.#cpu(elapsedSeconds, finite);
    this.#memory(elapsedSeconds, finite);
    this.#mounts(finite);
    if (elapsedSeconds > 0) {
      this.#disks(elapsedSeconds, finite);
      this.#network(elapsedSeconds, finite);
      for (const kind of ['cpu', 'memory', 'io']) {
        const stalled = growth(this.#host(`node_pressure_${kind}_waiting_seconds_total`));
        if (stalled >= 0) finite(`auspex_host_pressure_${kind}_ratio`, null, unit(stalled / elapsedSeconds));
      }
    }
    this.#rest(elapsedSeconds, finite);
    this.#turn();
  }

  #cpu(elapsedSeconds: number, give: FigureReceiver): void {
    const grown = MODES.map(() => 0);
    let cores = 0;
    for (const { inputs } of this.#parts.core.values()) {
      if (!Number.isNaN(inputs[IDLE]?.now ?? Number.NaN)) cores++;
      // A core that was off, in part or whole, is left out: its time cannot be compared.
      if (inputs.some((input) => input !== undefined && Number.isNaN(growth(input)))) continue;
      for (let m = 0; m < MODES.length; m++) grown[m] = (grown[m] ?? 0) + Math.max(0, growth(inputs[m] ?? ABSENT) || 0);
    }
    if (cores > 0) give('auspex_host_load_per_core', null, this.#host('node_load1').now / cores);
    if (elapsedSeconds <= 0) return;
    const all = grown.reduce((sum, mode) => sum + mode, 0);
    const limit = this.#host(containerMetrics.cpuLimitCores).now;
    if (limit > 0) {
      // In a container with a CPU limit, the share of what it may use.
      const used = growth(this.#host(containerMetrics.cpuUsedSeconds));
      if (used >= 0) give('auspex_host_cpu_ratio', null, unit(used / elapsedSeconds / limit));
    } else if (all > 0) {
      give('auspex_host_cpu_ratio', null, unit(1 - ((grown[IDLE] ?? 0) + (grown[IOWAIT] ?? 0)) / all));
    }
    if (all <= 0) return;
    give('auspex_host_cpu_iowait_ratio', null, unit((grown[IOWAIT] ?? 0) / all));
    give('auspex_host_cpu_steal_ratio', null, unit((grown[STEAL] ?? 0) / all));
  }

  #memory(elapsedSeconds: number, give: FigureReceiver): void {
    const bytes = (field: string): number => this.#host(`node_memory_${field}_bytes`).now;
    const limit = this.#host(containerMetrics.memoryLimitBytes).now;
    const total = bytes('MemTotal');
    const available = bytes('MemAvailable');
    if (limit > 0)
      give('auspex_host_memory_ratio', null, unit(this.#host(containerMetrics.memoryUsedBytes).now / limit));
    else if (total > 0) {
      // Kernels before 3.14 do not say what is available.
      const free = Number.isNaN(available)
        ? bytes('MemFree') + (bytes('Buffers') || 0) + (bytes('Cached') || 0)
        : available;
      give('auspex_host_memory_ratio', null, unit(1 - free / total));
    }
    const swap = bytes('SwapTotal');
    if (swap > 0) give('auspex_host_swap_ratio', null, unit(1 - bytes('SwapFree') / swap));
    if (elapsedSeconds <= 0) return;
    rate('auspex_host_major_fault_rate', this.#host('node_vmstat_pgmajfault'), elapsedSeconds, give);
    const kills = growth(this.#host('node_vmstat_oom_kill'));
    if (kills >= 0) give('auspex_host_oom_kills', null, kills);
  }

  #mounts(give: FigureReceiver): void {
    // One for each device: of bind mounts the shortest path.
    const byDevice = new Map<string, Part>();
    for (const part of this.#parts.mount.values()) {
      if (Number.isNaN(part.inputs[0]?.now ?? Number.NaN)) continue;
      const key = part.device.startsWith('/dev/') ? part.device : part.mountpoint;
      const known = byDevice.get(key);
      if (known === undefined || part.mountpoint.length < known.mountpoint.length) byDevice.set(key, part);
    }
    for (const { inputs, mountpoint } of byDevice.values()) {
      const [size = 0, free = 0, available = 0, files = 0, filesFree = 0, readonly = 0] = Array.from(
        COLUMNS.mount,
        (_, column) => inputs[column]?.now ?? Number.NaN,
      );
      // An image that cannot be written is full by design.
      if (!(size > 0) || readonly === 1) continue;
      const used = size - free;
      if (used + available > 0) give('auspex_host_disk_ratio', mountpoint, unit(used / (used + available)));
      if (files > 0) give('auspex_host_inode_ratio', mountpoint, unit((files - filesFree) / files));
    }
  }

  #disks(elapsedSeconds: number, give: FigureReceiver): void {
    let read = 0;
    let written = 0;
    let busiest = 0;
    let compared = 0;
    for (const { inputs, device } of this.#parts.disk.values()) {
      const [readBytes, writtenBytes, busySeconds] = [0, 1, 2].map((column) => growth(inputs[column] ?? ABSENT));
      if (readBytes === undefined || writtenBytes === undefined || Number.isNaN(readBytes + writtenBytes)) continue;
      compared++;
      busiest = Math.max(busiest, (busySeconds || 0) / elapsedSeconds);
      if (isStackedDisk(device)) continue;
      read += Math.max(0, readBytes);
      written += Math.max(0, writtenBytes);
    }
    if (compared === 0) return;
    give('auspex_host_disk_io_ratio', null, unit(busiest));
    give('auspex_host_disk_read_bytes_per_second', null, read / elapsedSeconds);
    give('auspex_host_disk_write_bytes_per_second', null, written / elapsedSeconds);
  }

  #network(elapsedSeconds: number, give: FigureReceiver): void {
    const seen = [...this.#parts.interface.values()].filter(
      ({ inputs }) => !Number.isNaN(growth(inputs[0] ?? ABSENT) + growth(inputs[1] ?? ABSENT)),
    );
    const physical = seen.filter(({ device }) => !isVirtualInterface(device));
    const counted = physical.length > 0 ? physical : seen;
    if (counted.length === 0) return;
    const sum = (column: number): number =>
      counted.reduce((all, { inputs }) => all + Math.max(0, growth(inputs[column] ?? ABSENT)), 0);
    give('auspex_host_network_receive_bytes_per_second', null, sum(0) / elapsedSeconds);
    give('auspex_host_network_transmit_bytes_per_second', null, sum(1) / elapsedSeconds);
  }

  #rest(elapsedSeconds: number, give: FigureReceiver): void {
    give('auspex_host_tcp_connections', null, this.#host('node_netstat_Tcp_CurrEstab').now);
    const pids = this.#host('node_processes_pids').now;
    if (!Number.isNaN(pids)) give('auspex_host_process_count', null, pids);
    else {
      const states = [...this.#parts.state.values()].flatMap(({ inputs }) => inputs[0]?.now ?? []);
      const counted = states.filter((count) => !Number.isNaN(count));
      if (counted.length > 0)
        give(
          'auspex_host_process_count',
          null,
          counted.reduce((sum, count) => sum + count, 0),
        );
    }
    const allocated = this.#host('node_filefd_allocated').now;
    const maximum = this.#host('node_filefd_maximum').now;
    if (maximum > 0 && maximum < NO_FILE_LIMIT) give('auspex_host_open_files_ratio', null, unit(allocated / maximum));
    if (elapsedSeconds <= 0) return;
    rate('auspex_host_fork_rate', this.#host('node_forks_total'), elapsedSeconds, give);
    rate('auspex_host_context_switch_rate', this.#host('node_context_switches_total'), elapsedSeconds, give);
  }

  #host(metric: string): FigureInput {
    const column = columnOf.get(metric)?.column ?? -1;
    return this.#parts.host.get('')?.inputs[column] ?? ABSENT;
  }

  #input(kind: PartKind, key: string, column: number, device = '', mountpoint = ''): FigureInput {
    let part = this.#parts[kind].get(key);
    if (part === undefined) {
      part = { kind, key, device, mountpoint, inputs: [], attached: true };
      this.#parts[kind].set(key, part);
    }
    return (part.inputs[column] ??= { now: Number.NaN, before: Number.NaN, part });
  }

  #attach(part: Part): void {
    const holder = this.#parts[part.kind].get(part.key);
    part.attached = true;
    // Another series took its place meanwhile, as after a change of the job's name: that one goes on.
    if (holder === undefined) this.#parts[part.kind].set(part.key, part);
  }

  /** What is now becomes what was before. A part that came neither now nor before is forgotten: pods and disks come and go. */
  #turn(): void {
    for (const parts of Object.values(this.#parts)) {
      for (const [key, part] of parts) {
        let seen = false;
        for (const input of part.inputs) {
          if (input === undefined) continue;
          seen ||= !Number.isNaN(input.now) || !Number.isNaN(input.before);
          input.before = input.now;
          input.now = Number.NaN;
        }
        if (seen) continue;
        part.attached = false;
        parts.delete(key);
      }
    }
  }
}

/** NaN where it did not come twice in a row; below zero where it began anew. */
function growth(input: FigureInput): number {
  return input.now - input.before;
}

function rate(metric: string, input: FigureInput, elapsedSeconds: number, give: FigureReceiver): void {
  const grown = growth(input);
  if (grown >= 0) give(metric, null, grown / elapsedSeconds);
}

/** Cut to 0..1: counters of one moment are read one after another and may overlap by a tick. */
function unit(value: number): number {
  return value < 0 ? 0 : value > 1 ? 1 : value;
}
