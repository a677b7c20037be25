import type { AnalysisRequest } from '../decide/incident-analysis.ts';
import { isUsed } from '../decide/trouble-signatures.ts';
import { isTotal } from '../detect/series-traits.ts';
import {
  type Entity,
  type Incident,
  metricName,
  type MetricStore,
  type Series,
  type SeriesPoints,
} from '../model/index.ts';
import type { EntityRegistry } from './entity-registry.ts';

/** Points of a series that are compared with the trouble's. */
const PAST_POINTS = 180;
const PAST_MS = 7 * 86_400_000;
/** Series that are read at most for one incident. */
const MOST_SERIES = 3000;
/** Up to so many hosts and services all are looked at; among more those that show signs. */
const FEW = 50;
/** Points behind the onset that are looked at. */
const MOST_TROUBLE_MS = 30 * 60_000;

/** Reads what an incident's class and suspects are told by. */
export class IncidentEvidence {
  readonly #metrics: MetricStore;
  readonly #registry: EntityRegistry;
  readonly #intervalMs: number;
  readonly #byEntity = new Map<string, Series[]>();

  constructor(parts: { metrics: MetricStore; registry: EntityRegistry; intervalMs: number }) {
    this.#metrics = parts.metrics;
    this.#registry = parts.registry;
    this.#intervalMs = parts.intervalMs;
  }

  watch(series: Series): void {
    if (!isUsed(metricName(series.labels))) return;
    const own = this.#byEntity.get(series.entityId);
    if (own === undefined) this.#byEntity.set(series.entityId, [series]);
    else own.push(series);
  }

  async gather(incident: Incident, now: number): Promise<AnalysisRequest> {
    const all = this.#registry.all();
    const around = all.length <= FEW ? all.map(({ id }) => id) : incident.entityIds;
    const series = around.flatMap((id) => this.#byEntity.get(id) ?? []).slice(0, MOST_SERIES);
    const at = incident.startedAt;
    const to = Math.min(now, at + MOST_TROUBLE_MS);
    const rows = PAST_POINTS + Math.ceil((to - at) / this.#intervalMs);
    const points = await this.#metrics.range(
      series.map(({ ref }) => ref),
      at - PAST_MS,
      to,
      rows,
    );
    const services = new Map(
      all.flatMap((entity) => serviceOf(entity).map((service) => [entity.id, service] as const)),
    );
    return { ...rowsOf(series, points, this.#intervalMs), at, suspects: incident.entityIds, services };
  }
}

/** The service that a target is an instance of: its job. */
export function serviceOf(entity: Entity): readonly string[] {
  if (entity.kind === 'host') return [];
  if (entity.kind === 'service') return [entity.name];
  return entity.aliases.flatMap((alias) => /,job=(.+)$/.exec(alias)?.[1] ?? []).slice(0, 1);
}

/** All series over the same rows of one interval each; rows in which nothing came are left out. */
function rowsOf(
  series: readonly Series[],
  points: readonly SeriesPoints[],
  stepMs: number,
): Pick<AnalysisRequest, 'times' | 'series'> {
  const steps = new Set<number>();
  for (const { times } of points) for (const at of times) steps.add(Math.floor(at / stepMs));
  const order = [...steps].sort((a, b) => a - b);
  const rowOf = new Map(order.map((step, row) => [step, row]));
  const byRef = new Map(series.map((one) => [one.ref, one]));
  return {
    times: Float64Array.from(order, (step) => step * stepMs),
    series: points.flatMap(({ ref, times, values }) => {
      const one = byRef.get(ref);
      if (one === undefined) return [];
      const out = new Float64Array(order.length).fill(Number.NaN);
      const isRate = isTotal(metricName(one.labels), one.kind);
      for (let i = isRate ? 1 : 0; i < times.length; i++) {
        const row = rowOf.get(Math.floor((times[i] as number) / stepMs)) as number;
        out[row] = isRate ? rateAt(times, values, i) : (values[i] as number);
      }
      return [{ entityId: one.entityId, labels: one.labels, values: out }];
    }),
  };
}

/** Growth a second since the point before; NaN after a reset. */
function rateAt(times: Float64Array, values: Float64Array, i: number): number {
  const by = (values[i] as number) - (values[i - 1] as number);
  return by < 0 ? Number.NaN : (by / ((times[i] as number) - (times[i - 1] as number))) * 1000;
}
