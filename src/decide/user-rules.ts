import {
  type Alert,
  formatDuration,
  formatLabels,
  formatValue,
  figureMetric,
  labelsFrom,
  labelPairs,
  type Labels,
  labelValue,
  type Matcher,
} from '../model/index.ts';
import { END_MS } from './alert-state.ts';
import { labelMatcher, type LatestReading, type ThresholdRule } from './threshold-rules.ts';

/** A rule as a person writes it in the configuration; times in ms. */
export interface UserRule {
  readonly name: string;
  readonly metric: string;
  readonly match: readonly Matcher[];
  readonly rate: boolean;
  readonly op: '>' | '<';
  readonly limit: number;
  readonly clear: number | null;
  readonly for: number;
  readonly hold: number;
  readonly keepFiringFor?: number;
  /** What becomes of one that fires when its values stay away for `noDataFor`. */
  readonly noData?: 'end' | 'alert';
  readonly noDataFor?: number;
  readonly severity: Alert['severity'];
  readonly summary: string | null;
  readonly action: string | null;
}

/** Labels that name the host: its entity says that already. */
const entityLabels = new Set(['__name__', 'instance', 'job', 'host_id', 'host.id']);
/** Those that name a service: of that, instances are told apart. */
const serviceLabels = new Set(['__name__', 'job', 'service_name', 'service_namespace']);

/** Compiles a person's rule: one alert a matching series. */
export function compileUserRule(rule: UserRule): ThresholdRule {
  const matches = labelMatcher(rule.match);
  const known = figureMetric(rule.metric);
  const unit = rule.rate ? '/s' : (known?.unit ?? '');
  const what = known?.title ?? rule.metric;
  const condition = `${rule.metric}${selector(rule.match)}${rule.rate ? ' a second' : ''} ${rule.op} ${formatValue(rule.limit, unit)} for ${formatDuration(rule.for)}`;
  const action = rule.action ?? `Look at ${rule.metric} on the Explore page`;
  const valueOf = (reading: LatestReading) => (rule.rate ? (reading.rate ?? Number.NaN) : reading.value);
  return {
    name: rule.name,
    kind: 'threshold',
    resource: known?.resource ?? 'other',
    severity: rule.severity,
    unit,
    forMs: rule.for,
    holdMs: rule.hold,
    keepFiringMs: rule.keepFiringFor ?? 0,
    noData: { afterMs: rule.noDataFor ?? END_MS, becomes: rule.noData ?? 'end' },
    summary: rule.summary ?? condition,
    condition,
    action,
    source: 'configuration',
    ...(rule.op === '>' && !rule.rate ? { watches: { metric: rule.metric, matches, limit: rule.limit } } : {}),
    measure: (entity) =>
      entity
        .latest(rule.metric)
        .filter((reading) => matches(reading.labels))
        .map((reading) => {
          const value = valueOf(reading);
          const own = ownLabels(reading.labels);
          const side = rule.op === '>' ? 'above' : 'below';
          return {
            subject: `${rule.metric}${formatLabels(own)}`,
            at: reading.at,
            clauses: [{ value, op: rule.op, limit: rule.limit, clear: rule.clear ?? rule.limit }],
            summary:
              rule.summary ??
              `${what}${formatLabels(own)} is ${formatValue(value, unit)}, ${side} the limit of ${formatValue(rule.limit, unit)}`,
            action,
          };
        }),
  };
}

/** What tells a series from others of its metric on the same host or service. */
export function ownLabels(labels: Labels): Labels {
  const identity = labelValue(labels, 'service_name') === undefined ? entityLabels : serviceLabels;
  return labelsFrom([...labelPairs(labels)].filter(([name]) => !identity.has(name)));
}

export function selector(matchers: readonly Matcher[]): string {
  return matchers.length === 0 ? '' : `{${matchers.map(({ name, op, value }) => `${name}${op}"${value}"`).join(',')}}`;
}
