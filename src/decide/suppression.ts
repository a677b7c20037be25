import { type Alert, formatDuration, severityRank } from '../model/index.ts';
import { flaps } from './alert-state.ts';
import { type Governance, governedBy, targetOfAlert } from './calendar.ts';

/** Two alerts on one resource of one entity that fire within this are one page. */
const ONE_PAGE_MS = 10 * 60_000;
/** Data that come later than this page nobody: what they show is over or known. */
const LATE_MS = 10 * 60_000;

/**
 * Why people are not told of a firing alert, as a sentence; null when they are to be told. The reason is looked at again
 * in every step: when a calendar entry runs out, or the alert that spoke for this one is long over, people are told after all.
 */
export function suppressionReason(
  alert: Alert,
  others: readonly Alert[],
  { calendar, targetOf }: Governance,
  now: number,
): string | null {
  if (now - alert.lastAt > LATE_MS) {
    return `Its data are more than ${formatDuration(LATE_MS)} old: they came late.`;
  }
  const governing = governedBy(calendar, 'alerting', targetOfAlert(alert, targetOf(alert.entityId)), now);
  if (governing !== null) return governing.reason;
  const before = others.filter((other) => other.id !== alert.id && isSame(other, alert));
  const times = flaps(
    [...before, alert].flatMap(({ firedAt }) => firedAt ?? []),
    now,
  );
  if (times > 0)
    return `It comes and goes: ${times} times within an hour. People were told before; they are told again when it stays.`;
  const speaker = others.find((other) => speaksFor(other, alert, now));
  if (speaker === undefined) return null;
  return `People were told of the same trouble already: ${speaker.summary}`;
}

function isSame(a: Alert, b: Alert): boolean {
  return a.rule === b.rule && a.entityId === b.entityId && a.subject === b.subject;
}

/** Whether `other`, of which people were told, makes a message about `alert` needless. */
function speaksFor(other: Alert, alert: Alert, now: number): boolean {
  if (other.id === alert.id || other.suppressedBy !== null || other.firedAt === null || alert.firedAt === null)
    return false;
  // What another system reports, or a rule of its form says, was asked for by name; it has no resource to compare by.
  if ([other.kind, alert.kind].some((kind) => kind === 'external' || kind === 'rule')) return false;
  if (other.entityId !== alert.entityId || other.resource !== alert.resource) return false;
  const over = other.state === 'resolved';
  const isEpisode = other.findingId !== null || alert.findingId !== null;
  if (!isEpisode)
    return !over && other.subject === alert.subject && severityRank[other.severity] >= severityRank[alert.severity];
  if (Math.abs(other.firedAt - alert.firedAt) > ONE_PAGE_MS) return false;
  return !over || now - (other.resolvedAt ?? now) < ONE_PAGE_MS;
}
