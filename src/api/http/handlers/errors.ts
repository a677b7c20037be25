import { confidence, type ErrorPattern } from '../../../model/index.ts';
import type { OperationOutput } from '../../contract/index.ts';
import type { Handlers } from '../handlers.ts';
import { namesFor, optionalEntityId, rangeOf } from '../look-up.ts';
import type { ServerParts } from '../ports.ts';
import { confidenceToWire, iso, type NameOf } from '../wire.ts';

type ErrorView = OperationOutput<'errors'>['items'][number];

export function errorHandlers(parts: ServerParts): Pick<Handlers, 'errors'> {
  const { records, clock } = parts;
  return {
    errors: async ({ query }) => {
      const entityId = await optionalEntityId(parts, query.entity);
      const isBounded = query.from !== undefined || query.to !== undefined;
      // An error that was met after the range may have been met in it, too: its first time decides the other end.
      const { from, to } = rangeOf(query, clock.now(), clock.now());
      const page = await records.find('error_patterns', {
        where: {
          ...(entityId === undefined ? {} : { entityId }),
          ...(query.class === undefined ? {} : { class: query.class }),
          ...(isBounded ? { lastSeenAt: { gte: from }, firstSeenAt: { lte: to } } : {}),
        },
        orderBy: 'lastSeenAt',
        descending: true,
        limit: query.limit,
        ...(query.cursor === undefined ? {} : { cursor: query.cursor }),
      });
      const nameOf = await namesFor(parts, new Set(page.rows.map((row) => row.entityId)));
      return { items: page.rows.map((row) => errorToWire(row, nameOf)), nextCursor: page.nextCursor };
    },
  };
}

function errorToWire(row: ErrorPattern, nameOf: NameOf): ErrorView {
  const { id, topFrame, component, firstSeenAt, lastSeenAt, confidence: stated, ...rest } = row;
  const tries = row.successes + row.failures;
  return {
    ...rest,
    fingerprint: id,
    topFrame: topFrame === '' ? null : topFrame,
    component: component === '' ? null : component,
    entityName: nameOf(row.entityId),
    firstSeenAt: iso(firstSeenAt),
    lastSeenAt: iso(lastSeenAt),
    confidence: confidenceToWire(confidence(stated, tries === 0 ? 'prior' : 'measured', tries)),
  };
}
