import { z } from 'zod';
import { instant, labels } from './basics.ts';
import { list, type Route } from './route.ts';

/* Auspex itself: how it does, what it watches, its settings. */

export const component = z.object({
  name: z.string(),
  kind: z.enum(['collector', 'store', 'detector', 'model', 'notifier', 'thread', 'api', 'agent']),
  state: z.enum(['ok', 'degraded', 'failed', 'stopped', 'learning']),
  since: instant,
  message: z.string(),
  remedy: z.string().nullable(),
});

export const status = z.object({
  state: z.enum(['ok', 'degraded', 'failed']),
  sentence: z.string(),
  version: z.string(),
  demonstration: z.boolean().meta({ description: 'What is shown was recorded: see auspex demo' }),
  startedAt: instant,
  home: z.string(),
  components: z.array(component),
  process: z.object({
    residentBytes: z.number(),
    cpuRatio: z.number(),
    loopDelayP99Ms: z.number(),
    heapBytes: z.number(),
  }),
  budget: z.object({ residentBytes: z.number(), cpuRatio: z.number(), diskBytes: z.number() }),
  store: z.object({
    seriesCount: z.int(),
    points: z.number(),
    bytes: z.number(),
    quotaBytes: z.number(),
    bytesPerPoint: z.number().nullable(),
    oldestAt: instant.nullable(),
    newestAt: instant.nullable(),
    accepting: z.boolean(),
  }),
  ingest: z.object({ samplesPerSecond: z.number(), waiting: z.int(), scoreLagMs: z.number(), refused: z.int() }),
});

export const scrapeTarget = z.object({
  job: z.string(),
  url: z.string(),
  labels,
  up: z.boolean(),
  lastScrapeAt: instant.nullable(),
  lastDurationMs: z.number().nullable(),
  samples: z.int(),
  error: z.string().nullable(),
});

export const agent = z.object({
  id: z.string(),
  name: z.string(),
  entityId: z.string(),
  version: z.string(),
  enrolledAt: instant,
  lastSeenAt: instant,
  state: z.enum(['reporting', 'silent']),
});

export const enrolment = z.strictObject({
  machineId: z.string().min(1).max(128),
  hostname: z.string().min(1).max(255),
  version: z.string().max(50),
  timeZone: z.string().max(100),
  attributes: z.record(z.string().max(100), z.string().max(500)).default({}),
});

export const enrolled = z.object({
  agentId: z.string(),
  entityId: z.string(),
  instance: z.string(),
  intervalSeconds: z.number(),
});

export const setting = z.object({
  key: z.string(),
  value: z.unknown(),
  source: z.enum(['default', 'file', 'environment', 'flag']),
  description: z.string(),
  reloadable: z.boolean(),
});

export const ownRoutes = {
  status: {
    method: 'GET',
    path: '/api/status',
    access: 'read',
    tag: 'Auspex itself',
    summary: 'Auspex’s own health',
    response: status,
  },
  targets: {
    method: 'GET',
    path: '/api/targets',
    access: 'read',
    tag: 'Auspex itself',
    summary: 'Scraped targets',
    response: list(scrapeTarget),
  },
  agents: {
    method: 'GET',
    path: '/api/agents',
    access: 'read',
    tag: 'Auspex itself',
    summary: 'Agents that report here',
    response: list(agent),
  },
  enrolAgent: {
    method: 'POST',
    path: '/api/agents',
    access: 'ingest',
    audit: false,
    tag: 'Auspex itself',
    summary: 'An agent introduces its host',
    body: enrolment,
    response: enrolled,
  },
  settings: {
    method: 'GET',
    path: '/api/settings',
    access: 'read',
    tag: 'Auspex itself',
    summary: 'The configuration in force and where each value comes from',
    response: list(setting),
  },
  reloadSettings: {
    method: 'POST',
    path: '/api/settings/reload',
    access: 'admin',
    audit: 'settings.reload',
    tag: 'Auspex itself',
    summary: 'Read the configuration file again',
    response: z.object({ changed: z.array(z.string()), needRestart: z.array(z.string()) }),
  },
  ownMetrics: {
    method: 'GET',
    path: '/metrics',
    access: 'public',
    tag: 'Auspex itself',
    summary: 'Auspex’s own metrics, for Prometheus',
    produces: 'text/plain',
  },
  healthz: {
    method: 'GET',
    path: '/healthz',
    access: 'public',
    tag: 'Auspex itself',
    summary: 'The process lives',
    response: z.object({ status: z.literal('ok') }),
  },
  readyz: {
    method: 'GET',
    path: '/readyz',
    access: 'public',
    tag: 'Auspex itself',
    summary: 'Ready to take in and answer',
    response: z.object({ status: z.enum(['ok', 'starting', 'degraded']), waitingFor: z.array(z.string()) }),
  },
  openapi: {
    method: 'GET',
    path: '/openapi.json',
    access: 'public',
    tag: 'Auspex itself',
    summary: 'This description',
    response: z.record(z.string(), z.unknown()),
  },
} as const satisfies Record<string, Route>;

export type StatusView = z.infer<typeof status>;
