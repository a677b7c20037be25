import { createHash, generateKeyPairSync, type KeyObject, sign } from 'node:crypto';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, expect, test } from 'vitest';
import { createOutbound } from '../../../src/platform/outbound.ts';
import { rawRequest, type RawResponse } from './raw-request.ts';
import { type Running, startServer } from './running-server.ts';
import { NOW } from './sample-engine.ts';

let running: Running;
let provider: Awaited<ReturnType<typeof startProvider>>;
afterEach(async () => {
  await running.close();
  await provider.close();
});

const base64 = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url');

/** A small provider of OpenID Connect that holds the client to the protocol. */
async function startProvider() {
  let pair = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  let kid = 'k1';
  const codes = new Map<string, URLSearchParams>();
  const asked: string[] = [];
  const self = {
    claims: { sub: 'u-1', preferred_username: 'Ann', groups: ['ops'] } as Record<string, unknown>,
    asked,
    signWith: null as KeyObject | null,
    rotate: () => {
      pair = generateKeyPairSync('ec', { namedCurve: 'P-256' });
      kid = 'k2';
    },
    get issuer() {
      return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    },
    /** What a person does there: sees who asks, agrees, is sent back. */
    agree: (url: string): string => {
      const { searchParams } = new URL(url);
      const code = `code-${codes.size}`;
      codes.set(code, searchParams);
      return `${searchParams.get('redirect_uri')}?code=${code}&state=${searchParams.get('state')}`;
    },
    close: () => new Promise((done) => server.close(done)),
  };
  const idToken = (nonce: string | null): string => {
    const now = NOW / 1000;
    const claims = { iss: self.issuer, aud: 'auspex', iat: now, exp: now + 60, nonce, ...self.claims };
    const text = `${base64({ alg: 'ES256', kid })}.${base64(claims)}`;
    const key = self.signWith ?? pair.privateKey;
    return `${text}.${sign('sha256', Buffer.from(text), { key, dsaEncoding: 'ieee-p1363' }).toString('base64url')}`;
  };
  const tokenFor = (form: URLSearchParams, authorization: string | undefined): object | null => {
    const begun = codes.get(form.get('code') ?? '');
    codes.delete(form.get('code') ?? '');
    const challenge = createHash('sha256')
      .update(form.get('code_verifier') ?? '')
      .digest('base64url');
    const isRight =
      authorization === `Basic ${Buffer.from('auspex:s%20ecret').toString('base64')}` &&
      form.get('grant_type') === 'authorization_code' &&
      form.get('redirect_uri') === begun?.get('redirect_uri') &&
      begun?.get('code_challenge_method') === 'S256' &&
      challenge === begun.get('code_challenge');
    return isRight ? { id_token: idToken(begun.get('nonce')), token_type: 'Bearer', access_token: 'x' } : null;
  };
  const server: Server = createServer((request, response) => {
    let body = '';
    request.setEncoding('utf8').on('data', (chunk: string) => {
      body += chunk;
    });
    request.on('end', () => {
      asked.push(request.url ?? '');
      const answers: Record<string, () => object | null> = {
        '/.well-known/openid-configuration': () => ({
          issuer: self.issuer,
          authorization_endpoint: `${self.issuer}/authorize`,
          token_endpoint: `${self.issuer}/token`,
          jwks_uri: `${self.issuer}/keys`,
        }),
        '/keys': () => ({ keys: [{ ...pair.publicKey.export({ format: 'jwk' }), kid, use: 'sig', alg: 'ES256' }] }),
        '/token': () => tokenFor(new URLSearchParams(body), request.headers.authorization),
      };
      const answer = answers[request.url ?? '']?.() ?? null;
      response.writeHead(answer === null ? 400 : 200, { 'content-type': 'application/json' });
      response.end(JSON.stringify(answer ?? { error: 'invalid_grant' }));
    });
  });
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  return self;
}

async function start(): Promise<void> {
  provider = await startProvider();
  running = await startServer({}, {}, 0, {
    settings: {
      name: 'Example',
      issuer: provider.issuer,
      clientId: 'auspex',
      clientSecret: 's ecret',
      scopes: ['profile'],
      nameClaim: 'preferred_username',
      roleClaim: 'groups',
      roles: { viewer: ['staff'], operator: ['ops'], approver: [], admin: ['root'] },
    },
    outbound: createOutbound(),
  });
}

const get = (path: string, headers: Record<string, string> = {}) => rawRequest(running.port, path, { headers });
const cookiesOf = (answer: RawResponse) => [answer.headers['set-cookie'] ?? []].flat();
const jar = (answer: RawResponse) =>
  cookiesOf(answer)
    .map((cookie) => cookie.split(';', 1)[0])
    .join('; ');

async function begin() {
  const answer = await get('/sign-in/provider');
  expect(answer.status).toBe(303);
  return { url: String(answer.headers.location), cookie: jar(answer), answer };
}
const back = (url: string, cookie: string) => {
  const { pathname, search } = new URL(url);
  // As a browser comes from another site.
  return get(pathname + search, {
    cookie,
    accept: 'text/html',
    'sec-fetch-site': 'cross-site',
    'sec-fetch-mode': 'navigate',
  });
};

async function signIn(): Promise<RawResponse> {
  const { url, cookie } = await begin();
  return back(provider.agree(url), cookie);
}
const whoIs = async (answer: RawResponse) => (await get('/api/session', { cookie: jar(answer) })).json;

test('in by the provider: a user with the role that it says, each time anew', async () => {
  await start();
  expect((await get('/api/session/ways')).json).toEqual({ provider: 'Example' });
  const { answer } = await begin();
  expect(cookiesOf(answer)[0]).toMatch(/^auspex_flow_\d+=[\w.-]+; Path=\/; Max-Age=600; HttpOnly; SameSite=Lax$/);
  const first = await signIn();
  expect([first.status, first.headers.location]).toEqual([303, '/']);
  expect(cookiesOf(first).at(-1)).toMatch(/^auspex_session_\d+=.*HttpOnly; SameSite=Strict$/);
  expect(await whoIs(first)).toMatchObject({ userId: 'ann', role: 'operator', needs: null });
  provider.claims = { ...provider.claims, preferred_username: 'ann.new', groups: ['staff', 'root'] };
  expect(await whoIs(await signIn())).toMatchObject({ userId: 'ann', role: 'admin' });
  // Whoever was signed in before has the new role too: it is read with each request.
  expect(await whoIs(first)).toMatchObject({ role: 'admin' });
  const { rows } = await running.records.find('audit_log', { limit: 100 });
  expect(JSON.stringify(rows)).toContain('session.sign-in');
});

test('a name of somebody here is not taken over; no role, no way in; disabled stays out', async () => {
  await start();
  await running.access.people.add('bob', 'admin');
  provider.claims = { sub: 'u-2', preferred_username: 'bob', groups: ['ops'] };
  const taken = await signIn();
  expect([taken.status, cookiesOf(taken).some((cookie) => cookie.startsWith('auspex_session'))]).toEqual([409, false]);
  provider.claims = { sub: 'u-3', preferred_username: 'eve', groups: ['guests'] };
  expect((await signIn()).status).toBe(403);
  for (const name of ['owner', '', '../x', 7, ['ann']]) {
    provider.claims = { sub: 'u-4', preferred_username: name, groups: ['ops'] };
    expect((await signIn()).status, String(name)).toBe(401);
  }
});

test('a user of the provider has no password here, and none is right', async () => {
  await start();
  const session = jar(await signIn());
  const { csrf } = (await get('/api/session', { cookie: session })).json;
  for (const password of ['', '!provider', 'anything']) {
    const body = JSON.stringify({ name: 'ann', password: password || 'x' });
    const headers = { 'content-type': 'application/json' };
    expect((await rawRequest(running.port, '/api/session', { method: 'POST', headers, body })).status).toBe(401);
  }
  const change = await rawRequest(running.port, '/api/session/password', {
    method: 'POST',
    headers: { cookie: session, 'x-csrf-token': String(csrf), 'content-type': 'application/json' },
    body: JSON.stringify({ currentPassword: null, password: 'a new long password' }),
  });
  expect(change.json['code']).toBe('CONFLICT');
  await expect(running.access.people.reset('ann')).rejects.toMatchObject({ code: 'CONFLICT' });
  await running.records.update('users', { id: 'ann' }, { disabledAt: 1 });
  expect((await signIn()).status).toBe(401);
});

test('an answer that this browser did not ask for, twice, of another sign-in or signed by another is refused', async () => {
  await start();
  const one = await begin();
  const two = await begin();
  const answer = provider.agree(one.url);
  expect((await back(answer, '')).status).toBe(401);
  expect((await back(answer, two.cookie)).status).toBe(401);
  expect((await back(`${new URL(answer).origin}/sign-in/provider/back?error=access_denied`, one.cookie)).status).toBe(
    401,
  );
  expect((await back(answer, one.cookie)).status).toBe(303);
  expect((await back(answer, one.cookie)).status).toBe(401);
  provider.signWith = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey;
  const forged = await signIn();
  expect([forged.status, forged.text.includes('signature')]).toEqual([401, true]);
});

test('new keys of the provider are read when a token names one', async () => {
  await start();
  await signIn();
  provider.rotate();
  // Not more often than twice a minute: the first token of the new key may come too early and is refused in words.
  const early = await signIn();
  expect([early.status, early.text.includes('its key is not known')]).toEqual([401, true]);
  expect(provider.asked.filter((path) => path === '/keys').length).toBe(1);
});

test('from one address the provider is asked at most thirty times a minute', async () => {
  await start();
  const answers = [];
  for (let i = 0; i < 50; i++) answers.push(await get('/sign-in/provider/back?code=x&state=y', { cookie: 'none=1' }));
  expect(answers.filter((answer) => answer.status === 429).length).toBe(20);
  expect(provider.asked).toEqual([]);
});
