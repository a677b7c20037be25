import { type Likeness, similarTo } from '../decide/incident-likeness.ts';
import type { Incident, RecordStore } from '../model/index.ts';

/** Of each way to be alike so many are compared, the latest. */
const COMPARED = 100;
const SHOWN = 5;

/** Incidents of before that are like one, the most alike first. */
export async function similarIncidents(records: RecordStore, incident: Incident): Promise<readonly Likeness[]> {
  const latest = { orderBy: 'startedAt', descending: true, limit: COMPARED } as const;
  const before = { startedAt: { lt: incident.startedAt } };
  const [ofClass, ofPlace] = await Promise.all([
    incident.class === 'unknown'
      ? { rows: [] }
      : records.find('incidents', { where: { ...before, class: incident.class }, ...latest }),
    records.find('incidents', { where: { ...before, entityId: { in: [...incident.entityIds] } }, ...latest }),
  ]);
  const found = new Map([...ofClass.rows, ...ofPlace.rows].map((one) => [one.id, one]));
  return similarTo(incident, [...found.values()], SHOWN);
}
