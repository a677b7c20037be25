import { readFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import type { LoadedConfig } from './config/load.ts';
import { readCalendarFile } from './decide/calendar-file.ts';
import { AuspexError } from './errors.ts';
import type { CalendarEntry, CalendarKind } from './model/index.ts';

export interface CalendarReading {
  readonly timeZone: string;
  readonly now: number;
  /** Hears of events that are left out. */
  readonly log: { warn(text: string): void };
}

/** The entries of the configured files. @throws AuspexError CONFIG_INVALID, with the file and its line. */
export function readCalendarFiles(loaded: LoadedConfig, reading: CalendarReading): readonly CalendarEntry[] {
  return loaded.config.calendar.files.flatMap(({ path, kind }, i) => {
    try {
      return readCalendar({ path: resolve(dirname(loaded.filePath), path), kind }, reading);
    } catch (error) {
      throw loaded.fault(['calendar', 'files', i, 'path'], AuspexError.from(error).message);
    }
  });
}

/** The entries of one .ics file. @throws AuspexError BAD_REQUEST, with the file and its line. */
export function readCalendar(
  { path, kind }: { readonly path: string; readonly kind: CalendarKind },
  { timeZone, now, log }: CalendarReading,
): readonly CalendarEntry[] {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (cause) {
    const code = cause instanceof Error && 'code' in cause ? String(cause.code) : String(cause);
    throw new AuspexError('BAD_REQUEST', `${path} cannot be read (${code}).`, { cause });
  }
  try {
    const { entries, leftOut } = readCalendarFile(text, { kind, timeZone, now, createdBy: 'a file', file: path });
    for (const { line, reason } of leftOut) log.warn(`${path}, line ${line}: left out. ${reason}`);
    return entries;
  } catch (cause) {
    throw new AuspexError('BAD_REQUEST', `${path}: ${AuspexError.from(cause).message}`, { cause });
  }
}
