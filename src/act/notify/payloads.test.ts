import { expect, test } from 'vitest';
import type { NotificationRow } from '../../model/index.ts';
import { alertmanagerSender, postedAlert } from './alertmanager.ts';
import { type About, outboxRow, type Message, type Part } from './channel.ts';
import { messageOf } from './message.ts';
import { pagerdutyEvent } from './pagerduty.ts';
import { shorten } from './shorten.ts';
import { slackBody } from './slack.ts';
import { teamsBody } from './teams.ts';

const T0 = Date.UTC(2026, 0, 1);
const PAGE = 'https://auspex.example/ops';

const disk: About = {
  rule: 'disk-full',
  kind: 'threshold',
  entityId: 'host:4f2e',
  subject: '/var',
  resource: 'disk',
  startedAt: T0,
  resolvedAt: null,
  summary: 'Disk /var is 97 % full, 1.2 GiB left',
  action: 'Free space on /var',
  entityName: 'db-1',
  instance: 'db-1',
};

function row(id: string, more: Partial<Part> = {}): NotificationRow & Part {
  const { about = disk, ...rest } = more;
  const notification = {
    id: `n-${id}`,
    kind: 'firing',
    alertId: id,
    incidentId: null,
    channel: 'ops',
    receiver: null,
    deduplicationKey: id,
    title: 'critical: db-1: Disk /var is 97 % full, 1.2 GiB left',
    body: 'Disk /var is 97 % full, 1.2 GiB left.\nWhere: db-1, /var. Rule: disk-full.\nWhat to do: Free space on /var.',
    severity: 'critical',
    createdAt: T0 + 120_000,
    ...rest,
  } as const;
  return { ...outboxRow(notification, 0), about };
}

const over = (id: string): NotificationRow & Part =>
  row(id, {
    id: `n-${id}-end`,
    kind: 'resolved',
    title: 'resolved: db-1: Disk /var is 97 % full, 1.2 GiB left',
    about: { ...disk, resolvedAt: T0 + 600_000 },
    createdAt: T0 + 600_000,
  });
const trial = (): NotificationRow & Part =>
  row('test-1', { kind: 'test', alertId: null, title: 'Test message of Auspex', severity: 'none', about: null });
const odd = (): NotificationRow & Part =>
  row('odd', {
    title: 'high: <!channel> & co: *_x_*',
    body: '<https://evil.example|click> & _node_load1_',
    severity: 'high',
    about: { ...disk, subject: '{a="<b>"}', entityName: 'a&b' },
  });

const cases: Readonly<Record<string, Message>> = {
  one: messageOf([row('a1')]),
  over: messageOf([over('a1')]),
  group: messageOf([row('a1'), row('a2', { severity: 'medium', title: 'medium: web-1: slow' }), over('a3')]),
  odd: messageOf([odd()]),
  test: messageOf([trial()]),
};

test.each(Object.entries(cases))('the payloads of "%s" are those on file', async (name, message) => {
  const bodies = {
    slack: slackBody(message, PAGE),
    teams: teamsBody(message, PAGE),
    pagerduty: message.parts.map((part) => pagerdutyEvent(part, 'R0UT1NG', PAGE)),
    alertmanager: message.parts.map((part) => postedAlert(part, T0 + 700_000, PAGE)),
  };
  for (const [channel, body] of Object.entries(bodies)) {
    const file = `../../../test/golden/notify/${channel}-${name}.json`;
    await expect(`${JSON.stringify(body, null, 2)}\n`).toMatchFileSnapshot(file);
  }
});

const long = '<&>'.repeat(4000);
const longRow = (id: string) => row(id, { title: `${id} ${long}`, body: long, about: { ...disk, subject: long } });

/** Every text of a tree of blocks, with the kind of block that it stands in. */
function textsOf(value: unknown, within = ''): { within: string; text: string }[] {
  if (typeof value !== 'object' || value === null) return [];
  const type = 'type' in value && typeof value.type === 'string' ? value.type : within;
  const own = 'text' in value && typeof value.text === 'string' ? [{ within, text: value.text }] : [];
  return [
    ...own,
    ...Object.values(value).flatMap((inner) => textsOf(inner, /plain|mrkdwn/.test(type) ? within : type)),
  ];
}

test.each([1, 2, 50])('Slack’s limits are kept by a message of %i long alerts', (count) => {
  const message = messageOf(Array.from({ length: count }, (_, i) => longRow(`a${i}`)));
  const { blocks, text } = slackBody(message, PAGE);
  expect(blocks.length).toBeLessThanOrEqual(50);
  expect(text.length).toBeLessThanOrEqual(3000);
  for (const { within, text: words } of textsOf(blocks)) {
    expect(words.length).toBeLessThanOrEqual(within === 'header' ? 150 : 3000);
    // An entity cut in half would show as one.
    expect(words.replaceAll(/&(amp|lt|gt);/g, '')).not.toMatch(/[<>&]/);
  }
  const fields = blocks.flatMap((block) => (block['fields'] ?? []) as { text: string }[]);
  expect(fields.length).toBe(count === 1 ? 4 : 0);
  for (const field of fields) expect(field.text.length).toBeLessThanOrEqual(2000);
  if (count === 50) expect(JSON.stringify(blocks)).toContain('And 4 more');
});

test.each([1, 2, 50])(
  'Teams’ limit is kept by a message of %i long alerts, and what is left out is counted',
  (count) => {
    const message = messageOf(Array.from({ length: count }, (_, i) => longRow(`a${i}`)));
    const body = JSON.stringify(teamsBody(message, PAGE));
    expect(Buffer.byteLength(body)).toBeLessThanOrEqual(28_000);
    expect(/And \d+ more\./.test(body)).toBe(count === 50);
    for (const worst of ['\u{1F525}\n', '\u0001', '語']) {
      const subject = worst.repeat(4000);
      const wide = messageOf([row('a', { body: subject, title: subject, about: { ...disk, subject, rule: subject } })]);
      expect(Buffer.byteLength(JSON.stringify(teamsBody(wide, PAGE)))).toBeLessThanOrEqual(28_000);
    }
  },
);

test('PagerDuty’s limits are kept', () => {
  const event = pagerdutyEvent({ ...longRow('a'), deduplicationKey: 'k'.repeat(300) }, 'key', null);
  const payload = event['payload'] as { summary: string };
  expect(payload.summary).toHaveLength(1024);
  expect(event['dedup_key']).toHaveLength(255);
  expect(event['links']).toBeUndefined();
});

test('an alert keeps its labels from its beginning to its end; only the end lies in the past', () => {
  const [first, last] = [row('a1'), over('a1')].map((part) => postedAlert(part, T0 + 700_000, null));
  expect(last?.labels).toEqual(first?.labels);
  expect(first?.endsAt).toBe(new Date(T0 + 700_000 + 3_600_000).toISOString());
  expect(last?.endsAt).toBe(new Date(T0 + 600_000).toISOString());
  const early = postedAlert(over('a1'), T0 - 1000, null);
  expect(early.startsAt <= early.endsAt).toBe(true);
});

test('Alertmanager gets one state of an alert in one request', async () => {
  const bodies: string[] = [];
  const clock = { now: () => T0 + 700_000, monotonic: () => 0 };
  const outbound = {
    request: async (_: string | URL, how: { body?: string | Uint8Array }) => {
      bodies.push(String(how.body));
      return { status: 200, headers: {}, body: new Uint8Array() };
    },
    open: () => Promise.reject(new Error('not called')),
    resolve: () => Promise.reject(new Error('not called')),
    reach: () => Promise.reject(new Error('not called')),
    close: async () => {},
  };
  const sender = alertmanagerSender(
    {
      kind: 'alertmanager',
      name: 'am',
      minSeverity: 'medium',
      timeout: 1000,
      url: 'http://am:9093/',
      user: null,
      password: null,
      token: null,
    },
    { outbound, clock, pageUrl: null },
  );
  await sender.send(messageOf([row('a1'), over('a1'), row('a2')]), new AbortController().signal);
  const sent = JSON.parse(bodies[0] ?? '[]') as { endsAt: string }[];
  expect(sent.map(({ endsAt }) => Date.parse(endsAt) < T0 + 700_000)).toEqual([true, false]);
});

test.each([
  ['abc', 3, 'abc'],
  ['abcd', 3, 'ab…'],
  ['', 3, ''],
  ['\u{1F525}\u{1F525}', 3, '\u{1F525}…'],
])('%j within %i is %j', (text, limit, short) => {
  expect(shorten(text, limit)).toBe(short);
  expect(shorten(text, limit).isWellFormed()).toBe(true);
});

test('what is written longer is never cut within', () => {
  const write = (character: string) => (character === '&' ? '&amp;' : character);
  expect(shorten('a&b', 7, write)).toBe('a&amp;b');
  expect(shorten('a&bc', 7, write)).toBe('a&amp;…');
  expect(shorten('a&bc', 6, write)).toBe('a…');
});
