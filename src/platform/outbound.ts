import { lookup as systemLookup, type LookupAddress } from 'node:dns';
import { connect, isIP, type LookupFunction } from 'node:net';
import type { Readable } from 'node:stream';
import type { Agent } from 'undici';
import { AuspexError } from '../errors.ts';
import { addressRanges, classifyAddress } from './addresses.ts';

/**
 * Who chose the address. `configured`: the operator, in the configuration (scrape targets, webhooks): private and
 * loopback addresses are allowed. `given`: anybody else: public addresses and `outbound.allow` only. Link-local and
 * cloud metadata addresses are never called.
 */
export type OutboundPurpose = 'configured' | 'given';

export interface OutboundTls {
  readonly ca?: string;
  readonly cert?: string;
  readonly key?: string;
  readonly servername?: string;
  readonly rejectUnauthorized?: boolean;
}

export interface OutboundRequest {
  readonly method?: 'GET' | 'POST' | 'PUT' | 'HEAD';
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Uint8Array;
  readonly purpose: OutboundPurpose;
  /** Of the whole exchange; 10 s unless told. */
  readonly timeoutMs?: number;
  /** Of the answer; 1 MiB unless told. What is longer rejects with TOO_LARGE. */
  readonly maxBytes?: number;
  readonly tls?: OutboundTls;
  readonly signal?: AbortSignal;
}

export type OutboundOpen = Omit<OutboundRequest, 'timeoutMs' | 'maxBytes'> & {
  readonly signal: AbortSignal;
  readonly redirects?: number;
};

export interface OutboundResponse {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: Uint8Array;
}

/** An answer that is read as it comes. */
export interface OutboundStream {
  readonly status: number;
  readonly headers: OutboundResponse['headers'];
  readonly body: Readable & { dump(): Promise<void> };
}

/** The one way out for HTTP. The address is checked when the connection is made, so that a name cannot change between check and use. */
export interface Outbound {
  /**
   * One request. Redirects are not followed: the answer with its 3xx status is handed back.
   * @throws AuspexError OUTBOUND_REFUSED, UNREACHABLE, TIMEOUT, TOO_LARGE.
   */
  request(url: string | URL, options: OutboundRequest): Promise<OutboundResponse>;
  /**
   * One request whose answer is streamed; the signal ends it, also while it is read. Redirects are followed up to
   * `redirects` times, none unless told: another origin than the first is judged as `given`, whoever chose the first, and
   * gets neither credentials nor certificates.
   * @throws AuspexError OUTBOUND_REFUSED, UNREACHABLE.
   */
  open(url: string | URL, options: OutboundOpen): Promise<OutboundStream>;
  /** The checked address of a name, for what is not HTTP (SMTP): connect to it, not to the name. @throws AuspexError OUTBOUND_REFUSED, UNREACHABLE. */
  resolve(hostname: string, purpose: OutboundPurpose): Promise<string>;
  /** Connects and hangs up: whether somebody listens. @throws AuspexError OUTBOUND_REFUSED, UNREACHABLE, TIMEOUT when the signal comes first. */
  reach(
    host: string,
    port: number,
    options: { readonly purpose: OutboundPurpose; readonly signal: AbortSignal },
  ): Promise<void>;
  close(): Promise<void>;
}

type Undici = typeof import('undici');

type Lookup = (
  hostname: string,
  options: { all: true; family?: number },
  callback: (error: NodeJS.ErrnoException | null, addresses: LookupAddress[]) => void,
) => void;

export interface OutboundOptions {
  /** Ranges that may be called for any purpose, beside public ones (`outbound.allow`). */
  readonly allow?: readonly string[];
  /** The resolver; the system's unless told. */
  readonly lookup?: Lookup;
}

export function createOutbound(options: OutboundOptions = {}): Outbound {
  const allowed = addressRanges(options.allow ?? []);
  const lookup: Lookup = options.lookup ?? ((name, how, done) => systemLookup(name, how, done));
  const agents = new Map<string, Agent>();

  const permits = (address: string, purpose: OutboundPurpose): boolean => {
    const kind = classifyAddress(address);
    if (kind === 'forbidden') return false;
    return kind === 'public' || purpose === 'configured' || allowed.contains(address);
  };

  const checkedLookup =
    (purpose: OutboundPurpose): LookupFunction =>
    (hostname, how, done) => {
      lookup(hostname, { all: true, ...familyOf(how.family) }, (error, addresses) => {
        if (error !== null) return done(error, []);
        const permitted = addresses.filter((entry) => permits(entry.address, purpose));
        const [first] = permitted;
        if (first === undefined) return done(refused(hostname, addresses.map((entry) => entry.address).join(', ')), []);
        return how.all === true ? done(null, permitted) : done(null, first.address, first.family);
      });
    };

  const agentFor = (undici: Undici, purpose: OutboundPurpose, tls: OutboundTls | undefined): Agent => {
    // A pooled connection is used again without a new check: each purpose has a pool of its own.
    const key = JSON.stringify([purpose, tls ?? null]);
    const existing = agents.get(key);
    if (existing !== undefined) return existing;
    const connect = undici.buildConnector({ ...tls, lookup: checkedLookup(purpose), timeout: 10_000 });
    const agent = new undici.Agent({
      connect(target, done) {
        const host = target.hostname.replace(/^\[|\]$/g, '');
        // Literal addresses never reach the lookup.
        if (isIP(host) !== 0 && !permits(host, purpose)) return done(refused(host, host), null);
        return connect(target, done);
      },
      keepAliveTimeout: 30_000,
    });
    agents.set(key, agent);
    return agent;
  };

  const send = async (target: URL, how: OutboundOpen) => {
    // Loaded when something is first called: most installations never do, and it holds megabytes.
    const undici = await import('undici');
    return await undici.request(target, {
      method: how.method ?? 'GET',
      dispatcher: agentFor(undici, how.purpose, how.tls),
      headers: { 'user-agent': 'Auspex', ...how.headers },
      body: how.body ?? null,
      signal: how.signal,
    });
  };

  const resolve: Outbound['resolve'] = (hostname, purpose) => {
    const host = hostname.replace(/^\[|\]$/g, '');
    if (isIP(host) !== 0) return permits(host, purpose) ? Promise.resolve(host) : Promise.reject(refused(host, host));
    return new Promise((done, failed) => {
      checkedLookup(purpose)(host, { all: false }, (error, address) => {
        if (error === null && typeof address === 'string') done(address);
        else failed(error instanceof AuspexError ? error : unreachable(host, error));
      });
    });
  };

  return {
    async request(url, how) {
      const target = parseUrl(url);
      const timeout = AbortSignal.timeout(how.timeoutMs ?? 10_000);
      const signal = how.signal === undefined ? timeout : AbortSignal.any([timeout, how.signal]);
      try {
        const answer = await send(target, { ...how, signal });
        const body = await readLimited(answer.body, how.maxBytes ?? 1_048_576, target);
        return { status: answer.statusCode, headers: answer.headers, body };
      } catch (error) {
        throw explain(error, target, timeout, how.timeoutMs ?? 10_000);
      }
    },
    async open(url, how) {
      const first = parseUrl(url);
      let target = first;
      for (let left = how.redirects ?? 0; ; left--) {
        const atHome = target.origin === first.origin;
        const answer = await send(target, atHome ? how : asStranger(how)).catch((error: unknown) => {
          throw explain(error, target);
        });
        const next = left > 0 ? redirectOf(answer.statusCode, answer.headers.location) : null;
        if (next === null) return { status: answer.statusCode, headers: answer.headers, body: answer.body };
        await answer.body.dump({ limit: 65_536, signal: how.signal }).catch(() => null);
        target = parseUrl(URL.parse(next, target.href) ?? next);
      }
    },
    resolve,
    async reach(host, port, { purpose, signal }) {
      const address = await resolve(host, purpose);
      await connectOnce(address, port, `${host}:${port}`, signal);
    },
    async close() {
      await Promise.all([...agents.values()].map((agent) => agent.destroy()));
      agents.clear();
    },
  };
}

function connectOnce(address: string, port: number, name: string, signal: AbortSignal): Promise<void> {
  return new Promise((done, failed) => {
    const socket = connect({ host: address, port });
    const end = (): void => void socket.destroy(new AuspexError('TIMEOUT', `${name} did not answer in time.`));
    if (signal.aborted) end();
    signal.addEventListener('abort', end, { once: true });
    socket.once('connect', () => {
      socket.destroy();
      done();
    });
    socket.once('error', (error) => failed(error instanceof AuspexError ? error : unreachable(name, error)));
    socket.once('close', () => signal.removeEventListener('abort', end));
  });
}

/** What another origin than the one that was meant may see: nothing that proves who we are. */
function asStranger({ tls, headers, ...how }: OutboundOpen): OutboundOpen {
  void tls;
  const plain = Object.entries(headers ?? {}).filter(
    ([name]) => !/^(authorization|cookie|proxy-authorization)$/i.test(name),
  );
  return { ...how, purpose: 'given', headers: Object.fromEntries(plain) };
}

function redirectOf(status: number, location: string | string[] | undefined): string | null {
  return [301, 302, 303, 307, 308].includes(status) && typeof location === 'string' ? location : null;
}

function familyOf(family: unknown): { family?: number } {
  return family === 4 || family === 6 ? { family } : {};
}

function parseUrl(url: string | URL): URL {
  const parsed = URL.parse(String(url));
  if (parsed === null || (parsed.protocol !== 'http:' && parsed.protocol !== 'https:')) {
    throw new AuspexError('OUTBOUND_REFUSED', `"${hideCredentials(String(url))}" is not an http or https address.`);
  }
  return parsed;
}

function hideCredentials(url: string): string {
  return url.replace(/\/\/[^/@]*@/, '//[removed]@').slice(0, 200);
}

/** Where a request went, without what may be secret in it: credentials, path, query. */
export function placeOf(url: URL): string {
  return `${url.protocol}//${url.host}`;
}

function refused(host: string, addresses: string): AuspexError {
  const detail =
    addresses === ''
      ? `"${host}" has no address.`
      : `"${host}" leads to ${addresses}, which is not a permitted address from here.`;
  return new AuspexError('OUTBOUND_REFUSED', detail, { data: { host } });
}

function unreachable(host: string, cause: unknown): AuspexError {
  const reason =
    cause instanceof Error ? cause.message || ((cause as NodeJS.ErrnoException).code ?? '') : String(cause);
  return new AuspexError('UNREACHABLE', `${host} cannot be reached: ${reason}.`, { cause });
}

async function readLimited(stream: AsyncIterable<Uint8Array>, maxBytes: number, target: URL): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of stream) {
    size += chunk.length;
    if (size > maxBytes) {
      throw new AuspexError('TOO_LARGE', `The answer of ${placeOf(target)} is longer than ${maxBytes} bytes.`);
    }
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

function explain(error: unknown, target: URL, timeout?: AbortSignal, timeoutMs = 10_000): AuspexError {
  for (let cause: unknown = error; cause instanceof Error; cause = cause.cause) {
    if (cause instanceof AuspexError) return cause;
    if (cause instanceof AggregateError) {
      const own = cause.errors.find((inner) => inner instanceof AuspexError);
      if (own instanceof AuspexError) return own;
    }
  }
  const code = (error as NodeJS.ErrnoException | null)?.code ?? '';
  if (timeout?.aborted === true || code === 'UND_ERR_CONNECT_TIMEOUT') {
    return new AuspexError('TIMEOUT', `${placeOf(target)} did not answer within ${timeoutMs / 1000} s.`, {
      cause: error,
    });
  }
  return unreachable(placeOf(target), error);
}
