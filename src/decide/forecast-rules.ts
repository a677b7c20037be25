import { type Alert, formatDuration, formatValue, type Resource } from '../model/index.ts';
import { below, type ThresholdRule } from './threshold-rules.ts';

/** A rule on what a figure will do, as a person writes it; times in ms. */
export interface ForecastRule {
  readonly name: string;
  /** The figure as forecasts name it: `memory used`, `disk used /var`. */
  readonly component: string;
  readonly op: '>' | '<';
  readonly limit: number;
  readonly within: number;
  readonly for: number;
  readonly hold: number;
  readonly severity: Alert['severity'];
  readonly action: string | null;
}

const HOUR = 3_600_000;
/** What was foretold so long ago says nothing of the present. */
const FRESH_MS = HOUR;

const RESOURCES: readonly (readonly [RegExp, Resource])[] = [
  [/^CPU/i, 'cpu'],
  [/^(memory|swap)/i, 'memory'],
  [/^(disk busy|disk I\/O)/i, 'disk-io'],
  [/^(disk|inodes)/i, 'disk'],
  [/^(network|TCP)/i, 'network'],
  [/^processes/i, 'processes'],
];

/** Compiles a person's forecast rule: one alert a figure that even the slow side of its forecast sees beyond the limit in time. */
export function compileForecastRule(rule: ForecastRule): ThresholdRule {
  const { name, component, op, limit, within, severity } = rule;
  const side = op === '>' ? 'above' : 'below';
  const condition = `even the slow side of the forecast has ${component} ${side} ${formatValue(limit, '')} within ${formatDuration(within)}, for ${formatDuration(rule.for)}`;
  const action = rule.action ?? `See what drives ${component} on the Forecasts page`;
  return {
    name,
    kind: 'forecast',
    resource: RESOURCES.find(([pattern]) => pattern.test(component))?.[1] ?? 'other',
    severity,
    unit: 'hours',
    forMs: rule.for,
    holdMs: rule.hold,
    summary: `${component} is foretold to be ${side} ${formatValue(limit, '')} within ${formatDuration(within)}`,
    condition,
    action,
    source: 'configuration',
    forecast: { component, op, limit, withinMs: within },
    measure: (entity, now) =>
      entity.crossings
        .filter((foretold) => foretold.rule === name)
        .map(({ subject, unit, at, to, madeAt }) => {
          const left = (to ?? Number.POSITIVE_INFINITY) - now;
          return {
            subject,
            at: madeAt > now - FRESH_MS ? now : madeAt,
            clauses: [below(left / HOUR, within / HOUR)],
            summary: `${subject} will be ${side} ${formatValue(limit, unit)} in about ${formatDuration(Math.max(0, (at ?? to ?? now) - now))}`,
            action,
          };
        }),
  };
}
