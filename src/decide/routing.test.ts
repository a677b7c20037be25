import { expect, test } from 'vitest';
import type { ChannelChoice } from './messages.ts';
import { noRouting, quietUntil, type Receiver, type Route, routeIncident, type RouteSubject } from './routing.ts';

const T0 = Date.parse('2026-01-05T12:00:00Z');
const NIGHT = Date.parse('2026-01-05T23:00:00Z');
const MORNING = Date.parse('2026-01-06T07:00:00Z');
const channels: readonly ChannelChoice[] = [
  { name: 'mail', minSeverity: 'medium' },
  { name: 'chat', minSeverity: 'medium' },
  { name: 'pager', minSeverity: 'critical' },
];
const subject: RouteSubject = {
  severity: 'high',
  class: 'disk-full',
  kind: 'threshold',
  entities: [{ id: 'host:1', name: 'db-1', service: 'db', labels: ['env', 'prod', 'instance', 'db-1:9100'] }],
};
const route = (more: Partial<Route> = {}): Route => ({
  name: 'r',
  severity: [],
  class: [],
  kind: [],
  service: [],
  entity: [],
  match: [],
  hours: [],
  timeZone: 'UTC',
  to: ['mail'],
  continue: false,
  escalation: null,
  ...more,
});
const nights = [{ days: [0, 1, 2, 3, 4, 5, 6], fromMinute: 22 * 60, toMinute: 7 * 60 }];
const receiver = (name: string, to: readonly string[], quiet: Receiver['quiet'] = []): Receiver => ({
  name,
  to,
  quiet,
  timeZone: 'UTC',
});
const reached = (routes: readonly Route[], more: Partial<RouteSubject> = {}, at = T0) =>
  routeIncident({ ...subject, ...more }, channels, { ...noRouting, routes }, at).targets.map(({ channel }) => channel);

test('without routes every channel is told that takes something so severe, and it is said which does not', () => {
  expect(reached([])).toEqual(['mail', 'chat']);
  expect(reached([], { severity: 'critical' })).toEqual(['mail', 'chat', 'pager']);
  expect(routeIncident(subject, channels, noRouting, T0).left).toEqual([
    { channel: 'pager', reason: 'It takes what is critical or worse.' },
  ]);
});

test.each<[string, Partial<Route>, boolean]>([
  ['its severity', { severity: ['high', 'critical'] }, true],
  ['another severity', { severity: ['critical'] }, false],
  ['its class', { class: ['disk-full'] }, true],
  ['another class', { class: ['crash'] }, false],
  ['its kind', { kind: ['threshold'] }, true],
  ['another kind', { kind: ['external'] }, false],
  ['its service', { service: ['shop', 'db'] }, true],
  ['another service', { service: ['shop'] }, false],
  ['its host by name', { entity: ['db-1'] }, true],
  ['its host by id', { entity: ['host:1'] }, true],
  ['another host', { entity: ['db-2'] }, false],
  [
    'its labels',
    {
      match: [
        { name: 'env', op: '=', value: 'prod' },
        { name: 'instance', op: '=~', value: 'db-.*' },
      ],
    },
    true,
  ],
  ['a label that differs', { match: [{ name: 'env', op: '!=', value: 'prod' }] }, false],
  ['a label that it has not', { match: [{ name: 'team', op: '=', value: 'x' }] }, false],
  ['its hours', { hours: [{ days: [1], fromMinute: 0, toMinute: 1440 }] }, true],
  ['other hours', { hours: nights }, false],
  ['all of it', { severity: ['high'], class: ['disk-full'], service: ['db'] }, true],
  ['all but one', { severity: ['high'], class: ['crash'], service: ['db'] }, false],
])('a route for %s', (_, more, holds) => {
  const { looked } = routeIncident(subject, channels, { ...noRouting, routes: [route(more)] }, T0);
  expect(looked[0]?.holds).toBe(holds);
  expect(looked[0]?.reason).toMatch(/\.$/);
});

test('the first that holds counts; one that says so goes on; where none holds everybody is told', () => {
  const [mail, chat] = [route(), route({ name: 's', to: ['chat'] })];
  expect(reached([mail, chat])).toEqual(['mail']);
  expect(reached([{ ...mail, continue: true }, chat])).toEqual(['mail', 'chat']);
  expect(reached([route({ severity: ['critical'] })])).toEqual(['mail', 'chat']);
});

test('the first escalation that is named holds', () => {
  const routes = [route({ continue: true }), route({ name: 's', escalation: 'night' })];
  expect(routeIncident(subject, channels, { ...noRouting, routes }, T0).escalation).toBe('night');
});

test('quiet hours keep back what is not critical, also of a receiver within another', () => {
  const routing = {
    ...noRouting,
    receivers: [receiver('team', ['kim', 'chat']), receiver('kim', ['mail'], nights)],
    routes: [route({ to: ['team'] })],
  };
  const at = (severity: RouteSubject['severity'], when: number) =>
    routeIncident({ ...subject, severity }, channels, routing, when).targets.map((one) => [
      one.channel,
      one.quietUntil,
    ]);
  expect(at('high', NIGHT)).toEqual([
    ['mail', MORNING],
    ['chat', null],
  ]);
  expect(at('critical', NIGHT)).toEqual([
    ['mail', null],
    ['chat', null],
  ]);
  expect(at('high', T0)[0]).toEqual(['mail', null]);
  const about = { receiver: 'team', channel: 'mail', severity: 'high' } as const;
  expect(quietUntil(about, routing, NIGHT)).toBe(MORNING);
  expect(quietUntil({ ...about, receiver: 'gone' }, routing, NIGHT)).toBe(null);
});

test('a channel that is reached twice is told once, by whoever is awake', () => {
  const routing = {
    ...noRouting,
    receivers: [receiver('sleeper', ['mail'], nights)],
    routes: [route({ to: ['sleeper', 'mail'] })],
  };
  expect(routeIncident(subject, channels, routing, NIGHT).targets).toMatchObject([
    { channel: 'mail', receiver: 'mail', quietUntil: null },
  ]);
});
