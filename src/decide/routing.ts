import {
  type Alert,
  anchoredRegex,
  type Incident,
  type IncidentClass,
  type Labels,
  labelValue,
  type Matcher,
} from '../model/index.ts';
import type { EscalationPolicy } from './escalation.ts';
import { type ChannelChoice, isLoudEnough } from './messages.ts';
import { endOfHours, type WeekHours, withinHours } from './routing-hours.ts';

/** People and channels under one name, with the hours in which only what is critical disturbs them. */
export interface Receiver {
  readonly name: string;
  /** Channels, and receivers that are part of it; never a circle. */
  readonly to: readonly string[];
  readonly quiet: readonly WeekHours[];
  readonly timeZone: string;
}

/** Whom an incident reaches. What is empty matches all. */
export interface Route {
  readonly name: string;
  readonly severity: readonly Incident['severity'][];
  readonly class: readonly IncidentClass[];
  readonly kind: readonly Alert['kind'][];
  /** Services or jobs. */
  readonly service: readonly string[];
  /** Hosts, services or targets, by id or name. */
  readonly entity: readonly string[];
  readonly match: readonly Matcher[];
  readonly hours: readonly WeekHours[];
  readonly timeZone: string;
  readonly to: readonly string[];
  /** Whether the routes after it are looked at too. */
  readonly continue: boolean;
  readonly escalation: string | null;
}

export interface Routing {
  readonly receivers: readonly Receiver[];
  readonly routes: readonly Route[];
  readonly escalations: readonly EscalationPolicy[];
}

export const noRouting: Routing = { receivers: [], routes: [], escalations: [] };

/** What a route looks at. */
export interface RouteSubject {
  readonly severity: Incident['severity'];
  readonly class: IncidentClass;
  /** Of the alert that asks; null where nobody said. */
  readonly kind: Alert['kind'] | null;
  readonly entities: readonly RoutedEntity[];
}

export interface RoutedEntity {
  readonly id: string;
  readonly name: string;
  readonly service: string | null;
  readonly labels: Labels;
}

/** A channel that is reached, by which receiver. */
export interface Target {
  readonly channel: string;
  /** As the route or the escalation names it. */
  readonly receiver: string;
  /** The route; null without any. */
  readonly route: string | null;
  /** Quiet hours keep the message until then; null where it goes at once. */
  readonly quietUntil: number | null;
}

export interface RouteDecision {
  readonly targets: readonly Target[];
  readonly escalation: string | null;
  /** Every route that was looked at, in order, with why it held or not. */
  readonly looked: readonly { readonly route: string; readonly holds: boolean; readonly reason: string }[];
  /** Channels that a route names and that are not told all the same. */
  readonly left: readonly { readonly channel: string; readonly reason: string }[];
}

/**
 * Whom an incident reaches: the receivers of the first route that holds, and of those after it while they say `continue`. Without routes, or where none holds,
 * every channel: what nobody routed must not be lost. A channel that is reached twice is told once, by whoever is awake. Pure.
 * O(routes × (conditions × entities)).
 */
export function routeIncident(
  subject: RouteSubject,
  channels: readonly ChannelChoice[],
  routing: Routing,
  at: number,
): RouteDecision {
  const looked: { route: string; holds: boolean; reason: string }[] = [];
  const reached: Target[] = [];
  let escalation: string | null = null;
  for (const route of routing.routes) {
    const fault = whyNot(route, subject, at);
    looked.push({ route: route.name, holds: fault === null, reason: fault ?? 'Everything that it asks for holds.' });
    if (fault !== null) continue;
    for (const receiver of route.to) reached.push(...targetsOf(receiver, route.name, routing, subject.severity, at));
    escalation ??= route.escalation;
    if (!route.continue) break;
  }
  if (!looked.some(({ holds }) => holds))
    reached.push(...channels.map(({ name }) => ({ channel: name, receiver: name, route: null, quietUntil: null })));
  const left: { channel: string; reason: string }[] = [];
  const targets = awakeFirst(reached).filter(({ channel }) => {
    const choice = channels.find(({ name }) => name === channel);
    if (choice !== undefined && isLoudEnough(choice, subject.severity)) return true;
    left.push({
      channel,
      reason: choice === undefined ? 'There is no such channel.' : `It takes what is ${choice.minSeverity} or worse.`,
    });
    return false;
  });
  return { targets, escalation, looked, left };
}

/** The channels behind a receiver. */
export function targetsOf(
  receiver: string,
  route: string | null,
  routing: Routing,
  severity: Incident['severity'],
  at: number,
): readonly Target[] {
  const walk = (name: string, quietUntil: number | null, above: readonly string[]): Target[] => {
    const known = routing.receivers.find((one) => one.name === name);
    if (known === undefined) return [{ channel: name, receiver, route, quietUntil }];
    if (above.includes(name)) return [];
    const own = severity === 'critical' ? null : endOfHours(known.quiet, known.timeZone, at);
    const until = own === null || quietUntil === null ? (own ?? quietUntil) : Math.max(own, quietUntil);
    return known.to.flatMap((part) => walk(part, until, [...above, name]));
  };
  return awakeFirst(walk(receiver, null, []));
}

/** Until when a message to a channel by a receiver waits; null where it goes at once, as where the receiver is gone. */
export function quietUntil(
  about: { readonly receiver: string; readonly channel: string; readonly severity: Incident['severity'] },
  routing: Routing,
  at: number,
): number | null {
  const { receiver, channel, severity } = about;
  return targetsOf(receiver, null, routing, severity, at).find((one) => one.channel === channel)?.quietUntil ?? null;
}

/** Each channel once: as it is soonest told. */
function awakeFirst(targets: readonly Target[]): readonly Target[] {
  const byChannel = new Map<string, Target>();
  for (const target of targets) {
    const known = byChannel.get(target.channel);
    if (known === undefined || (known.quietUntil ?? 0) > (target.quietUntil ?? 0))
      byChannel.set(target.channel, target);
  }
  return [...byChannel.values()];
}

/** Why a route does not hold, as a sentence; null where it does. */
function whyNot(route: Route, subject: RouteSubject, at: number): string | null {
  const { severity, class: kindOfTrouble, kind, entities } = subject;
  if (!isAmong(severity, route.severity)) return `It is for ${either(route.severity)}, this is ${severity}.`;
  if (!isAmong(kindOfTrouble, route.class))
    return `It is for the class ${either(route.class)}, this is ${kindOfTrouble}.`;
  if (route.kind.length > 0 && (kind === null || !route.kind.includes(kind)))
    return `It is for alerts of the kind ${either(route.kind)}, this is ${kind ?? 'of none'}.`;
  const services = entities.flatMap(({ service }) => service ?? []);
  if (route.service.length > 0 && !route.service.some((one) => services.includes(one)))
    return `It is for ${either(route.service)}, this is about ${either(services) || 'no service'}.`;
  if (
    route.entity.length > 0 &&
    !entities.some(({ id, name }) => route.entity.includes(id) || route.entity.includes(name))
  )
    return `It is for ${either(route.entity)}, this is on ${either(entities.map(({ name }) => name)) || 'nothing named'}.`;
  if (route.match.length > 0 && !entities.some(({ labels }) => route.match.every((one) => satisfies(labels, one))))
    return `Nothing in it has the labels ${route.match.map(({ name, op, value }) => `${name}${op}${value}`).join(', ')}.`;
  if (route.hours.length > 0 && !withinHours(route.hours, route.timeZone, at)) return 'It is outside its hours.';
  return null;
}

function isAmong<T>(value: T, wanted: readonly T[]): boolean {
  return wanted.length === 0 || wanted.includes(value);
}

function either(words: readonly string[]): string {
  return [...new Set(words)].join(' or ');
}

function satisfies(labels: Labels, { name, op, value }: Matcher): boolean {
  const found = labelValue(labels, name) ?? '';
  const isEqual = op === '=' || op === '!=' ? found === value : anchoredRegex(value).test(found);
  return op === '=' || op === '=~' ? isEqual : !isEqual;
}
