import { type Alert, figureMetric, formatDuration, formatLabels, formatValue, type Matcher } from '../model/index.ts';
import { labelMatcher, type ThresholdRule } from './threshold-rules.ts';
import { ownLabels, selector } from './user-rules.ts';

/** A rule on a metric that must not be other than usual, as a person writes it; times in ms. */
export interface AnomalyRule {
  readonly name: string;
  readonly metric: string;
  readonly match: readonly Matcher[];
  /** On which side of the usual it matters. */
  readonly side: 'high' | 'low' | 'both';
  readonly for: number;
  readonly hold: number;
  readonly severity: Alert['severity'];
  readonly action: string | null;
}

/** Compiles a person's rule on what is unusual: one alert a matching series, while there is a finding on it. */
export function compileAnomalyRule(rule: AnomalyRule): ThresholdRule {
  const { name, metric, side, severity } = rule;
  const matches = labelMatcher(rule.match);
  const known = figureMetric(metric);
  const unit = known?.unit ?? '';
  const what = known?.title ?? metric;
  const than = side === 'both' ? 'other than usual' : `${side === 'high' ? 'higher' : 'lower'} than usual`;
  const condition = `${metric}${selector(rule.match)} is ${than}, for ${formatDuration(rule.for)}`;
  const action = rule.action ?? `Look at ${metric} on the Explore page, with what is expected of it`;
  return {
    name,
    kind: 'anomaly',
    resource: known?.resource ?? 'other',
    severity,
    unit,
    forMs: rule.for,
    holdMs: rule.hold,
    summary: `${what} is ${than}`,
    condition,
    action,
    source: 'configuration',
    asksFor: metric,
    measure: (entity) => {
      const findings = new Map(
        entity.unusual
          .filter(({ direction }) => side === 'both' || direction === side)
          .map(({ subject, contributions: [lead] }) => [subject, lead]),
      );
      return entity
        .latest(metric)
        .filter(({ labels }) => matches(labels))
        .map(({ labels, value, at }) => {
          const lead = findings.get(formatLabels(labels));
          const isHigh = lead !== undefined && lead.value >= lead.expected;
          const limit = lead === undefined ? Number.NaN : isHigh ? lead.upper : lead.lower;
          const own = formatLabels(ownLabels(labels));
          const usual =
            lead === undefined
              ? 'as usual'
              : `${isHigh ? 'higher' : 'lower'} than the usual ${formatValue(lead.lower, unit)} to ${formatValue(lead.upper, unit)}`;
          return {
            subject: `${metric}${own}`,
            at,
            clauses: [{ value, op: isHigh ? '>' : '<', limit, clear: limit }],
            reading: lead === undefined ? 'clear' : 'breach',
            summary: `${what}${own} is ${formatValue(value, unit)}, ${usual}`,
            action,
          };
        });
    },
  };
}
