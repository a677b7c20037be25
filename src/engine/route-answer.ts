import { noRouting, routeIncident, type RouteDecision, type RouteSubject } from '../decide/routing.ts';
import { isWayBack } from '../decide/messages.ts';
import { toldSeverity } from '../decide/telling.ts';
import { AuspexError } from '../errors.ts';
import {
  type Alert,
  type Clock,
  type Incident,
  type IncidentClass,
  labelsFrom,
  type ServiceGraph,
} from '../model/index.ts';
import type { EntityRegistry } from './entity-registry.ts';
import type { TellPolicy } from './incident-keeper.ts';
import { routedEntity, tellContext } from './incident-telling.ts';

/** An incident that is open, or one as it might be. */
export interface RouteQuestion {
  readonly incident?: Incident | undefined;
  readonly severity?: Incident['severity'] | undefined;
  readonly class?: IncidentClass | undefined;
  readonly kind?: Alert['kind'] | undefined;
  readonly service?: string | undefined;
  /** Id or name. */
  readonly entity?: string | undefined;
  readonly labels?: Readonly<Record<string, string>> | undefined;
  /** When, ms UTC; now unless told. */
  readonly at?: number | undefined;
}

export interface RouteAnswer extends RouteDecision {
  readonly severity: Incident['severity'];
  readonly at: number;
  /** Who would be told next while nobody takes it. */
  readonly steps: readonly { readonly afterMs: number; readonly to: readonly string[] }[];
}

/** Whom an incident would reach, by the same rules as when it is told. @throws AuspexError NOT_FOUND where nothing of that name is watched. */
export function routeAnswer(
  question: RouteQuestion,
  parts: {
    readonly policy: TellPolicy;
    readonly registry: EntityRegistry;
    readonly graph: ServiceGraph;
    readonly clock: Clock;
  },
): RouteAnswer {
  const { policy, clock } = parts;
  const at = question.at ?? clock.now();
  const routing = policy.routing ?? noRouting;
  const subject = subjectOf(question, parts, at);
  const decision = routeIncident(subject, policy.channels, routing, at);
  const isBack = (name: string): boolean =>
    subject.kind !== null && isWayBack({ kind: subject.kind }, policy.channels.find((one) => one.name === name) ?? {});
  return {
    ...decision,
    targets: decision.targets.filter(({ channel }) => !isBack(channel)),
    left: [
      ...decision.left,
      ...decision.targets
        .filter(({ channel }) => isBack(channel))
        .map(({ channel }) => ({ channel, reason: 'Alertmanager’s own alerts are not sent back to it.' })),
    ],
    severity: subject.severity,
    at,
    steps: routing.escalations.find(({ name }) => name === decision.escalation)?.steps ?? [],
  };
}

function subjectOf(
  question: RouteQuestion,
  known: { readonly policy: TellPolicy; readonly registry: EntityRegistry; readonly graph: ServiceGraph },
  at: number,
): RouteSubject {
  const { policy, registry, graph } = known;
  const { incident, severity, class: kindOfTrouble, kind, service, entity, labels } = question;
  const base =
    incident === undefined
      ? { severity: 'high' as const, class: 'unknown' as const, kind: null, entities: [] }
      : { ...tellContext(policy, known, at).subjectOf(incident, null), severity: toldSeverity(incident) };
  const named = entity === undefined ? undefined : registry.find(entity);
  if (entity !== undefined && named === undefined)
    throw new AuspexError('NOT_FOUND', `No host or service has the id or name “${entity}”.`);
  const given =
    named === undefined && service === undefined && labels === undefined
      ? []
      : [asGiven(named === undefined ? undefined : routedEntity(named, graph), service, labels)];
  return {
    severity: severity ?? base.severity,
    class: kindOfTrouble ?? base.class,
    kind: kind ?? base.kind,
    entities: [...base.entities, ...given],
  };
}

function asGiven(
  known: ReturnType<typeof routedEntity> | undefined,
  service: string | undefined,
  labels: Readonly<Record<string, string>> | undefined,
): RouteSubject['entities'][number] {
  const pairs: [string, string][] = [];
  for (let i = 0; i < (known?.labels.length ?? 0); i += 2)
    pairs.push([known?.labels[i] ?? '', known?.labels[i + 1] ?? '']);
  return {
    id: known?.id ?? '',
    name: known?.name ?? '',
    service: service ?? known?.service ?? null,
    labels: labelsFrom([...pairs, ...Object.entries(labels ?? {})]),
  };
}
