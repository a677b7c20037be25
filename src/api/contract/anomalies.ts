import { z } from 'zod';
import { confidence, contribution, instant, ratio, resource, severity, verdict } from './basics.ts';
import { entityQuery, id, page, paging, range, type Route } from './route.ts';

/* What is unusual, and what people say of it. */

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

export const anomalyRoutes = {
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
      severity: severity.optional(),
      detector: z.enum(['metric', 'entity', 'threshold', 'absence']).optional(),
    }),
    response: page(anomaly),
  },
  anomaly: {
    method: 'GET',
    path: '/api/anomalies/{id}',
    access: 'read',
    tag: 'Anomalies',
    summary: 'One finding with its evidence',
    params: id,
    response: anomalyDetail,
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
    response: anomaly,
  },
} as const satisfies Record<string, Route>;

export type Anomaly = z.infer<typeof anomaly>;
export type AnomalyDetail = z.infer<typeof anomalyDetail>;
