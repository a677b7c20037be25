/** A figure that has a limit, and what passing it means. */
export interface LimitedFigure {
  readonly metric: string;
  /** Null: learnt, from what is usual (`usualLimit`). */
  readonly limit: number | null;
  /** Below this an unusual value hurts nobody. Only where the limit is learnt. */
  readonly least?: number;
  /** How bad it is; `none`: shown and kept in the ledger, nobody is told, since a busy machine is no trouble. */
  readonly severity: 'none' | 'medium' | 'high';
  /** What could be added or done before. */
  readonly advice: string;
  /** How bad it is where users bring it: the requests of a service there grow without like. Only beside `none`. */
  readonly underTraffic?: 'medium';
}

const host = (metric: string, limit: number, severity: LimitedFigure['severity'], advice: string): LimitedFigure => ({
  metric: `auspex_host_${metric}`,
  limit,
  severity,
  advice,
});
const service = (
  metric: string,
  limit: number | null,
  severity: LimitedFigure['severity'],
  advice: string,
  least?: number,
): LimitedFigure => ({
  metric: `auspex_service_${metric}`,
  limit,
  severity,
  advice,
  ...(least === undefined ? {} : { least }),
});

/** What is foreseen minutes ahead, of each host and service that has such figures. */
export const LIMITED_FIGURES: readonly LimitedFigure[] = [
  { ...host('cpu_ratio', 0.95, 'none', 'Move work away or add cores'), underTraffic: 'medium' },
  host('memory_ratio', 0.95, 'high', 'End or limit what takes the memory, or add some'),
  host('control_group_memory_ratio', 0.95, 'high', 'Restart it at a good moment, or raise its limit'),
  host('disk_ratio', 0.98, 'high', 'Free space, or stop what fills it'),
  host('inode_ratio', 0.98, 'high', 'Remove many small files'),
  host('disk_io_ratio', 0.95, 'none', 'See what reads and writes; move it or spread it in time'),
  host('open_files_ratio', 0.95, 'high', 'Find what keeps files open, or raise the limit'),
  host('pressure_cpu_ratio', 0.6, 'none', 'Move work away or add cores'),
  host('pressure_memory_ratio', 0.2, 'medium', 'End or limit what takes the memory, or add some'),
  host('pressure_io_ratio', 0.6, 'none', 'See what reads and writes; move it or spread it in time'),
  service('connections_ratio', 0.95, 'high', 'Raise the limit, close idle connections, or add an instance'),
  service('open_files_ratio', 0.95, 'high', 'Raise the limit, or find what keeps files open'),
  service('memory_ratio', 0.95, 'high', 'Restart it at a good moment, or raise its limit'),
  service('loop_lag_seconds', 0.5, 'medium', 'Add an instance, or move long work off the event loop'),
  service('latency_seconds', null, 'medium', 'Add an instance, or shed load', 0.25),
  service('error_ratio', null, 'medium', 'See what fails, and what changed', 0.05),
];

/** What users feel is too much at so many times what is usual, where nobody has set an objective. */
const TIMES_USUAL = 3;

/**
 * The limit of a figure that users feel where nobody set one: three times the 95th percentile of the last day, at least
 * `least`. Null with less than two hours of history. O(n log n).
 */
export function usualLimit(values: Float64Array, stepMs: number, least: number): number | null {
  const known = values.filter((value) => Number.isFinite(value)).sort();
  if (known.length * stepMs < 2 * 3_600_000) return null;
  const high = known[Math.min(known.length - 1, Math.floor(known.length * 0.95))];
  return Math.max(least, TIMES_USUAL * high);
}
