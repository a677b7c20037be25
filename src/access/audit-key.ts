import { createHash, createHmac, randomBytes } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { AuspexError } from '../errors.ts';
import { writeFileAtomic } from '../platform/files.ts';

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

export const AUDIT_KEY_FILE = 'audit.key';
const KEY_FORM = /^[0-9a-f]{64}$/;

/**
 * The key of the audit log in the home folder (0600).
 * @param make Makes one where there is none; a reader of a stopped home takes none instead, and every row is of an unknown key.
 * @throws AuspexError STORE_FAILED for a file that is no key: a new one in its place would make every old row unprovable.
 */
export async function auditKeysOf(home: string, make: boolean): Promise<AuditKeys> {
  const path = join(home, AUDIT_KEY_FILE);
  let text: string;
  try {
    text = (await readFile(path, 'utf8')).trim();
  } catch (cause) {
    if (!(cause instanceof Error && 'code' in cause && cause.code === 'ENOENT')) {
      const reason = cause instanceof Error ? cause.message : String(cause);
      throw new AuspexError('STORE_FAILED', `The key of the audit log cannot be read: ${reason}.`, { cause });
    }
    text = randomBytes(32).toString('hex');
    if (make) await writeFileAtomic(path, `${text}\n`, 0o600);
  }
  if (!KEY_FORM.test(text))
    throw new AuspexError(
      'STORE_FAILED',
      `${path} is not a key of 64 hexadecimal digits. Put the right file back from a backup; without it the audit log cannot be verified.`,
    );
  return auditKeys(Buffer.from(text, 'hex'));
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
