import { z } from 'zod';
import { anchoredRegex } from '../model/anchored-regex.ts';
import {
  parsePrometheusDuration,
  type RelabelRule,
  type ScrapeAuthorization,
  type ScrapeJob,
  type TargetGroup,
} from '../model/scrape.ts';

const LABEL_NAME = /^[a-zA-Z_][a-zA-Z0-9_]*$/;
/** A label name in which parts of the match may stand: `foo_${1}`. */
const TARGET_TEMPLATE = /^(?:(?:[a-zA-Z_]|\$(?:\{\w+\}|\w+))\w*)+$/;
const SIZE_UNITS: Readonly<Record<string, number>> = { B: 0, KB: 1, MB: 2, GB: 3, KIB: 1, MIB: 2, GIB: 3 };

const duration = z.string().transform((text, context) => {
  const ms = parsePrometheusDuration(text);
  if (ms !== undefined && ms > 0) return ms;
  context.addIssue({ code: 'custom', message: `"${text}" is not a duration above 0; write 15s or 1m30s` });
  return z.NEVER;
});

const byteSize = z.union([z.number(), z.string()]).transform((given, context) => {
  const match = /^(\d+)\s*([KMG]?I?B)?$/i.exec(String(given));
  if (match !== null) return Number(match[1]) * 1024 ** (SIZE_UNITS[(match[2] ?? 'B').toUpperCase()] ?? 0);
  context.addIssue({ code: 'custom', message: `"${given}" is not a size; write 10MB` });
  return z.NEVER;
});

const regex = z.string().superRefine((pattern, context) => {
  try {
    anchoredRegex(pattern);
  } catch (thrown) {
    const reason = thrown instanceof Error ? thrown.message : String(thrown);
    context.addIssue({ code: 'custom', message: `the regular expression is not valid: ${reason}` });
  }
});

const ACTIONS = [
  'replace',
  'keep',
  'drop',
  'keepequal',
  'dropequal',
  'hashmod',
  'labelmap',
  'labeldrop',
  'labelkeep',
  'lowercase',
  'uppercase',
] as const;

const relabelRule = z
  .strictObject({
    source_labels: z.array(z.string().min(1)).default([]),
    separator: z.string().default(';'),
    regex: regex.default('(.*)'),
    modulus: z.int().nonnegative().default(0),
    target_label: z.string().default(''),
    replacement: z.string().default('$1'),
    action: z
      .string()
      .transform((text) => text.toLowerCase())
      .pipe(z.enum(ACTIONS))
      .default('replace'),
  })
  .transform(
    (rule): RelabelRule => ({
      sourceLabels: rule.source_labels,
      separator: rule.separator,
      regex: rule.regex,
      modulus: rule.modulus,
      targetLabel: rule.target_label,
      replacement: rule.replacement,
      action: rule.action,
    }),
  )
  .superRefine((rule, context) => {
    const fault = relabelFault(rule);
    if (fault !== undefined) context.addIssue({ code: 'custom', message: fault });
  });

/** What makes a rule senseless, by Prometheus's own checks. */
function relabelFault(rule: RelabelRule): string | undefined {
  const { action, targetLabel } = rule;
  switch (action) {
    case 'replace':
      if (targetLabel === '') return 'action replace needs target_label';
      return (targetLabel.includes('$') ? TARGET_TEMPLATE : LABEL_NAME).test(targetLabel)
        ? undefined
        : `target_label "${targetLabel}" is not a label name`;
    case 'hashmod':
      if (rule.modulus === 0) return 'action hashmod needs a modulus above 0';
      break;
    case 'labelmap':
      return TARGET_TEMPLATE.test(rule.replacement)
        ? undefined
        : `replacement "${rule.replacement}" does not give a label name`;
    case 'labeldrop':
    case 'labelkeep':
      return rule.sourceLabels.length > 0 || targetLabel !== '' || rule.modulus !== 0
        ? `action ${action} takes regex only`
        : undefined;
    case 'keep':
    case 'drop':
      return undefined;
    case 'keepequal':
    case 'dropequal':
    case 'lowercase':
    case 'uppercase':
      break;
  }
  return LABEL_NAME.test(targetLabel) ? undefined : `action ${action} needs target_label to be a label name`;
}

/** Groups of targets, as in `static_configs` and in discovered files. */
export const targetGroupSchema: z.ZodType<TargetGroup> = z.strictObject({
  targets: z.array(z.string().min(1)),
  labels: z
    .record(z.string().regex(LABEL_NAME, 'is not a label name'), z.union([z.string(), z.number(), z.boolean()]))
    .default({})
    .transform((labels) => Object.fromEntries(Object.entries(labels).map(([name, value]) => [name, String(value)]))),
});

const credentials = {
  basic_auth: z
    .strictObject({
      username: z.string().default(''),
      password: z.string().optional(),
      password_file: z.string().optional(),
    })
    .optional(),
  authorization: z
    .strictObject({
      type: z.string().min(1).default('Bearer'),
      credentials: z.string().optional(),
      credentials_file: z.string().optional(),
    })
    .optional(),
  bearer_token: z.string().optional(),
  bearer_token_file: z.string().optional(),
};

const tlsConfig = z
  .strictObject({
    ca_file: z.string().optional(),
    cert_file: z.string().optional(),
    key_file: z.string().optional(),
    server_name: z.string().optional(),
    insecure_skip_verify: z.boolean().default(false),
  })
  .prefault({});

/**
 * One entry of `scrape_configs` in Prometheus's own field names, so that an existing file can be pasted in. Unknown fields
 * are refused by name: a rule that is silently not applied would be worse. Gives a `ScrapeJob`.
 */
export const scrapeJobSchema = z
  .strictObject({
    job_name: z.string().min(1),
    scrape_interval: duration.optional(),
    scrape_timeout: duration.optional(),
    metrics_path: z.string().startsWith('/').default('/metrics'),
    scheme: z.enum(['http', 'https']).default('http'),
    params: z.record(z.string(), z.array(z.string())).default({}),
    honor_labels: z.boolean().default(false),
    honor_timestamps: z.boolean().default(true),
    sample_limit: z.int().nonnegative().default(0),
    body_size_limit: byteSize.optional(),
    static_configs: z.array(targetGroupSchema).default([]),
    file_sd_configs: z
      .array(z.strictObject({ files: z.array(z.string().min(1)).min(1), refresh_interval: duration.optional() }))
      .default([]),
    relabel_configs: z.array(relabelRule).default([]),
    metric_relabel_configs: z.array(relabelRule).default([]),
    tls_config: tlsConfig,
    ...credentials,
  })
  .superRefine((job, context) => {
    const ways = [job.basic_auth, job.authorization, job.bearer_token, job.bearer_token_file];
    if (ways.filter((way) => way !== undefined).length > 1) {
      context.addIssue({
        code: 'custom',
        message: 'give at most one of basic_auth, authorization, bearer_token and bearer_token_file',
      });
    }
    const interval = job.scrape_interval ?? DEFAULT_INTERVAL_MS;
    if (job.scrape_timeout !== undefined && job.scrape_timeout > interval) {
      context.addIssue({
        code: 'custom',
        path: ['scrape_timeout'],
        message: `scrape_timeout (${job.scrape_timeout} ms) is longer than scrape_interval (${interval} ms)`,
      });
    }
  })
  .transform((job): ScrapeJob => {
    const interval = job.scrape_interval ?? DEFAULT_INTERVAL_MS;
    return {
      jobName: job.job_name,
      scrapeIntervalMs: interval,
      scrapeTimeoutMs: job.scrape_timeout ?? Math.min(DEFAULT_TIMEOUT_MS, interval),
      metricsPath: job.metrics_path,
      scheme: job.scheme,
      params: job.params,
      honorLabels: job.honor_labels,
      honorTimestamps: job.honor_timestamps,
      sampleLimit: job.sample_limit,
      bodySizeLimitBytes: job.body_size_limit || DEFAULT_BODY_BYTES,
      authorization: authorizationOf(job),
      tls: {
        caFile: job.tls_config.ca_file ?? null,
        certFile: job.tls_config.cert_file ?? null,
        keyFile: job.tls_config.key_file ?? null,
        serverName: job.tls_config.server_name ?? null,
        insecureSkipVerify: job.tls_config.insecure_skip_verify,
      },
      staticConfigs: job.static_configs,
      files: job.file_sd_configs.flatMap(({ files }) => files),
      relabelConfigs: job.relabel_configs,
      metricRelabelConfigs: job.metric_relabel_configs,
    };
  });

const DEFAULT_INTERVAL_MS = 15_000;
const DEFAULT_TIMEOUT_MS = 10_000;
const DEFAULT_BODY_BYTES = 64 * 1024 * 1024;

interface Credentials {
  readonly basic_auth?:
    | {
        readonly username: string;
        readonly password?: string | undefined;
        readonly password_file?: string | undefined;
      }
    | undefined;
  readonly authorization?:
    | {
        readonly type: string;
        readonly credentials?: string | undefined;
        readonly credentials_file?: string | undefined;
      }
    | undefined;
  readonly bearer_token?: string | undefined;
  readonly bearer_token_file?: string | undefined;
}

function authorizationOf(job: Credentials): ScrapeAuthorization {
  if (job.basic_auth !== undefined) {
    const { username, password, password_file } = job.basic_auth;
    return { type: 'basic', username, password: password ?? '', passwordFile: password_file ?? null };
  }
  const header = job.authorization;
  if (header === undefined && job.bearer_token === undefined && job.bearer_token_file === undefined) {
    return { type: 'none' };
  }
  return {
    type: 'header',
    scheme: header?.type ?? 'Bearer',
    credentials: header?.credentials ?? job.bearer_token ?? '',
    credentialsFile: header?.credentials_file ?? job.bearer_token_file ?? null,
  };
}
