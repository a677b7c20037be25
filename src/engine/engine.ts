import { randomUUID } from 'node:crypto';
import { AuspexError } from '../errors.ts';
import {
  type AppendResult,
  type Collector,
  type Emission,
  type Entity,
  type Finding,
  type Incident,
  type IncidentChange,
  type Labels,
  type ModelMetadata,
  type SampleBatch,
  type SeriesKind,
  type SeriesRef,
  type Silence,
} from '../model/index.ts';
import { AlertKeeper, type AlertPolicy } from './alert-keeper.ts';
import { bandHistoryOf } from './band-history.ts';
import { seriesScoresOf } from './series-scores.ts';
import type { DetectionPort } from './detection-port.ts';
import type { EngineParts } from './engine-parts.ts';
import type {
  AlertRuleView,
  ComponentHealth,
  EngineView,
  EntityState,
  ExpectedBand,
  FeatureRow,
  ModelAnswers,
  ModelState,
  Outlook,
  Pattern,
  PerformanceScore,
  TrainOutcome,
} from './engine-view.ts';
import { enrolAgent } from './enrolment.ts';
import { EntityStates } from './entity-states.ts';
import { EventRing } from './event-ring.ts';
import { FindingKeeper } from './finding-keeper.ts';
import { Flow } from './flow.ts';
import { type ForecastWithHistory, Forecaster } from './forecaster.ts';
import { HostBoard } from './host-board.ts';
import { refOfComponent } from './host-figures.ts';
import { IncidentEvidence } from './incident-evidence.ts';
import { IncidentKeeper } from './incident-keeper.ts';
import { IngestGate } from './ingest-gate.ts';
import { LedgerKeeper } from './ledger-keeper.ts';
import { loadSnapshot, loadSnapshots } from './snapshots.ts';
import { LiveFeed } from './live-feed.ts';
import { OwnHost } from './own-host.ts';
import { patternsOf } from './pattern-review.ts';
import { takeReported } from './reported-alerts.ts';
import { Trainer } from './trainer.ts';

const RING_CAPACITY = 5_000;
const OUTLOOK_MS = 30 * 86_400_000;

/** Everything together: samples in, findings, alerts, forecasts and their record out. See EngineView for what others see of it. */
export class Engine implements EngineView {
  readonly #parts: EngineParts;
  readonly #ring = new EventRing(RING_CAPACITY);
  readonly #board: HostBoard;
  readonly #findings: FindingKeeper;
  readonly #alerts: AlertKeeper;
  readonly #incidents: IncidentKeeper;
  readonly #evidence: IncidentEvidence;
  readonly #ledger: LedgerKeeper;
  readonly #forecaster: Forecaster;
  readonly #trainer: Trainer;
  readonly #detection: DetectionPort;
  readonly #gate: IngestGate;
  readonly #ownHost: OwnHost;
  readonly #flow: Flow;
  readonly #states: EntityStates;
  readonly #failures: ComponentHealth[] = [];

  private constructor(parts: EngineParts, snapshots: readonly (Uint8Array | null)[]) {
    const { metrics, records, models, clock, log, options } = parts;
    this.#parts = parts;
    this.#board = new HostBoard(metrics.index);
    this.#findings = new FindingKeeper(records, this.#ring);
    const { registry } = parts;
    this.#evidence = new IncidentEvidence({ metrics, registry, intervalMs: options.intervalMs });
    this.#incidents = new IncidentKeeper({
      records,
      ring: this.#ring,
      clock,
      registry,
      evidence: this.#evidence,
      tasks: { run: (name, argument) => this.#detection.run(name, argument) },
      openFindings: () => this.#findings.open(),
    });
    this.#alerts = new AlertKeeper({
      records,
      ring: this.#ring,
      clock,
      incidents: this.#incidents,
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
      onProgress: (progress) => this.#flow.onProgress(progress),
      onFailure: (error, isRestarted) => this.#nameFailure(error, isRestarted),
      revive: async (thread) => ({
        snapshot: await loadSnapshot(parts.snapshots, thread, parts.threads),
        series: () => metrics.index.select([], Number.MAX_SAFE_INTEGER).map((one) => this.#flow.definitionOf(one)),
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
      nameOf: (id) => this.#nameOf(id),
    });
    this.#gate = new IngestGate({
      metrics,
      detection: this.#detection,
      clock,
      threads: parts.threads,
      onSeries: (series) => this.#flow.onSeries(series),
      onBatch: (source, batch, result) => this.#flow.onBatch(source, batch, result),
    });
    this.#ownHost = new OwnHost({ registry, records, clock, log, states: this.#states, gate: this.#gate });
    this.#flow = new Flow({
      ...parts,
      board: this.#board,
      states: this.#states,
      findings: this.#findings,
      alerts: this.#alerts,
      incidents: this.#incidents,
      evidence: this.#evidence,
      ledger: this.#ledger,
      forecaster: this.#forecaster,
      trainer: this.#trainer,
      detection: this.#detection,
      gate: this.#gate,
      ownHost: this.#ownHost,
      feed: new LiveFeed({ board: this.#board, states: this.#states, detection: this.#detection, ring: this.#ring }),
      sentence: () => this.sentence(),
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
      engine.#flow.onReplayed(batch);
    });
    await engine.#trainer.load();
    engine.#flow.start();
    return engine;
  }

  /** Runs a collector until the signal; a failure is seen in its health and does not end the engine. */
  async collect(collector: Collector, signal: AbortSignal): Promise<void> {
    await collector.start(async (event) => {
      await this.#ownHost.take(collector, event);
      if (event.kind !== 'samples' || event.isPast !== true) return;
      await this.#flow.settlePast(event.samples.reduce((last, { at }) => Math.max(last, at), 0));
    }, signal);
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

  #nameFailure(error: AuspexError, isRestarted: boolean): void {
    this.#parts.log.error({ err: error }, error.message);
    this.#failures.push({
      name: 'detection',
      kind: 'detector',
      state: isRestarted ? 'degraded' : 'failed',
      since: this.#parts.clock.now(),
      message: isRestarted
        ? `${error.message} It was started again with what it had learnt by its last save.`
        : error.message,
      remedy: isRestarted
        ? 'Nothing needs doing. Report it with `auspex doctor --bundle`.'
        : 'Restart Auspex; report it with `auspex doctor --bundle`. Thresholds and everything else go on.',
    });
  }

  /** Resolves when everything taken in so far is scored, and what came of it is known and written. */
  settle(): Promise<void> {
    return this.#flow.settle();
  }

  setPolicy(policy: AlertPolicy): void {
    this.#alerts.setPolicy(policy);
  }

  /** Stops taking in, writes what is learnt, ends the threads. */
  async close(): Promise<void> {
    await this.#flow.stop();
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

  async seriesScores(ref: SeriesRef, from: number, to: number): ReturnType<EngineView['seriesScores']> {
    const { metrics } = this.#parts;
    const series = metrics.index.get(ref);
    if (series === undefined) throw new AuspexError('NOT_FOUND', `There is no series ${ref}.`);
    return seriesScoresOf({ series, from, to, metrics, tasks: this.#detection });
  }

  performance(entityId: string): Promise<PerformanceScore> {
    return this.#trainer.scores.of(this.#entity(entityId));
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
    const faults = this.#flow.faults().map(
      (fault): ComponentHealth => ({
        name: 'engine',
        kind: 'thread',
        state: 'degraded',
        since: this.#parts.clock.now(),
        message: fault.message,
        remedy: null,
      }),
    );
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

  /** Two names of one host lead to one entity at once; resolves when that is written down: series look for it when they are loaded. */
  async joinHost(host: { readonly id: string; readonly name: string }): Promise<void> {
    const { registry, records, clock } = this.#parts;
    const changed = registry.joinHost(host, clock.now());
    if (changed !== undefined) await records.put('entities', [changed]);
  }

  models(): Promise<readonly ModelState[]> {
    return this.#trainer.states();
  }

  async train(name: string, entityId: string | undefined, force: boolean): Promise<readonly TrainOutcome[]> {
    const entities = entityId === undefined ? this.#flow.hosts() : [this.#entity(entityId)];
    const outcomes: TrainOutcome[] = [];
    for (const entity of entities) outcomes.push(await this.#trainer.train(name, entity, force));
    return outcomes;
  }

  promote(name: string, entityId: string, version: number): Promise<ModelMetadata> {
    return this.#trainer.promote(name, this.#entity(entityId).id, version);
  }

  predict(name: string, entityId: string | undefined, rows: readonly FeatureRow[]): Promise<ModelAnswers> {
    const { externalModels } = this.#parts;
    if (externalModels?.names().includes(name) === true) return externalModels.predict(name, rows);
    return this.#trainer.answer(name, entityId === undefined ? undefined : this.#entity(entityId).id, rows);
  }

  async judge(findingId: string, verdict: 'confirmed' | 'normal' | 'dismissed', by: string): Promise<Finding> {
    const now = this.#parts.clock.now();
    const finding = await this.#findings.judge(findingId, verdict, by, now);
    await this.#detection.feedback(finding.entityId, finding.detector, finding.subject, verdict, now);
    this.#alerts.observeFindings([finding]);
    await this.#flow.flush();
    return finding;
  }

  incidents(): readonly Incident[] {
    return this.#incidents.open();
  }

  async changeIncident(id: string, change: IncidentChange, by: string): Promise<Incident> {
    const changed = this.#incidents.change(id, change, by);
    if (change.kind === 'judge')
      for (const sign of changed.signs)
        if (sign.kind === 'finding') await this.judge(sign.id, change.verdict, by).catch(unlessGone);
    this.#alerts.settleIncidents();
    await this.#flow.flush();
    return changed;
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

  takeReported(reported: Parameters<EngineView['takeReported']>[0]): ReturnType<EngineView['takeReported']> {
    const { registry, records, clock, metrics } = this.#parts;
    const flush = () => this.#flow.flush();
    return takeReported({ registry, records, clock, metrics, alerts: this.#alerts, flush }, reported);
  }

  enrol(agent: Parameters<EngineView['enrol']>[0]): ReturnType<EngineView['enrol']> {
    const { registry, records, clock, options } = this.#parts;
    return enrolAgent({ registry, records, clock, intervalMs: options.intervalMs }, agent);
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

  #entity(idOrName: string): Entity {
    const entity = this.#parts.registry.find(idOrName);
    if (entity === undefined) throw new AuspexError('NOT_FOUND', `Nothing named ${idOrName} is watched.`);
    return entity;
  }

  #nameOf(id: string): string {
    return this.#parts.registry.get(id)?.name ?? id;
  }
}

/** A finding may be older than its records are kept. */
function unlessGone(error: unknown): void {
  if (!(error instanceof AuspexError && error.code === 'NOT_FOUND')) throw error;
}
