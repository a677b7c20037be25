import { z } from 'zod';
import { confidence, contribution, instant, ratio } from './basics.ts';
import { id, list, type Route } from './route.ts';

/* Hosts, targets and services as they are now. */

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

export const entityRoutes = {
  entities: {
    method: 'GET',
    path: '/api/entities',
    access: 'read',
    tag: 'Now',
    summary: 'Everything watched',
    response: list(entity),
  },
  entity: {
    method: 'GET',
    path: '/api/entities/{id}',
    access: 'read',
    tag: 'Now',
    summary: 'One host or service as it is now',
    params: id,
    response: entityDetail,
  },
  performance: {
    method: 'GET',
    path: '/api/entities/{id}/performance',
    access: 'read',
    tag: 'Now',
    summary: 'Performance score: the health expected in 15 minutes',
    params: id,
    response: performance,
  },
  patterns: {
    method: 'GET',
    path: '/api/entities/{id}/patterns',
    access: 'read',
    tag: 'Now',
    summary: 'Patterns of an entity’s main metrics',
    params: id,
    query: z.object({ days: z.coerce.number().min(0.01).max(90).default(7) }),
    response: list(pattern),
  },
} as const satisfies Record<string, Route>;

export type EntityView = z.infer<typeof entity>;
export type EntityDetail = z.infer<typeof entityDetail>;
export type GaugeView = z.infer<typeof gauge>;
export type PatternView = z.infer<typeof pattern>;
export type PerformanceView = z.infer<typeof performance>;
