import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { AuspexError } from '../errors.ts';
import { loadConfig } from './load.ts';

const folder = mkdtempSync(join(tmpdir(), 'auspex-notify-config-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const ops = { kind: 'webhook', name: 'ops', url: 'http://127.0.0.1:1/' };

function load(notify: object) {
  const file = join(folder, 'auspex.yaml');
  // JSON is YAML.
  writeFileSync(file, JSON.stringify({ notify: { channels: [ops], ...notify } }));
  return loadConfig({ env: {}, file, flags: { home: folder } }).config.notify;
}

test('hours, days and delays are read; what is left out matches all', () => {
  const { receivers, routes, escalations, outbox } = load({
    receivers: [{ name: 'team', to: ['ops'], quiet: [{ from: '22:00', to: '07:30' }], timeZone: 'Europe/Berlin' }],
    routes: [{ to: ['team'], match: ['env=prod'], hours: [{ days: ['mon', 'sun'], from: '0:00', to: '24:00' }] }],
    escalations: [{ name: 'e', steps: [{ after: '10m', to: ['ops', 'team'] }] }],
  });
  expect(receivers[0]?.quiet).toEqual([{ days: [0, 1, 2, 3, 4, 5, 6], fromMinute: 1320, toMinute: 450 }]);
  expect(routes[0]).toMatchObject({
    name: null,
    severity: [],
    continue: false,
    escalation: null,
    hours: [{ days: [1, 0], fromMinute: 0, toMinute: 1440 }],
  });
  expect(escalations).toEqual([{ name: 'e', steps: [{ after: 600_000, to: ['ops', 'team'] }], repeat: 0 }]);
  expect(outbox).toBe(10_000);
});

test.each([
  ['a route to nobody known', { routes: [{ to: ['opps'] }] }, 'notify.routes[0].to[0] is "opps", which is no channel'],
  ['a route without a receiver', { routes: [{ to: [] }] }, 'notify.routes[0].to'],
  [
    'an escalation to nobody known',
    { escalations: [{ name: 'e', steps: [{ after: '5m', to: ['x'] }] }] },
    'notify.escalations[0].steps[0].to[0]',
  ],
  [
    'a route with an unknown escalation',
    { routes: [{ to: ['ops'], escalation: 'e' }] },
    'notify.routes[0].escalation is "e"',
  ],
  [
    'a receiver with a channel’s name',
    { receivers: [{ name: 'ops', to: ['ops'] }] },
    'notify.receivers[0].name is "ops"',
  ],
  [
    'a circle',
    {
      receivers: [
        { name: 'a', to: ['b'] },
        { name: 'b', to: ['a'] },
      ],
    },
    'notify.receivers[0].to is "a", which leads back to itself',
  ],
  ['itself', { receivers: [{ name: 'a', to: ['a'] }] }, 'leads back to itself'],
  [
    'an hour that is none',
    { receivers: [{ name: 'a', to: ['ops'], quiet: [{ from: '25:00', to: '07:00' }] }] },
    'a time of the day',
  ],
  [
    'a minute that is none',
    { receivers: [{ name: 'a', to: ['ops'], quiet: [{ from: '22:60', to: '07:00' }] }] },
    'a time of the day',
  ],
  ['a zone that is none', { receivers: [{ name: 'a', to: ['ops'], timeZone: 'Mars/Base' }] }, 'timeZone'],
  [
    'an escalation at once',
    { escalations: [{ name: 'e', steps: [{ after: '1s', to: ['ops'] }] }] },
    'a duration from 1m',
  ],
  [
    'two escalations of one name',
    { escalations: [1, 2].map(() => ({ name: 'e', steps: [{ after: '5m', to: ['ops'] }] })) },
    'one name twice',
  ],
  ['an unknown key', { routes: [{ to: ['ops'], sevrity: ['high'] }] }, 'sevrity'],
  ['an unknown class', { routes: [{ to: ['ops'], class: ['fire'] }] }, 'notify.routes[0].class'],
  ['an outbox without room', { outbox: 1 }, 'notify.outbox'],
])('%s is refused by its place', (_, notify, words) => {
  let fault: unknown = null;
  try {
    load(notify);
  } catch (error) {
    fault = error;
  }
  expect(AuspexError.from(fault).code).toBe('CONFIG_INVALID');
  expect(AuspexError.from(fault).message).toContain(words);
});
