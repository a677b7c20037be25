import { createHash } from 'node:crypto';
import { createReadStream, existsSync, statSync } from 'node:fs';
import { copyFile, link, mkdir, readdir, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { pipeline, Readable } from 'node:stream';
import { createGzip } from 'node:zlib';
import { AuspexError } from '../errors.ts';
import {
  BLOCK_NAMES,
  type BackupHeader,
  backupHeader,
  FILE_FOLDERS,
  HEADER_NAME,
  isBackupName,
  KEY_FILE,
  keysNeeded,
  MANIFEST_NAME,
  type ManifestFile,
} from './backup-manifest.ts';
import { tarEnd, tarHeader, tarPadding } from './backup-tar.ts';
import { copyDatabase } from './copy-database.ts';

export interface BackupSource {
  readonly home: string;
  readonly version: string;
  readonly createdAt: number;
  /** Also the key file: then the backup alone reads everything, and whoever has it does too. */
  readonly withKeys: boolean;
  readonly hasRecords: boolean;
  /**
   * Ends when nothing flushes, merges or removes points; nothing does until what it gives was called. Taking in goes on.
   * A stopped home needs none.
   */
  readonly hold?: () => Promise<() => Promise<void>>;
  /** Copies a database as `copyDatabase` does, in a thread that may be held up. */
  readonly copy?: (path: string, copy: string) => Promise<boolean>;
}

/** Where copies lie until they are in the archive. */
const STAGING = '.backup';
/** What was written to so recently is copied last, when nothing changes. */
const QUIET_MS = 3_600_000;

/**
 * A backup as a stream of tar.gz. Consistent: blocks, the write-ahead and learnt state are of one moment, the records of a
 * little later, as if the process had been killed between the two. Memory is bounded; on the disk it needs room for the
 * largest old file, or for today's and yesterday's points.
 */
export function backupStream(source: BackupSource): Readable {
  const archive = Readable.from(new BackupWriter(source).pieces(), { objectMode: false });
  // The points are packed already; level 1 takes most of what is left of the records.
  const gzip = createGzip({ level: 1 });
  pipeline(archive, gzip, () => {}); // an error destroys the reader's end, which is where it is told
  return gzip;
}

/** Removes what a backup left that was killed. Only for who holds the home folder, before it makes one. */
export async function clearBackupStaging(home: string): Promise<void> {
  await rm(join(home, STAGING), { recursive: true, force: true });
}

class BackupWriter {
  readonly #source: BackupSource;
  readonly #staging: string;
  readonly #files = new Map<string, ManifestFile>();
  /** How each block file looked before it was copied. */
  readonly #looks = new Map<string, string>();

  constructor(source: BackupSource) {
    this.#source = source;
    this.#staging = join(source.home, STAGING);
  }

  async *pieces(): AsyncGenerator<Uint8Array> {
    const { withKeys, hasRecords, version, createdAt } = this.#source;
    try {
      await rm(this.#staging, { recursive: true, force: true });
      await mkdir(this.#staging, { mode: 0o700 });
      const header: BackupHeader = backupHeader({
        version,
        createdAt: new Date(createdAt).toISOString(),
        withKeys: withKeys && existsSync(join(this.#source.home, KEY_FILE)),
        records: hasRecords ? 'here' : 'postgres',
      });
      yield* this.#text(HEADER_NAME, header);
      yield* this.#oldBlocks();
      const keys = await keysNeeded(this.#source.home);
      const staged = await this.#stageMoment();
      await this.#stageRecords(staged);
      if ((await keysNeeded(this.#source.home)).join() !== keys.join())
        throw new AuspexError('CONFLICT', 'The keys were changed while the backup was made; make it again.');
      for (const name of staged) yield* this.#file(name);
      for (const name of this.#files.keys()) if (this.#isGone(name) && !staged.has(name)) this.#files.delete(name);
      yield* this.#text(MANIFEST_NAME, {
        files: [...this.#files.values()].filter((file) => file.name !== HEADER_NAME),
      });
      yield tarEnd();
    } catch (error) {
      throw readable(error, this.#source.home);
    } finally {
      await rm(this.#staging, { recursive: true, force: true });
    }
  }

  /** Block files that nothing has written to for a while, one after the other: most of the bytes, without holding anybody up. */
  async *#oldBlocks(): AsyncGenerator<Uint8Array> {
    for (const name of await this.#blockNames()) {
      const before = this.#lookOf(name);
      if (before === null || before.changedAt > this.#source.createdAt - QUIET_MS) continue;
      if (!(await this.#copyDatabase(name))) continue;
      this.#looks.set(name, before.look);
      yield* this.#file(name);
    }
  }

  /** Learnt state, the write-ahead, and the blocks that changed, all of one moment. */
  async #stageMoment(): Promise<Set<string>> {
    const staged = new Set<string>();
    const release = await this.#source.hold?.();
    try {
      // Before the write-ahead: a state must never be ahead of the input that it is said to have read.
      await this.#linkFolder('state', staged);
      for (const name of await this.#blockNames()) {
        const known = this.#looks.get(name);
        if (known !== undefined && known === this.#lookOf(name)?.look) continue;
        if (await this.#copyDatabase(name)) staged.add(name);
      }
      if (await this.#copyDatabase('ingest.db')) staged.add('ingest.db');
    } finally {
      await release?.();
    }
    return staged;
  }

  /** Records, with the model files that they name: a version that comes or goes meanwhile is in one of the two looks. */
  async #stageRecords(staged: Set<string>): Promise<void> {
    await this.#copyPlain('keys-in-use', staged);
    if (this.#source.withKeys) await this.#copyPlain(KEY_FILE, staged);
    await this.#linkFolder('models', staged);
    if (!this.#source.hasRecords) return;
    // The end of the audit log as noted before the rows: it may only be behind them.
    await this.#copyPlain('audit.head', staged);
    if (await this.#copyDatabase('records.db')) staged.add('records.db');
    await this.#linkFolder('models', staged);
  }

  async #blockNames(): Promise<string[]> {
    const names: string[] = [];
    for (const folder of BLOCK_NAMES)
      for (const file of await readdir(join(this.#source.home, folder)).catch(() => []))
        if (isBackupName(`${folder}/${file}`)) names.push(`${folder}/${file}`);
    return names.sort();
  }

  #lookOf(name: string): { look: string; changedAt: number } | null {
    const path = join(this.#source.home, name);
    const file = statSync(path, { throwIfNoEntry: false });
    if (file === undefined) return null;
    const log = statSync(`${path}-wal`, { throwIfNoEntry: false });
    const changedAt = Math.max(file.mtimeMs, log?.mtimeMs ?? 0);
    return { look: `${file.ino} ${file.size} ${log?.size ?? 0} ${changedAt}`, changedAt };
  }

  #isGone(name: string): boolean {
    return BLOCK_NAMES.some((folder) => name.startsWith(`${folder}/`)) && this.#lookOf(name) === null;
  }

  #copyDatabase(name: string): Promise<boolean> {
    const copy = this.#source.copy ?? copyDatabase;
    return copy(join(this.#source.home, name), join(this.#staging, name));
  }

  /** Files that are never changed once they have their name: a second name for each is a copy. */
  async #linkFolder(folder: (typeof FILE_FOLDERS)[number], staged: Set<string>): Promise<void> {
    const names = await readdir(join(this.#source.home, folder)).catch(() => []);
    await mkdir(join(this.#staging, folder), { recursive: true, mode: 0o700 });
    for (const file of names) {
      const name = `${folder}/${file}`;
      if (!isBackupName(name) || file.endsWith('.tmp') || file.endsWith('.damaged') || staged.has(name)) continue;
      if (await this.#link(name)) staged.add(name);
    }
  }

  async #copyPlain(name: string, staged: Set<string>): Promise<void> {
    const path = join(this.#source.home, name);
    if (!existsSync(path)) return;
    await copyFile(path, join(this.#staging, name));
    staged.add(name);
  }

  /** False for a file that went away since its folder was read. */
  async #link(name: string): Promise<boolean> {
    const [from, to] = [join(this.#source.home, name), join(this.#staging, name)];
    try {
      await link(from, to).catch(() => copyFile(from, to)); // not every file system has links
      return true;
    } catch (error) {
      if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return false;
      throw error;
    }
  }

  /** A staged file into the archive, and away with it. */
  async *#file(name: string): AsyncGenerator<Uint8Array> {
    const path = join(this.#staging, name);
    const { size, mtimeMs } = await stat(path);
    const hash = createHash('sha256');
    yield tarHeader(name, size, mtimeMs);
    let read = 0;
    for await (const piece of createReadStream(path, { highWaterMark: 1 << 18 })) {
      const bytes = piece as Buffer;
      read += bytes.length;
      hash.update(bytes);
      yield bytes;
    }
    if (read !== size) throw new AuspexError('STORE_FAILED', `${name} changed while it was copied.`);
    yield tarPadding(size);
    this.#files.set(name, { name, bytes: size, sha256: hash.digest('hex') });
    await rm(path, { force: true });
  }

  async *#text(name: string, value: unknown): AsyncGenerator<Uint8Array> {
    const bytes = Buffer.from(`${JSON.stringify(value, null, 1)}\n`);
    yield tarHeader(name, bytes.length, this.#source.createdAt);
    yield bytes;
    yield tarPadding(bytes.length);
  }
}

function readable(error: unknown, home: string): unknown {
  if (error instanceof AuspexError || !(error instanceof Error)) return error;
  const isFull = ('code' in error && error.code === 'ENOSPC') || /ENOSPC|disk is full/.test(error.message);
  return new AuspexError(
    isFull ? 'STORE_FULL' : 'STORE_FAILED',
    `The backup of ${home} could not be finished: ${error.message}.`,
    { cause: error },
  );
}
