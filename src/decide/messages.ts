import { type Alert, severityRank } from '../model/index.ts';

/** A channel as far as deciding goes: what is sent to it. */
export interface ChannelChoice {
  readonly name: string;
  readonly minSeverity: Alert['severity'];
  readonly kind?: string;
}

/** Whether a channel is told of something this bad. */
export function isWanted(channel: ChannelChoice, severity: Alert['severity'], lead: Alert | null): boolean {
  return severityRank[severity] >= severityRank[channel.minSeverity] && !(lead !== null && isWayBack(lead, channel));
}

/** What another system reported is not sent to where such reports come from: each would send it to the other again. */
function isWayBack(alert: Alert, channel: ChannelChoice): boolean {
  return alert.kind === 'external' && channel.kind === 'alertmanager';
}
