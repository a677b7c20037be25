import { expect, test } from 'vitest';
import { redact, secretsIn } from './redact.ts';

test.each([
  [['records', 'postgres'], 'postgres://u:p@h/d', '[set]'],
  [['server', 'tls', 'key'], '/etc/key.pem', '/etc/key.pem'],
  [['notify', 'heartbeat', 'url'], 'https://h/x', '[set]'],
  [
    ['scrape', 'jobs'],
    [{ static_configs: [{ targets: ['u:p@h:1', 'h:1'] }] }],
    [{ static_configs: [{ targets: ['[set]@h:1', 'h:1'] }] }],
  ],
  [
    ['scrape', 'jobs'],
    [{ params: { token: ['x'], module: ['http_2xx'] } }],
    [{ params: { token: '[set]', module: ['http_2xx'] } }],
  ],
  [
    ['scrape', 'jobs'],
    [{ basic_auth: { username: 'u', password: 'p' } }],
    [{ basic_auth: { username: 'u', password: '[set]' } }],
  ],
  [
    ['scrape', 'jobs'],
    [{ relabel_configs: [{ target_label: '__param_key', replacement: 'x' }] }],
    [{ relabel_configs: [{ target_label: '__param_key', replacement: '[set]' }] }],
  ],
  [
    ['notify', 'channels'],
    [{ name: 'a', url: 'https://h/x', secret: 's', to: ['a@b.c'] }],
    [{ name: 'a', url: '[set]', secret: '[set]', to: ['a@b.c'] }],
  ],
  [
    ['notify', 'channels'],
    [
      { kind: 'slack', url: 'https://h/x' },
      { kind: 'pigeon', url: 'https://h/x' },
      { kind: 'alertmanager', url: 'http://u:p@am:9093', password: 'p', token: 't' },
      { kind: 'pagerduty', url: 'https://h/v2/enqueue', routingKey: 'k' },
    ],
    [
      { kind: 'slack', url: '[set]' },
      { kind: 'pigeon', url: '[set]' },
      { kind: 'alertmanager', url: 'http://[set]@am:9093', password: '[set]', token: '[set]' },
      { kind: 'pagerduty', url: 'https://h/v2/enqueue', routingKey: '[set]' },
    ],
  ],
] as const)('%j: what is secret is not shown', (path, value, shown) => {
  expect(redact(value, path)).toEqual(shown);
});

test('secrets are given with their parts, as errors may name those alone', () => {
  const config = {
    records: { postgres: 'postgres://u:p%2Fw-1@h/data' },
    notify: { channels: [{ kind: 'webhook', url: 'https://h/services/T0123456789abcdef/x?k=v4lue', secret: null }] },
    scrape: { jobs: [{ params: { token: ['t0k'] }, staticConfigs: [{ targets: ['u:pw@h:1'] }] }] },
  };
  const found = secretsIn(config);
  expect(found).toEqual(
    expect.arrayContaining([
      'p%2Fw-1',
      'p/w-1',
      'T0123456789abcdef',
      'v4lue',
      't0k',
      'pw',
      config.notify.channels[0]?.url,
    ]),
  );
  expect(found).not.toContain('h');
});
