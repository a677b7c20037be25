import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import type { FilesystemFigures, Statfs } from '../../../src/collect/host/filesystem.ts';
import { createLinuxSampler, type Sampler } from '../../../src/collect/host/linux-sampler.ts';
import { type CollectorEvent, type Emission, formatLabels } from '../../../src/model/index.ts';

/** A /proc and /sys of files, for hosts that are not at hand. */
export class FixtureTree {
  readonly root: string = `${mkdtempSync(join(tmpdir(), 'auspex-host-'))}/`;

  write(files: Readonly<Record<string, string>>): void {
    for (const [path, text] of Object.entries(files)) {
      mkdirSync(dirname(this.root + path), { recursive: true });
      writeFileSync(this.root + path, text);
    }
  }

  remove(path = ''): void {
    rmSync(this.root + path, { recursive: true, force: true });
  }
}

export class ManualClock {
  wallMs = 1_800_000_000_000;
  monotonicMs = 50_000;
  now(): number {
    return this.wallMs;
  }
  monotonic(): number {
    return this.monotonicMs;
  }
}

export const FIGURES: FilesystemFigures = { bsize: 4096, blocks: 1000, bfree: 400, bavail: 300, files: 100, ffree: 75 };
export const plentyOfSpace: Statfs = { now: () => FIGURES, later: () => Promise.resolve(FIGURES) };

/** A sampler over a tree with its clocks, and what it gave out last by the text of its labels. */
export class FixtureHost {
  readonly tree = new FixtureTree();
  readonly clock = new ManualClock();
  uptimeMs = 5_000_000;
  #sampler: Sampler | null = null;
  readonly #statfs: Statfs;
  readonly #ownPid: number;

  constructor(files: Readonly<Record<string, string>>, statfs: Statfs = plentyOfSpace, ownPid = -1) {
    this.tree.write(files);
    this.#statfs = statfs;
    this.#ownPid = ownPid;
  }

  get sampler(): Sampler {
    this.#sampler ??= createLinuxSampler({
      root: this.tree.root,
      clock: this.clock,
      statfs: this.#statfs,
      ownPid: this.#ownPid,
      instance: 'h',
      interfaces: () => ({}),
    });
    return this.#sampler;
  }

  /** Time goes by on all clocks, then one collection. */
  async sample(
    elapsedMs = 10_000,
  ): Promise<{ events: CollectorEvent[]; values: Map<string, number>; stale: string[] }> {
    this.clock.wallMs += elapsedMs;
    this.clock.monotonicMs += elapsedMs;
    this.uptimeMs += elapsedMs;
    this.tree.write({ 'proc/uptime': `${(this.uptimeMs / 1000).toFixed(2)} 1.00\n` });
    const events = [...(await this.sampler.sample(this.clock.wallMs, 10_000))];
    const samples: Emission[] = events.flatMap((event) => (event.kind === 'samples' ? event.samples : []));
    return {
      events: events.filter((event) => event.kind === 'event'),
      values: new Map(samples.filter((s) => s.stale !== true).map((s) => [short(s), s.value])),
      stale: samples.filter((s) => s.stale === true).map(short),
    };
  }

  close(): void {
    this.#sampler?.close();
    this.tree.remove();
  }
}

/** Without the labels that all series share. */
function short(emission: Emission): string {
  return formatLabels(emission.labels)
    .replace(/instance="h",|job="auspex",?/g, '')
    .replace(/,}$/, '}')
    .replace('{}', '');
}

/** `/proc/<pid>/stat` of one process. */
export function stat(
  pid: number,
  comm: string,
  fields: Partial<
    Record<
      'state' | 'parent' | 'flags' | 'user' | 'system' | 'childUser' | 'childSystem' | 'threads' | 'started' | 'pages',
      number | string
    >
  > = {},
): Record<string, string> {
  const f = {
    state: 'S',
    parent: 1,
    flags: 0,
    user: 0,
    system: 0,
    childUser: 0,
    childSystem: 0,
    threads: 1,
    started: 10,
    pages: 0,
    ...fields,
  };
  const line = `${pid} (${comm}) ${f.state} ${f.parent} 0 0 0 -1 ${f.flags} 0 0 0 0 ${f.user} ${f.system} ${f.childUser} ${f.childSystem} 20 0 ${f.threads} 0 ${f.started} 1000000 ${f.pages} 1844 0 0\n`;
  return { [`proc/${pid}/stat`]: line };
}

export function cpuStat(user: number, idle: number, iowait = 0, steal = 0, forks = 100): string {
  const line = `${user} 0 0 ${idle} ${iowait} 0 0 ${steal} 0 0`;
  return `cpu  ${line}\ncpu0 ${line}\nintr 500 1 2\nctxt 1000\nbtime 1795000000\nprocesses ${forks}\nprocs_running 2\nprocs_blocked 1\n`;
}

export const MEMINFO = `MemTotal:        1000000 kB
MemFree:          100000 kB
MemAvailable:     400000 kB
Buffers:           10000 kB
Cached:           200000 kB
SwapTotal:        500000 kB
SwapFree:         450000 kB
`;

/** What every host has. */
export const BASIC: Readonly<Record<string, string>> = {
  'proc/stat': cpuStat(1000, 9000),
  'proc/meminfo': MEMINFO,
  'proc/loadavg': '1.50 1.00 0.50 2/100 1234\n',
  'proc/uptime': '5000.00 1.00\n',
  'proc/sys/kernel/random/boot_id': 'aaaa-bbbb\n',
  'proc/sys/kernel/hostname': 'fixture\n',
  'proc/sys/kernel/ostype': 'Linux\n',
  'proc/sys/fs/file-nr': '500\t0\t1000\n',
  'proc/self/mountinfo': '27 1 8:1 / / rw - ext4 /dev/sda1 rw\n',
  'proc/net/dev': `Inter-|   Receive   |  Transmit
 face |bytes packets errs drop fifo frame compressed multicast|bytes packets errs drop fifo colls carrier compressed
    lo: 10 1 0 0 0 0 0 0 10 1 0 0 0 0 0 0
  eth0:1000 10 0 0 0 0 0 0 2000 20 0 0 0 0 0 0
`,
  'proc/diskstats': '   8       0 sda 10 0 100 50 20 0 200 80 0 1000 130 0 0 0 0 0 0\n',
  'etc/machine-id': '0123456789abcdef0123456789abcdef\n',
  ...stat(1, 'init', { pages: 5000 }),
};
