import { createHmac } from 'node:crypto';
import { AuspexError } from '../../errors.ts';
import type { Clock } from '../../model/index.ts';
import type { Outbound } from '../../platform/outbound.ts';
import type { Delivery, Message, Sender, WebhookChannel } from './channel.ts';

/** The body that a webhook gets; documented in docs/internals/alerts.md. */
export interface WebhookBody {
  readonly version: 1;
  readonly key: string;
  readonly status: 'firing' | 'resolved' | 'test';
  readonly title: string;
  readonly text: string;
  readonly severity: string;
  readonly alerts: readonly {
    readonly kind: 'firing' | 'resolved' | 'test';
    readonly alertId: string | null;
    readonly deduplicationKey: string;
    readonly title: string;
    readonly text: string;
    readonly severity: string;
    readonly createdAt: string;
  }[];
}

/** Statuses that speak of the receiver's state, not of the message. */
const passing = new Set([408, 425, 429]);

/** JSON over HTTP POST; signed with HMAC-SHA256 over `<unix seconds>.<body>` where a secret is set. */
export function webhookSender(channel: WebhookChannel, outbound: Outbound, clock: Clock): Sender {
  return {
    target: `${URL.parse(channel.url)?.origin ?? ''}/…`,
    async send(message, signal) {
      const body = JSON.stringify(webhookBody(message));
      const seconds = Math.floor(clock.now() / 1000);
      const headers: Record<string, string> = {
        'content-type': 'application/json',
        'idempotency-key': message.key,
      };
      if (channel.secret !== null) {
        headers['x-auspex-signature'] = `t=${seconds},v1=${sign(channel.secret, seconds, body)}`;
      }
      try {
        const answer = await outbound.request(channel.url, {
          method: 'POST',
          headers,
          body,
          purpose: 'configured',
          timeoutMs: channel.timeout,
          maxBytes: 65_536,
          signal,
        });
        return judge(answer.status, answer.headers['retry-after'], answer.body, clock.now());
      } catch (error) {
        // An answer too long to read is an answer: its status was not seen, so it is tried again.
        return { result: 'failed', detail: AuspexError.from(error).message };
      }
    },
  };
}

/** The signature of one request: hex HMAC-SHA256 of `<unix seconds>.<body>`. */
export function sign(secret: string, seconds: number, body: string): string {
  return createHmac('sha256', secret).update(`${seconds}.${body}`).digest('hex');
}

function webhookBody(message: Message): WebhookBody {
  const kinds = new Set(message.parts.map((part) => part.kind));
  return {
    version: 1,
    key: message.key,
    status: kinds.has('firing') ? 'firing' : kinds.has('resolved') ? 'resolved' : 'test',
    title: message.title,
    text: message.text,
    severity: message.severity,
    alerts: message.parts.map((part) => ({
      kind: part.kind,
      alertId: part.alertId,
      deduplicationKey: part.deduplicationKey,
      title: part.title,
      text: part.body,
      severity: part.severity,
      createdAt: new Date(part.createdAt).toISOString(),
    })),
  };
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
