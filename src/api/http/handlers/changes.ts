import type { z } from 'zod';
import { AuspexError } from '../../../errors.ts';
import type { ReportedChange } from '../../../model/index.ts';
import type { newChange } from '../../contract/index.ts';
import type { Handlers } from '../handlers.ts';
import { entityIdOf, namesFor, optionalEntityId } from '../look-up.ts';
import type { ServerParts } from '../ports.ts';
import { changeToWire } from '../wire.ts';

/** A clock may be a little ahead; more is a mistake that would stand at the top of every list until it is true. */
const MAX_AHEAD_MS = 10 * 60_000;

export function changeHandlers(parts: ServerParts): Pick<Handlers, 'recordChanges' | 'changes'> {
  const { records, engine } = parts;
  return {
    recordChanges: async ({ body }) => {
      const told = Array.isArray(body) ? body : [body];
      const changes: ReportedChange[] = [];
      for (const [i, one] of told.entries())
        changes.push(await changeOf(parts, one, Array.isArray(body) ? `body.${i}` : 'body'));
      const kept = await engine.recordChanges(changes);
      const recorded = kept.fresh.size;
      return { recorded, known: changes.length - recorded, ids: kept.changes.map(({ id }) => id) };
    },
    changes: async ({ query }) => {
      const entityId = await optionalEntityId(parts, query.entity);
      const page = await records.find('changes', {
        where: {
          ...(entityId === undefined ? {} : { entityId }),
          ...(query.service === undefined ? {} : { service: query.service }),
          ...(query.kind === undefined ? {} : { kind: query.kind }),
          ...(query.from === undefined && query.to === undefined
            ? {}
            : {
                at: {
                  ...(query.from === undefined ? {} : { gte: Date.parse(query.from) }),
                  ...(query.to === undefined ? {} : { lte: Date.parse(query.to) }),
                },
              }),
        },
        orderBy: 'at',
        descending: true,
        limit: query.limit,
        ...(query.cursor === undefined ? {} : { cursor: query.cursor }),
      });
      const nameOf = await namesFor(parts, new Set(page.rows.flatMap(({ entityId: id }) => (id === null ? [] : [id]))));
      return { items: page.rows.map((row) => changeToWire(row, nameOf)), nextCursor: page.nextCursor };
    },
  };
}

async function changeOf(parts: ServerParts, told: z.output<typeof newChange>, field: string): Promise<ReportedChange> {
  const { id, kind, what, from, to, by, source, url } = told;
  if (told.entity === null && told.service === null)
    throw new AuspexError('BAD_REQUEST', `${field}: say which host (entity) or which service was changed.`, {
      data: { field: `${field}.service` },
    });
  const now = parts.clock.now();
  const at = told.at === undefined ? now : Date.parse(told.at);
  if (at > now + MAX_AHEAD_MS)
    throw new AuspexError(
      'BAD_REQUEST',
      `${field}.at: ${told.at} is more than 10 min in the future. Check the sender’s clock.`,
      { data: { field: `${field}.at` } },
    );
  const entityId = told.entity === null ? null : await entityIdOf(parts, told.entity);
  return {
    id,
    at,
    kind,
    entityId,
    service: told.service,
    what: what ?? told.service ?? told.entity ?? '',
    from,
    to,
    by,
    source,
    url,
  };
}
