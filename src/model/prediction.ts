import type { Confidence } from './confidence.ts';

/** How a prediction is judged when it falls due. Without one, no confidence is shown. */
export type OutcomeRule =
  | {
      readonly kind: 'interval' /** true when the actual value lies in [lower, upper] */;
      readonly lower: number;
      readonly upper: number;
    }
  | { readonly kind: 'event' /** true when the event happens before the horizon's end */; readonly event: string };

export type PredictionOutcome = 'pending' | 'true' | 'false' | 'averted' | 'unknown';

/** One row of the ledger: at most one a target, model, horizon and hour. */
export interface Prediction {
  readonly id: string;
  /** `forecast`, `performance`, `disk-full` … */
  readonly type: string;
  readonly entityId: string;
  /** The target: a metric's or score's name with what tells it apart (`disk used /`). */
  readonly component: string;
  readonly model: string;
  readonly modelVersion: number;
  readonly madeAt: number;
  readonly dueAt: number;
  readonly horizonMs: number;
  readonly value: number;
  readonly unit: string;
  /** The stated chance that the rule comes out true: an interval's coverage (.95), an event's probability. */
  readonly probability: number;
  readonly rule: OutcomeRule;
  readonly outcome: PredictionOutcome;
  readonly actual: number | null;
  readonly scoredAt: number | null;
  /** What the simplest forecast (nothing changes) said at the same moment: every model stands beside it. */
  readonly baseline: number | null;
}

/** The track record of one model at one horizon: what stands beside every number it gives. */
export interface TrackRecord {
  readonly type: string;
  readonly model: string;
  readonly horizonMs: number;
  readonly scored: number;
  readonly held: number;
  /** Stated and observed frequency; they should agree. */
  readonly stated: number;
  readonly observed: number;
  readonly meanAbsoluteError: number | null;
  readonly baselineMeanAbsoluteError: number | null;
  /** Expected minus observed by bins of equal mass, weighted; null below 50 scored. */
  readonly calibrationError: number | null;
  readonly pending: number;
  readonly unknown: number;
  readonly averted: number;
  readonly confidence: Confidence;
}

export interface ForecastPoint {
  readonly at: number;
  readonly mean: number;
  readonly lower: number;
  readonly upper: number;
}

export interface Forecast {
  readonly entityId: string;
  readonly component: string;
  readonly unit: string;
  readonly model: string;
  readonly madeAt: number;
  readonly stepMs: number;
  /** Coverage that the intervals state. */
  readonly level: number;
  readonly points: readonly ForecastPoint[];
  readonly explanation: string;
  readonly confidence: Confidence;
  /** Error of the backtest beside the naive forecast's; below 1 is better than naive. */
  readonly backtest: { readonly error: number; readonly naiveError: number; readonly folds: number } | null;
  /** When a bounded quantity reaches its limit. */
  readonly exhaustion: {
    readonly limit: number;
    readonly at: number | null;
    readonly from: number | null;
    readonly to: number | null;
  } | null;
  /** Set where there is not enough history yet: what is missing and when it will be there. */
  readonly learning: string | null;
}
