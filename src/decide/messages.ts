import { type Alert, severityRank } from '../model/index.ts';

/** A channel as far as deciding goes: what is sent to it. */
export interface ChannelChoice {
  readonly name: string;
  readonly minSeverity: Alert['severity'];
  readonly kind?: string;
}

/** Whether a channel takes something this bad. */
export function isLoudEnough(channel: ChannelChoice, severity: Alert['severity']): boolean {
  return severityRank[severity] >= severityRank[channel.minSeverity];
}

/** What another system reported is not sent to where such reports come from: each would send it to the other again. */
export function isWayBack(alert: Pick<Alert, 'kind'>, channel: Pick<ChannelChoice, 'kind'>): boolean {
  return alert.kind === 'external' && channel.kind === 'alertmanager';
}

/** Whether a channel can change what it was told: it knows a message by its key. The others would show a second one. */
export function canChange(channel: Pick<ChannelChoice, 'kind'>): boolean {
  return channel.kind === 'pagerduty' || channel.kind === 'alertmanager';
}
