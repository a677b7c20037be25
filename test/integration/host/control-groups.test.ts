import { afterEach, expect, test } from 'vitest';
import { BASIC, FixtureHost, stat } from './fixture-tree.ts';

const hosts: FixtureHost[] = [];
function host(files: Readonly<Record<string, string>>): FixtureHost {
  const made = new FixtureHost({ ...BASIC, ...files });
  hosts.push(made);
  return made;
}
afterEach(() => {
  for (const one of hosts.splice(0)) one.close();
});

const MIB = 2 ** 20;
const used = (group: string) => `auspex_host_control_group_memory_ratio{cgroup="${group}"}`;
const CONTAINER = '3f2a'.repeat(16);

test('memory beside the limit of a service, a container and a slice above them; what can be reclaimed does not count', async () => {
  const folder = 'sys/fs/cgroup';
  const h = host({
    [`${folder}/cgroup.controllers`]: 'cpu memory\n',
    ...stat(10, 'shop', { pages: 2000 }),
    'proc/10/cgroup': '0::/system.slice/shop.service\n',
    [`${folder}/system.slice/memory.max`]: 'max\n',
    [`${folder}/system.slice/memory.stat`]: `anon ${900 * MIB}\n`,
    [`${folder}/system.slice/shop.service/memory.max`]: `${100 * MIB}\n`,
    [`${folder}/system.slice/shop.service/memory.stat`]: `anon ${30 * MIB}\nfile ${65 * MIB}\nkernel 1\nshmem ${10 * MIB}\n`,
    ...stat(11, 'web', { pages: 2000 }),
    'proc/11/cgroup': `0::/pods.slice/docker-${CONTAINER}.scope\n`,
    [`${folder}/pods.slice/memory.max`]: `${400 * MIB}\n`,
    [`${folder}/pods.slice/memory.stat`]: `anon ${200 * MIB}\nshmem 0\n`,
    [`${folder}/pods.slice/docker-${CONTAINER}.scope/memory.max`]: 'max\n',
    [`${folder}/pods.slice/docker-${CONTAINER}.scope/memory.stat`]: `anon ${200 * MIB}\nshmem 0\n`,
  });
  const { values } = await h.sample();
  expect([...values].filter(([name]) => name.startsWith('auspex_host_control_group'))).toEqual([
    [used('/system.slice/shop.service'), 0.4],
    [used('/pods.slice'), 0.5],
  ]);

  h.tree.write({
    [`${folder}/system.slice/shop.service/memory.stat`]: `anon ${95 * MIB}\nfile 0\nshmem 0\n`,
    [`${folder}/system.slice/shop.service/memory.max`]: `${190 * MIB}\n`,
  });
  h.tree.remove('proc/11');
  const second = await h.sample();
  expect(second.values.get(used('/system.slice/shop.service'))).toBe(0.5);
  expect(second.stale).toContain(used('/pods.slice'));
});

test('a limit that is set later is seen within five minutes, and version 1 is read as well', async () => {
  const folder = 'sys/fs/cgroup/memory';
  const h = host({
    [`${folder}/memory.stat`]: 'total_rss 1\n',
    ...stat(10, 'api', { pages: 2000 }),
    'proc/10/cgroup': '5:cpu,cpuacct:/else\n4:memory:/gd12/api\n0::/\n',
    [`${folder}/gd12/api/memory.limit_in_bytes`]: '9223372036854771712\n',
    [`${folder}/gd12/api/memory.stat`]: `cache ${90 * MIB}\nrss 1\ntotal_cache 1\ntotal_rss ${25 * MIB}\ntotal_shmem 0\n`,
  });
  expect((await h.sample()).values.has(used('/gd12/api'))).toBe(false);
  h.tree.write({ [`${folder}/gd12/api/memory.limit_in_bytes`]: `${100 * MIB}\n` });
  for (let i = 0; i < 29; i++) expect((await h.sample()).values.has(used('/gd12/api'))).toBe(false);
  expect((await h.sample()).values.get(used('/gd12/api'))).toBe(0.25);
});

test('groups that cannot be read, or lie outside, are left out', async () => {
  const h = host({
    'sys/fs/cgroup/cgroup.controllers': 'memory\n',
    ...stat(10, 'api', { pages: 2000 }),
    'proc/10/cgroup': '0::/../../outside\n',
    ...stat(11, 'web', { pages: 2000 }),
    'proc/11/cgroup': '0::/web\n',
    'sys/fs/cgroup/web/memory.max': 'nonsense\n',
    ...stat(12, 'job', { pages: 2000 }),
    'proc/12/cgroup': '0::/job\n',
    'sys/fs/cgroup/job/memory.max': `${MIB}\n`,
  });
  const { values } = await h.sample();
  expect([...values.keys()].filter((name) => name.startsWith('auspex_host_control_group'))).toEqual([]);
  expect(h.sampler.problems()).toEqual([]);
});
