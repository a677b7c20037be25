import { AuspexError } from '../../errors.ts';
import type { Clock, Notification, NotificationRow, Random, RecordAccess, RecordStore } from '../../model/index.ts';
import type { Outbound } from '../../platform/outbound.ts';
import type { Logger } from '../../telemetry/log.ts';
import { type Channel, outboxRow } from './channel.ts';
import { ChannelQueue, giveUp, type QueueSettings } from './channel-queue.ts';
import { senderFor } from './senders.ts';
import { Turns } from './turns.ts';

export interface ChannelStatus {
  readonly name: string;
  readonly kind: Channel['kind'];
  readonly target: string;
  readonly minSeverity: Channel['minSeverity'];
  /** Whether a message there can be changed; elsewhere a second one would stand beside it. */
  readonly changes: boolean;
  readonly delivered: number;
  readonly waiting: number;
  readonly givenUp: number;
  readonly lastError: string | null;
  /** Since when it takes nothing, as far as this process knows. */
  readonly failingSince: number | null;
  /** When the oldest message that waits was written. */
  readonly waitingSince: number | null;
  readonly lastDeliveredAt: number | null;
}

export interface NotifierHealth {
  readonly state: 'ok' | 'degraded';
  readonly message: string;
  readonly remedy: string | null;
}

/** What may be changed while it runs. */
export interface NotifierSettings {
  readonly channels: readonly Channel[];
  /** Where links in messages lead; messages have none unless told. */
  readonly pageUrl?: string | null;
  /** How long a message is tried; 24 h unless told. */
  readonly maxAgeMs?: number;
  /** Most messages that wait for one channel; 10,000 unless told. */
  readonly most?: number;
  /** Until when quiet hours keep a message back; nothing is unless told. */
  readonly quietUntil?: QueueSettings['quietUntil'];
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
  /** In force from now on. */
  configure(settings: NotifierSettings): void;
  /** Sends a test at once, past the outbox. @throws AuspexError NOT_FOUND. */
  test(channel: string): Promise<{ readonly delivered: boolean; readonly detail: string }>;
  channels(): Promise<readonly ChannelStatus[]>;
  health(): NotifierHealth;
}

export interface NotifierOptions extends NotifierSettings {
  readonly records: RecordStore;
  readonly clock: Clock;
  readonly random: Random;
  readonly outbound: Outbound;
  readonly log: Logger;
  /** 30 s unless told. */
  readonly groupMs?: number;
}

const MAX_AGE_MS = 86_400_000;
const MOST = 10_000;
/** The turn in which messages to channels that are gone are named. */
const STRAYS = '';

export function createNotifier(options: NotifierOptions): Notifier {
  const { records, clock, outbound, log } = options;
  const groupMs = options.groupMs ?? 30_000;
  const stopping = new AbortController();
  const queues = new Map<string, ChannelQueue>();
  const turns = new Turns(clock, log);

  function configure(settings: NotifierSettings): void {
    const pageUrl = settings.pageUrl?.replace(/\/+$/, '') ?? null;
    const names = new Set(settings.channels.map(({ name }) => name));
    for (const name of queues.keys())
      if (!names.has(name)) {
        queues.delete(name);
        turns.remove(name);
      }
    for (const channel of settings.channels) {
      const own: QueueSettings = {
        channel,
        sender: senderFor(channel, { outbound, clock, pageUrl }),
        maxAgeMs: settings.maxAgeMs ?? MAX_AGE_MS,
        most: settings.most ?? MOST,
        quietUntil: settings.quietUntil ?? (() => null),
      };
      const known = queues.get(channel.name);
      if (known !== undefined) known.settings = own;
      else {
        const queue = new ChannelQueue({ ...options, stopping: stopping.signal }, own);
        queues.set(channel.name, queue);
        turns.add(channel.name, () => queue.run());
      }
    }
    turns.wake();
  }
  turns.add(STRAYS, nameStrays);
  configure(options);

  async function nameStrays(): Promise<null> {
    const { rows } = await records.find('notifications', {
      where: { state: 'waiting' },
      orderBy: 'createdAt',
      limit: 500,
    });
    await giveUp(
      { records, log },
      rows.filter((row) => !queues.has(row.channel)),
      (row) => `The channel "${row.channel}" is no longer configured.`,
    );
    return null;
  }

  function queueOf(name: string): ChannelQueue {
    const found = queues.get(name);
    if (found !== undefined) return found;
    throw new AuspexError(
      'NOT_FOUND',
      `There is no channel "${name.slice(0, 100)}". Known: ${[...queues.keys()].join(', ') || 'none'}.`,
    );
  }

  async function statusOf(name: string, queue: ChannelQueue): Promise<ChannelStatus> {
    const { channel, sender } = queue.settings;
    const count = (state: NotificationRow['state']) => records.count('notifications', { channel: name, state });
    const first = async (state: NotificationRow['state'], orderBy: 'createdAt' | 'deliveredAt', descending: boolean) =>
      (await records.find('notifications', { where: { channel: name, state }, orderBy, descending, limit: 1 })).rows[0];
    const oldest = await first('waiting', 'createdAt', false);
    return {
      name,
      kind: channel.kind,
      target: sender.target,
      minSeverity: channel.minSeverity,
      changes: sender.keepsState === true,
      delivered: await count('delivered'),
      waiting: await count('waiting'),
      givenUp: await count('given-up'),
      // A process that was started again has not tried yet; the row knows.
      lastError: queue.failing?.detail ?? oldest?.lastError ?? null,
      failingSince: queue.failing?.since ?? null,
      waitingSince: oldest?.createdAt ?? null,
      lastDeliveredAt: (await first('delivered', 'deliveredAt', true))?.deliveredAt ?? null,
    };
  }

  return {
    async enqueue(notifications, access = records) {
      if (notifications.length === 0) return;
      await access.insertNew(
        'notifications',
        notifications.map((notification) => outboxRow(notification, groupMs)),
      );
      turns.wake(Math.min(...notifications.map((notification) => notification.createdAt)) + groupMs);
    },
    wake: () => turns.wake(),
    start: () => turns.start(),
    async stop() {
      stopping.abort();
      await turns.stop();
    },
    run: () => turns.run(),
    configure,
    test: async (name) => queueOf(name).test(),
    channels: () => Promise.all([...queues].map(([name, queue]) => statusOf(name, queue))),
    health: () => healthOf(queues),
  };
}

function healthOf(queues: ReadonlyMap<string, ChannelQueue>): NotifierHealth {
  const failing = [...queues].flatMap(([name, queue]) => {
    if (queue.failing === null) return [];
    const { since, detail } = queue.failing;
    return `The channel "${name}" has not taken messages since ${timeOf(since)}: ${detail.replace(/\.$/, '')}. ${queue.waiting === 1 ? 'One message waits' : `${queue.waiting} messages wait`} and ${queue.waiting === 1 ? 'is' : 'are'} tried again.`;
  });
  const dropped = [...queues].flatMap(([name, queue]) =>
    queue.dropped === 0 ? [] : `${queue.dropped} messages to "${name}" were dropped: too many waited.`,
  );
  const troubles = [...failing, ...dropped];
  if (troubles.length > 0) {
    const names = [...queues].filter(([, queue]) => queue.failing !== null || queue.dropped > 0).map(([name]) => name);
    return {
      state: 'degraded',
      message: troubles.join(' '),
      remedy: `Check ${names.map((name) => `"${name}"`).join(', ')} in the configuration and what receives there.`,
    };
  }
  const message =
    queues.size === 0 ? 'No channel is configured: alerts stand on the page only.' : 'Messages get through.';
  return { state: 'ok', message, remedy: null };
}

function timeOf(at: number): string {
  return `${new Date(at).toISOString().slice(0, 16).replace('T', ' ')} UTC`;
}
