import { AuspexError } from '../errors.ts';
import type { Clock, RecordAccess, RecordStore, Role, UserRow } from '../model/index.ts';
import type { RandomBytes } from './credentials.ts';
import { createDevices } from './devices.ts';
import { keepTries } from './kept-tries.ts';
import type { Link, Links } from './links.ts';
import type { Identity } from './oidc.ts';
import type { Passwords } from './passwords.ts';
import { OWNER, type Principal, type SignIn } from './principal.ts';
import type { Sessions } from './sessions.ts';
import { SignInThrottle } from './sign-in-throttle.ts';

export interface PasswordSignIn {
  readonly name: string;
  readonly password: string;
  /** As `sourceOf` gives it. */
  readonly source: string;
  /** The device cookie's value, where there is one. */
  readonly device?: string | undefined;
}

export interface Person extends UserRow {
  readonly sessions: number;
}

/** Users and how they get in. Names are compared in lower case; the contract has checked their form. */
export interface People {
  /** @throws AuspexError UNAUTHENTICATED, the same and after the same time for a wrong name; TOO_MANY_TRIES. */
  signIn(attempt: PasswordSignIn): Promise<SignIn & { readonly device: string }>;
  /** Counts a sign-in by a provider before anything is asked of it. @throws AuspexError TOO_MANY_TRIES. */
  countFrom(source: string): void;
  /**
   * Signs in whom the provider knows; makes the user the first time and gives the role that the provider says, each time.
   * @throws AuspexError CONFLICT where the name is another user's; UNAUTHENTICATED for a disabled one.
   */
  signInBy(identity: Identity): Promise<SignIn>;
  /** The first account: who came by the link becomes an admin with a password. @throws AuspexError CONFLICT. */
  claim(principal: Principal, name: string, password: string): Promise<SignIn>;
  /** Ends the user's other sessions. `current` may be missing where no password is set. @throws AuspexError BAD_REQUEST, TOO_MANY_TRIES, CONFLICT. */
  changePassword(principal: Principal, current: string | null, password: string): Promise<void>;
  /** What the session is to do first. */
  needs(principal: Principal): Promise<'account' | 'password' | null>;
  signOutEverywhere(principal: Principal): Promise<void>;
  list(): Promise<readonly Person[]>;
  /** @throws AuspexError CONFLICT for a name that is taken. */
  add(name: string, role: Role): Promise<{ readonly person: Person; readonly link: Link }>;
  /** @throws AuspexError NOT_FOUND; CONFLICT for one's own role. */
  change(
    by: Principal,
    id: string,
    change: { role?: Role | undefined; disabled?: boolean | undefined },
  ): Promise<Person>;
  /** @throws AuspexError NOT_FOUND, CONFLICT for a user who is disabled or signs in by a provider. */
  reset(id: string): Promise<Link>;
}

export interface PeopleParts {
  readonly records: RecordStore;
  readonly clock: Clock;
  readonly randomBytes: RandomBytes;
  readonly sessions: Sessions;
  readonly links: Links;
  readonly passwords: Passwords;
  /** Called when sessions may have ended or lost rights. */
  readonly onChange: () => void;
}

const USERS = 1000;
/** In place of a hash: signs in by a provider, and no password is right. */
const ELSEWHERE = '!provider';

export function createPeople({
  records,
  clock,
  randomBytes,
  sessions,
  links,
  passwords,
  onChange,
}: PeopleParts): People {
  const throttle = new SignInThrottle(clock, randomBytes);
  const tries = keepTries(records, clock, throttle);
  const devices = createDevices(records, () => clock.now(), randomBytes);

  const newUser = (id: string, role: Role, passwordHash: string | null): UserRow => ({
    id,
    role,
    passwordHash,
    createdAt: clock.now(),
    disabledAt: null,
    lastSignInAt: null,
  });
  const withSessions = async (access: RecordAccess, user: UserRow): Promise<Person> => ({
    ...user,
    sessions: await access.count('sessions', { userId: user.id, expiresAt: { gt: clock.now() } }),
  });

  return {
    async signIn({ name, password, source, device }) {
      const id = name.trim().toLowerCase();
      const user = await records.get('users', id);
      const number = await devices.recognise(device, id);
      const attempt = { account: id, exists: user !== undefined, source, device: user === undefined ? null : number };
      await tries.recall(user?.id ?? null);
      throttle.take(attempt);
      await tries.keep(user?.id ?? null);
      const usable = user !== undefined && user.disabledAt === null ? user.passwordHash : null;
      const right = await passwords.verify(password, usable, attempt.device !== null);
      const wrong = new AuspexError(
        'UNAUTHENTICATED',
        'The name or the password is wrong, or the account is disabled.',
      );
      if (!right) throw wrong;
      const now = clock.now();
      const signIn = await records.transaction(async (access) => {
        // What happened while the password was looked at counts: a reset, a disabling.
        const row = await access.get('users', id);
        if (row === undefined || row.disabledAt !== null || row.passwordHash !== usable) throw wrong;
        await access.update('users', { id }, { lastSignInAt: now });
        return sessions.open(access, row);
      });
      throttle.succeeded(attempt);
      return { ...signIn, device: await devices.mark(id) };
    },

    countFrom: (source) => throttle.takeFrom(source),

    async signInBy({ key, name, role }) {
      const link = `provider:${key}`;
      const signIn = await records.transaction(async (access) => {
        const known = (await access.get('settings', link))?.value;
        // By who they are at the provider, not by name: there anybody may be able to choose the name of somebody here.
        const user = typeof known === 'string' ? await access.get('users', known) : newUser(name, role, ELSEWHERE);
        if (user === undefined || user.disabledAt !== null)
          throw new AuspexError('UNAUTHENTICATED', `The account “${name}” is disabled here; an admin can enable it.`);
        if (known === undefined) {
          if ((await access.insertNew('users', [user])).length === 0)
            throw new AuspexError(
              'CONFLICT',
              `There is a user “${name}” here already who is not the one of the sign-in provider. Ask an admin.`,
            );
          await access.put('settings', [{ id: link, value: user.id, at: clock.now() }]);
        }
        await access.update('users', { id: user.id }, { role, lastSignInAt: clock.now() });
        return sessions.open(access, { ...user, role });
      });
      onChange();
      return signIn;
    },

    async claim(principal, name, password) {
      const taken = new AuspexError(
        'CONFLICT',
        'There is an account already; sign in with it, or add users as an admin.',
      );
      if (principal.kind !== 'session' || principal.userId !== OWNER)
        throw new AuspexError(
          'CONFLICT',
          'Only who came by the one-time link of `auspex dashboard --link` can do this.',
        );
      if ((await records.count('users', {})) > 0) throw taken;
      const user = newUser(name, 'admin', await passwords.hash(password));
      const signIn = await records.transaction(async (access) => {
        // Two at once: both may count no users, but a row is made only once.
        const first = await access.insertNew('settings', [{ id: 'first-account', value: name, at: clock.now() }]);
        if (first.length === 0 || (await access.count('users', {})) > 0) throw taken;
        await access.put('users', [{ ...user, lastSignInAt: clock.now() }]);
        await access.remove('sessions', { id: principal.id });
        return sessions.open(access, user);
      });
      onChange();
      return signIn;
    },

    async changePassword(principal, current, password) {
      if (principal.kind !== 'session' || principal.userId === OWNER)
        throw new AuspexError('CONFLICT', 'A token, or a sign-in by the link of the machine itself, has no password.');
      const { userId: id } = principal;
      const user = await records.get('users', id);
      if (user === undefined) throw new AuspexError('NOT_FOUND', `There is no user “${id}”.`);
      if (user.passwordHash === ELSEWHERE)
        throw new AuspexError('CONFLICT', 'You sign in by the provider; your password is kept and changed there.');
      if (user.passwordHash !== null) {
        // A stolen session is not to find the password by guessing.
        await tries.recall(id);
        throttle.take({ account: id, exists: true, source: '', device: principal.id });
        await tries.keep(id);
        if (!(await passwords.verify(current ?? '', user.passwordHash, true)))
          throw new AuspexError('BAD_REQUEST', 'The current password is wrong; the password stays as it is.', {
            data: { field: 'body.currentPassword' },
          });
      }
      const passwordHash = await passwords.hash(password);
      const changed = await records.transaction(async (access) => {
        const row = await access.get('users', id);
        if (row === undefined || row.disabledAt !== null || row.passwordHash !== user.passwordHash) return false;
        await access.update('users', { id }, { passwordHash });
        await access.remove('sessions', { userId: id, id: { not: principal.id } });
        return true;
      });
      if (!changed)
        throw new AuspexError(
          'CONFLICT',
          'The account was changed at the same moment. The password is as it was set there.',
        );
      onChange();
    },

    async needs(principal) {
      if (principal.kind !== 'session') return null;
      if (principal.userId === OWNER) return (await records.count('users', {})) === 0 ? 'account' : null;
      return (await records.get('users', principal.userId))?.passwordHash === null ? 'password' : null;
    },

    async signOutEverywhere(principal) {
      if (principal.kind !== 'session') return;
      await records.remove('sessions', { userId: principal.userId });
      onChange();
    },

    async list() {
      const { rows } = await records.find('users', { limit: USERS });
      return Promise.all(rows.map((row) => withSessions(records, row)));
    },

    async add(name, role) {
      return records.transaction(async (access) => {
        if ((await access.count('users', {})) >= USERS)
          throw new AuspexError('CONFLICT', `There are ${USERS} users, and there may not be more.`);
        const user = newUser(name, role, null);
        const made = await access.insertNew('users', [user]);
        if (made.length === 0) throw new AuspexError('CONFLICT', `There is a user “${name}” already.`);
        return { person: { ...user, sessions: 0 }, link: await links.make(access, name) };
      });
    },

    async change(by, id, { role, disabled }) {
      const isSelf = by.kind === 'session' && by.userId === id;
      if (isSelf && (role !== undefined || disabled === true))
        throw new AuspexError(
          'CONFLICT',
          'Your own role and account are for another admin to change, so that one is left.',
        );
      const person = await records.transaction(async (access) => {
        const user = await access.get('users', id);
        if (user === undefined) throw new AuspexError('NOT_FOUND', `There is no user “${id.slice(0, 100)}”.`);
        const disabledAt =
          disabled === undefined ? user.disabledAt : disabled ? (user.disabledAt ?? clock.now()) : null;
        const changed = { role: role ?? user.role, disabledAt };
        await access.update('users', { id }, changed);
        if (disabledAt !== null) await access.remove('sessions', { userId: id });
        return withSessions(access, { ...user, ...changed });
      });
      onChange();
      return person;
    },

    async reset(id) {
      const link = await records.transaction(async (access) => {
        const user = await access.get('users', id);
        if (user === undefined) throw new AuspexError('NOT_FOUND', `There is no user “${id.slice(0, 100)}”.`);
        if (user.disabledAt !== null)
          throw new AuspexError('CONFLICT', `“${id}” is disabled; enable the account first.`);
        if (user.passwordHash === ELSEWHERE)
          throw new AuspexError('CONFLICT', `“${id}” signs in by the provider; the password is kept and reset there.`);
        await access.update('users', { id }, { passwordHash: null });
        await access.remove('sessions', { userId: id });
        return links.make(access, id);
      });
      onChange();
      return link;
    },
  };
}
