import { formatNumber, formatValue } from '../model/index.ts';
import { type Change, changeOf, type Spans, spansAt } from './change-score.ts';
import { type Flow, shareFlows } from './cause-flow.ts';
import type { CauseQuestion, ServiceSeries } from './cause-question.ts';
import { failedShare, type MetricRole, roleOf } from './metric-role.ts';

/** A service that may have caused it, with the figure that says so most. */
export interface Cause {
  readonly service: string;
  readonly metric: string;
  /** 0..1; all scores of an answer sum to 1. A rank by weight of evidence, not a probability. */
  readonly score: number;
  /** Sentences, the weightiest first. */
  readonly reasons: readonly string[];
}

interface Changed {
  readonly series: ServiceSeries;
  readonly role: MetricRole;
  readonly change: Change;
  /** What its change says of a cause here, ≥ 0. */
  readonly weight: number;
}

/** A share of the flow that is worth a sentence. */
const LEAST_TOLD = 0.05;
const LASTS_MS = 30 * 60_000;
/** Deviations below this are what any series does. */
const NOTABLE = 3;
/** How much the change of a figure says that the cause lies in its service: a service's own means first, then what others may have done to it. */
const roleWeight: Readonly<Record<MetricRole, number>> = {
  resource: 1,
  errors: 0.8,
  success: 0.8,
  latency: 0.7,
  other: 0.7,
  traffic: 0.4,
};
/** A share of failures below this is no trouble, and fewer errors than this a row are none. */
const LEAST_FAILED = 0.001;
/** A change to the better side is seldom a cause. */
const GOOD_SIDE = 0.3;
/** What cannot be reached from the target by calls may still be: graphs have holes. */
const UNREACHED = 0.15;
/** How much of a symptom remains where something called shows one as strong. */
const EXPLAINED_LEAVES = 0.25;
/** The weight of a change that counts half of the most. */
const HALF_WEIGHT = 2;
/** The part of the score that the flow of time or errors decides, where it is known. */
const FLOW_PART = 0.8;

/**
 * Ranks who caused a trouble, from what changed and who calls whom; works without calls and without the usual metric names, better with.
 *
 * Where services tell requests with latency or availability, the additional time (or failures) of the target is followed down the
 * calls: what a service adds itself, beyond what those it calls add, is its share. Otherwise, and beside it, the change of each figure counts,
 * weighted by what kind of figure it is, less for what is only passed on by a service whose callee changed as well.
 *
 * `times` must have rows before `at`. Cost O(series × rows log rows + calls × rows). The best first; services without any change last.
 */
export function rankCauses(question: CauseQuestion): Cause[] {
  const spans = spansAt(question.times, question.at, question.until ?? question.at + LASTS_MS);
  const changed = changesOf(question, spans);
  const services = [...new Set(question.series.map((one) => one.service))];
  const reached = reachOf(question, services);
  const local = localEvidence(question, services, changed, reached);
  const flows = flowsOf(question, spans, changed);
  const certainty = flows.reduce((sum, { deviation }) => sum + deviation ** 2, 0);
  const scores = services.map((service) => {
    const own = local.get(service) ?? 0;
    if (certainty === 0) return own;
    const held = flows.reduce((sum, { shares, deviation }) => sum + (shares.get(service) ?? 0) * deviation ** 2, 0);
    return (FLOW_PART * held) / certainty + (1 - FLOW_PART) * own;
  });
  const total = scores.reduce((sum, score) => sum + score, 0);
  return services
    .map((service, k): Cause => {
      const score = total > 0 ? (scores[k] ?? 0) / total : 0;
      const most = strongest(changed, service);
      const reasons = reasonsOf(question, service, changed, flows, reached);
      return { service, metric: most?.series.metric ?? '', score, reasons };
    })
    .sort((a, b) => b.score - a.score || (a.service < b.service ? -1 : 1));
}

function changesOf({ series, times, target }: CauseQuestion, spans: Spans): readonly Changed[] {
  return series.map((one): Changed => {
    const role = roleOf(one.metric);
    const isRare = role === 'success' || role === 'errors';
    const change = isRare
      ? changeOf(role === 'success' ? failedShare(one.values) : one.values, times, spans, {
          isRare,
          floor: LEAST_FAILED,
        })
      : changeOf(one.values, times, spans);
    const size = Math.max(0, Math.abs(change.deviation) - NOTABLE);
    const side = isBad(role, change) ? 1 : GOOD_SIDE;
    // That the target shows the symptom is known: it says nothing of where it comes from.
    const isSymptom = one.service === target.service && role !== 'resource';
    return { series: one, role, change, weight: Math.log1p(size) * roleWeight[role] * side * (isSymptom ? 0.5 : 1) };
  });
}

/** Whether it changed for the worse; who is silent is the worst off. */
function isBad(role: MetricRole, { deviation, level }: Change): boolean {
  return role === 'traffic' || role === 'other' || deviation > 0 || Number.isNaN(level);
}

/** By what the target suffers from: the figure asked for, or both ways where none was. */
function flowsOf(question: CauseQuestion, spans: Spans, changed: readonly Changed[]): Flow[] {
  const { metric } = question.target;
  const asked = metric === null ? null : roleOf(metric);
  const kinds = (['time', 'failures'] as const).filter(
    (kind) => asked === null || (kind === 'time' ? asked === 'latency' : asked === 'success' || asked === 'errors'),
  );
  return kinds.flatMap((kind) => shareFlows(question, spans, kind, passDown(changed)) ?? []);
}

function strongest(changed: readonly Changed[], service: string): Changed | null {
  return mostOf(
    changed.filter((one) => one.series.service === service),
    ({ weight }) => weight,
  );
}

function mostOf<T>(all: readonly T[], size: (one: T) => number): T | null {
  return all.reduce<T | null>((best, one) => (best === null || size(one) > size(best) ? one : best), null);
}

/** 1 for what the target calls, itself or through others; less for the rest. Without calls everything is reached. */
function reachOf({ calls, target }: CauseQuestion, services: readonly string[]): ReadonlyMap<string, number> {
  const reached = new Set([target.service]);
  if (calls.some((call) => call.from === target.service)) {
    for (const from of reached) for (const call of calls) if (call.from === from) reached.add(call.to);
  } else for (const service of services) reached.add(service);
  return new Map(services.map((service) => [service, reached.has(service) ? 1 : UNREACHED]));
}

/** By service, 0..1: what its own figures say. */
function localEvidence(
  { calls }: CauseQuestion,
  services: readonly string[],
  changed: readonly Changed[],
  reached: ReadonlyMap<string, number>,
): ReadonlyMap<string, number> {
  const weights = new Map(services.map((service) => [service, strongest(changed, service)]));
  const evidence = services.map((service): readonly [string, number] => {
    const most = weights.get(service) ?? null;
    if (most === null || most.weight === 0) return [service, 0];
    const callee = calls
      .filter((call) => call.from === service && call.to !== service)
      .reduce((sum, call) => Math.max(sum, weights.get(call.to)?.weight ?? 0), 0);
    const explained = most.role === 'resource' ? 0 : Math.min(1, callee / most.weight);
    return [service, most.weight * (1 - (1 - EXPLAINED_LEAVES) * explained) * (reached.get(service) ?? 1)];
  });
  return new Map(evidence.map(([service, size]) => [service, size / (size + HALF_WEIGHT)]));
}

/** Services that tell nothing of time or errors, with what their own means say: 0..1, and 0.5 is much. */
function passDown(changed: readonly Changed[]): (service: string) => number {
  return (service) => {
    const own = changed.filter((one) => one.series.service === service && one.role === 'resource');
    const most = Math.max(0, ...own.map(({ weight }) => weight));
    return most / (most + HALF_WEIGHT);
  };
}

function reasonsOf(
  { target }: CauseQuestion,
  service: string,
  changed: readonly Changed[],
  flows: readonly Flow[],
  reached: ReadonlyMap<string, number>,
): string[] {
  const reasons: string[] = [];
  for (const { of, shares } of flows) {
    const share = shares.get(service) ?? 0;
    if (share < LEAST_TOLD) continue;
    const what = of === 'time' ? 'additional time' : 'additional failures';
    reasons.push(
      `It holds ${Math.round(share * 100)} % of the ${what} of ${target.service} itself, beyond what it calls.`,
    );
  }
  const own = changed
    .filter((one) => one.series.service === service && Math.abs(one.change.deviation) >= NOTABLE)
    .sort((a, b) => b.weight - a.weight);
  for (const { series, change, role } of own.slice(0, 3)) {
    reasons.push(sentence(series.metric, role, change));
  }
  if (own.length > 0 && reached.get(service) === UNREACHED)
    reasons.push(`No call leads from ${target.service} to it, as far as the calls are known.`);
  if (reasons.length === 0) reasons.push('Nothing of it changed.');
  return reasons;
}

function sentence(metric: string, role: MetricRole, { usual, level, deviation }: Change): string {
  if (Number.isNaN(level)) return `${metric} has no values any more; it always had.`;
  const shown = (value: number): string => (role === 'success' ? formatValue(1 - value, 'ratio') : formatNumber(value));
  const rose = role === 'success' ? deviation < 0 : deviation > 0;
  const times = formatNumber(Math.abs(deviation));
  return `${metric} ${rose ? 'rose' : 'fell'} from ${shown(usual)} to ${shown(level)}, ${times} times its usual spread.`;
}
