import type { ObjectiveItem } from '../../src/api/contract/index.ts';
import { duration } from './format.ts';

export type IndicatorKind = ObjectiveItem['indicator']['kind'];

export const indicatorWords: Readonly<Record<IndicatorKind, string>> = {
  availability: 'Requests of a service that do not fail',
  latency: 'Requests of a service that are answered in time, by its mean answer',
  histogram: 'Requests that are answered in time, by a histogram',
  events: 'What two expressions count',
};

export interface ObjectiveDraft {
  readonly name: string;
  readonly service: string;
  readonly kind: IndicatorKind;
  /** Milliseconds, as they are typed. */
  readonly limit: string;
  readonly metric: string;
  readonly match: string;
  readonly good: string;
  readonly total: string;
  /** Per cent, as it is typed. */
  readonly target: string;
  readonly windowDays: 7 | 28 | 30;
}

export const windows = [7, 28, 30] as const;

export function draftOf(objective: ObjectiveItem | null): ObjectiveDraft {
  const empty: ObjectiveDraft = {
    name: '',
    service: '',
    kind: 'availability',
    limit: '300',
    metric: '',
    match: '',
    good: '',
    total: '',
    target: '99.9',
    windowDays: 30,
  };
  if (objective === null) return empty;
  const { name, service, indicator, target, windowDays } = objective;
  const limit = 'limitSeconds' in indicator ? { limit: plain(indicator.limitSeconds * 1000) } : {};
  const { kind, ...own } = indicator;
  return {
    ...empty,
    ...limit,
    ...('good' in own ? own : 'metric' in own ? { metric: own.metric, match: own.match } : {}),
    name,
    kind,
    service: service ?? '',
    target: plain(target * 100),
    windowDays: windows.find((days) => days === windowDays) ?? 30,
  };
}

export function bodyOf(draft: ObjectiveDraft): object {
  const { name, service, kind, metric, match, good, total, target, windowDays } = draft;
  const limitSeconds = Number(plain(Number(draft.limit) / 1000));
  const indicator = {
    availability: { kind },
    latency: { kind, limitSeconds },
    histogram: { kind, metric, match, limitSeconds },
    events: { kind, good, total },
  }[kind];
  return {
    name,
    service: service.trim() === '' ? null : service.trim(),
    indicator,
    target: Number(plain(Number(target) / 100)),
    windowDays,
  };
}

/** What the target leaves room for; null where it is none. */
export function allowance({ target, windowDays }: Pick<ObjectiveDraft, 'target' | 'windowDays'>): string | null {
  const bad = (100 - Number(target)) / 100;
  if (target.trim() === '' || !(bad > 0 && bad < 1)) return null;
  const outage = duration(windowDays * 86_400_000 * bad);
  return `Of 100,000 requests ${Math.round(bad * 100_000).toLocaleString('en')} may be bad. If nothing at all works, the budget of ${windowDays} days is spent in ${outage}.`;
}

/** Without what binary fractions add: 99.95, not 99.95000000000001. */
function plain(value: number): string {
  return String(Number(value.toPrecision(9)));
}
