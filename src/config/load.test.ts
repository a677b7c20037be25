import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { AuspexError } from '../errors.ts';
import { type LoadOptions, loadConfig } from './load.ts';
import { diffConfig } from './reload.ts';

function fileWith(text: string): string {
  const path = join(mkdtempSync(join(tmpdir(), 'auspex-config-')), 'auspex.yaml');
  writeFileSync(path, text);
  return path;
}
const load = (text: string, more: LoadOptions = {}) =>
  loadConfig({ env: { HOME: '/h' }, file: fileWith(text), ...more });

function faultOf(text: string, more: LoadOptions = {}): AuspexError {
  try {
    load(text, more);
  } catch (error) {
    if (error instanceof AuspexError) return error;
    throw error;
  }
  throw new Error('The configuration was accepted.');
}

test('nothing configured gives every default', () => {
  const { config, file, explain } = loadConfig({ env: { HOME: '/h', AUSPEX_HOME: '/nowhere/auspex' } });
  expect(file).toBeNull();
  expect(config.home).toBe('/nowhere/auspex');
  expect(config.server).toMatchObject({
    listen: { host: '127.0.0.1', port: 4700 },
    basePath: '',
    hosts: [],
    tls: { cert: null, key: null },
    oidc: { issuer: null, clientId: null, clientSecret: null, roles: { viewer: [], admin: [] } },
  });
  expect(config.collect.interval).toBe(10_000);
  expect(config.store.quota).toBe(2e9);
  expect(config.retention).toMatchObject({ raw: 15 * 86_400_000, fiveMinute: 90 * 86_400_000 });
  expect(config.workers).toBe(1);
  expect(explain().every((setting) => setting.source === (setting.key === 'home' ? 'environment' : 'default'))).toBe(
    true,
  );
  expect(explain().every((setting) => setting.description !== '')).toBe(true);
});

test('flags go over the environment, the environment over the file, the file over defaults', () => {
  const { config, explain } = load(
    'server: { listen: "127.0.0.1:1", hosts: [a] }\ncollect: { interval: 20s }\nworkers: 2\nlog:\n',
    {
      env: {
        AUSPEX_LISTEN: '127.0.0.1:2',
        AUSPEX_SERVER_HOSTS: 'b, c',
        AUSPEX_WORKERS: '3',
        AUSPEX_COLLECT_HOST: 'false',
      },
      flags: { listen: ':3', interval: undefined, logLevel: 'debug' },
    },
  );
  expect(config.server.listen.port).toBe(3);
  expect(config.server.hosts).toEqual(['b', 'c']);
  expect(config.collect).toMatchObject({ host: false, interval: 20_000 });
  expect([config.workers, config.log.level]).toEqual([3, 'debug']);
  const sources = Object.fromEntries(explain().map((setting) => [setting.key, [setting.value, setting.source]]));
  expect(sources).toMatchObject({
    'server.listen': [':3', 'flag'],
    'server.hosts': [['b', 'c'], 'environment'],
    'collect.interval': ['20s', 'file'],
    'store.quota': ['2GB', 'default'],
  });
});

test.each([
  ['an unknown key', 'server:\n  listn: 1\n', ':2:3: server.listn is not a known key. Did you mean server.listen?', 2],
  [
    'a key in the wrong place',
    'interval: 5s\n',
    ':1:1: interval is not a known key. Did you mean collect.interval?',
    1,
  ],
  ['a key like no other', 'xyzzy: 5\n', 'Known here: home, server', 1],
  [
    'a wrong value',
    'workers: 1\ncollect:\n  interval: 10\n',
    ':3:13: collect.interval is 10. Expected a duration from 1s to 5m',
    3,
  ],
  [
    'a value out of bounds',
    'collect: { interval: 1h }',
    'collect.interval is "1h". Expected a duration from 1s to 5m',
    1,
  ],
  [
    'an unknown key deep in a scrape job',
    'scrape:\n  jobs:\n    - job_name: a\n      tls_config:\n        ca_fil: x\n',
    ':5:9: scrape.jobs[0].tls_config.ca_fil is not a known key. Did you mean scrape.jobs[0].tls_config.ca_file?',
    5,
  ],
  ['a wrong type', 'server: 5\n', ':1:9: server is 5. Expected a table of keys.', 1],
  ['a wrong choice', 'log:\n  level: loud\n', 'log.level is "loud". Expected one of trace, debug', 2],
  [
    'a missing key in a list',
    'notify:\n  channels:\n    - kind: webhook\n      name: x\n',
    ':3:7: notify.channels[0].url is missing',
    3,
  ],
  [
    'an unknown key in a list',
    'notify:\n  channels:\n    - kind: webhook\n      name: x\n      url: http://a\n      secrt: s\n',
    ':6:7: notify.channels[0].secrt is not a known key. Did you mean notify.channels[0].secret?',
    6,
  ],
  [
    'an unknown kind',
    'notify:\n  channels:\n    - kind: pigeon\n',
    'notify.channels[0].kind is "pigeon". Expected one of the known kinds',
    3,
  ],
  ['a key twice', 'workers: 1\nworkers: 2\n', ':2:1: the key stands there twice', 2],
  ['a range that is none', 'outbound: { allow: [10.0.0.0/99] }', 'Expected an address range', 1],
  ['a zone that is none', 'timeZone: Mars/Olympus', 'Expected an IANA time zone', 1],
  [
    'a clear limit on the bad side',
    'alerts:\n  rules:\n    - {name: a, metric: m, op: ">", limit: 5, clear: 6}\n',
    'alerts.rules[0].clear is 6. Expected a value on the good side',
    3,
  ],
  [
    'a channel name twice',
    'notify:\n  channels:\n    - {kind: webhook, name: a, url: "http://a"}\n    - {kind: webhook, name: a, url: "http://b"}\n',
    ':4:29: notify.channels[1].name is "a", which stands there twice',
    4,
  ],
  [
    'a Slack channel without its address',
    'notify:\n  channels:\n    - {kind: slack, name: a}\n',
    'notify.channels[0].url is missing. Expected it, or urlFile with the file',
    3,
  ],
  [
    'a PagerDuty channel without its key',
    'notify:\n  channels:\n    - {kind: pagerduty, name: a}\n',
    'notify.channels[0].routingKey is missing. Expected it, or routingKeyFile',
    3,
  ],
  ['half of TLS', 'server:\n  tls: { cert: a.pem }\n', 'server.tls.key is missing', 2],
  [
    'a provider without https',
    'server:\n  oidc: { issuer: "http://id.example", clientId: a, roles: { viewer: ["*"] } }\n',
    'server.oidc.issuer is not https',
    2,
  ],
  [
    'a provider that gives no role',
    'server:\n  oidc: { issuer: "https://id.example", clientId: a }\n',
    'gives nobody a role',
    2,
  ],
  ['a provider without a name for us', 'server:\n  oidc: { issuer: "https://id.example" }\n', 'clientId is missing', 2],
  ['broken YAML', 'server:\n  hosts: [a\n', ':', 3],
  ['no table', '- 1\n', 'the file holds no table of keys', 1],
  ['a prototype', '__proto__: { workers: 9 }\n', '__proto__ is not a known key', 1],
])('%s is named with its line', (_, text, words, line) => {
  const fault = faultOf(text);
  expect(fault.code).toBe('CONFIG_INVALID');
  expect(fault.message).toContain(words);
  expect(fault.data['line']).toBe(line);
});

test('all faults are named at once, each with its source', () => {
  const fault = faultOf('workers: 0\nlog: { level: x }\n', {
    env: { AUSPEX_INTERVAL: 'soon' },
    flags: { listen: 'there' },
  });
  expect(fault.message).toContain('AUSPEX_INTERVAL: collect.interval is "soon"');
  expect(fault.message).toContain('--listen: server.listen is "there"');
  expect(fault.message).toContain(':1:10: workers is 0. Expected a number of at least 1.');
  expect(fault.message).toContain(':2:15: log.level');
});

test('a file that was named must be there; the default one need not', () => {
  expect(() => loadConfig({ env: {}, file: '/nowhere/a.yaml' })).toThrow(
    '/nowhere/a.yaml cannot be read: it is not there',
  );
  expect(loadConfig({ env: { AUSPEX_HOME: '/nowhere' } }).filePath).toBe('/nowhere/auspex.yaml');
});

test('an unknown variable is told, not obeyed', () => {
  const { warnings } = loadConfig({ env: { AUSPEX_HOME: '/nowhere', AUSPEX_LISTN: 'x', AUSPEX_TOKEN: 'y' } });
  expect(warnings).toEqual([
    expect.stringContaining('AUSPEX_LISTN is not known and has no effect. Did you mean AUSPEX_LISTEN?'),
  ]);
});

const withSecrets = `
records: { postgres: "postgres://u:canary1@db/x" }
notify:
  heartbeat: { url: "https://hc.example/canary2" }
  channels:
    - { kind: webhook, name: a, url: "https://chat.example/canary3", secret: canary4 }
    - { kind: email, name: b, host: mail, from: a@b, to: [c@d], user: u, password: canary5 }
scrape:
  jobs:
    - { job_name: a, bearer_token: canary7 }
    - { job_name: b, basic_auth: { username: u, password: canary8 } }
    - { job_name: c, authorization: { credentials: canary9 } }
`;

test('secrets never come out of the explanation or of a message', () => {
  const { explain, config } = load(withSecrets);
  const text = JSON.stringify(explain());
  expect(text).not.toContain('canary');
  expect(text).toContain('[set]');
  expect(config.notify.channels[0]).toMatchObject({ secret: 'canary4' });
  const fault = faultOf('notify: { channels: [{ kind: webhook, name: a, url: canary6, secret: 5 }] }');
  expect(fault.message).toContain('notify.channels[0].url is "[set]"');
  expect(fault.message).not.toContain('canary');
});

test('the address of a channel can stand in a file of its own, and is looked at there', () => {
  const text = (file: string) => `notify:\n  channels:\n    - { kind: slack, name: a, urlFile: ${file} }\n`;
  const { config, explain } = load(text(fileWith('https://hooks.example/services/canary\n')));
  expect(config.notify.channels[0]).toMatchObject({ kind: 'slack', url: 'https://hooks.example/services/canary' });
  expect(JSON.stringify(explain())).not.toContain('canary');
  const fault = faultOf(text(fileWith('canary\n')));
  expect(fault.message).toContain('notify.channels[0].url is no address');
  expect(fault.message).not.toContain('canary\n');
  expect(faultOf(text(fileWith('\n'))).message).toContain('notify.channels[0].url is missing');
});

test('a secret can stand in a file of its own', () => {
  const secret = fileWith('hush\n');
  const text = (more: string) =>
    `notify:\n  channels:\n    - kind: webhook\n      name: a\n      url: http://a\n      secretFile: ${secret}\n${more}`;
  expect(load(text('')).config.notify.channels[0]).toMatchObject({ secret: 'hush' });
  expect(faultOf(text('      secret: x\n')).message).toContain(
    ':6:19: notify.channels[0].secretFile and notify.channels[0].secret are both set',
  );
  const model = `models: { external: [{ name: m, url: http://a, tokenFile: ${secret} }] }`;
  expect(load(model).config.models.external[0]).toMatchObject({ token: 'hush' });
  const provider = `server: { oidc: { issuer: http://localhost:1, clientId: a, roles: { viewer: ['*'] }, clientSecretFile: ${secret} } }`;
  expect(load(provider).config.server.oidc).toMatchObject({ clientSecret: 'hush' });
  expect(faultOf('records:\n  postgresFile: nowhere\n').message).toContain(
    ':2:17: records.postgresFile is "nowhere", which cannot be read (ENOENT)',
  );
});

test('a reload says what took effect and what waits for a restart', () => {
  const before = load('log: { level: info }').config;
  const after = load('log: { level: debug }\nworkers: 2\nalerts: { starter: { host-silent: false } }').config;
  expect(diffConfig(before, { ...after, home: before.home })).toEqual({
    changed: ['alerts.starter', 'log.level'],
    needRestart: ['workers'],
  });
  expect(diffConfig(before, before)).toEqual({ changed: [], needRestart: [] });
});
