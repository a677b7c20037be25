import { existsSync } from 'node:fs';
import { containerMetrics } from '../../model/index.ts';
import { Cursor } from './cursor.ts';
import { ProcFile, readText, type Scratch } from './proc-file.ts';
import type { SampleSet, Source } from './sample-set.ts';

/**
 * Whether this runs in a container: only then does a cgroup's limit count as the host's (the limit of a systemd service
 * on a machine says nothing about the machine). By the marks that Docker, Podman, systemd-nspawn and LXC leave.
 */
export function containerKind(root: string, scratch: Scratch): string | null {
  if (existsSync(`${root}.dockerenv`)) return 'docker';
  if (existsSync(`${root}run/.containerenv`)) return 'podman';
  const named = readText(`${root}run/systemd/container`, scratch);
  if (named !== undefined) return named;
  const initial = readText(`${root}proc/1/environ`, scratch);
  const mark = initial?.split('\0').find((pair) => pair.startsWith('container='));
  if (mark !== undefined) return mark.slice('container='.length) || 'container';
  if (existsSync(`${root}var/run/secrets/kubernetes.io`)) return 'kubernetes';
  for (const line of (readText(`${root}proc/self/mountinfo`, scratch) ?? '').split('\n')) {
    const words = line.split(' ');
    if (words[4] === '/' && words[words.indexOf('-') + 1] === 'overlay') return 'container';
  }
  return null;
}

interface Files {
  readonly version: 1 | 2;
  readonly memoryLimit: ProcFile;
  readonly memoryUsed: ProcFile;
  readonly memoryStat: ProcFile;
  readonly cpuLimit: ProcFile;
  readonly cpuPeriod: ProcFile | null;
  readonly cpuUsed: ProcFile;
  readonly cpuStat: ProcFile;
}

/** A container's own limits from cgroup v1 or v2. Outside containers it reads nothing. */
export class CgroupSource implements Source {
  readonly #files: Files | null;
  readonly #scratch: Scratch;
  readonly #totalBytes: number;

  constructor(root: string, scratch: Scratch, container: string | null, totalBytes: number) {
    this.#scratch = scratch;
    this.#totalBytes = totalBytes;
    this.#files = container === null ? null : findFiles(root, scratch);
  }

  collect(set: SampleSet): void {
    const files = this.#files;
    if (files === null) return;
    this.#memory(files, set);
    this.#cpu(files, set);
  }

  close(): void {
    if (this.#files === null) return;
    for (const file of Object.values(this.#files)) if (file instanceof ProcFile) file.close();
  }

  /** `max`, or v1's number near 2^63, or more than the machine has, is no limit. */
  #memory(files: Files, set: SampleSet): void {
    const limit = this.#number(files.memoryLimit);
    const used = this.#number(files.memoryUsed);
    if (!(limit > 0 && used >= 0 && limit < this.#totalBytes)) return;
    // Page cache that can be dropped at once is not use: the kernel kills only when it is gone.
    const cache = this.#field(files.memoryStat, files.version === 2 ? 'inactive_file' : 'total_inactive_file');
    set.gauge(containerMetrics.memoryLimitBytes, limit);
    set.gauge(containerMetrics.memoryUsedBytes, Math.max(0, used - (cache > 0 ? cache : 0)));
  }

  #cpu(files: Files, set: SampleSet): void {
    if (!files.cpuLimit.read(this.#scratch)) return;
    const cursor = new Cursor(this.#scratch);
    const quota = cursor.number();
    const period = files.cpuPeriod === null ? cursor.number() : this.#number(files.cpuPeriod);
    if (!(quota > 0 && period > 0)) return;
    const isV2 = files.version === 2;
    const used = isV2 ? this.#field(files.cpuUsed, 'usage_usec') / 1e6 : this.#number(files.cpuUsed) / 1e9;
    const throttled = isV2
      ? this.#field(files.cpuStat, 'throttled_usec') / 1e6
      : this.#field(files.cpuStat, 'throttled_time') / 1e9;
    set.gauge(containerMetrics.cpuLimitCores, quota / period);
    set.counter(containerMetrics.cpuUsedSeconds, used);
    set.counter(containerMetrics.throttledSeconds, throttled);
  }

  #number(file: ProcFile): number {
    return file.read(this.#scratch) ? new Cursor(this.#scratch).number() : Number.NaN;
  }

  #field(file: ProcFile, name: string): number {
    if (!file.read(this.#scratch)) return Number.NaN;
    for (const cursor = new Cursor(this.#scratch); !cursor.done; cursor.nextLine()) {
      if (cursor.word() === name) return cursor.number();
    }
    return Number.NaN;
  }
}

/**
 * The container's own folder: the one that process 1 is in, or, where the cgroup namespace hides the path, the mount's
 * root. The machine's real root cgroup has no limit files, so it is never taken for a container's.
 */
function findFiles(root: string, scratch: Scratch): Files | null {
  const base = `${root}sys/fs/cgroup`;
  const paths = cgroupPaths(readText(`${root}proc/1/cgroup`, scratch) ?? readText(`${root}proc/self/cgroup`, scratch));
  for (const folder of [`${base}${paths.get('') ?? ''}`, base]) {
    if (existsSync(`${folder}/memory.max`) || existsSync(`${folder}/cpu.max`)) return filesV2(folder);
  }
  const memory = v1Folder(base, 'memory', paths, 'memory.limit_in_bytes');
  const cpu =
    v1Folder(base, 'cpu', paths, 'cpu.cfs_quota_us') ?? v1Folder(base, 'cpu,cpuacct', paths, 'cpu.cfs_quota_us');
  const account =
    v1Folder(base, 'cpuacct', paths, 'cpuacct.usage') ?? v1Folder(base, 'cpu,cpuacct', paths, 'cpuacct.usage');
  if (memory === null && cpu === null) return null;
  return {
    version: 1,
    memoryLimit: new ProcFile(`${memory ?? base}/memory.limit_in_bytes`),
    memoryUsed: new ProcFile(`${memory ?? base}/memory.usage_in_bytes`),
    memoryStat: new ProcFile(`${memory ?? base}/memory.stat`),
    cpuLimit: new ProcFile(`${cpu ?? base}/cpu.cfs_quota_us`),
    cpuPeriod: new ProcFile(`${cpu ?? base}/cpu.cfs_period_us`),
    cpuUsed: new ProcFile(`${account ?? base}/cpuacct.usage`),
    cpuStat: new ProcFile(`${cpu ?? base}/cpu.stat`),
  };
}

function filesV2(folder: string): Files {
  return {
    version: 2,
    memoryLimit: new ProcFile(`${folder}/memory.max`),
    memoryUsed: new ProcFile(`${folder}/memory.current`),
    memoryStat: new ProcFile(`${folder}/memory.stat`),
    cpuLimit: new ProcFile(`${folder}/cpu.max`),
    cpuPeriod: null,
    cpuUsed: new ProcFile(`${folder}/cpu.stat`),
    cpuStat: new ProcFile(`${folder}/cpu.stat`),
  };
}

function v1Folder(base: string, controller: string, paths: ReadonlyMap<string, string>, file: string): string | null {
  const own = paths.get(controller) ?? '';
  for (const folder of [`${base}/${controller}${own}`, `${base}/${controller}`]) {
    if (existsSync(`${folder}/${file}`)) return folder;
  }
  return null;
}

/** `4:memory:/docker/ab12` by controller (also by the joint name, as v1 mounts it); v2's `0::/…` under the empty name. */
export function cgroupPaths(text: string | undefined): Map<string, string> {
  const paths = new Map<string, string>();
  for (const line of (text ?? '').split('\n')) {
    const first = line.indexOf(':');
    const second = line.indexOf(':', first + 1);
    if (first < 0 || second < 0) continue;
    const path = line.slice(second + 1);
    const controllers = line.slice(first + 1, second);
    for (const controller of [controllers, ...controllers.split(',')]) paths.set(controller, path === '/' ? '' : path);
  }
  return paths;
}
