import { civilOffset } from '../stats/civil-time.ts';
import { type HostFigures, hostHealth } from './host-health.ts';

export const WINDOW_POINTS = 10;
const HOUR_MS = 3_600_000;

/** The figures that the score is made from, in this order. */
export const PERFORMANCE_FIGURES = [
  'auspex_host_cpu_ratio',
  'auspex_host_load_per_core',
  'auspex_host_memory_ratio',
  'auspex_host_swap_ratio',
  'auspex_host_disk_ratio',
  'auspex_host_disk_io_ratio',
  'auspex_host_disk_write_bytes_per_second',
  'auspex_host_network_receive_bytes_per_second',
  'auspex_host_process_count',
  'auspex_host_pressure_cpu_ratio',
  'auspex_host_pressure_io_ratio',
] as const;

const PARTS = ['last', 'mean', 'slope', 'max'] as const;

/** A host's figures in even steps: row i ends at `endAt − (n − 1 − i) · stepMs`; columns by `columns`; NaN is missing. */
export interface FigureHistory {
  readonly columns: readonly string[];
  /** Row-major. */
  readonly values: Float64Array;
  readonly nRows: number;
  readonly stepMs: number;
  readonly endAt: number;
  readonly timeZone: string;
}

/** Names of the features, in their order. */
export const performanceFeatureNames: readonly string[] = [
  ...PERFORMANCE_FIGURES.flatMap((figure) => PARTS.map((part) => `${figure} ${part}`)),
  ...Array.from({ length: WINDOW_POINTS }, (_, k) => `health ${WINDOW_POINTS - 1 - k} ago`),
  'hour sin',
  'hour cos',
];

/** Which figure a feature speaks of: its index in PERFORMANCE_FIGURES, -1 for health and time of day. */
export function figureOfFeature(feature: number): number {
  return feature < PERFORMANCE_FIGURES.length * PARTS.length ? Math.floor(feature / PARTS.length) : -1;
}

/** The figures of one row. */
export function figuresAt(history: FigureHistory, row: number): HostFigures {
  const out: Record<string, number> = {};
  for (let j = 0; j < history.columns.length; j++) {
    const value = history.values[row * history.columns.length + j];
    if (value === value) out[history.columns[j]] = value;
  }
  return out;
}

/** The observed health of every row; NaN where nothing was seen. */
export function healthOf(history: FigureHistory): Float64Array {
  return Float64Array.from(
    { length: history.nRows },
    (_, row) => hostHealth(figuresAt(history, row)).score ?? Number.NaN,
  );
}

/** Writes the features of the ten rows that end at `row` into `out` from `start`. */
export function writeFeatures(
  history: FigureHistory,
  health: Float64Array,
  row: number,
  out: Float64Array,
  start: number,
): void {
  const width = history.columns.length;
  let at = start;
  for (const figure of PERFORMANCE_FIGURES) {
    const column = history.columns.indexOf(figure);
    const summary = summaryOf(history.values, column, width, row, history.stepMs);
    out[at++] = summary.last;
    out[at++] = summary.mean;
    out[at++] = summary.slopePerHour;
    out[at++] = summary.max;
  }
  for (let k = WINDOW_POINTS - 1; k >= 0; k--) out[at++] = row >= k ? health[row - k] : Number.NaN;
  const moment = history.endAt - (history.nRows - 1 - row) * history.stepMs;
  const hour = ((moment + civilOffset(history.timeZone, moment)) % (24 * HOUR_MS)) / HOUR_MS;
  out[at++] = Math.sin((hour / 24) * 2 * Math.PI);
  out[at] = Math.cos((hour / 24) * 2 * Math.PI);
}

/** Last, mean, slope and highest of a column's last ten points; NaN of nothing. */
export function summaryOf(
  values: Float64Array,
  column: number,
  width: number,
  row: number,
  stepMs: number,
): { last: number; mean: number; slopePerHour: number; max: number } {
  let n = 0;
  let sum = 0;
  let sumX = 0;
  let sumXX = 0;
  let sumXY = 0;
  let max = Number.NaN;
  let last = Number.NaN;
  for (let k = Math.max(0, row - WINDOW_POINTS + 1); column >= 0 && k <= row; k++) {
    const value = values[k * width + column];
    if (!Number.isFinite(value)) continue;
    const x = k - row;
    n++;
    sum += value;
    sumX += x;
    sumXX += x * x;
    sumXY += x * value;
    last = value;
    max = max >= value ? max : value;
  }
  const spread = n * sumXX - sumX * sumX;
  const slope = n >= 3 && spread > 0 ? (n * sumXY - sumX * sum) / spread : Number.NaN;
  return { last, mean: n > 0 ? sum / n : Number.NaN, slopePerHour: (slope * HOUR_MS) / stepMs, max };
}
