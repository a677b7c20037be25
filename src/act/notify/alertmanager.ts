import { OWN_LABEL } from '../../model/index.ts';
import type { AlertmanagerChannel, Message, Part, Sender } from './channel.ts';
import { postJson, type SenderParts, targetOf } from './post-json.ts';
import { shorten } from './shorten.ts';

/**
 * How long Alertmanager holds what it was told last. It is reminded every minute; the hour is for the time in which Auspex
 * is not there to remind it: a restart must not look like an all-clear, and an Auspex that is gone for good must not keep
 * its last alerts firing.
 */
const HOLDS_MS = 3_600_000;
const TEST_HOLDS_MS = 5 * 60_000;
const LABEL = 1000;
const ANNOTATION = 4000;

/** One of Alertmanager's alerts, as `POST /api/v2/alerts` takes it. */
export interface PostedAlert {
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
  readonly startsAt: string;
  readonly endsAt: string;
  readonly generatorURL?: string;
}

/** Alertmanager's API v2. It knows an alert by its labels, which are the same at its beginning and its end; a repeat changes nothing. */
export function alertmanagerSender(channel: AlertmanagerChannel, parts: SenderParts): Sender {
  const url = `${channel.url.replace(/\/+$/, '')}/api/v2/alerts`;
  const post = (told: readonly Part[], signal: AbortSignal) =>
    postJson(parts, {
      url,
      body: JSON.stringify(told.map((part) => postedAlert(part, parts.clock.now(), parts.pageUrl))),
      headers: authorizationOf(channel),
      timeoutMs: channel.timeout,
      signal,
    });
  return {
    target: targetOf(channel.url),
    keepsState: true,
    send: (message, signal) => post(lastWords(message), signal),
    remind: post,
  };
}

export function postedAlert(part: Part, now: number, pageUrl: string | null): PostedAlert {
  const { about } = part;
  const endsAt =
    part.kind === 'resolved'
      ? Math.min(about?.resolvedAt ?? part.createdAt, now)
      : now + (part.kind === 'test' ? TEST_HOLDS_MS : HOLDS_MS);
  // Both ends in whole milliseconds and in order: Alertmanager refuses an end before the beginning.
  const startsAt = Math.min(about?.startedAt ?? part.createdAt, endsAt);
  return {
    labels: filled(labelsOf(part), LABEL),
    annotations: filled(
      { summary: about?.summary ?? part.title, description: part.body, action: about?.action ?? '' },
      ANNOTATION,
    ),
    startsAt: new Date(startsAt).toISOString(),
    endsAt: new Date(endsAt).toISOString(),
    ...(pageUrl === null ? {} : { generatorURL: pageUrl }),
  };
}

/** What is the same at every telling of one alert. `auspex_kind` also tells Auspex its own where Alertmanager sends it back. */
function labelsOf({ about, severity, deduplicationKey, kind }: Part): Record<string, string> {
  if (about === null)
    return {
      alertname: kind === 'test' ? 'AuspexTest' : 'AuspexAlert',
      severity,
      job: 'auspex',
      key: deduplicationKey,
      [OWN_LABEL]: 'unknown',
    };
  return {
    alertname: about.rule,
    severity,
    instance: about.instance,
    job: 'auspex',
    entity: about.entityId,
    subject: about.subject,
    resource: about.resource,
    [OWN_LABEL]: about.kind,
  };
}

/** Of an alert that began and ended within one message its end: two states of one label set in one request would be one by chance. */
function lastWords(message: Message): readonly Part[] {
  const over = new Set(message.parts.filter((part) => part.kind === 'resolved').map((part) => part.deduplicationKey));
  return message.parts.filter((part) => part.kind === 'resolved' || !over.has(part.deduplicationKey));
}

/** Without what is empty: to Prometheus an empty label is none. */
function filled(pairs: Readonly<Record<string, string>>, limit: number): Record<string, string> {
  return Object.fromEntries(
    Object.entries(pairs).flatMap(([name, value]) => (value === '' ? [] : [[name, shorten(value, limit)]])),
  );
}

function authorizationOf({ user, password, token }: AlertmanagerChannel): Record<string, string> {
  if (token !== null) return { authorization: `Bearer ${token}` };
  if (user === null) return {};
  return { authorization: `Basic ${Buffer.from(`${user}:${password ?? ''}`).toString('base64')}` };
}
