import { confidence, type Finding } from '../model/index.ts';
import type { EntityRecord } from './entity.ts';
import { findingId } from './finding-id.ts';
import { absenceSummary, formatClock } from './finding-text.ts';

/** An entity that has fallen silent. Its onset is its last sample, so that the id does not depend on when it was noticed. */
export function absentFinding(
  entity: EntityRecord,
  lastAt: number,
  now: number,
  intervalMs: number,
  offsetMs: number,
): Finding {
  return {
    id: findingId(entity.id, 'absence', 'samples', lastAt),
    entityId: entity.id,
    detector: 'absence',
    subject: 'samples',
    resource: 'availability',
    severity: 'high',
    score: 1,
    direction: 'low',
    onsetAt: lastAt,
    detectedAt: now,
    lastAt: now,
    endedAt: null,
    status: 'open',
    verdict: 'none',
    confidence: confidence(0.9, 'prior', 0),
    summary: absenceSummary(entity.name, formatClock(lastAt, offsetMs), now - lastAt, intervalMs),
    contributions: [],
    culprits: [],
    actions: [
      `Check whether ${entity.name} is up and reachable, and whether its collector or exporter runs.`,
      'If it was removed for good, mark this as normal.',
    ],
    counterfactual: 'A sample within three intervals (60 s at least) would have prevented this.',
    pages: now - lastAt <= 600_000,
  };
}

export function returnedFinding(finding: Finding, at: number): Finding {
  return { ...finding, status: 'ended', lastAt: at, endedAt: at };
}
