import type { AlertStep, Placement } from '../decide/alert-book.ts';
import { type Analysis, analyseTrouble, type Suspect } from '../decide/incident-analysis.ts';
import { boutOpenedAt, latestBout } from '../decide/incident-bout.ts';
import { emptyIncidents, noted, restoreIncidents, stepIncidents } from '../decide/incident-book.ts';
import { changeIncident } from '../decide/incident-change.ts';
import { addressOf, GraphTies } from '../decide/incident-ties.ts';
import { classReason, counterfactualText, isAsked, severityOf, titleOf, unfelt } from '../decide/incident-words.ts';
import type { ChannelChoice } from '../decide/messages.ts';
import type { Routing } from '../decide/routing.ts';
import { type Telling, tellIncident } from '../decide/telling.ts';
import {
  type Alert,
  allRows,
  type Clock,
  type Finding,
  type Incident,
  type IncidentCause,
  type IncidentChange,
  type IncidentClass,
  type IncidentSnapshot,
  type Notification,
  type RecordStore,
  type SeriesRef,
  type ServiceGraph,
  severityRank,
} from '../model/index.ts';
import type { EntityRegistry } from './entity-registry.ts';
import type { EventRing } from './event-ring.ts';
import { hostIdOf, type IncidentDiagnostics } from './incident-diagnostics.ts';
import type { IncidentEvidence } from './incident-evidence.ts';
import { followTold, tellContext, withTold } from './incident-telling.ts';
import type { JudgementKeeper } from './judgement-keeper.ts';
import type { TaskPool } from './task-pool.ts';
import { Turns } from './turns.ts';

export interface IncidentKeeperParts {
  readonly records: RecordStore;
  readonly ring: EventRing;
  readonly clock: Clock;
  readonly registry: EntityRegistry;
  readonly graph: ServiceGraph;
  readonly evidence: IncidentEvidence;
  readonly diagnostics: IncidentDiagnostics;
  readonly tasks: TaskPool;
  readonly openFindings: () => Iterable<Finding>;
  /** What people said of those before; nothing unless given. */
  readonly judgements?: JudgementKeeper;
}

/** Whom there is to tell. */
export interface TellPolicy {
  readonly channels: readonly ChannelChoice[];
  readonly routing?: Routing;
}

/** What is to be stored and sent after a step of alerts. */
export interface IncidentOutcome {
  readonly incidents: readonly Incident[];
  readonly notifications: readonly Notification[];
  /** Where an alert belongs; null where to none. */
  readonly placeOf: (alert: Alert) => Placement | null;
}

/** An incident is looked at again after these times, ms since it opened or came back, and whenever signs join. */
const LOOKS_MS = [0, 10_000, 25_000, 45_000, 90_000, 300_000, 900_000];
const MOST_CAUSES = 5;
const STAYS = 0.75;
/** Until then signs still come. */
const SETTLING_MS = 60_000;
/** People are told of what was looked at once, unless that takes longer. */
const FIRST_LOOK_MS = 10_000;
const KEPT_MS = 30 * 60_000;
const MOST_SKETCHES = 20;
const SETTLED_AT_ONCE = 50;

/** Which signs belong together, what trouble they are, and who is told of it. Not thread-safe: called by the engine's flow only. */
export class IncidentKeeper {
  readonly #parts: IncidentKeeperParts;
  #book = emptyIncidents();
  /** The first step sees all there is; each one after that what changed. */
  #isFirst = true;
  /** What the last look at an incident said of its impact; and when the next look is due. */
  readonly #analyses = new Map<string, Analysis>();
  /** The series of an incident's last look, in the order in which the analysis names them. */
  readonly #refs = new Map<string, readonly SeriesRef[]>();
  /** What was going on when an incident opened, and how often that was kept. */
  readonly #snapshots = new Map<string, { readonly snapshot: IncidentSnapshot; readonly kept: number }>();
  readonly #looks = new Map<string, { readonly began: number; readonly taken: number; readonly signs: number }>();
  /** Findings that are new, changed or ended since the last step. */
  #noted: Finding[] = [];
  /** Open incidents of which people were told, as they were after the step that last changed them. */
  readonly #told = new Map<string, Incident>();
  /** Changed by a look or a person, not stored yet. */
  readonly #unstored = new Map<string, Incident>();

  constructor(parts: IncidentKeeperParts) {
    this.#parts = parts;
  }

  async load(): Promise<void> {
    const { clock } = this.#parts;
    const open = await allRows(this.#parts.records, 'incidents', { state: 'open' });
    const ended = await allRows(this.#parts.records, 'incidents', {
      state: 'resolved',
      resolvedAt: { gte: clock.now() - KEPT_MS },
    });
    const told = await Promise.all(open.map((incident) => withTold(incident, this.#parts.records)));
    this.#book = restoreIncidents([...told, ...ended], clock.now());
    for (const incident of this.#book.open.values())
      if (incident.toldAt !== null) this.#told.set(incident.id, incident);
  }

  open(): readonly Incident[] {
    return [...this.#book.open.values()];
  }

  /** Findings that are new, changed or ended. */
  note(findings: readonly Finding[]): void {
    this.#noted.push(...findings);
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
    const isFresh = this.#parts.clock.now() - boutOpenedAt(incident) < FIRST_LOOK_MS;
    if (impact === null && isFresh && !incident.signs.some(isAsked))
      return 'Its figures are being compared with their past, which takes some seconds.';
    const { priority } = incident;
    return unfelt(incident, impact) ?? (priority?.toldAs === 'nobody' ? priority.reason : null);
  }

  /** The open incident that a finding or alert is part of. */
  homeOf(signId: string): Incident | undefined {
    return this.#book.open.get(this.#book.home.get(signId) ?? '');
  }

  #homeOf(alert: Alert): Incident | null {
    return this.#book.open.get(this.#book.home.get(alert.findingId ?? alert.id) ?? '') ?? null;
  }

  /** Groups what is seen now, and decides of which incidents people are told. */
  take(step: AlertStep, policy: TellPolicy): IncidentOutcome {
    const { clock, registry, graph, openFindings } = this.#parts;
    const now = clock.now();
    const noted = this.#noted;
    this.#noted = [];
    const { book } = step;
    const looked = this.#isFirst ? [...book.open.keys()] : [...step.looked];
    const alerts = looked.flatMap((key) => book.open.get(key)?.alert ?? []);
    const over = step.changed.filter(({ state }) => state === 'resolved');
    const result = stepIncidents(
      this.#book,
      {
        findings: this.#isFirst ? [...openFindings(), ...noted.filter(({ status }) => status === 'ended')] : noted,
        alerts: [...alerts.filter(({ firedAt }) => firedAt !== null), ...over],
        isPart: !this.#isFirst,
        ties: new GraphTies(graph, (id) => this.#placeOn(id)),
        watched: registry.size,
        nameOf: (id) => this.#nameOf(id),
      },
      now,
    );
    this.#isFirst = false;
    this.#sketch(result.changed, now);
    for (const incident of result.changed) this.#unstored.set(incident.id, this.#described(incident, now));
    const snapshotOf = (id: string): IncidentSnapshot | null => this.#snapshots.get(id)?.snapshot ?? null;
    const context = { ...tellContext(policy, { registry, graph }, now), snapshotOf };
    const notifications: Notification[] = [];
    const keep = ({ incident, notifications: rows }: Telling): void => {
      notifications.push(...rows);
      if (this.#book.open.has(incident.id)) this.#set(incident);
      else this.#unstored.set(incident.id, incident);
    };
    for (const { kind, alert } of step.told) {
      const incident = this.#homeOf(alert);
      if (kind === 'firing' && incident !== null && incident.toldAt === null && this.#unfelt(incident) === null)
        keep(tellIncident(incident, alert, context));
    }
    const own = (alert: Alert): boolean => alert.firedAt !== null && alert.suppressedBy === this.spokenFor(alert);
    const parts = {
      before: this.#told,
      open: this.#book.open,
      unstored: [...this.#unstored.values()],
      alerts: alerts.filter(own),
    };
    for (const telling of followTold(parts, (alert) => this.#homeOf(alert), context)) keep(telling);
    const incidents = [...this.#unstored.values()].map((one) => this.#book.open.get(one.id) ?? one);
    this.#unstored.clear();
    for (const incident of incidents) {
      if (incident.state === 'open' && incident.toldAt !== null) this.#told.set(incident.id, incident);
      else this.#told.delete(incident.id);
    }
    for (const incident of incidents) this.#parts.ring.publish({ topic: 'incidents', incident });
    return { incidents, notifications, placeOf: (alert) => this.#placeOf(alert) };
  }

  /** The host that something runs on, or the address it is asked at. */
  #placeOn(entityId: string): string | null {
    const { registry } = this.#parts;
    const entity = registry.get(entityId);
    return hostIdOf(registry, entityId) ?? (entity === undefined ? null : addressOf(entity));
  }

  /** What is going on as they open, so that the first message can tell of it. In a storm of them the first few are looked at. */
  #sketch(changed: readonly Incident[], now: number): void {
    const opened = changed.filter(
      ({ id, openedAt, state }) => openedAt === now && state === 'open' && !this.#snapshots.has(id),
    );
    for (const incident of opened.slice(0, MOST_SKETCHES))
      this.#snapshots.set(incident.id, { snapshot: this.#parts.diagnostics.sketch(incident, 'opened', now), kept: 0 });
  }

  #placeOf(alert: Alert): Placement | null {
    if (alert.firedAt === null) return null;
    const incident = this.#homeOf(alert);
    if (incident === null) return null;
    const withheld = alert.suppressedBy === null ? this.spokenFor(alert) : alert.suppressedBy;
    return { incidentId: incident.id, suppressedBy: withheld };
  }

  #set(incident: Incident): void {
    this.#put(incident);
    this.#unstored.set(incident.id, incident);
  }

  /** A person's change; stored with the next step. @throws AuspexError NOT_FOUND, BAD_REQUEST. */
  change(id: string, change: IncidentChange, by: string): Incident {
    const changed = changeIncident(this.#book, id, change, by, this.#parts.clock.now());
    // The whole before its part, which ends.
    for (const incident of changed) if (incident.state === 'open') this.#book.put(incident);
    for (const incident of changed) if (incident.state !== 'open') this.#book.end(incident);
    for (const incident of changed) this.#unstored.set(incident.id, incident);
    return changed[0];
  }

  /** Looks at incidents that are due: what kind they are, who is behind them. Of very many that changed, some are taken up at a time by `settle`, which steps. */
  async review(settle: () => void = () => {}): Promise<void> {
    const { clock, evidence, tasks } = this.#parts;
    const turns = new Turns();
    for (const id of this.#looks.keys()) if (!this.#book.open.has(id)) this.#forget(id);
    for (const { id } of this.open()) {
      await turns.give();
      const incident = this.#book.open.get(id);
      if (incident === undefined || !this.#isDue(incident, clock.now())) continue;
      const { request, refs } = await evidence.gather(latestBout(incident), clock.now());
      // Of what has no figures there is nothing to work out, and there may be thousands.
      const analysis =
        request.series.length === 0 ? analyseTrouble(request) : await tasks.run('analyseTrouble', request);
      const current = this.#book.open.get(id);
      if (current === undefined) continue;
      this.#analyses.set(id, analysis);
      this.#refs.set(id, refs);
      const described = this.#described(current, clock.now());
      if (described !== current) this.#set(described);
      await this.#keepSnapshot(described, clock.now());
      if (this.#unstored.size >= SETTLED_AT_ONCE) settle();
    }
  }

  /** One as it opened, and one more when somebody else is suspected than was then. */
  async #keepSnapshot(incident: Incident, now: number): Promise<void> {
    const before = this.#snapshots.get(incident.id);
    // One of a storm, or of before this process began.
    if (before === undefined || before.kept > 1) return;
    const suspect = incident.causes[0]?.name ?? null;
    if (before.kept === 1 && (suspect === null || before.snapshot.suspect === suspect)) return;
    const reason = before.kept === 1 ? 'suspect' : 'opened';
    const snapshot = await this.#parts.diagnostics.keep(incident, reason, now);
    this.#snapshots.set(incident.id, { snapshot, kept: before.kept + 1 });
  }

  /** Ranks anew what is open, after people judged something. */
  rank(): void {
    for (const { id } of this.open()) {
      const incident = this.#book.open.get(id);
      const described = incident === undefined ? undefined : this.#described(incident, this.#parts.clock.now());
      if (described !== undefined && described !== incident) this.#set(described);
    }
  }

  #forget(id: string): void {
    this.#looks.delete(id);
    this.#analyses.delete(id);
    this.#refs.delete(id);
    this.#snapshots.delete(id);
  }

  #isDue(incident: Incident, now: number): boolean {
    const began = boutOpenedAt(incident);
    const signs = incident.signs.length;
    const last = this.#looks.get(incident.id);
    const due = LOOKS_MS.filter((ms) => now - began >= ms).length;
    if (last !== undefined && last.began === began && due <= last.taken && signs === last.signs) return false;
    this.#looks.set(incident.id, { began, taken: due, signs });
    return true;
  }

  /** With class, severity, causes and title as they are known now; the same object where nothing is new. */
  #described(incident: Incident, now: number): Incident {
    const analysis = this.#analyses.get(incident.id) ?? null;
    let next = incident;
    if (analysis !== null) {
      const found = incident.pinned.class ? incident.class : this.#classOf(incident, analysis);
      if (found !== incident.class) next = noted({ ...next, class: found }, now, 'class', classReason(analysis));
      const causes = this.#causes(analysis, this.#refs.get(incident.id) ?? []);
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
    const priority = this.#parts.judgements?.priorityOf(next) ?? next.priority;
    if (!isSamePriority(priority, next.priority)) next = { ...next, priority };
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
    const isSettled = this.#parts.clock.now() - boutOpenedAt(incident) > SETTLING_MS && incident.class !== 'unknown';
    return isSettled && known >= STAYS * (weights.get(found) ?? 0) ? incident.class : found;
  }

  #put(incident: Incident): void {
    this.#book.replace(incident);
  }

  #causes({ suspects }: Analysis, refs: readonly SeriesRef[]): readonly IncidentCause[] {
    const names = suspects.map((one) => this.#suspectName(one));
    return suspects.slice(0, MOST_CAUSES).map(({ entityId, score, reasons, counterfactual, figures }, place) => ({
      name: names[place] ?? entityId,
      entityId,
      score,
      reasons,
      counterfactual: counterfactualText(counterfactual, names, place),
      figures: figures.flatMap((series) => refs[series] ?? []),
    }));
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

/** An exporter is called by what it speaks for. */
function ownName(name: string): string {
  const [job = '', instance = ''] = name.split(' on ').map((one) => one.replace(/[-_]exporter$/, ''));
  return instance === '' || job === instance ? job : `${job} on ${instance}`;
}

function isSamePriority(a: Incident['priority'], b: Incident['priority']): boolean {
  return a === b || (a !== null && b !== null && a.value === b.value && a.reason === b.reason && a.toldAs === b.toldAs);
}

function sameCauses(a: readonly IncidentCause[], b: readonly IncidentCause[]): boolean {
  return (
    a.length === b.length &&
    a.every((one, i) => one.name === b[i]?.name && Math.abs(one.score - (b[i]?.score ?? 0)) < 0.05)
  );
}
