import type { TableName, Tables } from '../../model/index.ts';
import {
  choice,
  type Field,
  flag,
  id,
  integer,
  json,
  outcomeRule,
  real,
  realOrNull,
  statedConfidence,
  symbol,
  text,
} from './fields.ts';

export type Index = readonly string[];

/** When a row has passed its retention: `column` is older than the age named; `unless` columns keep it. */
export interface Expiry {
  readonly column: string;
  readonly keep: 'records' | 'evidence' | 'day' | 'none';
  /** Rows only expire when this column has one of these stored values. */
  readonly only?: { readonly column: string; readonly values: readonly number[] };
}

export interface TableSpec<R> {
  readonly fields: { readonly [K in keyof R]-?: Field };
  readonly indexes: readonly Index[];
  readonly expiry: Expiry | null;
}

const SEVERITIES = ['none', 'medium', 'high', 'critical'];
const RESOURCES = [
  'cpu',
  'memory',
  'disk',
  'disk-io',
  'network',
  'processes',
  'files',
  'clock',
  'availability',
  'other',
];
const OUTCOMES = ['pending', 'true', 'false', 'averted', 'unknown'];
const SCOPES = ['ingest', 'read', 'operate', 'admin'];

/**
 * Every table of records: its columns (in the order in which a migration made them), what is looked up by index, and
 * what expires. A change here needs a migration; a test holds the two equal.
 */
export const tables: { readonly [T in TableName]: TableSpec<Tables[T]> } = {
  entities: {
    fields: {
      id: id(),
      kind: choice('kind', ['host', 'service', 'target']),
      name: text('name'),
      timeZone: text('time_zone'),
      firstSeenAt: integer('first_seen_at'),
      lastSeenAt: integer('last_seen_at'),
      aliases: json('aliases'),
      attributes: json('attributes'),
    },
    indexes: [],
    expiry: null,
  },
  system_metrics: {
    fields: {
      id: id(),
      entityId: symbol('entity'),
      at: integer('at'),
      cpuRatio: realOrNull('cpu_ratio'),
      memoryRatio: realOrNull('memory_ratio'),
      diskRatio: realOrNull('disk_ratio'),
      diskIoRatio: realOrNull('disk_io_ratio'),
      networkBytesPerSecond: realOrNull('network_bytes_per_second'),
      loadPerCore: realOrNull('load_per_core'),
      processCount: realOrNull('process_count'),
      health: realOrNull('health'),
      performance: realOrNull('performance'),
    },
    indexes: [['entity', 'at'], ['at']],
    expiry: { column: 'at', keep: 'records' },
  },
  execution_logs: {
    fields: {
      id: id(),
      job: symbol('job'),
      command: text('command'),
      userId: symbol('user_id'),
      host: symbol('host'),
      startedAt: integer('started_at'),
      durationMs: real('duration_ms'),
      exitCode: integer('exit_code'),
      success: flag('success'),
      errorMessage: text('error_message'),
      context: json('context'),
    },
    indexes: [['job', 'started_at'], ['started_at']],
    expiry: { column: 'started_at', keep: 'records' },
  },
  predictions: {
    fields: {
      id: id(),
      type: symbol('type'),
      entityId: symbol('entity'),
      component: symbol('component'),
      model: symbol('model'),
      modelVersion: integer('model_version'),
      madeAt: integer('made_at'),
      dueAt: integer('due_at'),
      horizonMs: integer('horizon_ms'),
      value: real('value'),
      unit: symbol('unit'),
      probability: real('probability'),
      rule: outcomeRule(),
      outcome: choice('outcome', OUTCOMES),
      actual: realOrNull('actual'),
      scoredAt: integer('scored_at'),
      baseline: realOrNull('baseline'),
    },
    indexes: [
      ['entity', 'made_at'],
      ['outcome', 'due_at'],
    ],
    expiry: { column: 'made_at', keep: 'records' },
  },
  track_records: {
    fields: {
      id: id(),
      entityId: symbol('entity'),
      type: symbol('type'),
      model: symbol('model'),
      horizonMs: integer('horizon_ms'),
      scored: integer('scored'),
      held: integer('held'),
      stated: real('stated'),
      observed: real('observed'),
      meanAbsoluteError: realOrNull('mean_absolute_error'),
      baselineMeanAbsoluteError: realOrNull('baseline_mean_absolute_error'),
      pending: integer('pending'),
      unknown: integer('unknown'),
      averted: integer('averted'),
      bins: json('bins'),
    },
    indexes: [['entity']],
    expiry: null,
  },
  anomalies: {
    fields: {
      id: id(),
      entityId: symbol('entity'),
      detector: choice('detector', ['metric', 'entity', 'threshold', 'absence']),
      subject: symbol('subject'),
      resource: choice('resource', RESOURCES),
      severity: choice('severity', SEVERITIES),
      score: real('score'),
      direction: choice('direction', ['high', 'low', 'change']),
      onsetAt: integer('onset_at'),
      detectedAt: integer('detected_at'),
      lastAt: integer('last_at'),
      endedAt: integer('ended_at'),
      status: choice('status', ['open', 'ended']),
      verdict: choice('verdict', ['none', 'confirmed', 'normal', 'dismissed']),
      confidence: statedConfidence(),
      summary: text('summary'),
      pages: flag('pages'),
    },
    indexes: [
      ['entity', 'onset_at'],
      ['status', 'onset_at'],
    ],
    expiry: { column: 'onset_at', keep: 'records', only: { column: 'status', values: [1] } },
  },
  evidence: {
    fields: { id: id(), at: integer('at'), body: json('body') },
    indexes: [['at']],
    expiry: { column: 'at', keep: 'evidence' },
  },
  patterns: {
    fields: {
      id: id(),
      entityId: symbol('entity'),
      component: symbol('component'),
      at: integer('at'),
      type: choice('type', ['stable', 'trending', 'volatile']),
      strength: real('strength'),
      body: json('body'),
    },
    indexes: [['entity', 'at'], ['at']],
    expiry: { column: 'at', keep: 'records' },
  },
  alerts: {
    fields: {
      id: id(),
      rule: symbol('rule'),
      kind: choice('kind', ['threshold', 'anomaly', 'absence']),
      entityId: symbol('entity'),
      subject: symbol('subject'),
      resource: choice('resource', RESOURCES),
      severity: choice('severity', SEVERITIES),
      state: choice('state', ['pending', 'firing', 'held', 'resolved']),
      startedAt: integer('started_at'),
      firedAt: integer('fired_at'),
      resolvedAt: integer('resolved_at'),
      lastAt: integer('last_at'),
      value: realOrNull('value'),
      limit: realOrNull('limit_value'),
      unit: symbol('unit'),
      summary: text('summary'),
      action: text('action'),
      findingId: text('finding_id'),
      suppressedBy: text('suppressed_by'),
    },
    indexes: [
      ['entity', 'started_at'],
      ['state', 'started_at'],
    ],
    expiry: { column: 'started_at', keep: 'records', only: { column: 'state', values: [3] } },
  },
  silences: {
    fields: {
      id: id(),
      entityId: text('entity_id'),
      rule: text('rule'),
      subject: text('subject'),
      startsAt: integer('starts_at'),
      endsAt: integer('ends_at'),
      reason: text('reason'),
      createdBy: text('created_by'),
      createdAt: integer('created_at'),
    },
    indexes: [['ends_at']],
    expiry: { column: 'ends_at', keep: 'records' },
  },
  notifications: {
    fields: {
      id: id(),
      kind: choice('kind', ['firing', 'resolved', 'test']),
      alertId: text('alert_id'),
      channel: symbol('channel'),
      deduplicationKey: text('deduplication_key'),
      title: text('title'),
      body: text('body'),
      severity: choice('severity', SEVERITIES),
      createdAt: integer('created_at'),
      state: choice('state', ['waiting', 'delivered', 'given-up']),
      tries: integer('tries'),
      nextTryAt: integer('next_try_at'),
      lastError: text('last_error'),
      deliveredAt: integer('delivered_at'),
    },
    indexes: [['state', 'next_try_at'], ['created_at']],
    expiry: { column: 'created_at', keep: 'records', only: { column: 'state', values: [1, 2] } },
  },
  feedback: {
    fields: {
      id: id(),
      findingId: text('finding_id'),
      entityId: symbol('entity'),
      detector: text('detector'),
      subject: symbol('subject'),
      verdict: choice('verdict', ['confirmed', 'normal', 'dismissed']),
      value: realOrNull('value'),
      at: integer('at'),
      by: text('by_whom'),
    },
    indexes: [['entity', 'at']],
    expiry: null,
  },
  model_metadata: {
    fields: {
      id: id(),
      name: text('name'),
      entityId: symbol('entity'),
      version: integer('version'),
      algorithm: text('algorithm'),
      status: choice('status', ['serving', 'previous', 'damaged']),
      trainedAt: integer('trained_at'),
      trainedFrom: integer('trained_from'),
      trainedTo: integer('trained_to'),
      sampleCount: integer('sample_count'),
      featureNames: json('feature_names'),
      sizeBytes: integer('size_bytes'),
      checksum: text('checksum'),
      metrics: json('metrics'),
      trainingMs: real('training_ms'),
      fault: text('fault'),
    },
    indexes: [['entity', 'name', 'version']],
    expiry: null,
  },
  tokens: {
    fields: {
      id: id(),
      name: text('name'),
      hash: text('hash'),
      scope: choice('scope', SCOPES),
      createdAt: integer('created_at'),
      expiresAt: integer('expires_at'),
      lastUsedAt: integer('last_used_at'),
    },
    indexes: [['hash']],
    expiry: null,
  },
  sessions: {
    fields: {
      id: id(),
      userId: text('user_id'),
      scope: choice('scope', SCOPES),
      createdAt: integer('created_at'),
      expiresAt: integer('expires_at'),
    },
    indexes: [['expires_at']],
    expiry: { column: 'expires_at', keep: 'none' },
  },
  agents: {
    fields: {
      id: id(),
      name: text('name'),
      entityId: symbol('entity'),
      version: text('version'),
      tokenId: text('token_id'),
      enrolledAt: integer('enrolled_at'),
      lastSeenAt: integer('last_seen_at'),
    },
    indexes: [],
    expiry: null,
  },
  settings: { fields: { id: id(), value: json('value'), at: integer('at') }, indexes: [], expiry: null },
  idempotency_keys: {
    fields: {
      id: id(),
      at: integer('at'),
      requestHash: text('request_hash'),
      status: integer('status'),
      body: json('body'),
    },
    indexes: [['at']],
    expiry: { column: 'at', keep: 'day' },
  },
};

export const tableNames = Object.keys(tables) as TableName[];
