import { formatValue } from '../model/index.ts';
import { civilOffset } from '../stats/civil-time.ts';
import type { Bottleneck } from './bottleneck.ts';

const MINUTE = 60_000;

export interface BottleneckSubject {
  /** `connections used of postgres` */
  readonly subject: string;
  readonly unit: string;
  readonly limit: number;
  readonly timeZone: string;
}

/** `connections used of postgres reach 95 % in about 8 min (6–12): by 4 % a minute since 12:03, 60 % now`. */
export function bottleneckSentence(found: Bottleneck, of: BottleneckSubject, now: number): string {
  const value = (number: number): string => formatValue(number, of.unit);
  const about = Math.round(found.inMinutes);
  const from = Math.max(1, Math.round(found.from));
  const range = found.to === null ? `${from} or more` : `${from}–${Math.max(from, Math.round(found.to))}`;
  const when = range === `${about}–${about}` ? `${about} min` : `${about} min (${range})`;
  const why = found.isSeasonal
    ? `as at this time yesterday`
    : `by ${value(found.perMinute)} a minute since ${clock(now - found.sinceMinutes * MINUTE, of.timeZone)}`;
  return `${of.subject} may reach ${value(of.limit)} in about ${when}: ${why}, ${value(found.level)} now`;
}

function clock(at: number, timeZone: string): string {
  return new Date(at + civilOffset(timeZone, at)).toISOString().slice(11, 16);
}
