import type { CalendarAnswer, CalendarEntryView } from '../../../src/api/contract/index.ts';
import { Calendar } from '../../../src/decide/calendar.ts';
import { type CalendarEntry, everything, governsByKind } from '../../../src/model/index.ts';

/* A calendar for the browser tests: each kind once, some that recur, through the real expansion. */

const hour = 3_600_000;
const day = 24 * hour;

interface Clocked {
  readonly now: number;
}

function entriesOf({ now }: Clocked): CalendarEntry[] {
  const midnight = new Date(now).setHours(0, 0, 0, 0);
  const nextHour = Math.ceil(now / hour) * hour;
  const entry = (
    id: string,
    kind: CalendarEntry['kind'],
    title: string,
    startsAt: number,
    lastsMs: number,
    more: Partial<CalendarEntry> = {},
  ): CalendarEntry => ({
    id,
    kind,
    title,
    scope: everything,
    startsAt,
    endsAt: startsAt + lastsMs,
    recurrence: null,
    timeZone: 'Europe/Berlin',
    except: [],
    governs: governsByKind[kind],
    reason: '',
    createdBy: 'ann',
    createdAt: now - 9 * day,
    overAt: startsAt + lastsMs,
    file: null,
    ...more,
  });
  return [
    entry('c1', 'maintenance', 'New disk in web-1', now - hour, 3 * hour, {
      scope: { ...everything, entityId: 'host:00000000' },
      reason: 'The old one clicks',
    }),
    // Whatever the hour at which the tests run, it does not hold now.
    entry('c2', 'quiet-hours', 'Night', nextHour + 6 * hour, 8 * hour, { recurrence: 'FREQ=DAILY', overAt: null }),
    entry('c3', 'freeze', 'Nothing is changed over the turn of the year', midnight + 25 * day, 9 * day),
    entry('c4', 'holiday', 'Company outing', midnight + 4 * day, day, { file: '/etc/auspex/holidays.ics' }),
    entry('c5', 'silence', 'Restore runs', midnight + day + 9 * hour, 4 * hour, {
      scope: { ...everything, service: 'shop', rule: 'disk-nearly-full' },
    }),
    entry('c6', 'maintenance', 'Backup window of all databases', midnight + 2 * day + 3 * hour, 2 * hour, {
      recurrence: 'FREQ=WEEKLY',
      overAt: null,
    }),
    entry('c7', 'maintenance', 'Switches', midnight + 2 * day + 6 * hour, hour),
    entry('c8', 'maintenance', 'Routers', midnight + 2 * day + 8 * hour, hour),
  ];
}

function shown(whole: CalendarEntry): CalendarEntryView {
  const { except: _, ...entry } = whole;
  const iso = (at: number) => new Date(at).toISOString();
  return {
    ...entry,
    scope: { ...entry.scope, labels: entry.scope.labels.map((one) => ({ ...one })) },
    governs: [...entry.governs],
    entityName: entry.scope.entityId === null ? null : 'web-1',
    startsAt: iso(entry.startsAt),
    endsAt: iso(entry.endsAt),
    createdAt: iso(entry.createdAt),
    overAt: entry.overAt === null ? null : iso(entry.overAt),
  };
}

export function calendarEntry(world: Clocked, id: string): CalendarEntryView {
  const entries = entriesOf(world);
  return { ...shown(entries.find((entry) => entry.id === id) ?? (entries[0] as CalendarEntry)), id };
}

export function plannedWithin(world: Clocked, query: URLSearchParams): CalendarAnswer {
  const from = Date.parse(query.get('from') ?? '');
  const to = Date.parse(query.get('to') ?? '');
  const occurrences = [...new Calendar(entriesOf(world)).between(from, to)].flat();
  return {
    from: new Date(from).toISOString(),
    to: new Date(to).toISOString(),
    timeZone: 'Europe/Berlin',
    occurrences: occurrences.map(({ entry, startsAt, endsAt }) => ({
      entryId: entry.id,
      startsAt: new Date(startsAt).toISOString(),
      endsAt: new Date(endsAt).toISOString(),
    })),
    entries: [...new Set(occurrences.map(({ entry }) => entry))].map(shown),
    isCut: false,
  };
}
