import { spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { createServer as createHttpServer, request, type Server } from 'node:http';
import { type AddressInfo, createServer as createTcpServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Route, routes } from '../../src/api/contract/index.ts';
import { mainFile, type RunningAuspex, removeHome, startAuspex, temporaryHome, until } from '../e2e/running-auspex.ts';

/** Secrets by where they were put. Half of them have characters that an address has to escape. */
const canaries = new Map<string, string>();

function canary(where: string): string {
  const number = String(canaries.size + 1).padStart(2, '0');
  const text = `CaNaRy${number}${randomBytes(9).toString('hex')}${canaries.size % 2 === 0 ? '' : '/+ü'}`;
  canaries.set(where, text);
  return text;
}
/** As it stands in an address. */
const inUrl = (where: string): string => encodeURIComponent(canary(where));

const home = temporaryHome();
const outside = mkdtempSync(join(tmpdir(), 'auspex-canaries-'));
let receiver: Server;
let mail: ReturnType<typeof createTcpServer>;
let auspex: RunningAuspex;
/** Everything that Auspex said to anybody but the receivers it was told to call, by where. */
const said: [string, string][] = [];

const secretFile = (where: string): string => {
  const path = join(outside, `file-${canaries.size}`);
  writeFileSync(path, `${canary(where)}\n`, { mode: 0o600 });
  return path;
};

beforeAll(async () => {
  // Says back to whoever calls all that it was told, as a careless receiver does, and refuses.
  receiver = createHttpServer((incoming, response) => {
    const { authorization = '' } = incoming.headers;
    const basic = Buffer.from(authorization.replace(/^Basic /, ''), 'base64').toString();
    let body = '';
    incoming.setEncoding('utf8').on('data', (piece: string) => (body += piece));
    incoming.on('end', () => {
      const key = /"routing_key":"[^"]*"/.exec(body)?.[0] ?? '';
      const echo = `${key} ${incoming.url} ${decodeURIComponent(incoming.url ?? '')} ${authorization} ${basic} ${JSON.stringify(incoming.headers)}`;
      if (incoming.url?.startsWith('/broken') === true)
        response.end(`bad{authorization="${authorization}" ${authorization}\n`);
      else response.writeHead(500).end(`refused: ${echo}`);
    });
  });
  await new Promise<void>((done) => receiver.listen(0, '127.0.0.1', done));
  mail = createTcpServer((socket) => {
    socket.on('error', () => {});
    socket.write('220 mail ESMTP\r\n');
    socket.on('data', (line) => {
      const text = line.toString();
      if (/^EHLO/i.test(text)) socket.write('250-mail\r\n250 AUTH PLAIN LOGIN\r\n');
      else
        socket.write(
          `535 not you: ${text.trim()} ${Buffer.from(text.split(' ').at(-1) ?? '', 'base64')
            .toString()
            .replaceAll('\0', ' ')}\r\n`,
        );
    });
  });
  await new Promise<void>((done) => mail.listen(0, '127.0.0.1', done));
  writeFileSync(join(home, 'auspex.yaml'), config(), { mode: 0o600 });
  auspex = await startAuspex({
    home,
    env: {
      AUSPEX_COLLECT_HOST: 'false',
      AUSPEX_SECRET_KEY: keyCanary(),
      AUSPEX_SMTP_PASSWORD: canary('an unknown AUSPEX_ variable'),
      OTHER_PROGRAMS_PASSWORD: canary('a variable of another program'),
    },
  });
}, 60_000);
afterAll(async () => {
  await auspex?.stop();
  receiver.close();
  mail.close();
  removeHome(home);
  rmSync(outside, { recursive: true, force: true });
});

function keyCanary(): string {
  const key = randomBytes(32).toString('base64');
  canaries.set('the key in the environment', key);
  return key;
}

const portOf = (server: { address(): unknown }): number => (server.address() as AddressInfo).port;

function config(): string {
  const at = `127.0.0.1:${portOf(receiver)}`;
  const job = (name: string, more: object): object => ({
    job_name: name,
    scrape_interval: '1s',
    static_configs: [{ targets: [at] }],
    ...more,
  });
  const mailTo = {
    kind: 'email',
    host: '127.0.0.1',
    port: portOf(mail),
    tls: 'none',
    user: 'u',
    from: 'a@example.org',
    to: ['b@example.org'],
  };
  // JSON is YAML.
  return JSON.stringify({
    notify: {
      group: '0s',
      channels: [
        {
          kind: 'webhook',
          name: 'hook',
          url: `http://${at}/hooks/${inUrl('a webhook’s path')}/x?token=${inUrl('a webhook’s token')}&k=${inUrl('a webhook’s query')}`,
          secret: canary('a webhook’s secret'),
        },
        { kind: 'webhook', name: 'user', url: `http://user:${inUrl('a webhook’s password')}@${at}/a` },
        {
          kind: 'webhook',
          name: 'file',
          url: `http://${at}/b`,
          secretFile: secretFile('a webhook’s secret in a file'),
        },
        {
          kind: 'webhook',
          name: 'closed',
          url: `http://127.0.0.1:1/${inUrl('the path of a webhook that does not answer')}`,
        },
        { kind: 'webhook', name: 'tls', url: `https://${at}/${inUrl('the path of a webhook without TLS')}` },
        {
          kind: 'webhook',
          name: 'nowhere',
          url: `http://${canary('a webhook’s host').toLowerCase().replace(/\W/g, '')}.invalid/${inUrl('the path of a webhook whose host is not known')}`,
        },
        { kind: 'slack', name: 'slack', url: `http://${at}/services/${inUrl('the path of a Slack webhook')}` },
        {
          kind: 'teams',
          name: 'teams',
          urlFile: addressFile(`http://${at}/workflows/x?sig=${inUrl('the signature of a Teams workflow')}`),
        },
        {
          kind: 'pagerduty',
          name: 'pagerduty',
          url: `http://${at}/v2/enqueue`,
          routingKey: canary('a PagerDuty key'),
        },
        {
          kind: 'pagerduty',
          name: 'pagerduty-file',
          url: `http://${at}/v2/enqueue`,
          routingKeyFile: secretFile('a PagerDuty key in a file'),
        },
        {
          kind: 'alertmanager',
          name: 'am',
          url: `http://${at}`,
          user: 'u',
          password: canary('an Alertmanager password'),
        },
        { kind: 'alertmanager', name: 'am-token', url: `http://${at}/am`, token: ascii('an Alertmanager token') },
        { ...mailTo, name: 'mail', password: canary('an e-mail password') },
        { ...mailTo, name: 'mail-file', passwordFile: secretFile('an e-mail password in a file') },
      ],
      heartbeat: { url: `http://${at}/ping/${inUrl('a heartbeat’s path')}`, interval: '5s' },
    },
    scrape: {
      jobs: [
        job('basic', { basic_auth: { username: 'u', password: canary('a scrape’s password') } }),
        job('basic-file', {
          basic_auth: { username: 'u', password_file: secretFile('a scrape’s password in a file') },
        }),
        job('bearer', { bearer_token: ascii('a scrape’s bearer token') }),
        job('bearer-file', { bearer_token_file: asciiFile('a scrape’s bearer token in a file') }),
        job('header', { authorization: { type: 'ApiKey', credentials: ascii('a scrape’s credentials') } }),
        job('header-file', { authorization: { credentials_file: asciiFile('a scrape’s credentials in a file') } }),
        job('params', {
          params: {
            token: [canary('a scrape’s parameter')],
            'api-key': [canary('a scrape’s api-key')],
            module: ['http_2xx'],
          },
        }),
        job('label', { static_configs: [{ targets: [at], labels: { __param_secret: canary('a target’s label') } }] }),
        job('relabel', { relabel_configs: [{ target_label: '__param_token', replacement: canary('a relabelling') }] }),
        job('userinfo', { static_configs: [{ targets: [`user:${ascii('a target’s password')}@${at}`] }] }),
        job('broken', { metrics_path: '/broken', bearer_token: ascii('a bearer token that the page says back') }),
        job('key', { scheme: 'https', tls_config: { key_file: secretFile('a TLS key') } }),
      ],
    },
    alerts: { rules: [{ name: 'down', metric: 'up', op: '<', limit: 1, for: '0s', hold: '0s' }] },
  });
}

/** A header takes no other characters. */
function ascii(where: string): string {
  const text = canary(where).replaceAll(/[^\w]/g, '-');
  canaries.set(where, text);
  return text;
}
function asciiFile(where: string): string {
  const path = join(outside, `file-${canaries.size}`);
  writeFileSync(path, ascii(where));
  return path;
}

function addressFile(address: string): string {
  const path = join(outside, `file-${canaries.size}`);
  writeFileSync(path, address);
  return path;
}

async function call(
  where: string,
  path: string,
  how: { method?: string; headers?: Record<string, string>; body?: string } = {},
): Promise<void> {
  const { port } = new URL(auspex.url);
  await new Promise<void>((done, fail) => {
    request({ host: '127.0.0.1', port, path, method: how.method ?? 'GET', headers: how.headers ?? {} }, (answer) => {
      let text = JSON.stringify(answer.headers);
      answer.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
      answer.on('end', () => {
        said.push([where, text]);
        done();
      });
    })
      .on('error', fail)
      .end(how.body);
  });
}

const asAdmin = (): Record<string, string> => ({
  authorization: `Bearer ${auspex.token}`,
  'content-type': 'application/json',
});

async function callWithSecrets(): Promise<void> {
  const headers: Record<string, string> = {
    'x-api-key': ascii('X-Api-Key'),
    'x-csrf-token': ascii('X-CSRF-Token'),
    'proxy-authorization': `Basic ${Buffer.from(`u:${canary('Proxy-Authorization')}`).toString('base64')}`,
    referer: `https://elsewhere/?token=${inUrl('Referer')}`,
    cookie: `auspex_session=${ascii('a cookie')}; other=${ascii('another cookie')}`,
    'x-forwarded-for': ascii('X-Forwarded-For'),
  };
  await call('headers', '/api/status', { headers });
  await call('bearer', '/api/status', { headers: { authorization: `Bearer ${ascii('a wrong token')}` } });
  await call('basic', '/api/status', {
    headers: { authorization: `Basic ${Buffer.from(canary('a wrong password')).toString('base64')}` },
  });
  await call('origin', '/api/silences', {
    method: 'POST',
    headers: { origin: `http://u:${ascii('Origin')}@evil.example` },
  });
  await call('query', `/api/status?token=${inUrl('a query')}`, { headers: asAdmin() });
  await call('code', `/sign-in?code=${inUrl('a sign-in code')}`);
  await call('missing', `/api/nothing?password=${inUrl('the query of a missing page')}`);
  await call('socket', `/api/live?token=${inUrl('the query of a socket')}`, {
    headers: {
      connection: 'Upgrade',
      upgrade: 'websocket',
      'sec-websocket-version': '13',
      'sec-websocket-key': 'AAAAAAAAAAAAAAAAAAAAAA==',
    },
  });
  const post = { method: 'POST', headers: asAdmin() };
  await call('body', '/api/tokens', {
    ...post,
    body: JSON.stringify({
      name: 1,
      scope: canary('a wrong value in a body'),
      password: canary('an unknown key in a body'),
    }),
  });
  await call('json', '/api/silences', { ...post, body: `{"password": "${canary('a body that is no JSON')}", ` });
  await call('execution', '/ai/learning/record-execution', {
    ...post,
    body: JSON.stringify({ job: { secret: canary('a body of the wrong form') } }),
  });
  const signIn = (name: string, password: string): Promise<void> =>
    call('sign-in', '/api/session', {
      ...post,
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ name, password }),
    });
  await signIn('ann', canary('the password of a sign-in that fails'));
  await signIn(canary('a password where the name belongs'), 'x');
  await call('password', '/api/session/password', {
    ...post,
    body: JSON.stringify({ currentPassword: canary('a wrong old password'), password: canary('a new password') }),
  });
  await call('claim', '/api/session/account', {
    ...post,
    body: JSON.stringify({ name: 'no name!', password: canary('a first password') }),
  });
  await call('write', '/api/v1/write', { ...post, body: canary('a remote-write body') });
}

async function breakConfiguration(): Promise<void> {
  const path = join(home, 'auspex.yaml');
  const good = readFileSync(path);
  const bad = [
    `notify: { heartbeat: { url: *${ascii('an alias')} } }`,
    `notify: { heartbeat: { url: "ftp://u:${ascii('an address of the wrong kind')}@x/" } }`,
    `notify: { channels: [ { kind: webhook, name: a, url: 7, secret: [ ${ascii('a secret of the wrong type')} ] } ] }`,
    `scrape: { jobs: [ { job_name: a, bearer_tokens: ${ascii('a misspelt key')}, password: "${ascii('a key that is not known')}" } ] }`,
    `records: { postgres: "postgres://u:${ascii('a database address')}@x/y" `,
  ];
  for (const text of bad) {
    writeFileSync(path, text);
    await call('reload', '/api/settings/reload', { method: 'POST', headers: asAdmin() });
    for (const args of [['doctor'], ['analyze', '--json']]) said.push(['command', command(args)]);
  }
  writeFileSync(path, good);
}

function command(args: readonly string[]): string {
  const result = spawnSync(process.execPath, ['--disable-warning=ExperimentalWarning', mainFile, ...args], {
    env: { ...process.env, AUSPEX_HOME: home, AUSPEX_LISTEN: new URL(auspex.url).host },
    encoding: 'utf8',
    timeout: args[0] === 'agent' ? 3000 : 20_000,
  });
  return result.stdout + result.stderr;
}

async function readEverything(): Promise<void> {
  for (const route of Object.values(routes) as Route[]) {
    if (route.method !== 'GET') continue;
    const path = route.path.replace('{table}', 'alerts').replaceAll(/\{\w+\}/g, 'x');
    const query = route.path.includes('export/samples') ? `?match=${encodeURIComponent('{__name__=~".+"}')}` : '';
    await call(route.path, path + query, { headers: asAdmin() });
  }
}

function filesBelow(folder: string): string[] {
  return readdirSync(folder, { recursive: true })
    .map((name) => join(folder, String(name)))
    .filter((path) => statSync(path).isFile());
}

test('no canary comes out anywhere', { timeout: 120_000 }, async () => {
  await until('deliveries fail', 30, async () => {
    const { items } = await auspex.client.call('channels', {});
    return items.filter((channel) => channel.lastError !== null).length >= 13;
  });
  const channels = (await auspex.client.call('channels', {})).items;
  for (const { name } of channels)
    await call(`test ${name}`, `/api/channels/${name}/test`, { method: 'POST', headers: asAdmin() });
  await callWithSecrets();
  await breakConfiguration();
  await readEverything();
  const backup = join(outside, 'backup.tar.gz');
  said.push(['backup command', command(['backup', backup])]);
  const backupBytes = gunzipSync(readFileSync(backup));
  const bundle = join(outside, 'bundle.json.gz');
  said.push(['doctor', command(['doctor', '--bundle', bundle])]);
  said.push(['bundle', gunzipSync(readFileSync(bundle)).toString()]);
  said.push(['wrong token', command(['analyze', '--token', ascii('a token on the command line')])]);
  said.push([
    'agent',
    command([
      'agent',
      '--to',
      `http://u:${ascii('an agent’s address')}@127.0.0.1:1`,
      '--token',
      ascii('an agent’s token'),
    ]),
  ]);
  await auspex.stop();
  said.push(['log', auspex.output()]);
  const places: (readonly [string, Buffer])[] = said.map(([where, text]) => [where, Buffer.from(text)] as const);
  places.push(['backup', backupBytes]);
  for (const path of filesBelow(home)) if (!path.endsWith('auspex.yaml')) places.push([path, readFileSync(path)]);

  expect(canaries.size).toBeGreaterThanOrEqual(50);
  const found: string[] = [];
  for (const [where, secret] of canaries) {
    const bytes = Buffer.from(secret);
    const forms = [
      secret,
      encodeURIComponent(secret),
      JSON.stringify(secret).slice(1, -1),
      bytes.toString('base64').replace(/=+$/, ''),
      bytes.toString('base64url'),
    ];
    for (const [place, content] of places)
      if (forms.some((form) => content.includes(form))) {
        const at = content.toString('latin1').search(/CaNaRy/i);
        found.push(`${where} in ${place}: …${content.toString('latin1').slice(Math.max(0, at - 80), at + 60)}`);
      }
  }
  process.stderr.write(`${canaries.size} canaries, ${places.length} answers, logs and files: found ${found.length}\n`);
  expect(found).toEqual([]);
  // The test itself sees: the failing deliveries are told of.
  expect(auspex.output()).toContain('could not be delivered');
  expect(said.some(([where, text]) => where === '/api/targets' && text.includes('HTTP 500'))).toBe(true);
});
