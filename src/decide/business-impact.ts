import { type Dependency, formatDuration, formatNumber, formatValue, type SeriesRollup } from '../model/index.ts';

/** A counter's figures are its growth a minute, a gauge's its values. */
export type BusinessKind = 'counter' | 'gauge';

/** What a business metric was over an incident, beside what is usual for that time. */
export interface BusinessImpact {
  readonly service: string;
  readonly metric: string;
  readonly kind: BusinessKind;
  readonly unit: string;
  /** Mean over the time; null where nothing came. */
  readonly value: number | null;
  readonly usual: number | null;
  /** What is usual is learnt of days like this, or what the hour before it was like; null where neither is known. */
  readonly basis: 'learnt' | 'hour-before' | null;
  /** Of a counter how many more came than usual in that time; below 0: fewer. */
  readonly difference: number | null;
  /** Null where that cannot be said. */
  readonly isUsual: boolean | null;
  readonly text: string;
}

/** What came of a metric in even steps, summed over its series: NaN where nothing did. The first `before` steps are of the hour before the incident. */
export interface BusinessSteps {
  readonly stepMs: number;
  readonly before: number;
  readonly values: Float64Array;
}

/** What is usual at each step of the incident; NaN where that is not known. */
export interface UsualSteps {
  readonly mean: Float64Array;
  readonly lower: Float64Array;
  readonly upper: Float64Array;
}

/** Steps from which what is usual is learnt. */
export const LEARNT_STEP_MS = 300_000;
/** A value stands for so long after it came. */
const STANDS_MS = 300_000;
/** A counter's growth over a silence of up to this is known from what it shows afterwards. */
const BRIDGED_MS = 3_600_000;
/** What came in so much of the hour before is the least that says what was usual then. */
const LEAST_BEFORE_MS = 600_000;
/** Two means of an hour’s steps differ by no more than so many deviations of its middle: some 2.5 of all of them. */
const SCATTERS = 4;
/** A share that differs by less is usual: what is foretold for hours is not known better. */
const LEAST_CHANGE = 0.1;
const MINUTE_MS = 60_000;

/** These services, then all that call them, those that call these, and so on: each once, the nearest first. O(services + calls). */
export function withCallers(services: readonly string[], calls: readonly Pick<Dependency, 'from' | 'to'>[]): string[] {
  const callers = new Map<string, string[]>();
  for (const { from, to } of calls) callers.set(to, [...(callers.get(to) ?? []), from]);
  const found = new Set(services);
  // A set gives what is added while it is gone through.
  for (const id of found) for (const caller of callers.get(id) ?? []) found.add(caller);
  return [...found];
}

/** Rollups of all series of a metric, summed by step: a counter's growth a minute, after a reset from 0; a gauge's means. O(rows). */
export function summed(
  rollups: readonly SeriesRollup[],
  kind: BusinessKind,
  { from, stepMs, count }: { readonly from: number; readonly stepMs: number; readonly count: number },
): Float64Array {
  const sums = new Float64Array(count).fill(Number.NaN);
  const add = (step: number, value: number): void => {
    const sum = sums[step];
    sums[step] = Number.isNaN(sum) ? value : sum + value;
  };
  const stands = Math.floor(STANDS_MS / stepMs);
  for (const rollup of rollups) {
    const stepOf = (i: number): number => Math.round((rollup.times[i] - from) / stepMs);
    for (let i = 0; i < rollup.times.length; i++) {
      const step = stepOf(i);
      if (kind === 'counter') {
        // From its first point alone no growth is known.
        if (i === 0 && rollup.increase[0] === 0) continue;
        if (step >= 0 && step < count) add(step, rollup.increase[i] / (stepMs / MINUTE_MS));
        continue;
      }
      const next = i + 1 < rollup.times.length ? stepOf(i + 1) : count;
      const until = Math.min(count, next, step + 1 + stands);
      for (let at = Math.max(0, step); at < until; at++) add(at, rollup.sum[i] / rollup.count[i]);
    }
  }
  return sums;
}

/**
 * What came of a metric over an incident against what was usual for that time: learnt, or where that is not known the hour before. Steps in which
 * nothing is known of it are left out of both. O(steps).
 *
 * Weak: it tells what differs in that time, not why. What came and was not told (figures lost, a counter that began anew) counts as not come.
 */
export function businessImpact(
  of: Pick<BusinessImpact, 'service' | 'metric' | 'kind' | 'unit'>,
  steps: BusinessSteps,
  learnt: UsualSteps | null,
): BusinessImpact {
  const { values, before, stepMs } = steps;
  const told = toldSteps(steps, of.kind);
  const during = told.filter((step) => step >= before);
  const known = during.length * stepMs;
  const silentMs = (values.length - before) * stepMs - known;
  // Nothing less than nothing comes, whatever a rhythm foretells.
  const least = of.kind === 'counter' ? 0 : -Infinity;
  const usual = usualOf(steps, learnt, { during, told, least });
  const value = during.length === 0 ? null : meanOf(during, (step) => orZero(values[step]));
  // Of a time that is mostly not known nothing is claimed.
  if (value === null || usual === null || silentMs > known) {
    const figures = { value, usual: usual?.mean ?? null, basis: usual?.basis ?? null, difference: null, isUsual: null };
    return { ...of, ...figures, text: `${of.metric} of ${of.service}: ${unknownText(of, figures, silentMs)}` };
  }
  const near = LEAST_CHANGE * Math.abs(usual.mean);
  const isUsual =
    value >= Math.min(usual.lower, usual.mean - near) && value <= Math.max(usual.upper, usual.mean + near);
  const difference = of.kind === 'counter' ? ((value - usual.mean) * known) / MINUTE_MS : null;
  const figures = { value, usual: usual.mean, basis: usual.basis, difference, isUsual };
  const silence = silentMs > STANDS_MS ? ` No figures of it came for ${formatDuration(silentMs)} of that time.` : '';
  return { ...of, ...figures, text: `${of.metric} of ${of.service}: ${impactText(of, figures)}${silence}` };
}

/** What differs from the usual first, that by most; then what is not known. */
export function worstFirst<T extends BusinessImpact>(impacts: readonly T[]): T[] {
  const rank = ({ isUsual }: BusinessImpact): number => (isUsual === false ? 0 : isUsual === null ? 1 : 2);
  const share = ({ value, usual }: BusinessImpact): number =>
    Math.abs((value ?? 0) - (usual ?? 0)) / Math.max(Math.abs(usual ?? 0), Number.MIN_VALUE);
  return impacts.toSorted((a, b) => rank(a) - rank(b) || (rank(a) === 0 ? share(b) - share(a) : 0));
}

/** Of a metric of which nothing can be said. */
export function untold(of: Pick<BusinessImpact, 'service' | 'metric'>, why: string): BusinessImpact {
  const nothing = { value: null, usual: null, basis: null, difference: null, isUsual: null };
  return { ...of, ...nothing, kind: 'gauge', unit: '', text: `${of.metric} of ${of.service}: ${why}` };
}

/** The steps of which something is known. A counter's are also those of a silence after which it came again. */
function toldSteps({ values, stepMs }: BusinessSteps, kind: BusinessKind): number[] {
  const told: number[] = [];
  values.forEach((value, step) => {
    if (Number.isNaN(value)) return;
    const last = told.at(-1);
    const isBridged = kind === 'counter' && last !== undefined && (step - last) * stepMs <= BRIDGED_MS;
    for (let silent = isBridged ? last + 1 : step; silent <= step; silent++) told.push(silent);
  });
  return told;
}

interface Usual {
  readonly basis: 'learnt' | 'hour-before';
  readonly mean: number;
  readonly lower: number;
  readonly upper: number;
}

/** Where nothing came, of all of the time. */
function usualOf(
  steps: BusinessSteps,
  learnt: UsualSteps | null,
  {
    during,
    told,
    least,
  }: { readonly during: readonly number[]; readonly told: readonly number[]; readonly least: number },
): Usual | null {
  const { values, before } = steps;
  const all = Array.from({ length: values.length - before }, (_, step) => before + step);
  const asked = during.length === 0 ? all : during;
  return learntUsual(learnt, asked, steps, least) ?? hourBefore(steps, told, asked);
}

function learntUsual(
  learnt: UsualSteps | null,
  asked: readonly number[],
  { before, stepMs }: BusinessSteps,
  least: number,
): Usual | null {
  if (learnt === null || asked.length === 0) return null;
  const side = (of: Float64Array): number =>
    Math.max(
      least,
      meanOf(asked, (step) => of[step - before] ?? Number.NaN),
    );
  const mean = side(learnt.mean);
  if (!Number.isFinite(mean)) return null;
  // A time shorter than the steps that were learnt scatters more than they do.
  const wider = Math.max(1, Math.sqrt(LEARNT_STEP_MS / (asked.length * stepMs)));
  const lower = mean - wider * (mean - side(learnt.lower));
  return { basis: 'learnt', mean, lower, upper: mean + wider * (side(learnt.upper) - mean) };
}

function hourBefore(
  { values, before, stepMs }: BusinessSteps,
  told: readonly number[],
  asked: readonly number[],
): Usual | null {
  const earlier = told.filter((step) => step < before).map((step) => orZero(values[step]));
  if (earlier.length === 0 || earlier.length * stepMs < LEAST_BEFORE_MS) return null;
  const mean = earlier.reduce((sum, value) => sum + value, 0) / earlier.length;
  // One in ten is left out on either side: the first minute of a new series, a silence and what came at once after it.
  const cut = Math.floor(earlier.length / 10);
  const middle = earlier.toSorted((a, b) => a - b).slice(cut, earlier.length - cut);
  const scatter = SCATTERS * deviation(middle) * Math.sqrt(1 / earlier.length + 1 / Math.max(1, asked.length));
  return { basis: 'hour-before', mean, lower: mean - scatter, upper: mean + scatter };
}

function deviation(values: readonly number[]): number {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  return Math.sqrt(values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / values.length);
}

function meanOf(steps: readonly number[], at: (step: number) => number): number {
  return steps.reduce((sum, step) => sum + at(step), 0) / steps.length;
}

function orZero(value: number | undefined): number {
  return value === undefined || Number.isNaN(value) ? 0 : value;
}

type Words = Pick<BusinessImpact, 'kind' | 'unit'>;

function impactText(
  { kind, unit }: Words,
  {
    value,
    usual,
    basis,
    difference,
    isUsual,
  }: {
    readonly value: number;
    readonly usual: number;
    readonly basis: Usual['basis'];
    readonly difference: number | null;
    readonly isUsual: boolean;
  },
): string {
  const came = `${shown(value, unit)} ${kind === 'counter' ? 'a minute' : 'on average'}`;
  const was = basis === 'learnt' ? `some ${shown(usual, unit)}` : `${shown(usual, unit)} in the hour before`;
  if (isUsual) return basis === 'learnt' ? `${came}, as usual (${was}).` : `${came}, about as before (${was}).`;
  if (difference === null) return `${came} instead of ${was}.`;
  const more = difference > 0 ? 'more' : unit === 'count' || unit === '' ? 'fewer' : 'less';
  return `${came} instead of ${was}; some ${shown(Math.abs(difference), unit)} ${more} in that time.`;
}

function unknownText(
  { kind, unit }: Words,
  { value, usual }: Pick<BusinessImpact, 'value' | 'usual'>,
  silentMs: number,
): string {
  const a = kind === 'counter' ? ' a minute' : '';
  const usually = usual === null ? '' : `; usual are some ${shown(usual, unit)}${a}`;
  if (value === null) return `no figures of it came${usually}.`;
  const came = `${shown(value, unit)}${a}`;
  if (usual === null) return `${came}; what is usual for it is not known yet.`;
  return `no figures of it came for ${formatDuration(silentMs)} of that time, otherwise ${came}${usually}.`;
}

/** To two or three digits: a mean is not known better. */
function shown(value: number, unit: string): string {
  const rounded = Number(value.toPrecision(Math.abs(value) >= 100 ? 3 : 2));
  return unit === 'count' || unit === '' ? formatNumber(rounded) : formatValue(rounded, unit);
}
