import { afterEach, beforeAll, expect, test } from 'vitest';
import type { Channel } from '../../../src/act/notify/channel.ts';
import { createNotifier } from '../../../src/act/notify/notifier.ts';
import type { Alert, Notification } from '../../../src/model/index.ts';
import { createOutbound } from '../../../src/platform/outbound.ts';
import { createLogger } from '../../../src/telemetry/log.ts';
import { memoryRecordStore } from './memory-record-store.ts';
import { toldIncident } from './told-incident.ts';
import { webhookReceiver } from './receivers.ts';

/* The channels that speak a service's own language, against a receiver that fails in every way a service does. */

const SECOND = 1000;
const T0 = Date.UTC(2026, 0, 1);
const cleanUp: (() => unknown)[] = [];
// The HTTP client is loaded with the first request; on a busy machine that alone would be a time-out.
beforeAll(async () => {
  const [receiver, outbound] = [await webhookReceiver(), createOutbound()];
  await outbound.request(receiver.url, { purpose: 'configured', timeoutMs: 30_000 });
  await outbound.close();
  await receiver.die();
});
afterEach(async () => {
  for (const close of cleanUp.splice(0)) await close();
});

const base = { name: 'ops', minSeverity: 'medium', timeout: 800 } as const;
const kinds = {
  slack: (url: string): Channel => ({ ...base, kind: 'slack', url }),
  teams: (url: string): Channel => ({ ...base, kind: 'teams', url }),
  pagerduty: (url: string): Channel => ({ ...base, kind: 'pagerduty', url, routingKey: 'canary-key' }),
  alertmanager: (url: string): Channel => ({
    ...base,
    kind: 'alertmanager',
    url,
    user: 'u',
    password: 'canary-password',
    token: null,
  }),
} as const;
type Kind = keyof typeof kinds;
const names = Object.keys(kinds) as Kind[];

function alertRow(id: string, more: Partial<Alert> = {}): Alert {
  return {
    id,
    rule: 'disk-full',
    kind: 'threshold',
    entityId: 'host:a',
    subject: id,
    resource: 'disk',
    severity: 'high',
    state: 'firing',
    startedAt: T0,
    firedAt: T0,
    resolvedAt: null,
    lastAt: T0,
    value: null,
    limit: null,
    unit: '',
    summary: `Disk ${id} is full`,
    action: 'Free space',
    findingId: null,
    suppressedBy: null,
    incidentId: null,
    ...more,
  };
}

async function setUp(kind: Kind) {
  const receiver = await webhookReceiver();
  const outbound = createOutbound();
  cleanUp.push(receiver.die, () => outbound.close());
  const clock = { at: T0, now: () => clock.at, monotonic: () => clock.at };
  const records = memoryRecordStore();
  const notifier = createNotifier({
    records,
    channels: [kinds[kind](receiver.url)],
    clock,
    random: { next: () => 0.5 },
    outbound,
    log: createLogger('silent'),
  });
  return {
    receiver,
    records,
    notifier,
    clock,
    /** An alert's row with its message, as the engine writes both. */
    send: async (id: string, messageKind: 'firing' | 'resolved' = 'firing') => {
      const isOver = messageKind === 'resolved';
      await records.put('alerts', [
        alertRow(id, isOver ? { state: 'resolved', resolvedAt: clock.at, lastAt: clock.at } : {}),
      ]);
      await records.put('incidents', [toldIncident(id, id)]);
      const notification: Notification = {
        id: `${id}-${messageKind}`,
        kind: messageKind,
        alertId: id,
        incidentId: id,
        channel: 'ops',
        receiver: null,
        deduplicationKey: id,
        title: `high: web-1: ${id}`,
        body: `${id}.\nWhat to do: look.`,
        severity: 'high',
        createdAt: clock.at,
      };
      await notifier.enqueue([notification]);
    },
    pass: async (seconds: number) => {
      clock.at += seconds * SECOND;
      await notifier.run();
    },
    row: (id: string, messageKind = 'firing') => records.get('notifications', `${id}-${messageKind}`),
    /** Bodies that were received, as which alerts they tell of. */
    told: () => receiver.received.map((got) => (/a\d/.exec(got.body) ?? ['none'])[0]),
  };
}

test.each(names)(
  '%s: what fails, hangs or hangs up is tried again until it is taken, and then no more',
  async (kind) => {
    const t = await setUp(kind);
    await t.send('a1');
    const faults = [
      [(response) => void response.writeHead(500).end('sick'), 'HTTP 500: sick'],
      [() => {}, 'did not answer within 0.8 s'],
      [(response) => void response.destroy(), 'cannot be reached'],
      [(response) => void response.writeHead(503).end(), 'HTTP 503'],
    ] satisfies [typeof t.receiver.behave, string][];
    let seconds = 30;
    for (const [behave, words] of faults) {
      t.receiver.behave = behave;
      await t.pass(seconds);
      seconds = 60;
      expect((await t.row('a1'))?.lastError).toContain(words);
      expect(t.notifier.health().state).toBe('degraded');
    }
    t.receiver.behave = (response) => void response.writeHead(kind === 'slack' ? 200 : 202).end('ok');
    await t.pass(60);
    expect(await t.row('a1')).toMatchObject({ state: 'delivered', tries: faults.length + 1, lastError: null });
    expect(t.notifier.health().state).toBe('ok');
    const before = t.receiver.received.length;
    expect(before).toBe(faults.length + 1);
    // Every try said the same, but for Alertmanager's end of an alert, which is counted from now.
    const bodies = t.receiver.received.map(({ body }) => body.replaceAll(/"endsAt":"[^"]+"/g, ''));
    expect(new Set(bodies).size).toBe(1);
    await t.pass(30);
    expect(t.receiver.received).toHaveLength(before);
  },
);

test.each(names)('%s: Retry-After is kept to', async (kind) => {
  const t = await setUp(kind);
  t.receiver.behave = (response) => void response.writeHead(429, { 'retry-after': '120' }).end('rate_limited');
  await t.send('a1');
  await t.pass(30);
  await t.pass(30);
  await t.pass(89);
  expect(t.receiver.received).toHaveLength(1);
  t.receiver.behave = (response) => void response.end('ok');
  await t.pass(1);
  expect(await t.row('a1')).toMatchObject({ state: 'delivered', tries: 2 });
});

test.each([
  ['slack', 404, 'no_service'],
  ['slack', 400, 'invalid_payload'],
  ['teams', 413, 'Request Entity Too Large'],
  ['pagerduty', 400, '{"status":"invalid event"}'],
  ['alertmanager', 400, 'start time must be before end time'],
] as const)('%s: %i %s is a refusal, which holds up nothing else', async (kind, status, words) => {
  const t = await setUp(kind);
  t.receiver.behave = (response, { body }) => {
    if (body.includes('a1')) response.writeHead(status).end(words);
    else response.end('ok');
  };
  await t.send('a1');
  await t.pass(30);
  expect((await t.row('a1'))?.lastError).toBe(`Refused: HTTP ${status}: ${words}`);
  await t.send('a2');
  await t.pass(30);
  expect(await t.row('a2')).toMatchObject({ state: 'delivered' });
  expect(await t.row('a1')).toMatchObject({ state: 'waiting' });
});

test.each(['slack', 'teams', 'alertmanager'] as const)('%s: a group of alerts is one request', async (kind) => {
  const t = await setUp(kind);
  for (const id of ['a1', 'a2', 'a3']) await t.send(id);
  await t.pass(30);
  expect(t.receiver.received).toHaveLength(1);
  for (const id of ['a1', 'a2', 'a3']) expect(t.receiver.received[0]?.body).toContain(id);
});

interface Event {
  readonly dedup_key: string;
  readonly event_action: string;
}

test('pagerduty: of a group that broke in the middle the rest goes out again, each under its own key', async () => {
  const t = await setUp('pagerduty');
  const events = () => t.receiver.received.map(({ body }) => JSON.parse(body) as Event);
  t.receiver.behave = (response, { body }) =>
    void response.writeHead(body.includes('"a2"') ? 500 : 202).end('{"status":"success"}');
  for (const id of ['a1', 'a2', 'a3']) await t.send(id);
  await t.pass(30);
  expect(events().map((event) => event.dedup_key)).toEqual(['a1', 'a2']);
  expect(await t.row('a1')).toMatchObject({ state: 'delivered' });
  expect((await t.row('a3'))?.lastError).toContain('(1 of 3 events taken)');
  t.receiver.behave = (response) => void response.writeHead(202).end();
  await t.send('a2', 'resolved');
  await t.pass(60);
  await t.pass(60);
  expect(events().map((event) => `${event.dedup_key} ${event.event_action}`)).toEqual([
    'a1 trigger',
    'a2 trigger',
    'a2 trigger',
    'a3 trigger',
    'a2 resolve',
  ]);
});

test('pagerduty: one event that is refused does not keep the others of its group', async () => {
  const t = await setUp('pagerduty');
  t.receiver.behave = (response, { body }) => void response.writeHead(body.includes('"a1"') ? 400 : 202).end();
  await t.send('a1');
  await t.send('a2');
  await t.pass(30);
  expect(await t.row('a1')).toMatchObject({ state: 'waiting', lastError: 'Refused: HTTP 400 (1 of 2 events taken)' });
  expect(await t.row('a2')).toMatchObject({ state: 'delivered', lastError: null });
  await t.send('a2', 'resolved');
  await t.pass(61);
  expect(await t.row('a2', 'resolved')).toMatchObject({ state: 'delivered' });
});

test('pagerduty: an alert’s end in the same millisecond comes after its beginning', async () => {
  const t = await setUp('pagerduty');
  await t.send('a1', 'resolved');
  await t.send('a1');
  await t.pass(30);
  const actions = t.receiver.received.map(({ body }) => (JSON.parse(body) as Event).event_action);
  expect(actions).toEqual(['trigger', 'resolve']);
});

test('alertmanager is reminded every minute of what was told there and goes on, and of nothing else', async () => {
  const t = await setUp('alertmanager');
  for (const id of ['a1', 'a2']) await t.send(id);
  // Fires, but nobody was told of it.
  await t.records.put('alerts', [alertRow('a3', { suppressedBy: 'Silenced' })]);
  await t.pass(30);
  await t.pass(59);
  expect(t.receiver.received.length).toBe(1);
  await t.pass(1);
  expect(t.receiver.received.length).toBe(2);
  const labelsOf = (body: string | undefined) =>
    (JSON.parse(body ?? '[]') as { labels: Record<string, string> }[]).map(({ labels }) => labels);
  expect(labelsOf(t.receiver.received[1]?.body)).toEqual(labelsOf(t.receiver.received[0]?.body));
  await t.send('a1', 'resolved');
  await t.pass(60);
  await t.pass(60);
  const last = labelsOf(t.receiver.received.at(-1)?.body);
  expect(last.map((labels) => labels['subject'])).toEqual(['a2']);
  expect(t.receiver.received[0]?.headers.authorization).toBe(
    `Basic ${Buffer.from('u:canary-password').toString('base64')}`,
  );
});

test('alertmanager: a reminder that fails is seen in the health, and the next one clears it', async () => {
  const t = await setUp('alertmanager');
  await t.send('a1');
  await t.pass(30);
  t.receiver.behave = (response) => void response.writeHead(500).end();
  await t.pass(60);
  expect(t.notifier.health()).toMatchObject({ state: 'degraded' });
  t.receiver.behave = (response) => void response.end();
  await t.pass(60);
  expect(t.notifier.health().state).toBe('ok');
  expect(await t.row('a1')).toMatchObject({ tries: 1 });
});

test.each(names)('%s: a test message says how it went; nothing shows a key', async (kind) => {
  const t = await setUp(kind);
  expect(await t.notifier.test('ops')).toMatchObject({ delivered: true });
  expect(t.receiver.received[0]?.body).toContain(kind === 'alertmanager' ? 'AuspexTest' : 'Test message of Auspex');
  if (kind === 'pagerduty') expect(t.receiver.received[1]?.body).toContain('"event_action":"resolve"');
  t.receiver.behave = (response) => void response.writeHead(404).end('no_service');
  expect(await t.notifier.test('ops')).toEqual({
    delivered: false,
    detail: expect.stringContaining('HTTP 404: no_service'),
  });
  expect(JSON.stringify(await t.notifier.channels())).not.toContain('canary-');
});
