import { useSearch } from 'wouter';
import { navigate } from 'wouter/use-browser-location';

/* One time range for the whole page, kept in the address: `last=1h`, or `from` and `to` as ISO 8601. */

export const lasts = ['15m', '1h', '6h', '24h', '7d', '30d'] as const;
const unitMs = { m: 60_000, h: 3_600_000, d: 86_400_000 } as const;

export interface Range {
  /** `1h` where the range moves with time; null where it stands still. */
  readonly last: string | null;
  readonly fromMs: number;
  readonly toMs: number;
  /** The same for the same range, for caches. */
  readonly key: string;
}

function lastMs(last: string): number | null {
  const match = /^(\d{1,4})([mhd])$/.exec(last);
  return match === null ? null : Number(match[1]) * unitMs[match[2] as 'm' | 'h' | 'd'];
}

/** Reads the range from an address; what is not valid counts as absent. */
export function parseRange(search: string, now: number, fallback = '1h'): Range {
  const params = new URLSearchParams(search);
  const from = Date.parse(params.get('from') ?? '');
  const to = Date.parse(params.get('to') ?? '');
  if (Number.isFinite(from) && Number.isFinite(to) && to > from) {
    return { last: null, fromMs: from, toMs: to, key: `${from}-${to}` };
  }
  const asked = params.get('last') ?? fallback;
  const span = lastMs(asked);
  const last = span === null ? fallback : asked;
  return { last, fromMs: now - (span ?? lastMs(fallback) ?? unitMs.h), toMs: now, key: last };
}

/** The search with some parameters set (or removed, by null), others kept. */
export function withParams(search: string, changes: Readonly<Record<string, string | null>>): string {
  const params = new URLSearchParams(search);
  for (const [name, value] of Object.entries(changes)) {
    if (value === null) params.delete(name);
    else params.set(name, value);
  }
  const text = params.toString();
  return text === '' ? '' : `?${text}`;
}

/** Only the range's part of the address: links to other pages carry it along. */
export function rangeSearch(search: string): string {
  const params = new URLSearchParams(search);
  const kept = new URLSearchParams();
  for (const name of ['last', 'from', 'to']) {
    const value = params.get(name);
    if (value !== null) kept.set(name, value);
  }
  const text = kept.toString();
  return text === '' ? '' : `?${text}`;
}

const before: string[] = [];
let zoomedAt = Number.NEGATIVE_INFINITY;

export function setParams(changes: Readonly<Record<string, string | null>>, replace = false): void {
  navigate(`${location.pathname}${withParams(location.search, changes)}`, { replace });
}

export function setLast(last: string): void {
  before.length = 0;
  setParams({ last, from: null, to: null });
}

/** A range that stands still. `zoom` remembers where it came from, for the way back. */
export function setFixed(fromMs: number, toMs: number, zoom = false): void {
  if (zoom) {
    // A drag reaches all charts in step, and each of them reports it: one zoom, one step back.
    if (performance.now() - zoomedAt < 100) return;
    zoomedAt = performance.now();
    before.push(location.search);
  }
  const from = new Date(Math.round(fromMs)).toISOString();
  setParams({ last: null, from, to: new Date(Math.round(toMs)).toISOString() }, !zoom);
}

/** Back to the range before the last zoom, or to a range that moves with time. */
export function zoomBack(): void {
  const params = new URLSearchParams(before.pop() ?? '');
  setParams({ last: params.get('last'), from: params.get('from'), to: params.get('to') });
}

export function useRange(fallback = '1h'): Range {
  return parseRange(useSearch(), Date.now(), fallback);
}
