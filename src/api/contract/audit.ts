import { z } from 'zod';
import { instant } from './basics.ts';
import { page, paging, range, type Route } from './route.ts';

/* Who did what. */

export const auditOutcome = z.enum(['begun', 'done', 'failed', 'refused']);

export const auditRow = z.object({
  seq: z.int().meta({ description: 'The row’s number in the chain, from 1' }),
  at: instant,
  actor: z.object({
    kind: z.enum(['user', 'token', 'process', 'nobody']),
    name: z.string(),
    source: z.string().nullable().meta({ description: 'The address that it came from' }),
  }),
  action: z.string(),
  target: z.string(),
  outcome: auditOutcome.meta({
    description: 'begun: was let through, and was done unless a later `failed` row names this one in its detail',
  }),
  detail: z.unknown(),
  hash: z.string(),
});

export const auditReport = z.object({
  isSound: z.boolean(),
  sentence: z.string(),
  rows: z.int().meta({ description: 'Rows that were walked: all, or those before the first that is wrong' }),
  firstAt: instant.nullable(),
  lastAt: instant.nullable(),
  head: z
    .object({ seq: z.int(), hash: z.string() })
    .nullable()
    .meta({ description: 'Noted elsewhere, it proves later that nothing before was changed' }),
  fault: z
    .object({
      kind: z.enum(['edited', 'removed', 'reordered', 'cut', 'unknown key']),
      seq: z.int(),
      detail: z.string(),
    })
    .nullable(),
});

export const auditRoutes = {
  audit: {
    method: 'GET',
    path: '/api/audit',
    access: 'admin',
    tag: 'Who',
    summary: 'What was done, newest first',
    query: z.object({
      ...paging,
      ...range,
      actor: z.string().max(500).optional(),
      action: z.string().max(100).optional(),
      target: z.string().max(500).optional(),
      outcome: auditOutcome.optional(),
    }),
    response: page(auditRow),
  },
  verifyAudit: {
    method: 'GET',
    path: '/api/audit/verify',
    access: 'admin',
    tag: 'Who',
    summary: 'Whether a row of the audit log was edited, removed, moved or cut off',
    response: auditReport,
  },
  exportAudit: {
    method: 'GET',
    path: '/api/export/audit',
    access: 'admin',
    tag: 'Export',
    summary: 'The audit log with its hashes as CSV or JSON lines, oldest first, streamed',
    query: z.object({ ...range, format: z.enum(['csv', 'json']).default('csv') }),
    produces: 'text/csv',
  },
} as const satisfies Record<string, Route>;

export type AuditRowView = z.infer<typeof auditRow>;
export type AuditReportView = z.infer<typeof auditReport>;
