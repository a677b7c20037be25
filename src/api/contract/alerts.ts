import { z } from 'zod';
import { instant, resource } from './basics.ts';
import { entityQuery, id, list, page, paging, type Route } from './route.ts';

/* Alerts, their rules, and silences. */

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

export const alertRoutes = {
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
    response: page(alert),
  },
  alert: {
    method: 'GET',
    path: '/api/alerts/{id}',
    access: 'read',
    tag: 'Alerts',
    summary: 'One alert',
    params: id,
    response: alertDetail,
  },
  alertRules: {
    method: 'GET',
    path: '/api/alert-rules',
    access: 'read',
    tag: 'Alerts',
    summary: 'The rules in force',
    response: list(alertRule),
  },
  silences: {
    method: 'GET',
    path: '/api/silences',
    access: 'read',
    tag: 'Alerts',
    summary: 'Silences in force or to come',
    response: list(silence),
  },
  addSilence: {
    method: 'POST',
    path: '/api/silences',
    access: 'operate',
    audit: 'silence.add',
    tag: 'Alerts',
    summary: 'Tell nobody about something for a while',
    body: newSilence,
    response: silence,
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
} as const satisfies Record<string, Route>;

export type AlertView = z.infer<typeof alert>;
