/** How good and all events of an objective are counted. Expressions are PromQL, in events a second. */
export type Indicator =
  /** Any two expressions. */
  | { readonly kind: 'events'; readonly good: string; readonly total: string }
  /** The share of answers within a limit, from a histogram: `metric` without its suffix, `match` as between `{` and `}`. */
  | { readonly kind: 'histogram'; readonly metric: string; readonly match: string; readonly limitSeconds: number }
  /** The share of requests that do not fail, from the figures that are derived of the service. */
  | { readonly kind: 'availability' }
  /** The share of requests in moments in which the mean answer is within a limit, from the figures of the service. */
  | { readonly kind: 'latency'; readonly limitSeconds: number };

/** What a service owes its users: this share of events good, over a window that rolls on. */
export interface Objective {
  readonly id: string;
  readonly name: string;
  /** Whose objective it is, by the service's name; null where the indicator alone says. */
  readonly service: string | null;
  readonly indicator: Indicator;
  /** 0.999 */
  readonly target: number;
  /** 7, 28 or 30 days. */
  readonly windowMs: number;
  readonly createdBy: string;
  readonly createdAt: number;
}

/** What an objective has counted, kept as counters: one sample a minute each. */
export const OBJECTIVE_METRICS = {
  good: 'auspex_objective_good_total',
  all: 'auspex_objective_events_total',
} as const;
