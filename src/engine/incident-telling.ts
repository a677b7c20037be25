import { noRouting, type RoutedEntity, type RouteSubject } from '../decide/routing.ts';
import { escalateIncident, followIncident, type TellContext, type Telling, tellOwnAlert } from '../decide/telling.ts';
import { stableId } from '../decide/stable-id.ts';
import {
  type Alert,
  type Entity,
  type Incident,
  labelsFrom,
  type RecordStore,
  type ServiceGraph,
} from '../model/index.ts';
import type { EntityRegistry } from './entity-registry.ts';
import type { TellPolicy } from './incident-keeper.ts';

/** What routes look at is read from what is known of the hosts and services. */
export function tellContext(
  policy: TellPolicy,
  known: { readonly registry: EntityRegistry; readonly graph: ServiceGraph },
  now: number,
): Omit<TellContext, 'snapshotOf'> {
  const { registry } = known;
  return {
    channels: policy.channels,
    routing: policy.routing ?? noRouting,
    subjectOf: (incident, lead) => subjectOf(incident, lead, known),
    nameOf: (id) => registry.get(id)?.name ?? id,
    now,
  };
}

function subjectOf(
  incident: Incident,
  lead: Alert | null,
  { registry, graph }: { readonly registry: EntityRegistry; readonly graph: ServiceGraph },
): RouteSubject {
  return {
    severity: incident.severity,
    class: incident.class,
    kind: lead?.kind ?? null,
    entities: incident.entityIds.map((id) => {
      const entity = registry.get(id);
      return entity === undefined ? { id, name: id, service: null, labels: [] } : routedEntity(entity, graph);
    }),
  };
}

/** An entity as routes see it: its attributes and the labels that it is known by. */
export function routedEntity(entity: Entity, graph: ServiceGraph): RoutedEntity {
  const service = graph.serviceOf(entity.id);
  const known = entity.aliases.flatMap((alias) => alias.split(',').map(pairOf));
  return {
    id: entity.id,
    name: entity.name,
    service: service === null ? null : graph.nameOf(service),
    labels: labelsFrom([...Object.entries(entity.attributes), ...known, ['kind', entity.kind]]),
  };
}

function pairOf(text: string): [string, string] {
  const at = text.indexOf('=');
  return at < 0 ? [text, ''] : [text.slice(0, at), text.slice(at + 1)];
}

/** What became of incidents of which people were told: worse, over, joined by an alert of ours, taken by nobody. O(incidents told + alerts). */
export function followTold(
  parts: {
    /** Those of which people were told, as they were after the last step. */
    readonly before: ReadonlyMap<string, Incident>;
    readonly open: ReadonlyMap<string, Incident>;
    readonly unstored: readonly Incident[];
    /** Alerts that fire and are held back by nothing but their incident. */
    readonly alerts: readonly Alert[];
  },
  homeOf: (alert: Alert) => Incident | null,
  context: TellContext,
): readonly Telling[] {
  const { before, open, unstored, alerts } = parts;
  const tellings: Telling[] = [];
  const latest = new Map<string, Incident>();
  const now = (incident: Incident): Incident => latest.get(incident.id) ?? open.get(incident.id) ?? incident;
  const take = (telling: Telling | null): void => {
    if (telling === null) return;
    latest.set(telling.incident.id, telling.incident);
    tellings.push(telling);
  };
  for (const incident of unstored) {
    const known = before.get(incident.id);
    if (known === undefined) continue;
    const telling = followIncident(known, now(incident), context);
    if (telling.notifications.length > 0) take(telling);
  }
  if (context.channels.some(({ kind }) => kind === 'alertmanager'))
    for (const alert of alerts) {
      const home = homeOf(alert);
      if (home !== null) take(tellOwnAlert(now(home), alert, context));
    }
  for (const id of before.keys()) {
    const incident = latest.get(id) ?? open.get(id);
    if (incident !== undefined) take(escalateIncident(incident, context));
  }
  return tellings;
}

/** Whom a version before this one told, by the messages that it wrote: they are told of the end too. */
export async function withTold(incident: Incident, records: Pick<RecordStore, 'find'>): Promise<Incident> {
  const { told, toldAt, leadAlertId } = incident;
  if (told !== null || toldAt === null) return incident;
  const key = stableId('told', incident.id, toldAt);
  const where = { kind: 'firing', deduplicationKey: key } as const;
  const { rows } = await records.find('notifications', { where, limit: 100 });
  const channels = rows.flatMap(({ channel, alertId, severity }) =>
    severity === 'none' ? [] : [{ channel, receiver: channel, alertId, severity }],
  );
  return { ...incident, told: { key, signId: leadAlertId ?? '', channels, escalation: null } };
}
