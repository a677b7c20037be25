import { useSyncExternalStore } from 'react';
import type { GaugeView, LiveMessage, OperationOutput } from '../../src/api/contract/index.ts';
import { severityRank } from '../../src/api/contract/incident-words.ts';
import { apiUrl, openIncidents, queries } from './api.ts';
import { withName } from './format.ts';

/* One socket for the page. It resumes from its cursor after a loss, and says in what state it is. Nothing runs while
   nothing arrives: messages are gathered and put into the cache at most four times a second. */

export interface Connection {
  readonly state: 'connecting' | 'live' | 'reconnecting';
  readonly since: number;
}

let connection: Connection = { state: 'connecting', since: Date.now() };
let socket: WebSocket | null = null;
let cursor: string | null = null;
let attempt = 0;
let lastMessageAt = 0;
let watchdog: number | undefined;
let retry: number | undefined;
const listeners = new Set<() => void>();
const announcements = new Set<(text: string) => void>();

function set(state: Connection['state']): void {
  if (connection.state === state) return;
  connection = { state, since: Date.now() };
  for (const listener of listeners) listener();
}

function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

export function useConnection(): Connection {
  return useSyncExternalStore(subscribe, () => connection);
}

/** Text for screen readers when something arrives that needs a person. */
export function onAnnouncement(listener: (text: string) => void): () => void {
  announcements.add(listener);
  return () => announcements.delete(listener);
}

export function startLive(): void {
  if (socket !== null) return;
  connect();
  addEventListener('online', reconnectNow);
  document.addEventListener('visibilitychange', () => {
    if (!document.hidden) reconnectNow();
  });
}

function reconnectNow(): void {
  if (socket !== null || retry === undefined) return;
  clearTimeout(retry);
  connect();
}

function connect(): void {
  retry = undefined;
  const url = apiUrl('/api/live', {
    topics: 'overview,samples,anomalies,alerts,incidents,changes,services,calendar,predictions,models,status',
    after: cursor ?? undefined,
  });
  url.protocol = url.protocol === 'https:' ? 'wss:' : 'ws:';
  const opened = new WebSocket(url);
  socket = opened;
  opened.onmessage = (event: MessageEvent<string>) => {
    lastMessageAt = Date.now();
    receive(JSON.parse(event.data) as LiveMessage);
  };
  opened.onclose = () => lost(opened);
}

function lost(closed: WebSocket): void {
  if (socket !== closed) return;
  socket = null;
  clearInterval(watchdog);
  set('reconnecting');
  // Half of the wait is drawn by lot, so that a fleet of pages does not come back in one moment.
  const wait = Math.min(15_000, 500 * 2 ** attempt++) * (0.5 + Math.random() / 2);
  retry = window.setTimeout(connect, wait);
}

function receive(message: LiveMessage): void {
  if (message.topic === 'hello') {
    const first = cursor === null;
    cursor = message.cursor;
    attempt = 0;
    set('live');
    if (!first && !message.resumed) void queries.invalidateQueries();
    watch(message.heartbeatSeconds);
    return;
  }
  cursor = message.cursor;
  if (message.topic === 'heartbeat') return;
  waiting.push(message);
  flushTimer ??= window.setTimeout(flush, 250);
}

/** A connection that says nothing for two and a half heartbeats is dead, though TCP may not know yet. */
function watch(heartbeatSeconds: number): void {
  clearInterval(watchdog);
  const limit = heartbeatSeconds * 2500;
  watchdog = window.setInterval(() => {
    if (Date.now() - lastMessageAt <= limit) return;
    const silent = socket;
    if (silent === null) return;
    lost(silent);
    silent.close();
  }, heartbeatSeconds * 1000);
}

type Payload = Exclude<LiveMessage, { topic: 'hello' | 'heartbeat' }>;
const waiting: Payload[] = [];
let flushTimer: number | undefined;

type Overview = OperationOutput<'overview'>;
type Entity = OperationOutput<'entity'>;

function flush(): void {
  flushTimer = undefined;
  const batch = waiting.splice(0);
  const samples = new Map<string, Extract<Payload, { topic: 'samples' }>>();
  const stale = new Set<string>();
  for (const message of batch) {
    switch (message.topic) {
      case 'samples':
        samples.set(message.entityId, message);
        remember(message.entityId, message.gauges);
        break;
      case 'anomalies':
        stale.add('anomalies').add('anomaly').add('entity').add('overview');
        applyAnomaly(message);
        break;
      case 'alerts':
        stale.add('overview').add('alerts').add('outlook');
        break;
      case 'incidents':
        stale.add('incidents').add('incident').add('alerts');
        announceIncident(message.incident);
        break;
      case 'changes':
        stale.add('changes').add('chart');
        break;
      case 'calendar':
        stale.add('calendar').add('silences').add('overview');
        break;
      case 'predictions':
        stale.add('ledger').add('predictions').add('performance').add('overview').add('outlook');
        break;
      case 'models':
        stale.add('models').add('model');
        break;
      case 'status':
        stale.add('status');
        patchOverview((o) => ({ ...o, status: message.state }));
        break;
      case 'overview':
        patchOverview((o) => ({ ...o, sentence: message.sentence }));
        break;
      case 'services':
        stale.add('services').add('service').add('serviceGraph');
        break;
    }
  }
  if (samples.size > 0) applySamples(samples);
  for (const key of stale) void queries.invalidateQueries({ queryKey: [key] });
}

/** Of an incident is spoken once: when it opens, not when one that stands on the page already changes. */
const spokenOf = new Set<string>();

function announceIncident(incident: Extract<Payload, { topic: 'incidents' }>['incident']): void {
  const known = queries.getQueryData<OperationOutput<'incidents'>>(['incidents', {}, openIncidents.query]);
  if (known === undefined || incident.state !== 'open' || spokenOf.has(incident.id)) return;
  spokenOf.add(incident.id);
  if (known.items.some(({ id }) => id === incident.id)) return;
  for (const announce of announcements) announce(`Incident, ${incident.severity}: ${incident.title}`);
}

function patchOverview(change: (overview: Overview) => Overview): void {
  queries.setQueriesData<Overview>({ queryKey: ['overview'] }, (old) => (old === undefined ? old : change(old)));
}

function applyAnomaly({ change, anomaly }: Extract<Payload, { topic: 'anomalies' }>): void {
  patchOverview((overview) => {
    const others = overview.anomalies.filter((a) => a.id !== anomaly.id);
    if (change === 'ended' || anomaly.status === 'ended') return { ...overview, anomalies: others };
    const anomalies = [...others, anomaly].sort(
      (a, b) => severityRank[b.severity] - severityRank[a.severity] || b.onsetAt.localeCompare(a.onsetAt),
    );
    return { ...overview, anomalies };
  });
  if (change === 'opened') {
    for (const announce of announcements)
      announce(`${anomaly.severity}: ${withName(anomaly.entityName, anomaly.summary)}`);
  }
}

function applySamples(samples: ReadonlyMap<string, { readonly at: string; readonly gauges: GaugeView[] }>): void {
  patchOverview((overview) => ({
    ...overview,
    hosts: overview.hosts.map((host) => {
      const fresh = samples.get(host.id);
      return fresh === undefined ? host : { ...host, lastSeenAt: fresh.at, gauges: fresh.gauges };
    }),
  }));
  for (const [entityId, fresh] of samples) {
    queries.setQueriesData<Entity>({ queryKey: ['entity', { id: entityId }] }, (old) =>
      old === undefined ? old : { ...old, lastSeenAt: fresh.at, gauges: fresh.gauges },
    );
  }
  for (const listener of sampleListeners) listener(samples);
}

const sampleListeners = new Set<(samples: ReadonlyMap<string, unknown>) => void>();
/** Told which entities have new samples, at most four times a second. */
export function onSamples(listener: (samples: ReadonlyMap<string, unknown>) => void): () => void {
  sampleListeners.add(listener);
  return () => sampleListeners.delete(listener);
}

/* The last hour of each gauge as it came in live, behind the history that the sparkline reads once. */
const recent = new Map<string, { at: number; value: number | null }[]>();

function remember(entityId: string, gauges: readonly GaugeView[]): void {
  for (const gauge of gauges) {
    if (gauge.at === null) continue;
    const key = `${entityId}/${gauge.name}`;
    const points = recent.get(key) ?? [];
    if (points.length === 0) recent.set(key, points);
    points.push({ at: Date.parse(gauge.at), value: gauge.value });
    if (points.length > 400) points.splice(0, points.length - 360);
  }
}

export function recentPoints(entityId: string, gauge: string): readonly { at: number; value: number | null }[] {
  return recent.get(`${entityId}/${gauge}`) ?? [];
}
