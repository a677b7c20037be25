import type { Likeness } from '../decide/incident-likeness.ts';
import type { CalendarView } from './calendar-view.ts';
import type { ReportedAlert } from '../decide/external-alerts.ts';
import type { precisionBySource } from '../decide/priority.ts';
import type { Routing } from '../decide/routing.ts';
import type { BandHistory } from '../detect/band-replay.ts';
import type { StreamScores } from '../detect/stream-scores.ts';
import type {
  Alert,
  AppendResult,
  Change,
  Confidence,
  Contribution,
  DependencyChange,
  Entity,
  Finding,
  FindingVerdict,
  Forecast,
  Incident,
  IncidentChange,
  IncidentSnapshot,
  Labels,
  ModelMetadata,
  NotificationRow,
  Prediction,
  ReportedChange,
  SampleBatch,
  SeriesKind,
  SeriesRef,
  ServiceChange,
  ServiceRegistration,
  ServiceRow,
  Severity,
} from '../model/index.ts';
import type { IncidentBusiness } from './incident-business.ts';
import type { ServiceState } from './service-state.ts';

import type { RouteAnswer, RouteQuestion } from './route-answer.ts';

export type { IncidentBusiness, Likeness };

export type GaugeName = 'cpu' | 'memory' | 'swap' | 'disk' | 'disk-io' | 'network' | 'load' | 'processes' | 'pressure';

/** One main figure of a host as it is now, with what is usual at this time. */
export interface Gauge {
  readonly name: GaugeName;
  readonly label: string;
  readonly value: number | null;
  readonly unit: string;
  readonly at: number | null;
  readonly lower: number | null;
  readonly upper: number | null;
  readonly unusual: boolean;
  readonly detail: string;
}

export interface ProcessGroup {
  readonly name: string;
  readonly pid: number | null;
  readonly cpuCores: number;
  readonly residentBytes: number;
  readonly count: number;
}

export interface Health {
  readonly score: number | null;
  readonly sentence: string;
  readonly dimensions: readonly {
    readonly name: string;
    readonly score: number;
    readonly weight: number;
    readonly reason: string;
  }[];
}

export interface EntityState {
  readonly entity: Entity;
  readonly state: 'ok' | 'learning' | 'unusual' | 'alerting' | 'stale';
  readonly sentence: string;
  readonly health: Health;
  readonly gauges: readonly Gauge[];
  readonly processes: readonly ProcessGroup[];
  readonly openFindings: number;
  readonly firingAlerts: number;
  readonly seriesCount: number;
  readonly learning: string | null;
  readonly unseen: readonly string[];
}

export interface PerformanceScore {
  readonly entityId: string;
  readonly value: number | null;
  readonly load: number | null;
  readonly at: number;
  readonly dueAt: number | null;
  readonly confidence: Confidence;
  readonly lower: number | null;
  readonly upper: number | null;
  readonly baseline: number | null;
  readonly contributions: readonly Contribution[];
  readonly explanation: string;
  readonly recommendations: readonly string[];
  readonly model: string | null;
  readonly learning: string | null;
}

export interface Pattern {
  readonly entityId: string;
  readonly component: string;
  readonly unit: string;
  readonly type: 'stable' | 'trending' | 'volatile';
  readonly strength: number;
  readonly at: number;
  readonly confidence: Confidence;
  readonly trendPerDay: number;
  readonly robustTrendPerDay: number;
  readonly polynomial: readonly number[];
  readonly periods: readonly { readonly seconds: number; readonly strength: number }[];
  readonly changePoints: readonly { readonly at: number; readonly before: number; readonly after: number }[];
  readonly explanation: string;
  readonly recommendations: readonly string[];
}

/** What is usual for a series now. While it learns, the bounds are null and `learning` says how long still. */
export interface ExpectedBand {
  readonly mean: number | null;
  readonly lower: number | null;
  readonly upper: number | null;
  readonly learning: string | null;
}

/** Something that is foretold to be short. */
export interface Outlook {
  /** `bottleneck`: within minutes; `budget`: an objective's error budget; `capacity`: days ahead. */
  readonly kind: 'bottleneck' | 'budget' | 'capacity';
  readonly entityId: string;
  readonly component: string;
  readonly sentence: string;
  readonly severity: Severity;
  readonly dueAt: number | null;
  /** The range of `dueAt`; null where it has no end. */
  readonly from: number | null;
  readonly to: number | null;
  /** What to add or to do, and by when. */
  readonly advice: string;
  readonly confidence: Confidence;
  /** `Of 48 such forecasts 44 held.` */
  readonly record: string;
}

export interface ComponentHealth {
  readonly name: string;
  readonly kind: 'collector' | 'store' | 'detector' | 'model' | 'notifier' | 'thread' | 'api' | 'agent';
  readonly state: 'ok' | 'degraded' | 'failed' | 'stopped' | 'learning';
  readonly since: number;
  readonly message: string;
  readonly remedy: string | null;
}

export interface TrainOutcome {
  readonly name: string;
  readonly entityId: string;
  readonly trained: boolean;
  readonly reason: string;
  readonly model: ModelMetadata | null;
}

export interface ModelState {
  readonly metadata: ModelMetadata;
  readonly health: 'good' | 'learning' | 'drifting' | 'damaged';
  readonly healthReason: string;
  readonly nextTrainingAt: number | null;
}

/** Features by name; null is missing. */
export type FeatureRow = Readonly<Record<string, number | null>>;

/** What a model says of one row. */
export interface RowAnswer {
  readonly value: number;
  readonly lower: number | null;
  readonly upper: number | null;
  /** Null where the model does not say. */
  readonly isUnusual: boolean | null;
}

export interface ModelAnswers {
  readonly name: string;
  /** Null, as the version, of a model elsewhere. */
  readonly entityId: string | null;
  readonly version: number | null;
  readonly algorithm: string;
  /** What the value is, in words. */
  readonly meaning: string;
  readonly items: readonly RowAnswer[];
}

/** Models elsewhere that are asked over HTTP. */
export interface ExternalModels {
  names(): readonly string[];
  /** Rejects with UNREACHABLE, EXTERNAL_MODEL_FAILED. */
  predict(name: string, rows: readonly FeatureRow[]): Promise<ModelAnswers>;
}

/** What happened, in order; `sequence` ascends without gaps within one run of the process. */
export type EngineEvent = { readonly sequence: number } & (
  | { readonly topic: 'samples'; readonly entityId: string; readonly at: number; readonly gauges: readonly Gauge[] }
  | { readonly topic: 'anomalies'; readonly change: 'opened' | 'updated' | 'ended'; readonly finding: Finding }
  | { readonly topic: 'alerts'; readonly alert: Alert }
  | { readonly topic: 'incidents'; readonly incident: Incident }
  | { readonly topic: 'changes'; readonly change: Change }
  | {
      readonly topic: 'calendar';
      readonly change: 'added' | 'changed' | 'removed' | 'imported';
      readonly title: string;
    }
  | { readonly topic: 'predictions'; readonly prediction: Prediction }
  | { readonly topic: 'models'; readonly model: ModelMetadata }
  | { readonly topic: 'status'; readonly state: 'ok' | 'degraded' | 'failed'; readonly sentence: string }
  | { readonly topic: 'overview'; readonly sentence: string }
  | { readonly topic: 'services'; readonly sentence: string }
);

export interface AlertRuleView {
  readonly name: string;
  readonly kind: Exclude<Alert['kind'], 'external' | 'rule' | 'objective'>;
  readonly summary: string;
  readonly condition: string;
  readonly forMs: number;
  readonly severity: Alert['severity'];
  readonly action: string;
  readonly source: 'starter' | 'configuration';
  readonly enabled: boolean;
}

/** What the API, the terminal and the library see of the engine. Reads of stored rows and points go to the stores directly. */
export interface EngineView {
  /** Every entity's present state. */
  states(): readonly EntityState[];
  /** All hosts; of what is none at most so many, those with something to tell first, and how many there are. */
  overview(most: number): {
    readonly hosts: readonly EntityState[];
    readonly others: readonly EntityState[];
    readonly othersCount: number;
  };
  /** By id, name or alias. */
  state(idOrName: string): EntityState | undefined;
  /** What an entity is called; cheap. */
  nameOf(id: string): string | undefined;
  /** The page's first sentence. */
  sentence(): string;
  learning(): string | null;
  performance(entityId: string): Promise<PerformanceScore>;
  patterns(entityId: string, days: number): Promise<readonly Pattern[]>;
  expected(ref: SeriesRef): Promise<ExpectedBand>;
  /** What was expected of a series at each step of a range before the step's samples were seen. */
  expectedOver(ref: SeriesRef, from: number, to: number, stepMs: number): Promise<BandHistory>;
  /** How unusual each stored sample of a series was, judged from those before it alone. */
  seriesScores(ref: SeriesRef, from: number, to: number): Promise<StreamScores>;
  /** `horizonMs` ahead, of one component or of all main ones. */
  forecasts(
    entityId: string,
    horizonMs: number,
    component?: string,
  ): Promise<
    readonly (Forecast & { readonly history: { readonly times: Float64Array; readonly values: Float64Array } })[]
  >;
  outlook(horizonMs: number): readonly Outlook[];
  models(): Promise<readonly ModelState[]>;
  train(name: string, entityId: string | undefined, force: boolean): Promise<readonly TrainOutcome[]>;
  promote(name: string, entityId: string, version: number): Promise<ModelMetadata>;
  /** What a model says of rows of features. Without an entity the one that has such a model; rejects with NOT_FOUND, BAD_REQUEST. */
  predict(name: string, entityId: string | undefined, rows: readonly FeatureRow[]): Promise<ModelAnswers>;
  judge(findingId: string, verdict: Exclude<FindingVerdict, 'none'>, by: string): Promise<Finding>;
  /** Incidents that are open. */
  incidents(): readonly Incident[];
  /** What was gathered around an incident, the earliest first; none once its evidence has passed its retention. */
  incidentSnapshots(id: string): Promise<readonly IncidentSnapshot[]>;
  /** What it cost in terms of the business. Null where nothing of it has business metrics, or it began less than a minute ago. */
  incidentBusiness(incident: Incident): Promise<IncidentBusiness | null>;
  /** Those of before that are like it, the most alike first. */
  similarIncidents(incident: Incident): Promise<readonly Likeness[]>;
  /** A person's change, stored when it resolves. Rejects with NOT_FOUND, BAD_REQUEST. */
  changeIncident(id: string, change: IncidentChange, by: string): Promise<Incident>;
  /** What was changed, kept once however often it is told; stored when it resolves. */
  recordChanges(
    changes: readonly ReportedChange[],
  ): Promise<{ readonly changes: readonly Change[]; readonly fresh: ReadonlySet<string> }>;
  /** The names of the services that these hosts and targets are part of. */
  servicesOf(entityIds: readonly string[]): readonly string[];
  /** Whom an incident would reach, and why. Rejects with NOT_FOUND. */
  route(question: RouteQuestion): RouteAnswer;
  /** Until when quiet hours keep a message back that was not tried yet; null where they do not. */
  keptUntil(row: Pick<NotificationRow, 'receiver' | 'channel' | 'severity'>): number | null;
  /** Receivers, routes and escalations in force. */
  routing(): Routing;
  /** How often what each detector or rule found was trouble, by what people said. */
  precision(): ReturnType<typeof precisionBySource>;
  /** Services, worst first. */
  services(): readonly ServiceState[];
  /** How they are, in words. */
  servicesSentence(): string;
  /** By id or name. Throws NOT_FOUND. */
  service(idOrName: string): ServiceState;
  /** Health of everything watched. */
  fleetHealth(): Health;
  /** A service says of itself what it is; the same name again changes it. Stored when it resolves. Rejects with BAD_REQUEST. */
  registerService(registration: ServiceRegistration, business: readonly string[]): Promise<ServiceState>;
  /** A person's correction, stored when it resolves. Rejects with NOT_FOUND, BAD_REQUEST, CONFLICT. */
  changeService(idOrName: string, change: ServiceChange): Promise<ServiceState>;
  /** Forgets a service until it is seen or registered anew; gives it as it was. Stored when it resolves. Rejects with NOT_FOUND. */
  removeService(idOrName: string): Promise<ServiceRow>;
  changeDependency(change: DependencyChange): Promise<void>;
  alertRules(): readonly AlertRuleView[];
  readonly calendar: CalendarView;
  /** Alerts that another system reports in one request; stored when it resolves. Rejects with TOO_BUSY. */
  takeReported(reported: readonly ReportedAlert[]): Promise<{ readonly taken: number; readonly leftOut: number }>;
  enrol(agent: {
    machineId: string;
    hostname: string;
    version: string;
    timeZone: string;
    attributes: Record<string, string>;
    tokenId: string;
  }): Promise<{ agentId: string; entityId: string; instance: string; intervalSeconds: number }>;
  components(): readonly ComponentHealth[];
  ingestStats(): {
    readonly samplesPerSecond: number;
    readonly waiting: number;
    readonly scoreLagMs: number;
    readonly refused: number;
  };
  /** Samples of one request: durable when it resolves, scored soon after. Rejects with TOO_BUSY, STORE_FULL. */
  ingest(source: string, batch: SampleBatch): Promise<AppendResult>;
  resolveSeries(labels: Labels, kind: SeriesKind): SeriesRef;
  /** Calls back for every event until the returned function is called. Events since `after` that are still held come first; false when some are gone. */
  subscribe(
    after: number | null,
    listener: (event: EngineEvent) => void,
  ): { readonly complete: boolean; readonly sequence: number; readonly stop: () => void };
}
