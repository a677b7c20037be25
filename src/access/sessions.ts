import type { Clock, RecordAccess, RecordStore, SessionRow, UserRow } from '../model/index.ts';
import { csrfOf, fingerprint, newSecret, type RandomBytes, SECRET_FORM } from './credentials.ts';
import { OWNER, type Principal, type SignIn } from './principal.ts';
import { scopeOfRole } from './roles.ts';

const SESSION_LIFE_MS = 30 * 86_400_000;
const SESSION_TOUCH_MS = 86_400_000;

export interface Sessions {
  /** A new session within a transaction. Null for the owner, who is no user. */
  open(access: RecordAccess, user: UserRow | null): Promise<SignIn>;
  /** Whose cookie it is; null for one that ended, also by what happened to the user. */
  find(cookie: string): Promise<Principal | null>;
}

export function createSessions(records: RecordStore, clock: Clock, randomBytes: RandomBytes): Sessions {
  return {
    async open(access, user) {
      const now = clock.now();
      const cookie = newSecret(randomBytes);
      const row: SessionRow = {
        id: fingerprint(cookie),
        userId: user?.id ?? OWNER,
        scope: user === null ? 'admin' : scopeOfRole[user.role],
        createdAt: now,
        expiresAt: now + SESSION_LIFE_MS,
      };
      await access.remove('sessions', { expiresAt: { lte: now } });
      await access.put('sessions', [row]);
      return { cookie, maxAgeMs: SESSION_LIFE_MS, principal: principalOf(row, user, cookie) };
    },

    async find(cookie) {
      if (!SECRET_FORM.test(cookie)) return null;
      const id = fingerprint(cookie);
      const row = await records.get('sessions', id);
      const now = clock.now();
      if (row === undefined || row.expiresAt <= now) return null;
      // The role is read with each request: who is demoted or disabled loses at once, whatever the session says.
      const user = row.userId === OWNER ? null : await records.get('users', row.userId);
      if (user === undefined || (user !== null && user.disabledAt !== null)) return null;
      const expiresAt = now + SESSION_LIFE_MS;
      if (expiresAt - row.expiresAt < SESSION_TOUCH_MS) return principalOf(row, user, cookie);
      await records.update('sessions', { id }, { expiresAt });
      return principalOf({ ...row, expiresAt }, user, cookie);
    },
  };
}

function principalOf(row: SessionRow, user: UserRow | null, cookie: string): Principal {
  const role = user === null ? 'admin' : user.role;
  return {
    kind: 'session',
    userId: row.userId,
    scope: scopeOfRole[role],
    role,
    expiresAt: row.expiresAt,
    id: row.id,
    csrf: csrfOf(cookie),
  };
}
