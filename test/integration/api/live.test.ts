import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { afterEach, expect, test } from 'vitest';
import { WebSocket } from 'ws';
import { type LiveMessage, liveMessage } from '../../../src/api/contract/index.ts';
import { type Running, startServer } from './running-server.ts';
import { finding, gauge, model, NOW } from './sample-engine.ts';

let running: Running;
const sockets: WebSocket[] = [];
afterEach(async () => {
  for (const socket of sockets.splice(0)) socket.terminate();
  await running.close();
});

/** A socket whose messages are read one after the other, each held against the contract. */
function open(query = '', headers: Record<string, string> = { authorization: `Bearer ${running.tokens.read}` }) {
  const socket = new WebSocket(`ws://127.0.0.1:${running.port}/api/live${query}`, { headers });
  sockets.push(socket);
  const queue: LiveMessage[] = [];
  const waiting: ((message: LiveMessage) => void)[] = [];
  socket.on('message', (data) => {
    const message = liveMessage.parse(JSON.parse((data as Buffer).toString()));
    const next = waiting.shift();
    if (next === undefined) queue.push(message);
    else next(message);
  });
  socket.on('error', () => {});
  const next = () =>
    new Promise<LiveMessage>((resolve) => {
      const message = queue.shift();
      if (message === undefined) waiting.push(resolve);
      else resolve(message);
    });
  return { socket, next, closed: once(socket, 'close') };
}

const sample = () => running.engine.publish({ topic: 'samples', entityId: 'host:a', at: NOW, gauges: [gauge] });
const opened = (id: string) => running.engine.publish({ topic: 'anomalies', change: 'opened', finding: finding(id) });

test('hello comes first, then what happens, by topic, each in the contract’s form', async () => {
  running = await startServer();
  const { next } = open('?topics=anomalies,models,status,overview');
  expect(await next()).toMatchObject({ topic: 'hello', resumed: false, heartbeatSeconds: 15 });
  sample();
  opened('f9');
  running.engine.publish({ topic: 'models', model });
  running.engine.publish({ topic: 'status', state: 'degraded', sentence: 'The disk is nearly full.' });
  running.engine.publish({ topic: 'overview', sentence: '1 host is unusual.' });
  expect(await next()).toMatchObject({
    topic: 'anomalies',
    change: 'opened',
    anomaly: { id: 'f9', entityName: 'web-1' },
  });
  expect([(await next()).topic, (await next()).topic, (await next()).topic]).toEqual(['models', 'status', 'overview']);
});

test('a lost connection resumes after its cursor: nothing missed, nothing twice', async () => {
  running = await startServer();
  const first = open('?topics=anomalies');
  await first.next();
  opened('f1');
  const { cursor } = await first.next();
  first.socket.terminate();
  opened('f2');
  sample();
  opened('f3');
  const second = open(`?topics=anomalies&after=${cursor}`);
  // The hello's cursor is still the old one: it may be lost before the missed messages come.
  expect(await second.next()).toMatchObject({ topic: 'hello', resumed: true, cursor });
  opened('f4');
  const seen = [await second.next(), await second.next(), await second.next()];
  expect(seen.map((message) => (message.topic === 'anomalies' ? message.anomaly.id : ''))).toEqual(['f2', 'f3', 'f4']);
});

test('a cursor that is too old, of another process or nonsense begins anew and says so', async () => {
  running = await startServer();
  running.engine.ringSize = 3;
  const first = open('?topics=status');
  const { cursor } = await first.next();
  for (let i = 0; i < 10; i++) opened(`f${i}`);
  for (const after of [cursor, 'zzz.3', 'nonsense', '%00']) {
    const { next } = open(`?topics=anomalies&after=${after}`);
    const hello = await next();
    expect(hello, after).toMatchObject({ topic: 'hello', resumed: false });
    opened('next');
    expect(await next()).toMatchObject({ topic: 'anomalies', anomaly: { id: 'next' } });
  }
});

/** A server whose heart beats when the test says so. */
async function startByHand(): Promise<() => void> {
  let beat = (): void => {};
  running = await startServer({}, { every: (_ms, work) => ((beat = work), () => {}) });
  return () => beat();
}

/** Waits until the server has read all that this client sent so far, its pongs too: they come in order. */
async function settled(socket: WebSocket): Promise<void> {
  socket.ping();
  await once(socket, 'pong');
}

test('a heartbeat comes with a cursor; who does not answer the ping is cut off, who does stays', async () => {
  const beat = await startByHand();
  const alive = open('?topics=status');
  await alive.next();
  const dead = new WebSocket(`ws://127.0.0.1:${running.port}/api/live`, {
    headers: { authorization: `Bearer ${running.tokens.read}` },
    autoPong: false,
  });
  sockets.push(dead);
  await once(dead, 'message');
  const closed = once(dead, 'close');
  for (let i = 0; i < 3; i++) {
    beat();
    expect(await alive.next()).toMatchObject({ topic: 'heartbeat' });
    await settled(alive.socket);
  }
  expect((await closed)[0]).toBe(1006);
  expect(alive.socket.readyState).toBe(WebSocket.OPEN);
});

test('who may not read gets an answer, not a socket', async () => {
  running = await startServer({ webSockets: 1 });
  const read = { authorization: `Bearer ${running.tokens.read}` };
  const refused = async (path: string, headers: Record<string, string>) => {
    const socket = new WebSocket(`ws://127.0.0.1:${running.port}${path}`, { headers });
    socket.on('error', () => {});
    const [, response] = (await once(socket, 'unexpected-response')) as [
      unknown,
      { statusCode: number; headers: Record<string, string> },
    ];
    socket.terminate();
    return [response.statusCode, response.headers['content-type']];
  };
  const type = 'application/problem+json';
  expect(await refused('/api/live', {})).toEqual([401, type]);
  expect(await refused('/api/live', { authorization: `Bearer ${running.tokens.ingest}` })).toEqual([403, type]);
  expect(await refused('/api/live', { ...read, origin: 'http://localhost:3000' })).toEqual([403, type]);
  expect(await refused('/api/live', { ...read, host: 'evil.example' })).toEqual([403, type]);
  expect(await refused('/api/live?topics=wrong', read)).toEqual([400, type]);
  expect(await refused('/api/other', read)).toEqual([404, type]);
  const only = open('', { cookie: running.session.cookie, origin: `http://127.0.0.1:${running.port}` });
  await only.next();
  expect(await refused('/api/live', read)).toEqual([503, type]);
});

test('a socket ends at once when its token is revoked', async () => {
  await startByHand();
  const admin = running.client('admin');
  const { id, secret } = await admin.call('addToken', { body: { name: 'short', scope: 'read' } });
  const { closed, next } = open('', { authorization: `Bearer ${secret}` });
  await next();
  await admin.call('removeToken', { params: { id } });
  expect((await closed)[0]).toBe(1008);
});

test('a session that ended in another process is noticed by the fourth beat', async () => {
  const beat = await startByHand();
  const { socket, closed, next } = open('', { cookie: running.session.cookie });
  await next();
  await running.records.remove('sessions', {});
  for (let i = 0; i < 4; i++) {
    beat();
    await next();
    if (i < 3) await settled(socket);
  }
  expect((await closed)[0]).toBe(1008);
});

/** A client that shakes hands and then reads nothing. */
async function slowReader(): Promise<Socket> {
  const socket = connect(running.port, '127.0.0.1');
  socket.write(
    `GET /api/live HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nAuthorization: Bearer ${running.tokens.read}\r\n\r\n`,
  );
  await once(socket, 'data');
  socket.pause();
  return socket;
}

test('of a slow reader samples are left out first; then it is cut off, and others read on', async () => {
  running = await startServer({ webSocketBufferBytes: 100_000 });
  const quick = open('?topics=status');
  await quick.next();
  const slow = await slowReader();
  slow.on('error', () => {});
  expect(running.engine.listenerCount).toBe(2);
  const big = 'x'.repeat(50_000);
  // The kernel's buffers take some megabytes before anything waits here.
  const flood = async (publish: () => void, times: number) => {
    for (let i = 0; i < times && running.engine.listenerCount === 2; i++) {
      publish();
      if (i % 20 === 0) await new Promise((resolve) => setImmediate(resolve));
    }
  };
  await flood(
    () =>
      running.engine.publish({ topic: 'samples', entityId: 'host:a', at: NOW, gauges: [{ ...gauge, detail: big }] }),
    400,
  );
  expect(running.engine.listenerCount).toBe(2);
  await flood(() => running.engine.publish({ topic: 'overview', sentence: big }), 400);
  expect(running.engine.listenerCount).toBe(1);
  running.engine.publish({ topic: 'status', state: 'ok', sentence: 'Well.' });
  expect(await quick.next()).toMatchObject({ topic: 'status' });
  let received = '';
  slow.on('data', (data) => (received = data.toString('latin1').slice(-300)));
  slow.resume();
  await once(slow, 'close');
  expect(received).toContain('Reads too slowly');
});

test('when the server stops its clients are told', async () => {
  running = await startServer();
  const { next, closed } = open();
  await next();
  await running.server.close();
  expect((await closed)[0]).toBe(1001);
  expect(running.engine.listenerCount).toBe(0);
});
