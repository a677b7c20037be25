import { foreseenRules } from './foreseen-rules.ts';
import { formatBytes, formatDuration, formatNumber, formatValue, labelValue } from '../model/index.ts';
import {
  above,
  below,
  type Clause,
  type LatestReading,
  type Measurement,
  type ThresholdRule,
  type WatchedEntity,
} from './threshold-rules.ts';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const GB = 1e9;

type Draft = Omit<ThresholdRule, 'kind' | 'source'> & { readonly kind?: ThresholdRule['kind'] };

function rule(draft: Draft): ThresholdRule {
  return { kind: 'threshold', source: 'starter', ...draft };
}

/**
 * Rules that fit any host and need no learning: only what needs a person on nearly every machine, so that an ordinary
 * one, busy or idle, pages at most once a month by them. What is unusual for one host is the detectors' to find. Load
 * alone is no trouble and no rule: saturation asks for waiting tasks as well.
 */
export const starterRules: readonly ThresholdRule[] = [
  ...foreseenRules,
  diskRule('disk-full', 0.95, 0.93, 20 * GB, 'critical', 2 * MINUTE),
  diskRule('disk-low', 0.9, 0.88, 50 * GB, 'medium', 10 * MINUTE),
  rule({
    name: 'disk-fills-soon',
    kind: 'forecast',
    resource: 'disk',
    severity: 'high',
    unit: 'hours',
    forMs: 30 * MINUTE,
    holdMs: HOUR,
    summary: 'A disk is foretold to be full within a day',
    condition: 'even the late end of the forecast is within 24 hours, for 30 min',
    action: 'Free space or add some before it is full',
    measure: (entity, now) =>
      entity.exhaustions
        .filter((foretold) => foretold.resource === 'disk')
        .map((foretold) => ({
          subject: foretold.subject,
          at: foretold.madeAt > now - HOUR ? now : foretold.madeAt,
          clauses: [below(((foretold.to ?? Number.POSITIVE_INFINITY) - now) / HOUR, 24, 36)],
          summary: `Disk ${foretold.subject} will be full in about ${formatDuration(Math.max(0, foretold.at - now))}`,
          action: `Free space on ${foretold.subject}, or stop what fills it`,
        })),
  }),
  rule({
    name: 'inodes-low',
    resource: 'disk',
    severity: 'high',
    unit: 'ratio',
    forMs: 5 * MINUTE,
    holdMs: 10 * MINUTE,
    summary: 'A file system has nearly no inodes left',
    condition: 'more than 95 % of the inodes used for 5 min',
    action: 'Remove many small files',
    measure: (entity) =>
      byMount(entity, 'auspex_host_inode_ratio', 'node_filesystem_files_free', 'node_filesystem_files').map((used) => ({
        subject: used.mount,
        at: used.at,
        clauses: [above(used.ratio, 0.95, 0.93)],
        summary: `File system ${used.mount} has ${formatValue(1 - used.ratio, 'ratio')} of its inodes left`,
        action: `Remove many small files on ${used.mount}: no new ones can be made when it has none, however much space is free`,
      })),
  }),
  rule({
    name: 'memory-exhausted',
    resource: 'memory',
    severity: 'high',
    unit: 'ratio',
    forMs: 5 * MINUTE,
    holdMs: 5 * MINUTE,
    summary: 'Memory is exhausted and tasks wait for it',
    condition:
      'more than 95 % used and tasks waiting for memory more than 10 % of the time (97 % where the kernel keeps no pressure), for 5 min',
    action: 'End or limit what takes the memory, or add some',
    measure: (entity) => memoryMeasurements(entity),
  }),
  rule({
    name: 'memory-thrashing',
    resource: 'memory',
    severity: 'high',
    unit: '/s',
    forMs: 5 * MINUTE,
    holdMs: 5 * MINUTE,
    summary: 'Memory is read back from disk all the time',
    condition:
      'more than 500 page faults a second from disk and tasks waiting for memory more than 20 % of the time, for 5 min',
    action: 'End or limit what takes the memory, or add some',
    measure: (entity) =>
      single(entity, 'auspex_host_major_fault_rate', (faults) => {
        const pressure = valueOf(entity, 'auspex_host_pressure_memory_ratio');
        const second =
          pressure === null
            ? above(valueOf(entity, 'auspex_host_swap_ratio') ?? 0, 0.5, 0.4)
            : above(pressure, 0.2, 0.1);
        return {
          clauses: [above(faults.value, 500, 200), second],
          summary: `${formatNumber(faults.value)} pages a second are read back from disk: programs crawl`,
          action: 'End or limit what takes the memory, or add some',
        };
      }),
  }),
  rule({
    name: 'cpu-saturated',
    resource: 'cpu',
    severity: 'medium',
    unit: 'ratio',
    forMs: 20 * MINUTE,
    holdMs: 10 * MINUTE,
    summary: 'The CPU is overloaded and tasks wait for it',
    condition:
      'more than 95 % busy, load above 4 a core, tasks waiting more than 60 % of the time (where the kernel says so), for 20 min',
    action: 'See what uses the CPU; move, limit or end it',
    measure: (entity) =>
      single(entity, 'auspex_host_cpu_ratio', (cpu) => {
        const load = valueOf(entity, 'auspex_host_load_per_core') ?? Number.NaN;
        const pressure = valueOf(entity, 'auspex_host_pressure_cpu_ratio');
        const waiting = pressure === null ? [] : [above(pressure, 0.6, 0.3)];
        return {
          clauses: [above(cpu.value, 0.95, 0.85), above(load, 4, 2), ...waiting],
          summary: `The CPU is ${formatValue(cpu.value, 'ratio')} busy with a load of ${formatNumber(load)} a core: tasks wait`,
          action: 'See the heaviest processes on the host’s page; move, limit or end one',
        };
      }),
  }),
  rule({
    name: 'oom-kill',
    resource: 'memory',
    severity: 'high',
    unit: 'count',
    forMs: 0,
    holdMs: 30 * MINUTE,
    summary: 'The kernel killed a process for lack of memory',
    condition: 'a process was killed for lack of memory; over when 30 min pass without another',
    action: 'See the kernel log for which one, and limit or move what takes the memory',
    measure: (entity) =>
      single(entity, 'auspex_host_oom_kills', (kills) => ({
        clauses: [above(kills.value, 0)],
        summary: `The kernel killed ${kills.value === 1 ? 'a process' : `${formatNumber(kills.value)} processes`} for lack of memory`,
        action: 'See which one with `journalctl -k --grep "Out of memory"`, and limit or move what takes the memory',
      })),
  }),
  rule({
    name: 'clock-offset',
    resource: 'clock',
    severity: 'high',
    unit: 'seconds',
    forMs: 10 * MINUTE,
    holdMs: 10 * MINUTE,
    summary: 'The clock is wrong',
    condition: 'more than 0.5 s away from the time service for 10 min',
    action: 'Check the time service',
    measure: (entity) =>
      single(entity, 'node_timex_offset_seconds', (offset) => ({
        clauses: [above(Math.abs(offset.value), 0.5, 0.1)],
        summary: `The clock is ${formatDuration(Math.abs(offset.value) * 1000)} away from its time service`,
        action: 'Check the time service with `timedatectl` or `chronyc tracking`',
      })),
  }),
  rule({
    name: 'clock-unsynchronised',
    resource: 'clock',
    severity: 'medium',
    unit: '',
    forMs: 6 * HOUR,
    holdMs: 10 * MINUTE,
    summary: 'Nothing keeps the clock right',
    condition: 'the kernel’s clock not synchronised for 6 h',
    action: 'Start a time service',
    measure: (entity) =>
      single(entity, 'node_timex_sync_status', (status) => ({
        clauses: [below(status.value, 1)],
        summary: 'The clock has not been synchronised for 6 h: it drifts',
        action: 'Start a time service such as chrony or systemd-timesyncd',
      })),
  }),
  rule({
    name: 'read-only-filesystem',
    resource: 'disk',
    severity: 'critical',
    unit: '',
    forMs: MINUTE,
    holdMs: 5 * MINUTE,
    summary: 'A file system that programs write to is read-only',
    condition: '/, /var, /home, /srv or /data mounted read-only for 1 min',
    action: 'See the kernel log: disks that fail are remounted read-only',
    measure: (entity) =>
      entity
        .latest('node_filesystem_readonly')
        .filter((reading) => writtenMount.test(mountOf(reading)))
        .map((reading) => ({
          subject: mountOf(reading),
          at: reading.at,
          clauses: [above(reading.value, 0)],
          summary: `File system ${mountOf(reading)} is read-only: nothing can be written there`,
          action: 'See `dmesg` for disk errors; check the disk before you remount it',
        })),
  }),
  rule({
    name: 'open-files',
    resource: 'files',
    severity: 'high',
    unit: 'ratio',
    forMs: 5 * MINUTE,
    holdMs: 5 * MINUTE,
    summary: 'Nearly all file handles are in use',
    condition: 'more than 90 % of the system’s open files used for 5 min',
    action: 'Find what keeps them open',
    measure: (entity) => {
      const measure = (ratio: number) => ({
        clauses: [above(ratio, 0.9, 0.8)] as const,
        summary: `${formatValue(ratio, 'ratio')} of the system’s file handles are in use`,
        action: 'Find what keeps them open with `lsof`, or raise fs.file-max',
      });
      const own = single(entity, 'auspex_host_open_files_ratio', (used) => measure(used.value));
      const most = valueOf(entity, 'node_filefd_maximum');
      if (own.length > 0 || most === null || most <= 0) return own;
      return single(entity, 'node_filefd_allocated', (used) => measure(used.value / most));
    },
  }),
  rule({
    name: 'host-silent',
    kind: 'absence',
    resource: 'availability',
    severity: 'high',
    unit: 'seconds',
    forMs: 0,
    holdMs: MINUTE,
    summary: 'A host that reported has gone silent',
    condition: 'nothing heard of it for 5 min',
    action: 'Check whether it runs and reaches this server',
    measure: (entity, now) => {
      if (entity.kind !== 'host') return [];
      const silentMs = now - Math.max(entity.lastSeenAt, entity.watchedSince);
      return [
        {
          subject: 'host',
          at: now,
          clauses: [above(silentMs / 1000, 300, 60)],
          summary: `Nothing has been heard of ${entity.name} for ${formatDuration(Math.max(0, silentMs))}`,
          action: `Check whether ${entity.name} runs, and whether it reaches this server`,
        },
      ];
    },
  }),
  rule({
    name: 'agent-dropping',
    resource: 'availability',
    severity: 'medium',
    unit: '/s',
    forMs: 0,
    holdMs: 10 * MINUTE,
    summary: 'An agent’s spool is full: it loses samples',
    condition: 'the agent dropped samples',
    action: 'Restore the way to the server, or give the spool more space',
    measure: (entity) =>
      single(entity, 'auspex_agent_dropped_samples_total', (dropped) => ({
        clauses: [above(dropped.rate ?? 0, 0)],
        summary: `The agent on ${entity.name} loses samples: its spool is full`,
        action: 'Restore the way from the agent to the server, or give the spool more space',
      })),
  }),
  rule({
    name: 'auspex-not-storing',
    resource: 'disk',
    severity: 'critical',
    unit: '',
    forMs: MINUTE,
    holdMs: 2 * MINUTE,
    summary: 'Auspex itself has no space: it takes in nothing',
    condition: 'less free on Auspex’s own disk than `store.minFree` for 1 min',
    action: 'Free space on the disk that holds Auspex’s home folder',
    measure: (entity) =>
      single(entity, 'auspex_store_accepting', (accepting) => ({
        clauses: [below(accepting.value, 1)],
        summary: 'Auspex takes in no samples: the disk that holds its home folder is nearly full',
        action: 'Free space on the disk that holds Auspex’s home folder; it goes on by itself',
      })),
  }),
];

/** File systems where programs expect to write; others are read-only by design often enough. */
const writtenMount = /^\/(var(\/lib|\/log)?|home|srv|data)?$/;

function diskRule(
  name: string,
  limit: number,
  clear: number,
  leastBytes: number,
  severity: ThresholdRule['severity'],
  forMs: number,
): ThresholdRule {
  const free = formatValue(1 - limit, 'ratio');
  return rule({
    name,
    resource: 'disk',
    severity,
    unit: 'ratio',
    forMs,
    holdMs: 10 * MINUTE,
    summary: severity === 'critical' ? 'A disk is nearly full' : 'A disk has little space left',
    condition: `less than ${free} and less than ${formatNumber(leastBytes / GB)} GB free for ${formatDuration(forMs)}`,
    action: 'Free space or add some',
    measure: (entity) =>
      byMount(entity, 'auspex_host_disk_ratio', 'node_filesystem_avail_bytes', 'node_filesystem_size_bytes').map(
        (used) => {
          // On a large disk a tenth is plenty: the share counts only together with the amount, where that is known.
          const amount: Clause[] = used.free === null ? [] : [below(used.free, leastBytes, leastBytes * 1.2)];
          const left = used.free === null ? '' : `, ${formatBytes(used.free)} left`;
          return {
            subject: used.mount,
            at: used.at,
            clauses: [above(used.ratio, limit, clear), ...amount],
            summary: `Disk ${used.mount} is ${formatValue(used.ratio, 'ratio')} full${left}`,
            action: `Free space on ${used.mount}: see what is large with \`du -xh --max-depth=2 ${used.mount} | sort -h | tail\``,
          };
        },
      ),
  });
}

function mountOf(reading: LatestReading): string {
  return labelValue(reading.labels, 'mountpoint') ?? labelValue(reading.labels, 'device') ?? '?';
}

/** What is used of each mount: from the derived ratio where the host's own collector gives it, from node_exporter's two figures otherwise. */
function byMount(
  entity: WatchedEntity,
  ratioMetric: string,
  freeMetric: string,
  totalMetric: string,
): { mount: string; ratio: number; free: number | null; at: number }[] {
  const free = new Map(entity.latest(freeMetric).map((reading) => [mountOf(reading), reading]));
  const derived = entity.latest(ratioMetric);
  if (derived.length > 0) {
    return derived.map((reading) => {
      const mount = mountOf(reading);
      const left = free.get(mount)?.value ?? Number.NaN;
      return { mount, ratio: reading.value, free: Number.isNaN(left) ? null : left, at: reading.at };
    });
  }
  return entity.latest(totalMetric).flatMap((total) => {
    const left = free.get(mountOf(total));
    if (left === undefined || !(total.value > 0)) return [];
    return [{ mount: mountOf(total), ratio: 1 - left.value / total.value, free: left.value, at: left.at }];
  });
}

function memoryMeasurements(entity: WatchedEntity): Measurement[] {
  const pressure = valueOf(entity, 'auspex_host_pressure_memory_ratio');
  const measure = (ratio: number) => {
    const clauses: [Clause, ...Clause[]] =
      pressure === null ? [above(ratio, 0.97, 0.94)] : [above(ratio, 0.95, 0.9), above(pressure, 0.1, 0.05)];
    return {
      clauses,
      summary: `Memory is ${formatValue(ratio, 'ratio')} used${pressure === null ? '' : ` and tasks wait for it ${formatValue(pressure, 'ratio')} of the time`}`,
      action: 'See the largest processes on the host’s page; end, limit or move one, or add memory',
    };
  };
  const own = single(entity, 'auspex_host_memory_ratio', (used) => measure(used.value));
  const total = valueOf(entity, 'node_memory_MemTotal_bytes');
  if (own.length > 0 || total === null || total <= 0) return own;
  return single(entity, 'node_memory_MemAvailable_bytes', (available) => measure(1 - available.value / total));
}

function valueOf(entity: WatchedEntity, metric: string): number | null {
  const value = entity.latest(metric)[0]?.value;
  return value === undefined || Number.isNaN(value) ? null : value;
}

/** A measurement of a metric of which a host has one series. */
function single(
  entity: WatchedEntity,
  metric: string,
  measure: (reading: LatestReading) => Pick<Measurement, 'clauses' | 'summary' | 'action'>,
): Measurement[] {
  const reading = entity.latest(metric)[0];
  return reading === undefined ? [] : [{ subject: 'host', at: reading.at, ...measure(reading) }];
}
