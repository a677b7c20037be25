import { statfsSync } from 'node:fs';
import { statfs } from 'node:fs/promises';
import { type Mount, parseMounts } from './mounts.ts';
import { errorCode, ProcFile, type Scratch } from './proc-file.ts';
import type { LabelPair, SampleSet, Source } from './sample-set.ts';

/** The part of statfs(2) that is read. */
export interface FilesystemFigures {
  readonly bsize: number;
  readonly blocks: number;
  readonly bfree: number;
  readonly bavail: number;
  readonly files: number;
  readonly ffree: number;
}

export interface Statfs {
  now(path: string): FilesystemFigures;
  later(path: string): Promise<FilesystemFigures>;
}

export const systemStatfs: Statfs = { now: (path) => statfsSync(path), later: (path) => statfs(path) };

const ANSWER_WITHIN_MS = 500;
/** Each question that hangs holds one of Node's four pool threads until it is answered: never more than this many. */
const HANGING_AT_MOST = 2;
const MOUNTS_AT_MOST = 64;

/** Every mount's bytes and inodes. A share whose server is away is named and left out; nothing waits for it twice. */
export class FilesystemSource implements Source {
  readonly #file: ProcFile;
  readonly #scratch: Scratch;
  readonly #statfs: Statfs;
  readonly #hanging = new Map<string, Promise<unknown>>();
  #mounts: readonly Mount[] = [];
  #listed: Buffer = Buffer.alloc(0);
  /** Devices that could be written and no longer can. */
  #turned: ReadonlySet<string> = new Set();

  constructor(root: string, scratch: Scratch, calls: Statfs) {
    this.#file = new ProcFile(`${root}proc/self/mountinfo`);
    this.#scratch = scratch;
    this.#statfs = calls;
  }

  async collect(set: SampleSet): Promise<void> {
    this.#list(set);
    const waiting: Promise<void>[] = [];
    for (const mount of this.#mounts.slice(0, MOUNTS_AT_MOST)) {
      if (mount.mayHang) waiting.push(this.#ask(mount, set));
      else {
        try {
          emit(mount, this.#statfs.now(mount.mountpoint), set);
        } catch (error) {
          refused(mount, error, set);
        }
      }
    }
    if (this.#mounts.length > MOUNTS_AT_MOST) {
      set.limitations.add(`${this.#mounts.length} mounts, of which the first ${MOUNTS_AT_MOST} are watched`);
    }
    await Promise.all(waiting);
  }

  close(): void {
    this.#file.close();
  }

  #list(set: SampleSet): void {
    if (!this.#file.read(this.#scratch)) {
      set.problems.add(`mounts are missing: ${this.#file.path} cannot be read (${this.#file.fault ?? 'empty'})`);
      this.#mounts = [];
      return;
    }
    const bytes = this.#scratch.bytes.subarray(0, this.#scratch.length);
    if (this.#listed.equals(bytes)) return;
    this.#listed = Buffer.from(bytes);
    // A file system that takes no more writes is trouble, and no image.
    const wereWritable = new Set(
      this.#mounts.filter((mount) => !mount.readonly || this.#turned.has(mount.device)).map(({ device }) => device),
    );
    this.#mounts = parseMounts(this.#scratch, wereWritable);
    this.#turned = new Set(
      this.#mounts.filter(({ device, readonly }) => readonly && wereWritable.has(device)).map(({ device }) => device),
    );
  }

  async #ask(mount: Mount, set: SampleSet): Promise<void> {
    const name = mount.mountpoint;
    if (this.#hanging.has(name) || this.#hanging.size >= HANGING_AT_MOST) {
      set.problems.add(
        `${name} (${mount.fstype} from ${mount.device}) does not answer; its figures are missing until it does`,
      );
      return;
    }
    const question = this.#statfs.later(name);
    const settled = question.then(
      () => this.#hanging.delete(name),
      () => this.#hanging.delete(name),
    );
    this.#hanging.set(name, settled);
    let timer: NodeJS.Timeout | undefined;
    const timeout = new Promise<null>((resolve) => {
      timer = setTimeout(resolve, ANSWER_WITHIN_MS, null);
    });
    try {
      const figures = await Promise.race([question, timeout]);
      if (figures === null) {
        set.problems.add(`${name} (${mount.fstype} from ${mount.device}) did not answer within ${ANSWER_WITHIN_MS} ms`);
      } else emit(mount, figures, set);
    } catch (error) {
      refused(mount, error, set);
    } finally {
      clearTimeout(timer);
    }
  }
}

function refused(mount: Mount, error: unknown, set: SampleSet): void {
  set.limitations.add(
    `${mount.mountpoint} cannot be read (${errorCode(error)}): give the user that runs Auspex search permission on the path`,
  );
}

function emit(mount: Mount, figures: FilesystemFigures, set: SampleSet): void {
  const { bsize, blocks, bfree, bavail, files, ffree } = figures;
  if (blocks === 0) return;
  const labels: LabelPair[] = [
    ['device', mount.device],
    ['mountpoint', mount.mountpoint],
    ['fstype', mount.fstype],
  ];
  set.gauge('node_filesystem_size_bytes', blocks * bsize, ...labels);
  set.gauge('node_filesystem_free_bytes', bfree * bsize, ...labels);
  set.gauge('node_filesystem_avail_bytes', bavail * bsize, ...labels);
  set.gauge('node_filesystem_files', files, ...labels);
  set.gauge('node_filesystem_files_free', ffree, ...labels);
  set.gauge('node_filesystem_readonly', mount.readonly ? 1 : 0, ...labels);
}
