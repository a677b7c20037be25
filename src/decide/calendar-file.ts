import ICAL from 'ical.js';
import { AuspexError } from '../errors.ts';
import {
  type CalendarEntry,
  type CalendarKind,
  type CalendarScope,
  calendarKinds,
  everything,
  governables,
  governsByKind,
  type Matcher,
} from '../model/index.ts';
import { checkTimes, civilMs, isTimeZone, localOf, overAt, utcOf } from './recurrence.ts';
import { stableId } from './stable-id.ts';

/** Longest file that is read, characters, and most events in one: what takes longer would hold up others. */
export const MOST_CHARACTERS = 2_000_000;
const MOST_EVENTS = 2000;
const LONGEST_TITLE = 200;
const LONGEST_REASON = 500;
const MOST_EXCEPTIONS = 500;
const OWN = '@auspex';
const DAY = 86_400_000;

export interface FileOptions {
  /** Of events whose CATEGORIES name none. */
  readonly kind: CalendarKind;
  /** Of what has no zone of its own. */
  readonly timeZone: string;
  readonly createdBy: string;
  readonly now: number;
  readonly file: string | null;
}

/** What a calendar file says, and what in it was left out and why. */
export interface CalendarFile {
  readonly entries: readonly CalendarEntry[];
  readonly leftOut: readonly { readonly line: number; readonly reason: string }[];
}

/**
 * Reads a calendar of RFC 5545 (.ics). An event that says what is not understood here is left out with its line. Throws
 * BAD_REQUEST, with the line, where the file is none, is too long or has too many events. O(length).
 */
export function readCalendarFile(text: string, options: FileOptions): CalendarFile {
  if (text.length > MOST_CHARACTERS)
    throw new AuspexError(
      'BAD_REQUEST',
      `The calendar has ${text.length} characters, at most ${MOST_CHARACTERS} are read.`,
    );
  const lines = text.split(/\r\n|\r|\n/);
  const begins = lines.flatMap((line, i) => (/^BEGIN:VEVENT\s*$/i.test(line) ? [i + 1] : []));
  if (begins.length > MOST_EVENTS)
    throw atLine(
      begins[MOST_EVENTS] ?? 1,
      `The calendar has ${begins.length} events, at most ${MOST_EVENTS} are read. Split it, or leave out past years`,
    );
  const calendar = parsed(text, lines);
  const zones = zonesOf(calendar);
  const entries = new Map<string, CalendarEntry>();
  const leftOut: { line: number; reason: string }[] = [];
  const moved: { uid: string; at: number }[] = [];
  calendar.getAllSubcomponents('vevent').forEach((event, i) => {
    const line = begins[i] ?? 1;
    try {
      const read = readEvent(event, zones, options);
      if (read.moved !== null) moved.push(read.moved);
      if (read.entry !== null) entries.set(read.entry.id, read.entry);
    } catch (error) {
      leftOut.push({ line, reason: error instanceof Error ? error.message : String(error) });
    }
  });
  for (const { uid, at } of moved) {
    const whole = entries.get(idOf(uid, null));
    if (whole !== undefined)
      entries.set(whole.id, { ...whole, except: [...whole.except, at].slice(0, MOST_EXCEPTIONS) });
  }
  return { entries: [...entries.values()], leftOut };
}

/** Entries as a calendar file that others and `readCalendarFile` read. */
export function writeCalendarFile(entries: readonly CalendarEntry[], now: number): string {
  const calendar = new ICAL.Component('vcalendar');
  calendar.addPropertyWithValue('version', '2.0');
  calendar.addPropertyWithValue('prodid', '-//Auspex//Calendar//EN');
  for (const entry of entries) {
    const event = new ICAL.Component('vevent');
    event.addPropertyWithValue('uid', `${entry.id}${OWN}`);
    event.addPropertyWithValue('dtstamp', utcTime(now));
    addTime(event, 'dtstart', entry.startsAt, entry.timeZone);
    addTime(event, 'dtend', entry.endsAt, entry.timeZone);
    if (entry.recurrence !== null) event.addPropertyWithValue('rrule', ICAL.Recur.fromString(entry.recurrence));
    for (const at of entry.except) addTime(event, 'exdate', at, entry.timeZone);
    event.addPropertyWithValue('summary', entry.title);
    if (entry.reason !== '') event.addPropertyWithValue('description', entry.reason);
    event.addPropertyWithValue('categories', entry.kind.toUpperCase());
    event.addPropertyWithValue('x-auspex-governs', entry.governs.join(' '));
    event.addPropertyWithValue('x-auspex-scope', JSON.stringify(entry.scope));
    calendar.addSubcomponent(event);
  }
  return `${calendar.toString()}\r\n`;
}

function parsed(text: string, lines: readonly string[]): ICAL.Component {
  let roots: unknown;
  try {
    roots = ICAL.parse(text);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw atLine(lineIn(lines, reason), `This is no calendar: ${reason.slice(0, 200)}`);
  }
  const calendar = new ICAL.Component((Array.isArray(roots) && Array.isArray(roots[0]) ? roots[0] : roots) as never[]);
  if (calendar.name !== 'vcalendar') throw atLine(1, 'This is no calendar: it does not begin with BEGIN:VCALENDAR');
  return calendar;
}

/** The parser quotes what it stumbled over; what it quotes not is the end. */
function lineIn(lines: readonly string[], reason: string): number {
  const quoted = /"([^"]{2,})"?\s*$/.exec(reason)?.[1];
  const found = quoted === undefined ? -1 : lines.findIndex((line) => line.startsWith(quoted.slice(0, 60)));
  return found < 0 ? lines.length : found + 1;
}

function atLine(line: number, message: string): AuspexError {
  return new AuspexError('BAD_REQUEST', `Line ${line}: ${message.replace(/\.$/, '')}.`, { data: { line } });
}

/** Zones that a file calls by names of its own, where it says which they are. */
function zonesOf(calendar: ICAL.Component): ReadonlyMap<string, string> {
  const zones = new Map<string, string>();
  for (const zone of calendar.getAllSubcomponents('vtimezone')) {
    const name = String(zone.getFirstPropertyValue('tzid') ?? '');
    const place = String(zone.getFirstPropertyValue('x-lic-location') ?? '');
    if (isTimeZone(place)) zones.set(name, place);
  }
  return zones;
}

function readEvent(
  event: ICAL.Component,
  zones: ReadonlyMap<string, string>,
  options: FileOptions,
): { entry: CalendarEntry | null; moved: { uid: string; at: number } | null } {
  const text = (name: string): string => String(event.getFirstPropertyValue(name) ?? '').trim();
  const uid = text('uid') || stableId('event', text('summary'), text('dtstart'));
  const start = event.getFirstProperty('dtstart');
  if (start === null) throw new Error('The event has no DTSTART.');
  const timeZone = zoneOf(start, zones, options.timeZone);
  const startsAt = momentOf(start.getFirstValue(), timeZone);
  const replaces = event.getFirstProperty('recurrence-id');
  const moved =
    replaces === null
      ? null
      : { uid, at: momentOf(replaces.getFirstValue(), zoneOf(replaces, zones, options.timeZone)) };
  if (text('status').toUpperCase() === 'CANCELLED') return { entry: null, moved };
  const rules = event.getAllProperties('rrule');
  if (rules.length > 1) throw new Error('The event has several RRULEs.');
  const kind = kindOf(event) ?? options.kind;
  const timed = {
    startsAt,
    endsAt: endOf(event, start, startsAt, timeZone, zones, options.timeZone),
    recurrence: replaces !== null || rules[0] === undefined ? null : String(rules[0].getFirstValue()),
    timeZone,
    except: exceptionsOf(event, zones, options.timeZone),
  };
  checkTimes(timed);
  const entry: CalendarEntry = {
    ...timed,
    id: idOf(uid, moved?.at ?? null),
    kind,
    title: text('summary').slice(0, LONGEST_TITLE).toWellFormed() || 'Without a title',
    scope: scopeOf(text('x-auspex-scope')),
    governs: governsOf(text('x-auspex-governs')) ?? governsByKind[kind],
    reason: text('description').slice(0, LONGEST_REASON).toWellFormed(),
    createdBy: options.createdBy,
    createdAt: options.now,
    overAt: overAt(timed),
    file: options.file,
  };
  return { entry, moved };
}

function idOf(uid: string, movedAt: number | null): string {
  if (uid.endsWith(OWN) && movedAt === null) return uid.slice(0, -OWN.length).slice(0, 100);
  return movedAt === null ? stableId('calendar', uid) : stableId('calendar', uid, movedAt);
}

function zoneOf(property: ICAL.Property, zones: ReadonlyMap<string, string>, fallback: string): string {
  const value = property.getFirstValue();
  const named = property.getParameter('tzid');
  const name = (Array.isArray(named) ? String(named[0]) : (named ?? '')).replace(/^\//, '');
  if (name === '') return value instanceof ICAL.Time && isUtc(value) ? 'UTC' : fallback;
  if (isTimeZone(name)) return name;
  const known = zones.get(name);
  if (known === undefined)
    throw new Error(`The time zone “${name.slice(0, 60)}” is not known; one is named like Europe/Berlin.`);
  return known;
}

function isUtc(time: ICAL.Time): boolean {
  return time.zone === ICAL.Timezone.utcTimezone;
}

function momentOf(value: unknown, timeZone: string): number {
  if (!(value instanceof ICAL.Time)) throw new Error('A time cannot be read.');
  const local = civilMs(value);
  if (!Number.isFinite(local) || local < 0 || local > 4e12) throw new Error('A time lies beyond what can be.');
  return isUtc(value) ? local : utcOf(local, timeZone);
}

function endOf(
  event: ICAL.Component,
  start: ICAL.Property,
  startsAt: number,
  timeZone: string,
  zones: ReadonlyMap<string, string>,
  fallback: string,
): number {
  const end = event.getFirstProperty('dtend');
  if (end !== null) return momentOf(end.getFirstValue(), zoneOf(end, zones, fallback));
  const duration = event.getFirstPropertyValue('duration');
  if (duration instanceof ICAL.Duration) return startsAt + duration.toSeconds() * 1000;
  const first = start.getFirstValue();
  if (first instanceof ICAL.Time && first.isDate) return utcOf(civilMs(first) + DAY, timeZone);
  throw new Error('The event has no end.');
}

function exceptionsOf(event: ICAL.Component, zones: ReadonlyMap<string, string>, fallback: string): number[] {
  const found: number[] = [];
  for (const property of event.getAllProperties('exdate'))
    for (const value of property.getValues()) found.push(momentOf(value, zoneOf(property, zones, fallback)));
  return found.slice(0, MOST_EXCEPTIONS);
}

function kindOf(event: ICAL.Component): CalendarKind | null {
  const named = event
    .getAllProperties('categories')
    .flatMap((property) => property.getValues().map((value) => String(value).toLowerCase()));
  return calendarKinds.find((kind) => named.includes(kind)) ?? null;
}

function governsOf(text: string): CalendarEntry['governs'] | null {
  if (text === '') return null;
  const named = text.split(/[\s,]+/);
  return governables.filter((one) => named.includes(one));
}

/** What our own files say of whom an entry is about; a scope that cannot be read would make it about everything. */
function scopeOf(text: string): CalendarScope {
  if (text === '') return everything;
  const given: unknown = JSON.parse(text);
  if (typeof given !== 'object' || given === null) throw new Error('X-AUSPEX-SCOPE cannot be read.');
  const word = (name: string): string | null => {
    const value: unknown = (given as Readonly<Record<string, unknown>>)[name] ?? null;
    if (value !== null && typeof value !== 'string') throw new Error('X-AUSPEX-SCOPE cannot be read.');
    return value;
  };
  const labels = 'labels' in given && Array.isArray(given.labels) ? given.labels.map(matcherOf) : [];
  return { entityId: word('entityId'), service: word('service'), rule: word('rule'), subject: word('subject'), labels };
}

function matcherOf(given: unknown): Matcher {
  const { name, op, value } = (given ?? {}) as Readonly<Record<string, unknown>>;
  const known = (['=', '!=', '=~', '!~'] as const).find((one) => one === op);
  if (typeof name !== 'string' || typeof value !== 'string' || known === undefined)
    throw new Error('X-AUSPEX-SCOPE cannot be read.');
  return { name, op: known, value };
}

function utcTime(at: number): ICAL.Time {
  return ICAL.Time.fromJSDate(new Date(Math.floor(at / 1000) * 1000), true);
}

/** In civil time where it recurs in one: a day's begin stays one when the clock is put forward. */
function addTime(event: ICAL.Component, name: string, at: number, timeZone: string): void {
  if (timeZone === 'UTC') {
    event.addPropertyWithValue(name, utcTime(at));
    return;
  }
  const local = new Date(localOf(at, timeZone)).toISOString().slice(0, 19);
  const property = event.addPropertyWithValue(name, ICAL.Time.fromDateTimeString(local));
  property.setParameter('tzid', timeZone);
}
