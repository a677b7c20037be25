import { randomUUID } from 'node:crypto';
import { networkInterfaces } from 'node:os';
import type { WatchedEntity } from '../decide/threshold-rules.ts';
import { AuspexError } from '../errors.ts';
import {
  type AppendResult,
  type Clock,
  type Collector,
  type CollectorEvent,
  type Emission,
  type Entity,
  type Finding,
  HOST_EVENT_METRIC,
  type HostEventType,
  type Labels,
  labelsFrom,
  labelValue,
  METRIC_NAME,
  metricName,
  type MetricStore,
  type ModelMetadata,
  type ModelStore,
  type RecordStore,
  type SampleBatch,
  type Series,
  type SeriesKind,
  type SeriesRef,
  type Silence,
} from '../model/index.ts';
import type { Logger } from '../telemetry/log.ts';
import { metrics as ownMetrics } from '../telemetry/metrics.ts';
import { AlertKeeper, type AlertPolicy } from './alert-keeper.ts';
import { bandHistoryOf } from './band-history.ts';
import { DerivedFigures } from './derive-figures.ts';
import { OwnMachine } from './derive-identity.ts';
import type { DetectionPort, DetectionProgress } from './detection-port.ts';
import type {
  AlertRuleView,
  ComponentHealth,
  EngineView,
  EntityState,
  ExpectedBand,
  ModelState,
  Outlook,
  Pattern,
  PerformanceScore,
  TrainOutcome,
} from './engine-view.ts';
import { EntityRegistry } from './entity-registry.ts';
import { EntityStates } from './entity-states.ts';
import { EventRing } from './event-ring.ts';
import { every, type Repeated } from './every.ts';
import { FindingKeeper } from './finding-keeper.ts';
import { type ForecastWithHistory, Forecaster } from './forecaster.ts';
import { HostBoard } from './host-board.ts';
import { HEALTH_METRIC, refOfComponent } from './host-figures.ts';
import { IngestGate } from './ingest-gate.ts';
import { LedgerKeeper } from './ledger-keeper.ts';
import { loadSnapshots, saveSnapshots, type SnapshotStore } from './snapshots.ts';
import { patternsOf } from './pattern-review.ts';
import { Trainer } from './trainer.ts';

export interface EngineOptions {
  readonly intervalMs: number;
  readonly timeZone: string;
  readonly policy: AlertPolicy;
  /** What the policy leaves out on purpose, for the list of rules. */
  readonly disabledRules?: AlertPolicy['rules'];
}

export interface EngineParts {
  readonly metrics: MetricStore;
  readonly records: RecordStore;
  readonly models: ModelStore;
  readonly registry: EntityRegistry;
  readonly snapshots: SnapshotStore;
  readonly clock: Clock;
  readonly log: Logger;
  readonly options: EngineOptions;
  /** Starts the detectors on the state given: one a thread, null for a fresh one. */
  readonly startDetection: (options: {
    snapshots: readonly (Uint8Array | null)[];
    onProgress: (progress: DetectionProgress) => void;
    onFailure: (error: AuspexError) => void;
  }) => DetectionPort;
  readonly threads: number;
  /** What other parts say of their health. */
  readonly componentsBeside: () => readonly ComponentHealth[];
  /** Called when messages were put into the outbox. */
  readonly onMessages: () => void;
}

const RING_CAPACITY = 5_000;
const TICK_MS = 5_000;
const SNAPSHOT_MS = 300_000;
const SYSTEM_METRICS_MS = 300_000;
const OUTLOOK_MS = 30 * 86_400_000;
const BAND_REFRESH_MS = 10_000;

/** Everything together: samples in, findings, alerts, forecasts and their record out. See EngineView for what others see of it. */
export class Engine implements EngineView {
  readonly #parts: EngineParts;
  readonly #ring = new EventRing(RING_CAPACITY);
  readonly #board: HostBoard;
  readonly #findings: FindingKeeper;
  readonly #alerts: AlertKeeper;
  readonly #ledger: LedgerKeeper;
  readonly #forecaster: Forecaster;
  readonly #trainer: Trainer;
  readonly #detection: DetectionPort;
  readonly #gate: IngestGate;
  readonly #derived = new DerivedFigures((id, at, type) => this.#onHostEvent(id, at, type));
  readonly #ownMachine = new OwnMachine(() =>
    Object.values(networkInterfaces()).flatMap((addresses) => (addresses ?? []).map(({ address }) => address)),
  );
  #ownId: string | null = null;
  #accepting = true;
  /** Moves when this machine wakes: what it slept through is nobody's silence. */
  #watchedSince: number;
  readonly #entityIndex: (string | undefined)[] = [];
  readonly #bandsAt = new Map<string, number>();
  readonly #states: EntityStates;
  readonly #shownAt = new Map<string, number>();
  readonly #healthAt = new Map<string, number>();
  readonly #failures: ComponentHealth[] = [];
  #lastSentence = '';
  #repeated: Repeated[] = [];

  private constructor(parts: EngineParts, snapshots: readonly (Uint8Array | null)[]) {
    const { metrics, records, models, clock, log, options } = parts;
    this.#parts = parts;
    this.#watchedSince = clock.now();
    this.#board = new HostBoard(metrics.index);
    this.#findings = new FindingKeeper(records, this.#ring);
    this.#alerts = new AlertKeeper({
      records,
      ring: this.#ring,
      clock,
      nameOf: (id) => this.#nameOf(id),
      policy: options.policy,
    });
    this.#ledger = new LedgerKeeper({
      records,
      ring: this.#ring,
      clock,
      actual: (row, from, to) => this.#actual(row, from, to),
    });
    this.#forecaster = new Forecaster({
      metrics,
      board: this.#board,
      ledger: this.#ledger,
      clock,
      run: (request) => this.#detection.run('forecast', request),
    });
    this.#states = new EntityStates({
      registry: parts.registry,
      board: this.#board,
      findings: this.#findings,
      alerts: this.#alerts,
      clock,
      intervalMs: options.intervalMs,
    });
    this.#detection = parts.startDetection({
      snapshots,
      onProgress: (progress) => this.#onProgress(progress),
      onFailure: (error) =>
        this.#failures.push({
          name: 'detection',
          kind: 'detector',
          state: 'failed',
          since: clock.now(),
          message: error.message,
          remedy: 'Restart Auspex; report it with `auspex doctor --bundle`.',
        }),
    });
    this.#trainer = new Trainer({
      metrics,
      models,
      clock,
      log,
      board: this.#board,
      ledger: this.#ledger,
      detection: this.#detection,
      tasks: this.#detection,
      ring: this.#ring,
    });
    this.#gate = new IngestGate({
      metrics,
      detection: this.#detection,
      clock,
      threads: parts.threads,
      onSeries: (series) => this.#onSeries(series),
      onBatch: (source, batch, result) => this.#onBatch(source, batch, result),
    });
  }

  /** Loads what is kept, goes on from the last snapshot, replays what came behind it. Ready when it resolves. */
  static async start(parts: EngineParts): Promise<Engine> {
    const stored = await loadSnapshots(parts.snapshots, parts.threads, parts.log);
    const engine = new Engine(parts, stored.states);
    if (stored.fault !== null) engine.#nameLoss(stored.fault);
    await engine.#findings.load();
    await engine.#alerts.load();
    await engine.#ledger.load();
    await engine.#catchUpAlerts();
    engine.#gate.defineStored();
    await parts.metrics.replayFrom(stored.position, (batch, position) => {
      engine.#gate.replay(batch, position);
      engine.#derived.take(batch, parts.clock.now());
    });
    await engine.#trainer.load();
    engine.#repeat();
    return engine;
  }

  /** Runs a collector until the signal; a failure is seen in its health and does not end the engine. */
  async collect(collector: Collector, signal: AbortSignal): Promise<void> {
    await collector.start((event) => this.#onCollected(collector, event), signal);
  }

  #nameLoss(fault: string): void {
    const message = `The learnt state ${fault}; it was set aside, and what is normal is learnt again from the samples.`;
    this.#parts.log.error(message);
    this.#failures.push({
      name: 'detection',
      kind: 'detector',
      state: 'degraded',
      since: this.#parts.clock.now(),
      message,
      remedy: 'Nothing needs doing: detection is back when it has learnt. Check the disk if it happens again.',
    });
  }

  setPolicy(policy: AlertPolicy): void {
    this.#alerts.setPolicy(policy);
  }

  /** Stops taking in, writes what is learnt, ends the threads. */
  async close(): Promise<void> {
    await Promise.all(this.#repeated.map((repeated) => repeated.stop()));
    await this.#saveSnapshots().catch((error: unknown) =>
      this.#parts.log.error(
        { err: error },
        'The learnt state could not be saved; it is learnt again from the samples at the next start',
      ),
    );
    await this.#flush().catch((error: unknown) =>
      this.#parts.log.error({ err: error }, 'The last findings could not be written'),
    );
    await this.#detection.close();
  }

  // ---- EngineView: now

  states(): readonly EntityState[] {
    return this.#states.all();
  }

  state(idOrName: string): EntityState | undefined {
    return this.#states.find(idOrName);
  }

  sentence(): string {
    return this.#states.sentence(this.outlook(OUTLOOK_MS));
  }

  learning(): string | null {
    return this.#states.learning();
  }

  async expected(ref: SeriesRef): Promise<ExpectedBand> {
    const series = this.#parts.metrics.index.get(ref);
    if (series === undefined) throw new AuspexError('NOT_FOUND', `There is no series ${ref}.`);
    const [band] = await this.#detection.expected(series.entityId, [ref]);
    return band ?? { mean: null, lower: null, upper: null, learning: 'no samples yet' };
  }

  async expectedOver(ref: SeriesRef, from: number, to: number, stepMs: number): ReturnType<EngineView['expectedOver']> {
    const { metrics, registry, options } = this.#parts;
    const series = metrics.index.get(ref);
    if (series === undefined) throw new AuspexError('NOT_FOUND', `There is no series ${ref}.`);
    const timeZone = registry.get(series.entityId)?.timeZone ?? options.timeZone;
    return bandHistoryOf({ series, timeZone, from, to, stepMs, metrics, tasks: this.#detection });
  }

  performance(entityId: string): Promise<PerformanceScore> {
    return this.#trainer.performance(this.#entity(entityId));
  }

  patterns(entityId: string, days: number): Promise<readonly Pattern[]> {
    return patternsOf({
      entity: this.#entity(entityId),
      days,
      board: this.#board,
      metrics: this.#parts.metrics,
      records: this.#parts.records,
      tasks: this.#detection,
      now: this.#parts.clock.now(),
    });
  }

  forecasts(entityId: string, horizonMs: number, component?: string): Promise<readonly ForecastWithHistory[]> {
    return this.#forecaster.forecasts(this.#entity(entityId), horizonMs, component);
  }

  outlook(horizonMs: number): readonly Outlook[] {
    return this.#forecaster.outlook((id) => this.#nameOf(id), horizonMs);
  }

  components(): readonly ComponentHealth[] {
    const faults = this.#repeated.flatMap((repeated): ComponentHealth[] => {
      const fault = repeated.fault();
      return fault === null
        ? []
        : [
            {
              name: 'engine',
              kind: 'thread',
              state: 'degraded',
              since: this.#parts.clock.now(),
              message: fault.message,
              remedy: null,
            },
          ];
    });
    return [...this.#failures, ...faults, ...this.#parts.componentsBeside()];
  }

  ingestStats(): ReturnType<EngineView['ingestStats']> {
    return this.#gate.stats();
  }

  alertRules(): readonly AlertRuleView[] {
    const view =
      (enabled: boolean) =>
      (rule: AlertPolicy['rules'][number]): AlertRuleView => ({
        name: rule.name,
        kind: rule.kind,
        summary: rule.summary,
        condition: rule.condition,
        forMs: rule.forMs,
        severity: rule.severity,
        action: rule.action,
        source: rule.source,
        enabled,
      });
    return [
      ...this.#alerts.policy.rules.map(view(true)),
      ...(this.#parts.options.disabledRules ?? []).map(view(false)),
    ];
  }

  subscribe(
    after: number | null,
    listener: Parameters<EngineView['subscribe']>[1],
  ): ReturnType<EngineView['subscribe']> {
    return this.#ring.subscribe(after, listener);
  }

  // ---- EngineView: changes

  ingest(source: string, batch: SampleBatch): Promise<AppendResult> {
    return this.#gate.ingest(source, batch);
  }

  /** Samples of a program that holds Auspex as a library. */
  async record(emissions: readonly Emission[]): Promise<void> {
    const batch = this.#gate.toBatch(emissions);
    if (batch.count < emissions.length)
      throw new AuspexError(
        'SERIES_LIMIT',
        `${emissions.length - batch.count} samples of new series were refused: the limit is ${this.#parts.metrics.index.limit} series.`,
      );
    await this.#gate.ingest('library', batch);
  }

  resolveSeries(labels: Labels, kind: SeriesKind): SeriesRef {
    return this.#parts.metrics.index.resolve(labels, kind);
  }

  models(): Promise<readonly ModelState[]> {
    return this.#trainer.states();
  }

  async train(name: string, entityId: string | undefined, force: boolean): Promise<readonly TrainOutcome[]> {
    const entities =
      entityId === undefined
        ? this.#parts.registry.all().filter((entity) => entity.kind === 'host')
        : [this.#entity(entityId)];
    const outcomes: TrainOutcome[] = [];
    for (const entity of entities) outcomes.push(await this.#trainer.train(name, entity, force));
    return outcomes;
  }

  promote(name: string, entityId: string, version: number): Promise<ModelMetadata> {
    return this.#trainer.promote(name, this.#entity(entityId).id, version);
  }

  async judge(findingId: string, verdict: 'confirmed' | 'normal' | 'dismissed', by: string): Promise<Finding> {
    const now = this.#parts.clock.now();
    const finding = await this.#findings.judge(findingId, verdict, by, now);
    await this.#detection.feedback(finding.entityId, finding.detector, finding.subject, verdict, now);
    this.#alerts.observeFindings([finding]);
    await this.#flush();
    return finding;
  }

  async addSilence(silence: Omit<Silence, 'id' | 'createdAt'>): Promise<Silence> {
    const entityId = silence.entityId === null ? null : this.#entity(silence.entityId).id;
    const made: Silence = { ...silence, entityId, id: randomUUID(), createdAt: this.#parts.clock.now() };
    await this.#alerts.addSilence(made);
    return made;
  }

  removeSilence(id: string): Promise<void> {
    return this.#alerts.removeSilence(id);
  }

  async enrol(agent: Parameters<EngineView['enrol']>[0]): ReturnType<EngineView['enrol']> {
    const { registry, records, clock, options } = this.#parts;
    const now = clock.now();
    const instance = registry.freeInstance(agent.hostname, agent.machineId);
    const entity = registry.introduce(
      {
        kind: 'host',
        stableId: agent.machineId,
        name: instance,
        timeZone: agent.timeZone,
        aliases: [`instance=${instance}`],
        attributes: agent.attributes,
      },
      now,
    );
    await records.transaction(async (access) => {
      await access.put('entities', [entity]);
      const before = await access.get('agents', agent.machineId);
      await access.put('agents', [
        {
          id: agent.machineId,
          name: instance,
          entityId: entity.id,
          version: agent.version,
          tokenId: agent.tokenId,
          enrolledAt: before?.enrolledAt ?? now,
          lastSeenAt: now,
        },
      ]);
    });
    return { agentId: agent.machineId, entityId: entity.id, instance, intervalSeconds: options.intervalMs / 1000 };
  }

  // ---- the flow

  async #onCollected(collector: Collector, event: CollectorEvent): Promise<void> {
    const { registry, clock, records } = this.#parts;
    if (event.kind === 'samples') {
      await this.#recognize(collector, event.samples);
      await this.#gate.ingestOwn(collector.name, event.samples);
      return;
    }
    if (event.kind === 'entity') {
      const entity = registry.introduce(event.entity, clock.now());
      await records.put('entities', [entity]);
      this.#states.setUnseen(entity.id, collector.health().problems);
      this.#ownId = entity.id;
      return;
    }
    this.#parts.log.warn({ event: event.type, detail: event.detail }, 'The host was interrupted');
    if (event.type === 'resume') this.#watchedSince = Math.max(this.#watchedSince, event.at);
    const sample = this.#ownSample(HOST_EVENT_METRIC, event.at, 1, ['type', event.type]);
    await this.#gate.ingestOwn(collector.name, sample);
  }

  /** A sample of the host that Auspex runs on, none where its collector is off. */
  #ownSample(metric: string, at: number, value: number, ...pairs: (readonly [string, string])[]): readonly Emission[] {
    const own = this.#parts.registry.get(this.#ownId ?? '');
    if (own === undefined) return [];
    const labels = labelsFrom([[METRIC_NAME, metric], ['instance', instanceOf(own)], ['job', 'auspex'], ...pairs]);
    return [{ labels, kind: 'gauge', at, value }];
  }

  /** A scraped node_exporter of this very machine is this machine; before its first series is resolved, for a series stays where it is. */
  async #recognize(collector: Collector, samples: readonly Emission[]): Promise<void> {
    if (collector.name === 'host') return this.#ownMachine.learn(samples);
    const alias = this.#ownMachine.aliasFor(samples);
    const { registry, records } = this.#parts;
    if (alias === null || this.#ownId === null || !registry.addAlias(this.#ownId, alias)) return;
    // Written down before the series are: they look for it when they are loaded.
    const own = registry.get(this.#ownId);
    if (own !== undefined) await records.put('entities', [own]);
  }

  #onHostEvent(entityId: string, at: number, type: HostEventType): void {
    this.#detection.markEvent(entityId, at, type);
  }

  /** Stores what was derived; it comes back as any other sample. */
  async #storeDerived(): Promise<void> {
    const figures = this.#derived.takeReady();
    if (figures.length === 0) return;
    await this.#gate
      .ingestOwn('derived', figures)
      .catch((error: unknown) => this.#parts.log.warn({ err: error }, 'Figures derived from node_exporter were lost'));
  }

  #onSeries(series: Series): Parameters<DetectionPort['define']>[0][number] {
    this.#board.watch(series);
    this.#derived.watch(series);
    if (metricName(series.labels) === 'node_uname_info')
      this.#parts.registry.suggestName(series.entityId, labelValue(series.labels, 'nodename') ?? '');
    this.#states.countSeries(series.entityId);
    this.#entityIndex[series.ref] = series.entityId;
    const entity = this.#parts.registry.get(series.entityId);
    return {
      ref: series.ref,
      labels: series.labels,
      kind: series.kind,
      entityId: series.entityId,
      timeZone: entity?.timeZone ?? this.#parts.options.timeZone,
      entityName: entity?.name ?? series.entityId,
    };
  }

  #onBatch(source: string, batch: SampleBatch, result: AppendResult | null): void {
    ownMetrics.samplesIngested.inc({ source }, result?.stored ?? 0);
    this.#board.take(batch);
    this.#accepting = result !== null;
    this.#derived.take(batch, this.#parts.clock.now());
    void this.#storeDerived();
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
      this.#parts.registry.touch(id, times[i] as number);
      last = id;
    }
  }

  #onProgress(progress: DetectionProgress): void {
    this.#gate.progressed(progress);
    ownMetrics.samplesScored.inc(progress.samples);
    if (progress.events.length === 0) return;
    const changed = this.#findings.take(progress.events);
    this.#alerts.observeFindings(changed);
    void this.#tick?.now();
  }

  #tick: Repeated | null = null;

  #repeat(): void {
    const { log } = this.#parts;
    this.#tick = every(TICK_MS, 'tick', log, () => this.#onTick());
    this.#repeated = [
      this.#tick,
      every(60_000, 'ledger', log, async () => {
        while ((await this.#ledger.judgeDue()) > 0);
        const dirty = this.#parts.registry.takeDirty();
        if (dirty.length > 0) await this.#parts.records.put('entities', dirty);
        const { blockBytes, writeAheadBytes } = await this.#parts.metrics.stats();
        ownMetrics.storeBytes.set({ kind: 'blocks' }, blockBytes);
        ownMetrics.storeBytes.set({ kind: 'write-ahead' }, writeAheadBytes);
      }),
      every(SNAPSHOT_MS, 'snapshot', log, () => this.#saveSnapshots()),
      every(SYSTEM_METRICS_MS, 'system metrics', log, () => this.#writeSystemMetrics()),
      every(60_000, 'forecasts', log, () => this.#review()),
      every(60_000, 'training', log, () => this.#trainer.review(this.#hosts())),
      every(3_600_000, 'retention', log, async () => void (await this.#parts.records.expire(this.#parts.clock.now()))),
    ];
  }

  async #onTick(): Promise<void> {
    const now = this.#parts.clock.now();
    await this.#detection.advanceTime(now);
    this.#alerts.observeFindings([
      ...this.#findings.endForgotten(now, (id) => this.#parts.registry.get(id)?.lastSeenAt ?? 0),
      ...this.#findings.open(),
    ]);
    this.#alerts.observeEntities(this.#parts.registry.all().map((entity) => this.#watched(entity)));
    this.#derived.settle(now);
    await this.#storeDerived();
    const health: Emission[] = [];
    for (const entity of this.#hosts()) {
      const at = this.#board.lastAt(entity.id);
      if (at > (this.#healthAt.get(entity.id) ?? 0) && now - at < 600_000) {
        this.#healthAt.set(entity.id, at);
        // At the collector's time: it must not make a host look alive whose collector is silent.
        if (entity.id === this.#ownId)
          health.push(...this.#ownSample('auspex_store_accepting', at, this.#accepting ? 1 : 0));
        const observed = this.#states.observedHealth(entity.id);
        if (observed.score !== null)
          health.push({
            labels: labelsFrom([
              [METRIC_NAME, HEALTH_METRIC],
              ['instance', instanceOf(entity)],
              ['job', 'auspex'],
            ]),
            kind: 'gauge' as const,
            at,
            value: observed.score,
          });
      }
      await this.#show(entity, now);
    }
    if (health.length > 0) await this.#gate.ingestOwn('health', health);
    await this.#flush();
    const sentence = this.sentence();
    if (sentence !== this.#lastSentence) {
      this.#lastSentence = sentence;
      this.#ring.publish({ topic: 'overview', sentence });
    }
    const stats = this.#gate.stats();
    ownMetrics.scoreLagSeconds.set(stats.scoreLagMs / 1000);
    ownMetrics.seriesCount.set(this.#parts.metrics.index.size);
  }

  /** Anomaly alerts whose finding ended while nobody ran are over. */
  async #catchUpAlerts(): Promise<void> {
    const open = new Set([...this.#findings.open()].map((finding) => finding.id));
    for (const { findingId } of this.#alerts.open()) {
      if (findingId === null || open.has(findingId)) continue;
      const finding = await this.#findings.get(findingId).catch(() => null);
      if (finding !== null) this.#alerts.observeFindings([finding]);
    }
  }

  /** Sends a host's new figures to those who look on, with the bands that are usual now. */
  async #show(entity: Entity, now: number): Promise<void> {
    const at = this.#board.lastAt(entity.id);
    if (at === 0 || at <= (this.#shownAt.get(entity.id) ?? 0)) return;
    this.#shownAt.set(entity.id, at);
    if (now - (this.#bandsAt.get(entity.id) ?? 0) >= BAND_REFRESH_MS) {
      this.#bandsAt.set(entity.id, now);
      const refs = this.#board.gaugeRefs(entity.id);
      this.#states.setBands(refs, await this.#detection.expected(entity.id, refs));
      this.#states.setLearning(entity.id, await this.#detection.learning(entity.id));
    }
    this.#ring.publish({
      topic: 'samples',
      entityId: entity.id,
      at,
      gauges: this.#states.gauges(entity.id),
    });
  }

  async #writeSystemMetrics(): Promise<void> {
    const now = this.#parts.clock.now();
    const at = Math.floor(now / SYSTEM_METRICS_MS) * SYSTEM_METRICS_MS;
    const hosts = this.#hosts().filter((entity) => now - this.#board.lastAt(entity.id) < SYSTEM_METRICS_MS);
    const rows = [];
    for (const entity of hosts)
      rows.push(this.#states.systemMetrics(entity, at, (await this.#trainer.performance(entity)).value));
    await this.#parts.records.put('system_metrics', rows);
  }

  async #review(): Promise<void> {
    const now = this.#parts.clock.now();
    for (const entity of this.#hosts()) {
      if (now - this.#board.lastAt(entity.id) < 60_000) await this.#forecaster.watchDisks(entity);
      if (now - (this.#reviewedAt.get(entity.id) ?? 0) < 600_000 || now - this.#board.lastAt(entity.id) > 600_000)
        continue;
      this.#reviewedAt.set(entity.id, now);
      await this.#forecaster.review(entity);
      await this.#trainer.foretell(entity);
    }
  }
  readonly #reviewedAt = new Map<string, number>();

  async #flush(): Promise<void> {
    await this.#findings.flush();
    await this.#alerts.flush();
    this.#parts.onMessages();
  }

  async #saveSnapshots(): Promise<void> {
    const snapshots = await this.#detection.snapshot();
    // What a snapshot has behind it is not found again by a replay: its findings are written first.
    await this.#flush();
    const position = await saveSnapshots(this.#parts.snapshots, snapshots);
    if (Number.isFinite(position)) await this.#parts.metrics.acknowledge(position);
  }

  async #actual(
    row: { entityId: string; component: string },
    from: number,
    to: number,
  ): Promise<{ times: Float64Array; values: Float64Array } | null> {
    const ref = refOfComponent(this.#board, row.entityId, row.component);
    if (ref === undefined) return null;
    const [points] = await this.#parts.metrics.range([ref], from, to);
    return points ?? null;
  }

  // ---- state

  #hosts(): readonly Entity[] {
    return this.#parts.registry.all().filter((entity) => entity.kind === 'host');
  }

  #entity(idOrName: string): Entity {
    const entity = this.#parts.registry.find(idOrName);
    if (entity === undefined) throw new AuspexError('NOT_FOUND', `Nothing named ${idOrName} is watched.`);
    return entity;
  }

  #nameOf(id: string): string {
    return this.#parts.registry.get(id)?.name ?? id;
  }

  #watched(entity: Entity): WatchedEntity {
    return {
      id: entity.id,
      name: entity.name,
      kind: entity.kind,
      lastSeenAt: entity.lastSeenAt,
      watchedSince: this.#watchedSince,
      latest: (metric) => this.#board.latest(entity.id, metric),
      exhaustions: this.#forecaster.exhaustions(entity.id).map(({ figure, madeAt, exhaustion }) => ({
        subject: figure.part,
        resource: figure.metric.resource,
        at: exhaustion.at ?? 0,
        to: exhaustion.to,
        madeAt,
      })),
    };
  }
}

function instanceOf(entity: Entity): string {
  return (
    entity.aliases.find((alias) => alias.startsWith('instance=') && !alias.includes(','))?.slice('instance='.length) ??
    entity.name
  );
}
