import { AuspexError } from '../../errors.ts';
import type { Clock, Notification, NotificationRow, Random, RecordAccess, RecordStore } from '../../model/index.ts';
import type { Outbound } from '../../platform/outbound.ts';
import { hideSecrets } from '../../telemetry/hide.ts';
import type { Logger } from '../../telemetry/log.ts';
import { metrics } from '../../telemetry/metrics.ts';
import { withAbout } from './about.ts';
import { type Channel, type Delivery, outboxRow, type Sender } from './channel.ts';
import { messageKey, messageOf } from './message.ts';
import { backOff, FIRST_RETRY_MS, free, type Group, groupsOf, MOST_IN_ONE, REFUSED } from './outbox-groups.ts';
import { REMIND_MS, remind } from './reminders.ts';
import { senderFor } from './senders.ts';

export interface ChannelStatus {
  readonly name: string;
  readonly kind: Channel['kind'];
  readonly target: string;
  readonly delivered: number;
  readonly waiting: number;
  readonly givenUp: number;
  readonly lastError: string | null;
}

export interface NotifierHealth {
  readonly state: 'ok' | 'degraded';
  readonly message: string;
  readonly remedy: string | null;
}

/**
 * The outbox worker. A row is written before anything is sent and says how often it was tried, so that kill -9 at any
 * moment loses nothing and repeats at most the message whose answer was lost, under the same key.
 */
export interface Notifier {
  /** Writes messages to the outbox, in the caller's transaction where one is given; those that are there already stay. */
  enqueue(notifications: readonly Notification[], access?: RecordAccess): Promise<void>;
  /** Looks at the outbox soon: after a transaction that wrote rows was committed. */
  wake(): void;
  /** Starts sending. Messages of earlier runs go on. */
  start(): void;
  /** Ends tries under way (they count as lost answers) and waits for them. */
  stop(): Promise<void>;
  /** One pass over what is due; gives when to come again, null when nothing waits and nobody is to be reminded. `start` does this by itself. */
  run(): Promise<number | null>;
  /** Channels, the page's address and how long a message is tried, in force from now on. */
  setChannels(channels: readonly Channel[], pageUrl?: string | null, maxAgeMs?: number): void;
  /** Sends a test at once, past the outbox. @throws AuspexError NOT_FOUND. */
  test(channel: string): Promise<{ readonly delivered: boolean; readonly detail: string }>;
  channels(): Promise<readonly ChannelStatus[]>;
  health(): NotifierHealth;
}

export interface NotifierOptions {
  readonly records: RecordStore;
  readonly channels: readonly Channel[];
  readonly clock: Clock;
  readonly random: Random;
  readonly outbound: Outbound;
  readonly log: Logger;
  /** 30 s unless told. */
  readonly groupMs?: number;
  /** 24 h unless told. */
  readonly maxAgeMs?: number;
  /** Where links in messages lead; messages have none unless told. */
  readonly pageUrl?: string | null;
}

/** Comes by even if nothing woke it: another process may have written rows. */
const IDLE_MS = 30_000;

export function createNotifier(options: NotifierOptions): Notifier {
  const { records, clock, random, outbound, log } = options;
  const groupMs = options.groupMs ?? 30_000;
  let maxAgeMs = options.maxAgeMs ?? 86_400_000;
  let senders = new Map<string, { readonly channel: Channel; readonly sender: Sender }>();
  const failing = new Map<string, { readonly since: number; readonly detail: string }>();
  const remindedAt = new Map<string, number>();
  /** Channels whose last reminder failed. */
  const unreminded = new Set<string>();
  const stopping = new AbortController();
  let timer: NodeJS.Timeout | undefined;
  let started = false;
  let passing: Promise<number | null> | null = null;
  let wakeAgain = false;

  const setChannels = (channels: readonly Channel[], pageUrl: string | null = null, nextMaxAgeMs = maxAgeMs) => {
    maxAgeMs = nextMaxAgeMs;
    senders = new Map(
      channels.map((channel) => [
        channel.name,
        { channel, sender: senderFor(channel, { outbound, clock, pageUrl: pageUrl?.replace(/\/+$/, '') ?? null }) },
      ]),
    );
    for (const name of failing.keys()) if (!senders.has(name)) failing.delete(name);
    for (const name of remindedAt.keys()) if (!senders.has(name)) remindedAt.delete(name);
  };
  setChannels(options.channels, options.pageUrl);

  async function giveUp(rows: readonly NotificationRow[], reason: (row: NotificationRow) => string): Promise<void> {
    for (const row of rows) {
      const lastError = reason(row);
      await records.update('notifications', { id: row.id }, { state: 'given-up', lastError });
      metrics.notifications.inc({ channel: row.channel, result: 'given-up' });
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

  /** Sends one group. The try is on record before it is made: what is found half done is made again as it was. */
  async function attempt(group: Group, sender: Sender, taken: Set<number>): Promise<Delivery> {
    const now = clock.now();
    const ids = group.rows.map((row) => row.id);
    const tries = group.tries + 1;
    const nextTryAt = free(now + backOff(tries, random), taken);
    await records.update('notifications', { id: { in: ids } }, { tries, nextTryAt });
    const message = messageOf(await withAbout(group.rows, records), await answersOf(group.rows));
    const delivery = await outcome(sender.send(message, stopping.signal));
    const arrived = delivery.result === 'delivered' ? ids : (delivery.through ?? []);
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
  async function answersOf(rows: readonly NotificationRow[]): Promise<string[]> {
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

  async function runChannel(name: string, sender: Sender): Promise<number | null> {
    const waiting = await waitingRows(name);
    const old = waiting.filter((row) => clock.now() - row.createdAt > maxAgeMs);
    await giveUp(old, (row) => row.lastError ?? 'It waited too long.');
    const rows = waiting.filter((row) => !old.includes(row));
    const taken = new Set(rows.map((row) => row.nextTryAt));
    const heldKeys = new Set<string>();
    let next: number | null = null;
    const comeAt = (at: number) => {
      next = next === null ? at : Math.min(next, at);
    };
    for (const whole of groupsOf(rows)) {
      // A message about an alert never overtakes an earlier one about it.
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
      const delivery = await attempt(group, sender, taken);
      note(name, delivery, group.rows.length);
      if (stopping.signal.aborted) return null;
      if (delivery.result === 'delivered') continue;
      hold();
      comeAt(clock.now() + FIRST_RETRY_MS);
      if (delivery.result === 'failed') break;
    }
    return next;
  }

  /** In the channel's own turn: a reminder that overtook the message of an end would undo it. */
  async function remindChannel(name: string, sender: Sender): Promise<number | null> {
    if (sender.remind === undefined || stopping.signal.aborted) return null;
    const due = (remindedAt.get(name) ?? Number.NEGATIVE_INFINITY) + REMIND_MS;
    if (clock.now() < due) return due;
    remindedAt.set(name, clock.now());
    const reminding = remind(name, sender, records, stopping.signal);
    const delivery = await outcome(reminding.then((told) => told ?? { result: 'delivered', detail: '' }));
    if (delivery.result === 'delivered') {
      if (unreminded.delete(name)) failing.delete(name);
    } else if (!stopping.signal.aborted) {
      unreminded.add(name);
      note(name, delivery, 0);
    }
    return clock.now() + REMIND_MS;
  }

  function note(channel: string, delivery: Delivery, count: number): void {
    metrics.notifications.inc({ channel, result: delivery.result });
    if (delivery.result === 'delivered') {
      failing.delete(channel);
      log.info({ channel, count }, 'A message was delivered');
    } else {
      failing.set(channel, { since: failing.get(channel)?.since ?? clock.now(), detail: delivery.detail });
      log.warn({ channel, count, detail: delivery.detail }, 'A message could not be delivered; it is tried again');
    }
  }

  async function waitingRows(channel: string): Promise<readonly NotificationRow[]> {
    const where = { state: 'waiting', channel } as const;
    return (await records.find('notifications', { where, orderBy: 'createdAt', limit: 500 })).rows;
  }

  async function pass(): Promise<number | null> {
    const known = [...senders.keys()];
    const { rows: strays } = await records.find('notifications', {
      where: { state: 'waiting' },
      orderBy: 'createdAt',
      limit: 500,
    });
    await giveUp(
      strays.filter((row) => !senders.has(row.channel)),
      (row) => `The channel "${row.channel}" is no longer configured.`,
    );
    const dues = await Promise.all(
      known.map(async (name) => {
        const { sender } = senderOf(name);
        const reminder = await remindChannel(name, sender);
        return earliest(await runChannel(name, sender), reminder);
      }),
    );
    const next = dues.filter((due) => due !== null);
    return next.length === 0 ? null : Math.min(...next);
  }

  function senderOf(name: string): { readonly channel: Channel; readonly sender: Sender } {
    const found = senders.get(name);
    if (found !== undefined) return found;
    throw new AuspexError(
      'NOT_FOUND',
      `There is no channel "${name.slice(0, 100)}". Known: ${[...senders.keys()].join(', ') || 'none'}.`,
    );
  }

  /** One pass at a time: who asks during one gets the one after it. */
  function run(): Promise<number | null> {
    if (passing !== null) {
      const after = passing.then(run, run);
      return after;
    }
    passing = pass().finally(() => {
      passing = null;
    });
    return passing;
  }

  function schedule(at: number | null): void {
    if (!started || stopping.signal.aborted) return;
    clearTimeout(timer);
    const wait = at === null ? IDLE_MS : Math.min(IDLE_MS, Math.max(0, at - clock.now()));
    timer = setTimeout(cycle, wakeAgain ? 0 : wait);
    timer.unref();
  }

  function cycle(): void {
    wakeAgain = false;
    run().then(schedule, (error: unknown) => {
      log.error({ error: AuspexError.from(error).message }, 'The outbox cannot be read; it is tried again');
      schedule(clock.now() + 5000);
    });
  }

  return {
    async enqueue(notifications, access = records) {
      if (notifications.length === 0) return;
      await access.insertNew(
        'notifications',
        notifications.map((notification) => outboxRow(notification, groupMs)),
      );
      if (passing === null)
        schedule(Math.min(...notifications.map((notification) => notification.createdAt)) + groupMs);
      else wakeAgain = true;
    },
    wake() {
      if (passing === null) schedule(clock.now());
      else wakeAgain = true;
    },
    start() {
      started = true;
      schedule(clock.now());
    },
    async stop() {
      started = false;
      clearTimeout(timer);
      stopping.abort();
      await passing?.catch(() => null);
    },
    run,
    setChannels,
    async test(name) {
      const { sender, channel } = senderOf(name);
      const now = clock.now();
      const row = outboxRow(
        {
          id: `test-${now}`,
          kind: 'test',
          alertId: null,
          channel: channel.name,
          deduplicationKey: `test-${now}`,
          title: 'Test message of Auspex',
          body: `This is a test of the channel "${channel.name}". Nothing is wrong.`,
          severity: 'none',
          createdAt: now,
        },
        0,
      );
      const delivery = await outcome(sender.send(messageOf([{ ...row, about: null }]), stopping.signal));
      return { delivered: delivery.result === 'delivered', detail: delivery.detail };
    },
    async channels() {
      const count = (channel: string, state: NotificationRow['state']) =>
        records.count('notifications', { channel, state });
      return Promise.all(
        [...senders].map(async ([name, { channel, sender }]) => ({
          name,
          kind: channel.kind,
          target: sender.target,
          delivered: await count(name, 'delivered'),
          waiting: await count(name, 'waiting'),
          givenUp: await count(name, 'given-up'),
          lastError: failing.get(name)?.detail ?? null,
        })),
      );
    },
    health() {
      const [first] = failing;
      if (first === undefined) {
        const message =
          senders.size === 0 ? 'No channel is configured: alerts stand on the page only.' : 'Messages get through.';
        return { state: 'ok', message, remedy: null };
      }
      const [name, { detail }] = first;
      return {
        state: 'degraded',
        message: `The channel "${name}" does not take messages: ${detail}. They wait and are tried again.`,
        remedy: `Check the channel "${name}" in the configuration and its receiver.`,
      };
    },
  };
}

function earliest(a: number | null, b: number | null): number | null {
  return a === null || b === null ? (a ?? b) : Math.min(a, b);
}
