import { figureMetric, formatValue } from '../model/index.ts';
import type { HealthDimension } from './health.ts';

/** A value with what is usual for it now; null where that is not known. */
export interface UsualFigure {
  readonly value: number;
  readonly mean: number | null;
  readonly lower: number | null;
  readonly upper: number | null;
}

/** One instance of a service, with its main figures by the names of `serviceMetrics`. */
export interface InstanceFigures {
  readonly figures: ReadonlyMap<string, UsualFigure>;
}

export interface ServiceFigures {
  readonly instances: readonly InstanceFigures[];
  /** A process of it listens. */
  readonly listens: boolean;
  /** By name, its business metrics; summed over their series. */
  readonly business: ReadonlyMap<string, UsualFigure>;
  /** Whether the last run of each of its jobs went well, by name. */
  readonly jobs: ReadonlyMap<string, boolean>;
}

/** What a service's health is made of beside its findings and alerts. `missing`: what is not known of it, and why. */
export interface ServiceDimensions {
  readonly dimensions: readonly HealthDimension[];
  readonly missing: readonly string[];
}

type Judged = Omit<HealthDimension, 'name' | 'weight'> | string;

const PREFIX = 'auspex_service_';
/** What differs by less is not felt. */
const FELT_SECONDS = 0.05;
/** A service that is asked less often than this falls silent by chance. */
const LEAST_RATE = 0.2;
const SATURATION: readonly (readonly [figure: string, free: number, full: number])[] = [
  ['connections_ratio', 0.7, 1],
  ['open_files_ratio', 0.7, 1],
  ['memory_ratio', 0.8, 1],
  ['loop_lag_seconds', 0.05, 1],
];

/**
 * Latency, traffic, errors, saturation, availability, jobs and business metrics of a service, each 0 to 100. Latency, traffic and business
 * metrics are held against what is usual at this time, the others against limits. What is not told is left out, so that the weights of
 * the others count for more. The shape of `hostHealth`. O(figures).
 *
 * Weak: weights and limits are chosen, not learnt; more requests than usual are no fault here, only what they lead to.
 */
export function serviceDimensions(of: ServiceFigures): ServiceDimensions {
  const judged: readonly (readonly [name: string, weight: number, judged: Judged])[] = [
    ['availability', 3, availability(of)],
    ['errors', 3, errors(of)],
    ['latency', 2, latency(of)],
    ['traffic', 1, traffic(of)],
    ['saturation', 2, saturation(of)],
    ['business', 2, business(of)],
    ['jobs', 1, jobs(of)],
  ];
  return {
    dimensions: judged.flatMap(([name, weight, one]) => (typeof one === 'string' ? [] : [{ name, weight, ...one }])),
    missing: judged.flatMap(([name, , one]) => (typeof one === 'string' ? [`${name}: ${one}`] : [])),
  };
}

function availability({ instances, listens }: ServiceFigures): Judged {
  const down = figuresOf(instances, 'down_ratio');
  if (down.length === 0) return listens ? { score: 100, reason: 'it listens' } : 'nothing says whether it answers';
  const share = down.reduce((sum, { value }) => sum + value, 0) / down.length;
  const silent = down.filter(({ value }) => value > 0).length;
  const all = down.length === 1 ? 'it does not answer' : `not answering: ${silent} of ${down.length} instances`;
  return { score: 100 * (1 - share), reason: silent === 0 ? 'it answers' : all };
}

function errors({ instances }: ServiceFigures): Judged {
  let failed = 0;
  let weight = 0;
  for (const { figures } of instances) {
    const ratio = figures.get(`${PREFIX}error_ratio`);
    if (ratio === undefined) continue;
    // Where nothing is asked nothing counts; one that does not tell counts as one.
    const rate = figures.get(`${PREFIX}request_rate`)?.value ?? 1;
    failed += rate * ratio.value;
    weight += rate;
  }
  if (weight > 0) {
    const ratio = failed / weight;
    const reason = `requests that fail ${formatValue(ratio, 'ratio')}${usually(weighted(instances), 'ratio')}`;
    return { score: between(ratio, 0.01, 0.25), reason };
  }
  const rate = summed(figuresOf(instances, 'error_rate'));
  if (rate === null) return 'nothing tells which of its requests fail';
  if (rate.mean === null) return 'how many errors are usual is not known yet';
  const isMore = rate.value > (rate.upper ?? Number.POSITIVE_INFINITY);
  const times = rate.value / Math.max(rate.mean, 0.1);
  return {
    score: isMore ? between(times, 1, 10) : 100,
    reason: `errors ${formatValue(rate.value, 'count/s')}${usually(rate.mean, 'count/s')}`,
  };
}

function latency({ instances }: ServiceFigures): Judged {
  const all = figuresOf(instances, 'latency_seconds');
  if (all.length === 0) return 'nothing tells how long its answers take';
  const known = all.filter((one) => one.mean !== null && one.upper !== null);
  if (known.length === 0) return 'how long its answers usually take is not known yet';
  const scored = known.map((one) => {
    const mean = one.mean ?? one.value;
    const isFelt = one.value > (one.upper ?? one.value) && one.value - mean > FELT_SECONDS;
    return { one, mean, score: isFelt ? between(one.value / Math.max(mean, 0.001), 1, 5) : 100 };
  });
  const worst = scored.reduce((a, b) => (b.score < a.score ? b : a));
  return {
    score: worst.score,
    reason: `answers take ${formatValue(worst.one.value, 'seconds')}${usually(worst.mean, 'seconds')}`,
  };
}

function traffic({ instances }: ServiceFigures): Judged {
  const rate = summed(figuresOf(instances, 'request_rate'));
  if (rate === null) return 'nothing tells how often it is asked';
  return fallen(rate, 'count/s', 'requests', LEAST_RATE) ?? 'how often it is usually asked is not known yet';
}

function saturation({ instances }: ServiceFigures): Judged {
  let worst: Exclude<Judged, string> | null = null;
  for (const [name, free, full] of SATURATION)
    for (const { value, mean } of figuresOf(instances, name)) {
      const score = between(value, free, full);
      if (worst !== null && score >= worst.score) continue;
      const figure = figureMetric(PREFIX + name);
      const unit = figure?.unit ?? 'count';
      worst = { score, reason: `${figure?.title ?? name} ${formatValue(value, unit)}${usually(mean, unit)}` };
    }
  return worst ?? 'nothing tells how full its connections, files and memory are';
}

function business({ business: metrics }: ServiceFigures): Judged {
  if (metrics.size === 0) return 'none is named';
  const all = [...metrics].flatMap(([name, figure]) => fallen(figure, 'count', `metric ${name}`, 0) ?? []);
  if (all.length === 0) return 'what is usual for them is not known yet';
  return all.reduce((a, b) => (b.score < a.score ? b : a));
}

function jobs({ jobs: runs }: ServiceFigures): Judged {
  if (runs.size === 0) return 'no runs of its jobs are recorded';
  const failed = [...runs].filter(([, isWell]) => !isWell).map(([name]) => name);
  const score = 100 * (1 - failed.length / runs.size);
  return {
    score,
    reason: failed.length === 0 ? 'its jobs went well' : `the last run of ${failed.slice(0, 3).join(', ')} failed`,
  };
}

/** How far below what is usual; null where that is not known. */
function fallen(figure: UsualFigure, unit: string, what: string, least: number): Exclude<Judged, string> | null {
  const { value, mean, lower } = figure;
  if (mean === null || lower === null) return null;
  const isFallen = value < lower && mean >= least;
  return {
    score: isFallen ? Math.max(0, Math.min(100, (100 * value) / Math.max(lower, Number.MIN_VALUE))) : 100,
    reason: `${what} ${formatValue(value, unit)}${usually(mean, unit)}`,
  };
}

function usually(mean: number | null, unit: string): string {
  return mean === null ? '' : `, usually ${formatValue(Math.max(0, mean), unit)}`;
}

/** 100 up to `free`, 0 from `full` on. */
function between(value: number, free: number, full: number): number {
  return 100 * (1 - Math.max(0, Math.min(1, (value - free) / (full - free))));
}

function figuresOf(instances: readonly InstanceFigures[], name: string): UsualFigure[] {
  return instances.flatMap(({ figures }) => figures.get(PREFIX + name) ?? []);
}

/** What is usual of all is not known where it is not of one. */
function summed(all: readonly UsualFigure[]): UsualFigure | null {
  if (all.length === 0) return null;
  const sum = (side: 'mean' | 'lower' | 'upper'): number | null =>
    all.some((one) => one[side] === null) ? null : all.reduce((total, one) => total + (one[side] ?? 0), 0);
  const value = all.reduce((total, one) => total + one.value, 0);
  return { value, mean: sum('mean'), lower: sum('lower'), upper: sum('upper') };
}

/** The usual share of requests that fail, over instances that know it. */
function weighted(instances: readonly InstanceFigures[]): number | null {
  const known = figuresOf(instances, 'error_ratio').flatMap(({ mean }) => mean ?? []);
  return known.length === 0 ? null : known.reduce((sum, mean) => sum + mean, 0) / known.length;
}
