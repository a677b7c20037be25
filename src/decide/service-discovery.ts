import type { DependencyOrigin, ServiceProcess } from '../model/index.ts';
import { exportedBy, isObserver, nameOfJob, nameOfProcess } from './service-names.ts';
import { EndpointIndex, type SeenListener } from './service-endpoints.ts';

/** Established connections of a process of a host to one address and port. */
export interface SeenConnection {
  readonly hostId: string;
  readonly groupname: string;
  /** What the caller itself listens on. */
  readonly endpoint: string | null;
  readonly peer: string;
  /** Collections in which it was there. */
  readonly sightings: number;
  readonly lastAt: number;
}

/** An entity that is an instance of a job or of a service by its OpenTelemetry name. */
export interface SeenInstance {
  readonly entityId: string;
  readonly kind: 'job' | 'service';
  readonly name: string;
  /** Where it is scraped, `host:port`; null where not known. */
  readonly address: string | null;
  readonly lastAt: number;
}

/** One service names another in the labels of what it tells. */
export interface SeenMention {
  /** An entity, or a service by name. */
  readonly from: { readonly entityId: string } | { readonly name: string };
  /** A service's name, or where it is reached. */
  readonly to: string;
  readonly sightings: number;
  readonly lastAt: number;
}

export interface Sightings {
  readonly listeners: readonly SeenListener[];
  readonly connections: readonly SeenConnection[];
  /** Addresses and names of each host. */
  readonly addresses: ReadonlyMap<string, ReadonlySet<string>>;
  readonly instances: readonly SeenInstance[];
  readonly mentions: readonly SeenMention[];
  /** The host on which what is scraped as `localhost` is. */
  readonly ownHostId: string | null;
}

/** What was found under one key. */
export interface FoundService {
  readonly key: string;
  readonly name: string;
  readonly entityIds: Set<string>;
  readonly processes: ServiceProcess[];
  lastAt: number;
}

export interface FoundCall {
  /** Keys of services. */
  readonly from: string;
  readonly to: string;
  readonly origin: DependencyOrigin;
  readonly lastAt: number;
}

export interface Discovery {
  readonly services: ReadonlyMap<string, FoundService>;
  readonly calls: readonly FoundCall[];
}

/** One-off connections make no dependency. */
export const LEAST_SIGHTINGS = 3;
const A_STEP = 1_000;

/**
 * Services and who calls whom, from who listens, who talks to whom, what is scraped where and what client metrics name. A process is
 * known by the job that is scraped where it listens; the one that an exporter is connected to by the exporter's job; else by its own name.
 * Who only watches (Prometheus, exporters, Auspex) calls nobody.
 * Weak: what is reached through an address that is translated on the way is not found; two programs of one name that no job tells apart are one.
 * Cost: O(listeners + connections + instances), in pieces of a few milliseconds: between two of them others may run.
 */
export function* discoverServices(seen: Sightings): Generator<void, Discovery> {
  const finder = new Finder(seen);
  yield;
  yield* finder.instances();
  yield* finder.processes();
  yield* finder.connections();
  finder.mentions();
  return { services: finder.services, calls: finder.calls };
}

class Finder {
  readonly services = new Map<string, FoundService>();
  readonly calls: FoundCall[] = [];
  readonly #seen: Sightings;
  readonly #endpoints: EndpointIndex;
  /** By process. */
  readonly #keys = new Map<string, string>();
  /** By process group. */
  readonly #groupKeys = new Map<string, string | null>();
  /** By exporter. */
  readonly #exported = new Map<string, string>();
  /** By entity. */
  readonly #keyOfEntity = new Map<string, string>();
  /** Entities by where they are scraped. */
  readonly #scraped = new Map<string, string>();

  constructor(seen: Sightings) {
    this.#seen = seen;
    this.#endpoints = new EndpointIndex(seen.listeners, seen.addresses);
  }

  *instances(): Generator<void> {
    for (const [i, { entityId, kind, name, address, lastAt }] of this.#seen.instances.entries()) {
      if (i % A_STEP === A_STEP - 1) yield;
      const shown = kind === 'job' ? nameOfJob(name) : name;
      if (shown === null) continue;
      const key = `${kind}=${name}`;
      this.#add(key, shown, lastAt).entityIds.add(entityId);
      this.#keyOfEntity.set(entityId, key);
      if (address === null) continue;
      this.#scraped.set(address, entityId);
      const listener = this.#endpoints.find(this.#seen.ownHostId, address);
      if (listener === undefined) continue;
      const keys = exportedBy(listener.groupname) === null ? this.#keys : this.#exported;
      keys.set(processOf(listener), key);
    }
  }

  /** Whom an exporter is connected to is what it speaks for; every other process that can be reached is called as its group. */
  *processes(): Generator<void> {
    const { connections, listeners } = this.#seen;
    for (const connection of connections) {
      const key = this.#exported.get(processOf(connection));
      const listener = key === undefined ? undefined : this.#endpoints.find(connection.hostId, connection.peer);
      if (key !== undefined && listener !== undefined && !this.#keys.has(processOf(listener)))
        this.#keys.set(processOf(listener), key);
    }
    yield;
    for (const [i, listener] of listeners.entries()) {
      if (i % A_STEP === A_STEP - 1) yield;
      const key = this.#keyOf(listener);
      const isKnown = key !== null && this.services.has(key);
      if (isKnown || (key !== null && !isLocal(listener.address))) this.#addProcess(key, listener, listener.lastAt);
    }
  }

  *connections(): Generator<void> {
    for (const [i, connection] of this.#seen.connections.entries()) {
      if (i % A_STEP === A_STEP - 1) yield;
      if (connection.sightings < LEAST_SIGHTINGS || isObserver(connection.groupname)) continue;
      const listener = this.#endpoints.find(connection.hostId, connection.peer);
      const to = listener === undefined ? this.#scrapedAt(connection.peer) : this.#keyOf(listener);
      const from = this.#keyOf(connection);
      if (from === null || to === null) continue;
      this.#addProcess(from, connection, connection.lastAt);
      if (listener !== undefined) this.#addProcess(to, listener, listener.lastAt);
      if (from !== to) this.calls.push({ from, to, origin: 'connection', lastAt: connection.lastAt });
    }
  }

  mentions(): void {
    const byName = new Map([...this.services.values()].map(({ name, key }) => [name.toLowerCase(), key]));
    for (const { from, to, sightings, lastAt } of this.#seen.mentions) {
      const caller = 'name' in from ? byName.get(from.name.toLowerCase()) : this.#keyOfEntity.get(from.entityId);
      const callee = byName.get(to.toLowerCase()) ?? this.#reachedAt(to) ?? byName.get(hostOf(to).toLowerCase());
      if (sightings < LEAST_SIGHTINGS || caller === undefined || callee === undefined || caller === callee) continue;
      this.calls.push({ from: caller, to: callee, origin: 'label', lastAt });
    }
  }

  #reachedAt(address: string): string | undefined {
    const listener = this.#endpoints.find(this.#seen.ownHostId, address);
    return (listener === undefined ? null : this.#keyOf(listener)) ?? this.#scrapedAt(address) ?? undefined;
  }

  #scrapedAt(address: string): string | null {
    return this.#keyOfEntity.get(this.#scraped.get(address) ?? '') ?? null;
  }

  #keyOf(process: Pick<SeenListener, 'hostId' | 'groupname' | 'endpoint'>): string | null {
    return this.#keys.get(processOf(process)) ?? this.#keyOfGroup(process.groupname);
  }

  /** Of what only watches and what a machine runs for itself, null. */
  #keyOfGroup(groupname: string): string | null {
    let key = this.#groupKeys.get(groupname);
    if (key === undefined) {
      const name = isObserver(groupname) ? null : nameOfProcess(groupname);
      key = name === null ? null : `process=${name}`;
      this.#groupKeys.set(groupname, key);
    }
    return key;
  }

  #addProcess(key: string, of: Pick<SeenListener, 'hostId' | 'groupname' | 'endpoint'>, lastAt: number): void {
    const name = key.startsWith('process=') ? key.slice('process='.length) : key;
    const { processes } = this.#add(key, name, lastAt);
    const { hostId: entityId, groupname, endpoint } = of;
    const isKnown = processes.some(
      (one) => one.entityId === entityId && one.groupname === groupname && one.endpoint === endpoint,
    );
    if (!isKnown) processes.push({ entityId, groupname, endpoint });
  }

  #add(key: string, name: string, lastAt: number): FoundService {
    let found = this.services.get(key);
    if (found === undefined)
      this.services.set(key, (found = { key, name, entityIds: new Set(), processes: [], lastAt: 0 }));
    found.lastAt = Math.max(found.lastAt, lastAt);
    return found;
  }
}

function processOf(of: Pick<SeenListener, 'hostId' | 'groupname' | 'endpoint'>): string {
  return `${of.hostId}\n${of.groupname}\n${of.endpoint ?? ''}`;
}

function isLocal(address: string): boolean {
  return /^(127\.|::1$)/.test(address) || address.includes('%');
}

function hostOf(address: string): string {
  return address.replace(/:\d+$/, '');
}
