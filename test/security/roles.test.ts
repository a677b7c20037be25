import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { WebSocket } from 'ws';
import { liveTopicAccess, liveTopics, type Route, routes } from '../../src/api/contract/index.ts';
import type { Role } from '../../src/model/index.ts';
import { rawRequest } from '../integration/api/raw-request.ts';
import { type Running, startServer } from '../integration/api/running-server.ts';

/* Every route and live topic against every caller, by a table that is written by hand; and against foreign pages and names. */

let running: Running;
beforeAll(async () => {
  running = await startServer();
});
afterAll(() => running.close());

const [heading = '', ...lines] = readFileSync(new URL('../golden/role-matrix.txt', import.meta.url), 'utf8')
  .split('\n')
  .filter((line) => line !== '' && !line.startsWith('#'));
const callers = heading.split(/\s+/).slice(1);
const golden = new Map<string, readonly string[]>(
  lines.map((line) => {
    const [verb = '', path = '', ...cells] = line.split(/\s+/);
    return [`${verb} ${path}`, cells] as const;
  }),
);

const contract: readonly Route[] = Object.values(routes);
const doors = [
  ...contract.map(({ method, path }) => `${method} ${path}`),
  // Beside the contract: the page. The sign-in link answers 401 itself, to a code that is not good.
  'GET /',
  ...liveTopics.map((topic) => `LIVE ${topic}`),
];

test('the table has every route and topic of the server, and every cell of each', () => {
  expect([...golden.keys()].sort()).toEqual([...doors].sort());
  for (const [door, cells] of golden) expect(cells.length, door).toBe(callers.length);
  expect(Object.keys(liveTopicAccess).sort()).toEqual([...liveTopics].sort());
});

/** A fresh session each time: some routes end it. */
async function personal(name: string, role: Role): Promise<Record<string, string>> {
  const { people } = running.access;
  const there = await running.records.get('users', name);
  const { code } = there === undefined ? (await people.add(name, role)).link : await people.reset(name);
  const { cookie, principal } = await running.access.redeemLink(code);
  return { cookie: `auspex_session_${running.port}=${cookie}`, 'x-csrf-token': principal.csrf ?? '' };
}

async function shutOut(): Promise<Record<string, string>> {
  const headers = await personal('zoe', 'admin');
  await running.records.update('users', { id: 'zoe' }, { disabledAt: 1 });
  return headers;
}

async function headersOf(caller: string): Promise<Record<string, string>> {
  const afar = { 'x-forwarded-for': '203.0.113.9' };
  switch (caller) {
    case 'here':
      return {};
    case 'afar':
      return afar;
    case 'viewer':
    case 'operator':
    case 'approver':
      return { ...afar, ...(await personal(caller, caller)) };
    case 'admin-user':
      return { ...afar, ...(await personal('anna', 'admin')) };
    case 'disabled':
      await running.records.update('users', { id: 'zoe' }, { disabledAt: null });
      return { ...afar, ...(await shutOut()) };
    default:
      return { ...afar, authorization: `Bearer ${running.tokens[caller as 'admin']}` };
  }
}

/** Past the door or not: what a handler makes of an empty body is not asked here. */
const cellOf = (status: number): string => (status === 401 || status === 403 ? String(status) : 'yes');

async function knock(door: string, headers: Record<string, string>): Promise<{ status: number; code: unknown }> {
  const [verb = '', path = ''] = door.split(' ');
  if (verb === 'LIVE') return { status: await live(path, headers), code: null };
  const route = contract.find((one) => one.method === verb && one.path === path);
  const takesJson = route?.body !== undefined;
  const body = route?.consumes !== undefined ? 'x' : takesJson ? '{}' : undefined;
  const answer = await rawRequest(running.port, path.replaceAll(/\{\w+\}/g, 'none'), {
    method: verb,
    headers: { ...(body === undefined ? {} : { 'content-type': route?.consumes ?? 'application/json' }), ...headers },
    ...(body === undefined ? {} : { body }),
  });
  return { status: answer.status, code: answer.json['code'] };
}

function live(topic: string, headers: Record<string, string>): Promise<number> {
  const socket = new WebSocket(`ws://127.0.0.1:${running.port}/api/live?topics=${topic}`, { headers });
  return new Promise((done, fail) => {
    socket.on('open', () => {
      socket.terminate();
      done(101);
    });
    socket.on('unexpected-response', (_request, response) => {
      response.resume();
      done(response.statusCode ?? 0);
    });
    socket.on('error', fail);
  });
}

test.each(doors)('%s opens to whom the table says', { timeout: 30_000 }, async (door) => {
  const found: string[] = [];
  for (const caller of callers) found.push(`${caller} ${cellOf((await knock(door, await headersOf(caller))).status)}`);
  expect(found).toEqual((golden.get(door) ?? []).map((cell, i) => `${callers[i]} ${cell}`));
});

test('a session that is demoted while a socket is open is looked at at once; one that is shut out is cut off', async () => {
  const headers = await personal('viewer', 'viewer');
  const socket = new WebSocket(`ws://127.0.0.1:${running.port}/api/live?topics=samples`, { headers });
  const closed = new Promise<number>((done) => socket.on('close', done));
  await new Promise((done) => socket.on('open', done));
  await running.access.people.reset('viewer');
  expect(await closed).toBe(1008);
});

const foreignOrigins = (port: number) => [
  'https://evil.example',
  'null',
  'file://',
  `http://127.0.0.1:${port + 1}`,
  `http://localhost.evil.example:${port}`,
  'https://auspex.example.evil.example',
  'https://evil.example/auspex.example',
  'chrome-extension://abcdef',
  'about:blank',
  '',
];
const foreignHosts = (port: number) => [
  'evil.example',
  `evil.example:${port}`,
  `127.0.0.1.evil.example:${port}`,
  `localhost.evil.example:${port}`,
  'auspex.example.evil.example',
  'evilauspex.example',
  `evil.example#127.0.0.1:${port}`,
  `evil.example@127.0.0.1:${port}`,
];
const mutating = [
  ...contract.filter(({ method }) => method !== 'GET').map(({ method, path }) => `${method} ${path}`),
  ...liveTopics.map((topic) => `LIVE ${topic}`),
];

test.each(mutating)(
  '%s is refused to pages of elsewhere and by names that are not ours',
  { timeout: 30_000 },
  async (door) => {
    const { port, tokens, session } = running;
    const credentials = [
      { authorization: `Bearer ${tokens.admin}` },
      { cookie: session.cookie, 'x-csrf-token': session.csrf },
      {},
    ];
    for (const mine of credentials) {
      for (const headers of [
        ...foreignOrigins(port).map((origin) => ({ origin })),
        ...foreignHosts(port).map((host) => ({ host })),
        ...foreignHosts(port).map((host) => ({ host, origin: `http://${host}` })),
      ]) {
        const { status, code } = await knock(door, { ...mine, ...headers } as Record<string, string>);
        expect([status, code ?? 'FOREIGN_ORIGIN'], JSON.stringify(headers)).toEqual([403, 'FOREIGN_ORIGIN']);
      }
    }
  },
);
