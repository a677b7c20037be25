import { mkdir, rm, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { problem } from '../../../src/api/contract/index.ts';
import { rawRequest } from './raw-request.ts';
import { type Running, startServer } from './running-server.ts';

let bare: Running;
let running: Running;
beforeAll(async () => {
  bare = await startServer();
  const dist = join(bare.staticDir, '..', 'with-page');
  await mkdir(join(dist, 'assets'), { recursive: true });
  await writeFile(join(dist, 'index.html'), '<base href="__AUSPEX_BASE__/"><p>The page</p>');
  await writeFile(join(dist, 'assets/app-1a2b.js'), 'let a = 1;'.repeat(200));
  await writeFile(join(dist, 'assets/app-1a2b.js.gz'), gzipSync('let a = 1;'.repeat(200)));
  running = await startServer(
    { headersTimeoutMs: 300, requestTimeoutMs: 600, bodyBytes: 1000, remoteWriteBytes: 2000 },
    { staticDir: dist, basePath: '/auspex/' },
  );
});
afterAll(async () => {
  await running.close();
  await bare.close();
  await rm(join(bare.staticDir, '..'), { recursive: true, force: true });
});
const html = { accept: 'text/html,*/*;q=0.8' };

test('every page path gives the page with the base path put in, with or without the prefix', async () => {
  for (const path of ['/auspex/', '/auspex', '/', '/auspex/explore/web-1?from=1', '/auspex/index.html']) {
    const answer = await rawRequest(running.port, path, { headers: html });
    expect([answer.status, answer.text], path).toEqual([200, '<base href="/auspex/"><p>The page</p>']);
    expect(answer.headers['cache-control']).toBe('no-cache');
    const policy = String(answer.headers['content-security-policy']);
    expect(policy).toContain("frame-ancestors 'none'");
    expect(policy).not.toContain('unsafe');
  }
});

test('hashed assets are cached for good and come compressed where the reader takes that', async () => {
  const path = '/auspex/assets/app-1a2b.js';
  const plain = await rawRequest(running.port, path);
  expect(plain.text).toHaveLength(2000);
  expect(plain.headers['cache-control']).toContain('immutable');
  const packed = await rawRequest(running.port, path, { headers: { 'accept-encoding': 'gzip' } });
  expect(packed.headers['content-encoding']).toBe('gzip');
  expect(packed.headers['content-type']).toContain('javascript');
});

test('what is not there is a problem, not the page: API paths, files, other methods', async () => {
  for (const [method, path, status, code] of [
    ['GET', '/api/nothing', 404, 'NOT_FOUND'],
    ['GET', '/assets/gone.js', 404, 'NOT_FOUND'],
    ['GET', '/auspex/assets/../../secret.txt', 404, 'NOT_FOUND'],
    ['GET', '/%2e%2e/%2e%2e/etc/passwd.txt', 404, 'NOT_FOUND'],
    ['POST', '/api/overview', 405, 'METHOD_NOT_ALLOWED'],
    ['DELETE', '/api/anomalies/x', 405, 'METHOD_NOT_ALLOWED'],
    ['POST', '/nowhere', 404, 'NOT_FOUND'],
    ['GET', '/%zz', 400, 'BAD_REQUEST'],
  ] as const) {
    const answer = await rawRequest(running.port, path, { method, headers: html });
    expect(answer.json, `${method} ${path}`).toMatchObject({ status, code });
    expect(answer.headers['content-type']).toBe('application/problem+json');
  }
  const wrong = await rawRequest(running.port, '/api/silences', { method: 'PUT' });
  expect(wrong.headers.allow).toBe('GET, POST');
});

test('without a built dashboard a page says so, and the API answers', async () => {
  const answer = await rawRequest(bare.port, '/', { headers: html });
  expect(answer.status).toBe(503);
  expect(answer.text).toContain('The page is not built');
  expect((await rawRequest(bare.port, '/healthz')).json).toEqual({ status: 'ok' });
});

test('a sign-in link works once: cookie, redirect, session; then it is refused in words', async () => {
  const code = await running.makeLink();
  const first = await rawRequest(running.port, `/auspex/sign-in?code=${code}`, { headers: html });
  expect([first.status, first.headers.location]).toEqual([303, '/auspex/']);
  const cookie = String(first.headers['set-cookie']);
  expect(cookie).toMatch(/^auspex_session_\d+=[\w-]+; Path=\/auspex; Max-Age=\d+; HttpOnly; SameSite=Strict$/);
  const session = await rawRequest(running.port, '/api/session', { headers: { cookie: cookie.split(';')[0] ?? '' } });
  expect(session.json.userId).toBe('owner');
  const again = await rawRequest(running.port, `/sign-in?code=${code}`, { headers: html });
  expect([again.status, again.headers['set-cookie']]).toEqual([401, undefined]);
  expect(again.text).toContain('auspex dashboard --link');
});

test('behind TLS the cookie is Secure, and a made link has the outer address', async () => {
  const forwarded = { 'x-forwarded-proto': 'https', host: 'auspex.example' };
  const answer = await rawRequest(running.port, `/sign-in?code=${await running.makeLink()}`, {
    headers: { ...html, ...forwarded },
  });
  expect(String(answer.headers['set-cookie'])).toContain('; Secure');
  const headers = { ...forwarded, authorization: `Bearer ${running.tokens.admin}` };
  const link = await rawRequest(running.port, '/api/session/link', { method: 'POST', headers });
  expect(String(link.json.url)).toMatch(/^https:\/\/auspex\.example\/auspex\/sign-in\?code=/);
});

test('bodies too large, of a wrong type, broken or missing are told apart', async () => {
  const authorization = `Bearer ${running.tokens.operate}`;
  const post = (path: string, type: string | undefined, body: string) =>
    rawRequest(running.port, path, {
      method: 'POST',
      headers: { authorization, ...(type === undefined ? {} : { 'content-type': type }) },
      body,
    });
  const cases = [
    ['application/json', `{"reason":"${'x'.repeat(1200)}"}`, 413, 'TOO_LARGE'],
    ['text/csv', 'a,b', 415, 'UNSUPPORTED_TYPE'],
    ['application/x-protobuf', 'a', 415, 'UNSUPPORTED_TYPE'],
    ['application/json', '{"reason":', 400, 'BAD_REQUEST'],
    ['application/json', '', 400, 'BAD_REQUEST'],
    ['application/json', '{"__proto__":{"a":1}}', 400, 'BAD_REQUEST'],
    ['application/json', '{"reason":"r","endsAt":"2030-01-01T00:00:00Z","more":1}', 400, 'BAD_REQUEST'],
  ] as const;
  for (const [type, body, status, code] of cases)
    expect((await post('/api/silences', type, body)).json, body.slice(0, 40)).toMatchObject({ status, code });
  const write = await rawRequest(running.port, '/api/v1/write', { method: 'POST', body: Buffer.alloc(2001) });
  expect(write.json).toMatchObject({ status: 413, code: 'TOO_LARGE' });
});

test('who sends headers slowly is cut off with 408, who speaks no HTTP with 400', async () => {
  const talk = (text: string) =>
    new Promise<string>((resolve, reject) => {
      let answer = '';
      const socket = connect(running.port, '127.0.0.1', () => socket.write(text));
      socket.on('data', (data) => (answer += data.toString()));
      socket.on('close', () => resolve(answer));
      socket.on('error', reject);
    });
  expect(await talk('GET /healthz HTTP/1.1\r\nHost: localhost\r\nX-Slow: ')).toMatch(
    /^HTTP\/1.1 408 [^]*"code":"TIMEOUT"/,
  );
  expect(await talk('nonsense\r\n\r\n')).toMatch(/^HTTP\/1.1 400 [^]*"code":"BAD_REQUEST"/);
  expect(await talk(`GET / HTTP/1.1\r\nHost: localhost\r\nX: ${'y'.repeat(20_000)}\r\n\r\n`)).toMatch(
    /^HTTP\/1.1 431 /,
  );
});

test('whatever comes, the answer is JSON of the contract or a problem, never a 500', async () => {
  const authorization = `Bearer ${bare.tokens.admin}`;
  const paths = [
    '/api/anomalies',
    '/api/chart',
    '/api/series',
    '/api/predictions',
    '/api/export/samples',
    '/api/analytics',
    '/ai/learning/record-execution',
    '/api/silences',
    '/api/entities/',
  ];
  await fc.assert(
    fc.asyncProperty(
      fc.constantFrom(...paths),
      fc.dictionary(
        fc.constantFrom('limit', 'cursor', 'from', 'to', 'entity', 'match', 'ref', 'metric', 'points', 'x'),
        fc.string(),
        { maxKeys: 4 },
      ),
      fc.oneof(fc.json(), fc.string()),
      fc.boolean(),
      async (path, query, body, isPost) => {
        const answer = await rawRequest(bare.port, `${path}?${new URLSearchParams(query).toString()}`, {
          method: isPost ? 'POST' : 'GET',
          headers: { authorization, ...(isPost ? { 'content-type': 'application/json' } : {}) },
          ...(isPost ? { body } : {}),
        });
        expect(answer.status, answer.text).toBeLessThan(500);
        if (answer.status >= 400) expect(problem.safeParse(answer.json).success).toBe(true);
      },
    ),
    { numRuns: 150, seed: 7 },
  );
});

test('readyz answers 503 with what it waits for until it is up', async () => {
  let waiting = ['the store'];
  const starting = await startServer({}, { waitingFor: () => waiting });
  const early = await rawRequest(starting.port, '/readyz');
  expect([early.status, early.headers['retry-after'], early.json]).toEqual([
    503,
    '1',
    { status: 'starting', waitingFor: ['the store'] },
  ]);
  waiting = [];
  expect((await rawRequest(starting.port, '/readyz')).json).toEqual({ status: 'ok', waitingFor: [] });
  await starting.close();
});

test('an offer of HTTP/2 is answered in HTTP/1.1, and probes may ask by HEAD', async () => {
  const offer = { connection: 'Upgrade, HTTP2-Settings', upgrade: 'h2c', 'http2-settings': 'AAMAAABkAAQAoAAAAAIAAAAA' };
  expect((await rawRequest(bare.port, '/healthz', { headers: offer })).json).toEqual({ status: 'ok' });
  const head = await rawRequest(bare.port, '/readyz', { method: 'HEAD' });
  expect([head.status, head.text]).toEqual([200, '']);
  expect((await rawRequest(bare.port, '/api/export/samples', { method: 'HEAD' })).status).toBe(405);
});

test('a second server on the same address is told so', async () => {
  await expect(startServer({}, {}, bare.port)).rejects.toMatchObject({
    code: 'ADDRESS_IN_USE',
    data: { port: bare.port },
  });
});
