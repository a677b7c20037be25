import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** Ids of the runs whose folders are in a place. */
export function runsIn(place: string): string[] {
  return readdirSync(place).flatMap((name) => /^gameday-(gd[0-9a-f]{4})-/.exec(name)?.[1] ?? []);
}

/** All that a run has on this machine, in words: processes, mounts, loop devices, namespaces, links, rules, groups, files. */
export function leftovers(id: string, place: string): string[] {
  const found: string[] = [];
  const isOfRun = (text: string): boolean =>
    text.includes(`/${id}`) || text.includes(`-${id}-`) || text.includes(`${id}_`);
  for (const pid of readdirSync('/proc').filter((name) => /^\d+$/.test(name))) {
    if (isOfRun(read(`/proc/${pid}/cgroup`))) found.push(`process ${pid}: ${words(pid)}`);
    // Its reaper is in no group and goes last.
    else if (words(pid).includes(`-${id}-`)) found.push(`process ${pid}: ${words(pid)}`);
  }
  const lists: Readonly<Record<string, string>> = {
    mount: read('/proc/mounts'),
    loop: output('losetup', '--noheadings', '--output', 'NAME,BACK-FILE'),
    namespace: existsSync('/run/netns') ? readdirSync('/run/netns').join('\n') : '',
    link: output('ip', '-o', 'link'),
    rule: output('nft', 'list', 'tables'),
    folder: readdirSync(place).join('\n'),
  };
  for (const [kind, text] of Object.entries(lists))
    for (const line of text.split('\n')) if (line.includes(id)) found.push(`${kind}: ${line}`);
  for (const tree of ['/sys/fs/cgroup', '/sys/fs/cgroup/memory', '/sys/fs/cgroup/cpu'])
    if (existsSync(join(tree, id))) found.push(`group: ${join(tree, id)}`);
  return found;
}

/** Shared memory that nobody is attached to, with or without a name: other tests have databases of their own. */
export function sharedMemory(): string[] {
  const unused = output('ipcs', '-m')
    .split('\n')
    .map((line) => line.trim().split(/\s+/))
    .filter((fields) => fields[0]?.startsWith('0x') === true && fields[5] === '0')
    .map((fields) => `segment ${fields[1]}`);
  const used = readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map((pid) => read(`/proc/${pid}/maps`))
    .join('\n');
  return [...unused, ...readdirSync('/dev/shm').filter((name) => !used.includes(`/dev/shm/${name}`))];
}

function words(pid: string): string {
  return read(`/proc/${pid}/cmdline`).replaceAll('\0', ' ');
}

function read(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}

function output(...argv: readonly string[]): string {
  return execFileSync(argv[0] as string, argv.slice(1), { encoding: 'utf8' });
}
