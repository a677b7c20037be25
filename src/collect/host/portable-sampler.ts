import { arch, cpus, freemem, hostname, loadavg, platform, release, totalmem } from 'node:os';
import { createHash } from 'node:crypto';
import type { Clock, CollectorEvent } from '../../model/index.ts';
import type { Sampler } from './linux-sampler.ts';
import { SampleSet } from './sample-set.ts';
import { Timekeeper } from './timekeeper.ts';

/** Off Linux: the derived figures by systeminformation, which starts child processes and takes about 100 ms. */
export async function createPortableSampler(clock: Clock, instance = hostname()): Promise<Sampler> {
  const information = (await import('systeminformation')).default;
  const set = new SampleSet([
    ['instance', instance],
    ['job', 'auspex'],
  ]);
  const timekeeper = new Timekeeper();
  const ids = await information.uuid().catch(() => ({ os: '' }));
  const machineId =
    ids.os !== '' ? ids.os : createHash('sha256').update(`auspex host ${hostname()}`).digest('hex').slice(0, 32);
  let traffic = { received: Number.NaN, sent: Number.NaN };
  let io = { read: Number.NaN, written: Number.NaN };

  async function read(): Promise<void> {
    const [load, memory, mounts, interfaces, disks, processes] = await Promise.allSettled([
      information.currentLoad(),
      information.mem(),
      information.fsSize(),
      information.networkStats('*'),
      information.fsStats(),
      information.processes(),
    ]);
    if (load.status === 'fulfilled') set.gauge('auspex_host_cpu_ratio', unit(load.value.currentLoad / 100));
    if (memory.status === 'fulfilled') {
      const { total, available, swaptotal, swapused } = memory.value;
      set.gauge('auspex_host_memory_ratio', unit(1 - available / total));
      if (swaptotal > 0) set.gauge('auspex_host_swap_ratio', unit(swapused / swaptotal));
    } else set.gauge('auspex_host_memory_ratio', unit(1 - freemem() / totalmem()));
    if (mounts.status === 'fulfilled') {
      for (const mount of mounts.value) {
        const { used, available } = mount;
        if (used + available > 0)
          set.gauge('auspex_host_disk_ratio', unit(used / (used + available)), ['mountpoint', mount.mount]);
      }
    }
    if (interfaces.status === 'fulfilled') {
      const sum = { received: 0, sent: 0 };
      for (const one of interfaces.value) {
        sum.received += one.rx_bytes;
        sum.sent += one.tx_bytes;
      }
      set.rate('auspex_host_network_receive_bytes_per_second', sum.received, traffic.received);
      set.rate('auspex_host_network_transmit_bytes_per_second', sum.sent, traffic.sent);
      traffic = sum;
    }
    // Null where the platform has no such figures.
    if (disks.status === 'fulfilled' && disks.value !== null) {
      set.rate('auspex_host_disk_read_bytes_per_second', disks.value.rx, io.read);
      set.rate('auspex_host_disk_write_bytes_per_second', disks.value.wx, io.written);
      io = { read: disks.value.rx, written: disks.value.wx };
    }
    if (processes.status === 'fulfilled') set.gauge('auspex_host_process_count', processes.value.all);
    // Windows keeps no load.
    const load1 = loadavg()[0] ?? 0;
    if (platform() !== 'win32') set.gauge('auspex_host_load_per_core', load1 / Math.max(1, cpus().length));
  }

  return {
    identity: {
      kind: 'host',
      stableId: machineId,
      name: hostname(),
      timeZone: Intl.DateTimeFormat().resolvedOptions().timeZone,
      aliases: [`instance=${instance}`],
      attributes: {
        os: platform(),
        kernel: release(),
        arch: arch(),
        cores: String(cpus().length),
        memoryBytes: String(totalmem()),
      },
    },
    async sample(at, intervalMs) {
      const reading = { wallMs: clock.now(), monotonicMs: clock.monotonic(), bootMs: Number.NaN, bootId: '' };
      const passage = timekeeper.advance(reading, intervalMs);
      set.begin(at, passage.elapsedSeconds);
      await read();
      const events: CollectorEvent[] = passage.events.map((event) => ({ kind: 'event', ...event }));
      events.push({ kind: 'samples', samples: set.finish() });
      return events;
    },
    problems: () => [],
    limitations: () => [
      'on this operating system only the main figures are collected: processes by name, pressure and single devices need Linux',
    ],
    close() {},
  };
}

function unit(value: number): number {
  return Math.min(1, Math.max(0, value));
}
