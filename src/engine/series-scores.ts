import type { StreamScores } from '../detect/stream-scores.ts';
import { isTotal } from '../detect/series-traits.ts';
import { metricName, type MetricStore, type Series } from '../model/index.ts';
import type { TaskPool } from './task-pool.ts';

/** What goes before the range is learnt from: as long as samples are kept by default. */
const PAST_MS = 15 * 86_400_000;
/** Bounds a replay to half a second of a detection thread. */
const MOST_SAMPLES = 200_000;

/** Scores of a series' stored samples from `from` to `to`, each from those before it alone, on a detection thread. */
export async function seriesScoresOf(asked: {
  readonly series: Series;
  readonly from: number;
  readonly to: number;
  readonly metrics: MetricStore;
  readonly tasks: TaskPool;
}): Promise<StreamScores> {
  const { series, from, to, metrics, tasks } = asked;
  const [found] = await metrics.range([series.ref], from - PAST_MS, to, MOST_SAMPLES);
  return tasks.run('scoreSamples', {
    times: found?.times ?? new Float64Array(0),
    values: found?.values ?? new Float64Array(0),
    from,
    isTotal: isTotal(metricName(series.labels), series.kind),
  });
}
