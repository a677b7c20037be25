import { expect, test } from 'vitest';
import { type HostScene, type Scene, snapshotOf } from './incident-snapshot.ts';

const AT = Date.UTC(2026, 0, 5, 12);
const process = (name: string, cpuCores: number, mebibytes: number, ioBytesPerSecond: number | null = null) => ({
  name,
  pid: null,
  cpuCores,
  residentBytes: mebibytes * 1024 ** 2,
  ioBytesPerSecond,
});
const host = (more: Partial<HostScene> = {}): HostScene => ({
  name: 'vm',
  processes: [],
  mounts: [],
  pressure: [],
  connections: [],
  ...more,
});
const scene = (more: Partial<Scene> = {}): Scene => ({
  at: AT,
  onsetAt: AT - 20_000,
  reason: 'opened',
  suspect: null,
  hosts: [],
  changes: [],
  errors: [],
  ...more,
});

test('a host that is in trouble: who is busy, what is full, who waits; at most five lines each', () => {
  const busy = host({
    processes: [
      process('ffmpeg', 3.9, 200, 5 * 1024 ** 2),
      process('postgres', 0.2, 2048, 100),
      ...[1, 2, 3, 4, 5].map((i) => process(`idle-${i}`, 0.02, 10 - i)),
    ],
    mounts: [
      { mount: '/', used: 0.4, inodes: 0.1 },
      { mount: '/var', used: 0.5, inodes: 0.97 },
    ],
    pressure: [{ of: 'the processor', share: 0.62 }],
    connections: [
      { what: 'shop → postgres:5432', count: 12 },
      { what: 'to nginx, port 443', count: 80 },
    ],
  });
  const { sections, summary } = snapshotOf(scene({ hosts: [busy] }));
  expect(Object.fromEntries(sections.map(({ title, lines }) => [title, lines.slice(0, 2)]))).toEqual({
    'Most CPU on vm': ['ffmpeg: 3.90 cores, 200 MiB', 'postgres: 0.20 cores, 2 GiB'],
    'Most memory on vm': ['postgres: 0.20 cores, 2 GiB', 'ffmpeg: 3.90 cores, 200 MiB'],
    'Most disk I/O on vm': ['ffmpeg: 5 MiB/s'],
    'Work waits on vm': ['for the processor 62 % of the time'],
    'Disks of vm': ['/var is 50 % full, 97 % of its inodes used', '/ is 40 % full, 10 % of its inodes used'],
    'Connections of vm': ['to nginx, port 443: 80', 'shop → postgres:5432: 12'],
  });
  expect(Math.max(...sections.map(({ lines }) => lines.length))).toBe(5);
  expect(summary).toEqual([
    'vm: /var is 50 % full, 97 % of its inodes used',
    'vm: for the processor 62 % of the time',
    'Busiest on vm: ffmpeg: 3.90 cores, 200 MiB',
  ]);
});

test('what was changed and what is new comes first in a message', () => {
  const { sections, summary } = snapshotOf(
    scene({
      hosts: [host({ mounts: [{ mount: '/', used: 0.99, inodes: null }] })],
      changes: [
        { at: AT - 140_000, text: 'shop 1.4.0 → 1.5.0, by ci' },
        { at: AT - 900_000, text: '/etc/nginx/nginx.conf was edited' },
      ],
      errors: [
        { text: 'old', count: 900, isNew: false },
        { text: 'TypeError: x is undefined', count: 3, isNew: true },
      ],
    }),
  );
  expect(summary).toEqual([
    'Changed: shop 1.4.0 → 1.5.0, by ci, 2 min before it began',
    'Error: TypeError: x is undefined (new, 3 in all)',
    'vm: / is 99 % full',
  ]);
  expect(sections.map(({ title }) => title)).toEqual(['Changes before it', 'Errors', 'Disks of vm']);
});

test('where nothing is known there is nothing', () => {
  expect(snapshotOf(scene({ hosts: [host()] }))).toMatchObject({ sections: [], summary: [] });
});
