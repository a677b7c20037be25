import { z } from 'zod';
import { entityQuery, range, type Route } from './route.ts';

/* All that is kept, to take away. */

export const exportRoutes = {
  exportSamples: {
    method: 'GET',
    path: '/api/export/samples',
    access: 'read',
    tag: 'Export',
    summary: 'Samples as CSV or JSON lines, streamed',
    query: z.object({
      match: z.string().max(2000).optional(),
      entity: entityQuery,
      ...range,
      format: z.enum(['csv', 'json']).default('csv'),
    }),
    produces: 'text/csv',
  },
  exportRecords: {
    method: 'GET',
    path: '/api/export/records/{table}',
    access: 'read',
    tag: 'Export',
    summary: 'Records as CSV or JSON lines, streamed',
    params: z.object({
      table: z.enum([
        'anomalies',
        'alerts',
        'incidents',
        'changes',
        'error_patterns',
        'predictions',
        'execution_logs',
        'model_metadata',
        'system_metrics',
        'patterns',
      ]),
    }),
    query: z.object({ ...range, format: z.enum(['csv', 'json']).default('csv') }),
    produces: 'text/csv',
  },
  backup: {
    method: 'POST',
    path: '/api/backup',
    access: 'admin',
    audit: 'backup.create',
    tag: 'Export',
    summary:
      'Everything in one file: tar, gzip, streamed; its last entry is the manifest, without which it is not whole',
    body: z.strictObject({
      withKeys: z
        .boolean()
        .default(false)
        .meta({ description: 'Also the key file: the backup alone then reads everything' }),
    }),
    produces: 'application/gzip',
  },
} as const satisfies Record<string, Route>;
