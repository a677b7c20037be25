import {
  type Alert,
  type Incident,
  type IncidentSnapshot,
  type Notification,
  severityRank,
  type ToldChannel,
} from '../model/index.ts';
import { beginEscalation, stepEscalation } from './escalation.ts';
import { noted } from './incident-book.ts';
import { incidentText } from './incident-words.ts';
import { canChange, type ChannelChoice, isLoudEnough, isWayBack } from './messages.ts';
import { routeIncident, type RouteSubject, type Routing, type Target, targetsOf } from './routing.ts';
import { stableId } from './stable-id.ts';

/** Whom there is to tell, and what is known of those an incident is about. */
export interface TellContext {
  readonly channels: readonly ChannelChoice[];
  readonly routing: Routing;
  readonly subjectOf: (incident: Incident, lead: Alert | null) => RouteSubject;
  readonly nameOf: (entityId: string) => string;
  /** What was going on as an incident opened; null where nothing was gathered. */
  readonly snapshotOf: (incidentId: string) => IncidentSnapshot | null;
  readonly now: number;
}

/** An incident after people were told, and the rows of the outbox for it. Ids are stable: what is there already stays. */
export interface Telling {
  readonly incident: Incident;
  readonly notifications: readonly Notification[];
}

/** People are told of an incident for the first time, with the alert that asks for it. */
export function tellIncident(incident: Incident, lead: Alert, context: TellContext): Telling {
  const { routing, now, channels } = context;
  const decision = routeIncident(toldSubject(incident, lead, context), channels, routing, now);
  const targets = decision.targets.filter(({ channel }) => !isWayBack(lead, choiceOf(channel, channels)));
  const policy = routing.escalations.find(({ name }) => name === decision.escalation);
  const told: Incident = {
    ...incident,
    toldAt: now,
    leadAlertId: lead.id,
    told: {
      key: stableId('told', incident.id, now),
      signId: lead.findingId ?? lead.id,
      channels: [],
      escalation: policy === undefined ? null : beginEscalation(policy, now),
    },
  };
  const first = withTargets(told, 'firing', targets, lead, context);
  const text =
    targets.length === 0
      ? `People would be told, since ${sentence(lead.summary)} No channel takes it: it stands on the page only.`
      : `People are told, since ${sentence(lead.summary)} ${whereTo(targets)}`;
  return { ...first, incident: noted(first.incident, now, 'told', text) };
}

/** What an incident of which people were told has become: worse, or over. */
export function followIncident(before: Incident, incident: Incident, context: TellContext): Telling {
  if (incident.told === null) return { incident, notifications: [] };
  if (incident.state === 'resolved') return { incident, notifications: ends(incident, context) };
  const isLouder = severityRank[toldSeverity(incident)] > severityRank[toldSeverity(before)];
  return isLouder ? raised(incident, context) : { incident, notifications: [] };
}

/** Worse than it was told as: channels that want it so are told, and those that can change a message do. */
function raised(incident: Incident, context: TellContext): Telling {
  const { channels, routing, now } = context;
  const { told } = incident;
  if (told === null) return { incident, notifications: [] };
  const subject = toldSubject(incident, null, context);
  const decision = routeIncident(subject, channels, routing, now);
  const known = new Set(told.channels.map(({ channel }) => channel));
  const fresh = decision.targets.filter(
    // An Alertmanager that began it is told of our own alerts alone.
    ({ channel }) => !known.has(channel) && choiceOf(channel, channels).kind !== 'alertmanager',
  );
  const rows = told.channels.flatMap((one): Notification[] => {
    const choice = choiceOf(one.channel, channels);
    // To an Alertmanager the severity is part of the alert's name.
    const severity = choice.kind === 'alertmanager' ? one.severity : subject.severity;
    const again = row('firing', incident, { ...one, severity }, null, context);
    // What still waits is told as it is now; what was told already is changed where that can be.
    return canChange(choice) ? [again, { ...again, id: stableId(again.id, subject.severity) }] : [again];
  });
  const louder = told.channels.map((one) => {
    const isNamed = choiceOf(one.channel, channels).kind === 'alertmanager';
    return isNamed ? one : { ...one, severity: subject.severity };
  });
  const grown = withTargets({ ...incident, told: { ...told, channels: louder } }, 'firing', fresh, null, context);
  const text = `It is ${subject.severity} now. ${whereTo(fresh)}`;
  return {
    incident: fresh.length === 0 ? grown.incident : noted(grown.incident, now, 'told', text),
    notifications: [...rows, ...grown.notifications],
  };
}

/** The end, to those who were told of the beginning. */
function ends(incident: Incident, context: TellContext): readonly Notification[] {
  return (incident.told?.channels ?? [])
    .filter(({ channel }) => context.channels.some(({ name }) => name === channel))
    .map((one) => row('resolved', incident, one, null, context));
}

/**
 * An Alertmanager that began an incident knows its own alerts, and is told of one of Auspex's that is part of it: nobody else could tell it. Null where there is none to tell.
 */
export function tellOwnAlert(incident: Incident, own: Alert, context: TellContext): Telling | null {
  if (incident.told === null || own.kind === 'external') return null;
  const { channels, routing, now } = context;
  const known = new Set(incident.told.channels.map(({ channel }) => channel));
  const targets = routeIncident(toldSubject(incident, own, context), channels, routing, now).targets.filter(
    ({ channel }) => !known.has(channel) && choiceOf(channel, channels).kind === 'alertmanager',
  );
  if (targets.length === 0) return null;
  const telling = withTargets(incident, 'firing', targets, own, context);
  const text = `It began with what Alertmanager reported; this alert of Auspex’s own goes there: ${sentence(own.summary)} ${whereTo(targets)}`;
  return { ...telling, incident: noted(telling.incident, now, 'told', text) };
}

/** What the escalation asks for now; null where nothing is due. */
export function escalateIncident(incident: Incident, context: TellContext): Telling | null {
  const { told } = incident;
  if (told === null || told.escalation === null) return null;
  const { routing, channels, now } = context;
  const move = stepEscalation(told.escalation, routing.escalations, incident, now);
  if (move.kind === 'wait') return null;
  if (move.kind === 'stop')
    return {
      incident: noted({ ...incident, told: { ...told, escalation: null } }, now, 'escalated', move.reason),
      notifications: [],
    };
  const severity = toldSeverity(incident);
  const targets = move.to
    .flatMap((receiver) => targetsOf(receiver, null, routing, severity, now))
    .filter(({ channel }) => channels.some((one) => one.name === channel && isLoudEnough(one, severity)));
  const next: Incident = { ...incident, told: { ...told, escalation: move.state } };
  const telling = withTargets(next, 'escalated', targets, null, context, told.escalation.step);
  const text = `${move.reason} ${targets.length === 0 ? 'No channel of it takes this.' : whereTo(targets)}`;
  return { ...telling, incident: noted(telling.incident, now, 'escalated', text) };
}

/** The severity that people are told: never less than what is critical, else lowered by what they said of those like it. */
export function toldSeverity({ severity, priority }: Pick<Incident, 'severity' | 'priority'>): Incident['severity'] {
  const as = priority?.toldAs ?? 'nobody';
  return severity === 'high' && as === 'medium' ? 'medium' : severity;
}

function toldSubject(incident: Incident, lead: Alert | null, context: TellContext): RouteSubject {
  return { ...context.subjectOf(incident, lead), severity: toldSeverity(incident) };
}

/** Adds channels that were not told yet, and writes their messages. */
function withTargets(
  incident: Incident,
  kind: 'firing' | 'escalated',
  targets: readonly Target[],
  lead: Alert | null,
  context: TellContext,
  step = 0,
): Telling {
  const { told } = incident;
  if (told === null) return { incident, notifications: [] };
  const severity = toldSeverity(incident);
  const alertId = lead?.id ?? incident.leadAlertId;
  const added = targets.map(({ channel, receiver }): ToldChannel => ({ channel, receiver, alertId, severity }));
  const known = new Set(told.channels.map(({ channel }) => channel));
  const channels = [...told.channels, ...added.filter(({ channel }) => !known.has(channel))];
  return {
    incident: { ...incident, told: { ...told, channels } },
    notifications: added.map((one) => {
      const made = row(kind, incident, one, lead, context);
      return kind === 'firing' ? made : { ...made, id: stableId(made.id, step) };
    }),
  };
}

function row(
  kind: Notification['kind'] & ('firing' | 'resolved' | 'escalated'),
  incident: Incident,
  { channel, receiver, alertId, severity }: ToldChannel,
  lead: Alert | null,
  { nameOf, snapshotOf, now }: TellContext,
): Notification {
  const key = incident.told?.key ?? '';
  return {
    id: stableId('notification', key, kind, channel),
    kind,
    alertId,
    incidentId: incident.id,
    channel,
    receiver: receiver === channel ? null : receiver,
    deduplicationKey: key,
    ...incidentText(kind, { incident: { ...incident, severity }, lead, snapshot: snapshotOf(incident.id) }, nameOf),
    severity,
    createdAt: now,
  };
}

function choiceOf(name: string, channels: readonly ChannelChoice[]): Pick<ChannelChoice, 'kind'> {
  return channels.find((one) => one.name === name) ?? {};
}

/** Who is told, in words, with what quiet hours keep back. */
function whereTo(targets: readonly Target[]): string {
  const named = targets.map(({ channel, receiver, quietUntil }) => {
    const by = receiver === channel ? channel : `${channel} (${receiver})`;
    return quietUntil === null ? by : `${by}, after its quiet hours at ${new Date(quietUntil).toISOString()}`;
  });
  return `To ${named.join(', ')}.`;
}

function sentence(text: string): string {
  return /[.!?]$/.test(text) ? text : `${text}.`;
}
