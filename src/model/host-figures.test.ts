import { expect, test } from 'vitest';
import { HostFigureDeriver } from './host-figures.ts';
import { labelsFrom } from './labels.ts';

type Series = readonly [name: string, labels: Record<string, string>, value: number];

/** The figures of the last of these collections, ten seconds apart. */
function figures(...collections: (readonly Series[])[]): Record<string, number> {
  const deriver = new HostFigureDeriver();
  let last: Record<string, number> = {};
  collections.forEach((collection, i) => {
    for (const [name, labels, value] of collection) {
      const input = deriver.input(labelsFrom(Object.entries({ __name__: name, instance: 'h', ...labels })));
      if (input !== undefined) deriver.set(input, value);
    }
    last = {};
    deriver.derive(i === 0 ? 0 : 10, (metric, mountpoint, value) => {
      last[metric.replace('auspex_host_', '') + (mountpoint ?? '')] = value;
    });
  });
  return last;
}

const mount = (device: string, mountpoint: string, fstype: string, free: number, readonly = 0): Series[] => [
  ['node_filesystem_size_bytes', { device, mountpoint, fstype }, 100],
  ['node_filesystem_free_bytes', { device, mountpoint, fstype }, free],
  ['node_filesystem_avail_bytes', { device, mountpoint, fstype }, free],
  ['node_filesystem_files', { device, mountpoint, fstype }, 0],
  ['node_filesystem_readonly', { device, mountpoint, fstype }, readonly],
];

test('of node_exporter’s mounts those count that hold data, each device once', () => {
  expect(
    figures([
      ...mount('/dev/sda1', '/', 'ext4', 40),
      ...mount('/dev/sda1', '/var/snap/bind', 'ext4', 40),
      ...mount('/dev/sdb1', '/very/long/path', 'xfs', 20),
      ...mount('/dev/sdb1', '/data', 'xfs', 20),
      ...mount('tmpfs', '/run', 'tmpfs', 90),
      ...mount('overlay', '/var/lib/docker/overlay2/x/merged', 'overlay', 40),
      ...mount('/dev/loop3', '/snap/core', 'squashfs', 0),
      ...mount('/dev/sr0', '/cdrom', 'udf', 0, 1),
    ]),
  ).toEqual({ 'disk_ratio/': 0.6, 'disk_ratio/data': 0.8 });
});

test('of interfaces the physical ones count; where none is, all', () => {
  const interfaces = (names: readonly string[], bytes: number): Series[] =>
    names.flatMap((device): Series[] => [
      ['node_network_receive_bytes_total', { device }, bytes],
      ['node_network_transmit_bytes_total', { device }, 2 * bytes],
    ]);
  const bonded = ['lo', 'eth0', 'eth1', 'bond0', 'bond0.100', 'docker0', 'veth12', 'br-1a2b', 'wg0'];
  expect(figures(interfaces(bonded, 0), interfaces(bonded, 100))).toEqual({
    network_receive_bytes_per_second: 20,
    network_transmit_bytes_per_second: 40,
  });
  expect(figures(interfaces(['lo', 'wg0'], 0), interfaces(['lo', 'wg0'], 100))).toMatchObject({
    network_receive_bytes_per_second: 10,
  });
});

test('partitions are not counted again, nor disks built on disks; the busiest is any of them', () => {
  const disks = (bytes: number, busy: number): Series[] =>
    ['sda', 'sda1', 'nvme0n1', 'nvme0n1p1', 'dm-0', 'loop1'].flatMap((device): Series[] => [
      ['node_disk_read_bytes_total', { device }, bytes],
      ['node_disk_written_bytes_total', { device }, bytes],
      ['node_disk_io_time_seconds_total', { device }, device === 'dm-0' ? busy : 0],
    ]);
  expect(figures(disks(0, 0), disks(50, 4))).toEqual({
    disk_io_ratio: 0.4,
    disk_read_bytes_per_second: 10,
    disk_write_bytes_per_second: 10,
  });
});

test('a core that was switched on is left out of the first comparison', () => {
  const core = (cpu: string, idle: number, user: number): Series[] => [
    ['node_cpu_seconds_total', { cpu, mode: 'idle' }, idle],
    ['node_cpu_seconds_total', { cpu, mode: 'user' }, user],
  ];
  expect(figures(core('0', 0, 0), [...core('0', 5, 5), ...core('1', 900, 100)])).toMatchObject({ cpu_ratio: 0.5 });
});

test.each([
  ['pids', [['node_processes_pids', {}, 7] as const], { process_count: 7 }],
  [
    'states, where pids are not exported',
    [['node_processes_state', { state: 'S' }, 5] as const, ['node_processes_state', { state: 'R' }, 1] as const],
    { process_count: 6 },
  ],
  ['neither, as node_exporter is by default', [], {}],
  [
    'an old kernel’s memory',
    [
      ['node_memory_MemTotal_bytes', {}, 100] as const,
      ['node_memory_MemFree_bytes', {}, 20] as const,
      ['node_memory_Cached_bytes', {}, 30] as const,
    ],
    { memory_ratio: 0.5 },
  ],
  [
    'no limit on open files',
    [['node_filefd_allocated', {}, 9] as const, ['node_filefd_maximum', {}, 2 ** 63] as const],
    {},
  ],
  [
    'a container’s memory limit',
    [
      ['node_memory_MemTotal_bytes', {}, 100] as const,
      ['node_memory_MemAvailable_bytes', {}, 90] as const,
      ['auspex_host_memory_limit_bytes', {}, 10] as const,
      ['auspex_host_memory_used_bytes', {}, 8] as const,
    ],
    { memory_ratio: 0.8 },
  ],
])('%s', (_, series, expected) => {
  expect(figures(series)).toEqual(expected);
});

test('a disk that was away has its rates back after two collections, with the series it had', () => {
  const deriver = new HostFigureDeriver();
  const inputs = ['read_bytes_total', 'written_bytes_total'].map((name) =>
    deriver.input(labelsFrom(Object.entries({ __name__: `node_disk_${name}`, device: 'sda' }))),
  );
  const collect = (value: number | null): number[] => {
    for (const input of inputs) if (input !== undefined && value !== null) deriver.set(input, value);
    const rates: number[] = [];
    deriver.derive(10, (metric, _, rate) => metric.endsWith('read_bytes_per_second') && rates.push(rate));
    return rates;
  };
  expect([0, 10, null, null, null, 100, 150].map(collect)).toEqual([[], [1], [], [], [], [], [5]]);
});
