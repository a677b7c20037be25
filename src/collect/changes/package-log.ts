import type { SeenChange } from '../../model/index.ts';

type Parsed = Pick<SeenChange, 'at' | 'what' | 'from' | 'to'>;

/** What one line of a package manager’s log says was installed, upgraded or removed; null for any other line. */
export type ParseLine = (line: string) => Parsed | null;

/** `2026-01-05 12:00:00 upgrade openssl:amd64 3.0.11 3.0.12`, in the host’s local time. */
export const parseDpkg: ParseLine = (line) => {
  const match =
    /^(\d{4})-(\d\d)-(\d\d) (\d\d):(\d\d):(\d\d) (install|upgrade|remove|purge) ([^\s:]+)(?::\S+)? (\S+) (\S+)$/.exec(
      line,
    );
  if (match === null) return null;
  const [year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0] = match.slice(1, 7).map(Number);
  const [, , , , , , , , what = '', before = '', after = ''] = match;
  const from = before === '<none>' ? null : before;
  const to = after === '<none>' ? null : after;
  // A purge of what was removed already, an upgrade to what is there: nothing changed.
  if (from === to || (match[7] === 'purge' && from === null)) return null;
  return at(new Date(year, month - 1, day, hour, minute, second).getTime(), what, from, to);
};

/** `2026-01-05T12:00:00+0000 SUBDEBUG Upgrade: openssl-1:3.0.7-24.el9.x86_64`; what was there before is not told. */
export const parseDnf: ParseLine = (line) => {
  const match =
    /^(\S+?)([+-]\d\d):?(\d\d) \S+ (Installed|Install|Upgraded|Upgrade|Erased|Erase|Removed|Downgraded|Downgrade): (\S+)$/.exec(
      line,
    );
  if (match === null) return null;
  const [, time = '', hours = '', minutes = '', verb = '', whole = ''] = match;
  // `Upgraded` names what is replaced, in a line of its own; `Upgrade` what comes.
  if (verb === 'Upgraded' || verb === 'Downgraded') return null;
  const [, name = '', version = ''] = /^(.+?)-((?:\d+:)?[^-]+-[^-]+)\.[^.]+$/.exec(whole) ?? [];
  if (name === '') return null;
  const isGone = /^(Eras|Remov)/.test(verb);
  return at(Date.parse(`${time}${hours}:${minutes}`), name, isGone ? version : null, isGone ? null : version);
};

/** `[2026-01-05T12:00:00+0000] [ALPM] upgraded openssl (3.2.0-1 -> 3.2.1-1)`. */
export const parsePacman: ParseLine = (line) => {
  const match =
    /^\[(\S+?)([+-]\d\d):?(\d\d)\] \[ALPM\] (installed|upgraded|downgraded|removed) (\S+) \((\S+)(?: -> (\S+))?\)$/.exec(
      line,
    );
  if (match === null) return null;
  const [, time = '', hours = '', minutes = '', verb = '', what = '', first = '', second] = match;
  const [from, to] =
    verb === 'installed' ? [null, first] : verb === 'removed' ? [first, null] : [first, second ?? null];
  return at(Date.parse(`${time}${hours}:${minutes}`), what, from, to);
};

function at(when: number, what: string, from: string | null, to: string | null): Parsed | null {
  return Number.isNaN(when) ? null : { at: when, what, from, to };
}

/** Packages by name with their versions, from apk’s list of what is installed. */
export function parseApkInstalled(text: string): ReadonlyMap<string, string> {
  const versions = new Map<string, string>();
  let name = '';
  for (const line of text.split('\n')) {
    if (line.startsWith('P:')) name = line.slice(2);
    else if (line.startsWith('V:') && name !== '') versions.set(name, line.slice(2));
    else if (line === '') name = '';
  }
  return versions;
}
