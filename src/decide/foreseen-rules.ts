import type { AlertTiming } from './alert-state.ts';
import {
  above,
  below,
  type Clause,
  type Measurement,
  type ThresholdRule,
  type WatchedEntity,
} from './threshold-rules.ts';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
/** Capacity is looked at every six hours: until then the last word holds. */
const LAST_WORD_MS = 7 * HOUR;

/** It stands at once, since minutes are what it is about, and is over when it has been unlikely for a while. */
export const WARNING_TIMING: AlertTiming = { forMs: 0, holdMs: 10 * MINUTE };

/** From this chance on people are warned; below the second one the warning is over. Chosen on the tuning half of the recorded loads. */
export const WARN_FROM = 0.65;
export const WARN_UNTIL = 0.36;

export function warningClause(probability: number): Clause {
  return above(probability, WARN_FROM, WARN_UNTIL);
}

/**
 * What is foretold for the next quarter of an hour. Two rules by how hard the limit is: behind the end of memory, disk, connections
 * or files something fails; slowness and limits that people set are the other.
 */
export const foreseenRules: readonly ThresholdRule[] = [
  foreseenRule('limit-ahead', 'high', 'Memory, disk, connections or files run out within minutes'),
  foreseenRule('bottleneck-ahead', 'medium', 'A limit is about to be passed'),
  {
    name: 'capacity-short',
    kind: 'forecast',
    resource: 'saturation',
    severity: 'medium',
    unit: 'days',
    forMs: 12 * HOUR,
    holdMs: HOUR,
    summary: 'Memory, connections or files will be short within a week',
    condition: 'even the late end of the forecast is within 7 days, in every forecast of 12 h',
    action: 'Add room before then',
    source: 'starter',
    measure: ({ capacities }, now) =>
      capacities.map((foretold) => ({
        subject: foretold.subject,
        resource: foretold.resource,
        at: now - foretold.madeAt < LAST_WORD_MS ? now : foretold.madeAt,
        clauses: [below(((foretold.to ?? Number.POSITIVE_INFINITY) - now) / (24 * HOUR), 7, 10)],
        summary: foretold.sentence,
        action: foretold.advice,
      })),
  },
];

function foreseenRule(name: string, severity: ThresholdRule['severity'], summary: string): ThresholdRule {
  return {
    name,
    kind: 'forecast',
    resource: 'saturation',
    severity,
    unit: 'ratio',
    ...WARNING_TIMING,
    summary,
    condition: `a chance above ${WARN_FROM * 100} % that the limit is passed within 15 min; over below ${WARN_UNTIL * 100} %`,
    action: 'Add room or take load away before it is passed',
    source: 'starter',
    measure: (entity) => measurements(entity, severity),
  };
}

function measurements({ bottlenecks }: WatchedEntity, severity: ThresholdRule['severity']): Measurement[] {
  return bottlenecks
    .filter((foretold) => foretold.severity === severity)
    .map((foretold) => ({
      subject: foretold.subject,
      resource: foretold.resource,
      at: foretold.madeAt,
      clauses: [warningClause(foretold.probability)],
      summary: foretold.sentence,
      action: foretold.advice,
    }));
}
