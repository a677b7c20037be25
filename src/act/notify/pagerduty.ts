import type { Severity } from '../../model/index.ts';
import type { Delivery, Message, PagerdutyChannel, Part, Sender } from './channel.ts';
import { inOrder } from './about.ts';
import { postJson, type SenderParts, targetOf } from './post-json.ts';
import { shorten } from './shorten.ts';

/* Limits of the Events API v2, https://developer.pagerduty.com/docs/events-api-v2-overview */
const SUMMARY = 1024;
const KEY = 255;
const DETAIL = 8000;

const severities: Readonly<Record<Severity, string>> = {
  none: 'info',
  medium: 'warning',
  high: 'error',
  critical: 'critical',
};

type Event = Readonly<Record<string, unknown>>;

/**
 * PagerDuty's Events API v2: an event for each alert, not for each message. PagerDuty tells a repeat by `dedup_key`, which
 * is the alert's own; so of a message whose third event failed, the first two are done and the rest goes out again as it was.
 */
export function pagerdutySender(channel: PagerdutyChannel, parts: SenderParts): Sender {
  const post = (event: Event, signal: AbortSignal): Promise<Delivery> =>
    postJson(parts, { url: channel.url, body: JSON.stringify(event), timeoutMs: channel.timeout, signal });
  return {
    target: targetOf(channel.url),
    keepsState: true,
    async send(message, signal) {
      const through: string[] = [];
      let refused: Delivery | null = null;
      for (const part of inOrder(message.parts)) {
        const outcome = await sendPart(part, signal);
        if (outcome.result === 'delivered') through.push(part.id);
        else if (outcome.result === 'refused') refused ??= outcome;
        else return { ...outcome, detail: told(outcome, message), through };
      }
      if (refused !== null) return { ...refused, detail: told(refused, message), through };
      return {
        result: 'delivered',
        detail: `HTTP 202, ${through.length} ${through.length === 1 ? 'event' : 'events'}`,
      };

      function told({ detail }: Delivery, { parts: all }: Message): string {
        return all.length === 1 ? detail : `${detail} (${through.length} of ${all.length} events taken)`;
      }
    },
  };

  async function sendPart(part: Part, signal: AbortSignal): Promise<Delivery> {
    const first = await post(pagerdutyEvent(part, channel.routingKey, parts.pageUrl), signal);
    // A test must show up and wake nobody for long.
    return part.kind === 'test' && first.result === 'delivered'
      ? await post(pagerdutyEvent({ ...part, kind: 'resolved' }, channel.routingKey, parts.pageUrl), signal)
      : first;
  }
}

export function pagerdutyEvent(part: Part, routingKey: string, pageUrl: string | null): Event {
  const { about } = part;
  const common = {
    routing_key: routingKey,
    event_action: part.kind === 'resolved' ? 'resolve' : 'trigger',
    dedup_key: part.deduplicationKey.slice(0, KEY),
  };
  if (part.kind === 'resolved') return common;
  return {
    ...common,
    payload: {
      summary: shorten(part.title, SUMMARY),
      source: about?.entityName ?? 'Auspex',
      severity: severities[part.severity],
      timestamp: new Date(about?.startedAt ?? part.createdAt).toISOString(),
      ...(about === null ? {} : { component: about.subject, group: about.entityName, class: about.rule }),
      custom_details: {
        text: shorten(part.body, DETAIL),
        ...(about === null
          ? {}
          : {
              rule: about.rule,
              kind: about.kind,
              entity: about.entityId,
              subject: about.subject,
              resource: about.resource,
              action: about.action,
            }),
      },
    },
    client: 'Auspex',
    ...(pageUrl === null ? {} : { client_url: pageUrl, links: [{ href: pageUrl, text: 'Open Auspex' }] }),
  };
}
