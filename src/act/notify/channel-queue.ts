import { AuspexError } from '../../errors.ts';
import type { Clock, NotificationRow, OutboxState, Random, RecordStore, Severity } from '../../model/index.ts';
import { hideSecrets } from '../../telemetry/hide.ts';
import type { Logger } from '../../telemetry/log.ts';
import { metrics } from '../../telemetry/metrics.ts';
import { withAbout } from './about.ts';
import type { Channel, Delivery, Sender } from './channel.ts';
import { folded, messageKey, messageOf } from './message.ts';
import { backOff, FIRST_RETRY_MS, free, type Group, groupsOf, MOST_IN_ONE, REFUSED } from './outbox-groups.ts';
import { REMIND_MS, remind } from './reminders.ts';

export interface QueueParts {
  readonly records: RecordStore;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Logger;
  /** Ends tries under way: they count as lost answers. */
  readonly stopping: AbortSignal;
}

export interface QueueSettings {
  readonly channel: Channel;
  readonly sender: Sender;
  /** How long a message is tried, ms. */
  readonly maxAgeMs: number;
  /** How many may wait. */
  readonly most: number;
  /** Until when a message not tried yet waits for its receiver’s quiet hours to end; null where it does not. */
  readonly quietUntil: (row: NotificationRow, at: number) => number | null;
}

/** What is wrong with a channel’s receiver. */
export interface Failing {
  readonly since: number;
  readonly detail: string;
}

const PAGE = 500;
const LEAST_FIRST: readonly Severity[] = ['none', 'medium', 'high', 'critical'];
const DAY_MS = 86_400_000;

/** The messages that wait for one channel. One pass at a time; another channel’s trouble does not hold it up. */
export class ChannelQueue {
  readonly #parts: QueueParts;
  #settings: QueueSettings;
  #failing: Failing | null = null;
  #remindedAt = Number.NEGATIVE_INFINITY;
  /** Whether it was a reminder that failed last. */
  #unreminded = false;
  #waiting = 0;
  #dropped = { count: 0, lastAt: Number.NEGATIVE_INFINITY };

  constructor(parts: QueueParts, settings: QueueSettings) {
    this.#parts = parts;
    this.#settings = settings;
  }

  get settings(): QueueSettings {
    return this.#settings;
  }

  set settings(settings: QueueSettings) {
    this.#settings = settings;
  }

  get failing(): Failing | null {
    return this.#failing;
  }

  /** Messages that waited after the last pass. */
  get waiting(): number {
    return this.#waiting;
  }

  /** Messages dropped since the start for want of room, as long as that was within a day. */
  get dropped(): number {
    return this.#parts.clock.now() - this.#dropped.lastAt < DAY_MS ? this.#dropped.count : 0;
  }

  /** Does what is due; gives when to come again, null when nothing waits and nobody is to be reminded. */
  async run(): Promise<number | null> {
    const reminder = await this.#remind();
    await this.#makeRoom();
    return earliest(await this.#send(), reminder);
  }

  /** Sends a test at once, past the outbox. */
  async test(): Promise<{ readonly delivered: boolean; readonly detail: string }> {
    const { channel, sender } = this.#settings;
    const now = this.#parts.clock.now();
    const message = messageOf([
      {
        id: `test-${now}`,
        kind: 'test',
        alertId: null,
        incidentId: null,
        channel: channel.name,
        receiver: null,
        deduplicationKey: `test-${now}`,
        title: 'Test message of Auspex',
        body: `This is a test of the channel "${channel.name}". Nothing is wrong.`,
        severity: 'none',
        createdAt: now,
        about: null,
      },
    ]);
    const delivery = await outcome(sender.send(message, this.#parts.stopping));
    return { delivered: delivery.result === 'delivered', detail: delivery.detail };
  }

  async #send(): Promise<number | null> {
    const { clock, stopping } = this.#parts;
    const { quietUntil } = this.#settings;
    const rows = await this.#sendable(await this.#waitingRows());
    const taken = new Set(rows.map((row) => row.nextTryAt));
    const heldKeys = new Set<string>();
    let next: number | null = null;
    const comeAt = (at: number) => {
      next = next === null ? at : Math.min(next, at);
    };
    const awake = rows.filter((row) => {
      const until = row.tries > 0 || this.#wakesNobody(row) ? null : quietUntil(row, clock.now());
      if (until === null || until <= clock.now()) return true;
      comeAt(until);
      heldKeys.add(row.deduplicationKey);
      return false;
    });
    for (const whole of groupsOf(awake)) {
      // A message about an incident never overtakes an earlier one about it.
      const group = {
        ...whole,
        rows: whole.rows.filter((row) => whole.tries > 0 || !heldKeys.has(row.deduplicationKey)),
      };
      if (group.rows.length === 0) continue;
      const hold = () => {
        for (const row of group.rows) heldKeys.add(row.deduplicationKey);
      };
      if (group.dueAt > clock.now()) {
        comeAt(group.dueAt);
        if (group.tries > 0 && !group.refused) break;
        hold();
        continue;
      }
      const delivery = await this.#attempt(group, taken);
      this.#note(delivery, group.rows.length);
      if (stopping.aborted) return null;
      if (delivery.result === 'delivered') continue;
      hold();
      comeAt(clock.now() + FIRST_RETRY_MS);
      if (delivery.result === 'failed') break;
    }
    this.#waiting = await this.#parts.records.count('notifications', this.#own('waiting'));
    return next;
  }

  /** The end, told to a receiver that keeps a state, disturbs nobody and must not come late. */
  #wakesNobody(row: NotificationRow): boolean {
    return row.kind === 'resolved' && this.#settings.sender.keepsState === true;
  }

  /** Of what waits, what may be sent: not what is too old, and no end of what was never told. */
  async #sendable(waiting: readonly NotificationRow[]): Promise<readonly NotificationRow[]> {
    const { clock, records } = this.#parts;
    const { maxAgeMs, quietUntil } = this.#settings;
    const now = clock.now();
    // Quiet hours do not count as tried.
    const old = waiting.filter((row) => now - (quietUntil(row, row.createdAt) ?? row.createdAt) > maxAgeMs);
    await this.#giveUp(old, (row) => row.lastError ?? 'It waited too long.');
    const rows = waiting.filter((row) => !old.includes(row));
    const ends = rows.filter(({ kind, tries }) => kind === 'resolved' && tries === 0);
    if (ends.length === 0) return rows;
    const keys = [...new Set(ends.map(({ deduplicationKey }) => deduplicationKey))];
    const { channel } = this.#settings;
    const begun: readonly NotificationRow[] = (
      await records.find('notifications', {
        where: {
          channel: channel.name,
          kind: { in: ['firing', 'escalated'] },
          createdAt: { lte: now },
          deduplicationKey: { in: keys },
        },
        limit: PAGE,
      })
    ).rows;
    const known = new Set(begun.map((row) => row.deduplicationKey));
    const alive = new Set(begun.filter(({ state }) => state !== 'given-up').map((row) => row.deduplicationKey));
    const never = ends.filter(({ deduplicationKey: key }) => known.has(key) && !alive.has(key));
    await this.#giveUp(never, () => 'Nobody here was told of its beginning.');
    return rows.filter((row) => !never.includes(row));
  }

  /** Sends one group. The try is on record before it is made: what is found half done is made again as it was. */
  async #attempt(group: Group, taken: Set<number>): Promise<Delivery> {
    const { records, clock, random, stopping } = this.#parts;
    const { sender, quietUntil } = this.#settings;
    const now = clock.now();
    const ids = group.rows.map((row) => row.id);
    const tries = group.tries + 1;
    const nextTryAt = free(now + backOff(tries, random), taken);
    await records.update('notifications', { id: { in: ids } }, { tries, nextTryAt });
    // What began and ended while its receiver was not to be disturbed is one line.
    const parts = folded(await withAbout(group.rows, records), (row) => quietUntil(row, row.createdAt) !== null);
    const message = messageOf(parts, await this.#answersOf(group.rows));
    const delivery = await outcome(sender.send(message, stopping));
    const through = delivery.result === 'delivered' ? ids : (delivery.through ?? []);
    const over = new Set(group.rows.filter((row) => through.includes(row.id)).map((row) => row.deduplicationKey));
    const shown = new Set(parts.map((part) => part.id));
    const arrived = group.rows
      .filter((row) => through.includes(row.id) || (!shown.has(row.id) && over.has(row.deduplicationKey)))
      .map((row) => row.id);
    if (arrived.length > 0) {
      const changes = { state: 'delivered', deliveredAt: clock.now(), lastError: null } as const;
      await records.update('notifications', { id: { in: arrived } }, changes);
    }
    if (delivery.result !== 'delivered') {
      const rest = ids.filter((id) => !arrived.includes(id));
      const lastError = `${delivery.result === 'refused' ? REFUSED : ''}${delivery.detail}`;
      const wait = delivery.retryAfterMs === undefined ? nextTryAt : free(clock.now() + delivery.retryAfterMs, taken);
      await records.update('notifications', { id: { in: rest } }, { lastError, nextTryAt: Math.max(nextTryAt, wait) });
    }
    return delivery;
  }

  /** The keys of the messages that told the beginning of what these rows tell the end of. */
  async #answersOf(rows: readonly NotificationRow[]): Promise<string[]> {
    const { records } = this.#parts;
    const keys = new Set<string>();
    for (const row of rows) {
      if (row.kind !== 'resolved') continue;
      const where = { channel: row.channel, deduplicationKey: row.deduplicationKey, kind: 'firing' } as const;
      const [firing] = (await records.find('notifications', { where, limit: 1 })).rows;
      if (firing === undefined || firing.state !== 'delivered' || rows.some((own) => own.id === firing.id)) continue;
      const together = {
        channel: row.channel,
        nextTryAt: firing.nextTryAt,
        tries: firing.tries,
        state: 'delivered',
      } as const;
      keys.add(messageKey((await records.find('notifications', { where: together, limit: MOST_IN_ONE })).rows));
    }
    return [...keys];
  }

  /** In the channel's own turn: a reminder that overtook the message of an end would undo it. */
  async #remind(): Promise<number | null> {
    const { clock, records, stopping } = this.#parts;
    const { channel, sender } = this.#settings;
    if (sender.remind === undefined || stopping.aborted) return null;
    const due = this.#remindedAt + REMIND_MS;
    if (clock.now() < due) return due;
    this.#remindedAt = clock.now();
    const reminding = remind(channel.name, sender, records, stopping);
    const delivery = await outcome(reminding.then((told) => told ?? { result: 'delivered', detail: '' }));
    if (delivery.result === 'delivered') {
      if (this.#unreminded) this.#failing = null;
      this.#unreminded = false;
    } else if (!stopping.aborted) {
      this.#unreminded = true;
      this.#note(delivery, 0);
    }
    return clock.now() + REMIND_MS;
  }

  /** Beyond the bound the least severe go, of these the oldest: named and counted, never silently. */
  async #makeRoom(): Promise<void> {
    const { records, clock } = this.#parts;
    const { most, channel } = this.#settings;
    let excess = (await records.count('notifications', this.#own('waiting'))) - most;
    for (const severity of LEAST_FIRST) {
      while (excess > 0) {
        const where = { ...this.#own('waiting'), severity };
        const { rows } = await records.find('notifications', {
          where,
          orderBy: 'createdAt',
          limit: Math.min(PAGE, excess),
        });
        if (rows.length === 0) break;
        await this.#giveUp(rows, () => `Dropped: more than ${most} messages waited for ${channel.name}.`, 'dropped');
        this.#dropped = { count: this.#dropped.count + rows.length, lastAt: clock.now() };
        excess -= rows.length;
      }
    }
  }

  async #giveUp(
    rows: readonly NotificationRow[],
    reason: (row: NotificationRow) => string,
    result = 'given-up',
  ): Promise<void> {
    await giveUp(this.#parts, rows, reason, result);
  }

  #note(delivery: Delivery, count: number): void {
    const { log, clock } = this.#parts;
    const { name } = this.#settings.channel;
    metrics.notifications.inc({ channel: name, result: delivery.result });
    if (delivery.result === 'delivered') {
      this.#failing = null;
      log.info({ channel: name, count }, 'A message was delivered');
    } else {
      this.#failing = { since: this.#failing?.since ?? clock.now(), detail: delivery.detail };
      log.warn(
        { channel: name, count, detail: delivery.detail },
        'A message could not be delivered; it is tried again',
      );
    }
  }

  /** What waits, the oldest first; what is critical is there whatever number waits before it. */
  async #waitingRows(): Promise<readonly NotificationRow[]> {
    const { records } = this.#parts;
    const find = async (more: object): Promise<readonly NotificationRow[]> =>
      (
        await records.find('notifications', {
          where: { ...this.#own('waiting'), ...more },
          orderBy: 'createdAt',
          limit: PAGE,
        })
      ).rows;
    const rows = await find({});
    if (rows.length < PAGE) return rows;
    const seen = new Set(rows.map(({ id }) => id));
    return [...rows, ...(await find({ severity: 'critical' })).filter(({ id }) => !seen.has(id))];
  }

  #own(state: OutboxState): { readonly channel: string; readonly state: OutboxState } {
    return { channel: this.#settings.channel.name, state };
  }
}

/** Says of messages that they will not be sent any more, and why. */
export async function giveUp(
  { records, log }: Pick<QueueParts, 'records' | 'log'>,
  rows: readonly NotificationRow[],
  reason: (row: NotificationRow) => string,
  result = 'given-up',
): Promise<void> {
  for (const row of rows) {
    const lastError = reason(row);
    await records.update('notifications', { id: row.id }, { state: 'given-up', lastError });
    metrics.notifications.inc({ channel: row.channel, result });
    log.error({ channel: row.channel, notification: row.id, lastError }, 'A message was given up');
  }
}

/** What came of a try. A receiver may say our own secrets back to us: they go no further. */
async function outcome(trying: Promise<Delivery>): Promise<Delivery> {
  const delivery = await trying.catch(
    (error: unknown): Delivery => ({ result: 'failed', detail: AuspexError.from(error).message }),
  );
  return { ...delivery, detail: hideSecrets(delivery.detail) };
}

function earliest(a: number | null, b: number | null): number | null {
  return a === null || b === null ? (a ?? b) : Math.min(a, b);
}
