import { request } from 'node:http';
import { connect, type Socket } from 'node:net';
import { afterEach, expect, test } from 'vitest';
import { type Running, startServer } from './running-server.ts';

const open: (Running | Socket)[] = [];
afterEach(async () => {
  for (const one of open.splice(0).reverse()) {
    if ('close' in one) await one.close();
    else one.destroy();
  }
});

async function started(...args: Parameters<typeof startServer>): Promise<Running> {
  const running = await startServer(...args);
  open.push(running);
  return running;
}

interface Upload {
  write(bytes: number): void;
  end(): void;
  readonly answer: Promise<{ status: number; code: string | null }>;
}

/** A remote-write body whose sender takes its time. */
function upload(running: Running, headers: Record<string, string> = {}): Upload {
  let done: (answer: { status: number; code: string | null }) => void = () => {};
  const answer = new Promise<{ status: number; code: string | null }>((resolve) => (done = resolve));
  const call = request(
    {
      host: '127.0.0.1',
      port: running.port,
      path: '/api/v1/write',
      method: 'POST',
      headers: { authorization: `Bearer ${running.tokens.ingest}`, ...headers },
      agent: false,
    },
    (response) => {
      let text = '';
      response.on('data', (chunk: Buffer) => (text += chunk.toString()));
      response.on('end', () =>
        done({ status: response.statusCode ?? 0, code: text === '' ? null : JSON.parse(text).code }),
      );
    },
  );
  // Refused in the middle of its body, a connection may be cut before the answer was read.
  call.on('error', () => done({ status: 0, code: null }));
  return { write: (bytes) => void call.write(Buffer.alloc(bytes)), end: () => void call.end(), answer };
}

test('a body is bounded, announced or not', async () => {
  const running = await started({ remoteWriteBytes: 100_000 });
  const announced = upload(running, { 'content-length': '100001' });
  announced.write(10);
  expect(await announced.answer).toEqual({ status: 413, code: 'TOO_LARGE' });
  const endless = upload(running);
  endless.write(60_000);
  endless.write(60_000);
  expect(await endless.answer).toEqual({ status: 413, code: 'TOO_LARGE' });
  const fits = upload(running);
  fits.write(99_999);
  fits.end();
  expect((await fits.answer).status).toBe(204);
});

test('what all bodies hold at once is bounded, and what was let go makes room again', async () => {
  const running = await started({ remoteWriteBytes: 100_000, heldBodyBytes: 150_000 });
  const slow = upload(running);
  slow.write(90_000);
  await new Promise((wake) => setTimeout(wake, 100));
  const second = upload(running);
  second.write(90_000);
  second.end();
  expect(await second.answer).toEqual({ status: 503, code: 'TOO_BUSY' });
  // Small ones still pass.
  const small = upload(running);
  small.write(10_000);
  small.end();
  expect((await small.answer).status).toBe(204);
  slow.end();
  expect((await slow.answer).status).toBe(204);
  for (let i = 0; i < 3; i++) {
    const after = upload(running);
    after.write(90_000);
    after.end();
    expect((await after.answer).status).toBe(204);
  }
});

test('a sender that goes away in the middle of its body gives its room back', async () => {
  const running = await started({ remoteWriteBytes: 100_000, heldBodyBytes: 100_000 });
  for (let i = 0; i < 3; i++) {
    const socket = connect(running.port, '127.0.0.1').on('error', () => {});
    open.push(socket);
    socket.write(
      `POST /api/v1/write HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer ${running.tokens.ingest}\r\nContent-Length: 90000\r\n\r\n`,
    );
    socket.write(Buffer.alloc(80_000));
    await new Promise((wake) => setTimeout(wake, 50));
    socket.destroy();
    await new Promise((wake) => setTimeout(wake, 50));
  }
  const after = upload(running);
  after.write(90_000);
  after.end();
  expect((await after.answer).status).toBe(204);
});

test('one source has a bound on its connections; others get in, and what it closes it may open again', async () => {
  const running = await started({ connectionsPerSource: 5 });
  const from = (localAddress: string): Promise<{ socket: Socket; closed: () => boolean }> =>
    new Promise((done) => {
      let closed = false;
      const socket = connect({ port: running.port, host: '127.0.0.1', localAddress });
      socket.on('error', () => {}).on('close', () => (closed = true));
      socket.resume();
      open.push(socket);
      setTimeout(() => done({ socket, closed: () => closed }), 50);
    });
  const sockets = await Promise.all(Array.from({ length: 8 }, () => from('127.0.3.1')));
  expect(sockets.filter(({ closed }) => closed())).toHaveLength(3);
  expect((await from('127.0.3.2')).closed()).toBe(false);
  sockets.find(({ closed }) => !closed())?.socket.destroy();
  await new Promise((wake) => setTimeout(wake, 50));
  expect((await from('127.0.3.1')).closed()).toBe(false);
});
