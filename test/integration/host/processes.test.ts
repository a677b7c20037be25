import { afterEach, expect, test } from 'vitest';
import { BASIC, FixtureHost, stat } from './fixture-tree.ts';

const hosts: FixtureHost[] = [];
function host(files: Readonly<Record<string, string>>, ownPid = -1): FixtureHost {
  const made = new FixtureHost({ ...BASIC, ...files }, undefined, ownPid);
  hosts.push(made);
  return made;
}
afterEach(() => {
  for (const one of hosts.splice(0)) one.close();
});

const ioOf = (read: number, write: number) =>
  `rchar: 1\nwchar: 1\nread_bytes: ${read}\nwrite_bytes: ${write}\ncancelled_write_bytes: 0\n`;
const cores = (name: string) => `auspex_host_process_group_cpu_cores{groupname="${name}"}`;
const pidOf = (name: string) => `auspex_host_process_group_pid{groupname="${name}"}`;
const count = (name: string) => `namedprocess_namegroup_num_procs{groupname="${name}"}`;

test('processes are grouped by name, with cores over the interval and the heaviest one’s pid', async () => {
  const h = host({
    ...stat(10, 'nginx', { user: 500, pages: 2000 }),
    ...stat(11, 'nginx', { user: 500, pages: 3000 }),
  });
  const first = await h.sample();
  expect(first.values.get(count('nginx'))).toBe(2);
  expect(first.values.get('namedprocess_namegroup_memory_bytes{groupname="nginx",memtype="resident"}')).toBe(
    5000 * 4096,
  );
  expect(first.values.get('namedprocess_namegroup_cpu_seconds_total{groupname="nginx",mode="user"}')).toBe(0);
  h.tree.write({
    ...stat(10, 'nginx', { user: 1300, system: 100, pages: 2000 }),
    ...stat(11, 'nginx', { user: 600, pages: 3000 }),
  });
  const { values } = await h.sample();
  expect(values.get(cores('nginx'))).toBeCloseTo(1, 10);
  expect(values.get(pidOf('nginx'))).toBe(10);
  expect(values.get('namedprocess_namegroup_cpu_seconds_total{groupname="nginx",mode="user"}')).toBe(9);
  expect(values.get('auspex_host_process_count')).toBe(3);
});

test('a name with spaces and parentheses is read to its last parenthesis', async () => {
  const { values } = await host(stat(10, 'a) R 1 (b', { pages: 2000 })).sample();
  expect(values.get(count('a) R 1 (b'))).toBe(1);
});

test('a number that is given to another process starts anew', async () => {
  const h = host(stat(10, 'old', { user: 90_000, started: 10, pages: 2000 }));
  await h.sample();
  h.tree.write(stat(10, 'new', { user: 30, started: 999, pages: 2000 }));
  const { values, stale } = await h.sample();
  expect(values.get(cores('new'))).toBeCloseTo(0.03, 10);
  expect(stale).toContain(count('old'));
});

test('children that lived and died unseen count for the parent that waited for them, those seen only once', async () => {
  const h = host({
    ...stat(20, 'forker', { pages: 2000 }),
    ...stat(21, 'child', { parent: 20, user: 100, pages: 2000 }),
  });
  await h.sample();
  h.tree.remove('proc/21');
  // It waited for 400 ticks of children: 100 of them were the seen child's.
  h.tree.write(stat(20, 'forker', { childUser: 400, pages: 2000 }));
  expect((await h.sample()).values.get(cores('forker'))).toBeCloseTo(0.3, 10);
});

test('a tree of processes that ended between two looks is nobody else’s sudden work', async () => {
  const h = host({
    ...stat(20, 'shell', { pages: 2000 }),
    ...stat(21, 'stress', { parent: 20, user: 10, pages: 2000 }),
    ...stat(22, 'worker', { parent: 21, user: 9000, pages: 2000 }),
    'proc/20/io': ioOf(0, 0),
    'proc/22/io': ioOf(0, 7e9),
  });
  await h.sample();
  h.tree.remove('proc/21');
  h.tree.remove('proc/22');
  // The kernel adds a child's totals to who waited for it: the worker's to the tree's, the tree's to the shell's.
  h.tree.write({ ...stat(20, 'shell', { childUser: 9050, pages: 2000 }), 'proc/20/io': ioOf(0, 7e9 + 500) });
  const { values } = await h.sample();
  expect(values.get(cores('shell'))).toBeCloseTo(0.04, 10);
  expect(values.get('namedprocess_namegroup_write_bytes_total{groupname="shell"}')).toBe(500);
});

test('a process that has just begun shows all that it wrote, though it needs next to no CPU and memory', async () => {
  const h = host({});
  await h.sample();
  h.tree.write({ ...stat(30, 'dd', { pages: 100 }), 'proc/30/io': ioOf(0, 150e6) });
  const { values } = await h.sample();
  expect(values.get('auspex_host_process_group_write_bytes_per_second{groupname="dd"}')).toBe(15e6);
});

test('this program is counted under its own name, kernel threads by their kind', async () => {
  const h = host(
    { ...stat(77, 'node', { pages: 2000 }), ...stat(5, 'kworker/0:1', { flags: 0x00200000, user: 0 }) },
    77,
  );
  await h.sample();
  h.tree.write(stat(5, 'kworker/0:1', { flags: 0x00200000, system: 200 }));
  const { values } = await h.sample();
  expect(values.get(count('auspex'))).toBe(1);
  expect(values.get(cores('[kworker]'))).toBeCloseTo(0.2, 10);
});

test('ten by memory are shown; who falls out stays a minute, then ends by stale markers', async () => {
  const fill = (first: number) =>
    Object.assign(
      {},
      ...Array.from({ length: 12 }, (_, i) => stat(100 + i, `p${i}`, { pages: i === 0 ? first : 20_000 + i })),
    );
  const h = host(fill(90_000));
  const { values } = await h.sample();
  const shown = [...values.keys()].filter((k) => k.startsWith('namedprocess_namegroup_num_procs'));
  expect(shown).toHaveLength(10);
  expect(values.has(count('p0'))).toBe(true);
  h.tree.write(fill(2_000));
  for (let i = 0; i < 6; i++) expect((await h.sample()).values.has(count('p0'))).toBe(true);
  const after = await h.sample();
  expect(after.values.has(count('p0'))).toBe(false);
  expect(after.stale).toContain(count('p0'));
});

test('past 200 names a day further groups are counted together', async () => {
  const h = host({});
  const seen = new Set<string>();
  for (let round = 0; round < 25; round++) {
    for (let i = 0; i < 10; i++)
      h.tree.write(stat(100 + i, `r${round}x${i}`, { started: 100 + round, pages: 9_000 + i }));
    for (const key of (await h.sample()).values.keys()) {
      if (key.startsWith('namedprocess_namegroup_num_procs')) seen.add(key);
    }
  }
  expect(seen.has(count('other'))).toBe(true);
  expect(seen.size).toBe(201);
});

test('reads and writes count from the first look; those that may not be read are named', async () => {
  const h = host({ ...stat(10, 'db', { pages: 2000 }), 'proc/10/io': ioOf(1000, 5000) });
  await h.sample();
  h.tree.write({ 'proc/10/io': ioOf(4000, 5500) });
  const { values } = await h.sample();
  expect(values.get('namedprocess_namegroup_read_bytes_total{groupname="db"}')).toBe(3000);
  expect(values.get('namedprocess_namegroup_write_bytes_total{groupname="db"}')).toBe(500);
});

test('a process that vanishes or is cut short during the scan is left out', async () => {
  const h = host({
    ...stat(10, 'ok', { pages: 2000 }),
    'proc/11/other': '',
    'proc/12/stat': '12 (cut) S 1 0',
    'proc/13/stat': '',
  });
  expect((await h.sample()).values.get('auspex_host_process_count')).toBe(2);
});
