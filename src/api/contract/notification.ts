import { z } from 'zod';
import { incidentClasses } from '../../model/incident.ts';
import { alertSeverity, instant, severity } from './basics.ts';
import { id, list, page, paging, type Route } from './route.ts';

/* Who is told of what: receivers, routes, escalations, what waits, and what people said of what they were told. */

const alertKind = z.enum(['threshold', 'anomaly', 'absence', 'external', 'rule', 'objective', 'forecast']);
const weekHours = z.object({
  days: z.array(z.enum(['sun', 'mon', 'tue', 'wed', 'thu', 'fri', 'sat'])),
  from: z.string().meta({ description: 'Civil time, `22:00`' }),
  to: z.string().meta({ description: 'The next day where it is not later' }),
});
const escalationStep = z.object({ afterSeconds: z.number(), to: z.array(z.string()) });

export const channel = z.object({
  name: z.string(),
  kind: z.enum(['webhook', 'email', 'slack', 'teams', 'pagerduty', 'alertmanager']),
  target: z.string(),
  minSeverity: alertSeverity,
  changes: z.boolean().meta({
    description:
      'Whether a message there is changed when the incident gets worse; elsewhere a second one would stand beside it',
  }),
  delivered: z.int(),
  waiting: z.int(),
  givenUp: z.int(),
  lastError: z.string().nullable(),
  failingSinceAt: instant.nullable().meta({ description: 'Since when it takes nothing, as far as this process knows' }),
  waitingSinceAt: instant.nullable().meta({ description: 'When the oldest message that waits was written' }),
  lastDeliveredAt: instant.nullable(),
});

const notifyPlan = z.object({
  receivers: z.array(
    z.object({ name: z.string(), to: z.array(z.string()), quiet: z.array(weekHours), timeZone: z.string() }),
  ),
  routes: z.array(
    z.object({
      name: z.string(),
      severity: z.array(alertSeverity),
      class: z.array(z.enum(incidentClasses)),
      kind: z.array(alertKind),
      service: z.array(z.string()),
      entity: z.array(z.string()),
      match: z.array(z.string()),
      hours: z.array(weekHours),
      timeZone: z.string(),
      to: z.array(z.string()),
      continue: z.boolean(),
      escalation: z.string().nullable(),
    }),
  ),
  escalations: z.array(z.object({ name: z.string(), steps: z.array(escalationStep), repeat: z.int() })),
});

export const routeQuestion = z.strictObject({
  incident: z
    .string()
    .min(1)
    .max(200)
    .optional()
    .meta({ description: 'An incident’s id; what is said beside it counts instead' }),
  severity: alertSeverity.optional().meta({ description: 'high unless told' }),
  class: z.enum(incidentClasses).optional(),
  kind: alertKind.optional(),
  service: z.string().min(1).max(200).optional(),
  entity: z.string().min(1).max(200).optional().meta({ description: 'A host’s or service’s id or name' }),
  labels: z.record(z.string().min(1).max(200), z.string().max(4096)).optional(),
  at: instant.optional().meta({ description: 'When; now unless told' }),
});
const routeAnswer = z.object({
  at: instant,
  severity: alertSeverity,
  targets: z.array(
    z.object({
      channel: z.string(),
      receiver: z.string(),
      route: z.string().nullable().meta({ description: 'Null where no route holds: then every channel is told' }),
      quietUntilAt: instant.nullable().meta({ description: 'Quiet hours keep it back until then' }),
    }),
  ),
  looked: z.array(z.object({ route: z.string(), holds: z.boolean(), reason: z.string() })),
  left: z.array(z.object({ channel: z.string(), reason: z.string() })),
  escalation: z.string().nullable(),
  steps: z.array(escalationStep).meta({ description: 'Who would be told next while nobody takes it' }),
});

export const notification = z.object({
  id: z.string(),
  kind: z.enum(['firing', 'resolved', 'test', 'escalated']),
  incidentId: z.string().nullable(),
  channel: z.string(),
  receiver: z.string().nullable(),
  title: z.string(),
  severity,
  createdAt: instant,
  state: z.enum(['waiting', 'delivered', 'given-up']),
  tries: z.int(),
  nextTryAt: instant,
  keptUntilAt: instant
    .nullable()
    .meta({ description: 'When the receiver’s quiet hours end; null where they keep nothing back' }),
  lastError: z.string().nullable(),
  deliveredAt: instant.nullable(),
});

const detectorPrecision = z.object({
  source: z.string().meta({ description: 'The detector, or the rule' }),
  confirmed: z.number().meta({ description: 'An acknowledgement counts half' }),
  dismissed: z.number(),
  value: z.number().min(0).max(1).meta({ description: 'How likely what it finds is trouble' }),
  lower: z.number().meta({ description: 'The 80 % interval' }),
  upper: z.number(),
  sentence: z.string(),
});

export const incidentPriority = z.object({
  value: z.int().min(0).max(100),
  probability: z.number(),
  lower: z.number(),
  upper: z.number(),
  confirmed: z.number(),
  dismissed: z.number(),
  toldAs: z.enum(['critical', 'high', 'medium', 'nobody']),
  reason: z.string(),
  counterfactual: z.string().nullable(),
});

export const notificationRoutes = {
  notifyPlan: {
    method: 'GET',
    path: '/api/notify',
    access: 'read',
    tag: 'Alerts',
    summary: 'Receivers, routes and escalations in force',
    response: notifyPlan,
  },
  notifyRoute: {
    method: 'POST',
    path: '/api/notify/route',
    access: 'read',
    audit: false,
    tag: 'Alerts',
    summary: 'Whom an incident would reach, and why; nothing is sent',
    body: routeQuestion,
    response: routeAnswer,
  },
  notifications: {
    method: 'GET',
    path: '/api/notifications',
    access: 'read',
    tag: 'Alerts',
    summary: 'The outbox: messages that wait, arrived or were given up, newest first',
    query: z.object({
      ...paging,
      state: z.enum(['waiting', 'delivered', 'given-up']).optional(),
      channel: z.string().max(200).optional(),
      incident: z.string().max(200).optional(),
    }),
    response: page(notification),
  },
  detectorPrecision: {
    method: 'GET',
    path: '/api/detectors/precision',
    access: 'read',
    tag: 'Models',
    summary: 'How often what each detector or rule found was trouble, by what people said',
    response: list(detectorPrecision),
  },
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
} as const satisfies Record<string, Route>;
