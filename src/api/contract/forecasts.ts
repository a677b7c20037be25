import { z } from 'zod';
import { confidence, instant, ratio, severity } from './basics.ts';
import { entityQuery, list, page, paging, type Route } from './route.ts';

/* What is foretold, and how often that held. */

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

export const forecastRoutes = {
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
    response: list(outlook),
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
    response: list(forecast),
  },
  ledger: {
    method: 'GET',
    path: '/api/ledger',
    access: 'read',
    tag: 'Models',
    summary: 'How often each model was right',
    query: z.object({ entity: entityQuery, type: z.string().max(100).optional() }),
    response: list(trackRecord),
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
    response: page(prediction),
  },
} as const satisfies Record<string, Route>;

export type ForecastView = z.infer<typeof forecast>;
export type OutlookView = z.infer<typeof outlook>;
export type TrackRecordView = z.infer<typeof trackRecord>;
export type PredictionView = z.infer<typeof prediction>;
