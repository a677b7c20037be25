import { createHash, createHmac, randomBytes } from 'node:crypto';
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

/**
 * The key of the audit log, encrypted under the instance’s keys. It stays the same when those are rotated, so that old
 * rows can be proved.
 * @param make Makes one where there is none; who only looks at a stopped home makes none, and every row is of an unknown key.
 * @throws AuspexError SECRET_KEY_MISSING, STORE_DAMAGED: a new one in its place would make every old row unprovable.
 */
export async function auditKeysOf(home: string, ring: KeyRing, make: boolean): Promise<AuditKeys> {
  try {
    const secret = await readSealed(home, AUDIT_KEY_FILE, ring);
    if (secret.length === KEY_BYTES) return auditKeys(secret);
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'ENOENT')) throw error;
    const secret = randomBytes(KEY_BYTES);
    if (make) {
      await ensureDirectory(dirname(join(home, AUDIT_KEY_FILE)));
      await writeSealed(home, AUDIT_KEY_FILE, secret, ring);
    }
    return auditKeys(secret);
  }
  throw new AuspexError(
    'STORE_DAMAGED',
    `${join(home, AUDIT_KEY_FILE)} does not hold a key. Put it back from a backup; without it no row of the audit log can be proved.`,
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
