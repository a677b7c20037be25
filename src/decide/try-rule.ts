import type { Alert } from '../model/index.ts';
import type { Clause, ThresholdRule } from './threshold-rules.ts';

/** What of a rule somebody wants to try otherwise. */
export interface RuleTrial {
  readonly limit?: number;
  readonly forMs?: number;
  readonly holdMs?: number;
  readonly severity?: Alert['severity'];
}

/** The rule with other settings. A limit is that of the figure which the rule shows; it clears as far from it as before. */
export function tried(rule: ThresholdRule, { limit, forMs, holdMs, severity }: RuleTrial): ThresholdRule {
  const moved = (clause: Clause): Clause =>
    limit === undefined ? clause : { ...clause, limit, clear: clause.clear + limit - clause.limit };
  return {
    ...rule,
    forMs: forMs ?? rule.forMs,
    holdMs: holdMs ?? rule.holdMs,
    severity: severity ?? rule.severity,
    measure: (entity, now) =>
      rule.measure(entity, now).map((measured) => {
        const [shown, ...others] = measured.clauses;
        return { ...measured, clauses: [moved(shown), ...others] };
      }),
  };
}
