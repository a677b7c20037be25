import { isIP } from 'node:net';
import { AuspexError } from '../errors.ts';
import { isLoopback } from '../platform/addresses.ts';

/** As node and fastify give them: lower-case names. */
export type HeaderBag = Readonly<Record<string, string | readonly string[] | undefined>>;

export function header(headers: HeaderBag, name: string): string | undefined {
  const value = headers[name];
  return typeof value === 'string' ? value : value?.[0];
}

const forwardingHeaders = ['x-forwarded-for', 'forwarded', 'x-real-ip', 'x-forwarded-host', 'via'];

/** The request came from this machine itself: over loopback, and not handed on by a proxy for somebody else. */
export function isDirectLoopback(headers: HeaderBag, remoteAddress: string | undefined): boolean {
  return isLoopback(remoteAddress) && forwardingHeaders.every((name) => headers[name] === undefined);
}

/**
 * Defence against foreign pages and DNS rebinding. The Host must be an address, localhost, or a name in `hosts`: a
 * rebound name is none of these. An Origin must be the Host's own, or one of `hosts`. Requests without a Host are refused.
 *
 * @throws AuspexError FOREIGN_ORIGIN.
 */
export function checkOrigin(headers: HeaderBag, hosts: readonly string[]): void {
  const names = new Set(hosts.map((name) => hostName(name)));
  const host = header(headers, 'host');
  if (host === undefined || !isOwnName(hostName(host), names)) {
    throw foreign(`The request was made to "${(host ?? '').slice(0, 100)}", which is not a name of this server.`);
  }
  const origin = header(headers, 'origin');
  if (origin === undefined) {
    // Browsers that leave Origin out of a GET say here whether another site made it.
    if (header(headers, 'sec-fetch-site') === 'cross-site' && header(headers, 'sec-fetch-mode') !== 'navigate') {
      throw foreign('The request was made by a page of another site.');
    }
    return;
  }
  const from = URL.parse(origin);
  const ownPlace = from !== null && from.host !== '' && from.host.toLowerCase() === withoutDefaultPort(host, from);
  if (!ownPlace && (from === null || from.host === '' || !names.has(hostName(from.host)))) {
    throw foreign(`The request was made by a page of "${origin.slice(0, 100)}".`);
  }
}

function foreign(detail: string): AuspexError {
  return new AuspexError('FOREIGN_ORIGIN', detail);
}

function isOwnName(name: string, names: ReadonlySet<string>): boolean {
  return name === 'localhost' || isIP(name) !== 0 || names.has(name);
}

/** The name without port and brackets, lower case; a name that is no name becomes empty. */
function hostName(host: string): string {
  const parsed = URL.parse(`http://${host.replace(/^https?:\/\//, '')}`);
  if (parsed === null || parsed.username !== '' || parsed.pathname !== '/' || parsed.search !== '') return '';
  return parsed.hostname.replace(/^\[|\]$/g, '').replace(/\.$/, '');
}

function withoutDefaultPort(host: string, origin: URL): string {
  return URL.parse(`${origin.protocol}//${host}`)?.host ?? '';
}
