import { withCallers } from '../decide/business-impact.ts';
import { type Health, healthOf, jointHealth } from '../decide/health.ts';
import { ServiceBook } from '../decide/service-book.ts';
import { discoverServices } from '../decide/service-discovery.ts';
import { serviceDimensions } from '../decide/service-health.ts';
import {
  type Alert,
  allRows,
  type Clock,
  type Dependency,
  type DependencyChange,
  type Emission,
  type Execution,
  type Finding,
  FLEET_HEALTH_METRIC,
  type Incident,
  type RecordStore,
  type SampleBatch,
  type Series,
  SERVICE_HEALTH_METRIC,
  type ServiceChange,
  type ServiceGraph,
  type ServiceRegistration,
  type ServiceRow,
} from '../model/index.ts';
import { nextTurn } from '../next-turn.ts';
import type { EntityRegistry } from './entity-registry.ts';
import type { EntityStates } from './entity-states.ts';
import type { EventRing } from './event-ring.ts';
import type { HostBoard } from './host-board.ts';
import type { OwnHost } from './own-host.ts';
import { ServiceFacts } from './service-facts.ts';
import type { ServiceFiguresNow } from './service-figures-now.ts';
import { type ServiceState, servicesSentence } from './service-state.ts';
import { atOnce, inTurns } from './turns.ts';

export interface ServiceKeeperParts {
  readonly records: RecordStore;
  readonly registry: EntityRegistry;
  readonly board: HostBoard;
  readonly ring: EventRing;
  readonly clock: Clock;
  readonly figures: ServiceFiguresNow;
  readonly states: Pick<EntityStates, 'hosts'>;
  readonly ownHost: Pick<OwnHost, 'id' | 'sample'>;
  readonly openFindings: () => Iterable<Finding>;
  readonly findingsOf: (entityId: string) => readonly Finding[];
  readonly alerts: () => readonly Alert[];
  readonly incidents: () => readonly Incident[];
  /** Business metrics by service, as configured. */
  readonly business: Readonly<Record<string, readonly string[]>>;
  /** Whether it is said how they are, or only who calls whom. */
  readonly judges: boolean;
}

const DAY_MS = 86_400_000;
/** Runs of jobs that are looked at. */
const MOST_RUNS = 500;
/** Runs are read this often. */
const RUNS_MS = 60_000;
/** Services are scraped less often than hosts are read. */
const INTERVAL_MS = 60_000;
/** More would hold the loop for longer than it may be. */
const JUDGED_AT_ONCE = 100;

/** What all services are judged by at one moment, by their ids and their entities'. */
interface Surroundings {
  readonly now: number;
  readonly runs: readonly Execution[];
  readonly calls: ReadonlyMap<string, readonly Dependency[]>;
  readonly calledBy: ReadonlyMap<string, readonly Dependency[]>;
  readonly alerts: ReadonlyMap<string, readonly Alert[]>;
  readonly incidents: ReadonlyMap<string, readonly Incident[]>;
  /** Entities with open findings. */
  readonly unusual: ReadonlySet<string>;
}

/** A service that is part of trouble, or calls what is, with the metrics that tell how its business goes. */
export interface AffectedService {
  readonly row: ServiceRow;
  readonly entityIds: readonly string[];
  readonly business: readonly string[];
}

/** Which services there are, who calls whom, how they are. Not thread-safe: called by the engine's flow, and by people between its steps. */
export class ServiceKeeper {
  readonly #parts: ServiceKeeperParts;
  readonly #facts = new ServiceFacts();
  readonly #book = new ServiceBook();
  #states = new Map<string, ServiceState>();
  #fleet: Health = jointHealth([]);
  #healthAt = 0;
  #lastRuns: readonly Execution[] = [];
  #runsAt = 0;

  constructor(parts: ServiceKeeperParts) {
    this.#parts = parts;
  }

  get graph(): ServiceGraph {
    return this.#book;
  }

  /** What was kept. */
  async load(): Promise<void> {
    const { records } = this.#parts;
    this.#book.load(await allRows(records, 'services'), await allRows(records, 'service_dependencies'));
  }

  watch(series: Series): void {
    this.#facts.watch(series);
  }

  take(batch: SampleBatch): void {
    this.#facts.take(batch);
  }

  /** Looks at what was seen since, says how all are, and keeps it; gives their healths as samples. */
  async review(now: number): Promise<readonly Emission[]> {
    const { registry, ownHost, figures, judges } = this.#parts;
    const seen = await inTurns(this.#facts.sightings(registry.all(), ownHost.id, now));
    this.#book.absorb(await inTurns(discoverServices(seen)), now);
    await this.#store();
    const rows = this.#book.services(now);
    if (!judges || (rows.length === 0 && this.#states.size === 0)) return [];
    const entities = rows.flatMap((row) =>
      this.#book.entitiesOf(row.id).map((id) => [id, this.#businessOf(row)] as const),
    );
    await figures.refresh(new Map(entities), now);
    await this.#judge(now);
    return this.#health();
  }

  /** Worst first. */
  all(): readonly ServiceState[] {
    return [...this.#states.values()].sort(
      (a, b) => (a.health.score ?? 101) - (b.health.score ?? 101) || (a.row.name < b.row.name ? -1 : 1),
    );
  }

  /** By id or name. Throws NOT_FOUND. */
  one(idOrName: string): ServiceState {
    const row = this.#book.service(idOrName);
    const known = this.#states.get(row.id);
    return known ?? this.#stateOf(row, atOnce(this.#surroundings([], this.#parts.clock.now())));
  }

  /** Services that are on these hosts and targets, and all that call them, the nearest first; those that have business metrics. */
  affectedBy(entityIds: readonly string[]): readonly AffectedService[] {
    const affected = new Set(entityIds);
    const rows = new Map(this.#book.services(this.#parts.clock.now()).map((row) => [row.id, row]));
    const own = [...rows.keys()].filter(
      (id) =>
        this.#book.entitiesOf(id).some((entityId) => affected.has(entityId)) ||
        this.#book.processesOf(id).some(({ entityId }) => affected.has(entityId)),
    );
    return withCallers(own, this.#book.dependencies()).flatMap((id) => {
      const row = rows.get(id);
      const business = row === undefined ? [] : this.#businessOf(row);
      return row === undefined || business.length === 0
        ? []
        : [{ row, entityIds: this.#book.entitiesOf(id), business }];
    });
  }

  /** Health of everything watched. */
  fleet(): Health {
    return this.#fleet;
  }

  async register(registration: ServiceRegistration, business: readonly string[]): Promise<ServiceState> {
    const { clock } = this.#parts;
    const row = this.#book.register(registration, business, clock.now());
    return this.#changed(row);
  }

  async change(idOrName: string, change: ServiceChange): Promise<ServiceState> {
    return this.#changed(this.#book.change(idOrName, change, this.#parts.clock.now()));
  }

  async remove(idOrName: string): Promise<ServiceRow> {
    const { clock } = this.#parts;
    const row = this.#book.remove(idOrName, clock.now());
    // At once: while it stands here it is asked how it is, and an answer would bring it back.
    this.#states = new Map([...this.#states].filter(([id]) => id !== row.id));
    await this.#store();
    await this.#judge(clock.now());
    return row;
  }

  async changeDependency(change: DependencyChange): Promise<void> {
    const { from } = this.#book.changeDependency(change, this.#parts.clock.now());
    await this.#changed(this.#book.service(from));
  }

  async #changed(row: ServiceRow): Promise<ServiceState> {
    await this.#store();
    await this.#judge(this.#parts.clock.now());
    return this.one(row.id);
  }

  async #store(): Promise<void> {
    const { records } = this.#parts;
    const { services, dependencies, removedServices, removedDependencies } = this.#book.takeChanges();
    if (services.length > 0) await records.put('services', services);
    if (dependencies.length > 0) await records.put('service_dependencies', dependencies);
    if (removedServices.length > 0) await records.remove('services', { id: { in: removedServices } });
    if (removedDependencies.length > 0)
      await records.remove('service_dependencies', { id: { in: removedDependencies } });
  }

  async #judge(now: number): Promise<void> {
    const { states, ring } = this.#parts;
    const around = await inTurns(this.#surroundings(await this.#runs(now), now));
    const judged = new Map<string, ServiceState>();
    for (const row of this.#book.services(now)) {
      judged.set(row.id, this.#stateOf(row, around));
      if (judged.size % JUDGED_AT_ONCE === 0) await nextTurn();
    }
    const before = this.#states;
    this.#states = judged;
    const hosts = states.hosts();
    this.#fleet = jointHealth([
      ...hosts.map(({ entity, health }) => ({ name: entity.name, health })),
      ...[...judged.values()].map(({ row, health }) => ({ name: row.name, health })),
    ]);
    const isNews = before.size !== judged.size || [...judged].some(([id, state]) => hasNews(before.get(id), state));
    if (isNews) ring.publish({ topic: 'services', sentence: servicesSentence(this.all()) });
  }

  /** In pieces: in a storm there are thousands of alerts and of incidents. */
  *#surroundings(runs: readonly Execution[], now: number): Generator<void, Surroundings> {
    const { alerts, incidents, openFindings } = this.#parts;
    const dependencies = this.#book.dependencies();
    const calls = groupedBy(dependencies, ({ from }) => [from]);
    const calledBy = groupedBy(dependencies, ({ to }) => [to]);
    yield;
    const told = groupedBy(alerts(), ({ entityId, suppressedBy }) => (suppressedBy === null ? [entityId] : []));
    yield;
    const incidentsOf = groupedBy(incidents(), ({ entityIds }) => entityIds);
    yield;
    const unusual = new Set<string>();
    for (const { entityId } of openFindings()) unusual.add(entityId);
    return { now, runs, calls, calledBy, alerts: told, incidents: incidentsOf, unusual };
  }

  #stateOf(row: ServiceRow, around: Surroundings): ServiceState {
    const { figures, findingsOf } = this.#parts;
    const entityIds = this.#book.entitiesOf(row.id);
    const processes = this.#book.processesOf(row.id);
    const business = this.#businessOf(row);
    const alerts = entityIds.flatMap((id) => around.alerts.get(id) ?? []);
    const findings = entityIds.flatMap((id) => (around.unusual.has(id) ? findingsOf(id) : []));
    const listens = processes.some(({ endpoint }) => endpoint !== null);
    const told = figures.of({ name: row.name, listens, business }, entityIds, around.runs, around.now);
    const { dimensions, missing } = serviceDimensions(told);
    const isSeen = entityIds.length > 0 || processes.length > 0;
    const inputs = { resources: dimensions, findings, alerts, lastSampleAt: row.lastSeenAt, intervalMs: INTERVAL_MS };
    return {
      row,
      health: isSeen
        ? healthOf(inputs, around.now)
        : { score: null, sentence: 'Nothing of it is seen at present.', dimensions: [] },
      missing,
      entityIds,
      processes,
      business,
      calls: around.calls.get(row.id) ?? [],
      calledBy: around.calledBy.get(row.id) ?? [],
      incidentIds: [...new Set(entityIds.flatMap((id) => around.incidents.get(id) ?? []).map(({ id }) => id))],
      openFindings: findings.length,
      firingAlerts: alerts.length,
    };
  }

  #businessOf(row: ServiceRow): readonly string[] {
    return [...new Set([...row.business, ...(this.#parts.business[row.name] ?? [])])];
  }

  /** At the collector's time, as a host's: it must not make a host look alive whose collector is silent. */
  #health(): readonly Emission[] {
    const { board, ownHost } = this.#parts;
    const at = ownHost.id === null ? 0 : board.lastAt(ownHost.id);
    if (at <= this.#healthAt) return [];
    this.#healthAt = at;
    const all = [...this.#states.values()].flatMap(({ row, health: { score } }) =>
      score === null ? [] : ownHost.sample(SERVICE_HEALTH_METRIC, at, score, ['service', row.name]),
    );
    return this.#fleet.score === null ? all : [...all, ...ownHost.sample(FLEET_HEALTH_METRIC, at, this.#fleet.score)];
  }

  async #runs(now: number): Promise<readonly Execution[]> {
    if (now - this.#runsAt < RUNS_MS) return this.#lastRuns;
    this.#runsAt = now;
    const where = { startedAt: { gte: now - DAY_MS } };
    const query = { where, orderBy: 'startedAt', descending: true, limit: MOST_RUNS } as const;
    this.#lastRuns = (await this.#parts.records.find('execution_logs', query)).rows;
    return this.#lastRuns;
  }
}

function groupedBy<T>(all: Iterable<T>, keysOf: (one: T) => readonly string[]): ReadonlyMap<string, T[]> {
  const groups = new Map<string, T[]>();
  for (const one of all)
    for (const key of keysOf(one)) {
      const group = groups.get(key);
      if (group === undefined) groups.set(key, [one]);
      else group.push(one);
    }
  return groups;
}

function hasNews(before: ServiceState | undefined, { row, health, calls, incidentIds }: ServiceState): boolean {
  return (
    before === undefined ||
    before.row.name !== row.name ||
    before.health.score !== health.score ||
    before.calls.length !== calls.length ||
    before.incidentIds.length !== incidentIds.length
  );
}
