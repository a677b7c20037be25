import { civilOffset } from '../stats/civil-time.ts';

/** Hours of the week in somebody's civil time. Over midnight where the end is not after the beginning; they belong to the day on which they begin. */
export interface WeekHours {
  /** 0 is Sunday. */
  readonly days: readonly number[];
  /** Minutes since midnight. */
  readonly fromMinute: number;
  readonly toMinute: number;
}

const MINUTE_MS = 60_000;
const DAY_MINUTES = 1440;
/** Hours that follow on one another are followed so far; who is quiet all week is asked again after it. */
const MOST_SPANS = 14;

export function withinHours(hours: readonly WeekHours[], timeZone: string, at: number): boolean {
  return minutesLeft(hours, timeZone, at) !== null;
}

/** When the hours that hold now are over, ms UTC; null where none hold. Hours that join on are taken together. O(hours). */
export function endOfHours(hours: readonly WeekHours[], timeZone: string, at: number): number | null {
  let end: number | null = null;
  for (let i = 0, from = at; i < MOST_SPANS; i++) {
    const left = minutesLeft(hours, timeZone, from);
    if (left === null) return end;
    const civilEnd = civil(timeZone, from) + left * MINUTE_MS;
    // The clocks may have been changed in between.
    const guess = civilEnd - civilOffset(timeZone, from);
    end = civilEnd - civilOffset(timeZone, guess);
    from = end;
  }
  return end;
}

/** Minutes of civil time until the longest span that holds is over; null where none holds. */
function minutesLeft(hours: readonly WeekHours[], timeZone: string, at: number): number | null {
  const now = new Date(civil(timeZone, at));
  const minute =
    now.getUTCHours() * 60 + now.getUTCMinutes() + now.getUTCSeconds() / 60 + now.getUTCMilliseconds() / MINUTE_MS;
  const today = now.getUTCDay();
  const yesterday = (today + 6) % 7;
  let most: number | null = null;
  for (const { days, fromMinute, toMinute } of hours) {
    const length = (toMinute > fromMinute ? 0 : DAY_MINUTES) + toMinute - fromMinute;
    for (const [day, since] of [
      [today, minute - fromMinute],
      [yesterday, minute + DAY_MINUTES - fromMinute],
    ] as const)
      if (days.includes(day) && since >= 0 && since < length) most = Math.max(most ?? 0, length - since);
  }
  return most;
}

function civil(timeZone: string, at: number): number {
  return at + civilOffset(timeZone, at);
}
