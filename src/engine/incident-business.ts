import {
  type BusinessImpact,
  type BusinessKind,
  businessImpact,
  type BusinessSteps,
  LEARNT_STEP_MS,
  summed,
  untold,
  type UsualSteps,
  worstFirst,
} from '../decide/business-impact.ts';
import type { TeachingAt } from '../detect/apart.ts';
import { isTotal } from '../detect/series-traits.ts';
import {
  type Clock,
  type Incident,
  labelValue,
  METRIC_NAME,
  metricName,
  metricUnit,
  type MetricStore,
  type Series,
} from '../model/index.ts';
import type { EntityRegistry } from './entity-registry.ts';
import type { AffectedService, ServiceKeeper } from './service-keeper.ts';
import type { TaskPool } from './task-pool.ts';
import { untaughtWithin } from './training-calendar.ts';

/** What an incident cost in terms of the business: the time that is looked at, in whole steps, and the metrics, worst first. */
export interface IncidentBusiness {
  readonly from: number;
  readonly to: number;
  readonly items: readonly (BusinessImpact & {
    readonly serviceId: string;
    /** One that tells it; null where none does. */
    readonly entityId: string | null;
  })[];
  /** Metrics beyond those that are looked at. */
  readonly leftOut: number;
}

export interface IncidentBusinessParts {
  readonly metrics: MetricStore;
  readonly registry: EntityRegistry;
  readonly services: Pick<ServiceKeeper, 'affectedBy'>;
  readonly tasks: TaskPool;
  readonly teachingAt: TeachingAt;
  readonly clock: Clock;
  readonly timeZone: string;
}

interface Window {
  readonly from: number;
  readonly to: number;
  readonly stepMs: number;
}

const MINUTE_MS = 60_000;
const HOUR_MS = 3_600_000;
const DAY_MS = 86_400_000;
/** The finest width of which a window has at most so many. */
const MOST_STEPS = 400;
const STEPS_MS = [1, 5, 15, 60, 360].map((minutes) => minutes * MINUTE_MS);
const MOST_METRICS = 12;
const MOST_SERIES = 1_000;
/** A rhythm of the week is known after one. Of many series less is read, so that no question reads more rows than this. */
const LEARNT_MS = 14 * DAY_MS;
const MOST_ROWS = 200_000;

/** What came of the business metrics of those that an incident is about, and of all that call them, against what is usual. Null where there are none, or no whole minute has passed. */
export async function businessOf(incident: Incident, parts: IncidentBusinessParts): Promise<IncidentBusiness | null> {
  const all = parts.services
    .affectedBy(incident.entityIds)
    .flatMap((service) => service.business.map((metric) => ({ service, metric })));
  const window = windowOf(incident, parts.clock.now());
  if (all.length === 0 || window === null) return null;
  const impacts: IncidentBusiness['items'][number][] = [];
  for (const { service, metric } of all.slice(0, MOST_METRICS)) {
    const series = seriesOf(service, metric, parts);
    const impact = await impactOf(service.row.name, metric, series, window, parts);
    impacts.push({ ...impact, serviceId: service.row.id, entityId: series[0]?.entityId ?? null });
  }
  return { from: window.from, to: window.to, items: worstFirst(impacts), leftOut: all.length - impacts.length };
}

/** Whole steps only: one that is under way would seem to have less. */
function windowOf({ startedAt, resolvedAt }: Incident, now: number): Window | null {
  const end = resolvedAt ?? now;
  const stepMs = STEPS_MS.find((step) => (end - startedAt) / step <= MOST_STEPS) ?? DAY_MS;
  return wholeSteps(startedAt, resolvedAt === null ? now : Math.min(now, resolvedAt + stepMs - 1), stepMs);
}

function wholeSteps(begin: number, end: number, stepMs: number): Window | null {
  const from = Math.floor(begin / stepMs) * stepMs;
  const to = Math.floor(end / stepMs) * stepMs;
  return to > from ? { from, to, stepMs } : null;
}

/** Of its instances now, and of those of before: each deployment gives them new names. */
function seriesOf({ row, entityIds }: AffectedService, metric: string, { metrics }: IncidentBusinessParts): Series[] {
  const own = new Set(entityIds);
  const jobs = new Set(row.keys.flatMap((key) => (key.startsWith('job=') ? key.slice(4) : [])));
  return metrics.index
    .select([{ name: METRIC_NAME, op: '=', value: metric }], Number.MAX_SAFE_INTEGER)
    .filter(({ entityId, labels }) => own.has(entityId) || jobs.has(labelValue(labels, 'job') ?? ''));
}

async function impactOf(
  service: string,
  metric: string,
  series: readonly Series[],
  window: Window,
  parts: IncidentBusinessParts,
): Promise<BusinessImpact> {
  const [first] = series;
  if (first === undefined)
    return untold(
      { service, metric },
      'no figures of that name have come from it. Is it among its business metrics by mistake?',
    );
  if (series.length > MOST_SERIES)
    return untold(
      { service, metric },
      `its ${series.length} series are too many to add up here. Name one that is summed already.`,
    );
  const kind: BusinessKind = isTotal(metric, first.kind) ? 'counter' : 'gauge';
  const of = { service, metric, kind, unit: metricUnit(metric, first.kind) };
  const { steps, within } = await stepsOf(series, kind, window, parts.metrics);
  return businessImpact(of, steps, await learntOf(series, kind, within, parts));
}

/** What came in the hour before and in the window; in coarser steps where only those are left. */
async function stepsOf(
  series: readonly Series[],
  kind: BusinessKind,
  within: Window,
  metrics: MetricStore,
): Promise<{ readonly steps: BusinessSteps; readonly within: Window }> {
  const { from, to, stepMs } = within;
  const before = Math.ceil(HOUR_MS / stepMs);
  const begin = from - before * stepMs;
  const refs = series.map(({ ref }) => ref);
  const rollups = await metrics.downsample(refs, begin, to - 1, stepMs);
  const wider = wholeSteps(from, to + LEARNT_STEP_MS - 1, LEARNT_STEP_MS);
  const isCoarse = rollups.every(({ times }) => times.every((at) => at % LEARNT_STEP_MS === 0));
  if (stepMs < LEARNT_STEP_MS && isCoarse && wider !== null) return stepsOf(series, kind, wider, metrics);
  const count = before + (to - from) / stepMs;
  return { steps: { stepMs, before, values: summed(rollups, kind, { from: begin, stepMs, count }) }, within };
}

/** What is usual for that time, learnt from what came before it alone. Null where too little did. */
async function learntOf(
  series: readonly Series[],
  kind: BusinessKind,
  { from, to, stepMs }: Window,
  { metrics, registry, tasks, teachingAt, timeZone }: IncidentBusinessParts,
): Promise<UsualSteps | null> {
  const rows = Math.min(LEARNT_MS / LEARNT_STEP_MS, Math.floor(MOST_ROWS / series.length));
  const end = Math.floor(from / LEARNT_STEP_MS);
  const begin = (end - rows) * LEARNT_STEP_MS;
  const refs = series.map(({ ref }) => ref);
  const rollups = await metrics.downsample(refs, begin, end * LEARNT_STEP_MS - 1, LEARNT_STEP_MS);
  const sums = summed(rollups, kind, { from: begin, stepMs: LEARNT_STEP_MS, count: rows });
  const told = Array.from(sums.keys()).filter((step) => !Number.isNaN(sums[step]));
  const { entityId, labels } = series[0] as Series;
  const ahead = tasks.run('replayBand', {
    metric: metricName(labels),
    shape: kind === 'counter' ? 'rate' : 'gauge',
    timeZone: registry.get(entityId)?.timeZone ?? timeZone,
    // Known at the step's end.
    times: Float64Array.from(told, (step) => begin + (step + 1) * LEARNT_STEP_MS - 1),
    values: Float64Array.from(told, (step) => sums[step] as number),
    from,
    to: to - 1,
    stepMs,
    untaught: untaughtWithin(teachingAt, entityId, begin, to),
    isAhead: true,
  });
  // An incident is shown also where the detectors have failed, which is told elsewhere: then the hour before says what is usual.
  return ahead.catch(() => null);
}
