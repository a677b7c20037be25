import type { Observation } from '../../../src/decide/alert-book.ts';

/** A rule of host:a that is broken at `at`, and fires at once. */
export function sampleObservation(rule: string, at: number, over: Partial<Observation> = {}): Observation {
  return {
    rule,
    kind: 'threshold',
    entityId: 'host:a',
    subject: rule,
    resource: 'other',
    severity: 'high',
    reading: 'breach',
    at,
    value: 1,
    limit: 0,
    unit: '',
    summary: `${rule} is too high`,
    action: '',
    findingId: null,
    timing: { forMs: 0, holdMs: 0 },
    ...over,
  };
}
