import type { Alert, Notification, NotificationRow, Severity } from '../../model/index.ts';

interface ChannelBase {
  readonly name: string;
  readonly minSeverity: Exclude<Severity, 'none'>;
  /** ms for one try */
  readonly timeout: number;
}

export interface WebhookChannel extends ChannelBase {
  readonly kind: 'webhook';
  readonly url: string;
  readonly secret: string | null;
}

export interface EmailChannel extends ChannelBase {
  readonly kind: 'email';
  readonly host: string;
  readonly port: number;
  readonly tls: 'starttls' | 'implicit' | 'none';
  readonly user: string | null;
  readonly password: string | null;
  readonly from: string;
  readonly to: readonly string[];
}

export interface SlackChannel extends ChannelBase {
  readonly kind: 'slack';
  readonly url: string;
}

export interface TeamsChannel extends ChannelBase {
  readonly kind: 'teams';
  readonly url: string;
}

export interface PagerdutyChannel extends ChannelBase {
  readonly kind: 'pagerduty';
  readonly url: string;
  readonly routingKey: string;
}

export interface AlertmanagerChannel extends ChannelBase {
  readonly kind: 'alertmanager';
  /** Where it answers, without `/api/v2/alerts`. */
  readonly url: string;
  readonly user: string | null;
  readonly password: string | null;
  readonly token: string | null;
}

export type Channel =
  | WebhookChannel
  | EmailChannel
  | SlackChannel
  | TeamsChannel
  | PagerdutyChannel
  | AlertmanagerChannel;

/** What a message is about, for receivers that want it in fields. Only what stays the same from the alert's first message to its last. */
export interface About
  extends Pick<
    Alert,
    'rule' | 'kind' | 'entityId' | 'subject' | 'resource' | 'startedAt' | 'resolvedAt' | 'summary' | 'action'
  > {
  readonly entityName: string;
  /** The entity as Prometheus knows it. */
  readonly instance: string;
}

/** One row of the outbox as it is sent. */
export interface Part extends Notification {
  /** Null for tests, and where the alert's row is gone. */
  readonly about: About | null;
}

/** What one try sends: one or several rows of the outbox. */
export interface Message {
  /** The same for every try of this message: the receiver drops what it has. */
  readonly key: string;
  readonly title: string;
  readonly text: string;
  readonly severity: Severity;
  readonly parts: readonly Part[];
  /** Keys of the messages that this one answers: those that told the beginning of what it tells the end of. */
  readonly answers: readonly string[];
}

/** How a try ended. `refused`: the receiver understood and will not have this message; others may get through. */
export type Delivery =
  | { readonly result: 'delivered'; readonly detail: string }
  | {
      readonly result: 'failed' | 'refused';
      readonly detail: string;
      readonly retryAfterMs?: number;
      /** Ids of the parts that got through all the same, of a receiver that takes them one by one under keys of their own. */
      readonly through?: readonly string[];
    };

export interface Sender {
  send(message: Message, signal: AbortSignal): Promise<Delivery>;
  /** Tells again of what was told and still goes on, for a receiver that forgets; absent where none does. */
  remind?(parts: readonly Part[], signal: AbortSignal): Promise<Delivery>;
  /** Where it goes, without secrets. */
  readonly target: string;
  /** It knows an incident by its key: it can change what it was told, and an end there disturbs nobody. */
  readonly keepsState?: true;
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
