import { z } from 'zod';
import { ERROR_CLASSES } from '../../model/error-event.ts';
import { changeKinds } from '../../model/change.ts';
import { incidentClasses } from '../../model/incident.ts';
import { incidentPriority, notification } from './notification.ts';

/* What crosses the border, once: the HTTP server validates with it, OpenAPI is generated from it, page and CLI take their types from it. Times are ISO 8601 UTC under names that end in At; columns for charts are ms UTC. */

export const instant = z.iso.datetime({ offset: true }).meta({ description: 'ISO 8601, UTC' });
const ratio = z.number().min(0).max(1);
export const severity = z.enum(['none', 'medium', 'high', 'critical']);
export const resource = z.enum([
  'cpu',
  'memory',
  'disk',
  'disk-io',
  'network',
  'processes',
  'files',
  'clock',
  'availability',
  'errors',
  'latency',
  'traffic',
  'saturation',
  'other',
]);
export const verdict = z.enum(['none', 'confirmed', 'normal', 'dismissed']);
export const labels = z.record(z.string(), z.string());

export const confidence = z.object({
  value: ratio,
  band: z.enum(['low', 'medium', 'high', 'very high']),
  source: z
    .enum(['prior', 'measured'])
    .meta({ description: 'prior: an opening assumption, nothing scored yet; measured: the ledger’s frequency' }),
  sampleCount: z.int().min(0),
});

export const problem = z.object({
  type: z.string(),
  title: z.string(),
  status: z.int(),
  code: z.string(),
  detail: z.string(),
  remedy: z.string(),
  instance: z.string().optional(),
  data: z.record(z.string(), z.union([z.string(), z.number(), z.boolean()])).optional(),
});

export const contribution = z.object({
  feature: z.string(),
  labels,
  value: z.number().nullable(),
  expected: z.number().nullable(),
  lower: z.number().nullable(),
  upper: z.number().nullable(),
  unit: z.string(),
  share: ratio,
});
export const culprit = z.object({
  kind: z.enum(['process', 'mount', 'device', 'interface', 'container']),
  name: z.string(),
  pid: z.int().nullable(),
  evidence: z.string(),
});

/** A finding in a list. */
export const anomaly = z.object({
  id: z.string(),
  type: z.literal('anomaly'),
  entityId: z.string(),
  entityName: z.string(),
  detector: z.enum(['metric', 'entity', 'threshold', 'absence']),
  subject: z.string(),
  resource,
  severity,
  score: ratio,
  direction: z.enum(['high', 'low', 'change']),
  onsetAt: instant,
  detectedAt: instant,
  lastAt: instant,
  endedAt: instant.nullable(),
  status: z.enum(['open', 'ended']),
  verdict,
  confidence,
  summary: z.string(),
  pages: z.boolean(),
});
/** A finding with its evidence. */
export const anomalyDetail = anomaly.extend({
  features: z.array(contribution),
  culprits: z.array(culprit),
  recommendations: z.array(z.string()),
  counterfactual: z.string(),
  trackRecord: z
    .object({ confirmed: z.int(), dismissed: z.int(), normal: z.int() })
    .meta({ description: 'What people said of this detector’s findings so far' }),
});

export const alert = z.object({
  id: z.string(),
  rule: z.string(),
  kind: z.enum(['threshold', 'anomaly', 'absence', 'external', 'rule', 'objective', 'forecast']),
  entityId: z.string(),
  entityName: z.string(),
  subject: z.string(),
  resource,
  severity: z.enum(['medium', 'high', 'critical']),
  state: z
    .enum(['pending', 'firing', 'held', 'no-data', 'resolved'])
    .meta({ description: 'no-data: its values ceased to come, nobody knows how it stands' }),
  startedAt: instant,
  firedAt: instant.nullable(),
  resolvedAt: instant.nullable(),
  lastAt: instant,
  value: z.number().nullable(),
  limit: z.number().nullable(),
  unit: z.string(),
  summary: z.string(),
  action: z.string(),
  findingId: z.string().nullable(),
  suppressedBy: z.string().nullable(),
  incidentId: z.string().nullable(),
});

export const alertDetail = alert.extend({
  steps: z
    .array(z.object({ at: instant, kind: z.string(), text: z.string() }))
    .meta({ description: 'What became of it and why, the oldest first; the last 40' }),
});

const alertSeverity = z.enum(['medium', 'high', 'critical']);
export const incidentClass = z.enum(incidentClasses);

export const incident = z.object({
  id: z.string(),
  title: z.string(),
  class: incidentClass,
  severity: alertSeverity,
  state: z.enum(['open', 'resolved']),
  startedAt: instant,
  openedAt: instant,
  lastAt: instant,
  resolvedAt: instant.nullable(),
  toldAt: instant
    .nullable()
    .meta({ description: 'When people were told; null where nobody was, also for want of a channel' }),
  wouldBeToldAt: instant
    .nullable()
    .meta({ description: 'When people were told, or would have been had a channel taken it' }),
  priority: incidentPriority.nullable().meta({ description: 'By what people said of those like it' }),
  acknowledgedAt: instant.nullable(),
  assignee: z.string().nullable(),
  verdict: z.enum(['none', 'confirmed', 'dismissed']),
  mergedInto: z.string().nullable(),
  entityId: z.string(),
  entityName: z.string(),
  entities: z.array(z.object({ id: z.string(), name: z.string() })),
  cause: z.string().nullable().meta({ description: 'Most likely behind it' }),
  signCount: z.int(),
});

const incidentBusiness = z.object({
  from: instant,
  to: instant,
  items: z
    .array(
      z.object({
        service: z.string(),
        serviceId: z.string(),
        entityId: z.string().nullable().meta({ description: 'One that tells it' }),
        metric: z.string(),
        kind: z.enum(['counter', 'gauge']),
        unit: z.string(),
        value: z.number().nullable().meta({ description: 'The mean of that time; of a counter what came a minute' }),
        usual: z.number().nullable(),
        basis: z
          .enum(['learnt', 'hour-before'])
          .nullable()
          .meta({ description: 'Whether what is usual is learnt, or what the hour before it was like' }),
        difference: z
          .number()
          .nullable()
          .meta({ description: 'Of a counter, how many more came than usual in that time; below 0: fewer' }),
        isUsual: z.boolean().nullable(),
        text: z.string(),
      }),
    )
    .meta({ description: 'Worst first' }),
  leftOut: z.int().meta({ description: 'Metrics that were not looked at, since there are many' }),
});

export const incidentDetail = incident.extend({
  signs: z.array(
    z.object({
      id: z.string(),
      kind: z.enum(['finding', 'alert']),
      entityId: z.string(),
      entityName: z.string(),
      resource,
      severity: alertSeverity,
      startedAt: instant,
      endedAt: instant.nullable(),
      summary: z.string(),
      reason: z.string().meta({ description: 'Why it belongs to the incident; empty for the one that opened it' }),
    }),
  ),
  causes: z.array(
    z.object({
      name: z.string(),
      entityId: z.string(),
      score: z.number(),
      reasons: z.array(z.string()),
      counterfactual: z.string().meta({ description: 'What would have changed its place; empty where not known' }),
      figures: z.array(z.int()).meta({ description: 'The series of it that changed most, for GET /api/chart?ref=' }),
    }),
  ),
  diagnostics: z
    .array(
      z.object({
        at: instant,
        reason: z.enum(['opened', 'suspect']),
        suspect: z.string().nullable(),
        sections: z.array(z.object({ title: z.string(), lines: z.array(z.string()) })),
      }),
    )
    .meta({ description: 'What was going on as it opened, and when another was suspected; gathered by itself' }),
  business: incidentBusiness.nullable().meta({
    description: 'What it cost in terms of the business; null where nothing of it has business metrics',
  }),
  steps: z.array(
    z.object({
      at: instant,
      kind: z.string(),
      text: z.string(),
      by: z.string().nullable().meta({ description: 'null: Auspex itself' }),
    }),
  ),
  pinned: z.object({ class: z.boolean(), severity: z.boolean() }),
  messages: z.array(notification).meta({ description: 'What was written to whom, and whether it arrived' }),
  escalation: z
    .object({ policy: z.string(), step: z.int(), dueAt: instant })
    .nullable()
    .meta({ description: 'Who is told next while nobody takes it' }),
});

export const incidentChange = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('acknowledge') }),
  z.strictObject({ kind: z.literal('assign'), to: z.string().min(1).max(200).nullable() }),
  z.strictObject({ kind: z.literal('note'), text: z.string().trim().min(1).max(2000) }),
  z.strictObject({ kind: z.literal('judge'), verdict: z.enum(['confirmed', 'dismissed']) }),
  z.strictObject({
    kind: z.literal('override'),
    class: incidentClass.optional(),
    severity: alertSeverity.optional(),
  }),
  z.strictObject({ kind: z.literal('merge'), into: z.string().min(1).max(100) }),
  z.strictObject({ kind: z.literal('split'), signs: z.array(z.string().min(1).max(100)).min(1).max(200) }),
]);

export const similarIncident = z.object({
  incident,
  why: z.string().meta({ description: 'What they have in common' }),
  notes: z
    .array(z.object({ at: instant, by: z.string(), text: z.string() }))
    .meta({ description: 'What people noted' }),
  end: z.string().nullable().meta({ description: 'How it ended; null while it is open' }),
});

export const alertRule = z.object({
  name: z.string(),
  kind: z.enum(['threshold', 'anomaly', 'absence', 'forecast']),
  summary: z.string(),
  condition: z.string(),
  forSeconds: z.number(),
  severity: z.enum(['medium', 'high', 'critical']),
  action: z.string(),
  source: z.enum(['starter', 'configuration']),
  enabled: z.boolean(),
});

const reportedLabels = z
  .record(z.string().min(1).max(512), z.string().max(4096))
  .refine((labels) => Object.keys(labels).length <= 64, 'more than 64 labels');
const reportedTime = z
  .string()
  .max(64)
  .refine((text) => Number.isFinite(Date.parse(text)), 'not an ISO 8601 time')
  .optional();
export const reportedAlert = z.object({
  status: z.enum(['firing', 'resolved']),
  labels: reportedLabels,
  annotations: z.record(z.string().min(1).max(512), z.string().max(32_768)).default({}),
  startsAt: reportedTime,
  endsAt: reportedTime.meta({ description: 'Year 1 while it fires' }),
  generatorURL: z.string().max(8192).optional(),
  fingerprint: z
    .string()
    .regex(/^[\w.:-]{1,64}$/)
    .optional(),
});
/** In one request. */
export const MOST_REPORTED = 20_000;
const reportedAlerts = z.array(reportedAlert).max(MOST_REPORTED);
/** The body of Alertmanager’s `webhook_config`. What it has beside this is ignored. */
export const alertmanagerAlerts = z.object({
  version: z.literal('4'),
  groupKey: z.string().max(10_000).optional(),
  groupLabels: reportedLabels.optional(),
  truncatedAlerts: z.int().min(0).default(0),
  alerts: reportedAlerts,
});
/** The body of a webhook contact point of Grafana’s alerting. What it has beside this is ignored. */
export const grafanaAlerts = z.object({
  version: z.literal('1').optional(),
  groupKey: z.string().max(10_000).optional(),
  groupLabels: reportedLabels.optional(),
  truncatedAlerts: z.int().min(0).default(0),
  alerts: reportedAlerts,
});
export const alertsTaken = z.object({
  taken: z.int(),
  leftOut: z.int().meta({
    description: 'Severity info or none, Auspex’s own come back, Grafana’s test, and what the sender says it cut off',
  }),
});

export const silence = z.object({
  id: z.string(),
  entityId: z.string().nullable(),
  rule: z.string().nullable(),
  subject: z.string().nullable(),
  startsAt: instant,
  endsAt: instant,
  reason: z.string(),
  createdBy: z.string(),
  createdAt: instant,
});
export const newSilence = z.strictObject({
  entityId: z.string().nullable().default(null),
  rule: z.string().nullable().default(null),
  subject: z.string().nullable().default(null),
  startsAt: instant.optional(),
  endsAt: instant,
  reason: z.string().min(1).max(500),
});

/** One figure of a host as it is now. */
export const gauge = z.object({
  name: z.enum(['cpu', 'memory', 'swap', 'disk', 'disk-io', 'network', 'load', 'processes', 'pressure']),
  label: z.string(),
  value: z.number().nullable(),
  unit: z.string(),
  at: instant.nullable(),
  lower: z.number().nullable().meta({ description: 'What is usual now; null while learning' }),
  upper: z.number().nullable(),
  unusual: z.boolean(),
  detail: z.string().meta({ description: 'What the number is of: 3.1 of 8 GiB' }),
});
export const process = z.object({
  name: z.string(),
  pid: z.int().nullable(),
  cpuCores: z.number(),
  residentBytes: z.number(),
  count: z.int(),
});
export const healthDimension = z.object({
  name: z.string(),
  score: z.number().min(0).max(100),
  weight: ratio,
  reason: z.string(),
});
export const health = z.object({
  score: z.number().min(0).max(100).nullable(),
  sentence: z.string(),
  dimensions: z.array(healthDimension),
});
export const performance = z.object({
  type: z.literal('performance'),
  entityId: z.string(),
  value: z
    .number()
    .min(0)
    .max(100)
    .nullable()
    .meta({ description: '100 = best: the health expected in 15 minutes; null before a model exists' }),
  load: z.number().min(0).max(100).nullable(),
  loadWarning: z.boolean().meta({ description: 'load above 80' }),
  at: instant,
  dueAt: instant.nullable(),
  confidence,
  lower: z.number().nullable(),
  upper: z.number().nullable(),
  baseline: z.number().nullable().meta({ description: 'What plain persistence says' }),
  features: z.array(contribution),
  explanation: z.string(),
  recommendations: z.array(z.string()),
  model: z.string().nullable(),
  learning: z.string().nullable(),
});

export const entity = z.object({
  id: z.string(),
  kind: z.enum(['host', 'service', 'target']),
  name: z.string(),
  timeZone: z.string(),
  firstSeenAt: instant,
  lastSeenAt: instant,
  aliases: z.array(z.string()),
  attributes: z.record(z.string(), z.string()),
  state: z.enum(['ok', 'learning', 'unusual', 'alerting', 'stale']),
  sentence: z.string(),
  health: z.number().nullable(),
  openAnomalies: z.int(),
  firingAlerts: z.int(),
  seriesCount: z.int(),
});
export const entityDetail = entity.extend({
  healthDetail: health,
  gauges: z.array(gauge),
  processes: z.array(process),
  learning: z.string().nullable().meta({ description: 'What is not learnt yet and when it will be; null when all is' }),
  unseen: z.array(z.string()).meta({ description: 'What the collector may not read, and what would let it' }),
});

export const forecastPoint = z.object({ at: instant, mean: z.number(), lower: z.number(), upper: z.number() });
export const forecast = z.object({
  type: z.literal('forecast'),
  entityId: z.string(),
  entityName: z.string(),
  component: z.string(),
  unit: z.string(),
  value: z.number().nullable().meta({ description: 'The mean at the horizon' }),
  horizonSeconds: z.number(),
  model: z.string(),
  madeAt: instant,
  level: ratio,
  points: z.array(forecastPoint),
  history: z.object({ timesMs: z.array(z.number()), values: z.array(z.number().nullable()) }),
  explanation: z.string(),
  features: z.array(z.string()),
  recommendations: z.array(z.string()),
  confidence,
  backtest: z.object({ error: z.number(), naiveError: z.number(), folds: z.int() }).nullable(),
  exhaustion: z
    .object({
      limit: z.number(),
      at: instant.nullable(),
      fromAt: instant.nullable(),
      toAt: instant.nullable(),
      sentence: z.string(),
    })
    .nullable(),
  learning: z.string().nullable(),
});
/** What comes next, in one line each. */
export const outlook = z.object({
  kind: z
    .enum(['bottleneck', 'budget', 'capacity'])
    .meta({ description: 'Within minutes; an objective’s error budget; days ahead' }),
  entityId: z.string(),
  entityName: z.string(),
  component: z.string(),
  sentence: z.string(),
  severity,
  dueAt: instant.nullable(),
  fromAt: instant.nullable(),
  toAt: instant.nullable().meta({ description: 'Null: it may never happen' }),
  advice: z.string(),
  confidence,
  record: z.string().meta({ description: 'How such statements did so far' }),
});

export const pattern = z.object({
  type: z.enum(['stable', 'trending', 'volatile']),
  entityId: z.string(),
  component: z.string(),
  unit: z.string(),
  value: z.number().meta({ description: 'Strength, 0..1' }),
  at: instant,
  confidence,
  trendPerDay: z.number(),
  robustTrendPerDay: z.number(),
  polynomial: z.array(z.number()),
  periods: z.array(z.object({ seconds: z.number(), strength: z.number() })),
  changePoints: z.array(z.object({ at: instant, before: z.number(), after: z.number() })),
  features: z.array(z.string()),
  explanation: z.string(),
  recommendations: z.array(z.string()),
});

export const modelMetadata = z.object({
  name: z.string(),
  entityId: z.string(),
  entityName: z.string(),
  version: z.int(),
  algorithm: z.string(),
  status: z.enum(['serving', 'previous', 'damaged']),
  trainedAt: instant,
  trainedFromAt: instant,
  trainedToAt: instant,
  sampleCount: z.int(),
  featureNames: z.array(z.string()),
  sizeBytes: z.int(),
  checksum: z.string(),
  metrics: z.record(z.string(), z.number()),
  trainingMs: z.number(),
  fault: z.string().nullable(),
});
export const modelSummary = modelMetadata.extend({
  health: z.enum(['good', 'learning', 'drifting', 'damaged']),
  healthReason: z.string(),
  nextTrainingAt: instant.nullable(),
});
export const trainResult = z.object({
  name: z.string(),
  entityId: z.string(),
  trained: z.boolean(),
  reason: z.string(),
  model: modelMetadata.nullable(),
});

export const modelAnswers = z.object({
  name: z.string(),
  entityId: z.string().nullable().meta({ description: 'Null of a model elsewhere' }),
  version: z.int().nullable(),
  algorithm: z.string(),
  meaning: z.string().meta({ description: 'What the value is' }),
  items: z.array(
    z.object({
      value: z.number(),
      lower: z.number().nullable(),
      upper: z.number().nullable(),
      isUnusual: z.boolean().nullable(),
    }),
  ),
});

export const trackRecord = z.object({
  type: z.string(),
  model: z.string(),
  entityId: z.string().nullable(),
  horizonSeconds: z.number(),
  scored: z.int(),
  held: z.int(),
  stated: z.number().nullable(),
  observed: z.number().nullable(),
  meanAbsoluteError: z.number().nullable(),
  baselineMeanAbsoluteError: z.number().nullable(),
  calibrationError: z.number().nullable(),
  pending: z.int(),
  unknown: z.int(),
  averted: z.int(),
  confidence,
  sentence: z.string().meta({ description: 'Of 48 such forecasts 44 held' }),
});
export const prediction = z.object({
  id: z.string(),
  type: z.string(),
  entityId: z.string(),
  entityName: z.string(),
  component: z.string(),
  model: z.string(),
  modelVersion: z.int(),
  madeAt: instant,
  dueAt: instant,
  horizonSeconds: z.number(),
  value: z.number(),
  unit: z.string(),
  probability: ratio,
  rule: z.discriminatedUnion('kind', [
    z.object({ kind: z.literal('interval'), lower: z.number(), upper: z.number() }),
    z.object({ kind: z.literal('event'), event: z.string() }),
  ]),
  outcome: z.enum(['pending', 'true', 'false', 'averted', 'unknown']),
  actual: z.number().nullable(),
  scoredAt: instant.nullable(),
  baseline: z.number().nullable(),
});

export const series = z.object({
  ref: z.int(),
  labels,
  name: z.string(),
  kind: z.enum(['gauge', 'counter', 'histogram', 'info', 'unknown']),
  entityId: z.string(),
});
/** One series for a chart. Counters come as rates a second. Gaps are nulls. */
export const chartSeries = z.object({
  ref: z.int(),
  labels,
  name: z.string(),
  unit: z.string(),
  rate: z.boolean(),
  stepMs: z.number(),
  timesMs: z.array(z.number()),
  mean: z.array(z.number().nullable()),
  min: z.array(z.number().nullable()),
  max: z.array(z.number().nullable()),
});
export const chart = z.object({
  fromAt: instant,
  toAt: instant,
  series: z.array(chartSeries),
  expected: z
    .object({
      lower: z.number().nullable(),
      upper: z.number().nullable(),
      mean: z.number().nullable(),
      learning: z.string().nullable(),
    })
    .nullable()
    .meta({ description: 'What is usual now, for a chart of one series' }),
  anomalies: z.array(
    z.object({ id: z.string(), fromAt: instant, toAt: instant.nullable(), severity, summary: z.string() }),
  ),
  marks: z.array(z.object({ at: instant, kind: z.enum(['job', 'change', 'reboot', 'clock']), text: z.string() })),
  truncated: z.boolean(),
});
/** The band as it stood at each step's begin; null while the series was learnt and where nothing had come for a while. */
export const chartBand = z.object({
  ref: z.int(),
  stepMs: z.number(),
  timesMs: z.array(z.number()),
  mean: z.array(z.number().nullable()),
  lower: z.array(z.number().nullable()),
  upper: z.array(z.number().nullable()),
});
/** The same to the bit as `auspex anomalies --csv` gives for a file of the same times and values. A counter is scored by its rate. */
export const seriesScores = z.object({
  ref: z.int(),
  timesMs: z.array(z.number()),
  values: z.array(z.number().nullable()),
  score: z.array(z.number()).meta({ description: '−log10 of how rare the value is; higher is more unusual' }),
  expected: z.array(z.number().nullable()),
  lower: z.array(z.number().nullable()),
  upper: z.array(z.number().nullable()),
  severity: z.array(severity).meta({ description: '`none` where it is no anomaly' }),
  truncated: z.boolean(),
});
export const metricInfo = z.object({
  name: z.string(),
  title: z.string(),
  unit: z.string(),
  kind: z.enum(['gauge', 'counter', 'histogram', 'info', 'unknown']),
  seriesCount: z.int(),
  unusual: z.boolean(),
});
export const cardinality = z.object({
  seriesCount: z.int(),
  limit: z.int(),
  byMetric: z.array(z.object({ name: z.string(), seriesCount: z.int() })),
  byLabel: z.array(z.object({ name: z.string(), valueCount: z.int() })),
  byEntity: z.array(z.object({ entityId: z.string(), name: z.string(), seriesCount: z.int() })),
  refusedSamples: z.int(),
});

export const execution = z.object({
  id: z.string(),
  job: z.string(),
  command: z.string(),
  userId: z.string(),
  host: z.string(),
  startedAt: instant,
  durationMs: z.number(),
  exitCode: z.int(),
  success: z.boolean(),
  errorMessage: z.string().nullable(),
  context: z.record(z.string(), z.union([z.string(), z.number(), z.boolean()])),
});
export const errorClass = z.enum(ERROR_CLASSES);
export const errorPattern = z.object({
  fingerprint: z.string(),
  class: errorClass,
  type: z.string(),
  message: z.string().meta({ description: 'With values replaced by their kinds, secrets by [removed]' }),
  topFrame: z.string().nullable(),
  component: z.string().nullable(),
  entityId: z.string().meta({ description: 'Where it was met last' }),
  entityName: z.string(),
  firstSeenAt: instant,
  lastSeenAt: instant,
  count: z.int().min(1),
  solution: z.string().nullable(),
  successes: z.int().min(0),
  failures: z.int().min(0),
  confidence: confidence.meta({ description: 'That the solution helps' }),
});
export const newExecution = z.strictObject({
  id: z.string().min(1).max(128).optional(),
  job: z.string().min(1).max(200),
  command: z.string().max(10_000).default(''),
  userId: z.string().max(200).default('unknown'),
  host: z.string().max(255).default(''),
  startedAt: instant,
  durationMs: z.number().min(0).max(1e12),
  exitCode: z.int().min(-1).max(255).default(0),
  success: z.boolean().optional(),
  errorMessage: z.string().max(10_000).nullable().default(null),
  context: z.record(z.string().max(100), z.union([z.string().max(2000), z.number(), z.boolean()])).default({}),
});

const versionText = () => z.string().min(1).max(200).nullable().default(null);
export const change = z.object({
  id: z.string(),
  at: instant,
  kind: z.enum(changeKinds),
  entityId: z.string().nullable(),
  entityName: z.string().nullable(),
  service: z.string().nullable(),
  what: z.string(),
  from: z.string().nullable(),
  to: z.string().nullable(),
  by: z.string().nullable(),
  source: z.string().meta({ description: 'Who says so: api, or how Auspex saw it itself' }),
  url: z.string().nullable(),
  text: z.string().meta({ description: 'In words, without where' }),
});
export const newChange = z.strictObject({
  id: z.string().min(1).max(128).optional().meta({ description: 'The same id is kept once' }),
  at: instant.optional().meta({ description: 'When it took effect; now unless given' }),
  kind: z.enum(changeKinds).default('deployment'),
  entity: z.string().min(1).max(200).nullable().default(null).meta({ description: 'A host’s or target’s id or name' }),
  service: z.string().min(1).max(200).nullable().default(null),
  what: z.string().min(1).max(500).optional().meta({ description: 'What was changed; the service unless given' }),
  from: versionText(),
  to: versionText(),
  by: z.string().min(1).max(200).nullable().default(null),
  source: z.string().min(1).max(50).default('api').meta({ description: 'Who says so' }),
  url: z
    .url({ protocol: /^https?$/ })
    .max(2000)
    .nullable()
    .default(null),
});

export const component = z.object({
  name: z.string(),
  kind: z.enum(['collector', 'store', 'detector', 'model', 'notifier', 'thread', 'api', 'agent']),
  state: z.enum(['ok', 'degraded', 'failed', 'stopped', 'learning']),
  since: instant,
  message: z.string(),
  remedy: z.string().nullable(),
});
export const status = z.object({
  state: z.enum(['ok', 'degraded', 'failed']),
  sentence: z.string(),
  version: z.string(),
  demonstration: z.boolean().meta({ description: 'What is shown was recorded: see auspex demo' }),
  startedAt: instant,
  home: z.string(),
  components: z.array(component),
  process: z.object({
    residentBytes: z.number(),
    cpuRatio: z.number(),
    loopDelayP99Ms: z.number(),
    heapBytes: z.number(),
  }),
  budget: z.object({ residentBytes: z.number(), cpuRatio: z.number(), diskBytes: z.number() }),
  store: z.object({
    seriesCount: z.int(),
    points: z.number(),
    bytes: z.number(),
    quotaBytes: z.number(),
    bytesPerPoint: z.number().nullable(),
    oldestAt: instant.nullable(),
    newestAt: instant.nullable(),
    accepting: z.boolean(),
  }),
  ingest: z.object({ samplesPerSecond: z.number(), waiting: z.int(), scoreLagMs: z.number(), refused: z.int() }),
});
export const scrapeTarget = z.object({
  job: z.string(),
  url: z.string(),
  labels,
  up: z.boolean(),
  lastScrapeAt: instant.nullable(),
  lastDurationMs: z.number().nullable(),
  samples: z.int(),
  error: z.string().nullable(),
});
export const agent = z.object({
  id: z.string(),
  name: z.string(),
  entityId: z.string(),
  version: z.string(),
  enrolledAt: instant,
  lastSeenAt: instant,
  state: z.enum(['reporting', 'silent']),
});
export const enrolment = z.strictObject({
  machineId: z.string().min(1).max(128),
  hostname: z.string().min(1).max(255),
  version: z.string().max(50),
  timeZone: z.string().max(100),
  attributes: z.record(z.string().max(100), z.string().max(500)).default({}),
});
export const enrolled = z.object({
  agentId: z.string(),
  entityId: z.string(),
  instance: z.string(),
  intervalSeconds: z.number(),
});

export const scope = z.enum(['ingest', 'read', 'operate', 'approve', 'admin']);
export const token = z.object({
  id: z.string(),
  name: z.string(),
  scope,
  createdAt: instant,
  expiresAt: instant.nullable(),
  lastUsedAt: instant.nullable(),
});
export const newToken = z.strictObject({
  name: z.string().min(1).max(100),
  scope,
  expiresAt: instant.nullable().default(null),
});

export const role = z.enum(['viewer', 'operator', 'approver', 'admin']);
export const userName = z
  .string()
  .trim()
  .toLowerCase()
  .regex(/^[a-z0-9][a-z0-9._@-]{0,63}$/, 'Letters, digits and . _ @ - only, at most 64')
  .refine(
    (name) => name !== 'owner',
    'This name stands for who comes by the link of the machine itself; choose another',
  );
export const newPassword = z
  .string()
  .min(12, 'At least 12 characters; a few words will do')
  .max(200)
  .meta({ description: 'At least 12 characters' });
export const user = z.object({
  id: z.string().meta({ description: 'The name to sign in with' }),
  role,
  state: z.enum(['active', 'invited', 'disabled']).meta({ description: 'invited: has set no password yet' }),
  createdAt: instant,
  lastSignInAt: instant.nullable(),
  sessions: z.int().meta({ description: 'Browsers that are signed in' }),
});
export const userLink = z.object({
  url: z.string().meta({ description: 'To be opened once; lets the user set a password' }),
  expiresAt: instant,
});
export const session = z.object({
  userId: z.string(),
  scope,
  role: role.nullable().meta({ description: 'null for tokens' }),
  expiresAt: instant.nullable(),
  csrf: z.string().nullable().meta({ description: 'Send as X-CSRF-Token with every change' }),
  needs: z
    .enum(['account', 'password'])
    .nullable()
    .meta({ description: 'account: nobody has one yet; password: the user has to set one' }),
  demonstration: z.boolean().meta({ description: 'What is shown was recorded: see auspex demo' }),
});

export const auditOutcome = z.enum(['begun', 'done', 'failed', 'refused']);
export const auditRow = z.object({
  seq: z.int().meta({ description: 'The row’s number in the chain, from 1' }),
  at: instant,
  actor: z.object({
    kind: z.enum(['user', 'token', 'process', 'nobody']),
    name: z.string(),
    source: z.string().nullable().meta({ description: 'The address that it came from' }),
  }),
  action: z.string(),
  target: z.string(),
  outcome: auditOutcome.meta({
    description: 'begun: was let through, and was done unless a later `failed` row names this one in its detail',
  }),
  detail: z.unknown(),
  hash: z.string(),
});
export const auditReport = z.object({
  isSound: z.boolean(),
  sentence: z.string(),
  rows: z.int().meta({ description: 'Rows that were walked: all, or those before the first that is wrong' }),
  firstAt: instant.nullable(),
  lastAt: instant.nullable(),
  head: z
    .object({ seq: z.int(), hash: z.string() })
    .nullable()
    .meta({ description: 'Noted elsewhere, it proves later that nothing before was changed' }),
  fault: z
    .object({
      kind: z.enum(['edited', 'removed', 'reordered', 'cut', 'unknown key']),
      seq: z.int(),
      detail: z.string(),
    })
    .nullable(),
});

export const setting = z.object({
  key: z.string(),
  value: z.unknown(),
  source: z.enum(['default', 'file', 'environment', 'flag']),
  description: z.string(),
  reloadable: z.boolean(),
});
export const overview = z.object({
  sentence: z.string().meta({ description: 'The answer in words' }),
  at: instant,
  hosts: z.array(entity.extend({ gauges: z.array(gauge) })),
  others: z.array(entity).meta({ description: 'At most 50, those with something to tell first' }),
  othersCount: z.int(),
  anomalies: z.array(anomaly).meta({ description: 'Open ones, worst first' }),
  alerts: z.array(alert).meta({ description: 'Firing and held' }),
  outlook: z.array(outlook).meta({ description: 'What comes next, soonest first' }),
  trackRecord: z.object({
    sentence: z.string(),
    scored: z.int(),
    held: z.int(),
    pagesThisWeek: z.int(),
    needlessPagesThisWeek: z.int(),
  }),
  learning: z.string().nullable(),
  status: z.enum(['ok', 'degraded', 'failed']),
});

export const analytics = z.object({
  fromAt: instant,
  toAt: instant,
  samples: z.number(),
  series: z.int(),
  entities: z.int(),
  anomalies: z.object({
    total: z.int(),
    bySeverity: z.record(z.string(), z.int()),
    byResource: z.record(z.string(), z.int()),
    confirmed: z.int(),
    dismissed: z.int(),
    normal: z.int(),
    precision: z.number().nullable(),
  }),
  alerts: z.object({ fired: z.int(), suppressed: z.int(), meanTimeToResolveSeconds: z.number().nullable() }),
  predictions: z.object({ made: z.int(), scored: z.int(), held: z.int() }),
  executions: z.object({ total: z.int(), failed: z.int() }),
  models: z.int(),
});

/** A live message. `cursor` resumes after a lost connection: `/api/live?topics=…&after=<cursor>`. */
export const liveTopics = [
  'overview',
  'samples',
  'anomalies',
  'alerts',
  'incidents',
  'changes',
  'calendar',
  'predictions',
  'models',
  'status',
  'services',
] as const;
/** What each topic asks for: one without does not compile. */
export const liveTopicAccess = {
  overview: 'read',
  samples: 'read',
  anomalies: 'read',
  alerts: 'read',
  incidents: 'read',
  changes: 'read',
  calendar: 'read',
  predictions: 'read',
  models: 'read',
  status: 'read',
  services: 'read',
} as const satisfies Record<(typeof liveTopics)[number], string>;
export const liveMessage = z.discriminatedUnion('topic', [
  z.object({
    topic: z.literal('hello'),
    cursor: z.string(),
    resumed: z.boolean().meta({ description: 'false: messages between were lost, read the state anew' }),
    heartbeatSeconds: z.number(),
  }),
  z.object({ topic: z.literal('heartbeat'), cursor: z.string(), at: instant }),
  z.object({
    topic: z.literal('samples'),
    cursor: z.string(),
    entityId: z.string(),
    at: instant,
    gauges: z.array(gauge),
  }),
  z.object({
    topic: z.literal('anomalies'),
    cursor: z.string(),
    change: z.enum(['opened', 'updated', 'ended']),
    anomaly,
  }),
  z.object({ topic: z.literal('alerts'), cursor: z.string(), alert }),
  z.object({ topic: z.literal('incidents'), cursor: z.string(), incident }),
  z.object({ topic: z.literal('changes'), cursor: z.string(), change }),
  z.object({
    topic: z.literal('calendar'),
    cursor: z.string(),
    change: z.enum(['added', 'changed', 'removed', 'imported']),
    title: z.string(),
  }),
  z.object({ topic: z.literal('predictions'), cursor: z.string(), prediction }),
  z.object({ topic: z.literal('models'), cursor: z.string(), model: modelMetadata }),
  z.object({
    topic: z.literal('status'),
    cursor: z.string(),
    state: z.enum(['ok', 'degraded', 'failed']),
    sentence: z.string(),
  }),
  z.object({ topic: z.literal('overview'), cursor: z.string(), sentence: z.string() }),
  z.object({ topic: z.literal('services'), cursor: z.string(), sentence: z.string() }),
]);

export type Anomaly = z.infer<typeof anomaly>;
export type AnomalyDetail = z.infer<typeof anomalyDetail>;
export type AlertView = z.infer<typeof alert>;
export type Incident = z.infer<typeof incident>;
export type IncidentDetail = z.infer<typeof incidentDetail>;
export type IncidentChange = z.infer<typeof incidentChange>;
export type ChangeView = z.infer<typeof change>;
export type Overview = z.infer<typeof overview>;
export type EntityView = z.infer<typeof entity>;
export type EntityDetail = z.infer<typeof entityDetail>;
export type GaugeView = z.infer<typeof gauge>;
export type ForecastView = z.infer<typeof forecast>;
export type OutlookView = z.infer<typeof outlook>;
export type PatternView = z.infer<typeof pattern>;
export type PerformanceView = z.infer<typeof performance>;
export type ModelSummary = z.infer<typeof modelSummary>;
export type TrackRecordView = z.infer<typeof trackRecord>;
export type PredictionView = z.infer<typeof prediction>;
export type Chart = z.infer<typeof chart>;
export type StatusView = z.infer<typeof status>;
export type AuditRowView = z.infer<typeof auditRow>;
export type AuditReportView = z.infer<typeof auditReport>;
export type LiveMessage = z.infer<typeof liveMessage>;
export type LiveTopic = (typeof liveTopics)[number];
export type Problem = z.infer<typeof problem>;
