import type { NotificationRow, Random } from '../../model/index.ts';

export const FIRST_RETRY_MS = 1000;
const LONGEST_RETRY_MS = 5 * 60_000;
export const MOST_IN_ONE = 50;
export const REFUSED = 'Refused: ';

/** Rows that are sent as one message. */
export interface Group {
  readonly rows: readonly NotificationRow[];
  readonly tries: number;
  readonly dueAt: number;
  /** The receiver refused this message: it waits by itself, the channel goes on. */
  readonly refused: boolean;
}

/** Rows tried together stay together, in order; those not tried yet form the last groups, due when the first of them is. */
export function groupsOf(rows: readonly NotificationRow[]): Group[] {
  const tried = new Map<number, NotificationRow[]>();
  const fresh: NotificationRow[] = [];
  for (const row of rows) {
    if (row.tries === 0) fresh.push(row);
    else tried.set(row.nextTryAt, [...(tried.get(row.nextTryAt) ?? []), row]);
  }
  const groups: Group[] = [...tried].map(([dueAt, together]) => ({
    rows: together,
    tries: Math.max(...together.map((row) => row.tries)),
    dueAt,
    refused: together.every((row) => row.lastError?.startsWith(REFUSED) === true),
  }));
  for (let i = 0; i < fresh.length; i += MOST_IN_ONE) {
    const part = fresh.slice(i, i + MOST_IN_ONE);
    groups.push({ rows: part, tries: 0, dueAt: Math.min(...part.map((row) => row.nextTryAt)), refused: false });
  }
  return groups;
}

/** A second, two, four … five minutes, each spread by half up and down. */
export function backOff(tries: number, random: Random): number {
  return Math.round(Math.min(LONGEST_RETRY_MS, FIRST_RETRY_MS * 2 ** (tries - 1)) * (0.5 + random.next()));
}

/** The next ms that no other group of the channel has: rows that share one are one message. */
export function free(at: number, taken: Set<number>): number {
  let candidate = Math.round(at);
  while (taken.has(candidate)) candidate++;
  taken.add(candidate);
  return candidate;
}
