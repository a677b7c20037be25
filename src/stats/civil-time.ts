const DAY_MS = 86_400_000;
const formats = new Map<string, Intl.DateTimeFormat>();

/** How far civil time is ahead of UTC in ms at a moment; 0 for a zone that is not known. */
export function civilOffset(timeZone: string, at: number): number {
  const format = formatOf(timeZone);
  if (format === null) return 0;
  let year = 0;
  let month = 1;
  let day = 1;
  let hour = 0;
  let minute = 0;
  let second = 0;
  for (const { type, value } of format.formatToParts(at)) {
    if (type === 'year') year = Number(value);
    else if (type === 'month') month = Number(value);
    else if (type === 'day') day = Number(value);
    else if (type === 'hour') hour = Number(value);
    else if (type === 'minute') minute = Number(value);
    else if (type === 'second') second = Number(value);
  }
  return Date.UTC(year, month - 1, day, hour, minute, second) - Math.floor(at / 1000) * 1000;
}

/**
 * The offset as a function over a range: looked up once a day and at the changes between, so that a thousand points
 * cost a hundred look-ups.
 */
export function civilOffsets(timeZone: string, from: number, to: number): (at: number) => number {
  const changes: number[] = [];
  const offsets: number[] = [civilOffset(timeZone, from)];
  for (let at = from; at < to; at += DAY_MS) {
    const end = Math.min(to, at + DAY_MS);
    const before = offsets[offsets.length - 1];
    if (civilOffset(timeZone, end) === before) continue;
    let low = at;
    let high = end;
    while (high - low > 60_000) {
      const middle = Math.floor((low + high) / 2);
      if (civilOffset(timeZone, middle) === before) low = middle;
      else high = middle;
    }
    changes.push(Math.round(high / 60_000) * 60_000);
    offsets.push(civilOffset(timeZone, end));
  }
  if (changes.length === 0) return () => offsets[0];
  return (at) => {
    let k = 0;
    while (k < changes.length && at >= changes[k]) k++;
    return offsets[k];
  };
}

function formatOf(timeZone: string): Intl.DateTimeFormat | null {
  if (timeZone === 'UTC' || timeZone === '') return null;
  const known = formats.get(timeZone);
  if (known !== undefined) return known;
  try {
    const format = new Intl.DateTimeFormat('en-US', {
      timeZone,
      hourCycle: 'h23',
      year: 'numeric',
      month: 'numeric',
      day: 'numeric',
      hour: 'numeric',
      minute: 'numeric',
      second: 'numeric',
    });
    formats.set(timeZone, format);
    return format;
  } catch {
    return null;
  }
}
