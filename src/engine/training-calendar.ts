import { Calendar } from '../decide/calendar.ts';
import type { Teaching, TeachingAt } from '../detect/apart.ts';
import type { CalendarEntry } from '../model/index.ts';

/** An entry that governs training, with the ids of those it is about; null is everybody. */
export interface TrainingEntry {
  readonly entry: CalendarEntry;
  readonly entityIds: readonly string[] | null;
}

/** What is learnt of whom when. The same entries give the same answers on every thread, live and in a replay. */
export function teachingOf(entries: readonly TrainingEntry[]): TeachingAt {
  const calendar = new Calendar(entries.map(({ entry }) => entry));
  const about = new Map(entries.map(({ entry, entityIds }) => [entry, entityIds === null ? null : new Set(entityIds)]));
  return (entityId, at) => {
    const isMeant = (entry: CalendarEntry): boolean => about.get(entry)?.has(entityId) ?? true;
    let teaching: Teaching = 'learn';
    for (const { entry } of calendar.at(at)) {
      if (!isMeant(entry)) continue;
      if (entry.kind !== 'holiday') teaching = 'apart';
      else if (teaching === 'learn') teaching = 'holiday';
    }
    return { teaching, ...calendar.unchanged(at, isMeant) };
  };
}

export interface Untaught {
  readonly from: number;
  readonly to: number;
  readonly teaching: Exclude<Teaching, 'learn'>;
}

/** The times within a range of which not all is learnt, the earliest first. O(changes in the range). */
export function untaughtWithin(teachingAt: TeachingAt, entityId: string, from: number, to: number): Untaught[] {
  const found: Untaught[] = [];
  for (let at = from; at < to; ) {
    const { teaching, until } = teachingAt(entityId, at);
    const end = Math.min(until, to);
    const last = found.at(-1);
    if (teaching !== 'learn' && last?.to === at && last.teaching === teaching)
      found[found.length - 1] = { ...last, to: end };
    else if (teaching !== 'learn') found.push({ from: at, to: end, teaching });
    at = end;
  }
  return found;
}
