import type { CalendarDraft } from '../../../engine/calendar-view.ts';
import { AuspexError } from '../../../errors.ts';
import { type CalendarEntry, everything, governsByKind, type Occurrence } from '../../../model/index.ts';
import type { OperationInput } from '../../contract/index.ts';
import { actor, type Handlers } from '../handlers.ts';
import { entityIdOf, namesFor, optionalEntityId } from '../look-up.ts';
import type { ServerParts } from '../ports.ts';
import { calendarEntryToWire, iso, silenceToWire } from '../wire.ts';

const DAY_MS = 86_400_000;
const SPAN_MS = 31 * DAY_MS;
const LONGEST_MS = 400 * DAY_MS;
const MOST_OCCURRENCES = 2000;
/** A file's bytes: its characters are counted where it is read. */
const MOST_BYTES = 4_000_000;

type Tag =
  | 'calendar'
  | 'addCalendarEntry'
  | 'changeCalendarEntry'
  | 'removeCalendarEntry'
  | 'importCalendar'
  | 'exportCalendar'
  | 'silences'
  | 'addSilence'
  | 'removeSilence';

export function calendarHandlers(parts: ServerParts): Pick<Handlers, Tag> {
  const { engine, clock } = parts;
  const shown = async (entry: CalendarEntry) => calendarEntryToWire(entry, await namesFor(parts, idsIn([entry])));
  return {
    calendar: async ({ query }) => {
      const { from, to } = spanOf(query, clock.now());
      const entityId = await optionalEntityId(parts, query.entity);
      const found = await engine.calendar.between(
        from,
        to,
        MOST_OCCURRENCES + 1,
        (entry) => entityId === undefined || engine.calendar.isAbout(entry, entityId),
      );
      const occurrences = found.slice(0, MOST_OCCURRENCES);
      const entries = [...new Set(occurrences.map(({ entry }) => entry))];
      const nameOf = await namesFor(parts, idsIn(entries));
      return {
        from: iso(from),
        to: iso(to),
        timeZone: engine.calendar.timeZone,
        occurrences: occurrences.map(occurrenceToWire),
        entries: entries.map((entry) => calendarEntryToWire(entry, nameOf)),
        isCut: found.length > MOST_OCCURRENCES,
      };
    },
    addCalendarEntry: async ({ body }, context) =>
      await shown(await engine.calendar.add(await draftOf(parts, body), actor(context))),
    changeCalendarEntry: async ({ params, body }) =>
      await shown(await engine.calendar.change(params.id, await draftOf(parts, body))),
    removeCalendarEntry: async ({ params }) => {
      await engine.calendar.remove(params.id);
      return undefined;
    },
    importCalendar: async ({ query }, context) => {
      if (context.rawBody.length > MOST_BYTES)
        throw new AuspexError(
          'TOO_LARGE',
          `The calendar has ${context.rawBody.length} bytes, at most ${MOST_BYTES} are read.`,
        );
      const { kind, timeZone } = query;
      const options = { kind, ...(timeZone === undefined ? {} : { timeZone }) };
      const taken = await engine.calendar.take(context.rawBody.toString('utf8'), options, actor(context));
      return { ...taken, leftOut: [...taken.leftOut] };
    },
    exportCalendar: async () => ({
      status: 200,
      headers: {
        'content-type': 'text/calendar; charset=utf-8',
        'content-disposition': 'attachment; filename="auspex.ics"',
      },
      body: engine.calendar.asFile(),
    }),
    silences: async () => {
      const now = clock.now();
      const silences = engine.calendar
        .entries()
        .filter(({ kind, overAt }) => kind === 'silence' && (overAt ?? now + 1) > now);
      return {
        items: silences
          .sort((a, b) => a.endsAt - b.endsAt)
          .slice(0, 500)
          .map(silenceToWire),
      };
    },
    addSilence: async ({ body }, context) =>
      silenceToWire(await engine.calendar.add(await silenceOf(parts, body), actor(context))),
    removeSilence: async ({ params }) => {
      if (!engine.calendar.entries().some(({ id, kind }) => id === params.id && kind === 'silence'))
        throw new AuspexError('NOT_FOUND', `There is no silence with the id “${params.id}”.`);
      await engine.calendar.remove(params.id);
      return undefined;
    },
  };
}

/** A silence is an entry of the calendar. */
async function silenceOf(parts: ServerParts, body: OperationInput<'addSilence'>['body']): Promise<CalendarDraft> {
  const now = parts.clock.now();
  const startsAt = body.startsAt === undefined ? now : Date.parse(body.startsAt);
  const endsAt = Date.parse(body.endsAt);
  if (endsAt <= Math.max(now, startsAt))
    throw new AuspexError(
      'BAD_REQUEST',
      `body.endsAt: the silence ends at ${body.endsAt}, before it begins or has begun.`,
      { data: { field: 'body.endsAt' } },
    );
  const entityId = body.entityId === null ? null : await entityIdOf(parts, body.entityId);
  return {
    kind: 'silence',
    title: body.reason.slice(0, 200),
    scope: { ...everything, entityId, rule: body.rule, subject: body.subject },
    startsAt,
    endsAt,
    recurrence: null,
    timeZone: parts.engine.calendar.timeZone,
    governs: governsByKind.silence,
    reason: body.reason,
  };
}

async function draftOf(parts: ServerParts, body: OperationInput<'addCalendarEntry'>['body']): Promise<CalendarDraft> {
  const { entityId } = body.scope;
  return {
    kind: body.kind,
    title: body.title,
    scope: { ...body.scope, entityId: entityId === null ? null : await entityIdOf(parts, entityId) },
    startsAt: Date.parse(body.startsAt),
    endsAt: Date.parse(body.endsAt),
    recurrence: body.recurrence,
    timeZone: body.timeZone ?? parts.engine.calendar.timeZone,
    governs: body.governs ?? governsByKind[body.kind],
    reason: body.reason,
  };
}

function spanOf(
  query: { readonly from?: string | undefined; readonly to?: string | undefined },
  now: number,
): { readonly from: number; readonly to: number } {
  const from = query.from === undefined ? now : Date.parse(query.from);
  const to = query.to === undefined ? from + SPAN_MS : Date.parse(query.to);
  if (from >= to || to - from > LONGEST_MS)
    throw new AuspexError('BAD_REQUEST', 'query.to: the range must end after it begins, within 400 days.', {
      data: { field: 'query.to' },
    });
  return { from, to };
}

function occurrenceToWire({ entry, startsAt, endsAt }: Occurrence) {
  return { entryId: entry.id, startsAt: iso(startsAt), endsAt: iso(endsAt) };
}

function idsIn(entries: readonly CalendarEntry[]): string[] {
  return entries.flatMap(({ scope }) => scope.entityId ?? []);
}
