import {
  type Alert,
  formatDuration,
  formatValue,
  type Incident,
  type IncidentClass,
  incidentClassWords,
  type Notification,
} from '../model/index.ts';
import type { Analysis, Impact } from './incident-analysis.ts';
import { severest } from './incident-book.ts';
import { type ChannelChoice, isWanted } from './messages.ts';
import { stableId } from './stable-id.ts';

/** The incident in one sentence: what, where or by whom. */
export function titleOf(incident: Pick<Incident, 'class' | 'causes' | 'signs'>): string {
  const main = severest(incident.signs);
  const [cause] = incident.causes;
  if (incident.class === 'unknown' || cause === undefined) return main?.summary ?? 'Trouble';
  return incident.class === 'network' && cause.name === 'network'
    ? incidentClassWords.network
    : `${incidentClassWords[incident.class]}: ${cause.name}`;
}

/** How bad it is for those who use what is watched: out of service is critical, felt by somebody high. A limit that a person set keeps the severity that the person gave it. */
export function severityOf(incident: Pick<Incident, 'signs' | 'class'>, impact: Impact | null): Incident['severity'] {
  const open = incident.signs.filter(({ endedAt }) => endedAt === null);
  const worst = severest(open.length > 0 ? open : incident.signs)?.severity ?? 'medium';
  if (impact === null) return worst;
  if (incident.signs.some(({ kind, severity }) => kind === 'alert' && severity === 'critical')) return 'critical';
  if (incident.class === 'telemetry-lost') return 'medium';
  if (impact.isOut) return 'critical';
  if (impact.isFelt) return 'high';
  // What is far from usual and hurts nobody is worth a look, not a night.
  const isLikely = PREVENTIVE.has(incident.class) || incident.signs.some(isAsked);
  return isLikely && worst !== 'medium' ? 'high' : 'medium';
}

/** Rows of the outbox for an incident: one for each channel that wants its severity. Ids are stable. */
export function incidentNotifications(
  kind: 'firing' | 'resolved',
  incident: Incident,
  lead: Alert | null,
  nameOf: (entityId: string) => string,
  channels: readonly ChannelChoice[],
  now: number,
): Notification[] {
  return channels
    .filter((channel) => isWanted(channel, incident.severity, lead))
    .map((channel) => ({
      id: stableId('notification', incident.id, kind, incident.toldAt ?? 0, channel.name),
      kind,
      alertId: incident.leadAlertId,
      channel: channel.name,
      // An incident that ended and came back is told anew.
      deduplicationKey: stableId('told', incident.id, incident.toldAt ?? 0),
      title: `${kind === 'firing' ? incident.severity : 'resolved'}: ${withoutStop(incident.title)}`,
      body: body(kind, incident, lead, nameOf),
      severity: incident.severity,
      createdAt: now,
    }));
}

/** Whether somebody set the limit that was passed, or nobody knows what the figure means. */
export function isAsked({ kind, resource }: Incident['signs'][number]): boolean {
  return kind === 'alert' || resource === 'other';
}

/** Classes that need a person although nobody feels them yet. */
const PREVENTIVE: ReadonlySet<IncidentClass> = new Set([
  'disk-full',
  'memory-leak',
  'resource-limit',
  'bad-configuration',
  'telemetry-lost',
  'clock',
  'security',
]);

/**
 * Why people need not be told of an incident yet: nobody feels it, and it is nothing that breaks by itself. Null where they are to be told, where
 * nobody can say (no figures of known meaning, not looked at yet) and where somebody set the limit that was passed.
 */
export function unfelt(incident: Pick<Incident, 'signs' | 'class' | 'severity'>, impact: Impact | null): string | null {
  if (impact === null || impact.isFelt || incident.severity !== 'medium' || PREVENTIVE.has(incident.class)) return null;
  if (incident.signs.some(isAsked)) return null;
  return 'Nobody feels it so far: no service is slower, fails or is asked less, and no host makes work wait. People are told once that changes.';
}

const SHOWN = 5;

/** What happened, why, what to do. */
function body(
  kind: 'firing' | 'resolved',
  incident: Incident,
  lead: Alert | null,
  nameOf: (id: string) => string,
): string {
  const open = incident.signs.filter(({ endedAt }) => endedAt === null);
  const signs = open.length > 0 ? open : incident.signs;
  const lines = signs.slice(0, SHOWN).map(({ summary }) => `${withoutStop(summary)}.`);
  if (signs.length > SHOWN) lines.push(`And ${signs.length - SHOWN} more signs.`);
  lines.push(
    `Where: ${incident.entityIds.map(nameOf).join(', ')}${lead === null ? '' : `; ${lead.subject}. Rule: ${lead.rule}`}.`,
  );
  if (lead !== null && lead.value !== null && lead.limit !== null)
    lines.push(`Value: ${formatValue(lead.value, lead.unit)}, limit ${formatValue(lead.limit, lead.unit)}.`);
  if (kind === 'resolved') {
    const end = incident.resolvedAt ?? incident.lastAt;
    lines.push(`From ${iso(incident.startedAt)} to ${iso(end)}, ${formatDuration(end - incident.startedAt)}.`);
    return lines.join('\n');
  }
  const [cause] = incident.causes;
  if (cause !== undefined) lines.push(`Most likely behind it: ${cause.name}. ${cause.reasons.join(' ')}`.trimEnd());
  lines.push(`Since: ${iso(incident.startedAt)}.`);
  if (lead !== null && lead.action !== '') lines.push(`What to do: ${withoutStop(lead.action)}.`);
  return lines.join('\n');
}

/** Why the class is what it is, as a sentence. */
export function classReason({ class: found, reasons }: Analysis): string {
  return `${incidentClassWords[found]}${reasons.length === 0 ? '.' : `: ${reasons.join(' ')}`}`;
}

function withoutStop(text: string): string {
  return text.replace(/\.\s*$/, '');
}

function iso(at: number): string {
  return `${new Date(at).toISOString().slice(0, 19).replace('T', ' ')} UTC`;
}
