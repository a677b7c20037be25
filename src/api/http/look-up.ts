import { AuspexError } from '../../errors.ts';
import type { ServerParts } from './ports.ts';
import type { NameOf } from './wire.ts';

type Parts = Pick<ServerParts, 'engine' | 'records'>;

/** The id of an entity named by id, name or alias. Rejects with NOT_FOUND. Asks the live state first, then the rows: one that reports no more is still found. */
export async function entityIdOf(parts: Parts, idOrName: string): Promise<string> {
  const state = parts.engine.state(idOrName);
  if (state !== undefined) return state.entity.id;
  const byId = await parts.records.get('entities', idOrName);
  if (byId !== undefined) return byId.id;
  const byName = await parts.records.find('entities', { where: { name: idOrName }, limit: 1 });
  const found = byName.rows[0];
  if (found === undefined) throw new AuspexError('NOT_FOUND', `No host or service has the id or name “${idOrName}”.`);
  return found.id;
}

export async function optionalEntityId(parts: Parts, idOrName: string | undefined): Promise<string | undefined> {
  return idOrName === undefined || idOrName === '' ? undefined : await entityIdOf(parts, idOrName);
}

/** Names for these ids: of live entities at once, of others from the rows; an id that nobody knows is its own name. */
export async function namesFor(parts: Parts, ids: Iterable<string>): Promise<NameOf> {
  const missing = new Set<string>();
  for (const id of ids) if (parts.engine.nameOf(id) === undefined) missing.add(id);
  const stored = new Map<string, string>();
  if (missing.size > 0) {
    const page = await parts.records.find('entities', { where: { id: { in: [...missing] } }, limit: missing.size });
    for (const row of page.rows) stored.set(row.id, row.name);
  }
  return (id) => parts.engine.nameOf(id) ?? stored.get(id) ?? id;
}

/** A range of the query, in ms. Throws BAD_REQUEST where it is empty. */
export function rangeOf(
  query: { readonly from?: string | undefined; readonly to?: string | undefined },
  now: number,
  defaultSpanMs: number,
): { readonly from: number; readonly to: number } {
  const to = query.to === undefined ? now : Date.parse(query.to);
  const from = query.from === undefined ? to - defaultSpanMs : Date.parse(query.from);
  if (from >= to)
    throw new AuspexError(
      'BAD_REQUEST',
      `The range is empty: from ${query.from ?? ''} is not before to ${query.to ?? 'now'}.`,
      {
        data: { field: 'query.from' },
      },
    );
  return { from, to };
}
