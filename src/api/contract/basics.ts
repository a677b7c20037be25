import { z } from 'zod';
import { resources } from '../../model/finding.ts';

/* What several parts of the contract speak of. Times are ISO 8601 UTC under names that end in At; columns for charts are ms UTC. */

export const instant = z.iso.datetime({ offset: true }).meta({ description: 'ISO 8601, UTC' });

export const ratio = z.number().min(0).max(1);

export const severity = z.enum(['none', 'medium', 'high', 'critical']);
/** An alert or an incident has one. */
export const alertSeverity = z.enum(['medium', 'high', 'critical']);

export const resource = z.enum(resources);

export const verdict = z.enum(['none', 'confirmed', 'normal', 'dismissed']);

export const labels = z.record(z.string(), z.string());

export const confidence = z.object({
  value: ratio,
  band: z.enum(['low', 'medium', 'high', 'very high']),
  source: z
    .enum(['prior', 'measured'])
    .meta({ description: 'prior: an opening assumption, nothing scored yet; measured: the ledger’s frequency' }),
  sampleCount: z.int().min(0),
});

export const problem = z.object({
  type: z.string(),
  title: z.string(),
  status: z.int(),
  code: z.string(),
  detail: z.string(),
  remedy: z.string(),
  instance: z.string().optional(),
  data: z.record(z.string(), z.union([z.string(), z.number(), z.boolean()])).optional(),
});

export const contribution = z.object({
  feature: z.string(),
  labels,
  value: z.number().nullable(),
  expected: z.number().nullable(),
  lower: z.number().nullable(),
  upper: z.number().nullable(),
  unit: z.string(),
  share: ratio,
});

export type Problem = z.infer<typeof problem>;
