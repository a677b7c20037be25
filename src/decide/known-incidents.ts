import type { Incident, IncidentSign } from '../model/index.ts';
import { Round } from './round.ts';

/** What is seen somewhere, and whether that alone opens an incident. */
export interface Seen {
  readonly sign: IncidentSign;
  readonly opens: boolean;
}

/**
 * Incidents that are not over, those that ended a while ago and may come back, and the signs that go on; with what finds
 * them without a look at all the others. Its owner's steps change it in place. Every call is O(what it is given or gives).
 */
export class IncidentBook {
  readonly #open = new Map<string, Incident>();
  readonly #ended = new Map<string, Incident>();
  /** Which incident a sign is part of; a dismissed one's signs belong to it although it is over. */
  readonly #home = new Map<string, string>();
  readonly #byEntity = new Index();
  readonly #endedByPlace = new Index();
  readonly #signs = new Map<string, Seen>();
  readonly #signsByEntity = new Index();
  /** Signs that go on and are part of no incident. */
  readonly #loose = new Map<string, Seen>();
  /** Signs that go on of an incident that has as many as are kept. */
  readonly #beyond = new Index();
  readonly #openRound = new Round(this.#open);
  readonly #looseRound = new Round(this.#loose);
  readonly #endedRound = new Round(this.#ended);

  get open(): ReadonlyMap<string, Incident> {
    return this.#open;
  }

  get ended(): readonly Incident[] {
    return [...this.#ended.values()];
  }

  get home(): ReadonlyMap<string, string> {
    return this.#home;
  }

  get(id: string): Incident | undefined {
    return this.#open.get(id) ?? this.#ended.get(id);
  }

  // ---- incidents

  /** An open incident whose signs, hosts and services are as they were. */
  replace(incident: Incident): void {
    this.#open.set(incident.id, incident);
  }

  /** An open incident that is new or has other signs. */
  put(incident: Incident): void {
    this.#dropEnded(incident.id);
    const entities = new Set(incident.entityIds);
    for (const entityId of this.#open.get(incident.id)?.entityIds ?? [])
      if (!entities.has(entityId)) this.#byEntity.delete(entityId, incident.id);
    for (const entityId of entities) this.#byEntity.add(entityId, incident.id);
    this.#open.set(incident.id, incident);
    for (const { id } of incident.signs) this.#settle(id, incident.id);
  }

  /** An open incident with one sign more, which is its last. */
  grow(incident: Incident, sign: IncidentSign): void {
    this.#open.set(incident.id, incident);
    this.#byEntity.add(sign.entityId, incident.id);
    this.#settle(sign.id, incident.id);
  }

  /** A sign that belongs to an incident which has as many as are kept. */
  count(id: string, sign: string): void {
    this.#settle(sign, id);
    this.#beyond.add(id, sign);
  }

  /** How many signs go on beside those that an incident keeps. */
  beyond(id: string): number {
    return this.#beyond.of(id).size;
  }

  /** An incident that is over, or part of another, which is put before. */
  end(incident: Incident): void {
    const { id, mergedInto } = incident;
    this.#open.delete(id);
    for (const entityId of incident.entityIds) this.#byEntity.delete(entityId, id);
    const whole = mergedInto === null ? undefined : this.#open.get(mergedInto);
    for (const sign of [...incident.signs.map((one) => one.id), ...this.#beyond.of(id)]) {
      this.#beyond.delete(id, sign);
      if ((this.#home.get(sign) ?? id) !== id) continue;
      if (whole !== undefined && this.isGoing(sign)) this.count(whole.id, sign);
      else if (whole === undefined && incident.verdict === 'dismissed') this.#settle(sign, id);
      else this.#home.delete(sign);
    }
    this.#dropEnded(id);
    this.#ended.set(id, incident);
    for (const place of placesOf(incident)) this.#endedByPlace.add(place, id);
  }

  near(entityId: string): readonly Incident[] {
    return [...this.#byEntity.of(entityId)].flatMap((id) => this.#open.get(id) ?? []);
  }

  /** Those that ended with a sign on the same host or service and resource, in the order in which they ended. */
  endedAt(sign: IncidentSign): readonly Incident[] {
    return [...this.#endedByPlace.of(placeOf(sign))].flatMap((id) => this.#ended.get(id) ?? []);
  }

  /** The next open ones that time may have changed. */
  round(most: number): readonly Incident[] {
    return this.#openRound.next(most).map(([, incident]) => incident);
  }

  /** Forgets, of some that ended, those that are not to be kept. */
  forget(most: number, isKept: (incident: Incident) => boolean): void {
    for (const [id, incident] of this.#endedRound.next(most)) {
      if (isKept(incident)) continue;
      for (const sign of incident.signs) if (this.#home.get(sign.id) === id) this.#home.delete(sign.id);
      this.#dropEnded(id);
    }
  }

  #dropEnded(id: string): void {
    const incident = this.#ended.get(id);
    if (incident === undefined) return;
    this.#ended.delete(id);
    for (const place of placesOf(incident)) this.#endedByPlace.delete(place, id);
  }

  #settle(sign: string, incident: string): void {
    const before = this.#home.get(sign);
    if (before !== undefined && before !== incident) this.#beyond.delete(before, sign);
    this.#home.set(sign, incident);
    this.#loose.delete(sign);
  }

  // ---- signs

  sign(id: string): IncidentSign | undefined {
    return this.#signs.get(id)?.sign;
  }

  isGoing(id: string): boolean {
    return this.#signs.get(id)?.sign.endedAt === null;
  }

  signsOf(entityId: string): readonly IncidentSign[] {
    return [...this.#signsByEntity.of(entityId)].flatMap((id) => this.#signs.get(id)?.sign ?? []);
  }

  see(seen: Seen): void {
    const { id, entityId } = seen.sign;
    this.#signs.set(id, seen);
    this.#signsByEntity.add(entityId, id);
    if (this.#home.has(id)) this.#loose.delete(id);
    else this.#loose.set(id, seen);
  }

  /** A sign that has ended: its incident knows. */
  unsee({ id, entityId }: IncidentSign): void {
    this.#signs.delete(id);
    this.#signsByEntity.delete(entityId, id);
    this.#loose.delete(id);
    const home = this.#home.get(id) ?? '';
    if (!this.#beyond.of(home).has(id)) return;
    this.#beyond.delete(home, id);
    this.#home.delete(id);
  }

  signs(): readonly IncidentSign[] {
    return [...this.#signs.values()].map(({ sign }) => sign);
  }

  /** The next signs that are part of no incident. */
  loose(most: number): readonly Seen[] {
    return this.#looseRound.next(most).map(([, seen]) => seen);
  }
}

/** Sets by a key; an empty one is none. */
class Index {
  readonly #sets = new Map<string, Set<string>>();
  readonly #none: ReadonlySet<string> = new Set();

  of(key: string): ReadonlySet<string> {
    return this.#sets.get(key) ?? this.#none;
  }

  add(key: string, value: string): void {
    const set = this.#sets.get(key);
    if (set === undefined) this.#sets.set(key, new Set([value]));
    else set.add(value);
  }

  delete(key: string, value: string): void {
    const set = this.#sets.get(key);
    set?.delete(value);
    if (set?.size === 0) this.#sets.delete(key);
  }
}

function placeOf({ entityId, resource }: IncidentSign): string {
  return `${entityId}\u0000${resource}`;
}

function placesOf(incident: Incident): ReadonlySet<string> {
  return new Set(incident.signs.map(placeOf));
}
