import type { Entity, MetricStore, SeriesRollup } from '../model/index.ts';
import type { FigureHistory } from '../predict/performance-features.ts';
import { PERFORMANCE_FIGURES } from '../predict/performance-features.ts';
import type { TeachingAt } from '../detect/apart.ts';
import type { HostBoard } from './host-board.ts';
import { untaughtWithin } from './training-calendar.ts';

/** A host's figures in even steps up to `now`, means of the steps, of several mounts the fullest; null before the first. */
export async function figureHistory(of: {
  entity: Entity;
  board: HostBoard;
  metrics: MetricStore;
  now: number;
  stepMs: number;
  rows: number;
  /** For training: steps in which not all is learnt are left out. */
  teachingAt?: TeachingAt;
}): Promise<FigureHistory | null> {
  const { entity, board, metrics, stepMs, rows } = of;
  const sources = PERFORMANCE_FIGURES.flatMap((name, column) =>
    board.refs(entity.id, name).map(({ ref }) => ({ ref, column })),
  );
  if (sources.length === 0) return null;
  // The step that is still filling up is left out: its mean is not comparable.
  const endAt = Math.floor(of.now / stepMs) * stepMs;
  const rollups = await metrics.downsample(
    sources.map(({ ref }) => ref),
    endAt - rows * stepMs,
    endAt - 1,
    stepMs,
  );
  const firstAt = rollups.reduce((first, rollup) => Math.min(first, rollup.times[0] ?? endAt), endAt);
  const nRows = Math.min(rows, Math.round((endAt - firstAt) / stepMs));
  if (nRows < 1) return null;
  const width = PERFORMANCE_FIGURES.length;
  const values = new Float64Array(nRows * width).fill(Number.NaN);
  const columnOf = new Map(sources.map(({ ref, column }) => [ref, column]));
  for (const rollup of rollups) fill(values, rollup, columnOf.get(rollup.ref) ?? 0, { endAt, nRows, width });
  const beginAt = endAt - nRows * stepMs;
  const untaught = of.teachingAt === undefined ? [] : untaughtWithin(of.teachingAt, entity.id, beginAt, endAt);
  for (const { from, to } of untaught)
    values.fill(Number.NaN, Math.floor((from - beginAt) / stepMs) * width, Math.ceil((to - beginAt) / stepMs) * width);
  return { columns: PERFORMANCE_FIGURES, values, nRows, stepMs, endAt, timeZone: entity.timeZone };
}

function fill(
  values: Float64Array,
  rollup: SeriesRollup,
  column: number,
  grid: { endAt: number; nRows: number; width: number },
): void {
  for (let i = 0; i < rollup.times.length; i++) {
    const row = grid.nRows - Math.round((grid.endAt - (rollup.times[i] as number)) / rollup.stepMs);
    if (row < 0 || row >= grid.nRows) continue;
    const at = row * grid.width + column;
    const mean = (rollup.sum[i] as number) / (rollup.count[i] as number);
    const before = values[at] as number;
    if (!(before >= mean)) values[at] = mean;
  }
}
