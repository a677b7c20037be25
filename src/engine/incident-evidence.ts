import type { Surroundings } from '../decide/cause-evidence.ts';
import type { AnalysisRequest } from '../decide/incident-analysis.ts';
import { severest } from '../decide/incident-book.ts';
import { isUsed } from '../decide/trouble-signatures.ts';
import { isTotal } from '../detect/series-traits.ts';
import {
  type Incident,
  metricName,
  type MetricStore,
  type Series,
  type SeriesPoints,
  type SeriesRef,
  type ServiceGraph,
} from '../model/index.ts';
import type { EntityRegistry } from './entity-registry.ts';
import { changeSentence, errorText, hostIdOf, type IncidentDiagnostics } from './incident-diagnostics.ts';

/** Points of a series that are compared with the trouble's. */
const PAST_POINTS = 180;
const PAST_MS = 7 * 86_400_000;
/** Series that are read at most for one incident. */
const MOST_SERIES = 3000;
/** Up to so many hosts and services all are looked at; among more those that show signs. */
const FEW = 50;
/** Points behind the onset that are looked at. */
const MOST_TROUBLE_MS = 30 * 60_000;
/** Instances of a service that is called, of which figures are read. */
const MOST_CALLED = 5;
/** What came so shortly before the onset belongs to it. */
const EARLY_MS = 60_000;

export interface IncidentEvidenceParts {
  readonly metrics: MetricStore;
  readonly registry: EntityRegistry;
  readonly graph: ServiceGraph;
  readonly diagnostics: IncidentDiagnostics;
  readonly intervalMs: number;
}

/** What is asked of an incident, and which series stand in it, in their order. */
export interface Gathered {
  readonly request: AnalysisRequest;
  readonly refs: readonly SeriesRef[];
}

/** Reads what an incident's class and suspects are told by. */
export class IncidentEvidence {
  readonly #parts: IncidentEvidenceParts;
  readonly #byEntity = new Map<string, Series[]>();

  constructor(parts: IncidentEvidenceParts) {
    this.#parts = parts;
  }

  watch(series: Series): void {
    if (!isUsed(metricName(series.labels))) return;
    const own = this.#byEntity.get(series.entityId);
    if (own === undefined) this.#byEntity.set(series.entityId, [series]);
    else own.push(series);
  }

  async gather(incident: Incident, now: number): Promise<Gathered> {
    const { metrics, registry, graph, intervalMs } = this.#parts;
    const around = registry.size <= FEW ? registry.all().map(({ id }) => id) : this.#near(incident);
    const series = around.flatMap((id) => this.#byEntity.get(id) ?? []).slice(0, MOST_SERIES);
    const at = incident.startedAt;
    const to = Math.min(now, at + MOST_TROUBLE_MS);
    const rows = PAST_POINTS + Math.ceil((to - at) / intervalMs);
    const refs = series.map(({ ref }) => ref);
    const points = refs.length === 0 ? [] : await metrics.range(refs, at - PAST_MS, to, rows);
    const services = new Map(
      around.flatMap((id) => {
        const service = graph.serviceOf(id);
        return service === null ? [] : [[id, service] as const];
      }),
    );
    const table = rowsOf(series, points, intervalMs);
    const surroundings = await this.#surroundings(incident, services, now);
    return {
      request: { ...table, at, suspects: incident.entityIds, worst: worstOf(incident), services, around: surroundings },
      refs: points.map(({ ref }) => ref),
    };
  }

  /** Those that show signs, with what they call. */
  #near({ entityIds }: Incident): readonly string[] {
    const { graph } = this.#parts;
    const own = new Set(entityIds.flatMap((id) => graph.serviceOf(id) ?? []));
    const called = graph.dependencies().flatMap(({ from, to }) => (own.has(from) && !own.has(to) ? [to] : []));
    const members = [...new Set(called)].flatMap((service) => graph.entitiesOf(service).slice(0, MOST_CALLED));
    return [...new Set([...entityIds, ...members])].slice(0, entityIds.length + FEW);
  }

  async #surroundings(incident: Incident, services: ReadonlyMap<string, string>, now: number): Promise<Surroundings> {
    const { registry, graph, diagnostics } = this.#parts;
    const known = new Set(services.values());
    const calls = graph.dependencies().filter(({ from, to }) => known.has(from) && known.has(to));
    const ids = new Map([...known].map((id) => [graph.nameOf(id), id]));
    const errors = await diagnostics.errors(incident, now);
    const nameOf = (id: string): string => registry.get(id)?.name ?? id;
    return {
      calls: calls.map(({ from, to }) => ({ from, to })),
      names: new Map([...ids].map(([name, id]) => [id, name])),
      hosts: new Map(
        incident.entityIds.flatMap((id) => {
          const host = hostIdOf(registry, id);
          return host === null || host === id ? [] : [[id, host] as const];
        }),
      ),
      changes: diagnostics.changes(incident, now).map((change) => ({
        at: change.at,
        kind: change.kind,
        entityId: change.entityId,
        service: change.service === null ? null : (ids.get(change.service) ?? null),
        text: changeSentence(change, nameOf),
      })),
      errors: errors
        .filter(({ firstSeenAt }) => firstSeenAt >= incident.startedAt - EARLY_MS)
        .map((one) => ({ entityId: one.entityId, text: errorText(one), count: one.count })),
    };
  }
}

/** Whom the severest sign is of, where that is as bad as can be. */
function worstOf({ signs }: Incident): string | null {
  const worst = severest(signs.filter(({ endedAt }) => endedAt === null));
  return worst?.severity === 'critical' ? worst.entityId : null;
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
