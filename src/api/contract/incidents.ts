import { z } from 'zod';
import { incidentClasses } from '../../model/incident.ts';
import { incidentPriority, notification } from './notification.ts';
import { alertSeverity, instant, resource } from './basics.ts';
import { entityQuery, id, list, page, paging, range, type Route } from './route.ts';

/* Incidents, and what people do with them. */

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

export const incidentRoutes = {
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
      class: incidentClass.optional(),
      severity: z.enum(['medium', 'high', 'critical']).optional(),
      entity: entityQuery,
    }),
    response: page(incident),
  },
  incident: {
    method: 'GET',
    path: '/api/incidents/{id}',
    access: 'read',
    tag: 'Incidents',
    summary: 'An incident with its signs, its likely causes and everything that was decided about it',
    params: id,
    response: incidentDetail,
  },
  changeIncident: {
    method: 'POST',
    path: '/api/incidents/{id}',
    access: 'operate',
    audit: 'incident.change',
    tag: 'Incidents',
    summary: 'Acknowledge, assign, judge, override, merge or split an incident',
    params: id,
    body: incidentChange,
    response: incidentDetail,
  },
  similarIncidents: {
    method: 'GET',
    path: '/api/incidents/{id}/similar',
    access: 'read',
    tag: 'Incidents',
    summary: 'Incidents of before that are like this one, with what people noted and how they ended',
    params: id,
    response: list(similarIncident),
  },
} as const satisfies Record<string, Route>;

export type Incident = z.infer<typeof incident>;
export type IncidentDetail = z.infer<typeof incidentDetail>;
export type IncidentChange = z.infer<typeof incidentChange>;
