import { expect, test } from 'vitest';
import {
  type Channel,
  hoursText,
  messageText,
  notificationSentence,
  type Route,
  routeText,
} from './notification-words.ts';

const NOW = Date.UTC(2026, 5, 1, 12);
const ops: Channel = {
  name: 'ops',
  kind: 'email',
  target: 'ops@example.org',
  minSeverity: 'medium',
  changes: false,
  delivered: 3,
  waiting: 0,
  givenUp: 0,
  lastError: null,
  failingSinceAt: null,
  waitingSinceAt: null,
  lastDeliveredAt: null,
};

test.each([
  ['no channel', [], /^Nobody is told/],
  ['all well', [ops], /^Everyone is reached\.$/],
  [
    'something waits for quiet hours',
    [{ ...ops, waiting: 2 }],
    /^Everyone is reached\. 2 messages wait for its time\.$/,
  ],
  ['something was given up', [{ ...ops, givenUp: 1 }], /before, messages to ops were given up/],
  [
    'one is dead',
    [
      ops,
      {
        ...ops,
        name: 'chat',
        kind: 'slack',
        waiting: 4,
        lastError: 'connection refused',
        failingSinceAt: new Date(NOW - 60_000).toISOString(),
      },
    ],
    /^chat \(Slack\) takes nothing since .+: connection refused\. 4 messages wait\.$/,
  ],
  [
    'one was dead before a restart',
    [{ ...ops, waiting: 1, lastError: 'HTTP 500.', waitingSinceAt: new Date(NOW - 60_000).toISOString() }],
    /^ops \(e-mail\) takes nothing since .+: HTTP 500\. One message waits\.$/,
  ],
] as const)('%s', (_, channels, sentence) => {
  expect(notificationSentence(channels, NOW)).toMatch(sentence);
});

test('hours and routes read as people say them', () => {
  expect(hoursText({ days: ['mon', 'tue', 'wed', 'thu', 'fri'], from: '08:00', to: '18:00' })).toBe(
    'Mon–Fri 08:00–18:00',
  );
  expect(hoursText({ days: ['sun', 'mon', 'tue', 'wed', 'thu', 'fri', 'sat'], from: '22:00', to: '07:00' })).toBe(
    '22:00–07:00',
  );
  const route: Route = {
    name: 'r',
    severity: ['high', 'critical'],
    class: [],
    kind: [],
    service: ['shop'],
    entity: [],
    match: ['env=prod'],
    hours: [],
    timeZone: 'UTC',
    to: ['ops'],
    continue: false,
    escalation: null,
  };
  expect(routeText(route)).toBe('High or critical; service shop; labels env=prod.');
  expect(routeText({ ...route, severity: [], service: [], match: [] })).toBe('Everything.');
});

test('where a message stands', () => {
  const message = {
    id: 'n',
    kind: 'firing',
    incidentId: null,
    channel: 'ops',
    receiver: null,
    title: 't',
    severity: 'high',
    createdAt: new Date(NOW).toISOString(),
    state: 'waiting',
    tries: 2,
    nextTryAt: new Date(NOW + 5000).toISOString(),
    keptUntilAt: null,
    lastError: 'HTTP 500',
    deliveredAt: null,
  } as const;
  expect(messageText(message, NOW)).toMatch(/^HTTP 500\. Tried 2 times, next in 5\ss\.$/);
  expect(messageText({ ...message, tries: 0 }, NOW)).toMatch(/^Not tried yet, next in 5\ss\.$/);
  expect(messageText({ ...message, keptUntilAt: new Date(NOW + 60_000).toISOString() }, NOW)).toMatch(
    /^Quiet hours until/,
  );
  expect(messageText({ ...message, state: 'given-up' }, NOW)).toBe('HTTP 500');
});
