import type { Finding } from '../model/index.ts';
import type { EntityRecord } from './entity.ts';
import { FLAG, I32, RECORD_BYTES, type SeriesSlab } from './series-slab.ts';

/** What is done with what comes at a time: it is learnt; not as a workday; or it is scored and nothing of it is kept. */
export type Teaching = 'learn' | 'holiday' | 'apart';

/** How an entity's samples are taken at a time, and from when to when that holds. */
export type TeachingAt = (
  entityId: string,
  at: number,
) => { readonly teaching: Teaching; readonly from: number; readonly until: number };

/** Bits of a record's flags that are learnt; the others say what the series is. Bits 8–15 are days of season. */
const LEARNT_FLAGS = FLAG.seasonal | FLAG.held | FLAG.holiday | (255 << 8);

interface Kept {
  /** The entity as it was, as JSON. */
  readonly entity: string;
  readonly lastAt: number;
  /** Records as they were, of members at once, of others when they are first touched. */
  readonly records: Map<number, Uint8Array>;
}

/**
 * What entities had learnt when a time began that teaches nothing. In that time everything goes on on the state itself, so
 * that findings open and end; at its end the state is as it was kept, as if nothing had come. About 576 bytes a series that reports.
 */
export class ApartStates {
  readonly #kept = new Map<number, Kept>();

  enter(entity: EntityRecord, lastAt: number, slab: SeriesSlab): void {
    this.#kept.set(entity.index, { entity: JSON.stringify(entity), lastAt, records: new Map() });
    for (const { slot } of entity.members) this.keep(entity.index, slot, slab);
  }

  /** Keeps a series' record before it is touched. */
  keep(index: number, slot: number, slab: SeriesSlab): void {
    const records = this.#kept.get(index)?.records;
    if (records === undefined || records.has(slot)) return;
    const base = slab.base(slot);
    records.set(slot, slab.page(slot).bytes.slice(base, base + RECORD_BYTES));
  }

  /** The entity as it was kept, for what a person says meanwhile: null where it is not apart. */
  change(index: number, change: (kept: EntityRecord) => void): void {
    const kept = this.#kept.get(index);
    if (kept === undefined) return;
    const entity = entityFrom(kept.entity);
    change(entity);
    this.#kept.set(index, { ...kept, entity: JSON.stringify(entity) });
  }

  /** Puts back what was kept; gives when it had last been heard, and the findings that had opened since. */
  leave(
    entity: EntityRecord,
    slab: SeriesSlab,
  ): { readonly lastAt: number; readonly opened: readonly Finding[] } | null {
    const kept = this.#kept.get(entity.index);
    if (kept === undefined) return null;
    this.#kept.delete(entity.index);
    const before = openFindings(entity);
    for (const [slot, bytes] of kept.records) restoreRecord(slab, slot, bytes);
    restoreEntity(entity, entityFrom(kept.entity));
    for (const { slot } of entity.members) {
      const flags = slab.flags(slot);
      slab.setFlags(slot, entity.held ? flags | FLAG.held : flags & ~FLAG.held);
    }
    const open = new Set(openFindings(entity).map(({ id }) => id));
    return { lastAt: kept.lastAt, opened: before.filter(({ id }) => !open.has(id)) };
  }

  toParts(): { readonly json: string; readonly bytes: Uint8Array } {
    const all = [...this.#kept].map(([index, { entity, lastAt, records }]) => ({
      index,
      entity,
      lastAt,
      slots: [...records.keys()],
    }));
    const records = [...this.#kept.values()].flatMap((kept) => [...kept.records.values()]);
    const bytes = new Uint8Array(records.length * RECORD_BYTES);
    records.forEach((record, i) => bytes.set(record, i * RECORD_BYTES));
    return { json: JSON.stringify(all), bytes };
  }

  static fromParts(json: string, bytes: Uint8Array): ApartStates {
    const all = JSON.parse(json) as { index: number; entity: string; lastAt: number; slots: number[] }[];
    const out = new ApartStates();
    let at = 0;
    for (const { index, entity, lastAt, slots } of all) {
      const records = new Map<number, Uint8Array>();
      for (const slot of slots) {
        records.set(slot, bytes.slice(at, at + RECORD_BYTES));
        at += RECORD_BYTES;
      }
      out.#kept.set(index, { entity, lastAt, records });
    }
    return out;
  }

  /** Which entities are apart. */
  indices(): readonly number[] {
    return [...this.#kept.keys()];
  }
}

function entityFrom(json: string): EntityRecord {
  const entity = JSON.parse(json) as EntityRecord;
  entity.vector = entity.vector.map((value) => value ?? Number.NaN);
  return entity;
}

function openFindings(entity: EntityRecord): Finding[] {
  const open = Object.values(entity.subjects).flatMap((one) => (one.episode === null ? [] : [one.episode.finding]));
  return entity.absence?.status === 'open' ? [...open, entity.absence] : open;
}

/** What is learnt as it was; what the series is (a member, and where) as it is now. */
function restoreRecord(slab: SeriesSlab, slot: number, bytes: Uint8Array): void {
  const now = slab.flags(slot);
  const { i32 } = slab.page(slot);
  const entity = i32[(slab.base(slot) >> 2) + I32.entity] as number;
  slab.page(slot).bytes.set(bytes, slab.base(slot));
  slab.setFlags(slot, (slab.flags(slot) & LEARNT_FLAGS) | (now & ~LEARNT_FLAGS));
  i32[(slab.base(slot) >> 2) + I32.entity] = entity;
}

/** As it was, but for who it is and which series it has. */
function restoreEntity(entity: EntityRecord, kept: EntityRecord): void {
  const { name, timeZone, isHost, groups, members } = entity;
  const bySlot = new Map(kept.members.map((member) => [member.slot, member]));
  const merged = members.map((member) => {
    const old = bySlot.get(member.slot);
    return old === undefined
      ? { ...member, seen: kept.round - 1, before: null, pending: [] }
      : { ...member, seen: old.seen, before: old.before, pending: old.pending };
  });
  const added = merged.filter(({ slot }) => !bySlot.has(slot)).length;
  Object.assign(entity, kept, { name, timeZone, isHost, groups, members: merged, expected: kept.expected + added });
}
