import type { Change, IncidentStep, RecordStore } from '../model/index.ts';
import type { ActedUpon } from './ledger-keeper.ts';

/** Incidents that could have been acknowledged within a quarter of an hour are among the newest. */
const LOOKED_AT = 100;

/** Whether somebody saw to a host or service in the time: took over or acknowledged an incident of it, or changed something there. */
export function actedUpon(records: RecordStore, serviceOf: (entityId: string) => string | null): ActedUpon {
  return async (entityId, from, to) => {
    for (const state of ['open', 'resolved'] as const) {
      const { rows } = await records.find('incidents', {
        where: { state },
        orderBy: 'startedAt',
        descending: true,
        limit: LOOKED_AT,
      });
      const isSeenTo = rows.some(
        ({ entityIds, steps }) => entityIds.includes(entityId) && steps.some((step) => isDeed(step, from, to)),
      );
      if (isSeenTo) return true;
    }
    const service = serviceOf(entityId);
    const { rows } = await records.find('changes', { where: { at: { gte: from, lte: to } }, limit: LOOKED_AT });
    return rows.some((change) => isMadeBySomebody(change) && isOf(change, entityId, service));
  };
}

function isDeed({ at, kind, by }: IncidentStep, from: number, to: number): boolean {
  return by !== null && (kind === 'acknowledged' || kind === 'assigned') && at >= from && at <= to;
}

/** That a program was started anew may be its crash: what was foretold, not what turned it away. */
function isMadeBySomebody({ kind, by }: Change): boolean {
  return kind !== 'restart' || by !== null;
}

function isOf(change: Change, entityId: string, service: string | null): boolean {
  return change.entityId === entityId || (service !== null && change.service === service);
}
