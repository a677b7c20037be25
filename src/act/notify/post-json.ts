import { AuspexError } from '../../errors.ts';
import type { Clock } from '../../model/index.ts';
import type { Outbound } from '../../platform/outbound.ts';
import type { Delivery } from './channel.ts';

/** What a sender over HTTP needs of the house. */
export interface SenderParts {
  readonly outbound: Outbound;
  readonly clock: Clock;
  /** Where people open the page, without a slash at its end; null where the configuration does not say. */
  readonly pageUrl: string | null;
}

/** Statuses that speak of the receiver's state, not of the message. */
const passing = new Set([408, 425, 429]);

/** One POST of JSON as a try: 2xx delivered; other 3xx and 4xx refused; what may pass, with Retry-After, failed. Never rejects. */
export async function postJson(
  { outbound, clock }: Pick<SenderParts, 'outbound' | 'clock'>,
  post: {
    readonly url: string;
    readonly body: string;
    readonly headers?: Readonly<Record<string, string>>;
    readonly timeoutMs: number;
    readonly signal: AbortSignal;
  },
): Promise<Delivery> {
  try {
    const answer = await outbound.request(post.url, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...post.headers },
      body: post.body,
      purpose: 'configured',
      timeoutMs: post.timeoutMs,
      maxBytes: 65_536,
      signal: post.signal,
    });
    return judge(answer.status, answer.headers['retry-after'], answer.body, clock.now());
  } catch (error) {
    // An answer too long to read is an answer: its status was not seen, so it is tried again.
    return { result: 'failed', detail: AuspexError.from(error).message };
  }
}

/** Of an address what may be shown: its path may be the secret. */
export function targetOf(url: string): string {
  return `${URL.parse(url)?.origin ?? ''}/…`;
}

function judge(status: number, retryAfter: unknown, body: Uint8Array, now: number): Delivery {
  if (status >= 200 && status < 300) return { result: 'delivered', detail: `HTTP ${status}` };
  const text = Buffer.from(body).toString('utf8').replaceAll(/\s+/g, ' ').trim().slice(0, 200);
  const detail = `HTTP ${status}${text === '' ? '' : `: ${text}`}`;
  const isRefusal = status >= 300 && status < 500 && !passing.has(status);
  return { result: isRefusal ? 'refused' : 'failed', detail, ...waitOf(retryAfter, now) };
}

function waitOf(retryAfter: unknown, now: number): { retryAfterMs?: number } {
  if (typeof retryAfter !== 'string') return {};
  const ms = /^\d+$/.test(retryAfter) ? Number(retryAfter) * 1000 : Date.parse(retryAfter) - now;
  return Number.isFinite(ms) && ms > 0 ? { retryAfterMs: Math.min(ms, 3_600_000) } : {};
}
