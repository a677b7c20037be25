import type { Resource } from './finding.ts';
import type { SeriesKind } from './series.ts';

/** Units as a person reads them; a ratio is 0..1 and is shown in per cent. */
export type HostMetricUnit = 'ratio' | 'bytes' | 'bytes/s' | 'count' | 'count/s' | 'cores' | 'seconds';

/** One figure that the host collector derives: a gauge, one series a host (one a mount where `perLabel` says so). */
export interface HostMetric {
  readonly name: string;
  /** As a person reads it, lower case: `memory used`. */
  readonly title: string;
  readonly unit: HostMetricUnit;
  readonly resource: Resource;
  readonly kind: Extract<SeriesKind, 'gauge' | 'counter'>;
  /** The label beside `instance` and `job` that tells several series of one host apart; null where there is one series a host. */
  readonly perLabel: string | null;
  /** What the value cannot leave: a forecast is cut here. An upper bound of null is open. */
  readonly lower: number;
  readonly upper: number | null;
  /** The value at which the resource is exhausted, for "full in N days"; null where none is. */
  readonly limit: number | null;
  /** Read as a feature of the host's joint state (isolation forest, performance score), in this order. */
  readonly feature: boolean;
}

function ratio(name: string, title: string, resource: Resource, more: Partial<HostMetric> = {}): HostMetric {
  return metric(name, title, 'ratio', resource, { upper: 1, ...more });
}

function metric(
  name: string,
  title: string,
  unit: HostMetricUnit,
  resource: Resource,
  more: Partial<HostMetric> = {},
): HostMetric {
  return {
    name: `auspex_host_${name}`,
    title,
    unit,
    resource,
    kind: 'gauge',
    perLabel: null,
    lower: 0,
    upper: null,
    limit: null,
    feature: true,
    ...more,
  };
}

/**
 * The main figures of a host, derived by its collector each interval. Gauges, forecasts and the detection of a host's
 * joint state read these and nothing else; rates are missing in the first interval and after a reboot, suspension or gap.
 * Missing also: swap where none is set up, pressure where the kernel keeps none, open files where no limit is readable.
 */
export const hostMetrics = [
  ratio('cpu_ratio', 'CPU used', 'cpu', { limit: 1 }),
  ratio('cpu_iowait_ratio', 'CPU waiting for disks', 'disk-io'),
  ratio('cpu_steal_ratio', 'CPU taken by the hypervisor', 'cpu'),
  metric('load_per_core', 'load per core', 'count', 'cpu'),
  ratio('memory_ratio', 'memory used', 'memory', { limit: 1 }),
  ratio('swap_ratio', 'swap used', 'memory', { limit: 1 }),
  metric('major_fault_rate', 'page faults read from disk', 'count/s', 'memory'),
  metric('oom_kills', 'processes killed for lack of memory', 'count', 'memory'),
  ratio('disk_ratio', 'disk used', 'disk', { perLabel: 'mountpoint', limit: 1 }),
  ratio('inode_ratio', 'inodes used', 'disk', { perLabel: 'mountpoint', limit: 1 }),
  ratio('disk_io_ratio', 'busiest disk', 'disk-io', { limit: 1 }),
  metric('disk_read_bytes_per_second', 'disk reads', 'bytes/s', 'disk-io'),
  metric('disk_write_bytes_per_second', 'disk writes', 'bytes/s', 'disk-io'),
  metric('network_receive_bytes_per_second', 'network received', 'bytes/s', 'network'),
  metric('network_transmit_bytes_per_second', 'network sent', 'bytes/s', 'network'),
  metric('tcp_connections', 'TCP connections established', 'count', 'network'),
  metric('process_count', 'processes', 'count', 'processes'),
  metric('fork_rate', 'processes started', 'count/s', 'processes'),
  metric('context_switch_rate', 'context switches', 'count/s', 'cpu'),
  ratio('open_files_ratio', 'open files', 'files', { limit: 1 }),
  ratio('pressure_cpu_ratio', 'time tasks waited for CPU', 'cpu'),
  ratio('pressure_memory_ratio', 'time tasks waited for memory', 'memory'),
  ratio('pressure_io_ratio', 'time tasks waited for disks', 'disk-io'),
] as const satisfies readonly HostMetric[];

const byName: ReadonlyMap<string, HostMetric> = new Map(hostMetrics.map((m) => [m.name, m]));

/** The derived figure of this name, or undefined. O(1). */
export function hostMetric(name: string): HostMetric | undefined {
  return byName.get(name);
}

/** The heaviest processes, grouped by command name, in process-exporter's names plus gauges that need no rate. All carry `groupname`. */
export const processGroupMetrics = {
  /** Counter; label `mode`: user, system. */
  cpuSeconds: 'namedprocess_namegroup_cpu_seconds_total',
  /** Gauge; label `memtype`: resident, virtual. */
  memoryBytes: 'namedprocess_namegroup_memory_bytes',
  processCount: 'namedprocess_namegroup_num_procs',
  readBytes: 'namedprocess_namegroup_read_bytes_total',
  writeBytes: 'namedprocess_namegroup_write_bytes_total',
  /** Gauge: cores used over the last interval. */
  cpuCores: 'auspex_host_process_group_cpu_cores',
  /** Gauges: what the group read from and wrote to disks over the last interval; known for a process that has just begun, too. */
  readBytesPerSecond: 'auspex_host_process_group_read_bytes_per_second',
  writeBytesPerSecond: 'auspex_host_process_group_write_bytes_per_second',
  /** Gauge: the pid of the group's heaviest process. */
  pid: 'auspex_host_process_group_pid',
} as const;

/** What limits a container; present only where its cgroup sets a limit. */
export const containerMetrics = {
  cpuLimitCores: 'auspex_host_cpu_limit_cores',
  /** Counter; beside a CPU limit. */
  cpuUsedSeconds: 'auspex_host_cpu_used_seconds_total',
  memoryLimitBytes: 'auspex_host_memory_limit_bytes',
  memoryUsedBytes: 'auspex_host_memory_used_bytes',
  /** Counter. */
  throttledSeconds: 'auspex_host_cpu_throttled_seconds_total',
} as const;

/** What happens to a host travels as a sample of this name, 1 at the time it happened, with the label `type`. */
export const HOST_EVENT_METRIC = 'auspex_host_event';
export const HOST_EVENT_TYPES = ['reboot', 'resume', 'clock-step', 'gap'] as const;
export type HostEventType = (typeof HOST_EVENT_TYPES)[number];
