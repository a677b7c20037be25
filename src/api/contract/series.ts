import { z } from 'zod';
import { instant, labels, severity } from './basics.ts';
import { entityQuery, list, range, type Route } from './route.ts';

/* Figures: which there are, and what they were. */

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

export const seriesRoutes = {
  metrics: {
    method: 'GET',
    path: '/api/metrics',
    access: 'read',
    tag: 'Explore',
    summary: 'Metric names of an entity',
    query: z.object({ entity: entityQuery, search: z.string().max(200).optional() }),
    response: list(metricInfo),
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
    response: list(series),
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
    response: chart,
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
    response: chartBand,
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
    response: seriesScores,
  },
  cardinality: {
    method: 'GET',
    path: '/api/cardinality',
    access: 'read',
    tag: 'Explore',
    summary: 'What makes how many series',
    response: cardinality,
  },
} as const satisfies Record<string, Route>;

export type Chart = z.infer<typeof chart>;
