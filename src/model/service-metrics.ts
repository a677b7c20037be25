import { type FigureMetric, figuresNamed } from './figure-metric.ts';
import { hostMetrics } from './host-metrics.ts';

export const SERVICE_FIGURE_PREFIX = 'auspex_service_';

const { figure, ratio } = figuresNamed(SERVICE_FIGURE_PREFIX);

/**
 * The main figures of a service, derived from what it exposes by the field's naming rules (`ServiceFigureDeriver`). What
 * a service does not expose is missing; rates are missing in the first collection and after a gap.
 */
export const serviceMetrics = [
  ratio('down_ratio', 'down', 'availability', { limit: 1 }),
  figure('restarts', 'restarts', 'count', 'availability'),
  ratio('error_ratio', 'requests that fail', 'errors', { limit: 1 }),
  figure('error_rate', 'errors', 'count/s', 'errors'),
  figure('latency_seconds', 'time an answer takes', 'seconds', 'latency'),
  figure('request_rate', 'requests', 'count/s', 'traffic'),
  ratio('connections_ratio', 'connections used', 'saturation', { limit: 1 }),
  ratio('open_files_ratio', 'open files', 'files', { limit: 1 }),
  ratio('memory_ratio', 'memory used', 'memory', { limit: 1 }),
  figure('resident_bytes', 'resident memory', 'bytes', 'memory'),
  figure('cpu_cores', 'CPU used', 'cores', 'cpu'),
  figure('loop_lag_seconds', 'event loop delay', 'seconds', 'saturation'),
  ratio('refused_ratio', 'requests refused as not allowed', 'errors', { limit: 1 }),
  figure('clock_offset_seconds', 'clock off by', 'seconds', 'clock'),
] as const satisfies readonly FigureMetric[];

const byName: ReadonlyMap<string, FigureMetric> = new Map([...hostMetrics, ...serviceMetrics].map((m) => [m.name, m]));

/** The derived figure of a host or service of this name, or undefined. O(1). */
export function figureMetric(name: string): FigureMetric | undefined {
  return byName.get(name);
}
