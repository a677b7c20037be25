import type { Alert, NotificationRow, RecordStore } from '../../model/index.ts';
import { withAbout } from './about.ts';
import type { Delivery, Part, Sender } from './channel.ts';
import { partOf } from './message.ts';

/** How often a receiver that forgets is told again. */
export const REMIND_MS = 60_000;
const PAGE = 500;

/**
 * Tells a receiver that forgets of what was told there and still goes on. Read from what is stored, so that it holds after
 * a restart: an alert is told again when the message of its beginning arrived and the alert is not over. Null where there
 * is nothing to tell. O(open alerts).
 */
export async function remind(
  channel: string,
  sender: Sender,
  records: Pick<RecordStore, 'find'>,
  signal: AbortSignal,
): Promise<Delivery | null> {
  let last: Delivery | null = null;
  for (let cursor: string | undefined; sender.remind !== undefined; ) {
    const open = await records.find('alerts', {
      where: { state: { in: ['firing', 'held'] } },
      limit: PAGE,
      ...(cursor === undefined ? {} : { cursor }),
    });
    const parts = await toldParts(channel, open.rows, records);
    if (parts.length > 0) last = await sender.remind(parts, signal);
    if (last !== null && last.result !== 'delivered') return last;
    if (open.nextCursor === null) return last;
    cursor = open.nextCursor;
  }
  return last;
}

async function toldParts(
  channel: string,
  alerts: readonly Alert[],
  records: Pick<RecordStore, 'find'>,
): Promise<Part[]> {
  if (alerts.length === 0) return [];
  const ids = alerts.map((alert) => alert.id);
  const told: readonly NotificationRow[] = (
    await records.find('notifications', {
      where: { channel, kind: 'firing', state: 'delivered', deduplicationKey: { in: ids } },
      limit: PAGE,
    })
  ).rows;
  return (await withAbout(told, records)).map(partOf);
}
