import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import { afterEach, expect, test } from 'vitest';
import { createSender, type Sender, type SenderOptions } from '../../../src/collect/remote-write/sender.ts';
import { type Answer, IngestServer, reply } from './ingest-server.ts';

const opened: { stop(): Promise<void> | void }[] = [];
afterEach(async () => {
  for (const one of opened.splice(0).reverse()) await one.stop();
});

/** A server that answers with each in turn, the last one for ever, and a sender whose waits are recorded instead of waited. */
async function setUp(answers: Answer[], options: Partial<SenderOptions> = {}) {
  const left = [...answers];
  const server = new IngestServer((request, response) => {
    const answer = left.length > 1 ? left.shift() : left[0];
    answer?.(request, response);
  });
  await server.start();
  opened.push(server);
  const waits: number[] = [];
  const lines: string[] = [];
  const sender: Sender = createSender({
    url: `${server.url}/base`,
    token: 'secret-token',
    timeoutMs: 2_000,
    random: { next: () => 1 },
    log: pino({ level: 'info' }, { write: (line: string) => lines.push(line) }),
    sleep: async (ms) => {
      waits.push(ms);
    },
    ...options,
  });
  opened.push({ stop: () => sender.close() });
  return { server, sender, waits, lines };
}

const body = new Uint8Array([1, 2, 3]);
const forever = new AbortController().signal;

test('a body is posted with token and protocol headers below the base path', async () => {
  const { server, sender } = await setUp([reply(204)]);
  expect(await sender.send(body, forever)).toEqual({ outcome: 'delivered' });
  const [request] = server.received;
  expect(request?.path).toBe('/base/api/v1/write');
  expect(request?.headers).toMatchObject({
    authorization: 'Bearer secret-token',
    'content-encoding': 'snappy',
    'content-type': 'application/x-protobuf',
    'x-prometheus-remote-write-version': '0.1.0',
  });
  expect([...(request?.body ?? [])]).toEqual([1, 2, 3]);
});

test('5xx, 429 and a refused token are tried again, ever more seldom, up to a minute', async () => {
  const failures = [500, 502, 503, 429, 401, 403, 404, 500, 500].map((status) => reply(status, 'no'));
  const { server, sender, waits } = await setUp([...failures, reply(200)]);
  expect(await sender.send(body, forever)).toEqual({ outcome: 'delivered' });
  expect(server.received).toHaveLength(10);
  expect(waits).toEqual([1_000, 2_000, 4_000, 8_000, 16_000, 32_000, 60_000, 60_000, 60_000]);
  expect(sender.trouble).toBeNull();
});

test('half of each wait is chance, so that a fleet does not come back at once', async () => {
  const { sender, waits } = await setUp([reply(503), reply(503), reply(200)], { random: { next: () => 0 } });
  await sender.send(body, forever);
  expect(waits).toEqual([500, 1_000]);
});

test('Retry-After is honoured, within ten minutes', async () => {
  const { sender, waits } = await setUp([
    reply(503, '', { 'retry-after': '7' }),
    reply(429, '', { 'retry-after': '86400' }),
    reply(503, '', { 'retry-after': new Date(Date.now() - 60_000).toUTCString() }),
    reply(200),
  ]);
  await sender.send(body, forever);
  expect(waits).toEqual([7_000, 600_000, 0]);
});

test('data that the server will never take are dropped, with its words in the log and no token', async () => {
  const { sender, lines } = await setUp([
    reply(400, { code: 'BAD_SAMPLES', detail: '3 samples lie in the far future' }),
  ]);
  expect(await sender.send(body, forever)).toEqual({
    outcome: 'dropped',
    reason: '400 3 samples lie in the far future',
  });
  expect(lines.join('')).toContain('3 samples lie in the far future');
  expect(lines.join('')).not.toContain('secret-token');
});

test('a server that hangs is given up after the time-out and tried again', async () => {
  const { server, sender } = await setUp([() => undefined, reply(204)], { timeoutMs: 100 });
  expect(await sender.send(body, forever)).toEqual({ outcome: 'delivered' });
  expect(server.received).toHaveLength(2);
});

test('a connection that dies in the middle is tried again, a trouble is logged once as long as it lasts', async () => {
  const die: Answer = (_, response) => {
    response.socket?.destroy();
  };
  const { sender, lines } = await setUp([die, die, die, reply(204)]);
  expect(await sender.send(body, forever)).toEqual({ outcome: 'delivered' });
  expect(lines.filter((line) => line.includes('cannot take data now'))).toHaveLength(1);
  expect(lines.filter((line) => line.includes('answers again'))).toHaveLength(1);
});

test('nothing listens: the reason is named, an abort ends the trying', async () => {
  const abort = new AbortController();
  const { server, sender } = await setUp([reply(204)], {
    sleep: async () => {
      abort.abort();
    },
  });
  await server.stop();
  await expect(sender.send(body, abort.signal)).rejects.toThrow();
  expect(sender.trouble).toContain('ECONNREFUSED');
  await server.start();
});

test('JSON is posted until it is answered with JSON', async () => {
  const { server, sender } = await setUp([reply(503), reply(200, '<html>proxy'), reply(200, { agentId: 'a' })]);
  expect(await sender.post('/api/agents', { hostname: 'h' }, forever)).toEqual({ agentId: 'a' });
  expect(server.received.map((r) => r.path)).toEqual(Array(3).fill('/base/api/agents'));
  expect(JSON.parse(String(server.received[0]?.body))).toEqual({ hostname: 'h' });
});

test.each(['not a url', 'ftp://x', ''])('the address “%s” is refused by code', (url) => {
  expect(() => createSender({ url })).toThrowError(expect.objectContaining({ code: 'CONFIG_INVALID' }));
});

test.skipIf(!existsSync('/usr/bin/openssl'))(
  'TLS: a private authority is trusted when its file is given, and not otherwise (package openssl)',
  async () => {
    const folder = mkdtempSync(join(tmpdir(), 'auspex-tls-'));
    opened.push({ stop: () => rmSync(folder, { recursive: true }) });
    const key = join(folder, 'key.pem');
    const cert = join(folder, 'cert.pem');
    execFileSync(
      'openssl',
      [
        'req',
        '-x509',
        '-newkey',
        'ec',
        '-pkeyopt',
        'ec_paramgen_curve:prime256v1',
        '-nodes',
        '-keyout',
        key,
        '-out',
        cert,
        '-days',
        '2',
        '-subj',
        '/CN=127.0.0.1',
        '-addext',
        'subjectAltName=IP:127.0.0.1',
      ],
      { stdio: 'ignore' },
    );
    const server = new IngestServer(reply(204), { key: readFileSync(key), cert: readFileSync(cert) });
    await server.start();
    opened.push(server);
    const trusting = createSender({ url: server.url, caFile: cert });
    opened.push({ stop: () => trusting.close() });
    expect(await trusting.send(body, forever)).toEqual({ outcome: 'delivered' });
    const abort = new AbortController();
    const wary = createSender({ url: server.url, sleep: async () => abort.abort() });
    opened.push({ stop: () => wary.close() });
    await expect(wary.send(body, abort.signal)).rejects.toThrow();
    expect(wary.trouble).toMatch(/SELF_SIGNED|certificate/);
    expect(() => createSender({ url: server.url, caFile: join(folder, 'none') })).toThrowError(
      expect.objectContaining({ code: 'CONFIG_INVALID' }),
    );
  },
);
