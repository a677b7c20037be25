import type { Notification, NotificationRow, Severity } from '../../model/index.ts';

export interface WebhookChannel {
  readonly kind: 'webhook';
  readonly name: string;
  readonly minSeverity: Exclude<Severity, 'none'>;
  /** ms for one try */
  readonly timeout: number;
  readonly url: string;
  readonly secret: string | null;
}

export interface EmailChannel {
  readonly kind: 'email';
  readonly name: string;
  readonly minSeverity: Exclude<Severity, 'none'>;
  readonly timeout: number;
  readonly host: string;
  readonly port: number;
  readonly tls: 'starttls' | 'implicit' | 'none';
  readonly user: string | null;
  readonly password: string | null;
  readonly from: string;
  readonly to: readonly string[];
}

export type Channel = WebhookChannel | EmailChannel;

/** What one try sends: one or several rows of the outbox. */
export interface Message {
  /** The same for every try of this message: the receiver drops what it has. */
  readonly key: string;
  readonly title: string;
  readonly text: string;
  readonly severity: Severity;
  readonly parts: readonly Notification[];
  /** Keys of the messages that this one answers: those that told the beginning of what it tells the end of. */
  readonly answers: readonly string[];
}

/** How a try ended. `refused`: the receiver understood and will not have this message; others may get through. */
export type Delivery =
  | { readonly result: 'delivered'; readonly detail: string }
  | { readonly result: 'failed' | 'refused'; readonly detail: string; readonly retryAfterMs?: number };

export interface Sender {
  send(message: Message, signal: AbortSignal): Promise<Delivery>;
  /** Where it goes, without secrets. */
  readonly target: string;
}

/** A message as it waits in the outbox. Alerts that begin within `groupMs` of the first go out together. */
export function outboxRow(notification: Notification, groupMs: number): NotificationRow {
  return {
    ...notification,
    state: 'waiting',
    tries: 0,
    nextTryAt: notification.createdAt + groupMs,
    lastError: null,
    deliveredAt: null,
  };
}
