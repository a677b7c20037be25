import { z } from 'zod';
import { changeRoutes } from './change-routes.ts';
import { incidentRoutes } from './incident-routes.ts';
import { calendarRoutes } from './calendar.ts';
import { ruleRoutes } from './rules.ts';
import { channel, notificationRoutes } from './notification.ts';
import * as s from './schemas.ts';
import { serviceRoutes } from './services.ts';

/** Who may call a route. `public`: anybody who reaches it; `ingest`: a token, or nobody's on loopback; the rest: at least this scope. */
export type Access = 'public' | 'ingest' | 'read' | 'operate' | 'approve' | 'admin';

export interface Route {
  readonly method: 'GET' | 'POST' | 'PUT' | 'DELETE';
  /** With `{name}` for path parameters. */
  readonly path: string;
  readonly access: Access;
  readonly summary: string;
  readonly tag: string;
  readonly params?: z.ZodObject;
  readonly query?: z.ZodObject;
  readonly body?: z.ZodType;
  /** Of a body that may be long: the list of it that is read and checked an element at a time. */
  readonly long?: {
    readonly list: string;
    readonly element: z.ZodType;
    readonly rest: z.ZodObject;
    readonly most: number;
  };
  /** The JSON answer; absent where the answer is a stream, a file or empty. */
  readonly response?: z.ZodType;
  /** Content type where it is not JSON. */
  readonly produces?: string;
  /** Content type of the body where it is not JSON; it is handed on undecoded. */
  readonly consumes?: string;
  /** Status of success, 200 unless told. */
  readonly status?: number;
  /** May be sent again with the same Idempotency-Key. */
  readonly idempotent?: boolean;
  /**
   * Under which name it is written to the audit log before it is done; on a public route after it, and failures up to a
   * bound. `false` where data come in, and where nothing changes. A route that is not a GET says one of the two.
   */
  readonly audit?: string | false;
}

const paging = { limit: z.coerce.number().int().min(1).max(500).default(50), cursor: z.string().max(500).optional() };
const page = <T extends z.ZodType>(item: T) => z.object({ items: z.array(item), nextCursor: z.string().nullable() });
const list = <T extends z.ZodType>(item: T) => z.object({ items: z.array(item) });
const id = z.object({ id: z.string().min(1).max(200) });
const entityQuery = z.string().max(200).optional().meta({ description: 'An entity’s id or name' });
const range = { from: s.instant.optional(), to: s.instant.optional() };

/** Every route but the two pages of the browser (sign-in, the page itself) and the live socket. */
export const routes = {
  ...serviceRoutes,
  ...notificationRoutes,
  overview: {
    method: 'GET',
    path: '/api/overview',
    access: 'read',
    tag: 'Now',
    summary: 'What is going on, in one answer',
    response: s.overview,
  },
  entities: {
    method: 'GET',
    path: '/api/entities',
    access: 'read',
    tag: 'Now',
    summary: 'Everything watched',
    response: list(s.entity),
  },
  entity: {
    method: 'GET',
    path: '/api/entities/{id}',
    access: 'read',
    tag: 'Now',
    summary: 'One host or service as it is now',
    params: id,
    response: s.entityDetail,
  },
  performance: {
    method: 'GET',
    path: '/api/entities/{id}/performance',
    access: 'read',
    tag: 'Now',
    summary: 'Performance score: the health expected in 15 minutes',
    params: id,
    response: s.performance,
  },
  patterns: {
    method: 'GET',
    path: '/api/entities/{id}/patterns',
    access: 'read',
    tag: 'Now',
    summary: 'Patterns of an entity’s main metrics',
    params: id,
    query: z.object({ days: z.coerce.number().min(0.01).max(90).default(7) }),
    response: list(s.pattern),
  },

  metrics: {
    method: 'GET',
    path: '/api/metrics',
    access: 'read',
    tag: 'Explore',
    summary: 'Metric names of an entity',
    query: z.object({ entity: entityQuery, search: z.string().max(200).optional() }),
    response: list(s.metricInfo),
  },
  series: {
    method: 'GET',
    path: '/api/series',
    access: 'read',
    tag: 'Explore',
    summary: 'Series that match',
    query: z.object({
      entity: entityQuery,
      metric: z.string().max(300).optional(),
      match: z
        .string()
        .max(2000)
        .optional()
        .meta({ description: 'A Prometheus selector: node_load1{instance="web-1"}' }),
      limit: z.coerce.number().int().min(1).max(5000).default(500),
    }),
    response: list(s.series),
  },
  chart: {
    method: 'GET',
    path: '/api/chart',
    access: 'read',
    tag: 'Explore',
    summary: 'Series over a range, ready to draw',
    query: z.object({
      ref: z.string().max(2000).optional().meta({ description: 'Series numbers, separated by commas' }),
      entity: entityQuery,
      metric: z.string().max(300).optional(),
      ...range,
      points: z.coerce.number().int().min(10).max(5000).default(600),
    }),
    response: s.chart,
  },
  chartBand: {
    method: 'GET',
    path: '/api/chart/band',
    access: 'read',
    tag: 'Explore',
    summary: 'What was expected of one series over a range, before its values were seen',
    query: z.object({
      ref: z.coerce.number().int().min(0).meta({ description: 'The series’ number' }),
      ...range,
      points: z.coerce.number().int().min(10).max(2000).default(300),
    }),
    response: s.chartBand,
  },
  seriesScores: {
    method: 'GET',
    path: '/api/series/scores',
    access: 'read',
    tag: 'Explore',
    summary: 'How unusual each sample of one series was, judged from those before it alone',
    query: z.object({
      ref: z.coerce.number().int().min(0).meta({ description: 'The series’ number' }),
      ...range,
      only: z.enum(['all', 'anomalies']).default('all'),
      limit: z.coerce.number().int().min(1).max(20_000).default(5000).meta({ description: 'The latest so many' }),
    }),
    response: s.seriesScores,
  },
  cardinality: {
    method: 'GET',
    path: '/api/cardinality',
    access: 'read',
    tag: 'Explore',
    summary: 'What makes how many series',
    response: s.cardinality,
  },

  anomalies: {
    method: 'GET',
    path: '/api/anomalies',
    access: 'read',
    tag: 'Anomalies',
    summary: 'Findings, newest first',
    query: z.object({
      ...paging,
      ...range,
      entity: entityQuery,
      status: z.enum(['open', 'ended']).optional(),
      severity: s.severity.optional(),
      detector: z.enum(['metric', 'entity', 'threshold', 'absence']).optional(),
    }),
    response: page(s.anomaly),
  },
  anomaly: {
    method: 'GET',
    path: '/api/anomalies/{id}',
    access: 'read',
    tag: 'Anomalies',
    summary: 'One finding with its evidence',
    params: id,
    response: s.anomalyDetail,
  },
  judgeAnomaly: {
    method: 'POST',
    path: '/api/anomalies/{id}/verdict',
    access: 'operate',
    audit: 'anomaly.judge',
    tag: 'Anomalies',
    summary: 'Confirm, dismiss, or say that this is normal here',
    params: id,
    body: z.strictObject({ verdict: z.enum(['confirmed', 'normal', 'dismissed']) }),
    response: s.anomaly,
  },

  alerts: {
    method: 'GET',
    path: '/api/alerts',
    access: 'read',
    tag: 'Alerts',
    summary: 'Alerts, newest first',
    query: z.object({
      ...paging,
      state: z.enum(['pending', 'firing', 'held', 'no-data', 'resolved']).optional(),
      entity: entityQuery,
      incident: z.string().max(200).optional().meta({ description: 'Those that are part of this incident' }),
    }),
    response: page(s.alert),
  },
  alert: {
    method: 'GET',
    path: '/api/alerts/{id}',
    access: 'read',
    tag: 'Alerts',
    summary: 'One alert',
    params: id,
    response: s.alertDetail,
  },
  incidents: {
    method: 'GET',
    path: '/api/incidents',
    access: 'read',
    tag: 'Incidents',
    summary: 'Incidents, newest first',
    query: z.object({
      ...paging,
      ...range,
      state: z.enum(['open', 'resolved']).optional(),
      class: s.incidentClass.optional(),
      severity: z.enum(['medium', 'high', 'critical']).optional(),
      entity: entityQuery,
    }),
    response: page(s.incident),
  },
  incident: {
    method: 'GET',
    path: '/api/incidents/{id}',
    access: 'read',
    tag: 'Incidents',
    summary: 'An incident with its signs, its likely causes and everything that was decided about it',
    params: id,
    response: s.incidentDetail,
  },
  ...incidentRoutes,
  changeIncident: {
    method: 'POST',
    path: '/api/incidents/{id}',
    access: 'operate',
    audit: 'incident.change',
    tag: 'Incidents',
    summary: 'Acknowledge, assign, judge, override, merge or split an incident',
    params: id,
    body: s.incidentChange,
    response: s.incidentDetail,
  },
  alertRules: {
    method: 'GET',
    path: '/api/alert-rules',
    access: 'read',
    tag: 'Alerts',
    summary: 'The rules in force',
    response: list(s.alertRule),
  },
  ...ruleRoutes,
  silences: {
    method: 'GET',
    path: '/api/silences',
    access: 'read',
    tag: 'Alerts',
    summary: 'Silences in force or to come',
    response: list(s.silence),
  },
  addSilence: {
    method: 'POST',
    path: '/api/silences',
    access: 'operate',
    audit: 'silence.add',
    tag: 'Alerts',
    summary: 'Tell nobody about something for a while',
    body: s.newSilence,
    response: s.silence,
    status: 201,
    idempotent: true,
  },
  removeSilence: {
    method: 'DELETE',
    path: '/api/silences/{id}',
    access: 'operate',
    audit: 'silence.remove',
    tag: 'Alerts',
    summary: 'End a silence',
    params: id,
    status: 204,
  },
  ...calendarRoutes,
  channels: {
    method: 'GET',
    path: '/api/channels',
    access: 'read',
    tag: 'Alerts',
    summary: 'Where messages go, and how it went',
    response: list(channel),
  },
  testChannel: {
    method: 'POST',
    path: '/api/channels/{id}/test',
    access: 'operate',
    audit: 'channel.test',
    tag: 'Alerts',
    summary: 'Send a test message',
    params: id,
    response: z.object({ delivered: z.boolean(), detail: z.string() }),
  },

  outlook: {
    method: 'GET',
    path: '/api/outlook',
    access: 'read',
    tag: 'Forecasts',
    summary: 'What comes next, soonest first',
    query: z.object({
      entity: entityQuery,
      hours: z.coerce
        .number()
        .min(0.1)
        .max(24 * 365)
        .default(720),
    }),
    response: list(s.outlook),
  },
  forecasts: {
    method: 'GET',
    path: '/api/forecasts',
    access: 'read',
    tag: 'Forecasts',
    summary: 'Forecasts of an entity’s main metrics',
    query: z.object({
      entity: entityQuery,
      component: z.string().max(300).optional(),
      horizon: z.enum(['15m', '1h', '24h', '48h', '7d', '30d']).default('24h'),
    }),
    response: list(s.forecast),
  },

  models: {
    method: 'GET',
    path: '/api/models',
    access: 'read',
    tag: 'Models',
    summary: 'Models that serve',
    response: list(s.modelSummary),
  },
  model: {
    method: 'GET',
    path: '/api/models/{name}',
    access: 'read',
    tag: 'Models',
    summary: 'All versions of a model',
    params: z.object({ name: z.string().min(1).max(200) }),
    query: z.object({ entity: entityQuery }),
    response: list(s.modelMetadata),
  },
  trainModel: {
    method: 'POST',
    path: '/api/models/{name}/train',
    access: 'operate',
    audit: 'model.train',
    tag: 'Models',
    summary: 'Train now',
    params: z.object({ name: z.string().min(1).max(200) }),
    body: z.strictObject({ entity: z.string().max(200).optional(), force: z.boolean().default(false) }),
    response: list(s.trainResult),
  },
  promoteModel: {
    method: 'POST',
    path: '/api/models/{name}/promote',
    access: 'operate',
    audit: 'model.promote',
    tag: 'Models',
    summary: 'Let an earlier version serve',
    params: z.object({ name: z.string().min(1).max(200) }),
    body: z.strictObject({ entity: z.string().max(200), version: z.int().min(1) }),
    response: s.modelMetadata,
  },
  predictModel: {
    method: 'POST',
    path: '/api/models/{name}/predict',
    access: 'read',
    audit: false,
    tag: 'Models',
    summary: 'What a model says of rows of features',
    params: z.object({ name: z.string().min(1).max(200) }),
    body: z.strictObject({
      entity: z.string().max(200).optional(),
      rows: z
        .array(z.record(z.string().max(200), z.number().nullable()))
        .min(1)
        .max(1000),
    }),
    response: s.modelAnswers,
  },
  ledger: {
    method: 'GET',
    path: '/api/ledger',
    access: 'read',
    tag: 'Models',
    summary: 'How often each model was right',
    query: z.object({ entity: entityQuery, type: z.string().max(100).optional() }),
    response: list(s.trackRecord),
  },
  predictions: {
    method: 'GET',
    path: '/api/predictions',
    access: 'read',
    tag: 'Models',
    summary: 'The ledger’s rows, newest first',
    query: z.object({
      ...paging,
      entity: entityQuery,
      type: z.string().max(100).optional(),
      outcome: z.enum(['pending', 'true', 'false', 'averted', 'unknown']).optional(),
      confidence: z.enum(['low', 'medium', 'high', 'very high']).optional(),
    }),
    response: page(s.prediction),
  },
  analytics: {
    method: 'GET',
    path: '/api/analytics',
    access: 'read',
    tag: 'Models',
    summary: 'Counts and rates over a range',
    query: z.object({ ...range }),
    response: s.analytics,
  },

  recordExecution: {
    method: 'POST',
    path: '/ai/learning/record-execution',
    access: 'ingest',
    audit: false,
    tag: 'Jobs',
    summary: 'Record one or many runs of jobs',
    body: z.union([s.newExecution, z.array(s.newExecution).min(1).max(1000)]),
    response: z.object({ recorded: z.int(), known: z.int(), ids: z.array(z.string()) }),
    status: 201,
    idempotent: true,
  },
  ...changeRoutes,
  executions: {
    method: 'GET',
    path: '/api/executions',
    access: 'read',
    tag: 'Jobs',
    summary: 'Recorded runs, newest first',
    query: z.object({ ...paging, job: z.string().max(200).optional() }),
    response: page(s.execution),
  },

  errors: {
    method: 'GET',
    path: '/api/errors',
    access: 'read',
    tag: 'Errors and fixes',
    summary: 'Kinds of errors, the one met last first',
    query: z.object({
      ...paging,
      ...range,
      entity: entityQuery,
      class: s.errorClass.optional(),
    }),
    response: page(s.errorPattern),
  },

  status: {
    method: 'GET',
    path: '/api/status',
    access: 'read',
    tag: 'Auspex itself',
    summary: 'Auspex’s own health',
    response: s.status,
  },
  targets: {
    method: 'GET',
    path: '/api/targets',
    access: 'read',
    tag: 'Auspex itself',
    summary: 'Scraped targets',
    response: list(s.scrapeTarget),
  },
  agents: {
    method: 'GET',
    path: '/api/agents',
    access: 'read',
    tag: 'Auspex itself',
    summary: 'Agents that report here',
    response: list(s.agent),
  },
  enrolAgent: {
    method: 'POST',
    path: '/api/agents',
    access: 'ingest',
    audit: false,
    tag: 'Auspex itself',
    summary: 'An agent introduces its host',
    body: s.enrolment,
    response: s.enrolled,
  },
  settings: {
    method: 'GET',
    path: '/api/settings',
    access: 'read',
    tag: 'Auspex itself',
    summary: 'The configuration in force and where each value comes from',
    response: list(s.setting),
  },
  reloadSettings: {
    method: 'POST',
    path: '/api/settings/reload',
    access: 'admin',
    audit: 'settings.reload',
    tag: 'Auspex itself',
    summary: 'Read the configuration file again',
    response: z.object({ changed: z.array(z.string()), needRestart: z.array(z.string()) }),
  },
  tokens: {
    method: 'GET',
    path: '/api/tokens',
    access: 'admin',
    tag: 'Who',
    summary: 'Tokens, without their secrets',
    response: list(s.token),
  },
  addToken: {
    method: 'POST',
    path: '/api/tokens',
    access: 'admin',
    audit: 'token.add',
    tag: 'Who',
    summary: 'Make a token; the secret is shown once',
    body: s.newToken,
    response: s.token.extend({ secret: z.string() }),
    status: 201,
  },
  removeToken: {
    method: 'DELETE',
    path: '/api/tokens/{id}',
    access: 'admin',
    audit: 'token.revoke',
    tag: 'Who',
    summary: 'Revoke a token',
    params: id,
    status: 204,
  },
  session: {
    method: 'GET',
    path: '/api/session',
    access: 'read',
    tag: 'Who',
    summary: 'Who is signed in',
    response: s.session,
  },
  signIn: {
    method: 'POST',
    path: '/api/session',
    access: 'public',
    audit: 'session.sign-in',
    tag: 'Who',
    summary: 'Sign in with name and password; sets the session cookie',
    body: z.strictObject({ name: z.string().min(1).max(200), password: z.string().min(1).max(1000) }),
    response: s.session,
  },
  signInWays: {
    method: 'GET',
    path: '/api/session/ways',
    access: 'public',
    tag: 'Who',
    summary: 'How one may sign in here',
    response: z.object({
      provider: z
        .string()
        .nullable()
        .meta({ description: 'The name of the sign-in provider; begin at /sign-in/provider' }),
    }),
  },
  claimAccount: {
    method: 'POST',
    path: '/api/session/account',
    access: 'admin',
    audit: 'user.claim',
    tag: 'Who',
    summary: 'The first account, for who came by the one-time link; only while there is none',
    body: z.strictObject({ name: s.userName, password: s.newPassword }),
    response: s.session,
  },
  changePassword: {
    method: 'POST',
    path: '/api/session/password',
    access: 'read',
    audit: 'user.password',
    tag: 'Who',
    summary: 'Set one’s own password; ends one’s other sessions',
    body: z.strictObject({
      currentPassword: z
        .string()
        .max(1000)
        .nullable()
        .default(null)
        .meta({ description: 'Left out where none is set yet' }),
      password: s.newPassword,
    }),
    status: 204,
  },
  signOutEverywhere: {
    method: 'DELETE',
    path: '/api/sessions',
    access: 'read',
    audit: 'session.sign-out-everywhere',
    tag: 'Who',
    summary: 'End all of one’s sessions, this one too',
    status: 204,
  },
  users: {
    method: 'GET',
    path: '/api/users',
    access: 'admin',
    tag: 'Who',
    summary: 'Who may sign in',
    response: list(s.user),
  },
  addUser: {
    method: 'POST',
    path: '/api/users',
    access: 'admin',
    audit: 'user.add',
    tag: 'Who',
    summary: 'Add a user; the answer has a one-time link with which they set a password',
    body: z.strictObject({ name: s.userName, role: s.role }),
    response: s.user.extend({ link: s.userLink }),
    status: 201,
  },
  changeUser: {
    method: 'PUT',
    path: '/api/users/{id}',
    access: 'admin',
    audit: 'user.change',
    tag: 'Who',
    summary: 'Give another role, disable or enable; in force at once',
    params: id,
    body: z.strictObject({ role: s.role.optional(), disabled: z.boolean().optional() }),
    response: s.user,
  },
  resetUser: {
    method: 'POST',
    path: '/api/users/{id}/reset',
    access: 'admin',
    audit: 'user.reset',
    tag: 'Who',
    summary: 'Take password and sessions away and give a one-time link to set a new password',
    params: id,
    response: s.userLink,
  },
  signOut: {
    method: 'DELETE',
    path: '/api/session',
    access: 'read',
    audit: 'session.sign-out',
    tag: 'Who',
    summary: 'Sign out',
    status: 204,
  },
  signInLink: {
    method: 'POST',
    path: '/api/session/link',
    access: 'admin',
    audit: 'session.link',
    tag: 'Who',
    summary: 'A one-time sign-in link',
    response: z.object({ url: z.string(), expiresAt: s.instant }),
  },

  audit: {
    method: 'GET',
    path: '/api/audit',
    access: 'admin',
    tag: 'Who',
    summary: 'What was done, newest first',
    query: z.object({
      ...paging,
      ...range,
      actor: z.string().max(500).optional(),
      action: z.string().max(100).optional(),
      target: z.string().max(500).optional(),
      outcome: s.auditOutcome.optional(),
    }),
    response: page(s.auditRow),
  },
  verifyAudit: {
    method: 'GET',
    path: '/api/audit/verify',
    access: 'admin',
    tag: 'Who',
    summary: 'Whether a row of the audit log was edited, removed, moved or cut off',
    response: s.auditReport,
  },
  exportAudit: {
    method: 'GET',
    path: '/api/export/audit',
    access: 'admin',
    tag: 'Export',
    summary: 'The audit log with its hashes as CSV or JSON lines, oldest first, streamed',
    query: z.object({ ...range, format: z.enum(['csv', 'json']).default('csv') }),
    produces: 'text/csv',
  },

  exportSamples: {
    method: 'GET',
    path: '/api/export/samples',
    access: 'read',
    tag: 'Export',
    summary: 'Samples as CSV or JSON lines, streamed',
    query: z.object({
      match: z.string().max(2000).optional(),
      entity: entityQuery,
      ...range,
      format: z.enum(['csv', 'json']).default('csv'),
    }),
    produces: 'text/csv',
  },
  exportRecords: {
    method: 'GET',
    path: '/api/export/records/{table}',
    access: 'read',
    tag: 'Export',
    summary: 'Records as CSV or JSON lines, streamed',
    params: z.object({
      table: z.enum([
        'anomalies',
        'alerts',
        'incidents',
        'changes',
        'error_patterns',
        'predictions',
        'execution_logs',
        'model_metadata',
        'system_metrics',
        'patterns',
      ]),
    }),
    query: z.object({ ...range, format: z.enum(['csv', 'json']).default('csv') }),
    produces: 'text/csv',
  },

  backup: {
    method: 'POST',
    path: '/api/backup',
    access: 'admin',
    audit: 'backup.create',
    tag: 'Export',
    summary:
      'Everything in one file: tar, gzip, streamed; its last entry is the manifest, without which it is not whole',
    body: z.strictObject({
      withKeys: z
        .boolean()
        .default(false)
        .meta({ description: 'Also the key file: the backup alone then reads everything' }),
    }),
    produces: 'application/gzip',
  },

  remoteWrite: {
    method: 'POST',
    path: '/api/v1/write',
    access: 'ingest',
    audit: false,
    tag: 'Ingest',
    summary: 'Prometheus remote write 1.0 and 2.0',
    consumes: 'application/x-protobuf',
    status: 204,
  },
  alertmanagerAlerts: {
    method: 'POST',
    path: '/api/alerts/alertmanager',
    access: 'ingest',
    audit: false,
    tag: 'Ingest',
    summary: 'Alerts of a Prometheus Alertmanager, as its webhook sends them',
    body: s.alertmanagerAlerts,
    long: {
      list: 'alerts',
      element: s.reportedAlert,
      rest: s.alertmanagerAlerts.omit({ alerts: true }),
      most: s.MOST_REPORTED,
    },
    response: s.alertsTaken,
  },
  grafanaAlerts: {
    method: 'POST',
    path: '/api/alerts/grafana',
    access: 'ingest',
    audit: false,
    tag: 'Ingest',
    summary: 'Alerts of Grafana, as a webhook contact point sends them',
    body: s.grafanaAlerts,
    long: {
      list: 'alerts',
      element: s.reportedAlert,
      rest: s.grafanaAlerts.omit({ alerts: true }),
      most: s.MOST_REPORTED,
    },
    response: s.alertsTaken,
  },
  otlpMetrics: {
    method: 'POST',
    path: '/v1/metrics',
    access: 'ingest',
    audit: false,
    tag: 'Ingest',
    summary: 'OpenTelemetry metrics: an OTLP/HTTP request, protobuf or JSON',
    consumes: 'application/x-protobuf',
    produces: 'application/x-protobuf',
  },
  otlpLogs: {
    method: 'POST',
    path: '/v1/logs',
    access: 'ingest',
    audit: false,
    tag: 'Ingest',
    summary: 'OpenTelemetry logs: an OTLP/HTTP request, protobuf or JSON',
    consumes: 'application/x-protobuf',
    produces: 'application/x-protobuf',
  },
  ownMetrics: {
    method: 'GET',
    path: '/metrics',
    access: 'public',
    tag: 'Auspex itself',
    summary: 'Auspex’s own metrics, for Prometheus',
    produces: 'text/plain',
  },
  healthz: {
    method: 'GET',
    path: '/healthz',
    access: 'public',
    tag: 'Auspex itself',
    summary: 'The process lives',
    response: z.object({ status: z.literal('ok') }),
  },
  readyz: {
    method: 'GET',
    path: '/readyz',
    access: 'public',
    tag: 'Auspex itself',
    summary: 'Ready to take in and answer',
    response: z.object({ status: z.enum(['ok', 'starting', 'degraded']), waitingFor: z.array(z.string()) }),
  },
  openapi: {
    method: 'GET',
    path: '/openapi.json',
    access: 'public',
    tag: 'Auspex itself',
    summary: 'This description',
    response: z.record(z.string(), z.unknown()),
  },
} as const satisfies Record<string, Route>;

export type OperationId = keyof typeof routes;
type RouteOf<K extends OperationId> = (typeof routes)[K];
type Infer<T> = T extends z.ZodType ? z.output<T> : Record<string, never>;
/** What a handler is given, validated. */
export interface OperationInput<K extends OperationId> {
  readonly params: RouteOf<K> extends { params: infer P } ? Infer<P> : Record<string, never>;
  readonly query: RouteOf<K> extends { query: infer Q } ? Infer<Q> : Record<string, never>;
  readonly body: RouteOf<K> extends { body: infer B } ? Infer<B> : undefined;
}
/** What a caller gets. */
export type OperationOutput<K extends OperationId> = RouteOf<K> extends { response: infer R } ? Infer<R> : undefined;
