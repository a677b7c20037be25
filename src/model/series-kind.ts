import { figureMetric } from './service-metrics.ts';
import type { SeriesKind } from './series.ts';

/** The metric types of Prometheus and OpenMetrics, as TYPE lines and remote write name them. */
export type MetricType =
  | 'unknown'
  | 'counter'
  | 'gauge'
  | 'histogram'
  | 'gaugehistogram'
  | 'summary'
  | 'info'
  | 'stateset';

/**
 * What kind of number a series carries, told from its name alone: the naming rules of Prometheus. Weak where an exporter
 * ignores them (a counter without `_total` looks like a gauge), so a declared type is to be preferred.
 */
export function guessSeriesKind(name: string): SeriesKind {
  if (figureMetric(name) !== undefined) return 'gauge';
  if (name.endsWith('_bucket')) return 'histogram';
  if (name.endsWith('_total') || name.endsWith('_count') || name.endsWith('_sum')) return 'counter';
  if (name.endsWith('_info')) return 'info';
  return 'gauge';
}

/** The kind of one series of a family of declared type: a histogram's buckets, sum and count are kinds of their own. */
export function seriesKindOf(type: MetricType, name: string): SeriesKind {
  switch (type) {
    case 'counter':
      return name.endsWith('_created') ? 'gauge' : 'counter';
    case 'gauge':
      // The text format has no type for it: exporters declare `node_uname_info` a gauge.
      return name.endsWith('_info') ? 'info' : 'gauge';
    case 'gaugehistogram':
    case 'stateset':
      return 'gauge';
    case 'histogram':
      return name.endsWith('_created') ? 'gauge' : name.endsWith('_bucket') ? 'histogram' : 'counter';
    case 'summary':
      return name.endsWith('_sum') || name.endsWith('_count') ? 'counter' : 'gauge';
    case 'info':
      return 'info';
    case 'unknown':
      return guessSeriesKind(name);
  }
}

const FAMILY_SUFFIXES = ['_bucket', '_count', '_sum', '_total', '_created', '_info', '_gcount', '_gsum'];

/** The declared type of the family that a series belongs to: by its own name, else by its name without the suffix that the type adds. */
export function declaredType(types: ReadonlyMap<string, MetricType>, name: string): MetricType | undefined {
  const own = types.get(name);
  if (own !== undefined) return own;
  for (const suffix of FAMILY_SUFFIXES) {
    if (name.endsWith(suffix)) return types.get(name.slice(0, -suffix.length));
  }
  return undefined;
}
