import {
  figureMetric,
  formatNumber,
  formatValue,
  type IncidentClass,
  type Labels,
  labelValue,
  metricName,
  SCRAPE_FAILED_METRIC,
} from '../model/index.ts';
import { type Change, changeOf, NO_CHANGE, type Spans, spansAt } from './change-score.ts';
import { roleOf } from './metric-role.ts';
import { type Signature, signatures } from './trouble-signatures.ts';

/** A series of a host or service that may be part of a trouble, over the rows of `times`; counters as rates. NaN = missing. */
export interface WatchedSeries {
  readonly entityId: string;
  readonly labels: Labels;
  readonly values: Float64Array;
}

export interface AnalysisRequest {
  /** ms, ascending. */
  readonly times: Float64Array;
  readonly series: readonly WatchedSeries[];
  /** The onset of the first sign, ms. */
  readonly at: number;
  /** Hosts and services that show signs. */
  readonly suspects: readonly string[];
  /** Hosts and services by what they are part of (`shop`); those that are of no service are left out. */
  readonly services: ReadonlyMap<string, string>;
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

interface Seen {
  readonly series: WatchedSeries;
  readonly metric: string;
  readonly change: Change;
}

interface Evidence {
  readonly class: IncidentClass;
  readonly weight: number;
  readonly entityId: string;
  readonly part: string | null;
  readonly text: string;
  /** Which evidence is the same twice. */
  readonly key: string;
}

const NOTABLE = 4;
/** Deviations at which a change counts fully. */
const FULL = 50;
/** A figure must change by this share of its level to be a sign of a class; statistics alone would take a breath for a storm. */
const LEAST_SHARE = 0.2;
const TIMED_OUT_SECONDS = 2.5;
const GONE_SHARE = 0.1;
const FELT_FAILING = 0.02;
const OUT_FAILING = 0.5;
const BUSY = 0.7;
const FULL_RATIO = 0.85;
const LATE_SECONDS = 0.1;
const SURGE = 1.8;
/** From here on whoever runs on a host waits. */
const STRAIN = [
  { metric: 'auspex_host_pressure_cpu_ratio', from: 0.5 },
  { metric: 'auspex_host_pressure_io_ratio', from: 0.4 },
  { metric: 'auspex_host_pressure_memory_ratio', from: 0.2 },
  { metric: 'auspex_host_load_per_core', from: 3 },
  { metric: 'auspex_host_memory_ratio', from: 0.95 },
  { metric: 'auspex_host_swap_ratio', from: 0.8 },
] as const;
/** What is so by definition: who refuses connections is down. */
const CERTAIN = 4;
const PROXY = /^(nginx|haproxy|traefik|envoy|caddy)_/;

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
  const isBusy = isShortOfProcessor(seen, BUSY);
  const evidence = [...seen.flatMap(signsOf), ...downs(seen, request), ...composites(seen, request)].filter(
    // A program that is busy takes nothing from others where there is enough for all.
    (one) => isBusy || one.class !== 'cpu-saturation' || one.part === null,
  );
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

function signsOf({ series, metric, change }: Seen): Evidence[] {
  const { deviation, usual, level } = change;
  if (Math.abs(deviation) < NOTABLE) return [];
  const isGone = Number.isNaN(level);
  if (!isGone && Math.abs(level - usual) < LEAST_SHARE * Math.max(Math.abs(usual), Math.abs(level))) return [];
  const strength = Math.min(1, Math.log1p(Math.abs(deviation) - NOTABLE + 1) / Math.log1p(FULL));
  return signatures
    .filter((one) => fits(one, metric, series.labels, change))
    .map((one): Evidence => {
      const part = typeof one.blame === 'object' ? (labelValue(series.labels, one.blame.label) ?? null) : null;
      return {
        class: one.class,
        // Of what has a limit, being there is enough.
        weight: one.weight * (one.from === undefined ? strength : 1),
        entityId: series.entityId,
        part: one.blame === 'network' ? 'network' : part,
        text: tell(metric, change),
        key: `${one.class} ${one.metric.source}`,
      };
    });
}

function fits(
  signature: Signature,
  metric: string,
  labels: Labels,
  { deviation, level, usual, last }: Change,
): boolean {
  if (!signature.metric.test(metric)) return false;
  if (signature.where !== undefined && !hasLabel(labels, signature.where)) return false;
  if (Number.isNaN(level)) return signature.side === 'gone';
  if (signature.side === 'gone' || (signature.side === 'rise' && deviation < 0)) return false;
  if (signature.side === 'fall' && deviation > 0) return false;
  if (Number.isNaN(usual) && signature.isNewToo !== true) return false;
  return last >= (signature.from ?? signature.least ?? Number.NEGATIVE_INFINITY);
}

function hasLabel(labels: Labels, [names, value]: NonNullable<Signature['where']>): boolean {
  return names.split(',').some((name) => value.test(labelValue(labels, name) ?? ''));
}

/** Who does not answer any more: refused is a crash, silence a hang, all at once the way to them. */
function downs(seen: readonly Seen[], { services }: AnalysisRequest): Evidence[] {
  const ups = seen.filter(({ metric }) => metric === 'up');
  const down = ups.filter(({ change }) => change.level < 0.5 && change.usual > 0.5);
  if (down.length === 0) return [];
  const answers = new Set(down.map(({ series }) => services.get(series.entityId) ?? series.entityId));
  if (down.length >= 3 && answers.size >= 2 && down.length >= 0.8 * ups.length) {
    const text = `${down.length} of ${ups.length} targets stopped to answer at once: their figures are lost, which says nothing of themselves.`;
    return down.map(({ series }) => evidence('telemetry-lost', 6, series.entityId, text));
  }
  // Who answers late where all wait for the processor does not hang.
  const late = isShortOfProcessor(seen, FULL_RATIO) ? 1 : CERTAIN;
  return down.map(({ series }): Evidence => {
    const { entityId } = series;
    const failed = seen.find(
      (one) => one.metric === SCRAPE_FAILED_METRIC && one.series.entityId === entityId && one.change.last > 0,
    );
    const duration = valueOf(seen, entityId, 'scrape_duration_seconds')?.level ?? 0;
    const reason = failed === undefined ? undefined : labelValue(failed.series.labels, 'reason');
    switch (reason ?? (duration >= TIMED_OUT_SECONDS ? 'timeout' : 'refused')) {
      case 'timeout':
        return evidence(
          'hang',
          late,
          entityId,
          `It is there but gives no answer: its figures were waited for ${formatNumber(duration)} s.`,
        );
      case 'reset':
        return evidence('hang', late / 2, entityId, 'It takes connections and closes them without an answer.');
      case 'unreachable':
        return { ...evidence('network', CERTAIN, entityId, 'No way leads to it any more.'), part: 'network' };
      case 'name':
        return evidence(
          'dependency-failure',
          CERTAIN,
          entityId,
          'Its name is not known any more: the resolver does not answer or has lost it.',
        );
      case 'tls':
        return evidence('bad-configuration', CERTAIN, entityId, 'Its certificate is not taken.');
      case 'answer':
        return evidence('bad-configuration', 2, entityId, 'Something answers in its place, but not with its figures.');
      default:
        return evidence('crash', CERTAIN, entityId, 'It refuses connections: nothing listens there any more.');
    }
  });
}

/** Whether the whole host is short of the processor. */
function isShortOfProcessor(seen: readonly Seen[], from: number): boolean {
  return seen.some(({ metric, change }) => metric === 'auspex_host_cpu_ratio' && change.last >= from);
}

/** What only two figures together tell. */
function composites(seen: readonly Seen[], { services }: AnalysisRequest): Evidence[] {
  return [...heldBack(seen), ...surges(seen, services), ...cutOff(seen), ...unasked(seen, services)];
}

/** Work that waits for the processor while it uses little of it; nobody is held back alone where the whole host is busy. */
function heldBack(seen: readonly Seen[]): Evidence[] {
  if (isShortOfProcessor(seen, BUSY)) return [];
  const late = seen.filter(
    ({ metric, change }) =>
      metric === 'auspex_service_loop_lag_seconds' && change.deviation >= NOTABLE && change.level >= LATE_SECONDS,
  );
  return late.flatMap(({ series: { entityId } }) => {
    const cpu = valueOf(seen, entityId, 'auspex_service_cpu_cores');
    if (cpu === null || cpu.level >= Math.min(0.5, cpu.usual * 1.5)) return [];
    const text = 'Its work waits for the processor although it uses little of it: it is held back.';
    return [evidence('resource-limit', 2.5, entityId, text)];
  });
}

/** Services to which no request comes any more although they are well. */
function unasked(seen: readonly Seen[], services: AnalysisRequest['services']): Evidence[] {
  const out: Evidence[] = [];
  const asked = seen.filter(({ metric, change }) => metric === 'auspex_service_request_rate' && change.usual > 0);
  const gone = asked.filter(({ change }) => change.level < GONE_SHARE * change.usual && change.deviation <= -NOTABLE);
  const up = new Set(
    seen.filter(({ metric, change }) => metric === 'up' && change.level > 0.5).map((s) => s.series.entityId),
  );
  const unheard = gone.filter(({ series }) => up.has(series.entityId));
  const whole = unheard.filter(({ series }) => {
    const service = services.get(series.entityId);
    return asked.filter((one) => services.get(one.series.entityId) === service).every((one) => gone.includes(one));
  });
  if (whole.length === 0) return out;
  const text = 'What it stands before is well but nobody asks it any more: it leads elsewhere or turns users away.';
  const proxies = new Set(seen.filter(({ metric }) => PROXY.test(metric)).map(({ series }) => series.entityId));
  for (const entityId of proxies) out.push(evidence('bad-configuration', 2.5, entityId, text));
  const alone = 'It is well but nobody asks it any more.';
  for (const { series } of whole)
    if (!proxies.has(series.entityId))
      out.push(evidence('bad-configuration', proxies.size > 0 ? 1 : 2.5, series.entityId, alone));
  return out;
}

/** More requests than ever, once for each service: what is asked more explains what else is strained. */
function surges(seen: readonly Seen[], services: AnalysisRequest['services']): Evidence[] {
  return seen
    .filter(({ metric, change }) => metric === 'auspex_service_request_rate' && change.deviation >= NOTABLE)
    .filter(({ change }) => change.level >= SURGE * change.usual && change.level - change.usual >= 5)
    .map(({ series, change, metric }) => {
      const service = services.get(series.entityId) ?? series.entityId;
      const { level, usual } = change;
      const text = `It is asked ${formatNumber(level / usual)} times as often as usual: ${tell(metric, change)}`;
      return { ...evidence('traffic-surge', 2.5, series.entityId, text), key: `surge ${service}` };
    });
}

/** Programs by the prefix of what their exporters say. */
const PROGRAMS: Readonly<Record<string, RegExp>> = {
  redis: /redis|valkey/,
  pg: /postgres/,
  mysql: /mysql|mariadb/,
  mongodb: /mongo/,
  memcached: /memcached/,
  rabbitmq: /rabbit|beam/,
};

/** Who cannot be reached although the program runs on a host that is watched. */
function cutOff(seen: readonly Seen[]): Evidence[] {
  const groups = seen.filter(({ metric }) => metric === 'namedprocess_namegroup_num_procs');
  return seen.flatMap(({ series, metric, change }) => {
    const [, prefix] = /^([a-z]+)_up$/.exec(metric) ?? [];
    const program = prefix === undefined ? undefined : PROGRAMS[prefix];
    if (program === undefined || !(change.last < 0.5 && change.usual > 0.5)) return [];
    const own = groups.filter((group) => program.test(labelValue(group.series.labels, 'groupname') ?? ''));
    if (own.length === 0) return [];
    return own.some((group) => group.change.last >= 1)
      ? [evidence('network', 2.5, series.entityId, 'Its process runs, but it cannot be reached.')]
      : [evidence('crash', CERTAIN, series.entityId, 'Its process is gone.')];
  });
}

function evidence(of: IncidentClass, weight: number, entityId: string, text: string): Evidence {
  return { class: of, weight, entityId, part: null, text, key: `${of} ${text}` };
}

/** Each kind of evidence once, at its strongest. */
function classWeights(all: readonly Evidence[]): ReadonlyMap<IncidentClass, number> {
  const strongest = new Map<string, Evidence>();
  for (const one of all) if ((strongest.get(one.key)?.weight ?? 0) < one.weight) strongest.set(one.key, one);
  const weights = new Map<IncidentClass, number>();
  for (const one of strongest.values()) weights.set(one.class, (weights.get(one.class) ?? 0) + one.weight);
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
  const strongest = new Map<string, Evidence>();
  for (const one of all) {
    const key = `${keyOf(one.entityId, one.part)}\u0000${one.key}`;
    if ((strongest.get(key)?.weight ?? 0) < one.weight) strongest.set(key, one);
  }
  for (const one of [...strongest.values()].sort((a, b) => b.weight - a.weight))
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
    const isAsked = rates.length > 0 && roleOf('request_rate') === 'traffic';
    if (isAsked && (isGone || isDown)) isOut = true;
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

function valueOf(seen: readonly Seen[], entityId: string, metric: string): Change | null {
  return seen.find((one) => one.series.entityId === entityId && one.metric === metric)?.change ?? null;
}

/** A figure of known meaning by its title, another by its name: people look for it by that. */
function tell(metric: string, { usual, level, deviation }: Change): string {
  const figure = figureMetric(metric);
  const name = figure?.title ?? metric;
  const shown = (value: number): string =>
    formatValue(value, figure?.unit ?? (metric.endsWith('_ratio') ? 'ratio' : ''));
  if (Number.isNaN(level)) return `${name} has no values any more.`;
  if (Number.isNaN(usual)) return `${name} is new: ${shown(level)}.`;
  return `${name} ${deviation > 0 ? 'rose' : 'fell'} from ${shown(usual)} to ${shown(level)}.`;
}
