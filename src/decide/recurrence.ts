import ICAL from 'ical.js';
import { AuspexError } from '../errors.ts';
import type { CalendarEntry, Occurrence } from '../model/index.ts';
import { civilOffset } from '../stats/civil-time.ts';

const DAY = 86_400_000;
/** Longest occurrence: once, and of what recurs. */
const LONGEST_MS = 366 * DAY;
const LONGEST_RECURRING_MS = 31 * DAY;
const MOST_INTERVAL = 1000;
const MOST_COUNT = 1000;
/** A rule that gives nothing in so long a time after its beginning never will: 29 February comes within it. */
const NEVER_MS = 9 * 366 * DAY;
/** Looks at the library's state before it is stopped: a rule that is never met would be followed for ever. */
const MOST_LOOKS = 5000;
/** Finer than daily is nothing that a calendar says, and thousands of occurrences a day would be. */
const PARTS = /^(FREQ|INTERVAL|COUNT|UNTIL|BYDAY|BYMONTHDAY|BYMONTH|BYSETPOS|WKST)$/;
const FREQUENCIES = ['DAILY', 'WEEKLY', 'MONTHLY', 'YEARLY'];

type Timed = Pick<CalendarEntry, 'startsAt' | 'endsAt' | 'recurrence' | 'timeZone' | 'except'>;

/**
 * When an entry holds within a range: occurrences that overlap it, the earliest first. It recurs in civil time, so that what
 * begins at 22:00 and ends at 06:00 does so also in the night in which the clock is put forward. At most `most`.
 * O(occurrences in the range); for a rule with a count, or that begins on a day that not every month has, O(those since it began).
 */
export function occurrencesBetween(entry: CalendarEntry, from: number, to: number, most: number): Occurrence[] {
  if (entry.recurrence === null)
    return entry.endsAt > from && entry.startsAt < to
      ? [{ entry, startsAt: entry.startsAt, endsAt: entry.endsAt }]
      : [];
  const found: Occurrence[] = [];
  for (const { startsAt, endsAt } of recurrences(entry, from, to)) {
    if (startsAt >= to || found.length >= most) break;
    if (endsAt > from) found.push({ entry, startsAt, endsAt });
  }
  return found;
}

/** When the last occurrence ends; null where there is no last one. The rule must have passed `checkTimes`. */
export function overAt(entry: Timed): number | null {
  if (entry.recurrence === null) return entry.endsAt;
  const rule = ruleOf(entry.recurrence, entry.timeZone);
  if (rule.count === null && rule.until === null) return null;
  let last = entry.endsAt;
  const until = rule.until === null ? Number.POSITIVE_INFINITY : civilMs(rule.until) + 2 * DAY;
  // Of a rule without a count only the last years before its end matter.
  const from = rule.count === null ? Math.max(entry.startsAt, until - NEVER_MS) : entry.startsAt;
  for (const { endsAt } of recurrences(entry, from, until)) last = endsAt;
  return last;
}

/** Throws BAD_REQUEST, with the field, for times and rules that cannot be: too long, too often, never. */
export function checkTimes(entry: Timed): void {
  if (!(entry.endsAt > entry.startsAt)) fail('endsAt', 'The end must come after the beginning.');
  const lengthMs = entry.endsAt - entry.startsAt;
  if (lengthMs > LONGEST_MS) fail('endsAt', 'An entry lasts a year at most; let a longer one recur.');
  if (!isTimeZone(entry.timeZone))
    fail('timeZone', `There is no time zone “${entry.timeZone.slice(0, 60)}”; one is named like Europe/Berlin.`);
  if (entry.recurrence === null) return;
  if (lengthMs > LONGEST_RECURRING_MS) fail('endsAt', 'An occurrence of what recurs lasts 31 days at most.');
  checkRule(entry.recurrence);
  const rule = ruleOf(entry.recurrence, entry.timeZone);
  const isOnce = rule.count === 1 || rule.until !== null;
  let count = 0;
  try {
    for (const _ of recurrences({ ...entry, except: [] }, entry.startsAt, entry.startsAt + NEVER_MS))
      if (++count === 2) break;
  } catch (error) {
    fail('recurrence', `The rule “${entry.recurrence}” cannot be followed: ${reasonOf(error)}.`);
  }
  if (count < 2 && !isOnce)
    fail('recurrence', `The rule “${entry.recurrence}” never comes again within nine years of its beginning.`);
}

function checkRule(text: string): void {
  if (text.length > 300) fail('recurrence', 'The rule is longer than 300 characters.');
  const parts = new Map(
    text.split(';').map((part) => {
      const [name = '', value = ''] = part.toUpperCase().split('=');
      return [name, value];
    }),
  );
  for (const name of parts.keys())
    if (!PARTS.test(name))
      fail(
        'recurrence',
        `A rule has no part “${name.slice(0, 20)}” here; it has FREQ (DAILY to YEARLY), INTERVAL, COUNT, UNTIL, BYDAY, BYMONTHDAY, BYMONTH, BYSETPOS and WKST.`,
      );
  const frequency = parts.get('FREQ') ?? '';
  if (!FREQUENCIES.includes(frequency))
    fail(
      'recurrence',
      `A rule needs FREQ=DAILY, WEEKLY, MONTHLY or YEARLY${frequency === '' ? '' : `, not ${frequency.slice(0, 20)}`}.`,
    );
  within(parts, 'INTERVAL', MOST_INTERVAL);
  within(parts, 'COUNT', MOST_COUNT);
  try {
    ruleOf(text, 'UTC');
  } catch (error) {
    fail('recurrence', `“${text}” is no rule of recurrence: ${reasonOf(error)}.`);
  }
}

function within(parts: ReadonlyMap<string, string>, name: string, most: number): void {
  const value = parts.get(name);
  if (value === undefined) return;
  if (!/^\d{1,6}$/.test(value) || Number(value) < 1 || Number(value) > most)
    fail('recurrence', `${name} is a number from 1 to ${most}, not “${value.slice(0, 20)}”.`);
}

function fail(field: string, message: string): never {
  throw new AuspexError('BAD_REQUEST', message, { data: { field } });
}

function reasonOf(error: unknown): string {
  return (error instanceof Error ? error.message : String(error)).replace(/\.$/, '');
}

/** The library's own iterator, which is stopped where it would look for ever. */
class BoundedIterator extends ICAL.RecurIterator {
  looks = 0;

  override check_contracting_rules(): boolean {
    if (++this.looks > MOST_LOOKS) throw new AuspexError('BAD_REQUEST', 'it is met too seldom to be found');
    return super.check_contracting_rules();
  }
}

/** Occurrences from a little before `from` on, in order, for as long as the rule has some, none that begins after `to`. */
function* recurrences(entry: Timed, from: number, to: number): Generator<{ startsAt: number; endsAt: number }> {
  const rule = ruleOf(entry.recurrence ?? '', entry.timeZone);
  const start = localOf(entry.startsAt, entry.timeZone);
  const length = localOf(entry.endsAt, entry.timeZone) - start;
  const first = start + skipped(rule, start, from - length - 2 * DAY);
  // Without an end of its own the library would follow a rule for ever that is met no more.
  const last = localOf(Math.min(to, 8e15), entry.timeZone) + DAY;
  if (rule.until === null || civilMs(rule.until) > last) rule.until = timeOf(last);
  const except = new Set(entry.except);
  const iterator = new BoundedIterator({ rule, dtstart: timeOf(first) });
  for (let next = followed(iterator); next !== null; next = followed(iterator)) {
    const local = civilMs(next);
    if (local + length < from - 2 * DAY) continue;
    const startsAt = utcOf(local, entry.timeZone);
    if (startsAt > to) return;
    if (except.has(startsAt)) continue;
    yield { startsAt, endsAt: Math.max(startsAt + 1, utcOf(local + length, entry.timeZone)) };
  }
}

/** The library says null at the end, which its types do not. */
function followed(iterator: ICAL.RecurIterator): ICAL.Time | null {
  return iterator.next() as ICAL.Time | null;
}

/** How many ms of whole periods can be passed over: a rule that counts is followed from its first occurrence on. */
function skipped(rule: ICAL.Recur, start: number, from: number): number {
  if (rule.count !== null || from <= start) return 0;
  const days = rule.freq === 'DAILY' ? 1 : rule.freq === 'WEEKLY' ? 7 : null;
  if (days !== null) {
    const step = days * DAY * rule.interval;
    return Math.floor((from - start) / step) * step;
  }
  const date = new Date(start);
  // Later days are not in every month.
  if (date.getUTCDate() > 28) return 0;
  const step = (rule.freq === 'MONTHLY' ? 1 : 12) * rule.interval;
  const until = new Date(from);
  const elapsed = (until.getUTCFullYear() - date.getUTCFullYear()) * 12 + until.getUTCMonth() - date.getUTCMonth();
  const months = (Math.floor(elapsed / step) - 1) * step;
  if (months <= 0) return 0;
  return new Date(start).setUTCMonth(date.getUTCMonth() + months) - start;
}

/** The rule with its end in civil time: one in UTC is turned, a day is the whole of it. */
function ruleOf(text: string, timeZone: string): ICAL.Recur {
  const rule = ICAL.Recur.fromString(text.toUpperCase());
  const { until } = rule;
  if (until === null) return rule;
  const isUtc = /UNTIL=\d{8}T\d{6}Z/i.test(text);
  const local = until.isDate ? civilMs(until) + DAY - 1000 : isUtc ? localOf(civilMs(until), timeZone) : civilMs(until);
  rule.until = timeOf(local);
  return rule;
}

/** Offsets change on quarters of an hour; entries of one zone ask for the same ones. */
const QUARTER_MS = 900_000;
const MOST_OFFSETS = 20_000;
const offsets = new Map<string, Map<number, number>>();

function offsetAt(timeZone: string, at: number): number {
  if (timeZone === 'UTC') return 0;
  const quarter = Math.floor(at / QUARTER_MS);
  let known = offsets.get(timeZone);
  if (known === undefined || known.size > MOST_OFFSETS) {
    known = new Map();
    offsets.set(timeZone, known);
  }
  const found = known.get(quarter) ?? civilOffset(timeZone, quarter * QUARTER_MS);
  known.set(quarter, found);
  return found;
}

/** A moment's civil time, as if it were UTC. */
export function localOf(at: number, timeZone: string): number {
  return at + offsetAt(timeZone, at);
}

/** When it is that civil time; what the clock passes over is as long after the change as it would have been. */
export function utcOf(local: number, timeZone: string): number {
  const guess = local - offsetAt(timeZone, local);
  return local - offsetAt(timeZone, guess);
}

function timeOf(local: number): ICAL.Time {
  const date = new Date(local);
  return ICAL.Time.fromData(
    {
      year: date.getUTCFullYear(),
      month: date.getUTCMonth() + 1,
      day: date.getUTCDate(),
      hour: date.getUTCHours(),
      minute: date.getUTCMinutes(),
      second: date.getUTCSeconds(),
      isDate: false,
    },
    undefined,
  );
}

export function civilMs(time: ICAL.Time): number {
  return Date.UTC(time.year, time.month - 1, time.day, time.hour, time.minute, time.second);
}

export function isTimeZone(name: string): boolean {
  try {
    return name !== '' && new Intl.DateTimeFormat('en-US', { timeZone: name }).resolvedOptions().timeZone !== '';
  } catch {
    return false;
  }
}
