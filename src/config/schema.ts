import { z } from 'zod';
import { calendarKinds } from '../model/calendar.ts';
import { objectiveSchema } from './objective-schema.ts';
import { escalationSchema, receiverSchema, routeSchema } from './notify-schema.ts';
import { scrapeJobSchema } from './scrape-schema.ts';
import { selector, shard } from './source-schema.ts';
import { basePath, duration, httpUrl, listen, matchers, range, size, timeZone } from './values.ts';

/** What the reference, the environment and the settings page know of a key beside its schema. */
export interface KeyMeta {
  readonly description: string;
  /** What is written there, in words: `duration`, `size`, `list of names`. */
  readonly type: string;
  /** Takes effect on reload; otherwise at the next start. */
  readonly live?: true;
  /** Never shown. */
  readonly secret?: true;
  /** An environment variable beside AUSPEX_<KEY>. */
  readonly env?: string;
  /** The flag that sets it, without dashes. */
  readonly flag?: string;
}

export const keys = z.registry<KeyMeta>();

function key<T extends z.ZodType>(schema: T, type: string, description: string, more: Partial<KeyMeta> = {}): T {
  keys.add(schema, { description, type, ...more });
  return schema;
}

const live = { live: true } as const;
const secret = { secret: true } as const;
const optionalText = () => z.string().min(1).nullable().prefault(null);
const optionalFile = (what: string) =>
  key(optionalText(), 'path', `File that holds ${what}; read at start and reload.`);
const claimValues = (role: string) =>
  key(
    z.array(z.string().min(1)).prefault([]),
    'list of values',
    `Who of them is ${role}: values of \`roleClaim\`, or \`*\` for everybody.`,
  );
const severity = () => z.enum(['medium', 'high', 'critical']);
const name = () => z.string().regex(/^[\w.-]{1,64}$/, 'a name of letters, digits, dots, dashes, at most 64 characters');

const channelBase = {
  name: key(name(), 'name', 'What the channel is called.'),
  minSeverity: key(severity().prefault('medium'), 'medium, high or critical', 'Less severe alerts are not sent here.'),
  timeout: key(duration('1s', '60s').prefault('10s'), 'duration', 'How long one try may take.'),
};

const webhookChannel = z.strictObject({
  kind: key(z.literal('webhook'), 'webhook', 'JSON over HTTP POST.'),
  ...channelBase,
  url: key(httpUrl(), 'address', 'Where to post.', secret),
  secret: key(optionalText(), 'text', 'Key of the HMAC-SHA256 signature.', secret),
  secretFile: optionalFile('the secret'),
});

const emailChannel = z.strictObject({
  kind: key(z.literal('email'), 'email', 'E-mail over SMTP.'),
  ...channelBase,
  host: key(z.string().min(1), 'name or address', 'The mail server.'),
  port: key(z.int().min(1).max(65_535).prefault(587), 'number', 'Its port.'),
  tls: key(
    z.enum(['starttls', 'implicit', 'none']).prefault('starttls'),
    'starttls, implicit or none',
    'Encryption; starttls refuses to go on without it.',
  ),
  user: key(optionalText(), 'text', 'Sign-in name.'),
  password: key(optionalText(), 'text', 'Password.', secret),
  passwordFile: optionalFile('the password'),
  from: key(z.string().min(3), 'address', 'Sender.'),
  to: key(z.array(z.string().min(3)).min(1).max(50), 'list of addresses', 'Receivers.'),
});

/** Has to be given, here or by its file; which is looked at once files are read. Empty until then. */
const hereOrInFile = <T extends z.ZodType<string>>(schema: T) =>
  schema
    .nullable()
    .prefault(null as never)
    .transform((value) => value ?? '');
const webhookAddress = (what: string) => ({
  url: key(hereOrInFile(httpUrl()), 'address', what, secret),
  urlFile: optionalFile('the address'),
});

const slackChannel = z.strictObject({
  kind: key(z.literal('slack'), 'slack', 'An incoming webhook of Slack.'),
  ...channelBase,
  ...webhookAddress('The webhook’s address; who has it can post.'),
});

const teamsChannel = z.strictObject({
  kind: key(z.literal('teams'), 'teams', 'A webhook of a Microsoft Teams workflow.'),
  ...channelBase,
  ...webhookAddress('The workflow’s address; who has it can post.'),
});

const pagerdutyChannel = z.strictObject({
  kind: key(z.literal('pagerduty'), 'pagerduty', 'PagerDuty’s Events API v2.'),
  ...channelBase,
  url: key(
    httpUrl().prefault('https://events.pagerduty.com/v2/enqueue'),
    'address',
    'Where events go; `https://events.eu.pagerduty.com/v2/enqueue` in the EU.',
  ),
  routingKey: key(hereOrInFile(z.string().min(1)), 'text', 'The integration key of the service.', secret),
  routingKeyFile: optionalFile('the integration key'),
});

const alertmanagerChannel = z.strictObject({
  kind: key(z.literal('alertmanager'), 'alertmanager', 'A Prometheus Alertmanager, API v2.'),
  ...channelBase,
  url: key(httpUrl(), 'address', 'Where it answers, with its path prefix: `http://alertmanager:9093`.'),
  user: key(optionalText(), 'text', 'Name for HTTP basic authentication.'),
  password: key(optionalText(), 'text', 'Its password.', secret),
  passwordFile: optionalFile('the password'),
  token: key(optionalText(), 'text', 'Bearer token.', secret),
  tokenFile: optionalFile('the token'),
});

const userRule = z
  .strictObject({
    name: key(name(), 'name', 'What the rule is called.'),
    metric: key(z.string().min(1).max(300), 'metric name', 'The metric it looks at, each matching series by itself.'),
    match: key(matchers(), 'list of conditions', 'Labels that must match: `job=web`, `instance=~web-.*`.'),
    rate: key(z.boolean().prefault(false), 'true or false', 'Look at the growth a second; for counters.'),
    op: key(z.enum(['>', '<']), '> or <', 'Which side of the limit is bad.'),
    limit: key(z.number(), 'number', 'Fires beyond this.'),
    clear: key(z.number().nullable().prefault(null), 'number', 'Clears only beyond this; the limit unless told.'),
    for: key(duration('0s', '7d').prefault('5m'), 'duration', 'How long it must last.'),
    hold: key(duration('0s', '7d').prefault('5m'), 'duration', 'How long it must be gone.'),
    keepFiringFor: key(
      duration('0s', '7d').prefault('0s'),
      'duration',
      'How long it goes on firing after it was last seen to hold.',
    ),
    noData: key(
      z.enum(['end', 'alert']).prefault('end'),
      'end or alert',
      'What one that fires becomes when its values stay away: over, in words that say so, or an alert that there are none.',
    ),
    noDataFor: key(duration('5m', '30d').prefault('24h'), 'duration', 'How long they must stay away for that.'),
    severity: key(severity().prefault('high'), 'medium, high or critical', 'How bad it is.'),
    summary: key(optionalText(), 'text', 'The alert’s first sentence.'),
    action: key(optionalText(), 'text', 'What a person should do.'),
  })
  .refine((rule) => rule.clear === null || (rule.op === '>' ? rule.clear <= rule.limit : rule.clear >= rule.limit), {
    path: ['clear'],
    message: 'a value on the good side of the limit',
  });

const forecastRule = z.strictObject({
  name: key(name(), 'name', 'What the rule is called.'),
  component: key(z.string().min(1).max(200), 'figure', 'The figure as `auspex forecast` names it: `memory used`.'),
  op: key(z.enum(['>', '<']).prefault('>'), '> or <', 'Which side of the limit is bad.'),
  limit: key(z.number(), 'number', 'What it must not cross; shares from 0 to 1.'),
  within: key(duration('15m', '30d').prefault('1d'), 'duration', 'How far ahead is looked.'),
  for: key(duration('0s', '7d').prefault('30m'), 'duration', 'How long the forecast must say so.'),
  hold: key(duration('0s', '7d').prefault('1h'), 'duration', 'How long it must no longer say so.'),
  severity: key(severity().prefault('medium'), 'medium, high or critical', 'How bad it is.'),
  action: key(optionalText(), 'text', 'What a person should do.'),
});

const anomalyRule = z.strictObject({
  name: key(name(), 'name', 'What the rule is called.'),
  metric: key(z.string().min(1).max(300), 'metric name', 'The metric it looks at, each matching series by itself.'),
  match: key(matchers(), 'list of conditions', 'Labels that must match: `job=web`, `instance=~web-.*`.'),
  side: key(
    z.enum(['high', 'low', 'both']).prefault('both'),
    'high, low or both',
    'On which side of the usual it matters.',
  ),
  for: key(duration('0s', '7d').prefault('1m'), 'duration', 'How long it must be unusual.'),
  hold: key(duration('0s', '7d').prefault('10m'), 'duration', 'How long it must be as usual again.'),
  severity: key(severity().prefault('medium'), 'medium, high or critical', 'How bad it is.'),
  action: key(optionalText(), 'text', 'What a person should do.'),
});

const externalModel = z.strictObject({
  name: key(
    name().refine((text) => text !== 'performance' && text !== 'host-anomaly', 'a name that no model of Auspex has'),
    'name',
    'What it is asked by.',
  ),
  url: key(httpUrl(), 'address', 'Where `{"instances": […]}` is answered by `{"predictions": […]}`.', secret),
  token: key(optionalText(), 'text', 'Sent to it as a bearer token.', secret),
  tokenFile: optionalFile('the token'),
  timeout: key(duration('100ms', '60s').prefault('5s'), 'duration', 'How long one answer may take.'),
});

const prometheusSource = z
  .strictObject({
    name: key(name(), 'name', 'What the source is called.'),
    url: key(httpUrl(), 'address', 'The server, with the path below which `/api/v1/query` lies.'),
    select: key(
      z.array(selector()).min(1).max(50).prefault(['{__name__!=""}']),
      'list of selectors',
      'Which series; all unless given.',
    ),
    interval: key(duration('1s', '5m').prefault('15s'), 'duration', 'How often it is read.'),
    shard: key(
      shard().prefault(null),
      'n/m',
      'Only the n-th of m parts of what is watched, so that several processes share one server.',
    ),
    backfill: key(duration('0s', '90d').prefault('0s'), 'duration', 'How much of the past is read at the first start.'),
    fill: key(duration('0s', '7d').prefault('2h'), 'duration', 'How much of an outage is read afterwards.'),
    timeout: key(duration('1s', '5m').prefault('30s'), 'duration', 'How long one answer may take.'),
    tenant: key(optionalText(), 'text', 'Sent as `X-Scope-OrgID`, for a server of several tenants.'),
    token: key(optionalText(), 'text', 'Sent as a bearer token.', secret),
    tokenFile: optionalFile('the token'),
    user: key(optionalText(), 'text', 'User name for basic authentication.'),
    password: key(optionalText(), 'text', 'Its password.', secret),
    passwordFile: optionalFile('the password'),
    ca: key(optionalText(), 'text', 'Certificate authority, PEM; the system’s unless given.'),
    caFile: optionalFile('the certificate authority'),
    cert: key(optionalText(), 'text', 'Certificate of ours, PEM.'),
    certFile: optionalFile('the certificate'),
    privateKey: key(optionalText(), 'text', 'The certificate’s key, PEM.', secret),
    privateKeyFile: optionalFile('the key'),
    serverName: key(optionalText(), 'name', 'The name that its certificate has, where it is not that of the address.'),
    insecure: key(z.boolean().prefault(false), 'true or false', 'Take any certificate.'),
  })
  .refine((source) => source.user === null || (source.token === null && source.tokenFile === null), {
    path: ['user'],
    message: 'either a token or a user, not both',
  });

const logSource = z.strictObject({
  files: key(
    z.array(z.string().min(1)).min(1).max(50),
    'list of paths',
    'Where they are, `*` and `**` allowed: `/var/log/nginx/*error.log`.',
  ),
  service: key(z.string().min(1).max(200), 'name', 'Whose they are: as the `job` of its metrics, where it has any.'),
  instance: key(
    optionalText(),
    'name',
    'Which instance of it: as the `instance` of its metrics; this machine’s name unless set.',
  ),
});

const calendarFile = z.strictObject({
  path: key(z.string().min(1), 'path', 'An .ics file, from where this file lies.'),
  kind: key(
    z.enum(calendarKinds),
    'maintenance, holiday, freeze, silence or quiet-hours',
    'What its events are, where their CATEGORIES name none of these.',
  ),
});

const section = <T extends z.core.$ZodLooseShape>(shape: T) => z.strictObject(shape).prefault({} as never);

/** Every key of the configuration. What is not here is refused by name. */
export const configSchema = z.strictObject({
  home: key(
    optionalText(),
    'path',
    'Folder for everything Auspex keeps. Default: `$XDG_STATE_HOME/auspex`, else `~/.local/state/auspex`; as root `/var/lib/auspex`.',
    { flag: 'home' },
  ),
  server: section({
    listen: key(listen().prefault('127.0.0.1:4700'), 'address:port', 'Where the page and the API answer.', {
      env: 'AUSPEX_LISTEN',
      flag: 'listen',
    }),
    basePath: key(basePath().prefault('/'), 'path', 'The path below which a proxy serves Auspex.'),
    hosts: key(
      z.array(z.string().min(1)).prefault([]),
      'list of names',
      'Host names under which the page may be opened, beside localhost and addresses.',
      live,
    ),
    trustedProxies: key(
      z.array(range()).prefault([]),
      'list of ranges',
      'Proxies on other machines whose `X-Forwarded-For` or `Forwarded` is believed; one on this machine always is.',
    ),
    tls: section({
      cert: key(optionalText(), 'path', 'Certificate with its chain, PEM.'),
      key: key(optionalText(), 'path', 'The certificate’s key, PEM.'),
    }),
    oidc: section({
      issuer: key(
        httpUrl().nullable().prefault(null),
        'address',
        'Sign-in by a provider of OpenID Connect: the address that it calls itself by.',
      ),
      name: key(z.string().min(1).max(50).prefault('your organisation'), 'text', 'What the sign-in page calls it.'),
      clientId: key(optionalText(), 'text', 'The name under which Auspex is known to the provider.'),
      clientSecret: key(optionalText(), 'text', 'Its secret; none for a public client.', secret),
      clientSecretFile: optionalFile('the client’s secret'),
      scopes: key(
        z.array(z.string().min(1)).prefault(['profile', 'email']),
        'list of scopes',
        'What is asked for beside `openid`.',
      ),
      nameClaim: key(z.string().min(1).prefault('preferred_username'), 'text', 'The claim that holds the user’s name.'),
      roleClaim: key(z.string().min(1).prefault('groups'), 'text', 'The claim whose values give the role.'),
      roles: section({
        viewer: claimValues('viewer'),
        operator: claimValues('operator'),
        approver: claimValues('approver'),
        admin: claimValues('admin'),
      }),
    }),
  }),
  collect: section({
    host: key(z.boolean().prefault(true), 'true or false', 'Watch the machine that Auspex runs on.'),
    interval: key(duration('1s', '5m').prefault('10s'), 'duration', 'How often the host is read.', {
      env: 'AUSPEX_INTERVAL',
      flag: 'interval',
    }),
    changes: section({
      watch: key(
        z.boolean().prefault(true),
        'true or false',
        'See what is changed on this machine: packages, and configuration of nginx, HAProxy and systemd.',
      ),
      files: key(
        z.array(z.string().regex(/^\//, 'a path that begins with /')).max(100).prefault([]),
        'list of paths',
        'Configuration files beside those, also as globs (`/etc/shop/*.yaml`): that they were edited is told, never what they hold.',
      ),
    }),
  }),
  scrape: section({
    jobs: key(
      z.array(scrapeJobSchema).max(1000).prefault([]),
      'list of jobs',
      'Prometheus targets to scrape, in the words of Prometheus’s own `scrape_configs`.',
      live,
    ),
  }),
  sources: section({
    prometheus: key(
      z.array(prometheusSource).max(20).prefault([]),
      'list of servers',
      'Prometheus-compatible servers that are read: what they have is watched as if it were scraped.',
    ),
    logs: key(
      z.array(logSource).max(200).prefault([]),
      'list of files',
      'Log files that are read as they grow: records are counted by severity, errors are kept by kind.',
    ),
  }),
  retention: section({
    raw: key(duration('1h', '3650d').prefault('15d'), 'duration', 'How long every sample is kept.', live),
    fiveMinute: key(duration('1d', '3650d').prefault('90d'), 'duration', 'How long 5-minute values are kept.', live),
    hour: key(duration('1d', '7300d').prefault('395d'), 'duration', 'How long 1-hour values are kept.', live),
    records: key(
      duration('1d', '7300d').prefault('90d'),
      'duration',
      'How long findings, alerts, predictions and executions are kept.',
      live,
    ),
  }),
  store: section({
    quota: key(size('16MB').prefault('2GB'), 'size', 'What samples may take on the disk; the oldest go first.', live),
    minFree: key(
      size('1MB').prefault('100MB'),
      'size',
      'Taking in stops while the disk has less free (on a small disk: less than 5 % of it); reading and alerting go on.',
      live,
    ),
    fsync: key(
      z.boolean().prefault(true),
      'true or false',
      'Samples are acknowledged once they are on the disk. False: once the operating system has them; a power cut then loses what was acknowledged in the last seconds, a killed process still nothing.',
    ),
  }),
  records: section({
    postgres: key(
      optionalText(),
      'address',
      'PostgreSQL for records, `postgres://…`; SQLite in the home folder unless set.',
      secret,
    ),
    postgresFile: optionalFile('the PostgreSQL address'),
  }),
  limits: section({
    bodyBytes: key(size('1KB').prefault('16MB'), 'size', 'Largest request body, as sent.'),
    decompressedBytes: key(size('1KB').prefault('32MB'), 'size', 'Largest request body, unpacked.'),
    series: key(
      z.int().min(100).max(10_000_000).prefault(100_000),
      'number',
      'Most series; existing ones go on beyond it.',
    ),
    connectionsPerSource: key(
      z.int().min(10).max(100_000).prefault(500),
      'number',
      'Most connections at once from one address; behind a proxy all come from it.',
    ),
    labels: key(z.int().min(1).max(1000).prefault(64), 'number', 'Most labels of one series.', live),
    labelNameBytes: key(size('16').prefault(512), 'size', 'Longest label name.', live),
    labelValueBytes: key(size('16').prefault(4096), 'size', 'Longest label value.', live),
    future: key(duration('0s', '1d').prefault('10m'), 'duration', 'How far ahead of the clock a sample may lie.', live),
  }),
  alerts: section({
    starter: key(
      z.record(z.string(), z.boolean()).prefault({}),
      'rule: true or false',
      'Switches rules of the starter set off by name (docs/internals/alerts.md lists them).',
      live,
    ),
    rules: key(z.array(userRule).max(1000).prefault([]), 'list of rules', 'Rules of your own.', live),
    forecasts: key(
      z.array(forecastRule).max(200).prefault([]),
      'list of rules',
      'Rules on what a host’s figure will do.',
      live,
    ),
    anomalies: key(
      z.array(anomalyRule).max(200).prefault([]),
      'list of rules',
      'Metrics of which you want to be told when they are not as usual.',
      live,
    ),
    ruleFiles: key(
      z.array(z.string().min(1)).max(100).prefault([]),
      'list of paths',
      'Rule files of Prometheus, `*` allowed; from where this file lies. Read at start and reload.',
      live,
    ),
  }),
  calendar: section({
    files: key(
      z.array(calendarFile).max(20).prefault([]),
      'list of files',
      'Calendars that are kept elsewhere; read at start and reload.',
      live,
    ),
  }),
  services: section({
    business: key(
      z
        .record(z.string().min(1).max(100), z.array(z.string().regex(/^[a-zA-Z_:][a-zA-Z0-9_:]*$/)).max(20))
        .prefault({}),
      'service: list of metrics',
      'Metrics that tell how the business of a service goes, orders a minute say: part of its health ([guide](../guides/services.md#business-metrics)).',
    ),
  }),
  objectives: key(
    z.array(objectiveSchema).max(200).prefault([]),
    'list of objectives',
    'What services owe their users, beside those made on the page.',
    live,
  ),
  notify: section({
    channels: key(
      z
        .array(
          z.discriminatedUnion('kind', [
            webhookChannel,
            emailChannel,
            slackChannel,
            teamsChannel,
            pagerdutyChannel,
            alertmanagerChannel,
          ]),
        )
        .max(20)
        .prefault([]),
      'list of channels',
      'Where messages go.',
      live,
    ),
    receivers: key(
      z.array(receiverSchema).max(100).prefault([]),
      'list of receivers',
      'People and channels under one name, with quiet hours. Each channel is a receiver by its own name without it.',
      live,
    ),
    routes: key(
      z.array(routeSchema).max(200).prefault([]),
      'list of routes',
      'Whom an incident reaches, the first that holds; every channel unless set, and where none holds.',
      live,
    ),
    escalations: key(
      z.array(escalationSchema).max(50).prefault([]),
      'list of escalations',
      'Who is told next while nobody takes an incident; a route names one.',
      live,
    ),
    outbox: key(
      z.int().min(100).max(1_000_000).prefault(10_000),
      'number',
      'Most messages that wait for one channel. Beyond it the least severe, of these the oldest, are dropped, counted and named.',
      live,
    ),
    group: key(
      duration('0s', '10m').prefault('0s'),
      'duration',
      'A message waits so long for others that go out with it. What belongs to one incident is one message without it.',
      live,
    ),
    maxAge: key(duration('1m', '7d').prefault('24h'), 'duration', 'How long an undelivered message is tried.', live),
    pageUrl: key(
      httpUrl().nullable().prefault(null),
      'address',
      'Where people open the page; links in messages lead there. No links unless set.',
      live,
    ),
    heartbeat: section({
      url: key(
        httpUrl().nullable().prefault(null),
        'address',
        'Called as long as Auspex is well, for a dead-man’s switch elsewhere.',
        { live: true, secret: true },
      ),
      interval: key(duration('5s', '1d').prefault('60s'), 'duration', 'How often it is called.', live),
      method: key(z.enum(['GET', 'POST']).prefault('GET'), 'GET or POST', 'How it is called.', live),
    }),
  }),
  models: section({
    external: key(
      z.array(externalModel).max(50).prefault([]),
      'list of models',
      'Models elsewhere that are asked as `auspex models predict NAME` asks those of Auspex.',
      live,
    ),
  }),
  outbound: section({
    allow: key(
      z.array(range()).prefault([]),
      'list of ranges',
      'Private ranges that may be called also where the address does not stand in this file. Link-local and metadata addresses never are.',
    ),
  }),
  workers: key(z.int().min(1).max(64).prefault(1), 'number', 'Threads that learn and detect.', { flag: 'workers' }),
  log: section({
    level: key(
      z.enum(['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent']).prefault('info'),
      'level',
      'What is written to the log: trace, debug, info, warn, error, fatal or silent.',
      { live: true, flag: 'logLevel' },
    ),
  }),
  timeZone: key(
    timeZone().nullable().prefault(null),
    'zone',
    'Civil time of this machine for daily and weekly seasons; the system’s unless set.',
  ),
});

type Parsed = z.output<typeof configSchema>;
/** The configuration as the program uses it: durations in ms, sizes in bytes. */
export type Config = Omit<Parsed, 'home'> & { readonly home: string };
