import { type FigureMetric, figuresNamed } from './figure-metric.ts';

const { figure, ratio } = figuresNamed('auspex_host_');

/**
 * The main figures of a host, derived by its collector each interval. Gauges, forecasts and the detection of a host's
 * joint state read these and nothing else; rates are missing in the first interval and after a reboot, suspension or gap.
 * Missing also: swap where none is set up, pressure where the kernel keeps none, open files where no limit is readable.
 */
export const hostMetrics = [
  ratio('cpu_ratio', 'CPU used', 'cpu', { limit: 1 }),
  ratio('cpu_iowait_ratio', 'CPU waiting for disks', 'disk-io'),
  ratio('cpu_steal_ratio', 'CPU taken by the hypervisor', 'cpu'),
  figure('load_per_core', 'load per core', 'count', 'cpu'),
  ratio('memory_ratio', 'memory used', 'memory', { limit: 1 }),
  ratio('swap_ratio', 'swap used', 'memory', { limit: 1 }),
  /** Of each control group whose memory is limited: a systemd service, a container. */
  ratio('control_group_memory_ratio', 'memory limit used', 'memory', { perLabel: 'cgroup', limit: 1, feature: false }),
  figure('major_fault_rate', 'page faults read from disk', 'count/s', 'memory'),
  figure('oom_kills', 'processes killed for lack of memory', 'count', 'memory'),
  ratio('disk_ratio', 'disk used', 'disk', { perLabel: 'mountpoint', limit: 1 }),
  ratio('inode_ratio', 'inodes used', 'disk', { perLabel: 'mountpoint', limit: 1 }),
  ratio('disk_io_ratio', 'busiest disk', 'disk-io', { limit: 1 }),
  figure('disk_read_bytes_per_second', 'disk reads', 'bytes/s', 'disk-io'),
  figure('disk_write_bytes_per_second', 'disk writes', 'bytes/s', 'disk-io'),
  figure('network_receive_bytes_per_second', 'network received', 'bytes/s', 'network'),
  figure('network_transmit_bytes_per_second', 'network sent', 'bytes/s', 'network'),
  figure('tcp_connections', 'TCP connections established', 'count', 'network'),
  figure('process_count', 'processes', 'count', 'processes'),
  figure('fork_rate', 'processes started', 'count/s', 'processes'),
  figure('context_switch_rate', 'context switches', 'count/s', 'cpu'),
  ratio('open_files_ratio', 'open files', 'files', { limit: 1 }),
  ratio('pressure_cpu_ratio', 'time tasks waited for CPU', 'cpu'),
  ratio('pressure_memory_ratio', 'time tasks waited for memory', 'memory'),
  ratio('pressure_io_ratio', 'time tasks waited for disks', 'disk-io'),
] as const satisfies readonly FigureMetric[];

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
