import { createHmac } from 'node:crypto';
import { afterEach, expect, test } from 'vitest';
import type { Channel } from '../../../src/act/notify/channel.ts';
import { createHeartbeat } from '../../../src/act/heartbeat.ts';
import { createNotifier } from '../../../src/act/notify/notifier.ts';
import type { Notification } from '../../../src/model/index.ts';
import { createOutbound } from '../../../src/platform/outbound.ts';
import { createLogger } from '../../../src/telemetry/log.ts';
import { memoryRecordStore } from './memory-record-store.ts';
import { smtpSink, webhookReceiver } from './receivers.ts';

const log = createLogger('silent');
const SECOND = 1000;
const cleanUp: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of cleanUp.splice(0)) await close();
});

function hook(url: string, more: Partial<Extract<Channel, { kind: 'webhook' }>> = {}): Channel {
  return { kind: 'webhook', name: 'ops', minSeverity: 'medium', timeout: 2000, url, secret: null, ...more };
}

function setUp(channels: Channel[], records = memoryRecordStore()) {
  const clock = { at: Date.UTC(2026, 0, 1), now: () => clock.at, monotonic: () => clock.at };
  const outbound = createOutbound();
  const build = () => createNotifier({ records, channels, clock, random: { next: () => 0.5 }, outbound, log });
  cleanUp.push(() => outbound.close());
  const bench = {
    records,
    clock,
    notifier: build(),
    /** As a new process over what is on disk. */
    restart: () => {
      bench.notifier = build();
    },
    send: (id: string, more: Partial<Notification> = {}) =>
      bench.notifier.enqueue([
        {
          id: `${id}-${more.kind ?? 'firing'}-${more.channel ?? 'ops'}`,
          kind: 'firing',
          alertId: id,
          incidentId: null,
          channel: 'ops',
          receiver: null,
          deduplicationKey: id,
          title: `high: web-1: ${id}`,
          body: `${id} <b>.\nWhat to do: look.`,
          severity: 'high',
          createdAt: clock.at,
          ...more,
        },
      ]),
    /** Lets time pass and does what is due. */
    pass: async (seconds: number) => {
      clock.at += seconds * SECOND;
      return bench.notifier.run();
    },
    /** Follows the notifier's own schedule until nothing waits. */
    settle: async () => {
      for (let next = await bench.notifier.run(); next !== null; next = await bench.notifier.run()) {
        clock.at = Math.max(clock.at + 1, next);
      }
    },
    row: async (id: string, kind = 'firing') => records.get('notifications', `${id}-${kind}-ops`),
  };
  return bench;
}

test('alerts within 30 s go out as one message, signed, and are delivered once', async () => {
  const receiver = await webhookReceiver();
  cleanUp.push(receiver.die);
  const t = setUp([hook(receiver.url, { secret: 'hush' })]);
  await t.send('a');
  await t.pass(10);
  await t.send('b');
  await t.send('a');
  await t.pass(19);
  expect(receiver.received).toHaveLength(0);
  await t.pass(1);
  expect(receiver.received).toHaveLength(1);
  const [got] = receiver.received;
  expect(got?.json.alerts.map((alert) => alert.alertId)).toEqual(['a', 'b']);
  expect(got?.json.title).toBe('2 firing: high: web-1: a …');
  const [, seconds, signature] = /^t=(\d+),v1=([0-9a-f]{64})$/.exec(String(got?.headers['x-auspex-signature'])) ?? [];
  expect(Number(seconds)).toBe(t.clock.at / 1000);
  expect(signature).toBe(createHmac('sha256', 'hush').update(`${seconds}.${got?.body}`).digest('hex'));
  await t.settle();
  await t.send('a');
  await t.settle();
  expect(receiver.received).toHaveLength(1);
  expect(await t.row('a')).toMatchObject({ state: 'delivered', tries: 1, lastError: null });
});

test('a receiver that fails, hangs, dies and comes back gets everything, in order, with the same keys', async () => {
  const receiver = await webhookReceiver();
  cleanUp.push(receiver.die);
  const t = setUp([hook(receiver.url, { timeout: 150 })]);
  await t.send('a');
  receiver.behave = (response) => void response.writeHead(500).end('sick');
  await t.pass(30);
  expect((await t.row('a'))?.lastError).toBe('HTTP 500: sick');
  receiver.behave = () => {};
  await t.pass(2);
  expect((await t.row('a'))?.lastError).toContain('did not answer within 0.15 s');
  await t.send('a', { kind: 'resolved' });
  await t.send('b');
  await receiver.die();
  await t.pass(40);
  expect((await t.row('a'))?.lastError).toContain('cannot be reached');
  expect(await t.row('b')).toMatchObject({ tries: 0 });
  expect(t.notifier.health()).toMatchObject({ state: 'degraded' });
  receiver.behave = (response) => void response.end();
  receiver.received.length = 0;
  await receiver.listen();
  await t.settle();
  const told = receiver.received.flatMap((got) => got.json.alerts.map((alert) => `${alert.alertId} ${alert.kind}`));
  expect(told).toEqual(['a firing', 'a resolved', 'b firing']);
  expect(receiver.received[0]?.headers['idempotency-key']).toBe('a-firing');
  expect(t.notifier.health().state).toBe('ok');
});

test('after kill -9 between sending and noting it, the same message goes out under the same key, new ones apart', async () => {
  const receiver = await webhookReceiver();
  cleanUp.push(receiver.die);
  const t = setUp([hook(receiver.url)]);
  await t.send('a');
  await t.send('b');
  // The process is gone the moment the receiver has the message: what it had written by then is what remains.
  let remains = '';
  receiver.behave = (response) => {
    remains = t.records.dump();
    response.end();
  };
  await t.pass(30);
  const after = setUp([hook(receiver.url)], memoryRecordStore(remains));
  after.clock.at = t.clock.at;
  await after.send('c');
  await after.settle();
  const keys = receiver.received.map((got) => [
    got.headers['idempotency-key'],
    got.json.alerts.map((alert) => alert.alertId).join(),
  ]);
  expect(keys).toHaveLength(3);
  expect(keys[1]).toEqual(keys[0]);
  expect(keys[2]).toEqual(['c-firing', 'c']);
});

test('what was never sent when the process died is sent by the next one', async () => {
  const receiver = await webhookReceiver();
  cleanUp.push(receiver.die);
  const t = setUp([hook(receiver.url)]);
  await t.send('a');
  t.restart();
  await t.settle();
  expect(receiver.received.map((got) => got.headers['idempotency-key'])).toEqual(['a-firing']);
});

test('a message that the receiver refuses holds up only what speaks of the same alert', async () => {
  const receiver = await webhookReceiver();
  cleanUp.push(receiver.die);
  const t = setUp([hook(receiver.url)]);
  receiver.behave = (response, got) => void response.writeHead(got.json.alerts[0]?.alertId === 'bad' ? 422 : 200).end();
  await t.send('bad');
  await t.pass(30);
  await t.send('good');
  await t.send('bad', { kind: 'resolved' });
  await t.pass(31);
  expect(await t.row('good')).toMatchObject({ state: 'delivered' });
  expect(await t.row('bad')).toMatchObject({ state: 'waiting' });
  expect(await t.row('bad', 'resolved')).toMatchObject({ state: 'waiting', tries: 0 });
});

test('tries grow apart to five minutes; after a day the message is given up and named', async () => {
  const t = setUp([hook('http://127.0.0.1:1/')]);
  await t.send('a');
  const gaps: number[] = [];
  let last = t.clock.at;
  for (let next = await t.notifier.run(); next !== null; next = await t.notifier.run()) {
    t.clock.at = Math.max(next, t.clock.at + 1);
    const tries = (await t.row('a'))?.tries ?? 0;
    if (tries > gaps.length) {
      gaps.push((t.clock.at - last) / SECOND);
      last = t.clock.at;
    }
  }
  expect(gaps.slice(1, 9)).toEqual([1, 2, 4, 8, 16, 32, 64, 128].map((gap) => expect.closeTo(gap, 0)));
  expect(Math.max(...gaps)).toBeCloseTo(300, 0);
  expect(await t.row('a')).toMatchObject({
    state: 'given-up',
    lastError: expect.stringContaining('cannot be reached'),
  });
  expect(await t.notifier.channels()).toMatchObject([{ name: 'ops', givenUp: 1, waiting: 0 }]);
});

test('Retry-After is kept to', async () => {
  const receiver = await webhookReceiver();
  cleanUp.push(receiver.die);
  const t = setUp([hook(receiver.url)]);
  receiver.behave = (response) => void response.writeHead(429, { 'retry-after': '120' }).end();
  await t.send('a');
  await t.pass(30);
  await t.pass(119);
  expect(receiver.received).toHaveLength(1);
  await t.pass(1);
  expect(receiver.received).toHaveLength(2);
});

test('one channel’s trouble does not hold up another; a channel that is gone is named', async () => {
  const receiver = await webhookReceiver();
  cleanUp.push(receiver.die);
  const t = setUp([hook(receiver.url), hook('http://127.0.0.1:1/', { name: 'dead' })]);
  await t.send('a', { channel: 'dead' });
  await t.send('a');
  await t.send('a', { channel: 'gone' });
  await t.pass(30);
  expect(await t.row('a')).toMatchObject({ state: 'delivered' });
  expect(await t.records.get('notifications', 'a-firing-gone')).toMatchObject({
    state: 'given-up',
    lastError: 'The channel "gone" is no longer configured.',
  });
});

test('a test message says how it went; a target shows no secret', async () => {
  const receiver = await webhookReceiver();
  cleanUp.push(receiver.die);
  const t = setUp([hook(receiver.url)]);
  expect(await t.notifier.test('ops')).toEqual({ delivered: true, detail: 'HTTP 200' });
  expect(receiver.received[0]?.json).toMatchObject({ status: 'test', title: 'Test message of Auspex' });
  receiver.behave = (response) => void response.writeHead(404).end('no such hook');
  expect(await t.notifier.test('ops')).toEqual({ delivered: false, detail: 'HTTP 404: no such hook' });
  await expect(t.notifier.test('nobody')).rejects.toMatchObject({ code: 'NOT_FOUND' });
  expect(JSON.stringify(await t.notifier.channels())).not.toContain('canary');
});

test('e-mail: text and HTML, resolved answers firing, a lost answer repeats with the same Message-ID', async () => {
  const sink = await smtpSink();
  cleanUp.push(sink.close);
  const channel: Channel = {
    kind: 'email',
    name: 'ops',
    minSeverity: 'medium',
    timeout: 2000,
    host: '127.0.0.1',
    port: sink.port,
    tls: 'none',
    user: null,
    password: null,
    from: 'Auspex <auspex@ops.example>',
    to: ['kim@ops.example', 'lee@ops.example'],
  };
  const t = setUp([channel]);
  sink.afterData = null;
  await t.send('a', { title: 'high: web-1: a\r\nBcc: evil@evil.example' });
  await t.send('b');
  await t.pass(30);
  expect(await t.row('a')).toMatchObject({ state: 'waiting', tries: 1 });
  sink.afterData = '250 kept';
  await t.settle();
  await t.send('b', { kind: 'resolved' });
  await t.settle();
  expect(sink.mails).toHaveLength(3);
  const [first, repeat, resolved] = sink.mails.map((mail) => mail.headers);
  expect(repeat?.get('message-id')).toBe(first?.get('message-id'));
  expect(resolved?.get('in-reply-to')).toBe(first?.get('message-id'));
  expect(first?.has('bcc')).toBe(false);
  expect(sink.mails[0]?.to).toEqual(channel.to);
  expect(sink.mails[0]?.source).toContain('text/html');
  expect(sink.mails[0]?.source).toContain('&lt;b&gt;');
});

test('e-mail: a server that demands nothing is refused where encryption is asked for; a refused receiver is named', async () => {
  const sink = await smtpSink();
  cleanUp.push(sink.close);
  const channel = {
    kind: 'email',
    name: 'ops',
    minSeverity: 'medium',
    timeout: 1000,
    host: '127.0.0.1',
    port: sink.port,
    user: null,
    password: null,
    from: 'a@b.example',
    to: ['c@d.example'],
  } as const;
  const strict = setUp([{ ...channel, tls: 'starttls' }]);
  expect((await strict.notifier.test('ops')).delivered).toBe(false);
  sink.rcpt = '550 no such user';
  const open = setUp([{ ...channel, tls: 'none' }]);
  expect((await open.notifier.test('ops')).detail).toContain('550 no such user');
  expect(sink.mails).toHaveLength(0);
});

test('the worker by itself: woken by what is written, ended by stop', async () => {
  const receiver = await webhookReceiver();
  cleanUp.push(receiver.die);
  const arrived = new Promise<void>((done) => {
    receiver.behave = (response) => {
      response.end();
      done();
    };
  });
  const outbound = createOutbound();
  const clock = { now: Date.now, monotonic: () => performance.now() };
  const records = memoryRecordStore();
  const notifier = createNotifier({
    records,
    channels: [hook(receiver.url)],
    clock,
    random: { next: Math.random },
    outbound,
    log,
    groupMs: 5,
  });
  notifier.start();
  const now = Date.now();
  await notifier.enqueue([
    {
      id: 'n',
      kind: 'firing',
      alertId: 'a',
      incidentId: null,
      channel: 'ops',
      receiver: null,
      deduplicationKey: 'a',
      title: 't',
      body: 'b',
      severity: 'high',
      createdAt: now,
    },
  ]);
  await arrived;
  await notifier.stop();
  await outbound.close();
  expect(await records.get('notifications', 'n')).toMatchObject({ tries: 1 });
});

test('the outward heartbeat beats only while the engine is well', async () => {
  const receiver = await webhookReceiver();
  cleanUp.push(receiver.die);
  const outbound = createOutbound();
  cleanUp.push(() => outbound.close());
  let well = true;
  const clock = { now: () => 5000, monotonic: () => 0 };
  const beat = createHeartbeat({
    url: `http://127.0.0.1:1/canary`,
    intervalMs: 1000,
    method: 'GET',
    healthy: () => well,
    outbound,
    clock,
    log,
  });
  expect(await beat.beat()).toBe(false);
  expect(beat.status().lastError).toContain('cannot be reached');
  expect(beat.status().lastError).not.toContain('canary');
  const good = createHeartbeat({
    url: receiver.url,
    intervalMs: 1000,
    method: 'POST',
    healthy: () => well,
    outbound,
    clock,
    log,
  });
  expect(await good.beat()).toBe(true);
  expect(good.status()).toEqual({ lastAt: 5000, lastError: null });
  well = false;
  expect(await good.beat()).toBe(false);
  expect(receiver.received).toHaveLength(1);
  expect(await beat.beat()).toBe(false);
  expect(beat.status()).toEqual({ lastAt: null, lastError: 'Not sent: Auspex is not well.' });
});
