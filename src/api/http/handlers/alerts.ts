import { AuspexError } from '../../../errors.ts';
import type { Handlers } from '../handlers.ts';
import { namesFor, optionalEntityId } from '../look-up.ts';
import type { ServerParts } from '../ports.ts';
import { alertDetailToWire, alertToWire } from '../wire.ts';

type Tag = 'alerts' | 'alert' | 'alertRules';

export function alertHandlers(parts: ServerParts): Pick<Handlers, Tag> {
  const { records, engine } = parts;
  return {
    alerts: async ({ query }) => {
      const entityId = await optionalEntityId(parts, query.entity);
      const page = await records.find('alerts', {
        where: {
          ...(entityId === undefined ? {} : { entityId }),
          ...(query.state === undefined ? {} : { state: query.state }),
          ...(query.incident === undefined ? {} : { incidentId: query.incident }),
        },
        orderBy: 'startedAt',
        descending: true,
        limit: query.limit,
        ...(query.cursor === undefined ? {} : { cursor: query.cursor }),
      });
      const nameOf = await namesFor(parts, new Set(page.rows.map((row) => row.entityId)));
      return { items: page.rows.map((row) => alertToWire(row, nameOf)), nextCursor: page.nextCursor };
    },
    alert: async ({ params }) => {
      const row = await records.get('alerts', params.id);
      if (row === undefined) throw new AuspexError('NOT_FOUND', `There is no alert with the id “${params.id}”.`);
      return alertDetailToWire(row, await namesFor(parts, [row.entityId]));
    },
    alertRules: async () => ({
      items: engine.alertRules().map(({ forMs, ...rule }) => ({ ...rule, forSeconds: forMs / 1000 })),
    }),
  };
}
