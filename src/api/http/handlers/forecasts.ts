import type { Handlers } from '../handlers.ts';
import { entityIdOf, namesFor, optionalEntityId } from '../look-up.ts';
import type { ServerParts } from '../ports.ts';
import { forecastToWire, outlookToWire } from '../wire.ts';

const HOUR_MS = 3_600_000;
const horizonMs = {
  '15m': HOUR_MS / 4,
  '1h': HOUR_MS,
  '24h': 24 * HOUR_MS,
  '48h': 48 * HOUR_MS,
  '7d': 7 * 24 * HOUR_MS,
  '30d': 30 * 24 * HOUR_MS,
} as const;
/** A forecast costs milliseconds: without an entity the answer covers so many hosts at most. */
const MAX_HOSTS = 20;

export function forecastHandlers(parts: ServerParts): Pick<Handlers, 'outlook' | 'forecasts'> {
  const { engine } = parts;
  return {
    outlook: async ({ query }) => {
      const entityId = await optionalEntityId(parts, query.entity);
      const items = engine
        .outlook(query.hours * HOUR_MS)
        .filter((o) => entityId === undefined || o.entityId === entityId)
        .sort((a, b) => (a.dueAt ?? Infinity) - (b.dueAt ?? Infinity));
      const nameOf = await namesFor(parts, new Set(items.map((o) => o.entityId)));
      return { items: items.map((o) => outlookToWire(o, nameOf)) };
    },
    forecasts: async ({ query }) => {
      const ids =
        query.entity === undefined || query.entity === ''
          ? engine
              .states()
              .filter((state) => state.entity.kind === 'host')
              .slice(0, MAX_HOSTS)
              .map((state) => state.entity.id)
          : [await entityIdOf(parts, query.entity)];
      const horizon = horizonMs[query.horizon];
      const nameOf = await namesFor(parts, ids);
      const items = [];
      for (const id of ids)
        for (const forecast of await engine.forecasts(id, horizon, query.component))
          items.push(forecastToWire(forecast, horizon, nameOf));
      return { items };
    },
  };
}
