import { z } from 'zod';
import { alertSeverity, instant } from './basics.ts';
import { id, type Route } from './route.ts';

/* Rules of Prometheus's files, and objectives. */

export const fileRule = z.object({
  name: z.string(),
  kind: z.enum(['alert', 'record']),
  source: z.enum(['file', 'import']),
  group: z.string(),
  file: z.string().meta({ description: 'The file, or the name under which it was imported' }),
  line: z.int(),
  expression: z.string(),
  forSeconds: z.number(),
  summary: z.string().meta({ description: 'What people read of an alert, as it stands in the file' }),
  severity: alertSeverity
    .nullable()
    .meta({ description: 'null: it records, or asks for nobody (severity info or none)' }),
  state: z.enum(['waiting', 'ok', 'slow', 'failed']),
  message: z.string(),
  lastEvaluatedAt: instant.nullable(),
  durationMs: z.number().nullable(),
  series: z.int().meta({ description: 'Series read for it' }),
  found: z.int().meta({ description: 'Series for which it holds, or that it writes' }),
});

export const ruleProblem = z.object({
  kind: z.enum(['fault', 'note']).meta({ description: 'fault: the rule is left out; note: it runs' }),
  file: z.string(),
  line: z.int(),
  group: z.string().nullable(),
  rule: z.string().nullable(),
  message: z.string(),
});

export const rules = z.object({ items: z.array(fileRule), problems: z.array(ruleProblem) });

export const importedRules = z.object({
  name: z.string(),
  kept: z.boolean().meta({ description: 'false after a dry run' }),
  groups: z.array(
    z.object({
      name: z.string(),
      intervalSeconds: z.number(),
      rules: z.array(
        z.object({ name: z.string(), kind: z.enum(['alert', 'record']), severity: alertSeverity.nullable() }),
      ),
    }),
  ),
  problems: z.array(ruleProblem),
});

export const ruleTrial = z.strictObject({
  expression: z.string().min(1).max(20_000),
  forSeconds: z.number().min(0).max(604_800).default(0),
  days: z.number().gt(0).max(7).default(1),
});

export const ruleTrialResult = z.object({
  from: instant,
  to: instant,
  fired: z.int(),
  alerts: z
    .array(z.object({ labels: z.record(z.string(), z.string()), firedAt: instant, resolvedAt: instant.nullable() }))
    .meta({ description: 'The first 100, oldest first' }),
});

const expression = z.string().min(1).max(20_000);
const limitSeconds = z.number().gt(0).max(3600);
const indicator = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('events'), good: expression, total: expression }),
  z.strictObject({
    kind: z.literal('histogram'),
    metric: z.string().regex(/^[a-zA-Z_:][a-zA-Z0-9_:]*$/),
    match: z.string().max(2000).default(''),
    limitSeconds,
  }),
  z.strictObject({ kind: z.literal('availability') }),
  z.strictObject({ kind: z.literal('latency'), limitSeconds }),
]);

export const newObjective = z.strictObject({
  name: z.string().regex(/^[\w.-]{1,64}$/),
  service: z.string().min(1).max(200).nullable().default(null),
  indicator,
  target: z.number().gt(0).lt(1).meta({ description: 'The share of good events: 0.999' }),
  windowDays: z.union([z.literal(7), z.literal(28), z.literal(30)]).default(30),
});

export const objective = newObjective.extend({
  id: z.string(),
  service: z.string().nullable(),
  windowDays: z.number(),
  source: z.enum(['configuration', 'api']),
  createdBy: z.string(),
  entityId: z.string(),
  entityName: z.string(),
  achieved: z.number().nullable().meta({ description: 'The share of good events within the window' }),
  good: z.number(),
  total: z.number(),
  budgetLeft: z.number().nullable().meta({ description: '1: untouched, 0: spent, below: overspent' }),
  historySeconds: z.number().meta({ description: 'How much of the window there is to judge by' }),
  burns: z.array(
    z.object({
      windowSeconds: z.number(),
      rate: z.number().nullable().meta({ description: '1: the pace at which the budget just lasts' }),
    }),
  ),
  spentInSeconds: z
    .number()
    .nullable()
    .meta({ description: 'How long the budget lasts at the pace of the last hour; null: it lasts' }),
  fault: z.string().nullable().meta({ description: 'Why it was not counted the last time' }),
});

const name = z.string().regex(/^[\w.-]{1,64}$/, 'letters, digits, dots, dashes, at most 64');

export const ruleRoutes = {
  rules: {
    method: 'GET',
    path: '/api/rules',
    access: 'read',
    tag: 'Alerts',
    summary: 'Rules of files and imports: how each fares, and what is wrong with them',
    response: rules,
  },
  importRules: {
    method: 'POST',
    path: '/api/rules/import',
    access: 'admin',
    audit: 'rules.import',
    tag: 'Alerts',
    summary: 'Takes in a rule file of Prometheus; a dry run only says what it holds',
    query: z.object({ name, dryRun: z.enum(['true', 'false']).default('false') }),
    consumes: 'application/yaml',
    response: importedRules,
  },
  removeImportedRules: {
    method: 'DELETE',
    path: '/api/rules/import/{name}',
    access: 'admin',
    audit: 'rules.remove',
    tag: 'Alerts',
    summary: 'Lets go of what was imported under a name',
    params: z.object({ name }),
    status: 204,
  },
  tryRule: {
    method: 'POST',
    path: '/api/rules/try',
    access: 'read',
    audit: false,
    tag: 'Alerts',
    summary: 'When a rule would have fired within the last days',
    body: ruleTrial,
    response: ruleTrialResult,
  },
  objectives: {
    method: 'GET',
    path: '/api/objectives',
    access: 'read',
    tag: 'Alerts',
    summary: 'What services owe their users, and how much of the error budget is left',
    response: z.object({ items: z.array(objective) }),
  },
  addObjective: {
    method: 'POST',
    path: '/api/objectives',
    access: 'operate',
    audit: 'objective.add',
    tag: 'Alerts',
    summary: 'Make an objective',
    body: newObjective,
    response: objective,
    status: 201,
    idempotent: true,
  },
  changeObjective: {
    method: 'PUT',
    path: '/api/objectives/{id}',
    access: 'operate',
    audit: 'objective.change',
    tag: 'Alerts',
    summary: 'Change an objective',
    params: id,
    body: newObjective,
    response: objective,
  },
  removeObjective: {
    method: 'DELETE',
    path: '/api/objectives/{id}',
    access: 'operate',
    audit: 'objective.remove',
    tag: 'Alerts',
    summary: 'Take an objective away',
    params: id,
    status: 204,
  },
} as const satisfies Record<string, Route>;
export type FileRuleView = z.infer<typeof fileRule>;
export type RuleProblemView = z.infer<typeof ruleProblem>;
export type ObjectiveItem = z.infer<typeof objective>;
