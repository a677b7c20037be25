import { z } from 'zod';
import { anchoredRegex, type Matcher } from '../model/index.ts';

/* How values are written in the configuration: durations, sizes, addresses. Each schema says in words what it expects. */

const durationUnits: Readonly<Record<string, number>> = {
  ms: 1,
  s: 1000,
  m: 60_000,
  min: 60_000,
  h: 3_600_000,
  d: 86_400_000,
  w: 604_800_000,
};
const sizeUnits: Readonly<Record<string, number>> = {
  b: 1,
  kb: 1e3,
  mb: 1e6,
  gb: 1e9,
  tb: 1e12,
  kib: 2 ** 10,
  mib: 2 ** 20,
  gib: 2 ** 30,
  tib: 2 ** 40,
};

/** `10s`, `5m`, `1h30m`, `15d` in ms; null for what is none. A bare number has no unit and is none. */
export function parseDuration(text: unknown): number | null {
  if (text === 0 || text === '0') return 0;
  if (typeof text !== 'string') return null;
  const compact = text.replaceAll(/\s+/g, '').toLowerCase();
  if (!/^(\d+(\.\d+)?(ms|min|s|m|h|d|w))+$/.test(compact)) return null;
  let total = 0;
  for (const [, number = '', , unit = ''] of compact.matchAll(/(\d+(\.\d+)?)(ms|min|s|m|h|d|w)/g)) {
    total += Number(number) * (durationUnits[unit] ?? Number.NaN);
  }
  return Number.isFinite(total) ? Math.round(total) : null;
}

/** `2GB`, `512MiB`, or a bare number of bytes; null for what is none. */
export function parseSize(text: unknown): number | null {
  if (typeof text === 'number') return Number.isInteger(text) && text >= 0 ? text : null;
  if (typeof text !== 'string') return null;
  const match = /^(\d+(?:\.\d+)?)([kmgt]i?b|b)?$/.exec(text.replaceAll(/\s+/g, '').toLowerCase());
  if (match === null) return null;
  const bytes = Math.round(Number(match[1]) * (sizeUnits[match[2] ?? 'b'] ?? Number.NaN));
  return Number.isSafeInteger(bytes) ? bytes : null;
}

/** `host:port` as people write it: `127.0.0.1:4700`, `[::1]:4700`, `:4700` (all addresses), `4700`. */
export function parseListen(text: unknown): { host: string; port: number } | null {
  const match = /^(?:(\[[0-9a-f:.%]+\]|[^:[\]]*):)?(\d{1,5})$/i.exec(String(text).trim());
  if (match === null) return null;
  const port = Number(match[2]);
  if (port > 65_535) return null;
  const host = match[1];
  if (host === undefined) return { host: '127.0.0.1', port };
  return { host: host === '' || host === '*' ? '::' : host.replace(/^\[|\]$/g, ''), port };
}

/** `job=web`, `instance=~"web-.*"`: one condition of a Prometheus selector. */
export function parseMatcher(text: unknown): Matcher | null {
  const match = /^\s*([a-zA-Z_][a-zA-Z0-9_.]*)\s*(=~|!~|!=|=)\s*(?:"(.*)"|'(.*)'|(.*?))\s*$/.exec(String(text));
  if (match === null) return null;
  const op = match[2] as Matcher['op'];
  const value = match[3] ?? match[4] ?? match[5] ?? '';
  if (op === '=~' || op === '!~') {
    try {
      anchoredRegex(value);
    } catch {
      return null;
    }
  }
  return { name: match[1] ?? '', op, value };
}

/** A schema over a parser that gives null for what it does not take; `expected` completes "expected …". */
function parsed<T>(parse: (input: unknown) => T | null, expected: string) {
  return z.unknown().transform((input, context): T => {
    const value = parse(input);
    if (value !== null) return value;
    context.issues.push({ code: 'custom', message: expected, input });
    return z.NEVER;
  });
}

/** Milliseconds, written as a duration. Bounds are durations too. */
export function duration(min: string, max: string) {
  const [low, high] = [parseDuration(min) ?? 0, parseDuration(max) ?? Number.POSITIVE_INFINITY];
  return parsed((input) => {
    const value = parseDuration(input);
    return value !== null && value >= low && value <= high ? value : null;
  }, `a duration from ${min} to ${max}, such as ${min}`);
}

/** Bytes, written as a size. */
export function size(min: string) {
  const low = parseSize(min) ?? 0;
  return parsed((input) => {
    const value = parseSize(input);
    return value !== null && value >= low ? value : null;
  }, `a size of at least ${min}, such as 2GB or 512MiB`);
}

export function listen() {
  return parsed(parseListen, 'an address and port such as 127.0.0.1:4700, [::1]:4700 or :4700');
}

/** Empty for the root, otherwise with a leading and no trailing slash. */
export function basePath() {
  return parsed((input) => {
    if (typeof input !== 'string' || !/^\/?([\w.~-]+\/)*[\w.~-]*$/.test(input) || input.includes('..')) return null;
    const trimmed = input.replace(/^\/|\/$/g, '');
    return trimmed === '' ? '' : `/${trimmed}`;
  }, 'a path such as /auspex');
}

export function matchers() {
  return z.array(parsed(parseMatcher, 'a condition such as job=web or instance=~web-.*')).prefault([]);
}

export function httpUrl() {
  return parsed((input) => {
    const url = typeof input === 'string' ? URL.parse(input) : null;
    return url !== null && (url.protocol === 'http:' || url.protocol === 'https:') ? String(input) : null;
  }, 'an address that begins with http:// or https://');
}

/** An address or range; its bits are checked again where it is used. */
export function range() {
  return parsed((input) => {
    const match = typeof input === 'string' ? /^([0-9a-f:.]+)(?:\/(\d{1,3}))?$/i.exec(input) : null;
    if (match === null) return null;
    const isV6 = (match[1] ?? '').includes(':');
    const isAddress = isV6 ? URL.canParse(`http://[${match[1]}]`) : /^\d{1,3}(\.\d{1,3}){3}$/.test(match[1] ?? '');
    return isAddress && Number(match[2] ?? 0) <= (isV6 ? 128 : 32) ? String(input) : null;
  }, 'an address range such as 10.0.0.0/8 or fd00::/8');
}

export function timeZone() {
  return parsed((input) => {
    try {
      return new Intl.DateTimeFormat('en', { timeZone: String(input) }).resolvedOptions().timeZone;
    } catch {
      return null;
    }
  }, 'an IANA time zone such as Europe/Berlin or UTC');
}
