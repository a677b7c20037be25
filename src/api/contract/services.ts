import { z } from 'zod';
import { instant } from './basics.ts';
import { incident } from './incidents.ts';
import type { Route } from './route.ts';

const name = z
  .string()
  .trim()
  .min(1)
  .max(100)
  .refine((text) => !/\p{Cc}/u.test(text), 'no control characters');
const metric = z
  .string()
  .regex(/^[a-zA-Z_:][a-zA-Z0-9_:]*$/)
  .max(200);
const seconds = (least: number, most: number, usual: number) => z.number().min(least).max(most).default(usual);
const how = z.string().trim().min(1).max(1000).nullable().default(null);
const score = z.number().min(0).max(100).nullable().meta({ description: '0 to 100; null: nothing is known' });
const HOST_AND_PORT = /^(\[[\da-fA-F:.]+\]|[^:/\s]+):\d{1,5}$/;
const origin = z.enum(['declared', 'connection', 'label', 'person']);

export const serviceRegistration = z.strictObject({
  name,
  check: z
    .strictObject({
      kind: z.enum(['http', 'tcp']),
      target: z.string().min(1).max(2000).meta({ description: 'An http(s) address, or host:port' }),
      intervalSeconds: seconds(5, 3600, 30),
      timeoutSeconds: seconds(0.1, 60, 5),
    })
    .superRefine(({ kind, target }, context) => {
      const url = URL.parse(target);
      const isHttp = url !== null && /^https?:$/.test(url.protocol) && url.username === '' && url.password === '';
      if (kind === 'http' ? isHttp : HOST_AND_PORT.test(target)) return;
      const wanted =
        kind === 'http' ? 'an http or https address without a password' : 'a host and port: db.example:5432';
      context.addIssue({ code: 'custom', path: ['target'], message: `write ${wanted}` });
    })
    .nullable()
    .default(null),
  dependencies: z.array(name).max(100).default([]).meta({ description: 'Names of services that it calls' }),
  business: z.array(metric).max(20).default([]).meta({ description: 'Its metrics that tell how the business goes' }),
  start: how,
  stop: how,
  scale: how,
});

export const serviceChange = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('rename'), name }),
  z.strictObject({ kind: z.literal('merge'), into: z.string().min(1).max(200) }),
  z.strictObject({ kind: z.literal('split'), keys: z.array(z.string().max(400)).min(1).max(200), name }),
  z.strictObject({ kind: z.literal('business'), metrics: z.array(metric).max(20) }),
]);

export const dependencyChange = z.strictObject({
  kind: z.enum(['add', 'remove']),
  from: z.string().min(1).max(200),
  to: z.string().min(1).max(200),
});

export const service = z.object({
  id: z.string(),
  name: z.string(),
  score,
  sentence: z.string().meta({ description: 'What drags it down' }),
  instances: z.int(),
  calls: z.int(),
  calledBy: z.int(),
  openIncidents: z.int(),
  openFindings: z.int(),
  firingAlerts: z.int(),
  isRegistered: z.boolean(),
  firstSeenAt: instant,
  lastSeenAt: instant,
});

const neighbour = z.object({
  id: z.string(),
  name: z.string(),
  score,
  origins: z.array(origin),
  lastSeenAt: instant.nullable(),
});

export const serviceDetail = service.extend({
  dimensions: z.array(z.object({ name: z.string(), score: z.number(), weight: z.number(), reason: z.string() })),
  missing: z.array(z.string()).meta({ description: 'What is not known of it, and why' }),
  keys: z.array(z.string()).meta({ description: 'What was found as this service' }),
  members: z.array(
    z.object({ entityId: z.string(), name: z.string(), part: z.string(), endpoint: z.string().nullable() }),
  ),
  callees: z.array(neighbour),
  callers: z.array(neighbour),
  incidents: z.array(incident),
  business: z.array(z.string()),
  healthSeries: z.string().meta({ description: 'The selector of its health over time' }),
  check: z
    .object({ kind: z.enum(['http', 'tcp', 'callback']), target: z.string().nullable(), intervalSeconds: z.number() })
    .nullable(),
  start: z.string().nullable(),
  stop: z.string().nullable(),
  scale: z.string().nullable(),
});

export const removedService = z.object({
  id: z.string(),
  name: z.string(),
  sentence: z.string().meta({ description: 'What is gone, what stays, and what brings it back' }),
});

export const services = z.object({
  sentence: z.string(),
  fleet: z.object({ score, sentence: z.string() }),
  items: z.array(service).meta({ description: 'Worst first' }),
});

export const serviceGraph = z.object({
  services: z.array(z.object({ id: z.string(), name: z.string(), score, sentence: z.string() })),
  dependencies: z.array(
    z.object({ from: z.string(), to: z.string(), origins: z.array(origin), lastSeenAt: instant.nullable() }),
  ),
});

const id = z.object({ id: z.string().min(1).max(200).meta({ description: 'A service’s id or name' }) });

export const serviceRoutes = {
  services: {
    method: 'GET',
    path: '/api/services',
    access: 'read',
    tag: 'Services',
    summary: 'Services with their health, worst first',
    response: services,
  },
  registerService: {
    method: 'POST',
    path: '/api/services',
    access: 'ingest',
    audit: 'service.register',
    idempotent: true,
    tag: 'Services',
    summary: 'Register a service, or change what it says of itself; the same again changes nothing',
    body: serviceRegistration,
    response: serviceDetail,
  },
  serviceGraph: {
    method: 'GET',
    path: '/api/services/graph',
    access: 'read',
    tag: 'Services',
    summary: 'Who calls whom',
    response: serviceGraph,
  },
  changeDependency: {
    method: 'POST',
    path: '/api/services/dependencies',
    access: 'operate',
    audit: 'service.dependency',
    tag: 'Services',
    summary: 'Add a dependency, or remove one for good',
    body: dependencyChange,
    response: serviceGraph,
  },
  service: {
    method: 'GET',
    path: '/api/services/{id}',
    access: 'read',
    tag: 'Services',
    summary: 'One service: its health, instances, callers, callees and open incidents',
    params: id,
    response: serviceDetail,
  },
  changeService: {
    method: 'POST',
    path: '/api/services/{id}',
    access: 'operate',
    audit: 'service.change',
    tag: 'Services',
    summary: 'Rename, merge or split a service, or name its business metrics',
    params: id,
    body: serviceChange,
    response: serviceDetail,
  },
  removeService: {
    method: 'DELETE',
    path: '/api/services/{id}',
    access: 'operate',
    audit: 'service.remove',
    tag: 'Services',
    summary: 'Remove a service until it is seen or registered again; its history stays',
    params: id,
    response: removedService,
  },
} as const satisfies Record<string, Route>;

export type ServiceView = z.infer<typeof service>;
export type ServiceDetail = z.infer<typeof serviceDetail>;
export type ServiceGraphView = z.infer<typeof serviceGraph>;
export type ServiceChangeBody = z.input<typeof serviceChange>;
