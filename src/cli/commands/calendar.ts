import { readFile } from 'node:fs/promises';
import type { Client } from '../../api/client.ts';
import type { CalendarAnswer, CalendarEntryView, NewCalendarEntry } from '../../api/contract/index.ts';
import { duration } from '../../config/values.ts';
import { AuspexError } from '../../errors.ts';
import { exitCodes, formatTime, type Output, paint, table } from '../output.ts';

export interface CalendarListOptions {
  readonly days: number;
  readonly host?: string;
}

export interface CalendarAddOptions {
  readonly kind: NewCalendarEntry['kind'];
  readonly from?: string;
  readonly to?: string;
  readonly for?: string;
  readonly on?: string;
  readonly service?: string;
  readonly rule?: string;
  readonly recurrence?: string;
  readonly timeZone?: string;
  readonly reason?: string;
}

/** `auspex calendar`: what is planned, soonest first. */
export async function listCalendar(client: Client, output: Output, options: CalendarListOptions): Promise<number> {
  const now = Date.now();
  const answer = await client.call('calendar', {
    query: {
      from: new Date(now).toISOString(),
      to: new Date(now + options.days * 86_400_000).toISOString(),
      ...(options.host && { entity: options.host }),
    },
  });
  output.data(answer, () => {
    if (answer.occurrences.length === 0) output.print(`Nothing is planned within ${options.days} days.`);
    else output.print(occurrenceTable(answer));
    if (answer.isCut) output.say('There is more; ask for fewer days.');
  });
  return exitCodes.fine;
}

function occurrenceTable({ occurrences, entries }: CalendarAnswer): string {
  const byId = new Map(entries.map((entry) => [entry.id, entry]));
  const rows = occurrences.flatMap(({ entryId, startsAt, endsAt }) => {
    const entry = byId.get(entryId);
    if (entry === undefined) return [];
    const times = `${formatTime(startsAt)} – ${formatTime(endsAt)}`;
    return [[times, entry.kind, entry.title, aboutText(entry), entry.governs.join(', '), entry.id]];
  });
  return table(['WHEN', 'KIND', 'TITLE', 'ABOUT', 'GOVERNS', 'ID'], rows);
}

function aboutText({ entityName, scope }: CalendarEntryView): string {
  const { service, rule, subject, labels } = scope;
  const parts = [
    entityName,
    service,
    rule === null ? null : `rule ${rule}`,
    subject,
    ...labels.map(({ name, op, value }) => `${name}${op}"${value}"`),
  ].filter((part) => part !== null);
  return parts.length === 0 ? 'everything' : parts.join(', ');
}

/** `auspex calendar add TITLE`: from now unless told. */
export async function addToCalendar(
  client: Client,
  output: Output,
  title: string,
  options: CalendarAddOptions,
): Promise<number> {
  const startsAt = options.from === undefined ? Date.now() : instantOf(options.from, '--from');
  const endsAt = endOf(startsAt, options);
  const entry = await client.call('addCalendarEntry', {
    body: {
      kind: options.kind,
      title,
      scope: { entityId: options.on ?? null, service: options.service ?? null, rule: options.rule ?? null },
      startsAt: new Date(startsAt).toISOString(),
      endsAt: new Date(endsAt).toISOString(),
      recurrence: options.recurrence ?? null,
      ...(options.timeZone && { timeZone: options.timeZone }),
      reason: options.reason ?? '',
    },
  });
  output.data(entry, () => {
    const governs = entry.governs.length === 0 ? 'nothing' : entry.governs.join(', ');
    output.print(`${entry.title}: ${formatTime(entry.startsAt)} – ${formatTime(entry.endsAt)}, ${aboutText(entry)}.`);
    output.print(paint(output, 'quiet', `It governs ${governs}. To end it: auspex calendar remove ${entry.id}`));
  });
  return exitCodes.fine;
}

function endOf(startsAt: number, { to, for: lasting }: CalendarAddOptions): number {
  if ((to === undefined) === (lasting === undefined))
    throw new AuspexError('BAD_REQUEST', 'Say when it ends: either --to or --for.');
  if (to !== undefined) return instantOf(to, '--to');
  const length = duration('1m', '366d').safeParse(lasting);
  if (!length.success) throw new AuspexError('BAD_REQUEST', `--for is “${lasting}”; write 30m, 2h or 3d.`);
  return startsAt + length.data;
}

function instantOf(text: string, flag: string): number {
  const at = Date.parse(text);
  if (!Number.isFinite(at)) throw new AuspexError('BAD_REQUEST', `${flag} is “${text}”; write 2026-12-24T18:00.`);
  return at;
}

/** `auspex calendar remove ID`. */
export async function removeFromCalendar(client: Client, output: Output, id: string): Promise<number> {
  await client.call('removeCalendarEntry', { params: { id } });
  output.data({ id, removed: true }, () => output.print('Removed; one that had begun ended now.'));
  return exitCodes.fine;
}

/** `auspex calendar import FILE`: exit 1 where some of it was left out. */
export async function importCalendar(
  client: Client,
  output: Output,
  file: string,
  kind: NewCalendarEntry['kind'],
): Promise<number> {
  const text = await readFile(file, 'utf8').catch((cause: unknown) => {
    throw new AuspexError('BAD_REQUEST', `${file} cannot be read.`, { cause });
  });
  const taken = await client.call('importCalendar', { query: { kind }, text });
  output.data(taken, () => {
    output.print(`${taken.added} entries added, ${taken.replaced} replaced, ${taken.leftOut.length} left out.`);
    for (const { line, reason } of taken.leftOut) output.say(`${file}, line ${line}: ${reason}`);
  });
  return taken.leftOut.length === 0 ? exitCodes.fine : exitCodes.findings;
}
