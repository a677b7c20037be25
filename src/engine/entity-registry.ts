import { type Entity, type EntityKind, type Labels, type RecordStore, rowPages } from '../model/index.ts';
import { entityKeyOf, labelValue } from '../model/index.ts';

export interface Introduction {
  readonly kind: EntityKind;
  /** What stays when the name changes: a machine id. */
  readonly stableId: string;
  readonly name: string;
  readonly timeZone: string;
  readonly aliases: readonly string[];
  readonly attributes: Readonly<Record<string, string>>;
}

const WRITE_EVERY_MS = 300_000;
/** A machine id, as systemd and the firmware write it. */
const MACHINE_ALIAS = /^host_id=[0-9a-f]{8}-?([0-9a-f]{4}-?){3}[0-9a-f]{12}$/i;

/**
 * Who is who. Every label set leads to one entity by its key (see entityKeyOf) and the aliases; an unknown key makes a
 * new entity, which a later introduction (a collector's or an agent's) can give its real name without changing its id.
 */
export class EntityRegistry {
  readonly #entities = new Map<string, Entity>();
  readonly #byAlias = new Map<string, string>();
  readonly #hosts = new Set<string>();
  readonly #dirty = new Set<string>();
  /** When each entity's last-seen time was last written down. */
  readonly #writtenAt = new Map<string, number>();
  readonly #timeZone: string;
  readonly #listeners: ((entity: Entity) => void)[] = [];

  constructor(timeZone: string) {
    this.#timeZone = timeZone;
  }

  load(entities: Iterable<Entity>): void {
    for (const entity of entities) this.#keep(entity);
  }

  /** Tells of every entity that is new, or is called or known otherwise from now on. */
  onChange(listener: (entity: Entity) => void): void {
    this.#listeners.push(listener);
  }

  get(id: string): Entity | undefined {
    return this.#entities.get(id);
  }

  /** By id, name or alias. */
  find(text: string): Entity | undefined {
    const direct =
      this.#entities.get(text) ??
      this.#entities.get(this.#byAlias.get(text) ?? this.#byAlias.get(`instance=${text}`) ?? '');
    if (direct) return direct;
    for (const entity of this.#entities.values()) if (entity.name === text) return entity;
    return undefined;
  }

  /** Who is known by a key of entityKeyOf. */
  byAlias(key: string): Entity | undefined {
    return this.#entities.get(this.#byAlias.get(key) ?? '');
  }

  all(): readonly Entity[] {
    return [...this.#entities.values()];
  }

  /** O(hosts): beside them there may be thousands of what alerts speak of. */
  hosts(): readonly Entity[] {
    return [...this.#hosts].flatMap((id) => this.#entities.get(id) ?? []);
  }

  get size(): number {
    return this.#entities.size;
  }

  /** The entity that a label set speaks of; made when it is new. O(labels). */
  idFor(labels: Labels, now: number): string {
    const key = entityKeyOf(labels);
    const known = this.#byAlias.get(key);
    if (known !== undefined) return known;
    const job = labelValue(labels, 'job') ?? '';
    const bare = key.replace(/^[a-z_]+=/, '').replace(/,job=.*$/, '');
    const kind: EntityKind =
      key.startsWith('host_id=') || (key.startsWith('instance=') && !key.includes(',job='))
        ? 'host'
        : key.startsWith('service=')
          ? 'service'
          : 'target';
    const stable = kind === 'target' && job !== '' ? `${job}@${bare}` : bare;
    const name = kind === 'target' && job !== '' ? `${job} on ${bare}` : bare;
    this.#set({
      id: `${kind}:${stable}`,
      kind,
      name,
      timeZone: this.#timeZone,
      firstSeenAt: now,
      lastSeenAt: now,
      aliases: [key],
      attributes: {},
    });
    return `${kind}:${stable}`;
  }

  /** A collector or agent says who it is. Keeps the id of what was already seen under one of its aliases. */
  introduce(who: Introduction, now: number): Entity {
    const aliases = [`host_id=${who.stableId}`, ...who.aliases];
    const seen = aliases.map((alias) => this.#byAlias.get(alias)).find((id) => id !== undefined);
    const before = seen === undefined ? undefined : this.#entities.get(seen);
    const entity: Entity = {
      id: before?.id ?? `${who.kind}:${who.stableId}`,
      kind: who.kind,
      name: who.name,
      timeZone: who.timeZone,
      firstSeenAt: before?.firstSeenAt ?? now,
      lastSeenAt: now,
      aliases: [...new Set([...(before?.aliases ?? []), ...aliases])],
      attributes: { ...before?.attributes, ...who.attributes },
    };
    this.#set(entity);
    return entity;
  }

  /** Lets a key that nobody has yet lead to an entity. False when it leads somewhere already: what was told apart stays apart. */
  addAlias(id: string, alias: string): boolean {
    const entity = this.#entities.get(id);
    if (entity === undefined || this.#byAlias.has(alias)) return false;
    this.#set({ ...entity, aliases: [...entity.aliases, alias] });
    return true;
  }

  /**
   * A host says its id and its name: both lead to one entity from now on. An id of another kind (a cloud's) than the machine id that
   * the host of that name is known by is one more name of it; another machine id is another machine of the same name.
   * The entity where something changed, to be written down.
   */
  joinHost({ id, name }: { readonly id: string; readonly name: string }, now: number): Entity | undefined {
    const byId = this.#entities.get(this.#byAlias.get(`host_id=${id}`) ?? '');
    const byName = this.#entities.get(this.#byAlias.get(`instance=${name}`) ?? '');
    if (byId !== undefined) return this.addAlias(byId.id, `instance=${name}`) ? this.#entities.get(byId.id) : undefined;
    if (byName === undefined) {
      const aliases = [`instance=${name}`];
      return this.introduce(
        { kind: 'host', stableId: id, name, timeZone: this.#timeZone, aliases, attributes: {} },
        now,
      );
    }
    const machineIds = byName.aliases.filter((alias) => MACHINE_ALIAS.test(alias));
    if (MACHINE_ALIAS.test(`host_id=${id}`) && machineIds.length > 0) return undefined;
    this.addAlias(byName.id, `host_id=${id}`);
    return this.#entities.get(byName.id);
  }

  /** Names a host that is known by its address alone; one that introduced itself keeps its name. Of two with one name the second shows its address too. */
  suggestName(id: string, name: string): void {
    const entity = this.#entities.get(id);
    const key = entity?.aliases[0];
    if (entity?.kind !== 'host' || name === '' || key === undefined) return;
    if (entity.aliases.some((alias) => alias.startsWith('host_id='))) return;
    const address = key.replace(/^instance=/, '');
    const isTaken = [...this.#entities.values()].some((other) => other.id !== id && other.name === name);
    const shown = isTaken && address !== name ? `${name} (${address})` : name;
    if (shown !== entity.name) this.#set({ ...entity, name: shown });
  }

  /** The name under which a host may report: its own, or with a number behind it where another machine has that name already. */
  freeInstance(hostname: string, stableId: string): string {
    const own = this.#entities.get(this.#byAlias.get(`host_id=${stableId}`) ?? '');
    const before = own?.aliases.find((alias) => alias.startsWith('instance='))?.slice('instance='.length);
    if (before !== undefined) return before;
    for (let n = 1; ; n++) {
      const candidate = n === 1 ? hostname : `${hostname}-${n}`;
      const holder = this.#entities.get(this.#byAlias.get(`instance=${candidate}`) ?? '');
      const introduced = holder?.aliases.some((alias) => alias.startsWith('host_id=')) ?? false;
      if (!introduced) return candidate;
    }
  }

  /** Notes that data came. Written down at most once in five minutes: it is not worth a write a sample. */
  touch(id: string, at: number): void {
    const entity = this.#entities.get(id);
    if (entity === undefined || at <= entity.lastSeenAt) return;
    this.#entities.set(id, { ...entity, lastSeenAt: at });
    if (at - (this.#writtenAt.get(id) ?? 0) > WRITE_EVERY_MS) this.#dirty.add(id);
  }

  /** Entities that changed since the last call, to be written down; at most so many. */
  takeDirty(most = Number.POSITIVE_INFINITY): readonly Entity[] {
    const rows: Entity[] = [];
    for (const id of this.#dirty) {
      if (rows.length >= most) break;
      this.#dirty.delete(id);
      const row = this.#entities.get(id);
      if (row === undefined) continue;
      this.#writtenAt.set(id, row.lastSeenAt);
      rows.push(row);
    }
    return rows;
  }

  #set(entity: Entity): void {
    this.#keep({ ...entity });
    this.#dirty.add(entity.id);
  }

  #keep(entity: Entity): void {
    this.#entities.set(entity.id, entity);
    if (entity.kind === 'host') this.#hosts.add(entity.id);
    else this.#hosts.delete(entity.id);
    for (const alias of entity.aliases) this.#byAlias.set(alias, entity.id);
    for (const listener of this.#listeners) listener(entity);
  }
}

/** Fills the registry with who is known already: before the series are loaded, which ask for their entity. */
export async function loadEntities(registry: EntityRegistry, records: RecordStore): Promise<void> {
  for await (const rows of rowPages(records, 'entities')) registry.load(rows);
}
