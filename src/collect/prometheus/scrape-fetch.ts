import { readFileSync } from 'node:fs';
import { type Readable, pipeline } from 'node:stream';
import { createGunzip } from 'node:zlib';
import { AuspexError } from '../../errors.ts';
import type { ScrapeTls } from '../../model/scrape.ts';
import type { Outbound, OutboundTls } from '../../platform/outbound.ts';

export interface ScrapeResponse {
  readonly status: number;
  readonly contentType: string;
  /** The answer's `Date`, ms; NaN without one, and where a cache has kept the answer. */
  readonly date: number;
  /** Decompressed, in pieces; ends with an error when the connection does. */
  readonly body: AsyncIterable<Uint8Array>;
}

/** How a page is fetched; replaced in tests. */
export type ScrapeFetch = (
  url: string,
  options: {
    readonly headers: Readonly<Record<string, string>>;
    readonly signal: AbortSignal;
    readonly tls: ScrapeTls;
  },
) => Promise<ScrapeResponse>;

/** Redirects that are followed; credentials stay with the first origin. */
const MAX_REDIRECTS = 5;
const MOST_RATIO = 200;
const UNJUDGED_BYTES = 256 * 1024;

/**
 * Fetches through the one way out: connections are kept, gzip is undone, redirects are followed. The target stands in the
 * configuration and may be private; what it redirects to has to be public or listed. Certificates are read when a job
 * first connects.
 */
export function createScrapeFetch(outbound: Pick<Outbound, 'open'>): ScrapeFetch {
  const certificates = new Map<string, OutboundTls>();
  const tlsOf = (tls: ScrapeTls): OutboundTls => {
    const key = JSON.stringify(tls);
    const known = certificates.get(key);
    if (known !== undefined) return known;
    const read = {
      ...(tls.caFile === null ? {} : { ca: readFileSync(tls.caFile, 'utf8') }),
      ...(tls.certFile === null ? {} : { cert: readFileSync(tls.certFile, 'utf8') }),
      ...(tls.keyFile === null ? {} : { key: readFileSync(tls.keyFile, 'utf8') }),
      ...(tls.serverName === null ? {} : { servername: tls.serverName }),
      rejectUnauthorized: !tls.insecureSkipVerify,
    };
    certificates.set(key, read);
    return read;
  };
  return async (url, { headers, signal, tls }) => {
    const answer = await outbound.open(url, {
      headers,
      signal,
      tls: tlsOf(tls),
      purpose: 'configured',
      redirects: MAX_REDIRECTS,
    });
    const encoding = answer.headers['content-encoding'];
    return {
      status: answer.status,
      contentType: String(answer.headers['content-type'] ?? ''),
      date: answer.headers['age'] === undefined ? Date.parse(String(answer.headers['date'])) : Number.NaN,
      body: encoding === 'gzip' ? gunzipped(answer.body) : answer.body,
    };
  };
}

/**
 * The error of either side ends the other, and reaches the reader. A page of metrics becomes ten to twenty times shorter
 * by gzip; one that unpacks to far more was made to fill memory, and is given up with its first quarter of a megabyte.
 */
async function* gunzipped(body: Readable): AsyncGenerator<Uint8Array> {
  const gunzip = createGunzip();
  pipeline(body, gunzip, () => {});
  let unpacked = 0;
  try {
    for await (const piece of gunzip as AsyncIterable<Buffer>) {
      unpacked += piece.length;
      if (unpacked > UNJUDGED_BYTES && unpacked > MOST_RATIO * gunzip.bytesWritten) {
        throw new AuspexError('TOO_LARGE', `the page unpacks to more than ${MOST_RATIO} times its size`);
      }
      yield piece;
    }
  } finally {
    gunzip.destroy();
  }
}
