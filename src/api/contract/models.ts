import { z } from 'zod';
import { instant } from './basics.ts';
import { entityQuery, list, type Route } from './route.ts';

/* What was learnt. */

export const modelMetadata = z.object({
  name: z.string(),
  entityId: z.string(),
  entityName: z.string(),
  version: z.int(),
  algorithm: z.string(),
  status: z.enum(['serving', 'previous', 'damaged']),
  trainedAt: instant,
  trainedFromAt: instant,
  trainedToAt: instant,
  sampleCount: z.int(),
  featureNames: z.array(z.string()),
  sizeBytes: z.int(),
  checksum: z.string(),
  metrics: z.record(z.string(), z.number()),
  trainingMs: z.number(),
  fault: z.string().nullable(),
});

export const modelSummary = modelMetadata.extend({
  health: z.enum(['good', 'learning', 'drifting', 'damaged']),
  healthReason: z.string(),
  nextTrainingAt: instant.nullable(),
});

export const trainResult = z.object({
  name: z.string(),
  entityId: z.string(),
  trained: z.boolean(),
  reason: z.string(),
  model: modelMetadata.nullable(),
});

export const modelAnswers = z.object({
  name: z.string(),
  entityId: z.string().nullable().meta({ description: 'Null of a model elsewhere' }),
  version: z.int().nullable(),
  algorithm: z.string(),
  meaning: z.string().meta({ description: 'What the value is' }),
  items: z.array(
    z.object({
      value: z.number(),
      lower: z.number().nullable(),
      upper: z.number().nullable(),
      isUnusual: z.boolean().nullable(),
    }),
  ),
});

export const modelRoutes = {
  models: {
    method: 'GET',
    path: '/api/models',
    access: 'read',
    tag: 'Models',
    summary: 'Models that serve',
    response: list(modelSummary),
  },
  model: {
    method: 'GET',
    path: '/api/models/{name}',
    access: 'read',
    tag: 'Models',
    summary: 'All versions of a model',
    params: z.object({ name: z.string().min(1).max(200) }),
    query: z.object({ entity: entityQuery }),
    response: list(modelMetadata),
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
    response: list(trainResult),
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
    response: modelMetadata,
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
    response: modelAnswers,
  },
} as const satisfies Record<string, Route>;

export type ModelSummary = z.infer<typeof modelSummary>;
