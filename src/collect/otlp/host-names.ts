import type { Attribute } from './attributes.ts';

/** A series of node_exporter that says exactly what a point of the collector's hostmetrics receiver says. */
export interface NodeSeries {
  readonly name: string;
  readonly kind: 'counter' | 'gauge';
  /** In place of the point's attributes. */
  readonly labels: readonly Attribute[];
}

type Get = (name: string) => string | undefined;
type Rule = (get: Get) => NodeSeries | undefined;

const CPU_MODES: Readonly<Record<string, string>> = {
  user: 'user',
  nice: 'nice',
  system: 'system',
  idle: 'idle',
  wait: 'iowait',
  iowait: 'iowait',
  interrupt: 'irq',
  softirq: 'softirq',
  steal: 'steal',
};
const MEMORY: Readonly<Record<string, string>> = {
  free: 'MemFree',
  buffered: 'Buffers',
  slab_reclaimable: 'SReclaimable',
  slab_unreclaimable: 'SUnreclaim',
};

const counter = (name: string, ...labels: Attribute[]): NodeSeries => ({ name, kind: 'counter', labels });
const gauge = (name: string, ...labels: Attribute[]): NodeSeries => ({ name, kind: 'gauge', labels });

/** A counter of a disk or interface, one name for each direction. */
function byDirection(names: Readonly<Record<string, string>>): Rule {
  return (get) => {
    const name = names[get('direction') ?? get('disk.io.direction') ?? get('network.io.direction') ?? ''];
    const device = get('device') ?? get('system.device') ?? get('network.interface.name');
    return name === undefined || device === undefined ? undefined : counter(name, ['device', device]);
  };
}

function ofDevice(name: string, make: typeof counter): Rule {
  return (get) => {
    const device = get('device') ?? get('system.device');
    return device === undefined ? undefined : make(name, ['device', device]);
  };
}

/**
 * By the metric's name. Only what is the same number read from the same place of the kernel. Left with names of its own: cached memory
 * (the receiver counts reclaimable slab into it), processes by state, anything in shares of one (a gauge over an interval of its own).
 */
const RULES: Readonly<Record<string, Rule>> = {
  'system.cpu.time': (get) => {
    const mode = CPU_MODES[get('state') ?? get('cpu.mode') ?? ''];
    const cpu = (get('cpu') ?? get('cpu.logical_number'))?.replace(/^cpu/, '');
    return mode === undefined || cpu === undefined || cpu === ''
      ? undefined
      : counter('node_cpu_seconds_total', ['cpu', cpu], ['mode', mode]);
  },
  'system.cpu.load_average.1m': () => gauge('node_load1'),
  'system.cpu.load_average.5m': () => gauge('node_load5'),
  'system.cpu.load_average.15m': () => gauge('node_load15'),
  'system.memory.usage': (get) => {
    const name = MEMORY[get('state') ?? get('system.memory.state') ?? ''];
    return name === undefined ? undefined : gauge(`node_memory_${name}_bytes`);
  },
  'system.memory.limit': () => gauge('node_memory_MemTotal_bytes'),
  'system.linux.memory.available': () => gauge('node_memory_MemAvailable_bytes'),
  'system.disk.io': byDirection({ read: 'node_disk_read_bytes_total', write: 'node_disk_written_bytes_total' }),
  'system.disk.operations': byDirection({
    read: 'node_disk_reads_completed_total',
    write: 'node_disk_writes_completed_total',
  }),
  'system.disk.operation_time': byDirection({
    read: 'node_disk_read_time_seconds_total',
    write: 'node_disk_write_time_seconds_total',
  }),
  'system.disk.merged': byDirection({ read: 'node_disk_reads_merged_total', write: 'node_disk_writes_merged_total' }),
  'system.disk.io_time': ofDevice('node_disk_io_time_seconds_total', counter),
  'system.disk.weighted_io_time': ofDevice('node_disk_io_time_weighted_seconds_total', counter),
  'system.disk.pending_operations': ofDevice('node_disk_io_now', gauge),
  'system.network.io': byDirection({
    receive: 'node_network_receive_bytes_total',
    transmit: 'node_network_transmit_bytes_total',
  }),
  'system.network.packets': byDirection({
    receive: 'node_network_receive_packets_total',
    transmit: 'node_network_transmit_packets_total',
  }),
  'system.network.errors': byDirection({
    receive: 'node_network_receive_errs_total',
    transmit: 'node_network_transmit_errs_total',
  }),
  'system.network.dropped': byDirection({
    receive: 'node_network_receive_drop_total',
    transmit: 'node_network_transmit_drop_total',
  }),
};

/** The series of node_exporter that is the same, or undefined: then the point keeps its own name. */
export function nodeSeriesOf(metric: string, attributes: readonly Attribute[]): NodeSeries | undefined {
  if (!Object.hasOwn(RULES, metric)) return undefined;
  const values = new Map(attributes);
  return RULES[metric]?.((name) => values.get(name));
}

const FILESYSTEM = 'system.filesystem.usage';

/** Parts of one file system, gathered: the receiver sends used, free and reserved, node_exporter the whole and what is left. */
export class FilesystemSums {
  readonly #parts = new Map<
    string,
    { readonly labels: Attribute[]; readonly at: number; readonly parts: Map<string, number> }
  >();

  /** Takes a point of `system.filesystem.usage`; others are none of its business. */
  add(metric: string, attributes: readonly Attribute[], at: number, value: number): void {
    if (metric !== FILESYSTEM || this.#parts.size >= 10_000) return;
    const values = new Map(attributes);
    const state = values.get('state') ?? values.get('system.filesystem.state');
    const device = values.get('device') ?? values.get('system.device');
    const mountpoint = values.get('mountpoint') ?? values.get('system.filesystem.mountpoint');
    if (state === undefined || device === undefined || mountpoint === undefined) return;
    const key = `${device}\n${mountpoint}\n${at}`;
    let one = this.#parts.get(key);
    if (one === undefined) {
      const labels: Attribute[] = [
        ['device', device],
        ['mountpoint', mountpoint],
        ['fstype', values.get('type') ?? values.get('system.filesystem.type') ?? ''],
      ];
      this.#parts.set(key, (one = { labels, at, parts: new Map() }));
    }
    one.parts.set(state, value);
  }

  /** The file systems of which all three parts came. */
  *take(): Generator<{
    readonly name: string;
    readonly labels: readonly Attribute[];
    readonly at: number;
    readonly value: number;
  }> {
    for (const { labels, at, parts } of this.#parts.values()) {
      const [used, free, reserved] = ['used', 'free', 'reserved'].map((state) => parts.get(state));
      if (used === undefined || free === undefined || reserved === undefined) continue;
      yield { name: 'node_filesystem_size_bytes', labels, at, value: used + free + reserved };
      yield { name: 'node_filesystem_free_bytes', labels, at, value: free + reserved };
      yield { name: 'node_filesystem_avail_bytes', labels, at, value: free };
    }
    this.#parts.clear();
  }
}
