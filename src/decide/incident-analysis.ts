import { type IncidentClass, metricName } from '../model/index.ts';
import { type Change, changeOf, NO_CHANGE, type Spans, spansAt } from './change-score.ts';
import {
  type Evidence,
  evidenceOf,
  FULL,
  GONE_SHARE,
  NOTABLE,
  type Seen,
  type Services,
  tell,
  type WatchedSeries,
} from './trouble-evidence.ts';

export interface AnalysisRequest {
  /** ms, ascending. */
  readonly times: Float64Array;
  readonly series: readonly WatchedSeries[];
  /** The onset of the first sign, ms. */
  readonly at: number;
  /** Hosts and services that show signs. */
  readonly suspects: readonly string[];
  readonly services: Services;
}

/** Who or what may be behind a trouble. */
export interface Suspect {
  readonly entityId: string;
  /** What of it: a mount, a process group, `network`; null is itself. */
  readonly part: string | null;
  readonly score: number;
  readonly reasons: readonly string[];
}

export interface Analysis {
  readonly class: IncidentClass;
  /** What speaks for each class, ≥ 0. */
  readonly weights: ReadonlyMap<IncidentClass, number>;
  /** What speaks for the class, the strongest first. */
  readonly reasons: readonly string[];
  /** The best first; scores sum to 1. */
  readonly suspects: readonly Suspect[];
  /** What users feel of it, as far as the figures tell. */
  readonly impact: Impact;
}

export interface Impact {
  /** The largest share of requests that fail at all instances of one service, 0..1. */
  readonly failing: number;
  /** A service of which no instance answers, or to which no request comes any more. */
  readonly isOut: boolean;
  /** Requests fail, wait or do not come somewhere. */
  readonly isFelt: boolean;
}

const FELT_FAILING = 0.02;
const OUT_FAILING = 0.5;
/** From here on whoever runs on a host waits. */
const STRAIN = [
  { metric: 'auspex_host_pressure_cpu_ratio', from: 0.5 },
  { metric: 'auspex_host_pressure_io_ratio', from: 0.4 },
  { metric: 'auspex_host_pressure_memory_ratio', from: 0.2 },
  { metric: 'auspex_host_load_per_core', from: 3 },
  { metric: 'auspex_host_memory_ratio', from: 0.95 },
  { metric: 'auspex_host_swap_ratio', from: 0.8 },
] as const;

/**
 * What kind of trouble it is, and who is behind it: every series of the hosts and services around is compared with its past, and what changed is
 * held against what the figures of the usual exporters do in each class of trouble. Pure; O(series × rows log rows).
 *
 * Weak where only symptoms are exported (errors, latency): then the class is `unknown`, or the nearest guess by which instances show them.
 */
export function analyseTrouble(request: AnalysisRequest): Analysis {
  const spans = spansAt(request.times, request.at, Number.POSITIVE_INFINITY);
  const changed = request.series.map((series) => changeOf(series.values, request.times, spans));
  // Of a host or service that is new itself, nothing is news.
  const known = new Set(request.series.flatMap(({ entityId }, k) => (Number.isNaN(changed[k]?.usual) ? [] : entityId)));
  const seen = request.series.map((series, k): Seen => {
    const change = changed[k] ?? NO_CHANGE;
    const isNew = Number.isNaN(change.usual) && known.has(series.entityId);
    return { series, metric: metricName(series.labels), change: isNew ? sinceThen(series.values, spans) : change };
  });
  const evidence = evidenceOf(seen, request.services);
  const weights = classWeights(evidence);
  const [best] = [...weights].sort((a, b) => b[1] - a[1]);
  const found = best === undefined || best[1] < 1 ? 'unknown' : best[0];
  const own = evidence.filter((one) => one.class === found).sort((a, b) => b.weight - a.weight);
  return {
    class: found,
    weights,
    reasons: [...new Set(own.map(({ text }) => text))].slice(0, 5),
    suspects: suspectsOf(request, evidence, found, seen),
    impact: impactOf(seen, request),
  };
}

/** The change of a series that there was not before. */
function sinceThen(values: Float64Array, { pastEnd, from, to }: Spans): Change {
  if (values.subarray(0, pastEnd).some(Number.isFinite)) return NO_CHANGE;
  const last = values.subarray(from, to).findLast(Number.isFinite);
  return last === undefined || last <= 0 ? NO_CHANGE : { ...NO_CHANGE, deviation: FULL, level: last, last };
}

/** Of evidence with one key the strongest. */
function strongestBy(all: readonly Evidence[], keyOf: (one: Evidence) => string): Evidence[] {
  const strongest = new Map<string, Evidence>();
  for (const one of all) {
    const key = keyOf(one);
    if ((strongest.get(key)?.weight ?? 0) < one.weight) strongest.set(key, one);
  }
  return [...strongest.values()];
}

/** Each kind of evidence once. */
function classWeights(all: readonly Evidence[]): ReadonlyMap<IncidentClass, number> {
  const weights = new Map<IncidentClass, number>();
  for (const one of strongestBy(all, ({ key }) => key))
    weights.set(one.class, (weights.get(one.class) ?? 0) + one.weight);
  return weights;
}

/** How much what speaks for another class counts for who is behind it. */
const OTHER_CLASS = 0.3;
/** What shows in a symptom alone. */
const SYMPTOM = 0.15;

function suspectsOf(
  { suspects, services }: AnalysisRequest,
  all: readonly Evidence[],
  found: IncidentClass,
  seen: readonly Seen[],
): readonly Suspect[] {
  const scores = new Map<string, { entityId: string; part: string | null; score: number; reasons: string[] }>();
  // What several instances of a service complain of is one thing.
  const keyOf = (entityId: string, part: string | null): string =>
    `${part === null ? entityId : part === 'network' ? '' : (services.get(entityId) ?? entityId)}\u0000${part ?? ''}`;
  const add = (entityId: string, part: string | null, score: number, reason: string): void => {
    const key = keyOf(entityId, part);
    const one = scores.get(key) ?? { entityId, part, score: 0, reasons: [] };
    one.score += score;
    if (!one.reasons.includes(reason)) one.reasons.push(reason);
    scores.set(key, one);
  };
  const strongest = strongestBy(all, (one) => `${keyOf(one.entityId, one.part)}\u0000${one.key}`);
  for (const one of strongest.sort((a, b) => b.weight - a.weight))
    add(one.entityId, one.part, one.weight * (one.class === found ? 1 : OTHER_CLASS), one.text);
  for (const entityId of suspects) {
    const felt = seen.filter(
      ({ series, metric }) => series.entityId === entityId && metric.startsWith('auspex_service_'),
    );
    const worst = felt.sort((a, b) => Math.abs(b.change.deviation) - Math.abs(a.change.deviation))[0];
    if (worst !== undefined && Math.abs(worst.change.deviation) >= NOTABLE)
      add(entityId, null, SYMPTOM, tell(worst.metric, worst.change));
  }
  const total = [...scores.values()].reduce((sum, { score }) => sum + score, 0);
  return [...scores.values()]
    .map((one) => ({ ...one, score: one.score / total, reasons: one.reasons.slice(0, 4) }))
    .sort((a, b) => b.score - a.score || rankOf(a) - rankOf(b) || (a.entityId < b.entityId ? -1 : 1))
    .slice(0, 10);
}

/** An exporter speaks for something else, and is last among equals. */
function rankOf({ entityId }: { readonly entityId: string }): number {
  return /exporter/i.test(entityId) ? 1 : 0;
}

function impactOf(seen: readonly Seen[], { services }: AnalysisRequest): Impact {
  const of = (metric: string): readonly Seen[] => seen.filter((one) => one.metric === metric);
  let failing = 0;
  let isOut = false;
  const felt =
    of('auspex_service_error_ratio').some(({ change }) => change.level > FELT_FAILING && change.deviation >= NOTABLE) ||
    of('auspex_service_latency_seconds').some(({ change }) => change.deviation >= NOTABLE && isSlow(change));
  for (const service of new Set(services.values())) {
    const member = ({ series }: Seen): boolean => services.get(series.entityId) === service;
    const ratios = of('auspex_service_error_ratio').filter(member);
    const ups = of('up').filter(member);
    const rates = of('auspex_service_request_rate').filter((one) => member(one) && one.change.usual > 1);
    if (ratios.length > 0) failing = Math.max(failing, Math.min(...ratios.map(({ change }) => change.level || 0)));
    const isGone = rates.length > 0 && rates.every(({ change }) => change.level < GONE_SHARE * change.usual);
    const isDown = ups.length > 1 && ups.every(({ change }) => change.level < 0.5);
    if (isGone || (isDown && rates.length > 0)) isOut = true;
  }
  // Services that tell how they fare are asked; a host's strain counts where none does. Load counts what may wait as well: the kernel is asked first.
  const isTold = [...of('auspex_service_latency_seconds'), ...of('auspex_service_error_ratio')].some(
    ({ change }) => !Number.isNaN(change.last),
  );
  const tellsWaiting = seen.some(({ metric }) => metric.startsWith('auspex_host_pressure_'));
  const strains = STRAIN.filter(({ metric }) => !isTold && (!tellsWaiting || metric !== 'auspex_host_load_per_core'));
  const isStrained = strains.some(({ metric, from }) =>
    of(metric).some(({ change }) => change.last >= from && change.deviation >= NOTABLE),
  );
  const isDown = of('up').some(({ change }) => change.level < 0.5 && change.usual > 0.5);
  return { failing, isOut: isOut || failing >= OUT_FAILING, isFelt: felt || isOut || isDown || isStrained };
}

/** A mean that is this much longer is a wait that some users notice. */
function isSlow({ usual, level }: Change): boolean {
  return (level > 0.2 && level > 2 * usual) || (level > 0.05 && level > 5 * usual);
}
