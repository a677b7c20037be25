import type { IncomingMessage } from 'node:http';
import { isIP } from 'node:net';
import { checkOrigin } from '../../access/origin.ts';
import type { Principal, RequestLike } from '../../access/access.ts';
import type { Access } from '../contract/index.ts';
import type { AccessPort } from './ports.ts';

/** Refuses what a foreign page made a browser send: the names of this server are the configured ones and where it listens. */
export class HostCheck {
  readonly #names: readonly string[];

  constructor(allowedHosts: readonly string[], listenHost: string) {
    // An address and localhost are own names anyway; named here, a page of any port on them would count as own.
    const isName = listenHost !== 'localhost' && isIP(listenHost) === 0;
    this.#names = isName ? [...allowedHosts, listenHost] : allowedHosts;
  }

  /** Throws FOREIGN_ORIGIN. */
  check(request: IncomingMessage): void {
    checkOrigin(request.headers, this.#names);
  }
}

/** What of a request tells who sends it. */
export function requestLike(request: IncomingMessage, cookieName: string): RequestLike {
  const cookie = cookieValue(request.headers.cookie, cookieName);
  return {
    headers: request.headers,
    remoteAddress: request.socket.remoteAddress,
    ...(cookie === null ? {} : { cookie }),
  };
}

/** The value of one cookie, or null. */
export function cookieValue(header: string | undefined, name: string): string | null {
  for (const part of (header ?? '').split(';')) {
    const equals = part.indexOf('=');
    if (equals !== -1 && part.slice(0, equals).trim() === name) return part.slice(equals + 1).trim() || null;
  }
  return null;
}

/** Lets a request pass and says who sent it, null for nobody where that is enough. Rejects with UNAUTHENTICATED, FORBIDDEN. */
export async function admit(
  port: AccessPort,
  request: IncomingMessage,
  cookieName: string,
  access: Access,
): Promise<Principal | null> {
  if (access === 'public') return null;
  const like = requestLike(request, cookieName);
  const principal = await port.authenticate(like);
  port.authorise(access, principal, like);
  if (request.method !== 'GET' && request.method !== 'HEAD') port.checkCsrf(principal, request.headers);
  return principal;
}
