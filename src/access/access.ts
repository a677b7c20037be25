import { randomBytes as systemRandom } from 'node:crypto';
import { AuspexError } from '../errors.ts';
import type { Clock, RecordStore, TokenRow } from '../model/index.ts';
import type { Outbound } from '../platform/outbound.ts';
import { csrfOf, equalSecrets, type RandomBytes } from './credentials.ts';
import { createLinks, type Link } from './links.ts';
import { type HeaderBag, header, isDirectLoopback } from './origin.ts';
import { createOidc, type Oidc, type OidcSettings } from './oidc.ts';
import { createPasswords, type Passwords } from './passwords.ts';
import { createPeople, type People } from './people.ts';
import type { Principal, RequestLike, SignIn } from './principal.ts';
import { allows, type RequiredAccess } from './roles.ts';
import { createSessions } from './sessions.ts';
import { createTokens, type NewToken } from './tokens.ts';

export type { Link } from './links.ts';
export type { Person } from './people.ts';
export type { Principal, RequestLike, SignIn } from './principal.ts';

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
  /** A one-time sign-in: valid for 15 minutes, once. */
  makeLink(): Promise<Link>;
  /** @throws AuspexError UNAUTHENTICATED for a code that is wrong, used or expired. */
  redeemLink(code: string): Promise<SignIn>;
  signOut(principal: Principal): Promise<void>;
  /** The secret is given this once and kept nowhere. */
  addToken(token: NewToken): Promise<{ row: TokenRow; secret: string }>;
  /** Ends a token, at once. @throws AuspexError NOT_FOUND. */
  revokeToken(id: string): Promise<void>;
  tokens(): Promise<readonly TokenRow[]>;
  csrfToken(cookie: string): string;
  readonly people: People;
  /** Sign-in by a provider; null where none is configured. */
  readonly oidc: Oidc | null;
  /** Calls when credentials may have ended or lost rights: what is open by them is to be looked at again. */
  onChange(listener: () => void): void;
}

export interface AccessOptions {
  readonly records: RecordStore;
  readonly home: string;
  readonly clock: Clock;
  readonly randomBytes?: RandomBytes;
  readonly oidc?: { readonly settings: OidcSettings; readonly outbound: Pick<Outbound, 'request'> } | undefined;
  /** For tests. */
  readonly passwords?: Passwords;
}

export const SESSION_COOKIE = 'auspex_session';

/** Who may come in: users and their sessions, tokens, one-time links, over the record store. */
export function createAccess(options: AccessOptions): AccessControl {
  const { records, home, clock, randomBytes = systemRandom } = options;
  const listeners: (() => void)[] = [];
  const changed = (): void => {
    for (const listener of listeners) listener();
  };
  const tokens = createTokens(records, home, clock, randomBytes);
  const sessions = createSessions(records, clock, randomBytes);
  const links = createLinks(records, clock, randomBytes);
  const passwords = options.passwords ?? createPasswords(randomBytes);

  return {
    start: () => tokens.start(),

    async authenticate({ headers, cookie }) {
      // Another scheme (Basic, of a proxy in front) is not meant for us.
      const bearer = /^Bearer +(\S+)\s*$/i.exec(header(headers, 'authorization') ?? '');
      if (bearer !== null) return tokens.find(bearer[1] ?? '');
      return cookie === undefined || cookie === '' ? null : sessions.find(cookie);
    },

    authorise(required, principal, request) {
      if (required === 'public') return;
      if (principal !== null) {
        if (allows(principal.scope, required)) return;
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

    makeLink: () => links.make(records, null),
    redeemLink: (code) => links.redeem(code, (access, user) => sessions.open(access, user)),

    async signOut(principal) {
      if (principal.kind !== 'session') return;
      await records.remove('sessions', { id: principal.id });
      changed();
    },

    addToken: (token) => tokens.add(token),

    async revokeToken(id) {
      await tokens.revoke(id);
      changed();
    },

    tokens: () => tokens.list(),
    csrfToken: csrfOf,
    people: createPeople({ records, clock, randomBytes, sessions, links, passwords, onChange: changed }),
    oidc:
      options.oidc === undefined
        ? null
        : createOidc(options.oidc.settings, { outbound: options.oidc.outbound, clock, randomBytes }),
    onChange: (listener) => void listeners.push(listener),
  };
}
