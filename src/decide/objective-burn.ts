import { type Alert, formatDuration, formatValue, type Objective } from '../model/index.ts';
import type { Observation } from './alert-book.ts';
import type { ConditionReading } from './alert-state.ts';
import type { ObjectiveCounts } from './objective-counts.ts';

const MINUTE = 60_000;
const HOUR = 3_600_000;
const DAY = 24 * HOUR;

interface BurnRule {
  readonly name: 'objective-burns-fast' | 'objective-burns' | 'objective-burns-slowly';
  readonly severity: Alert['severity'];
  readonly longMs: number;
  /** Ends the alert soon after the trouble ends, while the long window still remembers it. */
  readonly shortMs: number;
  /** The share of the whole budget that the long window may take at most. */
  readonly share: number;
}

/**
 * The multi-window, multi-burn-rate alerts of the Site Reliability Workbook (chapter 5, table 5-8): over 30 days they are
 * 14.4 times, 6 times and once the pace at which the budget just lasts.
 */
export const burnRules: readonly BurnRule[] = [
  { name: 'objective-burns-fast', severity: 'critical', longMs: HOUR, shortMs: 5 * MINUTE, share: 0.02 },
  { name: 'objective-burns', severity: 'high', longMs: 6 * HOUR, shortMs: 30 * MINUTE, share: 0.05 },
  { name: 'objective-burns-slowly', severity: 'medium', longMs: 3 * DAY, shortMs: 6 * HOUR, share: 0.1 },
];

/** Fewer failures are chance: of three requests a night one may fail. */
const LEAST_BAD = 5;
/** The present pace is that of the last hour. */
const PACE_MS = HOUR;

/** How many times as fast as it may the budget is spent; null without events. */
export interface Burn {
  readonly windowMs: number;
  readonly rate: number | null;
}

export interface ObjectiveStatus {
  readonly at: number;
  /** The share of good events within the window; null without events. */
  readonly achieved: number | null;
  readonly good: number;
  readonly total: number;
  /** 1: untouched, 0: spent, below 0: overspent; null without events. */
  readonly budgetLeft: number | null;
  /** How much of the window there is to judge by. */
  readonly historyMs: number;
  readonly burns: readonly Burn[];
  /** How long the budget lasts at the pace of the last hour; null where it lasts, 0 where it is spent. */
  readonly spentInMs: number | null;
}

/** The factor over which a rule fires: so fast that its share of the budget is gone within its window, never slower than the budget lasts. */
export function burnFactor({ share, longMs }: Pick<BurnRule, 'share' | 'longMs'>, windowMs: number): number {
  return Math.max(1, (share * windowMs) / longMs);
}

/**
 * How an objective stands. Where there is less history than its window, the budget is that of a whole window with the same
 * traffic: a young objective is not overspent by its first failure. Pure, O(hours of the window).
 */
export function objectiveStatus(
  objective: Pick<Objective, 'target' | 'windowMs'>,
  counts: ObjectiveCounts,
  now: number,
): ObjectiveStatus {
  const { target, windowMs } = objective;
  const { good, total } = counts.within(windowMs, now);
  const historyMs = historyOf(counts, windowMs, now);
  const allowed = (1 - target) * total * (windowMs / Math.max(MINUTE, historyMs));
  const budgetLeft = total > 0 ? 1 - (total - good) / allowed : null;
  const windows = [...new Set(burnRules.flatMap(({ shortMs, longMs }) => [shortMs, longMs]))].sort((a, b) => a - b);
  const burns = windows.map((length) => ({ windowMs: length, rate: burnRate(objective, counts, length, now) }));
  const pace = burns.find((burn) => burn.windowMs === PACE_MS)?.rate ?? null;
  const spentInMs =
    budgetLeft === null
      ? null
      : budgetLeft <= 0
        ? 0
        : pace === null || pace <= 0
          ? null
          : (budgetLeft * windowMs) / pace;
  return { at: now, achieved: total > 0 ? good / total : null, good, total, budgetLeft, historyMs, burns, spentInMs };
}

function historyOf({ since }: ObjectiveCounts, windowMs: number, now: number): number {
  return since === null ? 0 : Math.min(windowMs, Math.max(0, now - since + MINUTE));
}

function burnRate(
  { target }: Pick<Objective, 'target'>,
  counts: ObjectiveCounts,
  windowMs: number,
  now: number,
): number | null {
  const { good, total } = counts.within(windowMs, now);
  return total > 0 ? (total - good) / total / (1 - target) : null;
}

/** What the burn-rate rules see of an objective now. A rule whose long window is not full yet asks for the same share of the budget within what there is. */
export function observeBurns(
  objective: Objective,
  counts: ObjectiveCounts,
  about: Pick<Observation, 'entityId'>,
  now: number,
): Observation[] {
  const status = objectiveStatus(objective, counts, now);
  return burnRules.map((rule) => {
    const factor = burnFactor(rule, objective.windowMs);
    const historyMs = historyOf(counts, rule.longMs, now);
    const needed = historyMs > 0 ? (factor * rule.longMs) / historyMs : Number.POSITIVE_INFINITY;
    const long = burnRate(objective, counts, rule.longMs, now);
    const short = burnRate(objective, counts, rule.shortMs, now);
    const { good, total } = counts.within(rule.longMs, now);
    return {
      rule: rule.name,
      kind: 'objective',
      entityId: about.entityId,
      subject: objective.name,
      resource:
        objective.indicator.kind === 'latency' || objective.indicator.kind === 'histogram' ? 'latency' : 'errors',
      severity: rule.severity,
      reading: reading(long, short, needed, factor, total - good),
      at: now,
      value: long,
      limit: needed === Number.POSITIVE_INFINITY ? null : needed,
      unit: '',
      summary: sentence(objective, rule, { rate: long, good, total, historyMs }, status),
      action: 'See what fails on the objective’s page; undo the last change if it began then',
      findingId: null,
      timing: { forMs: 0, holdMs: 5 * MINUTE },
    };
  });
}

function reading(
  long: number | null,
  short: number | null,
  needed: number,
  factor: number,
  bad: number,
): ConditionReading {
  if (long === null || short === null) return 'missing';
  if (long >= needed && short >= factor && bad >= LEAST_BAD) return 'breach';
  return short >= factor && long >= factor ? 'between' : 'clear';
}

function sentence(
  { name, windowMs, indicator }: Objective,
  { longMs }: BurnRule,
  seen: { readonly rate: number | null; readonly good: number; readonly total: number; readonly historyMs: number },
  { spentInMs }: ObjectiveStatus,
): string {
  const { rate, good, total, historyMs } = seen;
  const span = Math.min(longMs, historyMs);
  const part = longMs > historyMs ? ', which is all there is yet' : '';
  const what = indicator.kind === 'latency' || indicator.kind === 'histogram' ? 'were too slow' : 'failed';
  const share = total > 0 ? formatValue((total - good) / total, 'ratio') : '0 %';
  const pace = (rate ?? 0).toFixed((rate ?? 0) < 10 ? 1 : 0);
  const budget = `its budget of ${formatDuration(windowMs)}`;
  const left =
    spentInMs === null
      ? ''
      : spentInMs === 0
        ? ` ${upperFirst(budget)} is spent.`
        : ` At this pace ${budget} is spent in ${formatDuration(spentInMs)}.`;
  return `${name}: ${share} of the requests ${what} in the last ${formatDuration(span)}${part}, ${pace} times what the objective allows.${left}`;
}

function upperFirst(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}
