import { z } from 'zod';
import { alert } from './alerts.ts';
import { anomaly } from './anomalies.ts';
import { instant } from './basics.ts';
import { entity, gauge } from './entities.ts';
import { outlook } from './forecasts.ts';
import { range, type Route } from './route.ts';

/* All of it in one answer. */

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

export const overviewRoutes = {
  overview: {
    method: 'GET',
    path: '/api/overview',
    access: 'read',
    tag: 'Now',
    summary: 'What is going on, in one answer',
    response: overview,
  },
  analytics: {
    method: 'GET',
    path: '/api/analytics',
    access: 'read',
    tag: 'Models',
    summary: 'Counts and rates over a range',
    query: z.object({ ...range }),
    response: analytics,
  },
} as const satisfies Record<string, Route>;

export type Overview = z.infer<typeof overview>;
