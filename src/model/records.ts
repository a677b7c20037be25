import type { Alert, Notification } from './alert.ts';
import type { AuditRow } from './audit.ts';
import type { Change } from './change.ts';
import type { CalendarEntry } from './calendar.ts';
import type { Entity } from './entity.ts';
import type { ErrorPattern } from './error-event.ts';
import type { Execution } from './execution.ts';
import type { Finding, Resource } from './finding.ts';
import type { Incident } from './incident.ts';
import type { ModelMetadata } from './model-metadata.ts';
import type { Objective } from './objective.ts';
import type { Prediction, TrackRecord } from './prediction.ts';
import type { DependencyRow, ServiceRow } from './service.ts';

/** A finding's row; its evidence (contributions, culprits, actions …) is a row of `evidence` with a retention of its own. */
export type AnomalyRow = Omit<Finding, 'contributions' | 'culprits' | 'actions' | 'counterfactual'>;

export interface EvidenceRow {
  /** The finding's, alert's or prediction's id. */
  readonly id: string;
  readonly at: number;
  readonly body: unknown;
}

/** Five minutes of one host in its main figures: what scores are trained on and history pages draw. */
export interface SystemMetricsRow {
  readonly id: string;
  readonly entityId: string;
  readonly at: number;
  readonly cpuRatio: number | null;
  readonly memoryRatio: number | null;
  readonly diskRatio: number | null;
  readonly diskIoRatio: number | null;
  readonly networkBytesPerSecond: number | null;
  readonly loadPerCore: number | null;
  readonly processCount: number | null;
  readonly health: number | null;
  readonly performance: number | null;
}

export interface PatternRow {
  readonly id: string;
  readonly entityId: string;
  readonly component: string;
  readonly at: number;
  readonly type: 'stable' | 'trending' | 'volatile';
  readonly strength: number;
  readonly body: unknown;
}

/** An entry that is kept here; what stands in a file is read from there. */
export type CalendarRow = Omit<CalendarEntry, 'file'>;

export type OutboxState = 'waiting' | 'delivered' | 'given-up';
export interface NotificationRow extends Notification {
  readonly state: OutboxState;
  readonly tries: number;
  readonly nextTryAt: number;
  readonly lastError: string | null;
  readonly deliveredAt: number | null;
}

/** What a person said is normal: findings on this subject inside the range are no findings. */
export interface FeedbackRow {
  readonly id: string;
  readonly findingId: string;
  readonly entityId: string;
  readonly detector: string;
  readonly subject: string;
  readonly verdict: 'confirmed' | 'normal' | 'dismissed';
  readonly value: number | null;
  readonly at: number;
  readonly by: string;
}

/** What people said of one kind of sign in one trouble: what the next one like it is ranked by. */
export interface JudgementRow {
  /** Of the trouble and the kind of sign: the last word holds. */
  readonly id: string;
  /** The incident, or the finding where it is of none. */
  readonly about: string;
  /** The detector, or the rule. */
  readonly source: string;
  readonly resource: Resource;
  /** The service, or `hosts`. */
  readonly group: string;
  readonly verdict: 'confirmed' | 'dismissed' | 'acknowledged';
  readonly at: number;
  readonly by: string;
}

export type TokenScope = 'ingest' | 'read' | 'operate' | 'admin' | 'approve';
export interface TokenRow {
  readonly id: string;
  readonly name: string;
  /** SHA-256 of the token, hex; the token itself is kept nowhere. */
  readonly hash: string;
  readonly scope: TokenScope;
  readonly createdAt: number;
  readonly expiresAt: number | null;
  readonly lastUsedAt: number | null;
}

export type Role = 'viewer' | 'operator' | 'approver' | 'admin';
export interface UserRow {
  /** The name to sign in with, lower case. */
  readonly id: string;
  readonly role: Role;
  /** Argon2id in PHC form; null before a password is set, and after a reset. */
  readonly passwordHash: string | null;
  readonly createdAt: number;
  readonly disabledAt: number | null;
  readonly lastSignInAt: number | null;
}

export interface SessionRow {
  /** SHA-256 of the cookie's value, hex. */
  readonly id: string;
  /** The user's id; `owner` for who came by a link that belongs to no user. */
  readonly userId: string;
  /** Of the owner; a user's is read from the role anew with each request. */
  readonly scope: TokenScope;
  readonly createdAt: number;
  readonly expiresAt: number;
}

export interface AgentRow {
  readonly id: string;
  readonly name: string;
  readonly entityId: string;
  readonly version: string;
  readonly tokenId: string;
  readonly enrolledAt: number;
  readonly lastSeenAt: number;
}

export interface SettingRow {
  readonly id: string;
  readonly value: unknown;
  readonly at: number;
}

/** What was answered to an idempotency key: the same request again gets the same answer. */
export interface IdempotencyRow {
  readonly id: string;
  readonly at: number;
  readonly requestHash: string;
  readonly status: number;
  readonly body: unknown;
}

export interface ModelMetadataRow extends ModelMetadata {
  readonly id: string;
}

/** The ledger's running sums of one model at one horizon on one entity: answers come from here, not from a scan of the rows. */
export interface TrackRecordRow extends Omit<TrackRecord, 'confidence' | 'calibrationError'> {
  readonly id: string;
  readonly entityId: string;
  /** By ten bins of stated probability: count, sum of stated, sum of outcomes. */
  readonly bins: readonly { readonly count: number; readonly stated: number; readonly observed: number }[];
}

/** Every table of records with the type of its rows. The key is always `id`. */
export interface Tables {
  entities: Entity;
  system_metrics: SystemMetricsRow;
  execution_logs: Execution;
  predictions: Prediction;
  track_records: TrackRecordRow;
  anomalies: AnomalyRow;
  evidence: EvidenceRow;
  patterns: PatternRow;
  alerts: Alert;
  incidents: Incident;
  calendar: CalendarRow;
  notifications: NotificationRow;
  feedback: FeedbackRow;
  judgements: JudgementRow;
  model_metadata: ModelMetadataRow;
  tokens: TokenRow;
  sessions: SessionRow;
  users: UserRow;
  agents: AgentRow;
  settings: SettingRow;
  idempotency_keys: IdempotencyRow;
  audit_log: AuditRow;
  error_patterns: ErrorPattern;
  changes: Change;
  objectives: Objective;
  services: ServiceRow;
  service_dependencies: DependencyRow;
}
export type TableName = keyof Tables;

export type Condition<V> =
  | V
  | {
      readonly gte?: V;
      readonly gt?: V;
      readonly lt?: V;
      readonly lte?: V;
      readonly in?: readonly V[];
      readonly not?: V;
      /** Of a list: it holds this text. */
      readonly has?: string;
    };
export type Where<R> = { readonly [K in keyof R]?: Condition<R[K]> };

export interface Find<R> {
  readonly where?: Where<R>;
  /** Ties are broken by id, so that paging never skips or repeats. Default: id ascending. */
  readonly orderBy?: keyof R & string;
  readonly descending?: boolean;
  readonly limit?: number;
  /** Opaque, from the page before. A damaged one rejects with BAD_CURSOR. */
  readonly cursor?: string;
}
export interface Page<R> {
  readonly rows: readonly R[];
  readonly nextCursor: string | null;
}

/** Reads and writes of rows; inside a transaction all of them or none take effect. */
export interface RecordAccess {
  get<T extends TableName>(table: T, id: string): Promise<Tables[T] | undefined>;
  find<T extends TableName>(table: T, query: Find<Tables[T]>): Promise<Page<Tables[T]>>;
  count<T extends TableName>(table: T, where: Where<Tables[T]>): Promise<number>;
  /** Inserts, or replaces the row of the same id. */
  put<T extends TableName>(table: T, rows: readonly Tables[T][]): Promise<void>;
  /** Inserts rows whose id is not there yet; gives the ids that were new. */
  insertNew<T extends TableName>(table: T, rows: readonly Tables[T][]): Promise<readonly string[]>;
  /** Changes columns of rows that match; gives how many. */
  update<T extends TableName>(table: T, where: Where<Tables[T]>, changes: Partial<Tables[T]>): Promise<number>;
  remove<T extends TableName>(table: T, where: Where<Tables[T]>): Promise<number>;
}

/** Typed tables on SQLite or PostgreSQL. A resolved write is durable. */
export interface RecordStore extends RecordAccess {
  transaction<R>(work: (access: RecordAccess) => Promise<R>): Promise<R>;
  /** Deletes rows older than the retention, table by table, in small steps; gives how many. */
  expire(now: number): Promise<number>;
  close(): Promise<void>;
}
