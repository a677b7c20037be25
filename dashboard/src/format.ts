/* Numbers, times and durations as a person reads them. Pure: the zone and the present come from the caller. */

const minus = '\u2212';
const thin = '\u202f';

function plain(value: number, digits: number): string {
  const text = new Intl.NumberFormat('en', { minimumFractionDigits: 0, maximumFractionDigits: digits }).format(value);
  return text.replace('-', minus);
}

/** Three significant figures where it is small, none behind the point from 100 on: columns stay narrow and true. */
function digitsFor(value: number): number {
  const size = Math.abs(value);
  if (size === 0 || size >= 100) return 0;
  if (size >= 10) return 1;
  if (size >= 1) return 2;
  return Math.min(4, Math.max(2, 1 - Math.floor(Math.log10(size))));
}

export interface Quantity {
  readonly figure: string;
  readonly unit: string;
}

const iec = ['B', 'KiB', 'MiB', 'GiB', 'TiB', 'PiB'];

function bytes(value: number): Quantity {
  let size = Math.abs(value);
  let power = 0;
  while (size >= 999.5 && power < iec.length - 1) {
    size /= 1024;
    power++;
  }
  const shown = value < 0 ? -size : size;
  return { figure: plain(shown, power === 0 || size >= 100 ? 0 : 1), unit: iec[power] ?? 'B' };
}

function large(value: number): Quantity {
  const size = Math.abs(value);
  if (size >= 1e9) return { figure: plain(value / 1e9, 2), unit: 'G' };
  if (size >= 1e6) return { figure: plain(value / 1e6, 2), unit: 'M' };
  return { figure: plain(value, digitsFor(value)), unit: '' };
}

/** A sentence without the name that stands before it already. */
export function afterName(name: string, sentence: string): string {
  return sentence.startsWith(name) ? sentence.slice(name.length).replace(/^:?\s+/, '') : sentence;
}

/** A value with its unit: `ratio` 0..1 in per cent, bytes in IEC steps, seconds as a duration, the rest with its unit's own name. */
export function quantity(value: number | null, unit: string): Quantity {
  if (value === null || !Number.isFinite(value)) return { figure: '–', unit: '' };
  switch (unit) {
    case 'ratio':
    case 'percent':
    case '%': {
      const percent = unit === 'ratio' ? value * 100 : value;
      return { figure: plain(percent, Math.abs(percent) < 10 && percent !== 0 ? 1 : 0), unit: '%' };
    }
    case 'bytes':
      return bytes(value);
    case 'bytes/s': {
      const q = bytes(value);
      return { figure: q.figure, unit: `${q.unit}/s` };
    }
    case 'seconds':
      return { figure: duration(value * 1000), unit: '' };
    case 'ms':
      return { figure: duration(value), unit: '' };
    case 'count/s': {
      const q = large(value);
      return { figure: `${q.figure}${q.unit}`, unit: '/s' };
    }
    case 'count':
    case '': {
      const q = large(value);
      return { figure: `${q.figure}${q.unit}`, unit: '' };
    }
    default: {
      const q = large(value);
      return { figure: `${q.figure}${q.unit}`, unit };
    }
  }
}

/** `61 %`, `3.1 GiB`, `2.4 cores`. */
export function amount(value: number | null, unit: string): string {
  const q = quantity(value, unit);
  return q.unit === '' ? q.figure : `${q.figure}${q.unit.startsWith('/') ? '' : thin}${q.unit}`;
}

/** `8–22 %`; the unit once where both ends share it. */
export function span(lower: number | null, upper: number | null, unit: string): string {
  if (lower === null && upper === null) return '–';
  if (lower === null) return `up to ${amount(upper, unit)}`;
  if (upper === null) return `from ${amount(lower, unit)}`;
  const a = quantity(lower, unit);
  const b = quantity(upper, unit);
  if (a.figure === b.figure && a.unit === b.unit) return amount(upper, unit);
  if (a.unit === b.unit || lower === 0) return `${a.figure}–${amount(upper, unit)}`;
  return `${amount(lower, unit)}–${amount(upper, unit)}`;
}

/** `3 min 20 s`: two steps at most, the smaller one left out where it is nothing. */
export function duration(ms: number): string {
  if (!Number.isFinite(ms)) return '–';
  if (ms < 0) return `${minus}${duration(-ms)}`;
  if (ms < 1) return ms === 0 ? '0 s' : `${plain(ms * 1000, 0)} µs`;
  if (ms < 1000) return `${plain(ms, ms < 10 ? 1 : 0)} ms`;
  const seconds = Math.round(ms / 1000);
  if (ms < 10_000 && ms % 1000 !== 0) return `${plain(ms / 1000, 1)} s`;
  const steps: readonly (readonly [number, string])[] = [
    [86_400, 'd'],
    [3600, 'h'],
    [60, 'min'],
    [1, 's'],
  ];
  const first = steps.findIndex(([size]) => seconds >= size);
  const head = steps[first];
  if (head === undefined) return '0 s';
  const next = steps[first + 1];
  const count = Math.floor(seconds / head[0]);
  const rest = next === undefined ? 0 : Math.floor((seconds - count * head[0]) / next[0]);
  const headText = `${plain(count, 0)}${thin}${head[1]}`;
  return next === undefined || rest === 0 || count >= 10 ? headText : `${headText} ${rest}${thin}${next[1]}`;
}

export function count(value: number): string {
  return value >= 1e6 ? amount(value, 'count') : plain(value, 0);
}

/** `14:03`, with the day where it is not today's: `20 Nov 14:03`, and the year where it is not this one's. */
export function clock(ms: number, now: number, seconds = false): string {
  const date = new Date(ms);
  const today = new Date(now);
  const time: Intl.DateTimeFormatOptions = { hour: '2-digit', minute: '2-digit', hourCycle: 'h23' };
  if (seconds) time.second = '2-digit';
  const sameDay = date.toDateString() === today.toDateString();
  const text = new Intl.DateTimeFormat('en-GB', time).format(date);
  if (sameDay) return text;
  const day: Intl.DateTimeFormatOptions = { day: 'numeric', month: 'short' };
  if (date.getFullYear() !== today.getFullYear()) day.year = 'numeric';
  return `${new Intl.DateTimeFormat('en-GB', day).format(date)} ${text}`;
}

/** The whole instant with its zone, for the hover: `Sat, 21 Nov 2026, 14:03:20 GMT+1 (Europe/Berlin)`. */
export function instantWithZone(ms: number): string {
  const text = new Intl.DateTimeFormat('en-GB', {
    weekday: 'short',
    day: 'numeric',
    month: 'short',
    year: 'numeric',
    hour: '2-digit',
    minute: '2-digit',
    second: '2-digit',
    hourCycle: 'h23',
    timeZoneName: 'short',
  }).format(ms);
  return `${text} (${Intl.DateTimeFormat().resolvedOptions().timeZone})`;
}

/** `4 min ago`, `in 9 d`: one step, for reading at a glance. */
export function fromNow(ms: number, now: number): string {
  const away = Math.abs(ms - now);
  if (away < 5000) return 'now';
  const step = away >= 86_400_000 ? 86_400_000 : away >= 3_600_000 ? 3_600_000 : away >= 60_000 ? 60_000 : 1000;
  const text = duration(Math.floor(away / step) * step);
  return ms > now ? `in ${text}` : `${text} ago`;
}

/** `91 %` for 0..1. */
export function percent(value: number | null): string {
  return amount(value, 'ratio');
}

const words: Readonly<Record<string, string>> = {
  'disk-io': 'disk I/O',
  cpu: 'CPU',
  'very high': 'very high',
};
/** `disk-io` as a person says it. */
export function word(name: string): string {
  return words[name] ?? name.replaceAll('-', ' ');
}

/** What was found, with its host's name where it does not say it itself. */
export function withName(name: string, summary: string): string {
  return summary.includes(name) ? summary : `${name} ${summary}`;
}

/** With a capital letter first, as a title has it. */
export function capital(text: string): string {
  return text.slice(0, 1).toUpperCase() + text.slice(1);
}

/** `{device="sda"}` without the labels that are the same everywhere. */
export function labelText(labels: Readonly<Record<string, string>>): string {
  return Object.entries(labels)
    .filter(([name]) => name !== '__name__' && name !== 'instance' && name !== 'job')
    .map(([name, value]) => `${name}=${value}`)
    .join(' ');
}
