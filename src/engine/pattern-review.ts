import { confidence, type Entity, type MetricStore, type PatternRow, type RecordStore } from '../model/index.ts';
import { PATTERN_PRIOR } from '../predict/patterns.ts';
import type { Pattern } from './engine-view.ts';
import type { HostBoard } from './host-board.ts';
import { figuresOf } from './host-figures.ts';
import type { TaskPool } from './task-pool.ts';

const MAX_POINTS = 2_000;
const NICE_STEPS_MS = [10_000, 60_000, 300_000, 900_000, 3_600_000];

/** Analyses the main figures of a host over the last days and keeps the newest analysis of each. */
export async function patternsOf(of: {
  entity: Entity;
  days: number;
  board: HostBoard;
  metrics: MetricStore;
  records: RecordStore;
  tasks: TaskPool;
  now: number;
}): Promise<readonly Pattern[]> {
  const { entity, days, board, metrics, records, tasks, now } = of;
  const figures = figuresOf(board, entity.id);
  if (figures.length === 0) return [];
  const spanMs = days * 86_400_000;
  const stepMs = NICE_STEPS_MS.find((step) => spanMs / step <= MAX_POINTS) ?? 3_600_000;
  const rollups = new Map(
    (
      await metrics.downsample(
        figures.map((figure) => figure.ref),
        now - spanMs,
        now,
        stepMs,
      )
    ).map((rollup) => [rollup.ref, rollup]),
  );
  const requests = figures.map(({ ref, metric, component }) => {
    const rollup = rollups.get(ref);
    return {
      times: rollup === undefined ? new Float64Array(0) : rollup.times.map((at) => at + stepMs),
      values:
        rollup === undefined ? new Float64Array(0) : rollup.sum.map((sum, i) => sum / (rollup.count[i] ?? Number.NaN)),
      unit: metric.unit,
      timeZone: entity.timeZone,
      title: component,
    };
  });
  const analyses = [];
  for (const request of requests) analyses.push(await tasks.run('pattern', request));
  const found = analyses.flatMap((analysis, i): Pattern[] => {
    const figure = figures[i];
    if (figure === undefined || analysis.learning !== null) return [];
    const { strength, type, trendPerDay, robustTrendPerDay, polynomial, periods, explanation } = analysis;
    return [
      {
        entityId: entity.id,
        component: figure.component,
        unit: figure.metric.unit,
        type,
        strength,
        at: now,
        confidence: confidence(PATTERN_PRIOR, 'prior', 0),
        trendPerDay,
        robustTrendPerDay,
        polynomial,
        periods,
        changePoints: analysis.changePoints.map(({ at, before, after }) => ({ at, before, after })),
        explanation,
        recommendations: analysis.insights,
      },
    ];
  });
  await records.put(
    'patterns',
    found.map(
      ({ entityId, component, at, type, strength, ...body }): PatternRow => ({
        id: `${entityId}:${component}`,
        entityId,
        component,
        at,
        type,
        strength,
        body,
      }),
    ),
  );
  return found;
}
