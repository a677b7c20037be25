import {
  type Alert,
  anchoredRegex,
  type Finding,
  type Labels,
  labelValue,
  type Matcher,
  type Resource,
} from '../model/index.ts';
import type { Observation } from './alert-book.ts';
import type { AlertTiming, ConditionReading } from './alert-state.ts';

/** The newest value of one series. */
export interface LatestReading {
  readonly labels: Labels;
  readonly value: number;
  readonly at: number;
  /** Growth a second since the sample before, for counters; null where there is none. */
  readonly rate: number | null;
}

/** When a bounded quantity is foretold to reach its limit. */
export interface ForetoldExhaustion {
  /** `/var`: what tells it apart on its host. */
  readonly subject: string;
  readonly resource: Resource;
  readonly at: number;
  /** The interval's late end; null where it may never happen. */
  readonly to: number | null;
  readonly madeAt: number;
}

/** A figure that is foretold to pass its limit within minutes, or is not any more. */
export interface ForetoldBottleneck {
  /** `connections used`: what tells it apart on its host or service. */
  readonly subject: string;
  readonly resource: Resource;
  /** `none`: nobody is told. */
  readonly severity: Alert['severity'] | 'none';
  readonly probability: number;
  readonly madeAt: number;
  readonly sentence: string;
  readonly advice: string;
}

/** Something used more and more, foretold to be short within days. */
export interface ForetoldCapacity extends Omit<ForetoldExhaustion, 'at'> {
  readonly sentence: string;
  readonly advice: string;
}

/** When a figure is foretold to cross the limit of a forecast rule. */
export interface ForetoldCrossing {
  /** The rule's name. */
  readonly rule: string;
  /** `memory used` */
  readonly subject: string;
  readonly unit: string;
  /** By the mean, and by the interval's slow side; null where it is not within the time asked for. */
  readonly at: number | null;
  readonly to: number | null;
  readonly madeAt: number;
}

/** What a forecast rule wants to be foretold. */
export interface ForecastWatch {
  readonly component: string;
  readonly op: '>' | '<';
  readonly limit: number;
  readonly withinMs: number;
}

/** What rules see of a host or service. */
export interface WatchedEntity {
  readonly id: string;
  readonly name: string;
  readonly kind: 'host' | 'service' | 'target';
  readonly lastSeenAt: number;
  /** Since when Auspex itself could have heard of it: its own start, or its own wake-up from suspension. */
  readonly watchedSince: number;
  latest(metric: string): readonly LatestReading[];
  readonly exhaustions: readonly ForetoldExhaustion[];
  readonly bottlenecks: readonly ForetoldBottleneck[];
  readonly capacities: readonly ForetoldCapacity[];
  readonly crossings: readonly ForetoldCrossing[];
  /** The open findings on its single series. */
  readonly unusual: readonly Finding[];
}

/** One comparison. It clears only beyond `clear`, on the good side of `limit`. */
export interface Clause {
  readonly value: number;
  readonly op: '>' | '<';
  readonly limit: number;
  readonly clear: number;
}

/** One thing a rule looked at: all clauses must be in breach; any one that is clear makes it clear. The first is the one shown. */
export interface Measurement {
  readonly subject: string;
  readonly at: number;
  readonly clauses: readonly [Clause, ...Clause[]];
  readonly summary: string;
  readonly action: string;
  /** The rule's unless told. */
  readonly resource?: Resource;
  /** What is the case, where the clauses do not decide it. */
  readonly reading?: ConditionReading;
}

export interface ThresholdRule {
  readonly name: string;
  readonly kind: Extract<Alert['kind'], 'threshold' | 'anomaly' | 'absence' | 'forecast'>;
  readonly resource: Resource;
  readonly severity: Alert['severity'];
  readonly unit: string;
  readonly forMs: number;
  readonly holdMs: number;
  readonly keepFiringMs?: number;
  /** What becomes of one that fires when its values stay away, and after how long. */
  readonly noData?: { readonly afterMs: number; readonly becomes: 'end' | 'alert' };
  readonly summary: string;
  /** The condition in words. */
  readonly condition: string;
  readonly action: string;
  readonly source: 'starter' | 'configuration';
  /** The limit that it sets on values of one metric, where it is no more than that: it can be foreseen to be passed. */
  readonly watches?: {
    readonly metric: string;
    readonly matches: (labels: Labels) => boolean;
    readonly limit: number;
  };
  /** What it wants to be foretold; the measurements are made from that. */
  readonly forecast?: ForecastWatch;
  /** The metric of which it wants to know when it is unusual. */
  readonly asksFor?: string;
  measure(entity: WatchedEntity, now: number): readonly Measurement[];
}

/** A value older than this says nothing of the present. */
const STALE_MS = 5 * 60_000;

/** What the rules say of one entity now. O(rules × series they look at). */
export function evaluateRules(rules: readonly ThresholdRule[], entity: WatchedEntity, now: number): Observation[] {
  return rules.flatMap((rule) => {
    const timing = timingOf(rule);
    return rule.measure(entity, now).map((measured): Observation => {
      const [shown] = measured.clauses;
      return {
        rule: rule.name,
        kind: rule.kind,
        entityId: entity.id,
        subject: measured.subject,
        resource: measured.resource ?? rule.resource,
        severity: rule.severity,
        reading: now - measured.at > STALE_MS ? 'missing' : (measured.reading ?? readClauses(measured.clauses)),
        at: measured.at,
        value: Number.isNaN(shown.value) ? null : shown.value,
        limit: Number.isNaN(shown.limit) ? null : shown.limit,
        unit: rule.unit,
        summary: measured.summary,
        action: measured.action,
        findingId: null,
        timing,
      };
    });
  });
}

function timingOf({ kind, forMs, holdMs, keepFiringMs = 0, noData }: ThresholdRule): AlertTiming {
  if (kind === 'absence') return { forMs, holdMs, keepFiringMs, noDataMs: Number.POSITIVE_INFINITY };
  const after = noData === undefined ? {} : { endMs: noData.afterMs, onNoData: noData.becomes };
  return { forMs, holdMs, keepFiringMs, ...after };
}

/** All in breach: breach. One clear: clear, whatever the others say. Otherwise one missing: missing. */
export function readClauses(clauses: readonly Clause[]): ConditionReading {
  const readings = clauses.map(readClause);
  if (readings.includes('clear')) return 'clear';
  if (readings.includes('missing')) return 'missing';
  return readings.includes('between') ? 'between' : 'breach';
}

function readClause({ value, op, limit, clear }: Clause): ConditionReading {
  if (Number.isNaN(value)) return 'missing';
  if (op === '>' ? value > limit : value < limit) return 'breach';
  if (op === '>' ? value > clear : value < clear) return 'between';
  return 'clear';
}

export const above = (value: number, limit: number, clear = limit): Clause => ({ value, op: '>', limit, clear });
export const below = (value: number, limit: number, clear = limit): Clause => ({ value, op: '<', limit, clear });

/** Whether a label set satisfies all matchers; regular expressions are anchored at both ends, a missing label is empty. */
export function labelMatcher(matchers: readonly Matcher[]): (labels: Labels) => boolean {
  const tests = matchers.map(({ name, op, value }) => {
    const pattern = op === '=~' || op === '!~' ? anchoredRegex(value) : null;
    const wanted = op === '=' || op === '=~';
    return (labels: Labels) => {
      const found = labelValue(labels, name) ?? '';
      return (pattern === null ? found === value : pattern.test(found)) === wanted;
    };
  });
  return (labels) => tests.every((matches) => matches(labels));
}
