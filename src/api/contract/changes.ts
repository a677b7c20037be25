import { z } from 'zod';
import { changeKinds } from '../../model/change.ts';
import { instant } from './basics.ts';
import type { Route } from './route.ts';

/* What was changed, and how one says so. */

const versionText = () => z.string().min(1).max(200).nullable().default(null);

export const change = z.object({
  id: z.string(),
  at: instant,
  kind: z.enum(changeKinds),
  entityId: z.string().nullable(),
  entityName: z.string().nullable(),
  service: z.string().nullable(),
  what: z.string(),
  from: z.string().nullable(),
  to: z.string().nullable(),
  by: z.string().nullable(),
  source: z.string().meta({ description: 'Who says so: api, or how Auspex saw it itself' }),
  url: z.string().nullable(),
  text: z.string().meta({ description: 'In words, without where' }),
});

export const newChange = z.strictObject({
  id: z.string().min(1).max(128).optional().meta({ description: 'The same id is kept once' }),
  at: instant.optional().meta({ description: 'When it took effect; now unless given' }),
  kind: z.enum(changeKinds).default('deployment'),
  entity: z.string().min(1).max(200).nullable().default(null).meta({ description: 'A host’s or target’s id or name' }),
  service: z.string().min(1).max(200).nullable().default(null),
  what: z.string().min(1).max(500).optional().meta({ description: 'What was changed; the service unless given' }),
  from: versionText(),
  to: versionText(),
  by: z.string().min(1).max(200).nullable().default(null),
  source: z.string().min(1).max(50).default('api').meta({ description: 'Who says so' }),
  url: z
    .url({ protocol: /^https?$/ })
    .max(2000)
    .nullable()
    .default(null),
});

export const changeRoutes = {
  recordChanges: {
    method: 'POST',
    path: '/api/changes',
    access: 'ingest',
    audit: false,
    tag: 'Changes',
    summary: 'Tell of one or many changes: deployments, edits, flags; what is told twice is kept once',
    body: z.union([newChange, z.array(newChange).min(1).max(1000)]),
    response: z.object({ recorded: z.int(), known: z.int(), ids: z.array(z.string()) }),
    status: 201,
    idempotent: true,
  },
  changes: {
    method: 'GET',
    path: '/api/changes',
    access: 'read',
    tag: 'Changes',
    summary: 'What was changed, newest first',
    query: z.object({
      limit: z.coerce.number().int().min(1).max(500).default(50),
      cursor: z.string().max(500).optional(),
      entity: z.string().max(200).optional().meta({ description: 'An entity’s id or name' }),
      service: z.string().max(200).optional(),
      kind: z.enum(changeKinds).optional(),
      from: instant.optional(),
      to: instant.optional(),
    }),
    response: z.object({ items: z.array(change), nextCursor: z.string().nullable() }),
  },
} as const satisfies Record<string, Route>;

export type ChangeView = z.infer<typeof change>;
