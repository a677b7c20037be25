import { z } from 'zod';
import type { Route } from './route.ts';

/* What other systems send. */

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

export const ingestRoutes = {
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
    body: alertmanagerAlerts,
    long: {
      list: 'alerts',
      element: reportedAlert,
      rest: alertmanagerAlerts.omit({ alerts: true }),
      most: MOST_REPORTED,
    },
    response: alertsTaken,
  },
  grafanaAlerts: {
    method: 'POST',
    path: '/api/alerts/grafana',
    access: 'ingest',
    audit: false,
    tag: 'Ingest',
    summary: 'Alerts of Grafana, as a webhook contact point sends them',
    body: grafanaAlerts,
    long: {
      list: 'alerts',
      element: reportedAlert,
      rest: grafanaAlerts.omit({ alerts: true }),
      most: MOST_REPORTED,
    },
    response: alertsTaken,
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
} as const satisfies Record<string, Route>;
