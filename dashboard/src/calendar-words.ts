import type { CalendarAnswer, CalendarEntryView } from '../../src/api/contract/index.ts';
import { governsByKind } from '../../src/api/contract/calendar-words.ts';
import { clock, duration } from './format.ts';

export { governsByKind };

/* The calendar in words, and its days. Pure: the present comes from the caller; days are those of the browser's zone. */

export type Kind = CalendarEntryView['kind'];
export type Governable = CalendarEntryView['governs'][number];

export interface Planned {
  readonly entry: CalendarEntryView;
  readonly startsAt: number;
  readonly endsAt: number;
}

export const kindWords: Readonly<Record<Kind, string>> = {
  maintenance: 'Maintenance',
  holiday: 'Holiday',
  freeze: 'Freeze',
  silence: 'Silence',
  'quiet-hours': 'Quiet hours',
};

export const governableWords: Readonly<Record<Governable, string>> = {
  alerting: 'Alerting',
  training: 'Learning',
  objectives: 'Objectives',
  remediation: 'Remediation',
};

/** Occurrences with their entries, the earliest first. */
export function plannedIn({ occurrences, entries }: CalendarAnswer): Planned[] {
  const byId = new Map(entries.map((entry) => [entry.id, entry]));
  return occurrences.flatMap(({ entryId, startsAt, endsAt }) => {
    const entry = byId.get(entryId);
    return entry === undefined ? [] : [{ entry, startsAt: Date.parse(startsAt), endsAt: Date.parse(endsAt) }];
  });
}

/** The page's first sentence: what holds now, else what comes today, then what comes next. */
export function calendarSentence(planned: readonly Planned[], now: number): string {
  const holding = planned.filter(({ startsAt, endsAt }) => startsAt <= now && now < endsAt);
  const coming = planned.filter(({ startsAt }) => startsAt > now);
  const today = coming.filter(({ startsAt }) => startsAt < dayAfter(startOfDay(now)));
  const next = coming[0];
  const later =
    next === undefined
      ? ''
      : `${aKind(next.entry)} ${next.entry.kind === 'quiet-hours' ? 'begin' : 'begins'} ${when(next.startsAt, now)}`;
  if (holding.length > 0) {
    const first = holding.reduce((a, b) => (b.endsAt > a.endsAt ? b : a));
    const others = holding.length > 1 ? `, and ${holding.length - 1} more hold` : '';
    return `${named(first.entry)} holds until ${clock(first.endsAt, now)}${others}${later === '' ? '.' : `; ${later}.`}`;
  }
  if (today.length > 0)
    return `${today.length === 1 ? 'One thing is' : `${today.length} things are`} planned today; ${later}.`;
  return later === '' ? 'Nothing is planned.' : `Nothing is planned today; ${later}.`;
}

function named({ kind, title }: CalendarEntryView): string {
  return `${kindWords[kind]} “${title}”`;
}

function aKind({ kind, title }: CalendarEntryView): string {
  const article = kind === 'quiet-hours' ? '' : 'a ';
  return `${article}${kindWords[kind].toLowerCase()} (${title})`;
}

function when(at: number, now: number): string {
  const start = startOfDay(now);
  const time = clock(at, at);
  if (at < dayAfter(start)) return `at ${time}`;
  if (at < dayAfter(dayAfter(start))) return `tomorrow at ${time}`;
  return `on ${dayText(at, now)}${time === '00:00' ? '' : ` at ${time}`}`;
}

/** What an entry does, as sentences a person can check before saving. */
export function effectSentences(kind: Kind, governs: readonly Governable[], about: string): string[] {
  const says: string[] = [];
  const whom = about === 'everything' ? 'anything' : about;
  const has = (one: Governable): boolean => governs.includes(one);
  if (has('alerting'))
    says.push(
      kind === 'quiet-hours'
        ? `About ${whom} only what is critical is told at once; the rest is told at the end, if it still stands.`
        : `Nobody is told about ${whom}; what still stands at the end is told then.`,
    );
  if (has('training'))
    says.push(
      kind === 'holiday'
        ? 'What comes is not taught as a workday, nor judged by one.'
        : 'What comes is scored, but nothing of it is learnt.',
    );
  if (has('objectives')) says.push('Objectives and forecasts are not counted.');
  says.push(has('remediation') ? 'No runbook or change may run.' : 'Runbooks may run.');
  return says;
}

/** Whom it is about, after a preposition: `everything`, `db-1, rule disk-low`. */
export function aboutText({ scope, entityName }: Pick<CalendarEntryView, 'scope' | 'entityName'>): string {
  const parts = [
    entityName,
    scope.service,
    scope.rule === null ? null : `rule ${scope.rule}`,
    scope.subject,
    ...scope.labels.map(({ name, op, value }) => `${name}${op}"${value}"`),
  ].filter((part) => part !== null);
  return parts.length === 0 ? 'everything' : parts.join(', ');
}

/** Each entry once, with its next occurrence. */
export function nextOfEach(planned: readonly Planned[]): Planned[] {
  const seen = new Set<string>();
  return planned.filter(({ entry }) => !seen.has(entry.id) && seen.add(entry.id));
}

export function lengthText({ startsAt, endsAt }: Pick<Planned, 'startsAt' | 'endsAt'>): string {
  return duration(endsAt - startsAt);
}

const repeats: Readonly<Record<string, string>> = {
  'FREQ=DAILY': 'every day',
  'FREQ=WEEKLY': 'every week',
  'FREQ=WEEKLY;BYDAY=MO,TU,WE,TH,FR': 'on workdays',
  'FREQ=MONTHLY': 'every month',
  'FREQ=YEARLY': 'every year',
};
export const repeatChoices = Object.entries(repeats);

export function repeatText(recurrence: string | null): string {
  return recurrence === null ? '' : (repeats[recurrence] ?? `by the rule ${recurrence}`);
}

// ---- days

export function startOfDay(at: number): number {
  const date = new Date(at);
  return new Date(date.getFullYear(), date.getMonth(), date.getDate()).getTime();
}

/** Midnight of the next day: 23 or 25 hours away where the clock is changed. */
export function dayAfter(start: number, days = 1): number {
  const date = new Date(start);
  return new Date(date.getFullYear(), date.getMonth(), date.getDate() + days).getTime();
}

function startOfWeek(at: number): number {
  const start = startOfDay(at);
  return dayAfter(start, -((new Date(start).getDay() + 6) % 7));
}

export type View = 'week' | 'month';

/** The days that a view shows, Monday first: a week, or the whole weeks of a month. */
export function daysOf(view: View, at: number): number[] {
  const date = new Date(at);
  const first =
    view === 'week' ? startOfWeek(at) : startOfWeek(new Date(date.getFullYear(), date.getMonth()).getTime());
  const end = view === 'week' ? dayAfter(first, 7) : new Date(date.getFullYear(), date.getMonth() + 1).getTime();
  const days: number[] = [];
  for (let day = first; day < end || days.length % 7 !== 0; day = dayAfter(day)) days.push(day);
  return days;
}

/** The same day of the week or month before or after. */
export function shifted(view: View, at: number, by: number): number {
  const date = new Date(at);
  return view === 'week'
    ? dayAfter(startOfDay(at), 7 * by)
    : new Date(date.getFullYear(), date.getMonth() + by, 1).getTime();
}

export function ofDay(planned: readonly Planned[], day: number): Planned[] {
  const end = dayAfter(day);
  return planned.filter(({ startsAt, endsAt }) => startsAt < end && endsAt > day);
}

/** What of it stands in a day: its begin there, `all day`, or until when. */
export function timeIn({ startsAt, endsAt }: Planned, day: number): string {
  const end = dayAfter(day);
  if (startsAt <= day && endsAt >= end) return 'all day';
  if (startsAt <= day) return `until ${clock(endsAt, endsAt)}`;
  return clock(startsAt, startsAt);
}

export function viewTitle(view: View, days: readonly number[], at: number): string {
  const [first = at] = days;
  const last = days.at(-1) ?? at;
  if (view === 'month') return new Intl.DateTimeFormat('en-GB', { month: 'long', year: 'numeric' }).format(at);
  return new Intl.DateTimeFormat('en-GB', { day: 'numeric', month: 'short', year: 'numeric' }).formatRange(first, last);
}

export function dayText(at: number, now: number): string {
  const sameYear = new Date(at).getFullYear() === new Date(now).getFullYear();
  const how: Intl.DateTimeFormatOptions = { day: 'numeric', month: 'short' };
  return new Intl.DateTimeFormat('en-GB', sameYear ? how : { ...how, year: 'numeric' }).format(at);
}

/** As an input of kind datetime-local has it: `2026-12-24T18:00`, in the browser's zone. */
export function toInput(at: number): string {
  const date = new Date(at);
  const two = (n: number) => String(n).padStart(2, '0');
  return `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}T${two(date.getHours())}:${two(date.getMinutes())}`;
}
