import type { Finding } from '../model/index.ts';
import type { Observation } from './alert-book.ts';
import { ABSENCE_TIMING, EPISODE_TIMING } from './alert-state.ts';

export const ANOMALY_RULE = 'anomaly';

/**
 * A finding as the alert machine sees it: a breach while it is open and may page, clear when it has ended, over at once
 * when a person said that it is normal or dismissed it. Null for one that may not page.
 */
export function observeFinding(finding: Finding): Observation | null {
  const judged = finding.verdict === 'normal' || finding.verdict === 'dismissed';
  const over = judged || finding.status === 'ended';
  if (!over && (!finding.pages || finding.severity === 'none')) return null;
  const main = finding.contributions[0];
  return {
    rule: ANOMALY_RULE,
    kind: finding.detector === 'absence' ? 'absence' : 'anomaly',
    entityId: finding.entityId,
    subject: finding.subject,
    resource: finding.resource,
    severity: finding.severity === 'none' ? 'medium' : finding.severity,
    reading: over ? 'clear' : 'breach',
    at: over ? (finding.endedAt ?? finding.lastAt) : finding.lastAt,
    value: main?.value ?? null,
    limit: main === undefined ? null : finding.direction === 'low' ? main.lower : main.upper,
    unit: main?.unit ?? '',
    summary: finding.summary,
    action: finding.actions[0] ?? '',
    findingId: finding.id,
    timing: judged ? { forMs: 0, holdMs: 0 } : finding.detector === 'absence' ? ABSENCE_TIMING : EPISODE_TIMING,
  };
}
