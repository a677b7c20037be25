import { createHmac } from 'node:crypto';
import type { Message, Sender, WebhookChannel } from './channel.ts';
import { postJson, type SenderParts, targetOf } from './post-json.ts';

/** The body that a webhook gets; documented in docs/guides/notification.md. */
export interface WebhookBody {
  readonly version: 1;
  readonly key: string;
  readonly status: 'firing' | 'resolved' | 'test';
  readonly title: string;
  readonly text: string;
  readonly severity: string;
  readonly alerts: readonly {
    readonly kind: 'firing' | 'resolved' | 'test' | 'escalated';
    readonly alertId: string | null;
    readonly deduplicationKey: string;
    readonly title: string;
    readonly text: string;
    readonly severity: string;
    readonly createdAt: string;
  }[];
}

/** JSON over HTTP POST; signed with HMAC-SHA256 over `<unix seconds>.<body>` where a secret is set. */
export function webhookSender(channel: WebhookChannel, parts: SenderParts): Sender {
  return {
    target: targetOf(channel.url),
    async send(message, signal) {
      const body = JSON.stringify(webhookBody(message));
      const seconds = Math.floor(parts.clock.now() / 1000);
      const headers: Record<string, string> = { 'idempotency-key': message.key };
      if (channel.secret !== null) {
        headers['x-auspex-signature'] = `t=${seconds},v1=${sign(channel.secret, seconds, body)}`;
      }
      return await postJson(parts, { url: channel.url, body, headers, timeoutMs: channel.timeout, signal });
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
    status: kinds.has('firing') || kinds.has('escalated') ? 'firing' : kinds.has('resolved') ? 'resolved' : 'test',
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
