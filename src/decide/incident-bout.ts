import type { Incident, IncidentSign } from '../model/index.ts';

/** What trouble leaves behind (queues, cold caches, who calls again) still belongs to it for so long after its last sign. */
export const AFTERMATH_MS = 2 * 60_000;

const FELT: ReadonlySet<string> = new Set(['availability', 'errors', 'latency', 'saturation', 'traffic']);

/** Whether it is what users feel, or soon will. */
export function isFelt({ resource }: Pick<IncidentSign, 'resource'>): boolean {
  return FELT.has(resource);
}

/**
 * Whether trouble was over for a while when a sign began. Of what users felt, that is over when they feel nothing any more, though a host be busy still; a sign
 * that they do not feel begins nothing new while any other goes on. O(signs).
 */
export function isQuietAt(signs: readonly IncidentSign[], sign: IncidentSign): boolean {
  const felt = isFelt(sign) ? signs.filter(isFelt) : [];
  return (felt.length > 0 ? felt : signs).every(
    ({ endedAt }) => endedAt !== null && sign.startedAt - endedAt > AFTERMATH_MS,
  );
}

/**
 * An incident that was over and came back, as though it had begun when it last did: what is behind a bout is told by what
 * changed with it. The same object where there was one only. O(signs × log signs).
 */
export function latestBout(incident: Incident): Incident {
  const felt = incident.signs.filter(isFelt);
  const byStart = (felt.length > 0 ? felt : incident.signs).toSorted((a, b) => a.startedAt - b.startedAt);
  let quiet = Number.POSITIVE_INFINITY;
  let boundary = Number.NEGATIVE_INFINITY;
  byStart.forEach(({ startedAt, endedAt }, place) => {
    const end = endedAt ?? Number.POSITIVE_INFINITY;
    if (startedAt - quiet > AFTERMATH_MS) boundary = quiet;
    quiet = place === 0 ? end : Math.max(quiet, end);
  });
  const signs = incident.signs.filter(({ startedAt }) => startedAt > boundary);
  if (signs.length === incident.signs.length) return incident;
  const startedAt = signs.reduce((first, sign) => Math.min(first, sign.startedAt), Number.POSITIVE_INFINITY);
  return { ...incident, startedAt, signs, entityIds: [...new Set(signs.map(({ entityId }) => entityId))] };
}

/** When an incident opened, or came back. O(its steps). */
export function boutOpenedAt({ steps, openedAt }: Pick<Incident, 'steps' | 'openedAt'>): number {
  return steps.findLast(({ kind }) => kind === 'reopened')?.at ?? openedAt;
}
