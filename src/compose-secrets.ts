import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
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
 * @throws AuspexError CONFIG_INVALID where the keys are not ours to change, TIMEOUT when a running server is not done in time.
 */
export async function rotateKeys(home: string): Promise<KeyReport> {
  const keys = await SecretKeys.open(home);
  const lock = lockOf(home);
  if (lock === null) {
    await keys.addKey();
    await settledByServer(home);
  } else {
    try {
      await keys.addKey();
      await keys.settle();
    } finally {
      lock.release();
    }
  }
  return await reportKeys(home);
}

/** Null while a server runs on this folder. */
function lockOf(home: string): HomeLock | null {
  try {
    return new HomeLock(home);
  } catch (error) {
    if (error instanceof AuspexError && error.code === 'STORE_LOCKED') return null;
    throw error;
  }
}

async function settledByServer(home: string): Promise<void> {
  const pid = Number(await readFile(join(home, 'auspex.pid'), 'utf8'));
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
