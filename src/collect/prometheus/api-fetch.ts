import type { Outbound, OutboundTls } from '../../platform/outbound.ts';
import type { ApiFetch } from './api-reader.ts';

const MOST_BYTES = 64 * 1024 * 1024;

/**
 * Calls a server of the configuration by the one way out, with its credentials and certificates; answers are bounded in size and, by
 * the way out's own clock, in time.
 */
export function createApiFetch(
  outbound: Pick<Outbound, 'request'>,
  how: {
    readonly tls: OutboundTls;
    /** The Authorization header's value. */
    readonly authorization: string | null;
    readonly timeoutMs: number;
    readonly maxBytes?: number;
    /** Ends what is under way. */
    readonly stop?: AbortSignal;
  },
): ApiFetch {
  return async (url, { headers }) => {
    const { status, body } = await outbound.request(url, {
      headers: { ...headers, ...(how.authorization === null ? {} : { authorization: how.authorization }) },
      ...(how.stop === undefined ? {} : { signal: how.stop }),
      purpose: 'configured',
      timeoutMs: how.timeoutMs,
      maxBytes: how.maxBytes ?? MOST_BYTES,
      tls: how.tls,
    });
    return { status, text: () => Promise.resolve(Buffer.from(body).toString('utf8')) };
  };
}
