import { type Alert, formatDuration, severityRank, type Silence } from '../model/index.ts';

/** Two alerts on one resource of one entity that fire within this are one page. */
const ONE_PAGE_MS = 10 * 60_000;
/** Data that come later than this page nobody: what they show is over or known. */
const LATE_MS = 10 * 60_000;
const FLAP_WINDOW_MS = 3_600_000;
const FLAP_LIMIT = 3;
/** What comes and goes is told again once it has stayed for so long. */
const STAYS_MS = 15 * 60_000;

/**
 * Why people are not told of a firing alert, as a sentence; null when they are to be told. The reason is looked at again
 * in every step: when a silence runs out, or the alert that spoke for this one is long over, people are told after all.
 */
export function suppressionReason(
  alert: Alert,
  others: readonly Alert[],
  silences: readonly Silence[],
  now: number,
): string | null {
  if (now - alert.lastAt > LATE_MS) {
    return `Its data are more than ${formatDuration(LATE_MS)} old: they came late.`;
  }
  const silence = silences.find((candidate) => silencedBy(candidate, alert, now));
  if (silence !== undefined) {
    const reason = silence.reason === '' ? '' : `: ${silence.reason}`;
    return `Silenced by ${silence.createdBy} until ${new Date(silence.endsAt).toISOString()}${reason}`;
  }
  const before = others.filter(
    (other) => other.id !== alert.id && isSame(other, alert) && firedWithinWindow(other, now),
  );
  if (before.length >= FLAP_LIMIT && now - (alert.firedAt ?? now) < STAYS_MS) {
    return `It comes and goes: ${before.length + 1} times within an hour. People were told before; they are told again when it stays.`;
  }
  const speaker = others.find((other) => speaksFor(other, alert, now));
  if (speaker === undefined) return null;
  return `People were told of the same trouble already: ${speaker.summary}`;
}

export function silencedBy(silence: Silence, alert: Alert, now: number): boolean {
  return (
    silence.startsAt <= now &&
    now < silence.endsAt &&
    (silence.entityId === null || silence.entityId === alert.entityId) &&
    (silence.rule === null || silence.rule === alert.rule) &&
    (silence.subject === null || silence.subject === alert.subject)
  );
}

function isSame(a: Alert, b: Alert): boolean {
  return a.rule === b.rule && a.entityId === b.entityId && a.subject === b.subject;
}

function firedWithinWindow(alert: Alert, now: number): boolean {
  return alert.firedAt !== null && now - alert.firedAt < FLAP_WINDOW_MS;
}

/** Whether `other`, of which people were told, makes a message about `alert` needless. */
function speaksFor(other: Alert, alert: Alert, now: number): boolean {
  if (other.id === alert.id || other.suppressedBy !== null || other.firedAt === null || alert.firedAt === null)
    return false;
  // What another system reports was asked for there by name; it has no resource to compare by.
  if (other.kind === 'external' || alert.kind === 'external') return false;
  if (other.entityId !== alert.entityId || other.resource !== alert.resource) return false;
  const over = other.state === 'resolved';
  const isEpisode = other.findingId !== null || alert.findingId !== null;
  if (!isEpisode)
    return !over && other.subject === alert.subject && severityRank[other.severity] >= severityRank[alert.severity];
  if (Math.abs(other.firedAt - alert.firedAt) > ONE_PAGE_MS) return false;
  return !over || now - (other.resolvedAt ?? now) < ONE_PAGE_MS;
}
