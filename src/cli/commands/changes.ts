import type { Client } from '../../api/client.ts';
import type { ChangeView } from '../../api/contract/index.ts';
import { type ChangeKind, changeKindWords } from '../../model/index.ts';
import { exitCodes, formatTime, type Output, table } from '../output.ts';

export interface ChangesOptions {
  readonly host?: string;
  readonly service?: string;
  readonly kind?: ChangeKind;
  readonly since?: string;
  readonly limit: number;
}

/** `auspex changes`: what was changed, newest first. */
export async function listChanges(client: Client, output: Output, options: ChangesOptions): Promise<number> {
  const page = await client.call('changes', {
    query: {
      limit: options.limit,
      ...(options.host && { entity: options.host }),
      ...(options.service && { service: options.service }),
      ...(options.kind && { kind: options.kind }),
      ...(options.since && { from: options.since }),
    },
  });
  output.data(page, () => {
    output.print(page.items.length === 0 ? 'No changes are known.' : changeTable(page.items));
    if (page.nextCursor !== null) output.say(`More: --limit ${options.limit * 2}`);
  });
  return exitCodes.fine;
}

export interface AddChangeOptions {
  readonly service?: string;
  readonly host?: string;
  readonly kind?: ChangeKind;
  readonly from?: string;
  readonly to?: string;
  readonly by?: string;
  readonly link?: string;
  readonly at?: string;
  readonly id?: string;
}

/** `auspex changes add [what]`: tells of one. */
export async function addChange(
  client: Client,
  output: Output,
  what: string | undefined,
  options: AddChangeOptions,
): Promise<number> {
  const { service = null, host = null, from = null, to = null, by = null, link = null, kind, at, id } = options;
  const answer = await client.call('recordChanges', {
    body: {
      service,
      entity: host,
      from,
      to,
      by,
      url: link,
      ...(kind && { kind }),
      ...(at && { at }),
      ...(id && { id }),
      ...(what && { what }),
    },
  });
  output.data(answer, () => output.print(answer.recorded === 1 ? `Kept as ${answer.ids[0]}.` : 'It is known already.'));
  return exitCodes.fine;
}

function changeTable(changes: readonly ChangeView[]): string {
  return table(
    ['WHEN', 'KIND', 'WHERE', 'WHAT', 'BY', 'SEEN BY'],
    changes.map((one) => [
      formatTime(one.at),
      changeKindWords[one.kind],
      one.entityName ?? one.service ?? '–',
      one.text,
      one.by ?? '–',
      one.source,
    ]),
  );
}
