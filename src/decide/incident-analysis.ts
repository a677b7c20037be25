import { type IncidentClass, metricName } from '../model/index.ts';
import {
  callHints,
  changeEvidence,
  errorHints,
  type Hint,
  noSurroundings,
  type Surroundings,
  withoutRestarts,
} from './cause-evidence.ts';
import { type Change, changeOf, NO_CHANGE, type Spans, spansAt } from './change-score.ts';
import { evidenceOf, GONE_SHARE } from './trouble-evidence.ts';
import {
  CERTAIN,
  type Evidence,
  FULL,
  NOTABLE,
  type Seen,
  type Services,
  tell,
  type WatchedSeries,
} from './trouble-seen.ts';

export interface AnalysisRequest {
  /** ms, ascending. */
  readonly times: Float64Array;
  readonly series: readonly WatchedSeries[];
  /** The onset of the first sign, ms. */
  readonly at: number;
  /** Hosts and services that show signs. */
  readonly suspects: readonly string[];
  /** Of them the one whose sign is critical; null or left out: none is. */
  readonly worst?: string | null;
  readonly services: Services;
  /** What else is known; nothing unless given. */
  readonly around?: Surroundings;
}

/** Who or what may be behind a trouble. */
export interface Suspect {
  readonly entityId: string;
  /** What of it: a mount, a process group, `network`; null is itself. */
  readonly part: string | null;
  readonly score: number;
  readonly reasons: readonly string[];
  readonly counterfactual: Counterfactual;
  /** The series of it that changed most: their places among those of the request. */
  readonly figures: readonly number[];
}

/** What would have changed a suspect's place. */
export interface Counterfactual {
  /** The reason without which the first would not stand first, or without which those above this one would not stand above it; null where it takes more than one. */
  readonly without: string | null;
  /** Of what is not first: how many times the evidence there is would put it there. */
  readonly times: number | null;
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

/** What speaks for a class from here on is plain; what the calls count beside it. */
const PLAIN = 2;
const BESIDE_PLAIN = 0.3;
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
    const metric = metricName(series.labels);
    return {
      series,
      metric,
      change: isNew ? sinceThen(series.values, spans, metric.endsWith('_total'), change) : change,
    };
  });
  const around = request.around ?? noSurroundings;
  const changes = changeEvidence(request, around);
  const evidence = [...withoutRestarts(evidenceOf(seen, request.services), request, around), ...changes];
  const weights = classWeights(evidence);
  const [best] = [...weights].sort((a, b) => b[1] - a[1]);
  const likeliest = best === undefined || best[1] < 1 ? 'unknown' : best[0];
  const found = isGoneBesides(likeliest, evidence, request.worst ?? null) ? 'crash' : likeliest;
  // Where the figures of a class say who it is, the way the trouble takes through the calls says less.
  const byCalls = (best?.[1] ?? 0) >= PLAIN ? BESIDE_PLAIN : 1;
  const calls = callHints(request, seen, around).map((one) => ({ ...one, weight: one.weight * byCalls }));
  const hints = [...calls, ...errorHints(around)];
  const own = evidence.filter((one) => one.class === found).sort((a, b) => b.weight - a.weight);
  return {
    class: found,
    weights,
    reasons: [...new Set(own.map(({ text }) => text))].slice(0, 5),
    suspects: suspectsOf(request, [...evidence, ...hints], found, seen),
    impact: impactOf(seen, request),
  };
}

/** Two troubles at once: what is gone is not gone because something else is wrong with another, and it is the worse of the two. */
function isGoneBesides(likeliest: IncidentClass, all: readonly Evidence[], worst: string | null): boolean {
  const own = all.filter(({ entityId, isHearsay }) => entityId === worst && isHearsay !== true);
  const isGone = own.some((one) => one.class === 'crash' && one.weight >= CERTAIN);
  return isGone && !TAKES_ALONG.has(likeliest) && own.every((one) => one.class !== likeliest);
}

/** What is down with others for a reason that lies between them, or that says nothing of itself. */
const TAKES_ALONG: ReadonlySet<IncidentClass> = new Set(['network', 'telemetry-lost', 'cpu-saturation', 'memory-leak']);

/** The change of a series that there was not before; another's is as it is. */
function sinceThen(values: Float64Array, { pastEnd, from, to }: Spans, isCounter: boolean, change: Change): Change {
  // What is counted happened, be it once, and be it shortly before anybody was hurt: a program says why it ends, then it is gone.
  if (isCounter)
    return news(
      Math.max(0, ...values.subarray(Math.max(0, pastEnd - JUST_BEFORE), to).filter(Number.isFinite)),
      change,
    );
  const isThere = values.subarray(0, pastEnd).some(Number.isFinite);
  return isThere ? change : news(values.subarray(from, to).findLast(Number.isFinite) ?? 0, change);
}

function news(last: number, change: Change): Change {
  return last > 0 ? { ...NO_CHANGE, deviation: FULL, level: last, last } : change;
}

/** Rows. */
const JUST_BEFORE = 4;

/** Of evidence with one key the strongest. */
function strongestBy<T extends { readonly weight: number }>(all: readonly T[], keyOf: (one: T) => string): T[] {
  const strongest = new Map<string, T>();
  for (const one of all) {
    const key = keyOf(one);
    if ((strongest.get(key)?.weight ?? 0) < one.weight) strongest.set(key, one);
  }
  return [...strongest.values()];
}

/** Each kind of evidence once. Where something says itself what is wrong with it, symptoms in those that need it count little. */
function classWeights(all: readonly Evidence[]): ReadonlyMap<IncidentClass, number> {
  const isSaid = all.some((one) => one.isSymptom !== true && one.isHearsay !== true && one.weight >= CERTAIN);
  const weights = new Map<IncidentClass, number>();
  for (const one of strongestBy(all, ({ key }) => key)) {
    const weight = isSaid && one.isSymptom === true ? SYMPTOM_OF_SAID * one.weight : one.weight;
    weights.set(one.class, (weights.get(one.class) ?? 0) + weight);
  }
  return weights;
}

const SYMPTOM_OF_SAID = 0.3;

/** How much what speaks for another class counts for who is behind it. */
const OTHER_CLASS = 0.3;
/** What shows in a symptom alone. */
const SYMPTOM = 0.15;

interface Scored {
  readonly entityId: string;
  readonly part: string | null;
  score: number;
  readonly reasons: { readonly text: string; readonly weight: number }[];
}

function suspectsOf(
  { suspects, services }: AnalysisRequest,
  all: readonly (Evidence | Hint)[],
  found: IncidentClass,
  seen: readonly Seen[],
): readonly Suspect[] {
  const scores = new Map<string, Scored>();
  // What several instances of a service complain of is one thing.
  const keyOf = (entityId: string, part: string | null): string =>
    `${part === null ? entityId : part === 'network' ? '' : (services.get(entityId) ?? entityId)}\u0000${part ?? ''}`;
  const add = (entityId: string, part: string | null, weight: number, text: string): void => {
    const key = keyOf(entityId, part);
    const one = scores.get(key) ?? { entityId, part, score: 0, reasons: [] };
    one.score += weight;
    if (!one.reasons.some((reason) => reason.text === text)) one.reasons.push({ text, weight });
    scores.set(key, one);
  };
  const weighed = all
    .filter((one) => !('isHearsay' in one) || one.isHearsay !== true)
    .map((one) =>
      'class' in one
        ? { ...one, weight: one.weight * (one.class === found ? 1 : OTHER_CLASS) }
        : { ...one, part: null, key: one.text },
    );
  const strongest = strongestBy(weighed, (one) => `${keyOf(one.entityId, one.part)}\u0000${one.key}`);
  for (const one of strongest.sort((a, b) => b.weight - a.weight)) add(one.entityId, one.part, one.weight, one.text);
  for (const entityId of suspects) {
    const felt = seen.filter(
      ({ series, metric }) => series.entityId === entityId && metric.startsWith('auspex_service_'),
    );
    const worst = felt.sort((a, b) => Math.abs(b.change.deviation) - Math.abs(a.change.deviation))[0];
    if (worst !== undefined && Math.abs(worst.change.deviation) >= NOTABLE)
      add(entityId, null, SYMPTOM, tell(worst.metric, worst.change));
  }
  const total = [...scores.values()].reduce((sum, { score }) => sum + score, 0);
  const ranked = [...scores.values()]
    .sort((a, b) => b.score - a.score || rankOf(a) - rankOf(b) || (a.entityId < b.entityId ? -1 : 1))
    .slice(0, 10);
  return ranked.map(({ entityId, part, score, reasons }, place) => ({
    entityId,
    part,
    score: score / total,
    reasons: reasons.slice(0, 4).map(({ text }) => text),
    counterfactual: counterfactualOf(ranked, place),
    figures: figuresOf(entityId, part, seen),
  }));
}

/** What would have changed a place in the rank: the one reason without which it would be another. */
function counterfactualOf(ranked: readonly Scored[], place: number): Counterfactual {
  const [first, second] = ranked;
  const [strongest] = first?.reasons ?? [];
  const one = place === 0 ? second : ranked[place];
  if (first === undefined || strongest === undefined) return { without: null, times: null };
  const isDecisive = one !== undefined && first.score - strongest.weight < one.score;
  const without = isDecisive ? strongest.text : null;
  return { without, times: place === 0 || one === undefined ? null : first.score / one.score };
}

const MOST_FIGURES = 2;

/** The series of a suspect that changed most, those that tell of its part first. */
function figuresOf(entityId: string, part: string | null, seen: readonly Seen[]): readonly number[] {
  return seen
    .flatMap(({ series, change }, place) => {
      const size = Math.abs(change.deviation);
      if (series.entityId !== entityId || size < NOTABLE) return [];
      return [{ place, size, isOfPart: part !== null && series.labels.includes(part) }];
    })
    .sort((a, b) => Number(b.isOfPart) - Number(a.isOfPart) || b.size - a.size)
    .slice(0, MOST_FIGURES)
    .map(({ place }) => place);
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
