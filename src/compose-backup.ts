import { existsSync } from 'node:fs';
import { open, rename, rm } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { caller, leaveNote } from './access/audit-notes.ts';
import type { Config } from './config/schema.ts';
import { AuspexError } from './errors.ts';
import { syncDirectory } from './platform/files.ts';
import { SecretKeys } from './platform/secret-keys.ts';
import { KeyRing } from './platform/secrets.ts';
import { KEY_FILE } from './store/backup-manifest.ts';
import { type ReadBackup, readBackup } from './store/backup-read.ts';
import { type Restored, restoreBackup, settleRestore } from './store/backup-restore.ts';
import { backupStream } from './store/backup-write.ts';
import { HomeLock } from './store/home-lock.ts';
import { version } from './version.ts';

/** What is told of a backup that was made and read back. */
export interface BackupSummary {
  readonly file: string;
  readonly bytes: number;
  readonly files: number;
  readonly createdAt: string;
  /** Whether the keys are in it. */
  readonly hasKeys: boolean;
  /** Whether the records are in it; else they are on PostgreSQL. */
  readonly hasRecords: boolean;
}

/** A backup of a stopped Auspex. @throws AuspexError NOT_FOUND, STORE_LOCKED, STORE_FULL. */
export async function backupStoppedHome(config: Config, file: string, withKeys: boolean): Promise<BackupSummary> {
  const { home } = config;
  if (!existsSync(join(home, 'ingest.db')))
    throw new AuspexError('NOT_FOUND', `There is nothing to back up in ${home}: Auspex has not been started with it.`);
  await settleRestore(home);
  const lock = new HomeLock(home);
  try {
    const createdAt = Date.now();
    const hasRecords = config.records.postgres === null;
    await leaveNote(home, { actor: caller(), action: 'backup.create', target: basename(file), detail: { withKeys } });
    return await keepBackup(file, backupStream({ home, version, createdAt, withKeys, hasRecords }));
  } finally {
    lock.release();
  }
}

/**
 * Writes a backup to a file that has its name only once it is whole on the disk and was read back.
 * @throws AuspexError BACKUP_DAMAGED when it did not arrive whole.
 */
export async function keepBackup(file: string, source: AsyncIterable<Uint8Array>): Promise<BackupSummary> {
  const path = resolve(file);
  const partial = join(dirname(path), `.${basename(path)}.partial`);
  try {
    const handle = await open(partial, 'w', 0o600);
    try {
      for await (const piece of source) await handle.writeFile(piece);
      await handle.sync();
    } finally {
      await handle.close();
    }
    const read = await readBackup(partial);
    await rename(partial, path);
    await syncDirectory(dirname(path));
    return summaryOf(path, read);
  } catch (error) {
    await rm(partial, { force: true });
    throw named(error, path);
  }
}

/** Puts a backup into a home folder that nobody uses. @throws as `restoreBackup`. */
export async function restoreHome(options: {
  readonly file: string;
  readonly home: string;
  readonly force: boolean;
  readonly withoutKeys: boolean;
}): Promise<BackupSummary & Pick<Restored, 'aside' | 'leftOut'>> {
  const { home } = options;
  const restored = await restoreBackup({
    ...options,
    now: Date.now(),
    keysThere: (keyFile) => keysThere(home, keyFile),
  });
  await leaveNote(home, {
    actor: caller(),
    action: 'backup.restore',
    target: basename(options.file),
    detail: { madeAt: restored.header.createdAt, aside: restored.aside === null ? null : basename(restored.aside) },
  });
  const { aside, leftOut } = restored;
  return { ...summaryOf(resolve(options.file), restored), aside, leftOut };
}

async function keysThere(home: string, keyFile: string | null): Promise<readonly string[]> {
  // The environment and a systemd credential come before a key file, as they do at the start.
  const given = await SecretKeys.look(home);
  if (given !== null && !given.isOwnFile) return given.ids;
  return [...(given?.ids ?? []), ...(keyFile === null ? [] : KeyRing.parse(keyFile, KEY_FILE).ids)];
}

function summaryOf(file: string, { header, files, bytes }: ReadBackup): BackupSummary {
  return {
    file,
    bytes,
    files: files.length,
    createdAt: header.createdAt,
    hasKeys: files.some(({ name }) => name === KEY_FILE),
    hasRecords: header.records === 'here',
  };
}

function named(error: unknown, path: string): unknown {
  if (error instanceof AuspexError || !(error instanceof Error)) return error;
  const code = 'code' in error ? String(error.code) : '';
  if (code === 'ENOSPC' || code === 'EDQUOT')
    return new AuspexError('STORE_FULL', `There is no room for ${path}; nothing was left there.`, { cause: error });
  if (code === 'ENOENT' || code === 'EACCES' || code === 'EISDIR' || code === 'ENOTDIR' || code === 'EROFS')
    return new AuspexError('BAD_REQUEST', `${path} cannot be written: ${error.message}.`, { cause: error });
  return new AuspexError('BACKUP_DAMAGED', `The backup did not arrive whole: ${error.message}.`, { cause: error });
}
