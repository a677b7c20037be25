import { AuspexError } from '../errors.ts';
import type {
  Dependency,
  DependencyChange,
  DependencyOrigin,
  DependencyRow,
  ServiceChange,
  ServiceGraph,
  ServiceProcess,
  ServiceRegistration,
  ServiceRow,
} from '../model/index.ts';
import { RemovedServices } from './removed-services.ts';
import type { Discovery, FoundService } from './service-discovery.ts';

export const MOST_SERVICES = 2_000;
export const MOST_DEPENDENCIES = 10_000;
/** What was not seen for so long is no more. */
export const FADES_MS = 7 * 86_400_000;
/** A time that only moved on is written down this often. */
const WRITTEN_EVERY_MS = 3_600_000;

/** What is to be written down since it was taken last. */
export interface BookChanges {
  readonly services: readonly ServiceRow[];
  readonly dependencies: readonly DependencyRow[];
  readonly removedServices: readonly string[];
  readonly removedDependencies: readonly string[];
}

/**
 * Services and dependencies as they are known: what is discovered, declared and corrected. What is found under a key that a service has is
 * that service; a new key joins the service of its name or makes one. A person's word stays: a dependency that was taken away is not found
 * again, a renamed, merged or split service not renamed, parted or joined. What is not seen for a week is dropped; what is removed comes
 * back when it is seen anew.
 */
export class ServiceBook implements ServiceGraph {
  readonly #services = new Map<string, ServiceRow>();
  readonly #dependencies = new Map<string, DependencyRow>();
  readonly #removed = new RemovedServices();
  readonly #homes = new Map<string, string>();
  /** What is found under each key now. */
  #found: ReadonlyMap<string, FoundService> = new Map();
  readonly #serviceOf = new Map<string, string>();
  readonly #dirty = { services: new Set<string>(), dependencies: new Set<string>() };
  readonly #writtenAt = new Map<string, number>();

  load(services: readonly ServiceRow[], dependencies: readonly DependencyRow[]): void {
    for (const row of services)
      if (row.removedAt === null) this.#keep(row);
      else this.#removed.keep(row);
    for (const row of dependencies) this.#dependencies.set(row.id, row);
    this.takeChanges();
  }

  // ---- what is known

  serviceOf(entityId: string): string | null {
    return this.#serviceOf.get(entityId) ?? null;
  }

  nameOf(serviceId: string): string {
    return this.#services.get(serviceId)?.name ?? serviceId;
  }

  entitiesOf(serviceId: string): readonly string[] {
    return this.#foundOf(serviceId).flatMap(({ entityIds }) => [...entityIds]);
  }

  processesOf(serviceId: string): readonly ServiceProcess[] {
    return this.#foundOf(serviceId).flatMap(({ processes }) => processes);
  }

  dependencies(): readonly Dependency[] {
    return [...this.#dependencies.values()].filter(({ isRemoved }) => !isRemoved);
  }

  /** Those that are there: seen within a week, or registered. */
  services(now: number): readonly ServiceRow[] {
    return [...this.#services.values()].filter((row) => row.registration !== null || now - row.lastSeenAt < FADES_MS);
  }

  /** By id, or by name whatever its case. Throws NOT_FOUND. */
  service(idOrName: string): ServiceRow {
    const row = this.#services.get(idOrName) ?? this.#named(idOrName);
    if (row === undefined) throw new AuspexError('NOT_FOUND', `There is no service called “${idOrName}”.`);
    return row;
  }

  // ---- what is found

  absorb({ services, calls }: Discovery, now: number): void {
    this.#found = services;
    const removedAt = this.#removed.keys();
    for (const found of services.values()) {
      if (!this.#homes.has(found.key) && found.lastAt <= (removedAt.get(found.key) ?? -Infinity)) continue;
      const home = this.#homes.get(found.key) ?? this.#named(found.name)?.id;
      const row = home === undefined ? this.#make(found.name, found.lastAt) : this.#services.get(home);
      if (row === undefined) continue;
      const keys = row.keys.includes(found.key) ? row.keys : [...row.keys, found.key];
      this.#update({ ...row, keys, lastSeenAt: Math.max(row.lastSeenAt, found.lastAt) });
    }
    for (const call of calls) {
      const from = this.#homes.get(call.from);
      const to = this.#homes.get(call.to);
      if (from !== undefined && to !== undefined) this.#connect(from, to, call.origin, call.lastAt);
    }
    for (const { id, registration } of this.#services.values())
      for (const name of registration?.dependencies ?? []) {
        const to = this.#named(name);
        if (to !== undefined) this.#connect(id, to.id, 'declared', now);
      }
    this.#fade(now);
    this.#serviceOf.clear();
    for (const { key, entityIds } of services.values()) {
      const home = this.#homes.get(key);
      if (home !== undefined) for (const id of entityIds) this.#serviceOf.set(id, home);
    }
  }

  // ---- what people and programs say

  /** Registers a service, or changes what it says of itself. Throws BAD_REQUEST past the limit. */
  register(registration: ServiceRegistration, business: readonly string[], now: number): ServiceRow {
    const { name } = registration;
    const known =
      [...this.#services.values()].find((row) => row.registration?.name === name) ??
      this.#named(name) ??
      this.#services.get(this.#homes.get(`job=${name}`) ?? '') ??
      this.#make(name, now);
    if (known === undefined)
      throw new AuspexError('BAD_REQUEST', `There are ${MOST_SERVICES} services already; no more are kept.`);
    const key = `job=${name}`;
    const keys = known.keys.includes(key) || this.#homes.has(key) ? known.keys : [...known.keys, key];
    const row = { ...known, keys, registration, business, lastSeenAt: now };
    this.#update(row);
    for (const callee of registration.dependencies) {
      const to = this.#named(callee) ?? this.#make(callee, now);
      if (to !== undefined) this.#connect(row.id, to.id, 'declared', now);
    }
    return row;
  }

  /** A person's change; gives the service that it is then. Throws NOT_FOUND, BAD_REQUEST, CONFLICT. */
  change(idOrName: string, change: ServiceChange, now: number): ServiceRow {
    const row = this.service(idOrName);
    switch (change.kind) {
      case 'rename':
        return this.#rename(row, change.name);
      case 'merge':
        return this.#merge(row, this.service(change.into));
      case 'split':
        return this.#split(row, change.keys, change.name, now);
      case 'business':
        return this.#update({ ...row, business: change.metrics, isCorrected: true });
    }
  }

  /** A person's word on who calls whom. Throws NOT_FOUND, BAD_REQUEST. */
  changeDependency(change: DependencyChange, now: number): DependencyRow {
    const from = this.service(change.from);
    const to = this.service(change.to);
    if (from.id === to.id) throw new AuspexError('BAD_REQUEST', `“${from.name}” cannot depend on itself.`);
    const id = `${from.id} ${to.id}`;
    const known = this.#dependencies.get(id);
    if (change.kind === 'remove' && (known === undefined || known.isRemoved))
      throw new AuspexError('NOT_FOUND', `“${from.name}” is not known to call “${to.name}”.`);
    const origins: readonly DependencyOrigin[] =
      change.kind === 'add' ? [...new Set([...(known?.origins ?? []), 'person' as const])] : (known?.origins ?? []);
    const { firstSeenAt, lastSeenAt } = known ?? { firstSeenAt: now, lastSeenAt: null };
    const row = { id, from: from.id, to: to.id, origins, isRemoved: change.kind === 'remove', firstSeenAt, lastSeenAt };
    this.#put(row);
    return row;
  }

  /** Forgets a service, its calls and what was said of it, until it is seen or registered anew. Throws NOT_FOUND. */
  remove(idOrName: string, now: number): ServiceRow {
    const row = this.service(idOrName);
    this.#forget(row);
    this.#removed.keep({ ...row, isCorrected: false, registration: null, business: [], removedAt: now });
    for (const one of this.#dependencies.values()) if (one.from === row.id || one.to === row.id) this.#drop(one);
    for (const [entityId, home] of this.#serviceOf) if (home === row.id) this.#serviceOf.delete(entityId);
    return row;
  }

  takeChanges(): BookChanges {
    const rows = <R>(ids: Iterable<string>, of: (id: string) => R | undefined): R[] =>
      [...ids].flatMap((id) => of(id) ?? []);
    const gone = (ids: Iterable<string>, of: (id: string) => unknown): string[] =>
      [...ids].filter((id) => of(id) === undefined);
    const service = (id: string) => this.#services.get(id) ?? this.#removed.get(id);
    const dependency = (id: string) => this.#dependencies.get(id);
    const { services, dependencies } = this.#dirty;
    const changes = {
      services: rows(services, service),
      dependencies: rows(dependencies, dependency),
      removedServices: gone(services, service),
      removedDependencies: gone(dependencies, dependency),
    };
    for (const row of [...changes.services, ...changes.dependencies]) this.#writtenAt.set(row.id, row.lastSeenAt ?? 0);
    for (const id of [...changes.removedServices, ...changes.removedDependencies]) this.#writtenAt.delete(id);
    services.clear();
    dependencies.clear();
    return changes;
  }

  // ---- rows

  #rename(row: ServiceRow, name: string): ServiceRow {
    const other = this.#named(name);
    if (other !== undefined && other.id !== row.id)
      throw new AuspexError('CONFLICT', `Another service is called “${name}”; merge the two if they are one.`);
    return this.#update({ ...row, name, isCorrected: true });
  }

  #merge(row: ServiceRow, into: ServiceRow): ServiceRow {
    if (row.id === into.id) throw new AuspexError('BAD_REQUEST', `“${row.name}” cannot be merged into itself.`);
    const merged = this.#update({
      ...into,
      keys: [...into.keys, ...row.keys],
      isCorrected: true,
      registration: into.registration ?? row.registration,
      business: [...new Set([...into.business, ...row.business])],
      firstSeenAt: Math.min(into.firstSeenAt, row.firstSeenAt),
      lastSeenAt: Math.max(into.lastSeenAt, row.lastSeenAt),
    });
    this.#services.delete(row.id);
    this.#dirty.services.add(row.id);
    for (const one of [...this.#dependencies.values()].filter(({ from, to }) => from === row.id || to === row.id)) {
      this.#drop(one);
      const from = one.from === row.id ? into.id : one.from;
      const to = one.to === row.id ? into.id : one.to;
      if (from === to || this.#dependencies.has(`${from} ${to}`)) continue;
      this.#put({ ...one, id: `${from} ${to}`, from, to });
    }
    for (const [entityId, home] of this.#serviceOf) if (home === row.id) this.#serviceOf.set(entityId, into.id);
    return merged;
  }

  #split(row: ServiceRow, keys: readonly string[], name: string, now: number): ServiceRow {
    const unknown = keys.find((key) => !row.keys.includes(key));
    if (unknown !== undefined) throw new AuspexError('BAD_REQUEST', `“${row.name}” has no part “${unknown}”.`);
    const rest = row.keys.filter((key) => !keys.includes(key));
    if (keys.length === 0 || rest.length === 0)
      throw new AuspexError('BAD_REQUEST', 'One part at least has to go, and one to stay.');
    if (this.#named(name) !== undefined) throw new AuspexError('CONFLICT', `Another service is called “${name}”.`);
    const made = this.#make(name, now);
    if (made === undefined) throw new AuspexError('BAD_REQUEST', `There are ${MOST_SERVICES} services already.`);
    this.#update({ ...row, keys: rest, isCorrected: true });
    const split = this.#update({ ...made, keys, isCorrected: true, lastSeenAt: row.lastSeenAt });
    // Who calls which of the two is seen anew.
    for (const one of this.#dependencies.values())
      if ((one.from === row.id || one.to === row.id) && !one.isRemoved && !one.origins.includes('person'))
        this.#drop(one);
    for (const key of keys)
      for (const entityId of this.#found.get(key)?.entityIds ?? []) this.#serviceOf.set(entityId, split.id);
    return split;
  }

  #make(name: string, now: number): ServiceRow | undefined {
    if (this.#services.size >= MOST_SERVICES) return undefined;
    const base = `svc:${name}`;
    let id = base;
    for (let n = 2; this.#services.has(id); n++) id = `${base}~${n}`;
    const row = {
      id,
      name,
      keys: [],
      isCorrected: false,
      registration: null,
      business: [],
      firstSeenAt: now,
      lastSeenAt: now,
      removedAt: null,
    };
    this.#removed.revive(id);
    return this.#update(row);
  }

  #connect(from: string, to: string, origin: DependencyOrigin, at: number): void {
    if (from === to) return;
    const id = `${from} ${to}`;
    const known = this.#dependencies.get(id);
    if (known === undefined && this.#dependencies.size >= MOST_DEPENDENCIES) return;
    if (known?.isRemoved === true) return;
    const origins = known?.origins.includes(origin) === true ? known.origins : [...(known?.origins ?? []), origin];
    const lastSeenAt = Math.max(known?.lastSeenAt ?? 0, at);
    this.#put({ id, from, to, origins, isRemoved: false, firstSeenAt: known?.firstSeenAt ?? at, lastSeenAt });
  }

  #fade(now: number): void {
    for (const row of this.#services.values()) {
      if (row.registration !== null || row.isCorrected || now - row.lastSeenAt < FADES_MS) continue;
      this.#forget(row);
    }
    for (const id of this.#removed.fade(now - FADES_MS)) this.#dirty.services.add(id);
    for (const row of this.#dependencies.values()) {
      const hasEnds = this.#services.has(row.from) && this.#services.has(row.to);
      const isKept = row.isRemoved || row.origins.includes('person') || now - (row.lastSeenAt ?? now) < FADES_MS;
      if (!hasEnds || !isKept) this.#drop(row);
    }
  }

  #forget({ id, keys }: ServiceRow): void {
    this.#services.delete(id);
    this.#dirty.services.add(id);
    for (const key of keys) if (this.#homes.get(key) === id) this.#homes.delete(key);
  }

  #drop({ id }: DependencyRow): void {
    this.#dependencies.delete(id);
    this.#dirty.dependencies.add(id);
  }

  #put(row: DependencyRow): void {
    const before = this.#dependencies.get(row.id);
    this.#dependencies.set(row.id, row);
    if (this.#isNews(before, row, row.lastSeenAt ?? 0)) this.#dirty.dependencies.add(row.id);
  }

  #update(row: ServiceRow): ServiceRow {
    const before = this.#services.get(row.id);
    this.#keep(row);
    if (this.#isNews(before, row, row.lastSeenAt)) this.#dirty.services.add(row.id);
    return row;
  }

  /** That it was seen once more is not worth a write each time. */
  #isNews<R extends ServiceRow | DependencyRow>(before: R | undefined, row: R, at: number): boolean {
    if (before === undefined || at - (this.#writtenAt.get(row.id) ?? 0) > WRITTEN_EVERY_MS) return true;
    const fields = Object.keys(row) as (keyof R)[];
    return fields.some((field) => field !== 'lastSeenAt' && row[field] !== before[field]);
  }

  #keep(row: ServiceRow): void {
    this.#services.set(row.id, row);
    for (const key of row.keys) this.#homes.set(key, row.id);
  }

  #named(name: string): ServiceRow | undefined {
    const wanted = name.toLowerCase();
    for (const row of this.#services.values()) if (row.name.toLowerCase() === wanted) return row;
    return undefined;
  }

  #foundOf(serviceId: string): FoundService[] {
    return (this.#services.get(serviceId)?.keys ?? []).flatMap((key) => this.#found.get(key) ?? []);
  }
}
