import type { SeenConnection, SeenInstance, SeenMention, Sightings } from '../decide/service-discovery.ts';
import type { SeenListener } from '../decide/service-endpoints.ts';
import {
  type Entity,
  isStaleMarker,
  type Labels,
  labelValue,
  metricName,
  type SampleBatch,
  type Series,
  socketMetrics,
} from '../model/index.ts';

/** What one series tells of who is what and who calls whom. */
type Fact =
  | { readonly kind: 'listener'; readonly of: Omit<SeenListener, 'lastAt'> }
  | { readonly kind: 'connection'; readonly of: Omit<SeenConnection, 'lastAt' | 'sightings'> }
  | { readonly kind: 'address'; readonly hostId: string; readonly address: string }
  | { readonly kind: 'target'; readonly entityId: string; readonly address: string }
  | { readonly kind: 'mention'; readonly of: Pick<SeenMention, 'from' | 'to'> };

interface Slot {
  readonly fact: Fact;
  lastAt: number;
  value: number;
  /** When it last told of something. */
  seenAt: number;
  /** Collections in which it was there and above 0. */
  sightings: number;
}

/** What was not there for so long does not listen, talk or have that address any more. */
const PRESENT_MS = 10 * 60_000;
/** Series that are followed at most. */
const MOST_FACTS = 50_000;
/** Metrics of what a service asks of others. */
const CLIENT = /(client|outgoing|outbound|upstream)/;
const CALLEE_LABELS = ['peer_service', 'server_address', 'net_peer_name', 'upstream', 'destination_service_name'];
/** Of a tracing backend's or collector's service graph. */
const ENTITIES_AT_ONCE = 1_000;
const SERVICE_GRAPH = /^traces_service_graph_request_total$/;

/** What the stream of samples tells of services: kept beside it, so that nothing is queried. One array read a sample for all other series. */
export class ServiceFacts {
  #slots: (Slot | undefined)[] = [];
  #count = 0;

  watch(series: Series): void {
    if (this.#slots[series.ref] !== undefined || this.#count >= MOST_FACTS) return;
    const fact = factOf(series.labels, series.entityId);
    if (fact === null) return;
    this.#slots[series.ref] = { fact, lastAt: 0, value: Number.NaN, seenAt: 0, sightings: 0 };
    this.#count++;
  }

  take({ count, refs, times, values }: SampleBatch): void {
    for (let i = 0; i < count; i++) {
      const slot = this.#slots[refs[i] as number];
      const at = times[i] as number;
      if (slot === undefined || at <= slot.lastAt) continue;
      const value = values[i] as number;
      const before = slot.value;
      slot.lastAt = at;
      slot.value = isStaleMarker(value) ? Number.NaN : value;
      // A counter tells of a call by its growth.
      const tells = slot.fact.kind === 'mention' ? slot.value > before : slot.value >= 0;
      if (!tells || (slot.fact.kind === 'connection' && slot.value === 0)) continue;
      slot.sightings++;
      slot.seenAt = at;
    }
  }

  /** What is seen now, in pieces of a few milliseconds: between two of them others may run. O(facts + entities). */
  *sightings(entities: readonly Entity[], ownHostId: string | null, now: number): Generator<void, Sightings> {
    const listeners: SeenListener[] = [];
    const connections: SeenConnection[] = [];
    const mentions: SeenMention[] = [];
    const addresses = namesOf(entities);
    const scraped = new Map<string, string>();
    for (const slot of this.#slots) {
      if (slot === undefined || slot.sightings === 0) continue;
      const { fact, lastAt, seenAt, sightings } = slot;
      const isPresent = now - lastAt < PRESENT_MS && !Number.isNaN(slot.value);
      if (fact.kind === 'mention') mentions.push({ ...fact.of, sightings, lastAt: seenAt });
      else if (fact.kind === 'connection') connections.push({ ...fact.of, sightings, lastAt: seenAt });
      else if (!isPresent) continue;
      else if (fact.kind === 'listener') listeners.push({ ...fact.of, lastAt });
      else if (fact.kind === 'target') scraped.set(fact.entityId, fact.address);
      else addresses.get(fact.hostId)?.add(fact.address);
    }
    const instances: SeenInstance[] = [];
    for (const [i, entity] of entities.entries()) {
      if (i % ENTITIES_AT_ONCE === 0) yield;
      const instance = instanceOf(entity, scraped.get(entity.id) ?? null);
      if (instance !== null) instances.push(instance);
    }
    return { listeners, connections, addresses, instances, mentions, ownHostId };
  }
}

function factOf(labels: Labels, entityId: string): Fact | null {
  const label = (name: string): string => labelValue(labels, name) ?? '';
  switch (metricName(labels)) {
    case socketMetrics.listener: {
      const port = Number(label('port'));
      const endpoint = label('endpoint') || null;
      const of = { hostId: entityId, groupname: label('groupname'), address: label('address'), port, endpoint };
      return { kind: 'listener', of };
    }
    case socketMetrics.connections: {
      const endpoint = label('endpoint') || null;
      return {
        kind: 'connection',
        of: { hostId: entityId, groupname: label('groupname'), endpoint, peer: label('peer') },
      };
    }
    case socketMetrics.address:
      return { kind: 'address', hostId: entityId, address: label('address') };
    case 'up':
    case 'probe_success':
      return label('instance') === '' ? null : { kind: 'target', entityId, address: addressIn(label('instance')) };
    default:
      return mentionIn(labels, entityId);
  }
}

function mentionIn(labels: Labels, entityId: string): Fact | null {
  const name = metricName(labels);
  const client = labelValue(labels, 'client');
  const server = labelValue(labels, 'server');
  if (SERVICE_GRAPH.test(name) && client !== undefined && server !== undefined)
    return { kind: 'mention', of: { from: { name: client }, to: server } };
  if (!CLIENT.test(name) || !/_(count|total)$/.test(name)) return null;
  const to = CALLEE_LABELS.map((label) => labelValue(labels, label)).find(
    (value) => value !== undefined && value !== '',
  );
  if (to === undefined) return null;
  const port = labelValue(labels, 'server_port') ?? labelValue(labels, 'net_peer_port');
  const address = port === undefined || /:\d+$/.test(to) ? to : `${to}:${port}`;
  return { kind: 'mention', of: { from: { entityId }, to: address } };
}

/** `http://10.0.0.1:80/health` and `10.0.0.1:80` are one address. */
function addressIn(instance: string): string {
  const url = URL.canParse(instance) && instance.includes('://') ? new URL(instance) : null;
  if (url === null) return instance;
  return `${url.hostname}:${url.port || (url.protocol === 'https:' ? 443 : 80)}`;
}

/** The job or OpenTelemetry name that an entity is an instance of. */
function instanceOf(entity: Entity, address: string | null): SeenInstance | null {
  const { id: entityId, lastSeenAt: lastAt } = entity;
  if (entity.kind === 'host') return null;
  for (const alias of entity.aliases) {
    const job = /^instance=.*,job=(.+)$/.exec(alias)?.[1];
    if (job !== undefined) return { entityId, kind: 'job', name: job, address, lastAt };
    const service = /^service=(.+)$/.exec(alias)?.[1];
    if (service !== undefined) return { entityId, kind: 'service', name: service, address, lastAt };
  }
  return null;
}

/** Every host by the names that it is known by. */
function namesOf(entities: readonly Entity[]): Map<string, Set<string>> {
  const names = new Map<string, Set<string>>();
  for (const entity of entities) {
    if (entity.kind !== 'host') continue;
    const own = new Set([entity.name]);
    for (const alias of entity.aliases) {
      const instance = /^instance=([^,]+)$/.exec(alias)?.[1];
      if (instance !== undefined) own.add(instance);
    }
    names.set(entity.id, own);
  }
  return names;
}
