import { afterEach, expect, test } from 'vitest';
import type { Channel } from '../../../src/act/notify/channel.ts';
import { createNotifier, type NotifierSettings } from '../../../src/act/notify/notifier.ts';
import type { Notification } from '../../../src/model/index.ts';
import { createOutbound } from '../../../src/platform/outbound.ts';
import { createLogger } from '../../../src/telemetry/log.ts';
import { memoryRecordStore } from './memory-record-store.ts';
import { webhookReceiver } from './receivers.ts';

/* What waits: for quiet hours, for a receiver that is dead, for room. */

const MINUTE = 60_000;
const cleanUp: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of cleanUp.splice(0)) await close();
});

const hook = (url: string, name = 'ops', timeout = 2000): Channel => ({
  kind: 'webhook',
  name,
  minSeverity: 'medium',
  timeout,
  url,
  secret: null,
});
const pager = (url: string): Channel => ({
  kind: 'pagerduty',
  name: 'pager',
  minSeverity: 'medium',
  timeout: 2000,
  url,
  routingKey: 'k',
});

function setUp(settings: NotifierSettings) {
  const clock = { at: Date.UTC(2026, 0, 1, 23), now: () => clock.at, monotonic: () => clock.at };
  const records = memoryRecordStore();
  const outbound = createOutbound();
  cleanUp.push(() => outbound.close());
  const notifier = createNotifier({
    ...settings,
    records,
    clock,
    random: { next: () => 0.5 },
    outbound,
    log: createLogger('silent'),
    groupMs: 0,
  });
  return {
    clock,
    records,
    notifier,
    send: (id: string, more: Partial<Notification> = {}) =>
      notifier.enqueue([
        {
          id: `${id}-${more.kind ?? 'firing'}`,
          kind: 'firing',
          alertId: id,
          incidentId: id,
          channel: 'ops',
          receiver: 'team',
          deduplicationKey: id,
          title: `${more.kind === 'resolved' ? 'resolved' : 'high'}: ${id}`,
          body:
            more.kind === 'resolved' ? `${id} is bad.\nFrom 23:00 to 23:10, 10 min.` : `${id} is bad.\nSince: 23:00.`,
          severity: 'high',
          createdAt: clock.at,
          ...more,
        },
      ]),
    pass: (ms: number) => {
      clock.at += ms;
      return notifier.run();
    },
    row: (id: string) => records.get('notifications', id),
  };
}

/** Quiet from ten in the evening to seven, for what is not critical. */
const MORNING = Date.UTC(2026, 0, 2, 7);
const quietUntil: NotifierSettings['quietUntil'] = ({ severity, receiver }, at) =>
  receiver !== null && severity !== 'critical' && at < MORNING ? MORNING : null;

async function receiver() {
  const made = await webhookReceiver();
  cleanUp.push(made.die);
  return made;
}

test('quiet hours: what is critical comes at once, the rest together in the morning, of what is over one line', async () => {
  const got = await receiver();
  const t = setUp({ channels: [hook(got.url)], quietUntil });
  await t.send('slow');
  await t.send('short');
  await t.send('down', { severity: 'critical' });
  expect(await t.pass(0)).toBe(MORNING);
  expect(got.received.map(({ json }) => json.title)).toEqual(['high: down']);
  t.clock.at += 10 * MINUTE;
  await t.send('short', { kind: 'resolved' });
  await t.pass(0);
  expect(got.received).toHaveLength(1);
  t.clock.at = MORNING;
  await t.pass(0);
  expect(got.received).toHaveLength(2);
  const morning = JSON.parse(got.received[1]?.body ?? '{}') as { alerts: { title: string; text: string }[] };
  expect(morning.alerts.map(({ title, text }) => [title, text])).toEqual([
    ['high: slow', 'slow is bad.\nSince: 23:00.'],
    ['over by itself: short', 'From 23:00 to 23:10, 10 min.'],
  ]);
  for (const id of ['slow-firing', 'short-firing', 'short-resolved'])
    expect(await t.row(id)).toMatchObject({ state: 'delivered' });
});

test('quiet hours do not count as tried: after a long weekend nothing is too old', async () => {
  const got = await receiver();
  const t = setUp({ channels: [hook(got.url)], quietUntil, maxAgeMs: 60 * MINUTE });
  await t.send('slow');
  await t.pass(0);
  t.clock.at = MORNING + MINUTE;
  await t.pass(0);
  expect(await t.row('slow-firing')).toMatchObject({ state: 'delivered' });
});

test('PagerDuty: what is over by the morning wakes nobody; the end of what was told before comes at once', async () => {
  const got = await receiver();
  const t = setUp({ channels: [pager(got.url)], quietUntil });
  const actions = () => got.received.map(({ body }) => (JSON.parse(body) as { event_action: string }).event_action);
  const own = { channel: 'pager' };
  await t.send('told', { ...own, severity: 'critical' });
  await t.send('short', own);
  await t.pass(0);
  await t.send('told', { ...own, kind: 'resolved', severity: 'high' });
  await t.send('short', { ...own, kind: 'resolved' });
  await t.pass(0);
  expect(actions()).toEqual(['trigger', 'resolve']);
  t.clock.at = MORNING;
  await t.pass(0);
  expect(actions()).toEqual(['trigger', 'resolve', 'resolve']);
  expect(await t.row('short-firing')).toMatchObject({ state: 'delivered' });
});

test('of what was never told nobody is told the end', async () => {
  const got = await receiver();
  const t = setUp({ channels: [hook(got.url)], maxAgeMs: 10 * MINUTE });
  got.behave = (response) => void response.writeHead(500).end();
  await t.send('lost');
  await t.pass(0);
  await t.pass(11 * MINUTE);
  expect(await t.row('lost-firing')).toMatchObject({ state: 'given-up' });
  got.behave = (response) => void response.end();
  await t.send('lost', { kind: 'resolved' });
  await t.pass(0);
  expect(await t.row('lost-resolved')).toMatchObject({
    state: 'given-up',
    lastError: 'Nobody here was told of its beginning.',
  });
});

test('what is told again to the same receiver is another message of the same incident', async () => {
  const got = await receiver();
  const t = setUp({ channels: [hook(got.url)] });
  await t.send('a');
  await t.pass(0);
  await t.send('a', { kind: 'escalated' });
  await t.pass(MINUTE);
  const keys = got.received.map(({ headers }) => headers['idempotency-key']);
  expect(new Set(keys).size).toBe(2);
  expect(got.received.map(({ json }) => json.status)).toEqual(['firing', 'firing']);
});

test('a full outbox drops the least severe, of these the oldest, and says so', async () => {
  const t = setUp({ channels: [hook('http://127.0.0.1:1/')], most: 3 });
  for (const [id, severity] of [
    ['old', 'medium'],
    ['worst', 'critical'],
    ['young', 'medium'],
    ['bad', 'high'],
    ['last', 'critical'],
  ] as const) {
    await t.send(id, { severity });
    t.clock.at += 1000;
  }
  await t.pass(0);
  const gone = (await t.records.find('notifications', { where: { state: 'given-up' }, orderBy: 'createdAt' })).rows;
  expect(gone.map(({ id, lastError }) => [id, lastError])).toEqual([
    ['old-firing', 'Dropped: more than 3 messages waited for ops.'],
    ['young-firing', 'Dropped: more than 3 messages waited for ops.'],
  ]);
  expect(t.notifier.health()).toMatchObject({
    state: 'degraded',
    message: expect.stringContaining('2 messages to "ops" were dropped'),
  });
  expect(await t.notifier.channels()).toMatchObject([{ waiting: 3, givenUp: 2 }]);
});

test('a dead receiver is named: since when, why, how many wait', async () => {
  const t = setUp({ channels: [hook('http://127.0.0.1:1/')] });
  const since = t.clock.at;
  await t.send('a');
  await t.pass(0);
  await t.send('b');
  await t.pass(5000);
  expect(t.notifier.health().message).toMatch(
    /^The channel "ops" has not taken messages since 2026-01-01 23:00 UTC: .*cannot be reached.* 2 messages wait and are tried again\.$/,
  );
  expect(await t.notifier.channels()).toMatchObject([
    { failingSince: since, waitingSince: since, waiting: 2, lastDeliveredAt: null, changes: false },
  ]);
});

test('a receiver that hangs holds up no other, in time that passes by itself', async () => {
  const slow = await receiver();
  const quick = await receiver();
  slow.behave = () => {};
  const clock = { now: () => Date.now(), monotonic: () => performance.now() };
  const outbound = createOutbound();
  cleanUp.push(() => outbound.close());
  const notifier = createNotifier({
    channels: [hook(slow.url, 'slow', 60_000), hook(quick.url, 'quick')],
    records: memoryRecordStore(),
    clock,
    random: { next: () => 0.5 },
    outbound,
    log: createLogger('silent'),
    groupMs: 0,
  });
  cleanUp.push(() => notifier.stop());
  notifier.start();
  const row = (id: string, channel: string): Notification => ({
    id: `${id}-${channel}`,
    kind: 'firing',
    alertId: null,
    incidentId: null,
    channel,
    receiver: null,
    deduplicationKey: id,
    title: id,
    body: id,
    severity: 'high',
    createdAt: Date.now(),
  });
  const came = (count: number) =>
    new Promise<void>((done) => {
      const look = setInterval(() => {
        if (quick.received.length < count) return;
        clearInterval(look);
        done();
      }, 10);
    });
  await notifier.enqueue([row('a', 'slow'), row('a', 'quick')]);
  await came(1);
  // The slow one still hangs in its first try.
  await notifier.enqueue([row('b', 'slow'), row('b', 'quick')]);
  await came(2);
  expect(slow.received).toHaveLength(1);
});
