import type { Channel, Sender } from './channel.ts';
import { alertmanagerSender } from './alertmanager.ts';
import { emailSender } from './email.ts';
import { pagerdutySender } from './pagerduty.ts';
import type { SenderParts } from './post-json.ts';
import { slackSender } from './slack.ts';
import { teamsSender } from './teams.ts';
import { webhookSender } from './webhook.ts';

/** The sender for a channel, by its kind. */
export function senderFor(channel: Channel, parts: SenderParts): Sender {
  switch (channel.kind) {
    case 'webhook':
      return webhookSender(channel, parts);
    case 'email':
      return emailSender(channel, parts.outbound);
    case 'slack':
      return slackSender(channel, parts);
    case 'teams':
      return teamsSender(channel, parts);
    case 'pagerduty':
      return pagerdutySender(channel, parts);
    case 'alertmanager':
      return alertmanagerSender(channel, parts);
  }
}
