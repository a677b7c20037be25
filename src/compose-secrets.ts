import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { caller, leaveNote } from './access/audit-notes.ts';
import { AuspexError } from './errors.ts';
import { SecretKeys } from './platform/secret-keys.ts';
import { HomeLock } from './store/home-lock.ts';

const LONGEST_MS = 60_000;
const LOOK_MS = 200;

export interface KeyReport {
  readonly origin: string;
  /** The current one first. Ids, never keys. */
  readonly keys: readonly { readonly id: string; readonly files: number }[];
  readonly unencrypted: number;
}

/** Which keys there are, and how many files each encrypts. @throws AuspexError SECRET_KEY_MISSING, CONFIG_INVALID. */
export async function reportKeys(home: string): Promise<KeyReport> {
  const keys = await SecretKeys.open(home);
  const counts = await keys.count();
  return {
    origin: keys.ring.origin,
    keys: keys.ring.ids.map((id) => ({ id, files: counts.get(id) ?? 0 })),
    unencrypted: counts.get(null) ?? 0,
  };
}

/**
 * Makes a new key and has everything encrypted with it: by the server where one runs, else here. Ended at any moment, it
 * leaves everything readable, and the next start or rotation goes on.
 * @throws AuspexError CONFIG_INVALID where the keys are not ours to change, CONFLICT while another rotation runs,
 * STORE_LOCKED while something else than a server holds the folder, TIMEOUT when a running server is not done in time.
 */
export async function rotateKeys(home: string): Promise<KeyReport> {
  // Before the keys are read: two at once would each know nothing of the other's new key.
  const turn = onlyRotation(home);
  try {
    const keys = await SecretKeys.open(home);
    const lock = lockOf(home);
    if ('pid' in lock) {
      await keys.addKey();
      await settledByServer(home, lock.pid);
    } else {
      try {
        await keys.addKey();
        await leaveNote(home, { actor: caller(), action: 'secrets.rotate', detail: { key: keys.ring.currentId } });
        await keys.settle();
      } finally {
        lock.release();
      }
    }
  } finally {
    turn.close();
  }
  return await reportKeys(home);
}

/** A lock of the operating system, gone with the process. */
function onlyRotation(home: string): DatabaseSync {
  const database = new DatabaseSync(join(home, 'rotation-lock'), { timeout: 0 });
  try {
    database.exec('BEGIN EXCLUSIVE');
    return database;
  } catch (cause) {
    database.close();
    throw new AuspexError('CONFLICT', `Another rotation of the keys in ${home} is under way.`, { cause });
  }
}

/** The home folder's lock, or the server that holds it. */
function lockOf(home: string): HomeLock | { readonly pid: number } {
  try {
    return new HomeLock(home);
  } catch (error) {
    if (!(error instanceof AuspexError) || error.code !== 'STORE_LOCKED') throw error;
    const holder = numberIn(join(home, 'lock.pid'));
    // A backup or another command may hold it too, and would not understand the signal.
    if (Number.isNaN(holder) || holder !== numberIn(join(home, 'auspex.pid'))) throw error;
    return { pid: holder };
  }
}

function numberIn(path: string): number {
  try {
    return Number(readFileSync(path, 'utf8'));
  } catch {
    return Number.NaN;
  }
}

async function settledByServer(home: string, pid: number): Promise<void> {
  process.kill(pid, 'SIGHUP');
  for (const until = Date.now() + LONGEST_MS; Date.now() < until; ) {
    await new Promise((wake) => setTimeout(wake, LOOK_MS));
    if ((await reportKeys(home)).keys.length === 1) return;
  }
  throw new AuspexError(
    'TIMEOUT',
    `The running server (process ${pid}) has not encrypted everything with the new key within ${LONGEST_MS / 1000} s. It goes on by itself; \`auspex secrets\` shows how far it is, its log says when the old key is dropped.`,
  );
}
