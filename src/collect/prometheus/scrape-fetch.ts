import { readFileSync } from 'node:fs';
import { type Readable, pipeline } from 'node:stream';
import { createGunzip } from 'node:zlib';
import type { Dispatcher } from 'undici';
import type { ScrapeTls } from '../../model/scrape.ts';

export interface ScrapeResponse {
  readonly status: number;
  readonly contentType: string;
  /** Decompressed, in pieces; ends with an error when the connection does. */
  readonly body: AsyncIterable<Uint8Array>;
}

/** How a page is fetched; replaced where outgoing addresses have to be checked. */
export type ScrapeFetch = (
  url: string,
  options: {
    readonly headers: Readonly<Record<string, string>>;
    readonly signal: AbortSignal;
    readonly tls: ScrapeTls;
  },
) => Promise<ScrapeResponse>;

/** Redirects that are followed; credentials stay with the first host. */
const MAX_REDIRECTS = 5;

/**
 * Fetches with undici: connections are kept, gzip is undone, redirects are followed. `connect` is undici's own option, by
 * which addresses can be checked when a connection is made. Certificates are read when a job first connects.
 */
export function createScrapeFetch(connect: Record<string, unknown> = {}): ScrapeFetch {
  const dispatchers = new Map<string, Dispatcher>();
  const dispatcherFor = ({ Agent, interceptors }: typeof import('undici'), tls: ScrapeTls): Dispatcher => {
    const key = JSON.stringify(tls);
    const known = dispatchers.get(key);
    if (known !== undefined) return known;
    const made = new Agent({
      connect: {
        ...connect,
        ...(tls.caFile === null ? {} : { ca: readFileSync(tls.caFile) }),
        ...(tls.certFile === null ? {} : { cert: readFileSync(tls.certFile) }),
        ...(tls.keyFile === null ? {} : { key: readFileSync(tls.keyFile) }),
        ...(tls.serverName === null ? {} : { servername: tls.serverName }),
        rejectUnauthorized: !tls.insecureSkipVerify,
      },
    }).compose(interceptors.redirect({ maxRedirections: MAX_REDIRECTS }));
    dispatchers.set(key, made);
    return made;
  };
  return async (url, { headers, signal, tls }) => {
    // Loaded with the first scrape: who scrapes nothing need not hold it.
    const undici = await import('undici');
    const response = await undici.request(url, { headers, signal, dispatcher: dispatcherFor(undici, tls) });
    const encoding = response.headers['content-encoding'];
    return {
      status: response.statusCode,
      contentType: String(response.headers['content-type'] ?? ''),
      body: encoding === 'gzip' ? gunzipped(response.body) : response.body,
    };
  };
}

/** The error of either side ends the other, and reaches the reader. */
function gunzipped(body: Readable): Readable {
  const gunzip = createGunzip();
  pipeline(body, gunzip, () => {});
  return gunzip;
}
