import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createOutbound } from './outbound.ts';

let reached = 0;
const server = createServer((request, response) => {
  reached++;
  if (request.url === '/redirect') response.writeHead(302, { location: 'http://169.254.169.254/' }).end();
  else if (request.url === '/long') response.end('x'.repeat(5000));
  else if (request.url === '/hang') return;
  else response.end(`${request.method} ok`);
});
let port = 0;
beforeAll(async () => {
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  port = (server.address() as AddressInfo).port;
});
afterAll(() => {
  server.closeAllConnections();
  server.close();
});

const resolvesTo =
  (...addresses: string[]) =>
  (_: string, __: unknown, done: (error: null, found: { address: string; family: number }[]) => void) =>
    done(
      null,
      addresses.map((address) => ({ address, family: address.includes(':') ? 6 : 4 })),
    );

test('an address that the operator configured may be the machine itself; a given one may not', async () => {
  const outbound = createOutbound();
  const url = `http://127.0.0.1:${port}/`;
  const answer = await outbound.request(url, { purpose: 'configured', method: 'POST', body: 'x' });
  expect([answer.status, Buffer.from(answer.body).toString()]).toEqual([200, 'POST ok']);
  await expect(outbound.request(url, { purpose: 'given' })).rejects.toMatchObject({ code: 'OUTBOUND_REFUSED' });
  await outbound.close();
});

test('a listed range opens exactly itself', async () => {
  const outbound = createOutbound({ allow: ['127.0.0.1/32'] });
  expect((await outbound.request(`http://127.0.0.1:${port}/`, { purpose: 'given' })).status).toBe(200);
  await expect(outbound.request(`http://127.0.0.2:${port}/`, { purpose: 'given' })).rejects.toMatchObject({
    code: 'OUTBOUND_REFUSED',
  });
  await outbound.close();
});

test('no notation of a forbidden address gets through', async () => {
  const outbound = createOutbound({ allow: ['0.0.0.0/0', '::/0'] });
  const before = reached;
  const tricks = [
    'http://169.254.169.254/latest',
    'http://2852039166/',
    'http://0xa9fea9fe/',
    'http://0251.0376.0251.0376/',
    'http://[::ffff:169.254.169.254]/',
    'http://[::ffff:a9fe:a9fe]/',
    `http://0.0.0.0:${port}/`,
    `http://0:${port}/`,
    `http://[::]:${port}/`,
    'http://[fe80::1]/',
    'file:///etc/passwd',
    'gopher://127.0.0.1/',
    'not a url',
  ];
  for (const url of tricks) {
    await expect(outbound.request(url, { purpose: 'configured', timeoutMs: 500 }), url).rejects.toMatchObject({
      code: 'OUTBOUND_REFUSED',
    });
  }
  expect(reached).toBe(before);
  await outbound.close();
});

test('a name is judged by the address it has when the connection is made', async () => {
  let answer = ['127.0.0.1'];
  const outbound = createOutbound({ lookup: (name, how, done) => resolvesTo(...answer)(name, how, done) });
  const url = `http://rebind.example:${port}/`;
  await expect(outbound.request(url, { purpose: 'given' })).rejects.toThrow('leads to 127.0.0.1');
  expect((await outbound.request(url, { purpose: 'configured' })).status).toBe(200);
  // The connection kept alive for the operator's purpose is not lent to another.
  await expect(outbound.request(url, { purpose: 'given' })).rejects.toThrow('leads to 127.0.0.1');
  answer = ['169.254.169.254', '::ffff:a9fe:a9fe'];
  await expect(outbound.request('http://other.example/', { purpose: 'configured' })).rejects.toThrow('not a permitted');
  await expect(outbound.resolve('mail.example', 'configured')).rejects.toMatchObject({ code: 'OUTBOUND_REFUSED' });
  answer = ['169.254.169.254', '10.0.0.7'];
  expect(await outbound.resolve('mail.example', 'configured')).toBe('10.0.0.7');
  await outbound.close();
});

test('redirects are handed back, long answers and slow ones refused', async () => {
  const outbound = createOutbound();
  const base = `http://127.0.0.1:${port}`;
  expect((await outbound.request(`${base}/redirect`, { purpose: 'configured' })).status).toBe(302);
  await expect(outbound.request(`${base}/long`, { purpose: 'configured', maxBytes: 100 })).rejects.toMatchObject({
    code: 'TOO_LARGE',
  });
  await expect(outbound.request(`${base}/hang`, { purpose: 'configured', timeoutMs: 100 })).rejects.toMatchObject({
    code: 'TIMEOUT',
  });
  await expect(outbound.request('http://127.0.0.1:1/', { purpose: 'configured' })).rejects.toMatchObject({
    code: 'UNREACHABLE',
  });
  await outbound.close();
});
