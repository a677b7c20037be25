import type { Outbound, OutboundTls } from '../../platform/outbound.ts';
import type { ApiFetch } from './api-reader.ts';

const MOST_BYTES = 64 * 1024 * 1024;

/** Calls a server of the configuration by the one way out, with its credentials and certificates; answers are bounded. */
export function createApiFetch(
  outbound: Pick<Outbound, 'request'>,
  how: {
    readonly tls: OutboundTls;
    /** The Authorization header's value. */
    readonly authorization: string | null;
    readonly timeoutMs: number;
    readonly maxBytes?: number;
  },
): ApiFetch {
  return async (url, { headers, signal }) => {
    const { status, body } = await outbound.request(url, {
      headers: { ...headers, ...(how.authorization === null ? {} : { authorization: how.authorization }) },
      signal,
      purpose: 'configured',
      timeoutMs: how.timeoutMs,
      maxBytes: how.maxBytes ?? MOST_BYTES,
      tls: how.tls,
    });
    return { status, text: () => Promise.resolve(Buffer.from(body).toString('utf8')) };
  };
}
