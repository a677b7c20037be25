const DAY_MS = 86_400_000;

/** One number in, one out. */
export const mathFunctions: ReadonlyMap<string, (value: number) => number> = new Map<string, (value: number) => number>(
  [
    ['abs', Math.abs],
    ['ceil', Math.ceil],
    ['floor', Math.floor],
    ['exp', Math.exp],
    ['ln', Math.log],
    ['log2', Math.log2],
    ['log10', Math.log10],
    ['sqrt', Math.sqrt],
    ['sgn', (value) => (value < 0 ? -1 : value > 0 ? 1 : value)],
    ['minute', (seconds) => dateOf(seconds).getUTCMinutes()],
    ['hour', (seconds) => dateOf(seconds).getUTCHours()],
    ['day_of_week', (seconds) => dateOf(seconds).getUTCDay()],
    ['day_of_month', (seconds) => dateOf(seconds).getUTCDate()],
    ['day_of_year', dayOfYear],
    ['days_in_month', daysInMonth],
    ['month', (seconds) => dateOf(seconds).getUTCMonth() + 1],
    ['year', (seconds) => dateOf(seconds).getUTCFullYear()],
  ],
);

/** Those that, without an argument, are of the time that is evaluated for. */
export const calendarFunctions: ReadonlySet<string> = new Set([
  'minute',
  'hour',
  'day_of_week',
  'day_of_month',
  'day_of_year',
  'days_in_month',
  'month',
  'year',
]);

function dateOf(seconds: number): Date {
  return new Date(Math.trunc(seconds) * 1000);
}

function dayOfYear(seconds: number): number {
  const date = dateOf(seconds);
  const start = Date.UTC(date.getUTCFullYear(), 0, 1);
  return Math.floor((date.getTime() - start) / DAY_MS) + 1;
}

function daysInMonth(seconds: number): number {
  const date = dateOf(seconds);
  return new Date(Date.UTC(date.getUTCFullYear(), date.getUTCMonth() + 1, 0)).getUTCDate();
}

/** To the nearest multiple; half goes up. */
export function rounded(value: number, to: number): number {
  const inverse = 1 / to;
  return Math.floor(value * inverse + 0.5) / inverse;
}
