import { afterEach, expect, test, vi } from 'vitest';
import { runProgram } from '../../../src/cli/program.ts';
import { rawRequest, type RawResponse } from './raw-request.ts';
import { type Running, startServer } from './running-server.ts';

let running: Running;
afterEach(() => running.close());

const GOOD = 'correct horse battery';

function post(
  path: string,
  body: unknown,
  headers: Record<string, string> = {},
  method = 'POST',
): Promise<RawResponse> {
  return rawRequest(running.port, path, {
    method,
    headers: { ...(body === undefined ? {} : { 'content-type': 'application/json' }), ...headers },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
}
const signIn = (name: string, password: string, headers: Record<string, string> = {}) =>
  post('/api/session', { name, password }, headers);
const cookiesOf = (answer: RawResponse): string[] => [answer.headers['set-cookie'] ?? []].flat();
/** What a browser would send afterwards. */
const browser = (answer: RawResponse) => ({
  cookie: cookiesOf(answer)
    .map((cookie) => cookie.split(';', 1)[0])
    .join('; '),
  'x-csrf-token': String(answer.json['csrf'] ?? ''),
});
const whoIs = (headers: Record<string, string>) => rawRequest(running.port, '/api/session', { headers });
const admin = () => ({ authorization: `Bearer ${running.tokens.admin}` });

/** Opens a link as a browser does and gives its headers. */
async function open(url: string): Promise<Record<string, string>> {
  const answer = await rawRequest(running.port, new URL(url).pathname + new URL(url).search);
  expect(answer.status).toBe(303);
  const cookie = browser(answer).cookie;
  return { cookie, 'x-csrf-token': String((await whoIs({ cookie })).json['csrf']) };
}

test('from the first link to an account, and in again by name and password', async () => {
  running = await startServer();
  const { cookie, csrf } = running.session;
  const owner = { cookie, 'x-csrf-token': csrf };
  expect((await whoIs(owner)).json).toMatchObject({ userId: 'owner', needs: 'account' });
  expect((await post('/api/session/account', { name: 'anna', password: 'too short' }, owner)).status).toBe(400);
  expect((await post('/api/session/account', { name: 'owner', password: GOOD }, owner)).status).toBe(400);
  const claimed = await post('/api/session/account', { name: 'Anna', password: GOOD }, owner);
  expect(claimed.status).toBe(200);
  expect(claimed.json).toMatchObject({ userId: 'anna', role: 'admin', needs: null });
  expect((await whoIs(browser(claimed))).json).toMatchObject({ userId: 'anna' });
  expect((await whoIs(owner)).status).toBe(401);

  const wrong = await signIn('anna', 'something else');
  expect([wrong.status, wrong.json['code'], cookiesOf(wrong)]).toEqual([401, 'UNAUTHENTICATED', []]);
  const right = await signIn('anna', GOOD);
  expect(right.status).toBe(200);
  for (const one of cookiesOf(right)) expect(one).toMatch(/; Path=\/; Max-Age=\d+; HttpOnly; SameSite=Strict$/);
  expect(cookiesOf(right).map((one) => one.split('=', 1)[0])).toEqual([
    `auspex_session_${running.port}`,
    `auspex_device_${running.port}`,
  ]);
  expect((await whoIs(browser(right))).json).toMatchObject({ userId: 'anna' });
});

test('of two who claim the first account at once, one gets it', async () => {
  running = await startServer();
  const claim = async (name: string) =>
    running.access.people.claim(
      (await running.access.redeemLink((await running.access.makeLink()).code)).principal,
      name,
      GOOD,
    );
  const results = await Promise.allSettled(['anna', 'bob', 'carol', 'dave'].map(claim));
  expect(results.filter((result) => result.status === 'fulfilled').length).toBe(1);
  expect((await running.access.people.list()).length).toBe(1);
});

test('a user is added with a link, sets a password, is given a role, disabled, reset; each in force at once', async () => {
  running = await startServer();
  const added = await post('/api/users', { name: 'bob', role: 'operator' }, admin());
  expect(added.status).toBe(201);
  expect(added.json).toMatchObject({ id: 'bob', role: 'operator', state: 'invited', sessions: 0 });
  expect((await post('/api/users', { name: 'BOB', role: 'admin' }, admin())).json['code']).toBe('CONFLICT');
  const bob = await open((added.json['link'] as { url: string }).url);
  expect((await whoIs(bob)).json).toMatchObject({ userId: 'bob', scope: 'operate', needs: 'password' });
  expect((await post('/api/session/password', { password: GOOD }, bob)).status).toBe(204);
  expect((await post('/api/users', { name: 'eve', role: 'admin' }, bob)).status).toBe(403);

  const change = (body: unknown) => post('/api/users/bob', body, admin(), 'PUT');
  expect((await change({ role: 'admin' })).json).toMatchObject({ role: 'admin', state: 'active', sessions: 1 });
  expect((await rawRequest(running.port, '/api/users', { headers: bob })).status).toBe(200);
  expect((await post('/api/users/bob', { role: 'viewer' }, bob, 'PUT')).json['code']).toBe('CONFLICT');
  await change({ role: 'viewer' });
  expect((await rawRequest(running.port, '/api/users', { headers: bob })).status).toBe(403);
  expect((await change({ disabled: true })).json).toMatchObject({ state: 'disabled', sessions: 0 });
  expect((await whoIs(bob)).status).toBe(401);
  await change({ disabled: false });

  const reset = await post('/api/users/bob/reset', undefined, admin());
  expect((await signIn('bob', GOOD)).status).toBe(401);
  const again = await open(String(reset.json['url']));
  expect((await post('/api/session/password', { password: 'another long one' }, again)).status).toBe(204);
  const everywhere = await rawRequest(running.port, '/api/sessions', { method: 'DELETE', headers: again });
  expect(everywhere.status).toBe(204);
  expect((await whoIs(again)).status).toBe(401);
});

test('the command line adds, lists, changes and resets users', async () => {
  running = await startServer();
  const said: string[] = [];
  vi.spyOn(process.stdout, 'write').mockImplementation((text) => said.push(String(text)) > 0);
  vi.spyOn(process.stderr, 'write').mockImplementation((text) => said.push(String(text)) > 0);
  const auspex = async (...words: string[]) => {
    said.length = 0;
    const where = ['--url', running.url, '--token', running.tokens.admin];
    return [await runProgram(['node', 'auspex', ...where, 'users', ...words]), said.join('')] as const;
  };
  try {
    expect((await auspex())[1]).toContain('Nobody has an account');
    const [code, link] = await auspex('add', 'ann', '--role', 'operator');
    expect([code, /^http:\S+\/sign-in\?code=\S{43}\n/.test(link)]).toEqual([0, true]);
    expect((await auspex('add', 'ann'))[1]).toContain('There is a user “ann” already');
    expect(await auspex('role', 'ann', 'admin')).toEqual([0, 'ann: admin, invited\n']);
    expect((await auspex('role', 'ann', 'king'))[0]).toBe(2);
    expect(await auspex('disable', 'ann')).toEqual([0, 'ann: admin, disabled\n']);
    expect((await auspex('reset', 'ann'))[1]).toContain('enable the account first');
    expect(await auspex('enable', 'ann')).toEqual([0, 'ann: admin, invited\n']);
    expect((await auspex('reset', 'ann'))[1]).toContain('/sign-in?code=');
    expect((await auspex('list'))[1]).toMatch(/ann +admin +invited +0/);
  } finally {
    vi.restoreAllMocks();
  }
});

test('neither password nor link stands in the audit log', async () => {
  running = await startServer();
  const added = await post('/api/users', { name: 'bob', role: 'viewer' }, admin());
  const { url } = added.json['link'] as { url: string };
  const bob = await open(url);
  await post('/api/session/password', { password: GOOD }, bob);
  await post('/api/session/password', { currentPassword: GOOD, password: 'another long one' }, bob);
  await signIn('bob', 'a wrong password');
  await signIn('bob', 'another long one');
  const { rows } = await running.records.find('audit_log', { limit: 500 });
  const text = JSON.stringify(rows);
  for (const action of ['user.add', 'user.password', 'session.sign-in']) expect(text).toContain(action);
  for (const secret of [GOOD, 'a wrong password', 'another long one', new URL(url).searchParams.get('code') ?? '-'])
    expect(text).not.toContain(secret);
});

test('who guesses is told to wait, and the owner gets in meanwhile', async () => {
  running = await startServer();
  const { cookie, csrf } = running.session;
  await post('/api/session/account', { name: 'anna', password: GOOD }, { cookie, 'x-csrf-token': csrf });
  const known = browser(await signIn('anna', GOOD));
  // As a proxy on this machine tells it.
  const at = (address: string) => ({ 'x-forwarded-for': address });
  const answers = [];
  for (let i = 0; i < 20; i++) answers.push(await signIn('anna', `guess ${i}`, at('203.0.113.66')));
  expect(answers.filter((answer) => answer.status === 401).length).toBe(3);
  const refused = answers.at(-1);
  expect([refused?.status, refused?.json['code']]).toEqual([429, 'TOO_MANY_TRIES']);
  expect(Number(refused?.headers['retry-after'])).toBeGreaterThan(30);
  expect((await signIn('anna', GOOD, at('203.0.113.66'))).status).toBe(429);
  expect((await signIn('anna', GOOD, at('198.51.100.1'))).status).toBe(200);
  expect((await signIn('anna', GOOD, { ...at('203.0.113.66'), cookie: known.cookie })).status).toBe(200);
});

test('all addresses of one IPv6 network are one guesser', async () => {
  running = await startServer();
  const { cookie, csrf } = running.session;
  await post('/api/session/account', { name: 'anna', password: GOOD }, { cookie, 'x-csrf-token': csrf });
  const statuses = [];
  for (let i = 1; i <= 6; i++)
    statuses.push((await signIn('anna', `guess ${i}`, { 'x-forwarded-for': `2001:db8::${i}` })).status);
  expect(statuses).toEqual([401, 401, 401, 429, 429, 429]);
});

const LONG = process.env['AUSPEX_SECURITY_LONG'] === '1';

test(`${LONG ? 1000 : 40} guesses with real hashes: at most ten tried a minute, the owner gets in`, {
  timeout: 300_000,
}, async () => {
  running = await startServer();
  const { people } = running.access;
  const { link } = await people.add('anna', 'admin');
  await people.changePassword((await running.access.redeemLink(link.code)).principal, null, GOOD);
  const { device } = await people.signIn({ name: 'anna', password: GOOD, source: '192.0.2.7' });
  const tried: number[] = [];
  const started = performance.now();
  const guess = async (i: number) => {
    const at = performance.now();
    const source = `10.${i % 250}.0.1`;
    const failure = await people.signIn({ name: 'anna', password: `guess ${i}`, source }).catch((e: unknown) => e);
    if ((failure as { code?: string }).code === 'UNAUTHENTICATED') tried.push(at - started);
  };
  const guesses = LONG ? 1000 : 40;
  for (let i = 0; i < guesses; i++) {
    await guess(i);
    // In the long form over two minutes, so that the window moves.
    if (LONG) await new Promise((done) => setTimeout(done, 120));
  }
  for (const from of tried)
    expect(tried.filter((at) => at >= from && at < from + 60_000).length).toBeLessThanOrEqual(10);
  expect(tried.length).toBeGreaterThan(0);
  const signedIn = await people.signIn({ name: 'anna', password: GOOD, source: '10.1.0.1', device });
  expect(signedIn.principal.userId).toBe('anna');

  if (LONG)
    console.log(`${guesses} guesses in ${((performance.now() - started) / 1000).toFixed(0)} s, ${tried.length} tried`);
});

test('a name of nobody takes as long as a wrong password', { timeout: 60_000 }, async () => {
  running = await startServer();
  const { people } = running.access;
  const { link } = await people.add('anna', 'admin');
  await people.changePassword((await running.access.redeemLink(link.code)).principal, null, GOOD);
  const passwordHash = (await running.records.get('users', 'anna'))?.passwordHash ?? null;
  const timeOf = async (name: string, source: string) => {
    const at = performance.now();
    await expect(people.signIn({ name, password: 'a wrong password', source })).rejects.toMatchObject({
      code: 'UNAUTHENTICATED',
    });
    return performance.now() - at;
  };
  const [somebody, nobody]: [number[], number[]] = [[], []];
  const times = LONG ? 64 : 12;
  for (let i = 0; i < times; i++) {
    await people.add(`user${i}`, 'viewer');
    await running.records.update('users', { id: `user${i}` }, { passwordHash });
    somebody.push(await timeOf(`user${i}`, `192.168.0.${i}`));
    nobody.push(await timeOf(`nobody${i}`, `192.168.1.${i}`));
  }
  const median = (values: number[]) => values.sort((a, b) => a - b)[times / 2] ?? 0;
  if (LONG)
    console.log(`wrong password ${median(somebody).toFixed(1)} ms, no such user ${median(nobody).toFixed(1)} ms`);
  // Both hash once: without that a name of nobody would take a twentieth.
  expect(median(nobody)).toBeGreaterThan(median(somebody) / 3);
  expect(median(somebody)).toBeGreaterThan(median(nobody) / 3);
});
