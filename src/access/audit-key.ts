import { createHash, createHmac, randomBytes } from 'node:crypto';
import { rename } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { AuspexError } from '../errors.ts';
import { ensureDirectory } from '../platform/files.ts';
import { readSealed, writeSealed } from '../platform/sealed-files.ts';
import type { KeyRing } from '../platform/secrets.ts';

/** A key that rows of the audit log are hashed with. Who can write the database but not read this cannot make a chain that fits. */
export interface AuditKey {
  readonly id: string;
  /** HMAC-SHA256, hex. */
  mac(text: string): string;
}

export interface AuditKeys {
  /** New rows are hashed with this one. */
  readonly current: AuditKey;
  find(id: string): AuditKey | undefined;
}

/** Below the home folder, in one of those that are encrypted and encrypted anew when the instance's keys change. */
const AUDIT_KEY_FILE = 'state/audit.key';
const KEY_BYTES = 32;

/** The keys, and why there is a new one in the place of one that could not be read. */
export interface OpenedAuditKeys {
  readonly keys: AuditKeys;
  readonly replaced: string | null;
}

/**
 * The key of the audit log of a running Auspex, encrypted under the instance’s keys; made where there is none. It stays the
 * same when those are rotated, so that old rows can be proved. One that is damaged is set aside and a new one made: Auspex
 * starts all the same, and the old rows can be proved no more.
 */
export async function openAuditKeys(home: string, ring: KeyRing): Promise<OpenedAuditKeys> {
  const path = join(home, AUDIT_KEY_FILE);
  const found = await readKey(home, ring).catch((error: unknown) => {
    if (error instanceof AuspexError) return error;
    throw error;
  });
  if (found instanceof Uint8Array) return { keys: auditKeys(found), replaced: null };
  if (found !== null) await rename(path, `${path}.damaged`);
  const secret = randomBytes(KEY_BYTES);
  await ensureDirectory(dirname(path));
  await writeSealed(home, AUDIT_KEY_FILE, secret, ring);
  return { keys: auditKeys(secret), replaced: found?.message ?? null };
}

/** The key of a stopped Auspex, for who only looks; where there is none every row is of an unknown key. @throws AuspexError. */
export async function readAuditKeys(home: string, ring: KeyRing): Promise<AuditKeys> {
  return auditKeys((await readKey(home, ring)) ?? randomBytes(KEY_BYTES));
}

/** Null where there is none. @throws AuspexError SECRET_KEY_MISSING, STORE_DAMAGED. */
async function readKey(home: string, ring: KeyRing): Promise<Uint8Array | null> {
  try {
    const secret = await readSealed(home, AUDIT_KEY_FILE, ring);
    if (secret.length === KEY_BYTES) return secret;
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return null;
    throw error;
  }
  throw new AuspexError(
    'STORE_DAMAGED',
    `${AUDIT_KEY_FILE} does not hold a key. Put it back from a backup; without it no row of the audit log can be proved.`,
  );
}

export function auditKeys(secret: Uint8Array, older: readonly Uint8Array[] = []): AuditKeys {
  const keys = [secret, ...older].map(keyFrom);
  const [current] = keys;
  if (current === undefined) throw new AuspexError('INTERNAL', 'An audit log needs a key.');
  return { current, find: (id) => keys.find((key) => key.id === id) };
}

function keyFrom(secret: Uint8Array): AuditKey {
  // Not the secret's own beginning: the id stands in every row.
  const id = createHash('sha256').update('auspex audit key 1').update(secret).digest('hex').slice(0, 12);
  return { id, mac: (text) => createHmac('sha256', secret).update(text).digest('hex') };
}
