import {
  type Alert,
  formatDuration,
  formatNumber,
  formatValue,
  type Incident,
  type IncidentClass,
  incidentClassWords,
  type IncidentSnapshot,
} from '../model/index.ts';
import type { Analysis, Counterfactual, Impact } from './incident-analysis.ts';
import { severest } from './incident-book.ts';

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

/** What a message is about: the incident, the alert that asked for it, and what was going on as it opened. */
export interface ToldIncident {
  readonly incident: Incident;
  readonly lead: Alert | null;
  readonly snapshot: IncidentSnapshot | null;
}

/** What would have changed a cause's place, as a sentence. `names` are those of all causes in their order. */
export function counterfactualText(
  { without, times }: Counterfactual,
  names: readonly string[],
  place: number,
): string {
  const [first, second] = names;
  const quoted = without === null ? '' : `“${withoutStop(without)}”`;
  if (place === 0) {
    if (second === undefined) return 'Nothing else around shows evidence of its own.';
    return without === null
      ? 'It would stand first without any single one of its reasons.'
      : `Without ${quoted} ${second} would stand above it.`;
  }
  if (without !== null) return `Without ${quoted} it would stand above ${first}.`;
  return times === null || !Number.isFinite(times)
    ? ''
    : `With ${formatNumber(times)} times the evidence it would stand first.`;
}

/** Title and text of a message about an incident: what happened, why, what to do. */
export function incidentText(
  kind: 'firing' | 'resolved' | 'escalated',
  about: ToldIncident,
  nameOf: (entityId: string) => string,
): { readonly title: string; readonly body: string } {
  const { severity, title } = about.incident;
  const mark = kind === 'firing' ? severity : kind === 'resolved' ? 'resolved' : `${severity}, still open`;
  return { title: `${mark}: ${withoutStop(title)}`, body: body(kind, about, nameOf) };
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

function body(
  kind: 'firing' | 'resolved' | 'escalated',
  { incident, lead, snapshot }: ToldIncident,
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
  if (snapshot !== null && snapshot.summary.length > 0)
    lines.push(`Gathered at ${iso(snapshot.at)}:`, ...snapshot.summary.map((line) => `${withoutStop(line)}.`));
  if (incident.priority?.counterfactual != null) lines.push(incident.priority.reason);
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
