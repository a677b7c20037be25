import type { BandHistory, BandRequest } from '../detect/band-replay.ts';
import { isTotal } from '../detect/series-traits.ts';
import { isCumulative, metricName, type MetricStore, type Series } from '../model/index.ts';
import type { TeachingAt } from '../detect/apart.ts';
import type { TaskPool } from './task-pool.ts';
import { untaughtWithin } from './training-calendar.ts';

const MINUTE = 60_000;
const DAY = 86_400_000;
/** A rhythm of the day is known after two days, one of the week after one week. */
const WARM_UP_MS = 14 * DAY;
/** Bounds a replay to some tens of milliseconds of a detection thread, and its reading to as much of the store’s. */
const MOST_SAMPLES = 200_000;
/** Of a longer range steps are read: too many samples, and mostly older than they are kept. */
const LONGEST_RAW_MS = 15 * DAY;
const LONGEST_FIVE_MINUTES_MS = 90 * DAY;

type Points = Pick<BandRequest, 'shape' | 'times' | 'values'>;
interface Asked {
  readonly series: Series;
  readonly from: number;
  readonly to: number;
  readonly metrics: MetricStore;
}

/** What was expected of a series over a range, from its stored samples, on a detection thread. */
export async function bandHistoryOf(
  asked: Asked & {
    readonly timeZone: string;
    readonly stepMs: number;
    readonly tasks: TaskPool;
    readonly teachingAt: TeachingAt;
  },
): Promise<BandHistory> {
  const { series, timeZone, from, to, stepMs, tasks, teachingAt } = asked;
  const metric = metricName(series.labels);
  const points = await pointsOf(asked);
  const untaught = untaughtWithin(teachingAt, series.entityId, points.times[0] ?? from, to);
  return tasks.run('replayBand', { metric, timeZone, from, to, stepMs, untaught, ...points });
}

/** Samples where they reach back to the range's begin, else the steps that are kept for longer. */
async function pointsOf(asked: Asked): Promise<Points> {
  const metric = metricName(asked.series.labels);
  const isRate = isTotal(metric, asked.series.kind);
  const none: Points = { shape: 'gauge', times: new Float64Array(0), values: new Float64Array(0) };
  // Drawn as it is but modelled as a rate: a band in another unit than the line's would mislead.
  if (isRate !== isCumulative(metric, asked.series.kind)) return none;
  const raw = asked.to - asked.from > LONGEST_RAW_MS ? none : await samplesOf(asked, isRate);
  const rawFrom = raw.times[0] ?? Number.POSITIVE_INFINITY;
  if (rawFrom <= asked.from) return raw;
  const steps = await stepsOf(asked, isRate);
  return (steps.times[0] ?? Number.POSITIVE_INFINITY) < rawFrom - DAY || raw.times.length === 0 ? steps : raw;
}

async function samplesOf({ series, from, to, metrics }: Asked, isRate: boolean): Promise<Points> {
  const [found] = await metrics.range([series.ref], from - WARM_UP_MS, to, MOST_SAMPLES);
  return {
    shape: isRate ? 'total' : 'gauge',
    times: found?.times ?? new Float64Array(0),
    values: found?.values ?? new Float64Array(0),
  };
}

/** Means of steps, of a counter its increase a second; each at its step's end, where it was known. */
async function stepsOf({ series, from, to, metrics }: Asked, isRate: boolean): Promise<Points> {
  const stepMs = to - from > LONGEST_FIVE_MINUTES_MS ? 60 * MINUTE : 5 * MINUTE;
  const [found] = await metrics.downsample([series.ref], from - WARM_UP_MS, to, stepMs);
  const times = found?.times.map((at) => at + stepMs - 1) ?? new Float64Array(0);
  const values = new Float64Array(times.length);
  for (let i = 0; found !== undefined && i < times.length; i++)
    values[i] = isRate
      ? (found.increase[i] as number) / (stepMs / 1000)
      : (found.sum[i] as number) / (found.count[i] as number);
  return { shape: isRate ? 'rate' : 'gauge', times, values };
}
