import { afterEach, expect, test } from 'vitest';
import { BASIC, cpuStat, FIGURES, FixtureHost, stat } from './fixture-tree.ts';

const hosts: FixtureHost[] = [];
function host(...args: ConstructorParameters<typeof FixtureHost>): FixtureHost {
  const made = new FixtureHost(...args);
  hosts.push(made);
  return made;
}
afterEach(() => {
  for (const one of hosts.splice(0)) one.close();
});

test('rates and ratios follow the counters between two collections; the first has none', async () => {
  const h = host(BASIC);
  const first = await h.sample();
  expect(first.values.get('node_load1')).toBe(1.5);
  expect(first.values.get('auspex_host_memory_ratio')).toBeCloseTo(0.6, 10);
  expect(first.values.get('auspex_host_swap_ratio')).toBeCloseTo(0.1, 10);
  expect(first.values.get('auspex_host_open_files_ratio')).toBe(0.5);
  expect(first.values.has('auspex_host_cpu_ratio')).toBe(false);
  h.tree.write({
    // Of 1,000 ticks: 600 busy (50 of them stolen), 300 idle, 100 waiting.
    'proc/stat': cpuStat(1550, 9300, 100, 50, 150),
    'proc/diskstats': '   8       0 sda 10 0 2100 50 20 0 1200 80 0 6000 130 0 0 0 0 0 0\n',
    'proc/net/dev': (BASIC['proc/net/dev'] ?? '').replace('eth0:1000', 'eth0:51000'),
  });
  const { values } = await h.sample();
  expect(values.get('auspex_host_cpu_ratio')).toBeCloseTo(0.6, 10);
  expect(values.get('auspex_host_cpu_iowait_ratio')).toBeCloseTo(0.1, 10);
  expect(values.get('auspex_host_cpu_steal_ratio')).toBeCloseTo(0.05, 10);
  expect(values.get('auspex_host_fork_rate')).toBeCloseTo(5, 10);
  expect(values.get('auspex_host_disk_io_ratio')).toBeCloseTo(0.5, 10);
  expect(values.get('auspex_host_disk_read_bytes_per_second')).toBeCloseTo((2000 * 512) / 10, 6);
  expect(values.get('auspex_host_disk_write_bytes_per_second')).toBeCloseTo((1000 * 512) / 10, 6);
  expect(values.get('auspex_host_network_receive_bytes_per_second')).toBeCloseTo(5000, 6);
  expect(values.get('node_cpu_seconds_total{cpu="0",mode="user"}')).toBe(15.5);
});

test('a mount’s share is counted as df does, and inodes beside it', async () => {
  const { values } = await host(BASIC).sample();
  expect(values.get('auspex_host_disk_ratio{mountpoint="/"}')).toBeCloseTo(600 / 900, 10);
  expect(values.get('auspex_host_inode_ratio{mountpoint="/"}')).toBeCloseTo(0.25, 10);
  expect(values.get('node_filesystem_avail_bytes{device="/dev/sda1",fstype="ext4",mountpoint="/"}')).toBe(300 * 4096);
});

test('bare metal with many disks: partitions, loops and memory disks are left out, stacked ones not counted twice', async () => {
  const line = (name: string, sectors: number) =>
    `   8  0 ${name} 1 0 ${sectors} 1 1 0 0 1 0 ${sectors} 1 0 0 0 0 0 0\n`;
  const all = [
    'sda',
    'sda1',
    'sdaa',
    'nvme0n1',
    'nvme0n1p2',
    'mmcblk0',
    'mmcblk0p1',
    'dm-0',
    'md127',
    'loop3',
    'ram0',
    'zram0',
    'sr0',
  ];
  const h = host({ ...BASIC, 'proc/diskstats': all.map((d) => line(d, 100)).join('') + line('sdz', 0) });
  await h.sample();
  h.tree.write({ 'proc/diskstats': all.map((d) => line(d, 300)).join('') });
  const { values } = await h.sample();
  const shown = [...values.keys()].flatMap((k) => k.match(/^node_disk_io_now\{device="(.+)"\}$/)?.[1] ?? []);
  expect(shown).toEqual(['sda', 'sdaa', 'nvme0n1', 'mmcblk0', 'dm-0', 'md127']);
  expect(values.get('auspex_host_disk_read_bytes_per_second')).toBeCloseTo((4 * 200 * 512) / 10, 6);
});

test('a device that goes away ends by a stale marker, once', async () => {
  const h = host(BASIC);
  await h.sample();
  h.tree.write({ 'proc/diskstats': '   8      16 sdb 10 0 100 50 20 0 200 80 0 1000 130 0 0 0 0 0 0\n' });
  const { stale, values } = await h.sample();
  expect(stale).toContain('node_disk_io_now{device="sda"}');
  expect(values.has('node_disk_io_now{device="sdb"}')).toBe(true);
  expect((await h.sample()).stale.filter((s) => s.includes('sda'))).toEqual([]);
});

test('a container under cgroup v2: its limits count', async () => {
  const h = host({
    ...BASIC,
    '.dockerenv': '',
    'proc/1/cgroup': '0::/\n',
    'sys/fs/cgroup/memory.max': '209715200\n',
    'sys/fs/cgroup/memory.current': '157286400\n',
    'sys/fs/cgroup/memory.stat': 'anon 1\ninactive_file 52428800\n',
    'sys/fs/cgroup/cpu.max': '150000 100000\n',
    'sys/fs/cgroup/cpu.stat': 'usage_usec 1000000\nthrottled_usec 2500000\n',
  });
  await h.sample();
  h.tree.write({
    'sys/fs/cgroup/cpu.stat': 'usage_usec 7000000\nthrottled_usec 2500000\n',
    'proc/stat': cpuStat(1000, 10000),
  });
  const { values } = await h.sample();
  expect(values.get('auspex_host_memory_limit_bytes')).toBe(209715200);
  expect(values.get('auspex_host_memory_ratio')).toBe(0.5);
  expect(values.get('auspex_host_cpu_limit_cores')).toBe(1.5);
  expect(values.get('auspex_host_cpu_ratio')).toBeCloseTo(6 / 10 / 1.5, 10);
  expect(values.get('auspex_host_cpu_throttled_seconds_total')).toBe(2.5);
  expect(h.sampler.identity.attributes.container).toBe('docker');
});

test('a container under cgroup v1, in its own folder', async () => {
  const memory = 'sys/fs/cgroup/memory/docker/ab';
  const cpu = 'sys/fs/cgroup/cpu,cpuacct/docker/ab';
  const h = host({
    ...BASIC,
    'run/systemd/container': 'lxc\n',
    'proc/1/cgroup': '4:memory:/docker/ab\n3:cpu,cpuacct:/docker/ab\n1:name=systemd:/docker/ab\n',
    [`${memory}/memory.limit_in_bytes`]: '104857600\n',
    [`${memory}/memory.usage_in_bytes`]: '94371840\n',
    [`${memory}/memory.stat`]: 'cache 5\ntotal_inactive_file 10485760\n',
    [`${cpu}/cpu.cfs_quota_us`]: '50000\n',
    [`${cpu}/cpu.cfs_period_us`]: '100000\n',
    [`${cpu}/cpu.stat`]: 'nr_periods 3\nthrottled_time 4000000000\n',
    [`${cpu}/cpuacct.usage`]: '1000000000\n',
  });
  await h.sample();
  h.tree.write({ [`${cpu}/cpuacct.usage`]: '3000000000\n', 'proc/stat': cpuStat(1000, 10000) });
  const { values } = await h.sample();
  expect(values.get('auspex_host_memory_ratio')).toBeCloseTo(0.8, 10);
  expect(values.get('auspex_host_cpu_ratio')).toBeCloseTo(2 / 10 / 0.5, 10);
  expect(values.get('auspex_host_cpu_throttled_seconds_total')).toBe(4);
});

test('the limit of a service on a machine is not the machine’s, and "max" is no limit', async () => {
  const limited = { 'sys/fs/cgroup/memory.max': '1000000\n', 'sys/fs/cgroup/memory.current': '900000\n' };
  expect((await host({ ...BASIC, ...limited }).sample()).values.get('auspex_host_memory_ratio')).toBeCloseTo(0.6, 10);
  const unlimited = {
    ...limited,
    '.dockerenv': '',
    'sys/fs/cgroup/memory.max': 'max\n',
    'sys/fs/cgroup/cpu.max': 'max 100000\n',
  };
  const { values } = await host({ ...BASIC, ...unlimited }).sample();
  expect(values.get('auspex_host_memory_ratio')).toBeCloseTo(0.6, 10);
  expect(values.has('auspex_host_cpu_limit_cores')).toBe(false);
});

test('missing files leave out their figures and are named; the others come', async () => {
  const h = host(BASIC);
  for (const path of ['proc/stat', 'proc/net/dev', 'proc/diskstats', 'proc/self/mountinfo', 'proc/loadavg'])
    h.tree.remove(path);
  const { values } = await h.sample();
  expect(values.get('auspex_host_memory_ratio')).toBeCloseTo(0.6, 10);
  expect([...values.keys()].filter((k) => k.startsWith('node_cpu') || k.startsWith('node_network'))).toEqual([]);
  expect(h.sampler.problems().join('\n')).toMatch(
    /proc\/stat cannot be read \(ENOENT\)[^]*proc\/net\/dev[^]*mountinfo/,
  );
  h.tree.write({ 'proc/stat': cpuStat(1, 1) });
  expect((await h.sample()).values.has('node_boot_time_seconds')).toBe(true);
});

test('garbage gives no figures, no error and no NaN', async () => {
  const noise = 'x \u0000 -- 12a\n\n99999999999999999999999 : ) (\ncpu0 a b c\neth0: q\n';
  const h = host(Object.fromEntries(Object.keys(BASIC).map((path) => [path, noise])));
  for (let i = 0; i < 2; i++) {
    const { values } = await h.sample();
    for (const [name, value] of values) expect(Number.isFinite(value), name).toBe(true);
  }
  const empty = host(Object.fromEntries(Object.keys(BASIC).map((path) => [path, ''])));
  for (const [name, value] of (await empty.sample()).values) expect(Number.isFinite(value), name).toBe(true);
});

test('no rate is computed across a suspension, and the event says how long it was', async () => {
  const h = host(BASIC);
  await h.sample();
  h.tree.write({ 'proc/stat': cpuStat(1100, 9100) });
  h.clock.wallMs += 3_600_000;
  h.uptimeMs += 3_600_000;
  const { events, values } = await h.sample();
  expect(events).toMatchObject([{ kind: 'event', type: 'resume' }]);
  expect(values.has('auspex_host_cpu_ratio')).toBe(false);
  h.tree.write({ 'proc/stat': cpuStat(1200, 9200) });
  expect((await h.sample()).values.get('auspex_host_cpu_ratio')).toBeCloseTo(0.5, 10);
});

test('counters that begin anew after a reboot make no rate', async () => {
  const h = host(BASIC);
  await h.sample();
  h.tree.write({ 'proc/stat': cpuStat(50, 900), 'proc/sys/kernel/random/boot_id': 'cccc-dddd\n' });
  h.uptimeMs = 9_000;
  const { events, values } = await h.sample();
  expect(events).toMatchObject([{ type: 'reboot', at: h.clock.wallMs - h.uptimeMs }]);
  expect([...values.keys()].filter((k) => /_rate$|per_second|cpu_ratio/.test(k))).toEqual([]);
});

test('a share whose server is away is named, holds nothing up, and comes back', async () => {
  let answer: (figures: typeof FIGURES) => void = () => {};
  const away = () =>
    new Promise<typeof FIGURES>((resolve) => {
      answer = resolve;
    });
  let asked = 0;
  const statfs = {
    now: () => FIGURES,
    later: () => {
      asked++;
      return asked === 1 ? away() : Promise.resolve(FIGURES);
    },
  };
  const share = '50 27 0:70 / /share rw - nfs4 nas:/x rw\n';
  const h = host({ ...BASIC, 'proc/self/mountinfo': (BASIC['proc/self/mountinfo'] ?? '') + share }, statfs);
  const first = await h.sample();
  expect(first.values.has('auspex_host_disk_ratio{mountpoint="/"}')).toBe(true);
  expect(first.values.has('auspex_host_disk_ratio{mountpoint="/share"}')).toBe(false);
  expect(h.sampler.problems().join()).toContain('/share (nfs4 from nas:/x) did not answer');
  await h.sample();
  expect(asked).toBe(1);
  answer(FIGURES);
  await new Promise(setImmediate);
  const later = await h.sample();
  expect(later.values.get('auspex_host_disk_ratio{mountpoint="/share"}')).toBeCloseTo(600 / 900, 10);
  expect(h.sampler.problems()).toEqual([]);
});

test('identity: machine id, name, and what it runs on', () => {
  const { identity } = host({
    ...BASIC,
    'etc/os-release': 'NAME=x\nPRETTY_NAME="Debian 12"\n',
    'sys/class/dmi/id/sys_vendor': 'QEMU\n',
  }).sampler;
  expect(identity).toMatchObject({
    kind: 'host',
    stableId: '0123456789abcdef0123456789abcdef',
    name: 'fixture',
    aliases: ['instance=h'],
  });
  expect(identity.attributes).toMatchObject({ os: 'Debian 12', virtualization: 'KVM', bootId: 'aaaa-bbbb' });
  const nameless = host(Object.fromEntries(Object.entries(BASIC).filter(([path]) => path !== 'etc/machine-id')));
  expect(nameless.sampler.identity.stableId).toMatch(/^[0-9a-f]{32}$/);
  expect(stat(1, 'a')).toBeDefined();
});
