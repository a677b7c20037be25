import type { Role, TokenScope } from '../model/index.ts';
import type { HeaderBag } from './origin.ts';

/** Who is calling, and what they may do. */
export interface Principal {
  readonly kind: 'session' | 'token';
  /** The user's name, `owner` for who came by the link of the machine itself, or the token's name. */
  readonly userId: string;
  readonly scope: TokenScope;
  /** Null for tokens. */
  readonly role: Role | null;
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

/** Sessions of who came by a link of the machine itself: nobody's account, all rights. No user may have this name. */
export const OWNER = 'owner';
