import { AuspexError } from '../errors.ts';
import type { Clock, RecordAccess, RecordStore, UserRow } from '../model/index.ts';
import { fingerprint, newSecret, type RandomBytes, SECRET_FORM } from './credentials.ts';

/** Printed on the machine itself and opened there and then. */
const OWN_LIFE_MS = 15 * 60_000;
/** Handed to another person. */
const USER_LIFE_MS = 24 * 3_600_000;

export interface Link {
  /** Goes into the link's query. */
  readonly code: string;
  readonly expiresAt: number;
}

export interface Links {
  /** A link for a user, or for the owner where it is null. */
  make(access: RecordAccess, userId: string | null): Promise<Link>;
  /** Uses a link up, in one transaction with `work`. Null for the owner. @throws AuspexError UNAUTHENTICATED. */
  redeem<R>(code: string, work: (access: RecordAccess, user: UserRow | null) => Promise<R>): Promise<R>;
}

/** One-time links. What is kept is a fingerprint of the code, and when it ends. */
export function createLinks(records: RecordStore, clock: Clock, randomBytes: RandomBytes): Links {
  return {
    async make(access, userId) {
      const code = newSecret(randomBytes);
      const now = clock.now();
      const expiresAt = now + (userId === null ? OWN_LIFE_MS : USER_LIFE_MS);
      await access.put('settings', [{ id: linkId(code), value: { expiresAt, userId }, at: now }]);
      return { code, expiresAt };
    },

    async redeem(code, work) {
      const used = new AuspexError(
        'UNAUTHENTICATED',
        'This sign-in link is not valid: used, expired, or not from here.',
      );
      if (!SECRET_FORM.test(code)) throw used;
      return records.transaction(async (access) => {
        const row = await access.get('settings', linkId(code));
        // Two at once: only the one whose removal counts gets in.
        const removed = row === undefined ? 0 : await access.remove('settings', { id: row.id });
        const { expiresAt, userId } = contentOf(row?.value);
        if (removed !== 1 || expiresAt <= clock.now()) throw used;
        const user = userId === null ? null : await access.get('users', userId);
        // A reset makes a new link; one from before, for who has a password by now, would be a second key.
        if (user === undefined || (user !== null && (user.disabledAt !== null || user.passwordHash !== null)))
          throw used;
        return work(access, user);
      });
    },
  };
}

function linkId(code: string): string {
  return `sign-in:${fingerprint(code)}`;
}

function contentOf(value: unknown): { readonly expiresAt: number; readonly userId: string | null } {
  const { expiresAt, userId } = Object(value) as { expiresAt?: unknown; userId?: unknown };
  return {
    expiresAt: typeof expiresAt === 'number' ? expiresAt : 0,
    userId: typeof userId === 'string' ? userId : null,
  };
}
