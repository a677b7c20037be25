import { AuspexError } from '../../../errors.ts';
import type { Incident } from '../../../model/index.ts';
import { actor, type Handlers } from '../handlers.ts';
import { namesFor, optionalEntityId } from '../look-up.ts';
import type { ServerParts } from '../ports.ts';
import { incidentDetailToWire, incidentToWire } from '../wire.ts';

type Tag = 'incidents' | 'incident' | 'changeIncident';

export function incidentHandlers(parts: ServerParts): Pick<Handlers, Tag> {
  const { records, engine } = parts;
  const detail = async (incident: Incident) =>
    incidentDetailToWire(incident, await namesFor(parts, [incident.entityId, ...incident.entityIds]));
  return {
    incidents: async ({ query }) => {
      const entityId = await optionalEntityId(parts, query.entity);
      const page = await records.find('incidents', {
        where: {
          ...(entityId === undefined ? {} : { entityId }),
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
    incident: async ({ params }) => {
      // The engine knows what is not written yet.
      const incident =
        engine.incidents().find(({ id }) => id === params.id) ?? (await records.get('incidents', params.id));
      if (incident === undefined)
        throw new AuspexError('NOT_FOUND', `There is no incident with the id “${params.id}”.`);
      return detail(incident);
    },
    changeIncident: async ({ params, body }, context) =>
      detail(await engine.changeIncident(params.id, body, actor(context))),
  };
}
