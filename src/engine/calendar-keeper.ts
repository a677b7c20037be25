import { randomUUID } from 'node:crypto';
import {
  Calendar,
  type CalendarTarget,
  emptyCalendar,
  type Governing,
  governedBy,
  governedWithin,
  targetOf,
} from '../decide/calendar.ts';
import { writeCalendarFile } from '../decide/calendar-file.ts';
import { checkTimes, overAt } from '../decide/recurrence.ts';
import type { TeachingAt } from '../detect/apart.ts';
import { AuspexError } from '../errors.ts';
import { InTurn } from '../in-turn.ts';
import {
  type CalendarEntry,
  type Clock,
  type Entity,
  type Governable,
  type Occurrence,
  type RecordStore,
  rowPages,
} from '../model/index.ts';
import { nextTurn } from '../next-turn.ts';
import type { CalendarDraft, CalendarView, TakenFile } from './calendar-view.ts';
import type { EntityRegistry } from './entity-registry.ts';
import type { EventRing } from './event-ring.ts';
import type { TaskPool } from './task-pool.ts';
import { teachingOf, type TrainingEntry } from './training-calendar.ts';

/** Entries kept here and in files; to follow one that recurs through eight days takes about 0.3 ms. */
const MOST_ENTRIES = 5000;
const MOST_RECURRING = 100;

export interface CalendarKeeperParts {
  readonly records: RecordStore;
  readonly ring: Pick<EventRing, 'publish'>;
  readonly clock: Clock;
  readonly registry: EntityRegistry;
  readonly timeZone: string;
  readonly tasks: TaskPool;
  /** The calendar is another one now; `training` is what of it governs training. */
  readonly onChange: (training: readonly TrainingEntry[]) => void;
}

/** The one calendar: entries that are kept and those of files. Everything that asks whether something holds now asks here. */
export class CalendarKeeper implements CalendarView {
  readonly #parts: CalendarKeeperParts;
  #kept = new Map<string, CalendarEntry>();
  #files: readonly CalendarEntry[] = [];
  #calendar: Calendar = emptyCalendar;
  #teachingAt: TeachingAt = teachingOf([]);
  /** Who is who, while their row is the same. */
  readonly #targets = new Map<string, { readonly entity: Entity | undefined; readonly target: CalendarTarget }>();
  /** Entries that govern the training of those they name otherwise than by id: a new one may be among them. */
  #byName: readonly CalendarEntry[] = [];
  readonly #known = new Set<string>();
  readonly #changes = new InTurn();

  constructor(parts: CalendarKeeperParts) {
    this.#parts = parts;
  }

  async load(): Promise<void> {
    for (const { id } of this.#parts.registry.all()) this.#known.add(id);
    for await (const rows of rowPages(this.#parts.records, 'calendar'))
      for (const row of rows) this.#kept.set(row.id, { ...row, file: null });
    this.#renew();
  }

  get calendar(): Calendar {
    return this.#calendar;
  }

  get teachingAt(): TeachingAt {
    return this.#teachingAt;
  }

  targetOf = (entityId: string): CalendarTarget => {
    const entity = this.#parts.registry.get(entityId);
    const known = this.#targets.get(entityId);
    // A row is made anew with every sample; what is looked at here stays.
    if (known?.entity?.name === entity?.name && known?.entity?.aliases === entity?.aliases && known !== undefined)
      return known.target;
    const target = targetOf(entity, entityId);
    this.#targets.set(entityId, { entity, target });
    return target;
  };

  entries(): readonly CalendarEntry[] {
    return this.#calendar.entries;
  }

  async between(
    from: number,
    to: number,
    most: number,
    isMeant: (entry: CalendarEntry) => boolean = () => true,
  ): Promise<readonly Occurrence[]> {
    const found: Occurrence[] = [];
    for (const some of this.#calendar.between(from, to)) {
      found.push(...some.filter(({ entry }) => isMeant(entry)));
      if (found.length >= most) break;
      await nextTurn();
    }
    return found.slice(0, most);
  }

  get timeZone(): string {
    return this.#parts.timeZone;
  }

  asFile(): string {
    return writeCalendarFile(this.entries(), this.#parts.clock.now());
  }

  isAbout(entry: CalendarEntry, entityId: string): boolean {
    const { rule, subject } = entry.scope;
    return this.#calendar.isAbout(entry, { ...this.targetOf(entityId), rule, subject });
  }

  governs(what: Governable, entityId: string | null, service: string | null, at: number): Governing | null {
    return governedBy(this.#calendar, what, this.#target(entityId, service), at);
  }

  governsWithin(what: Governable, entityId: string, from: number, to: number): Governing | null {
    return governedWithin(this.#calendar, what, this.targetOf(entityId), from, to);
  }

  #target(entityId: string | null, service: string | null): CalendarTarget {
    const target = entityId === null ? { ...targetOf(undefined, ''), entityId: null } : this.targetOf(entityId);
    return service === null ? target : { ...target, names: [...target.names, service] };
  }

  add(draft: CalendarDraft, by: string): Promise<CalendarEntry> {
    return this.#changes.run(async () => {
      const entry = this.#made(draft, { id: randomUUID(), createdBy: by, createdAt: this.#parts.clock.now() });
      this.#checkRoom([entry]);
      await this.#store([entry]);
      this.#publish('added', entry.title);
      return entry;
    });
  }

  change(id: string, draft: CalendarDraft): Promise<CalendarEntry> {
    return this.#changes.run(async () => {
      const { createdBy, createdAt } = this.#own(id);
      const entry = this.#made(draft, { id, createdBy, createdAt });
      this.#checkRoom([entry]);
      await this.#store([entry]);
      this.#publish('changed', entry.title);
      return entry;
    });
  }

  /** One that holds now ends now and stays on the record; any other goes. */
  remove(id: string): Promise<void> {
    return this.#changes.run(async () => {
      const entry = this.#own(id);
      const now = this.#parts.clock.now();
      if (entry.recurrence === null && entry.startsAt < now && now < entry.endsAt)
        await this.#store([{ ...entry, endsAt: now, overAt: now }]);
      else {
        await this.#parts.records.remove('calendar', { id });
        this.#kept.delete(id);
        this.#renew();
      }
      this.#publish('removed', entry.title);
    });
  }

  /** Takes an .ics file in; what is known by its UID is replaced. Read on another thread. Rejects with BAD_REQUEST. */
  take(
    text: string,
    options: Pick<CalendarEntry, 'kind'> & { readonly timeZone?: string },
    by: string,
  ): Promise<TakenFile> {
    return this.#changes.run(async () => {
      const { records, timeZone, clock } = this.#parts;
      const read = await this.#parts.tasks.run('readCalendar', {
        text,
        options: {
          kind: options.kind,
          timeZone: options.timeZone ?? timeZone,
          createdBy: by,
          now: clock.now(),
          file: null,
        },
      });
      if ('fault' in read) throw new AuspexError('BAD_REQUEST', read.fault);
      this.#checkRoom(read.entries);
      const replaced = read.entries.filter(({ id }) => this.#kept.has(id)).length;
      await records.transaction((access) => access.put('calendar', read.entries.map(rowOf)));
      for (const entry of read.entries) this.#kept.set(entry.id, entry);
      this.#renew();
      this.#publish('imported', `${read.entries.length} entries`);
      return { added: read.entries.length - replaced, replaced, leftOut: read.leftOut };
    });
  }

  /** Entries of the configured files, in place of those that were. Throws CONFLICT where they are too many. */
  setFiles(entries: readonly CalendarEntry[]): void {
    if (entries.length === 0 && this.#files.length === 0) return;
    this.#checkRoom(entries, true);
    this.#files = entries;
    this.#renew();
    this.#publish('imported', `${entries.length} entries of files`);
  }

  /** Somebody is watched who was not: an entry may be about them by name. Before their samples come. */
  noteEntity(entityId: string): void {
    if (this.#known.has(entityId)) return;
    this.#known.add(entityId);
    const target = this.targetOf(entityId);
    if (this.#byName.some((entry) => this.#calendar.isAbout(entry, target))) this.#renew();
  }

  #own(id: string): CalendarEntry {
    const own = this.#kept.get(id);
    if (own !== undefined) return own;
    const filed = this.#files.find((entry) => entry.id === id);
    if (filed !== undefined)
      throw new AuspexError('CONFLICT', `“${filed.title}” stands in ${filed.file}; change it there, and reload.`);
    throw new AuspexError('NOT_FOUND', `The calendar has no entry with the id “${id}”.`);
  }

  #made(draft: CalendarDraft, made: Pick<CalendarEntry, 'id' | 'createdBy' | 'createdAt'>): CalendarEntry {
    const { scope } = draft;
    if (scope.entityId !== null && this.#parts.registry.get(scope.entityId) === undefined)
      throw new AuspexError('NOT_FOUND', `Nothing with the id ${scope.entityId} is watched.`);
    checkTimes({ ...draft, except: [] });
    return { ...draft, ...made, except: [], overAt: overAt({ ...draft, except: [] }), file: null };
  }

  #checkRoom(entries: readonly CalendarEntry[], areFiles = false): void {
    const fresh = new Set(entries.map(({ id }) => id));
    const others = [...this.#kept.values(), ...(areFiles ? [] : this.#files)].filter(({ id }) => !fresh.has(id));
    const all = [...others, ...entries];
    const recurring = all.filter(({ recurrence }) => recurrence !== null).length;
    if (all.length > MOST_ENTRIES || recurring > MOST_RECURRING)
      throw new AuspexError(
        'CONFLICT',
        `The calendar would have ${all.length} entries, ${recurring} of which recur; it holds ${MOST_ENTRIES}, and ${MOST_RECURRING} that recur. Remove some first.`,
      );
  }

  async #store(entries: readonly CalendarEntry[]): Promise<void> {
    await this.#parts.records.put('calendar', entries.map(rowOf));
    for (const entry of entries) this.#kept.set(entry.id, entry);
    this.#renew();
  }

  #renew(): void {
    this.#calendar = new Calendar([...this.#kept.values(), ...this.#files]);
    const training = this.#training();
    this.#teachingAt = teachingOf(training);
    this.#parts.onChange(training);
  }

  /** What governs training, with whom. One that is about a rule or a subject is about no training. */
  #training(): TrainingEntry[] {
    const governing = this.#calendar.entries.filter(
      ({ governs, scope }) => governs.includes('training') && scope.rule === null && scope.subject === null,
    );
    const isByName = ({ scope }: CalendarEntry): boolean => scope.service !== null || scope.labels.length > 0;
    this.#byName = governing.filter(isByName);
    return governing.map((entry) => {
      const { entityId } = entry.scope;
      if (!isByName(entry)) return { entry, entityIds: entityId === null ? null : [entityId] };
      const ids = this.#parts.registry.all().map(({ id }) => id);
      return { entry, entityIds: ids.filter((id) => this.#calendar.isAbout(entry, this.targetOf(id))) };
    });
  }

  #publish(change: 'added' | 'changed' | 'removed' | 'imported', title: string): void {
    this.#parts.ring.publish({ topic: 'calendar', change, title });
  }
}

function rowOf(entry: CalendarEntry): Omit<CalendarEntry, 'file'> {
  const { file: _file, ...row } = entry;
  return row;
}
