import { z } from 'zod';
import { alert } from './alerts.ts';
import { anomaly } from './anomalies.ts';
import { instant } from './basics.ts';
import { change } from './changes.ts';
import { gauge } from './entities.ts';
import { prediction } from './forecasts.ts';
import { incident } from './incidents.ts';
import { modelMetadata } from './models.ts';

/* What the live socket says. */

/** A live message. `cursor` resumes after a lost connection: `/api/live?topics=…&after=<cursor>`. */
export const liveTopics = [
  'overview',
  'samples',
  'anomalies',
  'alerts',
  'incidents',
  'changes',
  'calendar',
  'predictions',
  'models',
  'status',
  'services',
] as const;

/** What each topic asks for: one without does not compile. */
export const liveTopicAccess = {
  overview: 'read',
  samples: 'read',
  anomalies: 'read',
  alerts: 'read',
  incidents: 'read',
  changes: 'read',
  calendar: 'read',
  predictions: 'read',
  models: 'read',
  status: 'read',
  services: 'read',
} as const satisfies Record<(typeof liveTopics)[number], string>;

export const liveMessage = z.discriminatedUnion('topic', [
  z.object({
    topic: z.literal('hello'),
    cursor: z.string(),
    resumed: z.boolean().meta({ description: 'false: messages between were lost, read the state anew' }),
    heartbeatSeconds: z.number(),
  }),
  z.object({ topic: z.literal('heartbeat'), cursor: z.string(), at: instant }),
  z.object({
    topic: z.literal('samples'),
    cursor: z.string(),
    entityId: z.string(),
    at: instant,
    gauges: z.array(gauge),
  }),
  z.object({
    topic: z.literal('anomalies'),
    cursor: z.string(),
    change: z.enum(['opened', 'updated', 'ended']),
    anomaly,
  }),
  z.object({ topic: z.literal('alerts'), cursor: z.string(), alert }),
  z.object({ topic: z.literal('incidents'), cursor: z.string(), incident }),
  z.object({ topic: z.literal('changes'), cursor: z.string(), change }),
  z.object({
    topic: z.literal('calendar'),
    cursor: z.string(),
    change: z.enum(['added', 'changed', 'removed', 'imported']),
    title: z.string(),
  }),
  z.object({ topic: z.literal('predictions'), cursor: z.string(), prediction }),
  z.object({ topic: z.literal('models'), cursor: z.string(), model: modelMetadata }),
  z.object({
    topic: z.literal('status'),
    cursor: z.string(),
    state: z.enum(['ok', 'degraded', 'failed']),
    sentence: z.string(),
  }),
  z.object({ topic: z.literal('overview'), cursor: z.string(), sentence: z.string() }),
  z.object({ topic: z.literal('services'), cursor: z.string(), sentence: z.string() }),
]);

export type LiveMessage = z.infer<typeof liveMessage>;
export type LiveTopic = (typeof liveTopics)[number];
