import {
  type Alert,
  type CalendarEntry,
  type Entity,
  type Governable,
  labelPairs,
  type Labels,
  labelsFrom,
  type Occurrence,
  type Severity,
} from '../model/index.ts';
import { occurrencesBetween } from './recurrence.ts';
import { labelMatcher } from './threshold-rules.ts';

const DAY = 86_400_000;
/** Occurrences are looked up by stretches of so many days; of these, so many are remembered. */
const STRETCH_MS = 8 * DAY;
const STRETCHES = 64;
/** What was looked up of an entry, whichever calendar it stands in: a change of one entry costs one. */
const expanded = new WeakMap<CalendarEntry, Map<number, readonly Occurrence[]>>();

function inStretch(entry: CalendarEntry, stretch: number): readonly Occurrence[] {
  const known = expanded.get(entry) ?? new Map<number, readonly Occurrence[]>();
  let found = known.get(stretch);
  if (found !== undefined) return found;
  found = occurrencesBetween(entry, stretch * STRETCH_MS, (stretch + 1) * STRETCH_MS, MOST_IN_STRETCH);
  // What is once is found at once.
  if (entry.recurrence === null) return found;
  if (known.size >= STRETCHES) known.clear();
  expanded.set(entry, known.set(stretch, found));
  return found;
}
/** Occurrences of one entry in a stretch: a daily one has eight. */
const MOST_IN_STRETCH = 100;

/** Whom a question to the calendar is about; what does not apply is null. */
export interface CalendarTarget {
  readonly entityId: string | null;
  /** What it is called, as a service and as a job. */
  readonly names: readonly string[];
  readonly rule: string | null;
  readonly subject: string | null;
  readonly severity: Severity | null;
  readonly labels: Labels;
}

/** The calendar, and who is who in it. */
export interface Governance {
  readonly calendar: Calendar;
  readonly targetOf: (entityId: string) => CalendarTarget;
}

/** What holds for something at a moment, and why. */
export interface Governing extends Occurrence {
  /** Quiet hours let pass what is critical; a holiday keeps only the habits of workdays from being taught. */
  readonly effect: 'full' | 'workdays-only' | 'delayed';
  /** As a sentence, with the entry's title and its end. */
  readonly reason: string;
}

/**
 * Entries with their occurrences, looked up by time. What it remembers is worked out from the entries alone, so that the
 * same entries give the same answers, live and in a replay.
 */
export class Calendar {
  readonly entries: readonly CalendarEntry[];
  readonly #stretches = new Map<number, readonly Occurrence[]>();
  /** What holds, while nothing begins or ends. */
  #now: { readonly from: number; readonly until: number; readonly found: readonly Occurrence[] } | null = null;
  readonly #matchers = new Map<CalendarEntry, (labels: Labels) => boolean>();

  constructor(entries: readonly CalendarEntry[]) {
    this.entries = entries;
    for (const entry of entries)
      if (entry.scope.labels.length > 0) this.#matchers.set(entry, labelMatcher(entry.scope.labels));
  }

  /** Occurrences that overlap a range, the earliest first, stretch by stretch: a caller may rest between. O(entries) each. */
  *between(from: number, to: number): Generator<readonly Occurrence[]> {
    const first = Math.floor(from / STRETCH_MS);
    for (let stretch = first; stretch * STRETCH_MS < to; stretch++) {
      const begin = stretch * STRETCH_MS;
      yield this.#around(begin)
        .filter(({ startsAt, endsAt }) => startsAt < to && endsAt > from && (stretch === first || startsAt >= begin))
        .sort(byTime);
    }
  }

  /** Occurrences in which a moment lies. O(1) while nothing begins or ends, else O(those of the days around it). */
  at(at: number): readonly Occurrence[] {
    if (this.#now !== null && at >= this.#now.from && at < this.#now.until) return this.#now.found;
    const found = this.#around(at).filter(({ startsAt, endsAt }) => startsAt <= at && at < endsAt);
    this.#now = { ...this.unchanged(at, () => true), found };
    return found;
  }

  /** From when to when the occurrences that `isMeant` are the same as at a moment: within the days around it at most. */
  unchanged(at: number, isMeant: (entry: CalendarEntry) => boolean): { readonly from: number; readonly until: number } {
    const stretch = Math.floor(at / STRETCH_MS);
    let from = stretch * STRETCH_MS;
    let until = from + STRETCH_MS;
    for (const { entry, startsAt, endsAt } of this.#around(at)) {
      if (!isMeant(entry)) continue;
      for (const edge of [startsAt, endsAt]) {
        if (edge <= at) from = Math.max(from, edge);
        else until = Math.min(until, edge);
      }
    }
    return { from, until };
  }

  isAbout(entry: CalendarEntry, target: CalendarTarget): boolean {
    const { entityId, service, rule, subject } = entry.scope;
    return (
      (entityId === null || entityId === target.entityId) &&
      (service === null || target.names.includes(service)) &&
      (rule === null || rule === target.rule) &&
      (subject === null || subject === target.subject) &&
      (this.#matchers.get(entry)?.(target.labels) ?? true)
    );
  }

  #around(at: number): readonly Occurrence[] {
    if (this.entries.length === 0) return [];
    const stretch = Math.floor(at / STRETCH_MS);
    let found = this.#stretches.get(stretch);
    if (found === undefined) {
      found = this.entries.flatMap((entry) => inStretch(entry, stretch));
      if (this.#stretches.size >= STRETCHES) this.#stretches.clear();
      this.#stretches.set(stretch, found);
    }
    return found;
  }
}

export const emptyCalendar = new Calendar([]);

/**
 * Whether the calendar governs something now, and why: null where it does not. Of several entries the one that goes furthest
 * decides, then the one that ends last, so that its end is when it ceases to hold. Pure. O(occurrences of the days around).
 */
export function governedBy(calendar: Calendar, what: Governable, target: CalendarTarget, at: number): Governing | null {
  let found: Occurrence | null = null;
  for (const one of calendar.at(at)) {
    if (!one.entry.governs.includes(what) || !calendar.isAbout(one.entry, target)) continue;
    if (effectOf(one.entry, what) === 'delayed' && target.severity === 'critical') continue;
    if (found === null || goesFurther(one, found, what)) found = one;
  }
  return found === null ? null : { ...found, effect: effectOf(found.entry, what), reason: reasonOf(found) };
}

/** The first occurrence within a range that governs something; null where none does. O(entries). */
export function governedWithin(
  calendar: Calendar,
  what: Governable,
  target: CalendarTarget,
  from: number,
  to: number,
): Governing | null {
  for (const entry of calendar.entries) {
    if (!entry.governs.includes(what) || !calendar.isAbout(entry, target)) continue;
    const [found] = occurrencesBetween(entry, from, to, 1);
    if (found !== undefined) return { ...found, effect: effectOf(entry, what), reason: reasonOf(found) };
  }
  return null;
}

function effectOf({ kind }: CalendarEntry, what: Governable): Governing['effect'] {
  if (what === 'alerting' && kind === 'quiet-hours') return 'delayed';
  return what === 'training' && kind === 'holiday' ? 'workdays-only' : 'full';
}

function goesFurther(one: Occurrence, other: Occurrence, what: Governable): boolean {
  const fullness = Number(effectOf(one.entry, what) === 'full') - Number(effectOf(other.entry, what) === 'full');
  return fullness > 0 || (fullness === 0 && one.endsAt > other.endsAt);
}

const WORDS: Readonly<Record<CalendarEntry['kind'], string>> = {
  maintenance: 'Maintenance',
  holiday: 'Holiday',
  freeze: 'Freeze',
  silence: 'Silence',
  'quiet-hours': 'Quiet hours',
};

function reasonOf({ entry, endsAt }: Occurrence): string {
  const until = new Date(endsAt).toISOString();
  if (entry.kind === 'silence') {
    const why = entry.reason === '' ? entry.title : entry.reason;
    return `Silenced by ${entry.createdBy} until ${until}${why === '' ? '' : `: ${why}`}`;
  }
  const after = entry.kind === 'quiet-hours' ? '; only what is critical is told at once' : '';
  const why = entry.reason === '' || entry.reason === entry.title ? '' : `: ${entry.reason}`;
  return `${WORDS[entry.kind]} “${entry.title}” until ${until}${after}${why}`;
}

/** What something that is watched is called, and its labels as other systems know it. */
export function targetOf(entity: Entity | undefined, entityId: string): CalendarTarget {
  const values = (name: string): string[] =>
    (entity?.aliases ?? []).flatMap((alias) => alias.split(',').flatMap((part) => valueOf(part, name)));
  const name = entity?.name ?? entityId;
  const [instance = name] = values('instance');
  const [job = ''] = values('job');
  const names = [name, entityId.slice(entityId.indexOf(':') + 1), ...values('job'), ...values('service')];
  return {
    entityId,
    names: [...new Set(names.filter((one) => one !== ''))],
    rule: null,
    subject: null,
    severity: null,
    labels: labelsFrom([
      ['entity', name],
      ['instance', instance],
      ['job', job],
    ]),
  };
}

function valueOf(part: string, name: string): string[] {
  return part.startsWith(`${name}=`) ? [part.slice(name.length + 1)] : [];
}

/** An alert as the calendar sees it: labels are those that other systems get with it. */
export function targetOfAlert(alert: Alert, about: CalendarTarget): CalendarTarget {
  const { rule, subject, severity, resource } = alert;
  const own = labelsFrom([
    ...labelPairs(about.labels),
    ['alertname', rule],
    ['subject', subject],
    ['severity', severity],
    ['resource', resource],
  ]);
  return { ...about, rule, subject, severity, labels: own };
}

function byTime(a: Occurrence, b: Occurrence): number {
  return a.startsAt - b.startsAt || (a.entry.id < b.entry.id ? -1 : 1);
}
