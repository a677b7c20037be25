import type { SeriesDefinition } from '../detect/detector.ts';
import type { WatchedEntity } from '../decide/threshold-rules.ts';
import {
  type AppendResult,
  type Emission,
  type Entity,
  type Finding,
  labelValue,
  metricName,
  type SampleBatch,
  type Series,
} from '../model/index.ts';
import { metrics as ownMetrics } from '../telemetry/metrics.ts';
import { nextTurn } from '../next-turn.ts';
import type { AlertKeeper } from './alert-keeper.ts';
import type { ChangeKeeper } from './change-keeper.ts';
import type { CalendarKeeper } from './calendar-keeper.ts';
import { DerivedFigures } from './derive-figures.ts';
import type { DetectionPort, DetectionProgress } from './detection-port.ts';
import type { EngineParts } from './engine-parts.ts';
import type { EntityStates } from './entity-states.ts';
import { every, type Repeated } from './every.ts';
import type { FindingKeeper } from './finding-keeper.ts';
import type { Forecaster } from './forecaster.ts';
import type { Foresight } from './foresight.ts';
import type { BudgetKeeper } from './foresight-budget.ts';
import type { CapacityKeeper } from './foresight-capacity.ts';
import type { HostBoard } from './host-board.ts';
import { HEALTH_METRIC } from './host-figures.ts';
import type { IncidentEvidence } from './incident-evidence.ts';
import type { IncidentKeeper } from './incident-keeper.ts';
import type { IngestGate } from './ingest-gate.ts';
import type { LedgerKeeper } from './ledger-keeper.ts';
import type { LiveFeed } from './live-feed.ts';
import type { ObjectiveKeeper } from './objective-keeper.ts';
import { type OwnHost, PAST_SOURCE, sampleOf } from './own-host.ts';
import type { SeriesChanges } from './series-changes.ts';
import { RULE_TICK_MS, type RuleKeeper } from './rule-keeper.ts';
import { saveSnapshots } from './snapshots.ts';
import type { ServiceKeeper } from './service-keeper.ts';
import type { Trainer } from './trainer.ts';
import { Turns } from './turns.ts';

export interface FlowParts
  extends Pick<
    EngineParts,
    'metrics' | 'records' | 'registry' | 'snapshots' | 'clock' | 'repeat' | 'log' | 'options' | 'onMessages'
  > {
  readonly board: HostBoard;
  readonly states: EntityStates;
  readonly findings: FindingKeeper;
  readonly alerts: AlertKeeper;
  readonly incidents: IncidentKeeper;
  readonly services: ServiceKeeper;
  readonly evidence: IncidentEvidence;
  readonly changes: ChangeKeeper;
  readonly seriesChanges: SeriesChanges;
  readonly ledger: LedgerKeeper;
  readonly forecaster: Forecaster;
  readonly foresight: Foresight;
  readonly capacity: CapacityKeeper;
  readonly budgets: BudgetKeeper;
  readonly trainer: Trainer;
  readonly detection: DetectionPort;
  readonly gate: IngestGate;
  readonly ownHost: OwnHost;
  readonly calendar: CalendarKeeper;
  readonly feed: LiveFeed;
  readonly rules: RuleKeeper;
  readonly objectives: ObjectiveKeeper;
  /** What is going on, in words, as of now. */
  readonly sentence: () => string;
}

const TICK_MS = 5_000;
/** To encode thousands of rows at once would hold the event loop. */
const STORED_AT_ONCE = 100;
const SNAPSHOT_MS = 300_000;
const SYSTEM_METRICS_MS = 300_000;
const FORECAST_MS = 600_000;
const SERVICES_MS = 30_000;

/** What happens as samples come and as time passes: figures derived, findings and alerts kept, forecasts made, state saved. */
export class Flow {
  readonly #parts: FlowParts;
  readonly #derived: DerivedFigures;
  readonly #entityIndex: (string | undefined)[] = [];
  readonly #healthAt = new Map<string, number>();
  readonly #reviewedAt = new Map<string, number>();
  /** Entities that changed and are not written down yet. */
  readonly #unstored = new Map<string, Entity>();
  #accepting = true;
  /** What is derived is on its way to the store. */
  #storing: Promise<unknown> = Promise.resolve();
  #tick: Repeated | null = null;
  #repeated: Repeated[] = [];

  constructor(parts: FlowParts) {
    this.#parts = parts;
    this.#derived = new DerivedFigures((id, at, type) => parts.detection.markEvent(id, at, type));
  }

  /** What the last run of each repeated piece of work failed with. */
  faults(): readonly Error[] {
    return this.#repeated.flatMap((repeated) => repeated.fault() ?? []);
  }

  hosts(): readonly Entity[] {
    return this.#parts.registry.hosts();
  }

  /** From now on time passes. */
  start(): void {
    const { log, ledger, records, metrics, clock, trainer, repeat, rules, objectives } = this.#parts;
    const again = (ms: number, name: string, work: () => Promise<void>): Repeated => every(ms, name, log, work, repeat);
    this.#tick = again(TICK_MS, 'tick', () => this.#onTick());
    this.#repeated = [
      this.#tick,
      again(60_000, 'ledger', async () => {
        while ((await ledger.judgeDue()) > 0);
        await this.#storeEntities();
        const { blockBytes, writeAheadBytes } = await metrics.stats();
        ownMetrics.storeBytes.set({ kind: 'blocks' }, blockBytes);
        ownMetrics.storeBytes.set({ kind: 'write-ahead' }, writeAheadBytes);
      }),
      again(SNAPSHOT_MS, 'snapshot', () => this.#saveSnapshots()),
      again(SYSTEM_METRICS_MS, 'system metrics', () => this.#writeSystemMetrics()),
      again(SERVICES_MS, 'services', () => this.#reviewServices()),
      again(60_000, 'forecasts', () => this.#review()),
      again(RULE_TICK_MS, 'rules', async () => {
        if (await rules.evaluateDue()) await this.flush();
      }),
      again(60_000, 'objectives', () => objectives.count()),
      again(60_000, 'foresight', () => this.#foresee()),
      again(60_000, 'training', () => trainer.review(this.hosts())),
      again(3_600_000, 'retention', async () => void (await records.expire(clock.now()))),
    ];
  }

  /** Ends what is repeated and writes what is learnt. */
  async stop(): Promise<void> {
    await Promise.all(this.#repeated.map((repeated) => repeated.stop()));
    await this.#saveSnapshots().catch((error: unknown) =>
      this.#parts.log.error(
        { err: error },
        'The learnt state could not be saved; it is learnt again from the samples at the next start',
      ),
    );
    await this.flush().catch((error: unknown) =>
      this.#parts.log.error({ err: error }, 'The last findings could not be written'),
    );
  }

  onSeries(series: Series): SeriesDefinition {
    const { board, registry, states, evidence, calendar, services, seriesChanges } = this.#parts;
    calendar.noteEntity(series.entityId);
    board.watch(series);
    services.watch(series);
    seriesChanges.watch(series);
    evidence.watch(series);
    this.#derived.watch(series);
    if (metricName(series.labels) === 'node_uname_info')
      registry.suggestName(series.entityId, labelValue(series.labels, 'nodename') ?? '');
    states.countSeries(series.entityId);
    this.#entityIndex[series.ref] = series.entityId;
    return this.definitionOf(series);
  }

  /** What the detectors need to know of a series. */
  definitionOf(series: Series): SeriesDefinition {
    const { registry, options } = this.#parts;
    const entity = registry.get(series.entityId);
    return {
      ref: series.ref,
      labels: series.labels,
      kind: series.kind,
      entityId: series.entityId,
      timeZone: entity?.timeZone ?? options.timeZone,
      entityName: entity?.name ?? series.entityId,
    };
  }

  /** Samples of the write-ahead, behind the last snapshot. */
  onReplayed(batch: SampleBatch): void {
    this.#derived.take(batch, this.#parts.clock.now());
  }

  /** `result` is null where the store has refused them. */
  onBatch(source: string, batch: SampleBatch, result: AppendResult | null): void {
    const { board, registry, clock, services } = this.#parts;
    ownMetrics.samplesIngested.inc({ source }, result?.stored ?? 0);
    board.take(batch);
    if (source !== PAST_SOURCE) this.#parts.seriesChanges.take(batch);
    services.take(batch);
    this.#accepting = result !== null;
    this.#derived.take(batch, source === PAST_SOURCE ? newestOf(batch) : clock.now());
    this.#storing = Promise.all([this.#storing, this.#storeDerived()]);
    const { count, refs, times } = batch;
    let last: string | undefined;
    let lastRef = -1;
    // Backwards: of a series' run of samples the last one tells when it was heard.
    for (let i = count - 1; i >= 0; i--) {
      const ref = refs[i] as number;
      if (ref === lastRef) continue;
      lastRef = ref;
      const id = this.#entityIndex[ref];
      if (id === last || id === undefined) continue;
      // Who tells of the past is not silent.
      registry.touch(id, source === PAST_SOURCE ? clock.now() : (times[i] as number));
      last = id;
    }
  }

  onProgress(progress: DetectionProgress): void {
    const { gate, findings, alerts, incidents } = this.#parts;
    gate.progressed(progress);
    ownMetrics.samplesScored.inc(progress.samples);
    if (progress.events.length === 0) return;
    const changed = findings.take(progress.events);
    incidents.note(changed);
    alerts.observeFindings(changed);
    void this.#tick?.now();
  }

  /** Resolves when what the detectors said so far is known and written. */
  async settle(): Promise<void> {
    await this.#storing;
    await this.#parts.detection.settled();
    await this.#tick?.idle();
    await this.flush();
  }

  /** Resolves when what was made up for until then is scored: what is derived of it must not come behind what follows. */
  async settlePast(at: number): Promise<void> {
    // As the tick that would have come before the next samples.
    this.#derived.settle(at + TICK_MS);
    await this.#storeDerived();
    await this.#storing;
    await this.#parts.detection.settled();
  }

  async flush(): Promise<void> {
    await this.#parts.findings.flush();
    await this.#storeEntities();
    await this.#parts.alerts.flush();
    this.#parts.onMessages();
  }

  /** Before alerts: a message about one is made from what is stored of its entity. */
  async #storeEntities(): Promise<void> {
    const { registry, records } = this.#parts;
    for (;;) {
      for (const entity of registry.takeDirty(STORED_AT_ONCE)) this.#unstored.set(entity.id, entity);
      const some: Entity[] = [];
      for (const row of this.#unstored.values()) if (some.push(row) === STORED_AT_ONCE) break;
      if (some.length === 0) return;
      await records.put('entities', some);
      for (const row of some) if (this.#unstored.get(row.id) === row) this.#unstored.delete(row.id);
    }
  }

  async #onTick(): Promise<void> {
    const { clock, detection, findings, alerts, incidents, registry, gate, feed, metrics, sentence } = this.#parts;
    const { changes, seriesChanges } = this.#parts;
    const now = clock.now();
    await detection.advanceTime(now);
    const forgotten = findings.endForgotten(now, (id) => registry.get(id)?.lastSeenAt ?? 0);
    incidents.note(forgotten);
    await alerts.observeAll([...forgotten, ...findings.open()], this.#watchedOf(registry.all()));
    const seen = seriesChanges.takeReady();
    if (seen.length > 0) await changes.record(seen);
    await incidents.review(() => alerts.settleIncidents());
    this.#derived.settle(now);
    await this.#storeDerived();
    const health: Emission[] = [];
    for (const entity of this.hosts()) {
      health.push(...this.#healthOf(entity, now));
      await feed.show(entity, now);
    }
    if (health.length > 0) await gate.ingestOwn('health', health);
    await this.flush();
    await nextTurn();
    feed.say(sentence());
    ownMetrics.scoreLagSeconds.set(gate.stats().scoreLagMs / 1000);
    ownMetrics.seriesCount.set(metrics.index.size);
  }

  /** At the collector's time: it must not make a host look alive whose collector is silent. */
  #healthOf(entity: Entity, now: number): readonly Emission[] {
    const { board, states, ownHost } = this.#parts;
    const at = board.lastAt(entity.id);
    if (at <= (this.#healthAt.get(entity.id) ?? 0) || now - at >= 600_000) return [];
    this.#healthAt.set(entity.id, at);
    const accepting =
      entity.id === ownHost.id ? ownHost.sample('auspex_store_accepting', at, this.#accepting ? 1 : 0) : [];
    const { score } = states.observedHealth(entity.id);
    return score === null ? accepting : [...accepting, sampleOf(entity, HEALTH_METRIC, at, score)];
  }

  /** Stores what was derived; it comes back as any other sample. */
  async #storeDerived(): Promise<void> {
    const figures = this.#derived.takeReady();
    if (figures.length === 0) return;
    await this.#parts.gate
      .ingestOwn('derived', figures)
      .catch((error: unknown) => this.#parts.log.warn({ err: error }, 'Figures derived from node_exporter were lost'));
  }

  async #writeSystemMetrics(): Promise<void> {
    const { clock, board, states, trainer, records } = this.#parts;
    const now = clock.now();
    const at = Math.floor(now / SYSTEM_METRICS_MS) * SYSTEM_METRICS_MS;
    const hosts = this.hosts().filter((entity) => now - board.lastAt(entity.id) < SYSTEM_METRICS_MS);
    const rows = [];
    for (const entity of hosts) rows.push(states.systemMetrics(entity, at, (await trainer.scores.of(entity)).value));
    await records.put('system_metrics', rows);
  }

  async #review(): Promise<void> {
    const { clock, board, forecaster, trainer } = this.#parts;
    const now = clock.now();
    for (const entity of this.hosts()) {
      const silence = now - board.lastAt(entity.id);
      if (silence < 60_000) await forecaster.watchDisks(entity);
      if (now - (this.#reviewedAt.get(entity.id) ?? 0) < FORECAST_MS || silence > FORECAST_MS) continue;
      this.#reviewedAt.set(entity.id, now);
      await forecaster.review(entity);
      await forecaster.foretell(entity, this.#watches());
      await trainer.scores.foretell(entity);
    }
  }

  /** What the rules in force want to be foretold. */
  #watches(): Parameters<Forecaster['foretell']>[1] {
    const { rules } = this.#parts.alerts.policy;
    return rules.flatMap(({ name, forecast }) => (forecast === undefined ? [] : [{ ...forecast, rule: name }]));
  }

  async #reviewServices(): Promise<void> {
    const { services, gate, clock } = this.#parts;
    const health = await services.review(clock.now());
    if (health.length > 0) await gate.ingestOwn('health', health);
  }

  async #foresee(): Promise<void> {
    const { registry, clock, foresight, capacity, budgets } = this.#parts;
    const now = clock.now();
    const turns = new Turns();
    for (const entity of registry.all()) {
      if (now - entity.lastSeenAt >= FORECAST_MS) continue;
      await foresight.look(entity);
      await capacity.review(entity);
      // Of most there is nothing to read, so that nothing else gives others their turn.
      await turns.give();
    }
    await budgets.review();
  }

  async #saveSnapshots(): Promise<void> {
    const snapshots = await this.#parts.detection.snapshot();
    // What a snapshot has behind it is not found again by a replay: its findings are written first.
    await this.flush();
    const position = await saveSnapshots(this.#parts.snapshots, snapshots);
    if (Number.isFinite(position)) await this.#parts.metrics.acknowledge(position);
  }

  *#watchedOf(entities: readonly Entity[]): Generator<WatchedEntity> {
    const unusual = new Map<string, Finding[]>();
    for (const finding of this.#parts.findings.open()) {
      if (finding.detector !== 'metric') continue;
      const own = unusual.get(finding.entityId);
      if (own === undefined) unusual.set(finding.entityId, [finding]);
      else own.push(finding);
    }
    for (const entity of entities) yield this.#watched(entity, unusual.get(entity.id) ?? []);
  }

  #watched(entity: Entity, unusual: readonly Finding[]): WatchedEntity {
    const { board, forecaster, foresight, capacity, ownHost } = this.#parts;
    return {
      id: entity.id,
      name: entity.name,
      kind: entity.kind,
      lastSeenAt: entity.lastSeenAt,
      watchedSince: ownHost.watchedSince,
      latest: (metric) => board.latest(entity.id, metric),
      exhaustions: forecaster.exhaustions(entity.id).map(({ figure, madeAt, exhaustion }) => ({
        subject: figure.part,
        resource: figure.metric.resource,
        at: exhaustion.at ?? 0,
        to: exhaustion.to,
        madeAt,
      })),
      bottlenecks: foresight.of(entity.id).map(({ component, sentence, ...one }) => ({
        ...one,
        subject: component,
        sentence,
      })),
      capacities: capacity.of(entity.id).map(({ component, sentence, metric, ...one }) => ({
        ...one,
        subject: component,
        resource: metric.resource,
        sentence,
      })),
      crossings: forecaster.crossings(entity.id),
      unusual,
    };
  }
}

function newestOf({ count, times }: SampleBatch): number {
  let newest = 0;
  for (let i = 0; i < count; i++) newest = Math.max(newest, times[i] as number);
  return newest;
}
