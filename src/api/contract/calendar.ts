import { z } from 'zod';
import { calendarKinds, governables } from '../../model/calendar.ts';
import { instant } from './basics.ts';
import { id } from './route.ts';

/* The calendar: schemas and routes. */

const kind = z.enum(calendarKinds);
const word = z.string().min(1).max(200);
const matcher = z.strictObject({
  name: z.string().regex(/^[a-zA-Z_][a-zA-Z0-9_.]{0,99}$/, 'a label’s name'),
  op: z.enum(['=', '!=', '=~', '!~']),
  value: z.string().max(500),
});

export const calendarScope = z.strictObject({
  entityId: word.nullable().default(null).meta({ description: 'A host or service, by id, name or alias' }),
  service: word.nullable().default(null).meta({ description: 'A service’s or job’s name' }),
  rule: word.nullable().default(null),
  subject: word.nullable().default(null).meta({ description: 'A mount, a series' }),
  labels: z
    .array(matcher)
    .max(20)
    .default([])
    .meta({ description: 'Of an alert: alertname, entity, instance, job, resource, severity, subject' }),
});

const governs = z.array(z.enum(governables)).max(governables.length);

export const newCalendarEntry = z.strictObject({
  kind,
  title: z.string().trim().min(1).max(200),
  scope: calendarScope.prefault({}),
  startsAt: instant,
  endsAt: instant.meta({ description: 'Of the first occurrence' }),
  recurrence: z
    .string()
    .max(300)
    .nullable()
    .default(null)
    .meta({ description: 'An RRULE, daily at most: FREQ=WEEKLY;BYDAY=SU' }),
  timeZone: z.string().max(100).optional().meta({ description: 'In which it recurs; that of Auspex unless given' }),
  governs: governs.optional().meta({ description: 'What the kind governs unless given' }),
  reason: z.string().max(500).default(''),
});

export const calendarEntry = z.object({
  id: z.string(),
  kind,
  title: z.string(),
  scope: calendarScope,
  entityName: z.string().nullable(),
  startsAt: instant,
  endsAt: instant,
  recurrence: z.string().nullable(),
  timeZone: z.string(),
  governs,
  reason: z.string(),
  createdBy: z.string(),
  createdAt: instant,
  overAt: instant.nullable().meta({ description: 'When its last occurrence ends; null where it recurs for ever' }),
  file: z.string().nullable().meta({ description: 'The configured file that it stands in; it is changed there' }),
});

export const calendarView = z.object({
  from: instant,
  to: instant,
  timeZone: z.string().meta({ description: 'Of Auspex' }),
  occurrences: z.array(z.object({ entryId: z.string(), startsAt: instant, endsAt: instant })),
  entries: z.array(calendarEntry).meta({ description: 'Those of the occurrences' }),
  isCut: z.boolean().meta({ description: 'There are more occurrences than are given' }),
});

const calendarImport = z.object({
  added: z.int(),
  replaced: z.int(),
  leftOut: z.array(z.object({ line: z.int(), reason: z.string() })),
});

export type CalendarEntryView = z.infer<typeof calendarEntry>;
export type CalendarAnswer = z.infer<typeof calendarView>;
export type NewCalendarEntry = z.input<typeof newCalendarEntry>;

export const calendarRoutes = {
  calendar: {
    method: 'GET',
    path: '/api/calendar',
    access: 'read',
    tag: 'Calendar',
    summary: 'What is planned within a range: the next 31 days unless given, 400 at most',
    query: z.object({
      from: instant.optional(),
      to: instant.optional(),
      entity: z.string().max(200).optional().meta({ description: 'Only what is about this host or service' }),
    }),
    response: calendarView,
  },
  addCalendarEntry: {
    method: 'POST',
    path: '/api/calendar',
    access: 'operate',
    audit: 'calendar.add',
    tag: 'Calendar',
    summary: 'Plan something: maintenance, a holiday, a freeze, a silence, quiet hours',
    body: newCalendarEntry,
    response: calendarEntry,
    status: 201,
    idempotent: true,
  },
  changeCalendarEntry: {
    method: 'PUT',
    path: '/api/calendar/{id}',
    access: 'operate',
    audit: 'calendar.change',
    tag: 'Calendar',
    summary: 'Change an entry as a whole',
    params: id,
    body: newCalendarEntry,
    response: calendarEntry,
  },
  removeCalendarEntry: {
    method: 'DELETE',
    path: '/api/calendar/{id}',
    access: 'operate',
    audit: 'calendar.remove',
    tag: 'Calendar',
    summary: 'End an entry: one that holds ends now and stays on the record, any other goes',
    params: id,
    status: 204,
  },
  importCalendar: {
    method: 'POST',
    path: '/api/calendar/import',
    access: 'operate',
    audit: 'calendar.import',
    tag: 'Calendar',
    summary: 'Take an .ics file in, 2 MB and 2,000 events at most',
    query: z.object({
      kind: kind.meta({ description: 'Of events whose CATEGORIES name none' }),
      timeZone: z.string().max(100).optional().meta({ description: 'Of what has no zone of its own' }),
    }),
    consumes: 'text/calendar',
    response: calendarImport,
  },
  exportCalendar: {
    method: 'GET',
    path: '/api/calendar/export',
    access: 'read',
    tag: 'Calendar',
    summary: 'The whole calendar as an .ics file',
    produces: 'text/calendar',
  },
} as const;
