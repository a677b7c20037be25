import { z } from 'zod';
import { changeKinds } from '../../model/change.ts';
import * as s from './schemas.ts';

/** What was changed, and how one says so. */
export const changeRoutes = {
  recordChanges: {
    method: 'POST',
    path: '/api/changes',
    access: 'ingest',
    audit: false,
    tag: 'Changes',
    summary: 'Tell of one or many changes: deployments, edits, flags; what is told twice is kept once',
    body: z.union([s.newChange, z.array(s.newChange).min(1).max(1000)]),
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
      from: s.instant.optional(),
      to: s.instant.optional(),
    }),
    response: z.object({ items: z.array(s.change), nextCursor: z.string().nullable() }),
  },
} as const;
