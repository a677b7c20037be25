import { noRouting, quietUntil } from '../decide/routing.ts';
import { AuspexError } from '../errors.ts';
import {
  type AppendResult,
  type Collector,
  type DependencyChange,
  type Emission,
  type Entity,
  type Finding,
  type Incident,
  type IncidentChange,
  type Labels,
  type ModelMetadata,
  type ReportedChange,
  type Prediction,
  type SampleBatch,
  type SeenChange,
  type SeriesKind,
  type SeriesRef,
  type ServiceGraph,
  type ServiceChange,
  type ServiceRow,
} from '../model/index.ts';
import { AlertKeeper, type AlertPolicy } from './alert-keeper.ts';
import { bandHistoryOf } from './band-history.ts';
import { CalendarKeeper } from './calendar-keeper.ts';
import { ChangeKeeper } from './change-keeper.ts';
import { KnownServices, liveGraph } from './known-services.ts';
import { SeriesChanges } from './series-changes.ts';
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
import { Foresight } from './foresight.ts';
import { actedUpon } from './foresight-acts.ts';
import { BudgetKeeper } from './foresight-budget.ts';
import { CapacityKeeper } from './foresight-capacity.ts';
import { actualOf, foreseenOutlook } from './foresight-outlook.ts';
import { Flow } from './flow.ts';
import { type ForecastWithHistory, Forecaster } from './forecaster.ts';
import { HostBoard } from './host-board.ts';
import { refOfComponent } from './host-figures.ts';
import { businessOf } from './incident-business.ts';
import { IncidentDiagnostics, servedOn, snapshotsOf } from './incident-diagnostics.ts';
import { IncidentEvidence } from './incident-evidence.ts';
import { similarIncidents } from './incident-past.ts';
import { IncidentKeeper } from './incident-keeper.ts';
import { type RouteQuestion, routeAnswer, type RouteAnswer } from './route-answer.ts';
import { JudgementKeeper } from './judgement-keeper.ts';
import { IngestGate } from './ingest-gate.ts';
import { LedgerKeeper } from './ledger-keeper.ts';
import { loadSnapshot, loadSnapshots } from './snapshots.ts';
import { LiveFeed } from './live-feed.ts';
import { ObjectiveKeeper } from './objective-keeper.ts';
import { OwnHost } from './own-host.ts';
import { patternsOf } from './pattern-review.ts';
import { ReportedAlerts } from './reported-alerts.ts';
import { RuleKeeper } from './rule-keeper.ts';
import { ServiceFiguresNow } from './service-figures-now.ts';
import { ServiceKeeper } from './service-keeper.ts';
import { type ServiceState, servicesSentence } from './service-state.ts';
import type { TaskPool } from './task-pool.ts';
import { Trainer } from './trainer.ts';

const RING_CAPACITY = 5_000;
const OUTLOOK_MS = 30 * 86_400_000;

/** Everything together: samples in, findings, alerts, forecasts and their record out. See EngineView for what others see of it. */
export class Engine implements EngineView {
  readonly #parts: EngineParts;
  readonly #ring = new EventRing(RING_CAPACITY);
  readonly #board: HostBoard;
  readonly calendar: CalendarKeeper;
  readonly #findings: FindingKeeper;
  readonly #alerts: AlertKeeper;
  readonly #incidents: IncidentKeeper;
  readonly #graph: ServiceGraph;
  readonly #changes: ChangeKeeper;
  readonly #seriesChanges: SeriesChanges;
  readonly #evidence: IncidentEvidence;
  readonly #judgements: JudgementKeeper;
  readonly #ledger: LedgerKeeper;
  readonly #forecaster: Forecaster;
  readonly #foresight: Foresight;
  readonly #capacity: CapacityKeeper;
  readonly #budgets: BudgetKeeper;
  readonly #trainer: Trainer;
  readonly #detection: DetectionPort;
  readonly #gate: IngestGate;
  readonly #ownHost: OwnHost;
  readonly #flow: Flow;
  /** The rules of files. */
  readonly rules: RuleKeeper;
  readonly objectives: ObjectiveKeeper;
  readonly #states: EntityStates;
  readonly #reported: ReportedAlerts;
  readonly #services: ServiceKeeper;
  readonly #failures: ComponentHealth[] = [];

  private constructor(parts: EngineParts, snapshots: readonly (Uint8Array | null)[]) {
    const { metrics, records, models, clock, log, options } = parts;
    this.#parts = parts;
    this.#board = new HostBoard(metrics.index);
    this.#findings = new FindingKeeper(records, this.#ring);
    const { registry } = parts;
    this.#graph = liveGraph(() => this.#services.graph, new KnownServices(registry));
    const graph = this.#graph;
    this.#judgements = new JudgementKeeper(records, graph);
    this.#changes = new ChangeKeeper({ records, ring: this.#ring, clock, graph });
    this.#seriesChanges = new SeriesChanges((id) => this.#nameOf(id));
    const diagnostics = new IncidentDiagnostics({
      board: this.#board,
      registry,
      graph,
      changes: this.#changes,
      records,
    });
    this.#evidence = new IncidentEvidence({ metrics, registry, graph, diagnostics, intervalMs: options.intervalMs });
    this.#incidents = new IncidentKeeper({
      records,
      ring: this.#ring,
      clock,
      registry,
      graph,
      diagnostics,
      evidence: this.#evidence,
      tasks: { run: (name, argument) => this.#detection.run(name, argument) },
      openFindings: () => this.#findings.open(),
      judgements: this.#judgements,
    });
    this.calendar = new CalendarKeeper({
      records,
      ring: this.#ring,
      clock,
      registry,
      timeZone: options.timeZone,
      tasks: { run: (name, argument) => this.#detection.run(name, argument) },
      onChange: (training) => {
        this.#detection.setCalendar(training);
        this.#alerts.settleIncidents();
      },
    });
    this.#alerts = new AlertKeeper({
      records,
      ring: this.#ring,
      clock,
      incidents: this.#incidents,
      governance: this.calendar,
      policy: options.policy,
    });
    this.#ledger = new LedgerKeeper({
      records,
      ring: this.#ring,
      clock,
      actual: (row, from, to) => this.#actual(row, from, to),
      isOutOfCount: (row, from, to) => this.calendar.governsWithin('objectives', row.entityId, from, to) !== null,
      acted: actedUpon(records, (id) => {
        const serviceId = graph.serviceOf(id);
        return serviceId === null ? null : graph.nameOf(serviceId);
      }),
    });
    this.#forecaster = new Forecaster({
      metrics,
      board: this.#board,
      ledger: this.#ledger,
      clock,
      run: (request) => this.#detection.run('forecast', request),
    });
    const ahead = {
      metrics,
      board: this.#board,
      ledger: this.#ledger,
      clock,
      tasks: { run: (name, argument) => this.#detection.run(name, argument) } satisfies TaskPool,
    };
    this.#foresight = new Foresight({
      ...ahead,
      rules: () => this.#alerts.policy.rules,
      servedOn: (hostId) => servedOn(parts.registry, hostId),
    });
    this.#capacity = new CapacityKeeper(ahead);
    this.#budgets = new BudgetKeeper({ ...ahead, budgets: () => this.objectives.budgets() });
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
      calendar: this.calendar,
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
    const watched = { alerts: this.#alerts, registry, metrics, clock } as const;
    this.rules = new RuleKeeper({ ...watched, write: (emissions) => this.#gate.ingestOwn('rules', emissions) });
    this.objectives = new ObjectiveKeeper({
      ...watched,
      reader: this.rules.reader,
      write: (emissions) => this.#gate.ingestOwn('objectives', emissions),
      isExcluded: ({ service }, entityId, at) => this.calendar.governs('objectives', entityId, service, at) !== null,
    });
    this.#services = new ServiceKeeper({
      records,
      registry,
      board: this.#board,
      ring: this.#ring,
      clock,
      figures: new ServiceFiguresNow(this.#board, this.#detection),
      states: this.#states,
      ownHost: this.#ownHost,
      openFindings: () => this.#findings.open(),
      findingsOf: (id) => this.#findings.openOf(id),
      alerts: () => this.#alerts.active(),
      incidents: () => this.#incidents.open(),
      business: options.business ?? {},
      judges: options.judgesServices ?? true,
    });
    this.#flow = new Flow({
      ...parts,
      services: this.#services,
      rules: this.rules,
      objectives: this.objectives,
      board: this.#board,
      states: this.#states,
      findings: this.#findings,
      alerts: this.#alerts,
      incidents: this.#incidents,
      evidence: this.#evidence,
      changes: this.#changes,
      seriesChanges: this.#seriesChanges,
      ledger: this.#ledger,
      forecaster: this.#forecaster,
      foresight: this.#foresight,
      capacity: this.#capacity,
      budgets: this.#budgets,
      trainer: this.#trainer,
      detection: this.#detection,
      gate: this.#gate,
      ownHost: this.#ownHost,
      calendar: this.calendar,
      feed: new LiveFeed({ board: this.#board, states: this.#states, detection: this.#detection, ring: this.#ring }),
      sentence: () => this.sentence(),
    });
    const flush = () => this.#flow.flush();
    this.#reported = new ReportedAlerts({ registry, records, clock, metrics, alerts: this.#alerts, flush });
  }

  /** Loads what is kept, goes on from the last snapshot, replays what came behind it. Ready when it resolves. */
  static async start(parts: EngineParts): Promise<Engine> {
    const stored = await loadSnapshots(parts.snapshots, parts.threads, parts.log);
    const engine = new Engine(parts, stored.states);
    if (stored.fault !== null) engine.#nameLoss(stored.fault);
    await engine.#findings.load();
    await engine.#judgements.load();
    engine.#detection.setAsked(askedFor(parts.options.policy));
    await engine.#alerts.load();
    engine.calendar.setFiles(parts.options.calendar ?? []);
    await engine.calendar.load();
    await engine.#ledger.load();
    await engine.#changes.load();
    await engine.#services.load();
    await engine.#catchUpAlerts();
    engine.#gate.defineStored();
    await parts.metrics.replayFrom(stored.position, (batch, position) => {
      engine.#gate.replay(batch, position);
      engine.#flow.onReplayed(batch);
    });
    await engine.#seriesChanges.load(parts.metrics, parts.clock.now());
    await engine.#trainer.load();
    engine.#flow.start();
    return engine;
  }

  /** Runs a collector until the signal; a failure is seen in its health and does not end the engine. */
  async collect(collector: Collector, signal: AbortSignal): Promise<void> {
    const end = this.#ownHost.begin(collector);
    try {
      await collector.start(async (event) => {
        if (event.kind === 'changes') return this.#takeSeen(event.changes);
        await this.#ownHost.take(collector, event);
        if (event.kind !== 'samples' || event.isPast !== true) return;
        await this.#flow.settlePast(event.samples.reduce((last, { at }) => Math.max(last, at), 0));
      }, signal);
    } finally {
      end();
    }
  }

  /** Of its own host, that is; before that one is known nothing can be said of it. */
  async #takeSeen(seen: readonly SeenChange[]): Promise<void> {
    const { id } = this.#ownHost;
    if (id === null) return;
    await this.recordChanges(seen.map((one) => ({ ...one, entityId: id, service: null, url: null })));
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
    this.#detection.setAsked(askedFor(policy));
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

  overview(most: number): ReturnType<EngineView['overview']> {
    return this.#states.overview(most);
  }

  state(idOrName: string): EntityState | undefined {
    return this.#states.find(idOrName);
  }

  nameOf(id: string): string | undefined {
    return this.#parts.registry.get(id)?.name;
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
    const { teachingAt } = this.calendar;
    return bandHistoryOf({ series, timeZone, from, to, stepMs, metrics, tasks: this.#detection, teachingAt });
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
    const nameOf = (id: string): string => this.#nameOf(id);
    const foreseen = foreseenOutlook(this.#ahead(), nameOf, horizonMs, this.#parts.clock.now());
    return [...foreseen, ...this.#forecaster.outlook(nameOf, horizonMs)];
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
    const rules = this.rules.component();
    return [...this.#failures, ...faults, ...(rules === null ? [] : [rules]), ...this.#parts.componentsBeside()];
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
    const finding = await this.#judge(findingId, verdict, by);
    const home = this.#incidents.homeOf(findingId)?.id ?? findingId;
    await this.#judgements.judgeFinding(finding, home, by, this.#parts.clock.now());
    this.#incidents.rank();
    this.#alerts.observeFindings([finding]);
    await this.#flow.flush();
    return finding;
  }

  async #judge(findingId: string, verdict: 'confirmed' | 'normal' | 'dismissed', by: string): Promise<Finding> {
    const now = this.#parts.clock.now();
    const finding = await this.#findings.judge(findingId, verdict, by, now);
    await this.#detection.feedback(finding.entityId, finding.detector, finding.subject, verdict, now);
    this.#incidents.note([finding]);
    return finding;
  }

  incidents(): readonly Incident[] {
    return this.#incidents.open();
  }

  incidentSnapshots(id: string): ReturnType<EngineView['incidentSnapshots']> {
    return snapshotsOf(this.#parts.records, id);
  }

  incidentBusiness(incident: Incident): ReturnType<EngineView['incidentBusiness']> {
    const { metrics, registry, clock, options } = this.#parts;
    const { teachingAt } = this.calendar;
    const services = this.#services;
    const tasks = this.#detection;
    return businessOf(incident, { metrics, registry, clock, services, tasks, teachingAt, timeZone: options.timeZone });
  }

  similarIncidents(incident: Incident): ReturnType<EngineView['similarIncidents']> {
    return similarIncidents(this.#parts.records, incident);
  }

  async changeIncident(id: string, change: IncidentChange, by: string): Promise<Incident> {
    const changed = this.#incidents.change(id, change, by);
    if (change.kind === 'judge' || change.kind === 'acknowledge')
      await this.#judgeIncident(changed, change.kind === 'judge' ? change.verdict : 'acknowledged', by);
    this.#alerts.settleIncidents();
    await this.#flow.flush();
    return changed;
  }

  recordChanges(changes: readonly ReportedChange[]): ReturnType<EngineView['recordChanges']> {
    return this.#changes.record(changes);
  }

  servicesOf(entityIds: readonly string[]): readonly string[] {
    const services = entityIds.flatMap((id) => this.#graph.serviceOf(id) ?? []);
    return [...new Set(services)].map((id) => this.#graph.nameOf(id));
  }

  /** What people say of an incident is said of what it was found by, and of each of its findings. */
  async #judgeIncident(
    incident: Incident,
    verdict: 'confirmed' | 'dismissed' | 'acknowledged',
    by: string,
  ): Promise<void> {
    await this.#judgements.judgeIncident(incident, verdict, by, this.#parts.clock.now());
    this.#incidents.rank();
    if (verdict === 'acknowledged') return;
    for (const sign of incident.signs)
      if (sign.kind === 'finding') {
        const finding = await this.#judge(sign.id, verdict, by).catch(unlessGone);
        if (finding !== undefined) this.#alerts.observeFindings([finding]);
      }
  }

  route(question: RouteQuestion): RouteAnswer {
    const { registry, clock } = this.#parts;
    return routeAnswer(question, { policy: this.#alerts.policy, registry, graph: this.#graph, clock });
  }

  keptUntil({ receiver, channel, severity }: Parameters<EngineView['keptUntil']>[0]): number | null {
    if (receiver === null || severity === 'none') return null;
    return quietUntil({ receiver, channel, severity }, this.routing(), this.#parts.clock.now());
  }

  routing(): ReturnType<EngineView['routing']> {
    return this.#alerts.policy.routing ?? noRouting;
  }

  precision(): ReturnType<EngineView['precision']> {
    return this.#judgements.precision();
  }

  services(): readonly ServiceState[] {
    return this.#services.all();
  }

  servicesSentence(): string {
    return servicesSentence(this.#services.all());
  }

  service(idOrName: string): ServiceState {
    return this.#services.one(idOrName);
  }

  fleetHealth(): ReturnType<EngineView['fleetHealth']> {
    return this.#services.fleet();
  }

  registerService(...of: Parameters<EngineView['registerService']>): Promise<ServiceState> {
    return this.#services.register(...of);
  }

  removeService(idOrName: string): Promise<ServiceRow> {
    return this.#services.remove(idOrName);
  }

  changeService(idOrName: string, change: ServiceChange): Promise<ServiceState> {
    return this.#services.change(idOrName, change);
  }

  changeDependency(change: DependencyChange): Promise<void> {
    return this.#services.changeDependency(change);
  }

  takeReported(reported: Parameters<EngineView['takeReported']>[0]): ReturnType<EngineView['takeReported']> {
    return this.#reported.take(reported);
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
    row: Prediction,
    from: number,
    to: number,
  ): Promise<{ times: Float64Array; values: Float64Array } | null> {
    const foreseen = actualOf(this.#ahead(), row, from, to);
    if (foreseen !== undefined) return foreseen;
    const ref = refOfComponent(this.#board, row.entityId, row.component);
    if (ref === undefined) return null;
    const [points] = await this.#parts.metrics.range([ref], from, to);
    return points ?? null;
  }

  #ahead(): Parameters<typeof foreseenOutlook>[0] {
    return {
      foresight: this.#foresight,
      capacity: this.#capacity,
      budgets: this.#budgets,
      ledger: this.#ledger,
    };
  }

  #entity(idOrName: string): Entity {
    const entity = this.#parts.registry.find(idOrName);
    if (entity === undefined) throw new AuspexError('NOT_FOUND', `Nothing named ${idOrName} is watched.`);
    return entity;
  }

  #nameOf(id: string): string {
    return this.nameOf(id) ?? id;
  }
}

/** A finding may be older than its records are kept. */
function unlessGone(error: unknown): undefined {
  if (!(error instanceof AuspexError && error.code === 'NOT_FOUND')) throw error;
}

/** The metrics that rules on what is unusual name. */
function askedFor({ rules }: AlertPolicy): string[] {
  return [...new Set(rules.flatMap(({ asksFor }) => asksFor ?? []))];
}
