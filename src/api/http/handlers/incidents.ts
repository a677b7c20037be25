import { AuspexError } from '../../../errors.ts';
import type { Incident } from '../../../model/index.ts';
import { actor, type Handlers } from '../handlers.ts';
import { namesFor, optionalEntityId } from '../look-up.ts';
import type { ServerParts } from '../ports.ts';
import { incidentDetailToWire, incidentToWire, similarToWire } from '../wire.ts';
import { messagesOf } from './notification.ts';

/** Of one incident; an escalation that is gone through again and again may have more. */
const MOST_MESSAGES = 100;

type Tag = 'incidents' | 'incident' | 'similarIncidents' | 'changeIncident';

export function incidentHandlers(parts: ServerParts): Pick<Handlers, Tag> {
  const { records, engine } = parts;
  const detail = async (incident: Incident) => {
    const snapshots = await engine.incidentSnapshots(incident.id);
    const business = await engine.incidentBusiness(incident);
    const messages = await messagesOf(parts, { incidentId: incident.id }, { limit: MOST_MESSAGES });
    const nameOf = await namesFor(parts, [incident.entityId, ...incident.entityIds]);
    return incidentDetailToWire(incident, { snapshots, business, messages }, nameOf);
  };
  const one = async (id: string): Promise<Incident> => {
    // The engine knows what is not written yet.
    const incident = engine.incidents().find((known) => known.id === id) ?? (await records.get('incidents', id));
    if (incident === undefined) throw new AuspexError('NOT_FOUND', `There is no incident with the id “${id}”.`);
    return incident;
  };
  return {
    incidents: async ({ query }) => {
      const entityId = await optionalEntityId(parts, query.entity);
      const page = await records.find('incidents', {
        where: {
          ...(entityId === undefined ? {} : { entityIds: { has: entityId } }),
          ...(query.state === undefined ? {} : { state: query.state }),
          ...(query.class === undefined ? {} : { class: query.class }),
          ...(query.severity === undefined ? {} : { severity: query.severity }),
          // Those that overlap the range: begun before its end, last seen after its start.
          ...(query.from === undefined ? {} : { lastAt: { gte: Date.parse(query.from) } }),
          ...(query.to === undefined ? {} : { startedAt: { lte: Date.parse(query.to) } }),
        },
        orderBy: 'startedAt',
        descending: true,
        limit: query.limit,
        ...(query.cursor === undefined ? {} : { cursor: query.cursor }),
      });
      const nameOf = await namesFor(parts, new Set(page.rows.flatMap((row) => [row.entityId, ...row.entityIds])));
      return { items: page.rows.map((row) => incidentToWire(row, nameOf)), nextCursor: page.nextCursor };
    },
    incident: async ({ params }) => detail(await one(params.id)),
    similarIncidents: async ({ params }) => {
      const similar = await engine.similarIncidents(await one(params.id));
      const nameOf = await namesFor(
        parts,
        new Set(similar.flatMap(({ incident }) => [incident.entityId, ...incident.entityIds])),
      );
      return { items: similar.map((like) => similarToWire(like, nameOf)) };
    },
    changeIncident: async ({ params, body }, context) =>
      detail(await engine.changeIncident(params.id, body, actor(context))),
  };
}
