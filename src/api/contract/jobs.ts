import { z } from 'zod';
import { ERROR_CLASSES } from '../../model/error-event.ts';
import { confidence, instant } from './basics.ts';
import { entityQuery, page, paging, range, type Route } from './route.ts';

/* Runs of jobs, and errors. */

export const execution = z.object({
  id: z.string(),
  job: z.string(),
  command: z.string(),
  userId: z.string(),
  host: z.string(),
  startedAt: instant,
  durationMs: z.number(),
  exitCode: z.int(),
  success: z.boolean(),
  errorMessage: z.string().nullable(),
  context: z.record(z.string(), z.union([z.string(), z.number(), z.boolean()])),
});

export const errorClass = z.enum(ERROR_CLASSES);

export const errorPattern = z.object({
  fingerprint: z.string(),
  class: errorClass,
  type: z.string(),
  message: z.string().meta({ description: 'With values replaced by their kinds, secrets by [removed]' }),
  topFrame: z.string().nullable(),
  component: z.string().nullable(),
  entityId: z.string().meta({ description: 'Where it was met last' }),
  entityName: z.string(),
  firstSeenAt: instant,
  lastSeenAt: instant,
  count: z.int().min(1),
  solution: z.string().nullable(),
  successes: z.int().min(0),
  failures: z.int().min(0),
  confidence: confidence.meta({ description: 'That the solution helps' }),
});

export const newExecution = z.strictObject({
  id: z.string().min(1).max(128).optional(),
  job: z.string().min(1).max(200),
  command: z.string().max(10_000).default(''),
  userId: z.string().max(200).default('unknown'),
  host: z.string().max(255).default(''),
  startedAt: instant,
  durationMs: z.number().min(0).max(1e12),
  exitCode: z.int().min(-1).max(255).default(0),
  success: z.boolean().optional(),
  errorMessage: z.string().max(10_000).nullable().default(null),
  context: z.record(z.string().max(100), z.union([z.string().max(2000), z.number(), z.boolean()])).default({}),
});

export const jobRoutes = {
  recordExecution: {
    method: 'POST',
    path: '/ai/learning/record-execution',
    access: 'ingest',
    audit: false,
    tag: 'Jobs',
    summary: 'Record one or many runs of jobs',
    body: z.union([newExecution, z.array(newExecution).min(1).max(1000)]),
    response: z.object({ recorded: z.int(), known: z.int(), ids: z.array(z.string()) }),
    status: 201,
    idempotent: true,
  },
  executions: {
    method: 'GET',
    path: '/api/executions',
    access: 'read',
    tag: 'Jobs',
    summary: 'Recorded runs, newest first',
    query: z.object({ ...paging, job: z.string().max(200).optional() }),
    response: page(execution),
  },
  errors: {
    method: 'GET',
    path: '/api/errors',
    access: 'read',
    tag: 'Errors and fixes',
    summary: 'Kinds of errors, the one met last first',
    query: z.object({
      ...paging,
      ...range,
      entity: entityQuery,
      class: errorClass.optional(),
    }),
    response: page(errorPattern),
  },
} as const satisfies Record<string, Route>;
