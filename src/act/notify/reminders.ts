import { type Incident, type NotificationRow, type RecordStore, rowPages } from '../../model/index.ts';
import { withAbout } from './about.ts';
import type { Delivery, Part, Sender } from './channel.ts';
import { partOf } from './message.ts';

/** How often a receiver that forgets is told again. */
export const REMIND_MS = 60_000;
const PAGE = 500;

/**
 * Tells a receiver that forgets of what was told there and still goes on. Read from what is stored, so that it holds after
 * a restart: an incident is told again when the message of its beginning arrived, that of its end was not written, and it is open. Null where there
 * is nothing to tell. O(open incidents).
 */
export async function remind(
  channel: string,
  sender: Sender,
  records: Pick<RecordStore, 'find'>,
  signal: AbortSignal,
): Promise<Delivery | null> {
  let last: Delivery | null = null;
  if (sender.remind === undefined) return last;
  for await (const open of rowPages(records, 'incidents', { state: 'open', toldAt: { not: null } })) {
    const parts = await toldParts(channel, open, records);
    if (parts.length > 0) last = await sender.remind(parts, signal);
    if (last !== null && last.result !== 'delivered') return last;
  }
  return last;
}

/** What was told last about each, by the key that holds now: what came back is told under another. */
async function toldParts(
  channel: string,
  incidents: readonly Incident[],
  records: Pick<RecordStore, 'find'>,
): Promise<Part[]> {
  const keys = incidents.flatMap(({ told }) => told?.key ?? []);
  const ids = incidents.map(({ id }) => id);
  if (keys.length === 0) return [];
  const rows: readonly NotificationRow[] = (
    await records.find('notifications', {
      where: { channel, incidentId: { in: ids }, deduplicationKey: { in: keys } },
      orderBy: 'createdAt',
      limit: PAGE,
    })
  ).rows;
  const last = new Map<string, NotificationRow>();
  for (const row of rows) if (row.state === 'delivered' || row.kind === 'resolved') last.set(row.deduplicationKey, row);
  const going = [...last.values()].filter(({ kind }) => kind !== 'resolved');
  return (await withAbout(going, records)).map(partOf);
}
