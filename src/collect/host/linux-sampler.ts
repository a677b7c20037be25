import type { Clock, CollectorEvent } from '../../model/index.ts';
import { CgroupSource, containerKind } from './cgroup.ts';
import { ControlGroupSource } from './control-groups.ts';
import { CpuSource } from './cpu.ts';
import { DiskSource } from './disk.ts';
import { FilesystemSource, type Statfs } from './filesystem.ts';
import { type HostIdentity, hostIdentity, hostName, kernelUnits, totalMemory } from './identity.ts';
import { KernelSource } from './kernel.ts';
import { MemorySource } from './memory.ts';
import { NetworkSource } from './network.ts';
import { Scratch } from './proc-file.ts';
import { ProcessSource } from './processes.ts';
import { SampleSet, type Source } from './sample-set.ts';
import { type Interfaces, SocketSource } from './sockets.ts';
import { TcpSource } from './tcp.ts';
import { BootClock, Timekeeper } from './timekeeper.ts';

/** What one host gives out at one moment. */
export interface Sampler {
  readonly identity: HostIdentity;
  /** Events first, then the samples of one collection, stamped `at`. */
  sample(at: number, intervalMs: number): Promise<readonly CollectorEvent[]>;
  /** What failed in the last collection. */
  problems(): readonly string[];
  /** What cannot be seen here, and what would let it. */
  limitations(): readonly string[];
  close(): void;
}

export interface LinuxSamplerOptions {
  /** Ends in `/`; `/` itself but for tests. */
  readonly root: string;
  readonly clock: Clock;
  readonly statfs: Statfs;
  readonly ownPid: number;
  readonly instance?: string;
  /** For tests: the addresses of the host. */
  readonly interfaces?: Interfaces;
}

/** Reads all sources one after another; one that fails takes nothing else with it. */
export function createLinuxSampler(options: LinuxSamplerOptions): Sampler {
  const { root, clock } = options;
  const scratch = new Scratch();
  const units = kernelUnits(scratch);
  const container = containerKind(root, scratch);
  const instance = options.instance ?? hostName(root, scratch);
  const memoryBytes = totalMemory(root, scratch);
  const processes = new ProcessSource(root, scratch, units, options.ownPid);
  const sources: readonly (readonly [string, Source])[] = [
    ['container limits', new CgroupSource(root, scratch, container, memoryBytes)],
    ['CPU', new CpuSource(root, scratch, units.ticksPerSecond)],
    ['memory', new MemorySource(root, scratch)],
    ['kernel', new KernelSource(root, scratch)],
    ['disk I/O', new DiskSource(root, scratch)],
    ['network', new NetworkSource(root, scratch, new Scratch())],
    ['TCP', new TcpSource(root, scratch)],
    ['processes', processes],
    ['control groups', new ControlGroupSource(root, scratch, () => processes.processes, memoryBytes)],
    ['sockets', new SocketSource(root, scratch, processes.processes, clock, options.interfaces)],
    ['filesystems', new FilesystemSource(root, scratch, options.statfs)],
  ];
  const set = new SampleSet([
    ['instance', instance],
    ['job', 'auspex'],
  ]);
  const boot = new BootClock(root, scratch);
  const timekeeper = new Timekeeper();
  return {
    identity: hostIdentity(root, scratch, container, instance),
    async sample(at, intervalMs) {
      const reading = {
        wallMs: clock.now(),
        monotonicMs: clock.monotonic(),
        bootMs: boot.uptimeMs(),
        bootId: boot.bootId(),
      };
      const passage = timekeeper.advance(reading, intervalMs);
      set.begin(at, passage.elapsedSeconds);
      for (const [name, source] of sources) {
        try {
          await source.collect(set);
        } catch (error) {
          set.problems.add(`${name} failed: ${error instanceof Error ? error.message : String(error)}`);
        }
      }
      set.derive();
      const events: CollectorEvent[] = passage.events.map((event) => ({ kind: 'event', ...event }));
      events.push({ kind: 'samples', samples: set.finish() });
      return events;
    },
    problems: () => [...set.problems],
    limitations: () => [...set.limitations],
    close() {
      boot.close();
      for (const [, source] of sources) source.close();
    },
  };
}
