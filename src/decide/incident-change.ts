import { AuspexError } from '../errors.ts';
import { type Incident, type IncidentChange, incidentClassWords, type IncidentSign } from '../model/index.ts';
import { joined, noted, severest } from './incident-book.ts';
import type { IncidentBook } from './known-incidents.ts';
import { stableId } from './stable-id.ts';

/** The incidents that a person's change leaves changed; the first is the one it was asked of. @throws AuspexError NOT_FOUND, BAD_REQUEST. */
export function changeIncident(
  book: IncidentBook,
  id: string,
  change: IncidentChange,
  by: string,
  now: number,
): readonly [Incident, ...Incident[]] {
  const incident = book.get(id);
  if (incident === undefined)
    throw new AuspexError('NOT_FOUND', `There is no incident ${id} that is open or ended within the last half hour.`);
  switch (change.kind) {
    case 'acknowledge':
      return [
        noted(
          { ...incident, acknowledgedAt: incident.acknowledgedAt ?? now },
          now,
          'acknowledged',
          'Somebody is looking at it.',
          by,
        ),
      ];
    case 'assign': {
      const text = change.to === null ? 'It is nobody’s any more.' : `It is ${change.to}’s now.`;
      return [noted({ ...incident, assignee: change.to }, now, 'assigned', text, by)];
    }
    case 'note':
      return [noted(incident, now, 'noted', change.text, by)];
    case 'judge':
      return [judged(incident, change.verdict, by, now)];
    case 'override':
      return [overridden(incident, change, by, now)];
    case 'merge': {
      const other = book.open.get(change.into);
      if (other === undefined || incident.state !== 'open' || other.id === id)
        throw new AuspexError('BAD_REQUEST', 'Two different incidents that are open can be made one.', {
          data: { field: 'body.into' },
        });
      const { part, whole } = joined(incident, other, `${by} said so.`, now, by);
      return [part, whole];
    }
    case 'split':
      return split(incident, change.signs, by, now);
  }
}

function judged(incident: Incident, verdict: 'confirmed' | 'dismissed', by: string, now: number): Incident {
  if (verdict === 'confirmed') return noted({ ...incident, verdict }, now, 'judged', 'This was trouble.', by);
  const over: Incident = { ...incident, verdict, state: 'resolved', resolvedAt: incident.resolvedAt ?? now };
  return noted(over, now, 'judged', 'This was no trouble. Its findings count as dismissed.', by);
}

function overridden(
  incident: Incident,
  change: Extract<IncidentChange, { kind: 'override' }>,
  by: string,
  now: number,
): Incident {
  let next = incident;
  if (change.class !== undefined)
    next = noted(
      { ...next, class: change.class, pinned: { ...next.pinned, class: true } },
      now,
      'class',
      `${incidentClassWords[change.class]}, was ${incidentClassWords[incident.class].toLowerCase()}.`,
      by,
    );
  if (change.severity !== undefined)
    next = noted(
      { ...next, severity: change.severity, pinned: { ...next.pinned, severity: true } },
      now,
      'severity',
      `${change.severity}, was ${incident.severity}.`,
      by,
    );
  if (next === incident) throw new AuspexError('BAD_REQUEST', 'Say a class, a severity or both.');
  return next;
}

function split(incident: Incident, ids: readonly string[], by: string, now: number): readonly [Incident, Incident] {
  const taken = incident.signs.filter((sign) => ids.includes(sign.id));
  const left = incident.signs.filter((sign) => !ids.includes(sign.id));
  if (taken.length !== ids.length || left.length === 0)
    throw new AuspexError('BAD_REQUEST', 'Name signs of this incident, and not all of them.', {
      data: { field: 'body.signs' },
    });
  const [first] = taken as [IncidentSign, ...IncidentSign[]];
  // Who was told stays with the sign that it was told for.
  const isTold = taken.some(({ id }) => id === (incident.told?.signId ?? incident.leadAlertId));
  const told = { toldAt: incident.toldAt, leadAlertId: incident.leadAlertId, told: incident.told };
  const untold = { toldAt: null, leadAlertId: null, told: null };
  const other: Incident = {
    ...withSigns(incident, taken),
    id: stableId('incident', incident.id, first.id, now),
    title: severest(taken)?.summary ?? incident.title,
    class: 'unknown',
    severity: severest(taken)?.severity ?? incident.severity,
    openedAt: now,
    ...(isTold ? told : untold),
    priority: null,
    acknowledgedAt: null,
    assignee: null,
    pinned: { class: false, severity: false },
    apartFrom: [incident.id],
    causes: [],
    steps: [],
  };
  const rest: Incident = {
    ...withSigns(incident, left),
    ...(isTold ? untold : told),
    apartFrom: [...incident.apartFrom, other.id],
  };
  return [
    noted(
      rest,
      now,
      'split',
      `${taken.length === 1 ? 'One sign is' : `${taken.length} signs are`} another trouble: ${other.title}`,
      by,
    ),
    noted(other, now, 'split', `Taken out of “${incident.title}”.`, by),
  ];
}

function withSigns(incident: Incident, signs: readonly IncidentSign[]): Incident {
  return {
    ...incident,
    signs,
    startedAt: Math.min(...signs.map(({ startedAt }) => startedAt)),
    entityId: signs[0]?.entityId ?? incident.entityId,
    entityIds: [...new Set(signs.map(({ entityId }) => entityId))],
  };
}
