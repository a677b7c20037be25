import type { AlertStep, Placement } from '../decide/alert-book.ts';
import type { Analysis, Suspect } from '../decide/incident-analysis.ts';
import {
  bookOf,
  emptyIncidents,
  type IncidentBook,
  noted,
  restoreIncidents,
  stepIncidents,
} from '../decide/incident-book.ts';
import { changeIncident } from '../decide/incident-change.ts';
import { classReason, incidentNotifications, isAsked, severityOf, titleOf, unfelt } from '../decide/incident-words.ts';
import type { ChannelChoice } from '../decide/messages.ts';
import {
  type Alert,
  type Clock,
  type Entity,
  type Finding,
  type Incident,
  type IncidentCause,
  type IncidentChange,
  type IncidentClass,
  type Notification,
  type RecordStore,
  severityRank,
} from '../model/index.ts';
import type { EntityRegistry } from './entity-registry.ts';
import type { EventRing } from './event-ring.ts';
import { type IncidentEvidence, serviceOf } from './incident-evidence.ts';
import type { TaskPool } from './task-pool.ts';

export interface IncidentKeeperParts {
  readonly records: RecordStore;
  readonly ring: EventRing;
  readonly clock: Clock;
  readonly registry: EntityRegistry;
  readonly evidence: IncidentEvidence;
  readonly tasks: TaskPool;
  readonly openFindings: () => Iterable<Finding>;
}

/** What is to be stored and sent after a step of alerts. */
export interface IncidentOutcome {
  readonly incidents: readonly Incident[];
  readonly notifications: readonly Notification[];
  /** Where an alert belongs; null where to none. */
  readonly placeOf: (alert: Alert) => Placement | null;
}

/** An incident is looked at again after these times, ms since it opened, and whenever signs join. */
const LOOKS_MS = [0, 10_000, 25_000, 45_000, 90_000, 300_000, 900_000];
const STAYS = 0.75;
/** Until then signs still come. */
const SETTLING_MS = 60_000;
/** People are told of what was looked at once, unless that takes longer. */
const FIRST_LOOK_MS = 10_000;
const KEPT_MS = 30 * 60_000;

/** Which signs belong together, what trouble they are, and who is told of it. Not thread-safe: called by the engine's flow only. */
export class IncidentKeeper {
  readonly #parts: IncidentKeeperParts;
  #book: IncidentBook = emptyIncidents;
  /** The book's own open incidents: changed in place, since thousands may be told of at once. */
  #open = new Map<string, Incident>();
  /** What the last look at an incident said of its impact; and when the next look is due. */
  readonly #analyses = new Map<string, Analysis>();
  readonly #looks = new Map<string, { taken: number; signs: number }>();
  /** Findings that ended since the last step. */
  #ended: Finding[] = [];
  /** Open incidents of which people were told, as they were after the last step. */
  #told: ReadonlyMap<string, Incident> = new Map();
  /** Changed by a look or a person, not stored yet. */
  readonly #unstored = new Map<string, Incident>();

  constructor(parts: IncidentKeeperParts) {
    this.#parts = parts;
  }

  async load(): Promise<void> {
    const { records, clock } = this.#parts;
    const open = await records.find('incidents', { where: { state: 'open' }, limit: 500 });
    const ended = await records.find('incidents', {
      where: { state: 'resolved', resolvedAt: { gte: clock.now() - KEPT_MS } },
      limit: 500,
    });
    this.#take(restoreIncidents([...open.rows, ...ended.rows], clock.now()));
    this.#told = new Map([...this.#book.open].filter(([, { toldAt }]) => toldAt !== null));
  }

  open(): readonly Incident[] {
    return [...this.#book.open.values()];
  }

  /** Findings that ended: what they belonged to may be over. */
  noteEnded(findings: readonly Finding[]): void {
    this.#ended.push(...findings.filter(({ status }) => status === 'ended'));
  }

  /** Why people need not be told of an alert: they were of its incident, or nobody feels it. */
  spokenFor = (alert: Alert): string | null => {
    const incident = this.#homeOf(alert);
    if (incident === null || incident.leadAlertId === alert.id) return null;
    return incident.toldAt === null
      ? this.#unfelt(incident)
      : `Part of an incident of which people were told: ${incident.title}`;
  };

  #unfelt(incident: Incident): string | null {
    const impact = this.#analyses.get(incident.id)?.impact ?? null;
    const isFresh = this.#parts.clock.now() - incident.openedAt < FIRST_LOOK_MS;
    return impact === null && isFresh && !incident.signs.some(isAsked)
      ? 'Its figures are being compared with their past, which takes some seconds.'
      : unfelt(incident, impact);
  }

  #homeOf(alert: Alert): Incident | null {
    return this.#book.open.get(this.#book.home.get(alert.findingId ?? alert.id) ?? '') ?? null;
  }

  /** Groups what is seen now, and decides of which incidents people are told. */
  take(step: AlertStep, channels: readonly ChannelChoice[]): IncidentOutcome {
    const { clock, registry, openFindings } = this.#parts;
    const now = clock.now();
    const before = this.#told;
    const ended = this.#ended;
    this.#ended = [];
    const alerts = [...step.book.open.values()].map((entry) => entry.alert);
    const over = step.changed.filter(({ state }) => state === 'resolved');
    const result = stepIncidents(
      this.#book,
      {
        findings: [...openFindings(), ...ended],
        alerts: [...alerts.filter(({ firedAt }) => firedAt !== null), ...over],
        ties: tiesIn(registry.all()),
        watched: registry.size,
        nameOf: (id) => this.#nameOf(id),
      },
      now,
    );
    this.#take(result.book);
    for (const incident of result.changed) this.#unstored.set(incident.id, this.#described(incident, now));
    const notifications: Notification[] = [];
    for (const { kind, alert } of step.told)
      if (kind === 'firing') notifications.push(...this.#tell(alert, channels, now));
    for (const incident of this.#unstored.values()) {
      const known = before.get(incident.id);
      if (known === undefined || known.toldAt === null) continue;
      if (incident.state === 'resolved') notifications.push(...this.#notify('resolved', incident, null, channels, now));
      // Ids are stable: a channel that was told already is not told again.
      else if (incident.severity !== known.severity)
        notifications.push(...this.#notify('firing', incident, null, channels, now));
    }
    const incidents = [...this.#unstored.values()].map((one) => this.#book.open.get(one.id) ?? one);
    this.#unstored.clear();
    this.#told = new Map([...this.#book.open].filter(([, { toldAt }]) => toldAt !== null));
    for (const incident of incidents) this.#parts.ring.publish({ topic: 'incidents', incident });
    return { incidents, notifications, placeOf: (alert) => this.#placeOf(alert) };
  }

  #placeOf(alert: Alert): Placement | null {
    if (alert.firedAt === null) return null;
    const incident = this.#homeOf(alert);
    if (incident === null) return null;
    const withheld = alert.suppressedBy === null ? this.spokenFor(alert) : alert.suppressedBy;
    return { incidentId: incident.id, suppressedBy: withheld };
  }

  /** People are told of an incident once, with the first alert that asks for it. */
  #tell(alert: Alert, channels: readonly ChannelChoice[], now: number): readonly Notification[] {
    const incident = this.#homeOf(alert);
    if (incident === null || incident.toldAt !== null || this.#unfelt(incident) !== null) return [];
    const told = noted(
      { ...incident, toldAt: now, leadAlertId: alert.id },
      now,
      'told',
      `People are told, since ${alert.summary}`,
    );
    this.#set(told);
    return this.#notify('firing', told, alert, channels, now);
  }

  #notify(
    kind: 'firing' | 'resolved',
    incident: Incident,
    lead: Alert | null,
    channels: readonly ChannelChoice[],
    now: number,
  ): readonly Notification[] {
    return incidentNotifications(kind, incident, lead, (id) => this.#nameOf(id), channels, now);
  }

  #set(incident: Incident): void {
    this.#put(incident);
    this.#unstored.set(incident.id, incident);
  }

  /** A person's change; stored with the next step. @throws AuspexError NOT_FOUND, BAD_REQUEST. */
  change(id: string, change: IncidentChange, by: string): Incident {
    const changed = changeIncident(this.#book, id, change, by, this.#parts.clock.now());
    const open = new Map(this.#book.open);
    let ended = this.#book.ended;
    for (const incident of changed) {
      ended = ended.filter((one) => one.id !== incident.id);
      if (incident.state === 'open') open.set(incident.id, incident);
      else {
        open.delete(incident.id);
        ended = [...ended, incident];
      }
      this.#unstored.set(incident.id, incident);
    }
    this.#take(bookOf(open.values(), ended));
    return changed[0];
  }

  /** Looks at incidents that are due: what kind they are, who is behind them. */
  async review(): Promise<void> {
    const { clock, evidence, tasks } = this.#parts;
    for (const id of this.#looks.keys()) if (!this.#book.open.has(id)) this.#forget(id);
    for (const { id } of this.open()) {
      const incident = this.#book.open.get(id);
      if (incident === undefined || !this.#isDue(incident, clock.now())) continue;
      const analysis = await tasks.run('analyseTrouble', await evidence.gather(incident, clock.now()));
      const current = this.#book.open.get(id);
      if (current === undefined) continue;
      this.#analyses.set(id, analysis);
      const described = this.#described(current, clock.now());
      if (described !== current) this.#set(described);
    }
  }

  #forget(id: string): void {
    this.#looks.delete(id);
    this.#analyses.delete(id);
  }

  #isDue(incident: Incident, now: number): boolean {
    const last = this.#looks.get(incident.id) ?? { taken: 0, signs: 0 };
    const due = LOOKS_MS.filter((ms) => now - incident.openedAt >= ms).length;
    if (due <= last.taken && incident.signs.length === last.signs) return false;
    this.#looks.set(incident.id, { taken: due, signs: incident.signs.length });
    return true;
  }

  /** With class, severity, causes and title as they are known now; the same object where nothing is new. */
  #described(incident: Incident, now: number): Incident {
    const analysis = this.#analyses.get(incident.id) ?? null;
    let next = incident;
    if (analysis !== null) {
      const found = incident.pinned.class ? incident.class : this.#classOf(incident, analysis);
      if (found !== incident.class) next = noted({ ...next, class: found }, now, 'class', classReason(analysis));
      const causes = this.#causes(analysis);
      if (!sameCauses(causes, incident.causes)) {
        const [first] = causes;
        if (first !== undefined && first.name !== incident.causes[0]?.name)
          next = noted(next, now, 'cause', `Most likely behind it: ${first.name}. ${first.reasons.join(' ')}`);
        next = { ...next, causes };
      }
    }
    const severity = next.pinned.severity ? next.severity : severityOf(next, analysis?.impact ?? null);
    // What people were told of does not become better by itself: it ends.
    const isWorse = severityRank[severity] > severityRank[next.severity];
    if (severity !== next.severity && next.state === 'open' && (next.toldAt === null || isWorse))
      next = noted({ ...next, severity }, now, 'severity', `${severity} now, was ${next.severity}.`);
    const title = titleOf(next);
    if (title !== next.title) next = { ...next, title };
    const entityId = next.causes[0]?.entityId ?? next.entityId;
    if (entityId !== next.entityId) next = { ...next, entityId };
    if (next !== incident && this.#book.open.has(next.id)) this.#put(next);
    return next;
  }

  /** A class stays while nearly as much speaks for it: one that comes and goes helps nobody. */
  #classOf(incident: Incident, { class: found, weights }: Analysis): IncidentClass {
    const known = weights.get(incident.class) ?? 0;
    const isSettled = this.#parts.clock.now() - incident.openedAt > SETTLING_MS && incident.class !== 'unknown';
    return isSettled && known >= STAYS * (weights.get(found) ?? 0) ? incident.class : found;
  }

  #put(incident: Incident): void {
    this.#open.set(incident.id, incident);
  }

  #take(book: IncidentBook): void {
    this.#open = new Map(book.open);
    this.#book = { ...book, open: this.#open };
  }

  #causes({ suspects }: Analysis): readonly IncidentCause[] {
    return suspects
      .slice(0, 5)
      .map((one) => ({ name: this.#suspectName(one), entityId: one.entityId, score: one.score, reasons: one.reasons }));
  }

  #suspectName({ entityId, part }: Suspect): string {
    if (part === 'network') return 'network';
    const name = ownName(this.#nameOf(entityId));
    return part === null ? name : `${part} on ${name}`;
  }

  #nameOf(entityId: string): string {
    return this.#parts.registry.get(entityId)?.name ?? entityId;
  }
}

/** Instances of one service are tied; of a service with very many, the first so many. */
const MOST_TIES = 100;

function tiesIn(entities: readonly Entity[]): (entityId: string) => ReadonlyMap<string, string> {
  let members: Map<string, string[]> | null = null;
  const services = new Map<string, string>();
  const none = new Map<string, string>();
  return (entityId) => {
    if (members === null) {
      members = new Map();
      for (const entity of entities) {
        for (const service of serviceOf(entity)) {
          services.set(entity.id, service);
          members.set(service, [...(members.get(service) ?? []), entity.id].slice(0, MOST_TIES));
        }
      }
    }
    const service = services.get(entityId);
    if (service === undefined) return none;
    const others = (members.get(service) ?? []).filter((id) => id !== entityId);
    return new Map(others.map((id) => [id, `Both are instances of ${service}`]));
  };
}

/** An exporter is called by what it speaks for. */
function ownName(name: string): string {
  const [job = '', instance = ''] = name.split(' on ').map((one) => one.replace(/[-_]exporter$/, ''));
  return instance === '' || job === instance ? job : `${job} on ${instance}`;
}

function sameCauses(a: readonly IncidentCause[], b: readonly IncidentCause[]): boolean {
  return (
    a.length === b.length &&
    a.every((one, i) => one.name === b[i]?.name && Math.abs(one.score - (b[i]?.score ?? 0)) < 0.05)
  );
}
