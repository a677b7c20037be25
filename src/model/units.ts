import { figureMetric } from './service-metrics.ts';
import type { SeriesKind } from './series.ts';

/** What a metric's name says of its unit, by Prometheus' naming rules; the longest suffix decides. */
const unitBySuffix: readonly (readonly [string, string])[] = [
  ['_bytes_per_second', 'bytes/s'],
  ['_milliseconds', 'ms'],
  ['_seconds', 'seconds'],
  ['_bytes', 'bytes'],
  ['_ratio', 'ratio'],
  ['_percent', '%'],
  ['_celsius', '°C'],
  ['_volts', 'V'],
  ['_amperes', 'A'],
  ['_watts', 'W'],
  ['_joules', 'J'],
  ['_hertz', 'Hz'],
  ['_meters', 'm'],
  ['_grams', 'g'],
  ['_cores', 'cores'],
  ['_rate', 'count/s'],
];
const shapeSuffix = /_(total|sum|created)$/;

/** Whether a series is a running total whose rate is what people look at: counters, and the parts of a histogram. */
export function isCumulative(name: string, kind: SeriesKind): boolean {
  return kind === 'counter' || (kind === 'histogram' && /_(bucket|sum|count)$/.test(name));
}

/**
 * The unit of a metric's own values: `bytes`, `seconds`, `ratio`, `count` …; '' where the name does not tell. A guess
 * by name: wrong for metrics that break the naming rules. O(length of the name).
 */
export function metricUnit(name: string, kind: SeriesKind): string {
  const known = figureMetric(name);
  if (known !== undefined) return known.unit;
  if (/_(bucket|count)$/.test(name) && kind === 'histogram') return 'count';
  const bare = name.replace(shapeSuffix, '');
  for (const [suffix, unit] of unitBySuffix) if (bare.endsWith(suffix)) return unit;
  return kind === 'counter' || bare !== name ? 'count' : '';
}

/** The unit of a counter's rate a second: seconds a second of CPU are cores, of other things a share of the time. */
export function rateUnit(name: string, unit: string): string {
  if (unit === 'seconds') return name.includes('cpu') ? 'cores' : 'ratio';
  return unit === '' ? 'count/s' : unit.endsWith('/s') ? unit : `${unit}/s`;
}

/** A metric's name as a person reads it: the title of a host's or service's main figure, else the name's words without prefix and unit. */
export function metricTitle(name: string): string {
  const known = figureMetric(name);
  if (known !== undefined) return known.title;
  let bare = name.replace(shapeSuffix, '').replace(/^(node|auspex_host|auspex_service|auspex)_/, '');
  for (const [suffix] of unitBySuffix) {
    if (bare.endsWith(suffix) && bare.length > suffix.length) {
      bare = bare.slice(0, -suffix.length);
      break;
    }
  }
  const words = bare.replaceAll(/[_:]+/g, ' ').trim();
  return words === '' ? name : words;
}
