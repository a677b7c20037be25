import { type Alert, formatDuration, formatValue, type Notification } from '../model/index.ts';
import { stableId } from './stable-id.ts';

/** A channel as far as deciding goes: what is sent to it. */
export interface ChannelChoice {
  readonly name: string;
  readonly minSeverity: Alert['severity'];
  readonly kind?: string;
}

const rank: Readonly<Record<Alert['severity'], number>> = { medium: 1, high: 2, critical: 3 };

/** The rows of the outbox for one alert: one for each channel that wants its severity. Ids are stable. */
export function notificationsFor(
  kind: 'firing' | 'resolved',
  alert: Alert,
  entityName: string,
  channels: readonly ChannelChoice[],
  now: number,
): Notification[] {
  return channels
    .filter((channel) => rank[alert.severity] >= rank[channel.minSeverity] && !isWayBack(alert, channel))
    .map((channel) => ({
      id: stableId('notification', alert.id, kind, channel.name),
      kind,
      alertId: alert.id,
      channel: channel.name,
      deduplicationKey: alert.id,
      title: title(kind, alert, entityName),
      body: body(kind, alert, entityName),
      severity: alert.severity,
      createdAt: now,
    }));
}

/** What another system reported is not sent to where such reports come from: each would send it to the other again. */
function isWayBack(alert: Alert, channel: ChannelChoice): boolean {
  return alert.kind === 'external' && channel.kind === 'alertmanager';
}

function title(kind: 'firing' | 'resolved', alert: Alert, entityName: string): string {
  return `${kind === 'firing' ? alert.severity : 'resolved'}: ${entityName}: ${withoutStop(alert.summary)}`;
}

/** What happened, why, what to do. */
function body(kind: 'firing' | 'resolved', alert: Alert, entityName: string): string {
  const lines = [`${withoutStop(alert.summary)}.`, `Where: ${entityName}, ${alert.subject}. Rule: ${alert.rule}.`];
  if (alert.value !== null && alert.limit !== null) {
    lines.push(`Value: ${formatValue(alert.value, alert.unit)}, limit ${formatValue(alert.limit, alert.unit)}.`);
  }
  if (kind === 'firing') {
    lines.push(`Since: ${iso(alert.startedAt)}.`);
    if (alert.action !== '') lines.push(`What to do: ${withoutStop(alert.action)}.`);
  } else {
    const end = alert.resolvedAt ?? alert.lastAt;
    lines.push(`From ${iso(alert.startedAt)} to ${iso(end)}, ${formatDuration(end - alert.startedAt)}.`);
  }
  return lines.join('\n');
}

function withoutStop(text: string): string {
  return text.replace(/\.\s*$/, '');
}

function iso(at: number): string {
  return `${new Date(at).toISOString().slice(0, 19).replace('T', ' ')} UTC`;
}
