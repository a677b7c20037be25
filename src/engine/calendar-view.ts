import type { Governing } from '../decide/calendar.ts';
import type { CalendarEntry, Governable, Occurrence } from '../model/index.ts';

/** What a person says of an entry. */
export type CalendarDraft = Pick<
  CalendarEntry,
  'kind' | 'title' | 'scope' | 'startsAt' | 'endsAt' | 'recurrence' | 'timeZone' | 'governs' | 'reason'
>;

/** What came of a file that was taken in. */
export interface TakenFile {
  readonly added: number;
  readonly replaced: number;
  readonly leftOut: readonly { readonly line: number; readonly reason: string }[];
}

/** The calendar as others see it. */
export interface CalendarView {
  entries(): readonly CalendarEntry[];
  /** Occurrences that overlap a range and are meant, the earliest first, at most so many. */
  between(
    from: number,
    to: number,
    most: number,
    isMeant?: (entry: CalendarEntry) => boolean,
  ): Promise<readonly Occurrence[]>;
  /** Whether an entry is about a host or service, whatever else it names. */
  isAbout(entry: CalendarEntry, entityId: string): boolean;
  /** In which entries recur unless they say otherwise. */
  readonly timeZone: string;
  /** All of it as an .ics file. */
  asFile(): string;
  /** Whether something holds for a host or service at a moment, and why; null where it does not. */
  governs(what: Governable, entityId: string | null, service: string | null, at: number): Governing | null;
  /** Rejects with BAD_REQUEST, NOT_FOUND, CONFLICT. */
  add(draft: CalendarDraft, by: string): Promise<CalendarEntry>;
  change(id: string, draft: CalendarDraft): Promise<CalendarEntry>;
  remove(id: string): Promise<void>;
  take(
    text: string,
    options: Pick<CalendarEntry, 'kind'> & { readonly timeZone?: string },
    by: string,
  ): Promise<TakenFile>;
}
