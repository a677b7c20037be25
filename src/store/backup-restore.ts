import { existsSync, rmSync } from 'node:fs';
import { mkdir, readdir, readFile, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { AuspexError } from '../errors.ts';
import { ensureDirectory, syncDirectory, writeFileAtomic } from '../platform/files.ts';
import { FILE_FOLDERS, KEY_FILE, keysNeeded, REPLACED } from './backup-manifest.ts';
import { type ReadBackup, readBackup } from './backup-read.ts';
import { HomeLock } from './home-lock.ts';

/** Where the files of a backup lie until all of them are there and proved. */
const STAGING = '.restoring';
/** Written when they are, removed when they are in their places: a restore that was interrupted in between goes on. */
const JOURNAL = 'restore-in-progress.json';

export interface RestoreOptions {
  readonly file: string;
  readonly home: string;
  /** Over data that are there; they are kept beside it. */
  readonly force: boolean;
  /** Leave out what cannot be read without keys that are not there. */
  readonly withoutKeys: boolean;
  /** The ids of the keys that are there, with those of a key file's text from the backup. */
  readonly keysThere: (keyFile: string | null) => Promise<readonly string[]>;
  readonly now: number;
}

export interface Restored extends ReadBackup {
  /** Where the data that were there are now; null where there were none. */
  readonly aside: string | null;
  /** What was left out since its keys are not there. */
  readonly leftOut: readonly string[];
}

interface Journal {
  readonly aside: string;
  /** Names in the home folder that come from the backup. */
  readonly incoming: readonly string[];
}

/**
 * Puts a backup into a home folder. All of it is unpacked and proved beside the data first; ended at any moment, the home
 * folder has all of the old or, after the next start, all of the new.
 * @throws AuspexError NOT_FOUND; STORE_LOCKED while an Auspex runs on it; CONFLICT where there are data; BACKUP_DAMAGED, STORE_NEWER,
 *   SECRET_KEY_MISSING, STORE_FULL: nothing was changed then.
 */
export async function restoreBackup(options: RestoreOptions): Promise<Restored> {
  const { home, file } = options;
  if (!existsSync(file)) throw new AuspexError('NOT_FOUND', `There is no file ${file}.`);
  await ensureDirectory(home);
  const lock = new HomeLock(home);
  try {
    await finish(home);
    const there = REPLACED.filter((name) => existsSync(join(home, name)));
    if (there.length > 0 && !options.force)
      throw new AuspexError(
        'CONFLICT',
        `${home} holds data (${there.slice(0, 3).join(', ')} …). --force sets them aside in a folder beside the restored ones; --home names another folder.`,
      );
    const staging = join(home, STAGING);
    await rm(staging, { recursive: true, force: true });
    await mkdir(staging, { mode: 0o700 });
    const read = await readBackup(file, staging);
    for (const name of ['records.db', 'ingest.db']) checkDatabase(join(staging, name));
    const leftOut = await checkKeys(options, staging);
    const aside = `before-restore-${new Date(options.now).toISOString().replaceAll(/[:.]/g, '-')}`;
    await begin(home, staging, aside);
    await finish(home);
    return { ...read, aside: existsSync(join(home, aside)) ? join(home, aside) : null, leftOut };
  } catch (error) {
    // Before the journal is written nothing was changed; after it the rest is done at the next start.
    if (!existsSync(join(home, JOURNAL))) await rm(join(home, STAGING), { recursive: true, force: true });
    throw error;
  } finally {
    lock.release();
  }
}

/**
 * Ends a restore that was interrupted, before anything of the home folder is read: forward where all was unpacked, else
 * back to what was there.
 * @throws AuspexError STORE_LOCKED while it is still going on.
 */
export async function settleRestore(home: string): Promise<void> {
  if (!existsSync(join(home, JOURNAL)) && !existsSync(join(home, STAGING))) return;
  const lock = new HomeLock(home);
  try {
    await finish(home);
  } finally {
    lock.release();
  }
}

async function begin(home: string, staging: string, aside: string): Promise<void> {
  for (const folder of [...(await foldersIn(staging)), staging]) await syncDirectory(folder);
  const incoming = await readdir(staging);
  await mkdir(join(home, aside), { mode: 0o700 });
  await syncDirectory(home);
  await writeFileAtomic(join(home, JOURNAL), JSON.stringify({ aside, incoming } satisfies Journal));
}

/** Every step may be done again: what is still unpacked has not been moved, so what has its name is old. */
async function finish(home: string): Promise<void> {
  const staging = join(home, STAGING);
  const journal = await readJournal(home);
  if (journal !== null) {
    const { aside, incoming } = journal;
    for (const name of new Set([...REPLACED, ...incoming])) {
      const isNew = incoming.includes(name) && !existsSync(join(staging, name));
      if (!isNew && existsSync(join(home, name))) await rename(join(home, name), join(home, aside, name));
      if (existsSync(join(staging, name))) await rename(join(staging, name), join(home, name));
    }
    for (const folder of [join(home, aside), home]) await syncDirectory(folder);
    await rm(join(home, JOURNAL));
    await syncDirectory(home);
    if ((await readdir(join(home, aside))).length === 0) await rm(join(home, aside), { recursive: true });
  }
  await rm(staging, { recursive: true, force: true });
}

async function readJournal(home: string): Promise<Journal | null> {
  const text = await readFile(join(home, JOURNAL), 'utf8').catch((error: unknown) => {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return null;
    throw error;
  });
  if (text === null) return null;
  const found = JSON.parse(text) as Journal;
  const names = [found.aside, ...found.incoming];
  if (names.every((name) => /^[a-zA-Z0-9][a-zA-Z0-9.-]*$/.test(name))) return found;
  throw new AuspexError('STORE_DAMAGED', `${join(home, JOURNAL)} is not one that a restore wrote.`);
}

function checkDatabase(path: string): void {
  if (!existsSync(path)) return;
  const db = new DatabaseSync(path, { readOnly: true });
  try {
    const result = Object.values(db.prepare('PRAGMA quick_check(1)').get() ?? {})[0];
    if (result !== 'ok')
      throw new AuspexError(
        'BACKUP_DAMAGED',
        `A database in the backup was damaged when it was made: ${String(result)}.`,
      );
  } finally {
    db.close();
  }
  // What reading alone left beside it.
  for (const suffix of ['-wal', '-shm']) rmSync(path + suffix, { force: true });
}

/** Models and learnt state need their keys: without them they are left out where that was asked for, and refused else. */
async function checkKeys(options: RestoreOptions, staging: string): Promise<readonly string[]> {
  const needed = await keysNeeded(staging);
  const keyFile = await readFile(join(staging, KEY_FILE), 'utf8').catch(() => null);
  const there = await options.keysThere(keyFile);
  const missing = needed.filter((id) => !there.includes(id));
  if (missing.length === 0) return [];
  if (!options.withoutKeys)
    throw new AuspexError(
      'SECRET_KEY_MISSING',
      `Models, learnt state and the key of the audit log are encrypted with the key ${missing.join(', ')}, which is neither in the backup nor here. Put the old ${KEY_FILE} into ${options.home}, or restore with --without-keys: these are left out then and learnt anew, and old rows of the audit log cannot be proved.`,
      { data: { key: missing.join(' ') } },
    );
  for (const name of [...FILE_FOLDERS, 'keys-in-use']) await rm(join(staging, name), { recursive: true, force: true });
  return FILE_FOLDERS;
}

async function foldersIn(path: string): Promise<string[]> {
  const entries = await readdir(path, { withFileTypes: true });
  return entries.filter((entry) => entry.isDirectory()).map((entry) => join(path, entry.name));
}
