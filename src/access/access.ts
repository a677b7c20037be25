import { randomBytes as systemRandom, randomUUID } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { AuspexError } from '../errors.ts';
import type { Clock, RecordStore, SessionRow, TokenRow, TokenScope } from '../model/index.ts';
import { ensureDirectory, writeFileAtomic } from '../platform/files.ts';
import { csrfOf, equalSecrets, fingerprint, newSecret, type RandomBytes } from './credentials.ts';
import { type HeaderBag, header, isDirectLoopback } from './origin.ts';

/** What a route asks for; the same words as in the contract's route table. */
export type RequiredAccess = 'public' | 'ingest' | 'read' | 'operate' | 'admin';

/** Who is calling, and what they may do. */
export interface Principal {
  readonly kind: 'session' | 'token';
  /** `owner` for a session, the token's name otherwise. */
  readonly userId: string;
  readonly scope: TokenScope;
  readonly expiresAt: number | null;
  /** The token's id, or the session's. */
  readonly id: string;
  /** To be sent as X-CSRF-Token with every change; null for tokens, which no foreign page can make a browser send. */
  readonly csrf: string | null;
}

export interface RequestLike {
  readonly headers: HeaderBag;
  readonly remoteAddress: string | undefined;
  /** The session cookie's value, where there is one. */
  readonly cookie?: string | undefined;
}

export interface SignIn {
  /** The cookie's value, to be set HttpOnly, SameSite=Strict, Path=<base path>, Secure under TLS. */
  readonly cookie: string;
  readonly maxAgeMs: number;
  readonly principal: Principal;
}

export interface AccessControl {
  /** Makes the command line's own token file where it is missing or no longer right. Gives its path. */
  start(): Promise<string>;
  /** Who sent the request; null for nobody, also for a token or cookie that is wrong, expired or revoked. */
  authenticate(request: RequestLike): Promise<Principal | null>;
  /**
   * Lets pass or throws. `ingest` passes without a credential on loopback; never with a wrong one.
   * @throws AuspexError UNAUTHENTICATED, FORBIDDEN.
   */
  authorise(required: RequiredAccess, principal: Principal | null, request: RequestLike): void;
  /** @throws AuspexError FORBIDDEN unless the principal is a token or X-CSRF-Token is the session's. For every change. */
  checkCsrf(principal: Principal | null, headers: HeaderBag): void;
  /** A one-time sign-in: valid for 15 minutes, once. The code goes into the link's fragment or query. */
  makeLink(): Promise<{ readonly code: string; readonly expiresAt: number }>;
  /** @throws AuspexError UNAUTHENTICATED for a code that is wrong, used or expired. */
  redeemLink(code: string): Promise<SignIn>;
  signOut(principal: Principal): Promise<void>;
  /** The secret is given this once and kept nowhere. */
  addToken(token: Pick<TokenRow, 'name' | 'scope' | 'expiresAt'>): Promise<{ row: TokenRow; secret: string }>;
  /** Ends a token, at once. @throws AuspexError NOT_FOUND. */
  revokeToken(id: string): Promise<void>;
  tokens(): Promise<readonly TokenRow[]>;
  csrfToken(cookie: string): string;
}

export interface AccessOptions {
  readonly records: RecordStore;
  readonly home: string;
  readonly clock: Clock;
  readonly randomBytes?: RandomBytes;
}

export const SESSION_COOKIE = 'auspex_session';
const LINK_LIFE_MS = 15 * 60_000;
const SESSION_LIFE_MS = 30 * 86_400_000;
const SESSION_TOUCH_MS = 86_400_000;
const TOKEN_TOUCH_MS = 60_000;
/** How long a token that was looked up is believed: what another process revokes ends within this. */
const TOKEN_CACHE_MS = 10_000;
const CLI_TOKEN_ID = 'cli';
const TOKEN_FORM = /^ausp_[A-Za-z0-9_-]{43}$/;
const SECRET_FORM = /^[A-Za-z0-9_-]{43}$/;

const grants: Readonly<Record<TokenScope, ReadonlySet<RequiredAccess>>> = {
  ingest: new Set(['public', 'ingest']),
  read: new Set(['public', 'read']),
  operate: new Set(['public', 'read', 'operate']),
  admin: new Set(['public', 'ingest', 'read', 'operate', 'admin']),
};

/** Sessions, tokens and sign-in links over the record store. One principal so far, the owner; users come with roles. */
export function createAccess({ records, home, clock, randomBytes = systemRandom }: AccessOptions): AccessControl {
  const known = new Map<string, { readonly row: TokenRow; readonly readAt: number }>();
  const touched = new Map<string, number>();
  const tokenFile = join(home, 'cli-token');

  const principalOfSession = (row: SessionRow, cookie: string): Principal => ({
    kind: 'session',
    userId: row.userId,
    scope: row.scope,
    expiresAt: row.expiresAt,
    id: row.id,
    csrf: csrfOf(cookie),
  });

  async function findToken(secret: string): Promise<TokenRow | null> {
    if (!TOKEN_FORM.test(secret)) return null;
    const hash = fingerprint(secret);
    const now = clock.now();
    const cached = known.get(hash);
    if (cached !== undefined && Math.abs(now - cached.readAt) < TOKEN_CACHE_MS) return cached.row;
    known.delete(hash);
    const { rows } = await records.find('tokens', { where: { hash }, limit: 1 });
    const row = rows[0];
    if (row === undefined || !equalSecrets(row.hash, hash)) return null;
    if (known.size > 10_000) known.clear();
    known.set(hash, { row, readAt: now });
    return row;
  }

  async function byToken(secret: string): Promise<Principal | null> {
    const row = await findToken(secret);
    const now = clock.now();
    if (row === null || (row.expiresAt !== null && row.expiresAt <= now)) return null;
    const last = touched.get(row.id) ?? row.lastUsedAt ?? 0;
    if (now - last >= TOKEN_TOUCH_MS) {
      touched.set(row.id, now);
      // An answer does not wait for, or fail with, a note of when the token was used.
      void records.update('tokens', { id: row.id }, { lastUsedAt: now }).catch(() => touched.delete(row.id));
    }
    return { kind: 'token', userId: row.name, scope: row.scope, expiresAt: row.expiresAt, id: row.id, csrf: null };
  }

  async function bySession(cookie: string): Promise<Principal | null> {
    if (!SECRET_FORM.test(cookie)) return null;
    const id = fingerprint(cookie);
    const row = await records.get('sessions', id);
    const now = clock.now();
    if (row === undefined || row.expiresAt <= now) return null;
    const expiresAt = now + SESSION_LIFE_MS;
    if (expiresAt - row.expiresAt < SESSION_TOUCH_MS) return principalOfSession(row, cookie);
    await records.update('sessions', { id }, { expiresAt });
    return principalOfSession({ ...row, expiresAt }, cookie);
  }

  async function insertToken(id: string, token: Pick<TokenRow, 'name' | 'scope' | 'expiresAt'>) {
    const secret = `ausp_${newSecret(randomBytes)}`;
    const row: TokenRow = {
      id,
      name: token.name,
      scope: token.scope,
      expiresAt: token.expiresAt,
      hash: fingerprint(secret),
      createdAt: clock.now(),
      lastUsedAt: null,
    };
    await records.put('tokens', [row]);
    return { row, secret };
  }

  return {
    async start() {
      await ensureDirectory(home);
      const secret = await readFile(tokenFile, 'utf8').then(
        (text) => text.trim(),
        () => '',
      );
      const row = await records.get('tokens', CLI_TOKEN_ID);
      if (row !== undefined && TOKEN_FORM.test(secret) && equalSecrets(row.hash, fingerprint(secret))) return tokenFile;
      const made = await insertToken(CLI_TOKEN_ID, { name: 'command line', scope: 'admin', expiresAt: null });
      known.clear();
      await writeFileAtomic(tokenFile, `${made.secret}\n`, 0o600);
      return tokenFile;
    },

    async authenticate({ headers, cookie }) {
      // Another scheme (Basic, of a proxy in front) is not meant for us.
      const bearer = /^Bearer +(\S+)\s*$/i.exec(header(headers, 'authorization') ?? '');
      if (bearer !== null) return byToken(bearer[1] ?? '');
      return cookie === undefined || cookie === '' ? null : bySession(cookie);
    },

    authorise(required, principal, request) {
      if (required === 'public') return;
      if (principal !== null) {
        if (grants[principal.scope].has(required)) return;
        throw new AuspexError('FORBIDDEN', `This needs the scope "${required}"; yours is "${principal.scope}".`, {
          data: { required, scope: principal.scope },
        });
      }
      const wrong = header(request.headers, 'authorization') !== undefined;
      if (required === 'ingest' && !wrong && isDirectLoopback(request.headers, request.remoteAddress)) return;
      throw new AuspexError(
        'UNAUTHENTICATED',
        wrong ? 'The token is not valid: wrong, expired or revoked.' : `This needs the scope "${required}".`,
        { data: { required } },
      );
    },

    checkCsrf(principal, headers) {
      if (principal === null || principal.csrf === null) return;
      const sent = header(headers, 'x-csrf-token');
      if (sent !== undefined && equalSecrets(sent, principal.csrf)) return;
      throw new AuspexError(
        'FORBIDDEN',
        `The header X-CSRF-Token is ${sent === undefined ? 'missing' : 'not this session’s'}. GET /api/session tells it.`,
      );
    },

    async makeLink() {
      const code = newSecret(randomBytes);
      const now = clock.now();
      const expiresAt = now + LINK_LIFE_MS;
      await records.put('settings', [{ id: linkId(code), value: { expiresAt }, at: now }]);
      return { code, expiresAt };
    },

    async redeemLink(code) {
      const used = new AuspexError(
        'UNAUTHENTICATED',
        'This sign-in link is not valid: used, expired, or not from here.',
      );
      if (!SECRET_FORM.test(code)) throw used;
      const now = clock.now();
      const cookie = newSecret(randomBytes);
      const session: SessionRow = {
        id: fingerprint(cookie),
        userId: 'owner',
        scope: 'admin',
        createdAt: now,
        expiresAt: now + SESSION_LIFE_MS,
      };
      await records.transaction(async (access) => {
        const row = await access.get('settings', linkId(code));
        // Two at once: only the one whose removal counts gets in.
        const removed = row === undefined ? 0 : await access.remove('settings', { id: row.id });
        if (row === undefined || removed !== 1 || expiryOf(row.value) <= now) throw used;
        await access.remove('sessions', { expiresAt: { lte: now } });
        await access.put('sessions', [session]);
      });
      return { cookie, maxAgeMs: SESSION_LIFE_MS, principal: principalOfSession(session, cookie) };
    },

    async signOut(principal) {
      if (principal.kind === 'session') await records.remove('sessions', { id: principal.id });
    },

    addToken: (token) => insertToken(randomUUID(), token),

    async revokeToken(id) {
      const removed = await records.remove('tokens', { id });
      known.clear();
      if (removed === 0) throw new AuspexError('NOT_FOUND', `There is no token "${id.slice(0, 100)}".`);
    },

    async tokens() {
      const { rows } = await records.find('tokens', { orderBy: 'createdAt', limit: 500 });
      return rows;
    },

    csrfToken: csrfOf,
  };
}

function linkId(code: string): string {
  return `sign-in:${fingerprint(code)}`;
}

function expiryOf(value: unknown): number {
  const at = typeof value === 'object' && value !== null && 'expiresAt' in value ? value.expiresAt : null;
  return typeof at === 'number' ? at : 0;
}
