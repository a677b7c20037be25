/*
 * The remote-write load generator, a process of its own: keeps `connections` requests under way, each connection with series
 * of its own whose times go on, and tells what was acknowledged, how long each request took and what CPU it needed itself.
 * Plain sockets: an HTTP client would cost more than the servers under test.
 */
import { connect, type Socket } from 'node:net';
import { WriteBody } from './write-body.ts';

export interface LoadOrder {
  readonly port: number;
  readonly path: string;
  readonly seconds: number;
  readonly connections: number;
  readonly series: number;
  readonly samples: number;
  /** Time of the first sample, ms UTC. */
  readonly startMs: number;
  readonly pauseMs?: number;
  /** Requests a connection sends at most. */
  readonly requests?: number;
}

export interface LoadResult {
  readonly samples: number;
  readonly requests: number;
  readonly seconds: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly refused: number;
  /** The first answer that was no success. */
  readonly refusal: string | null;
  readonly bodyBytes: number;
  readonly rawBytes: number;
  /** CPU of the generator as a share of one core. */
  readonly generatorCpu: number;
}

async function run(order: LoadOrder): Promise<LoadResult> {
  const bodies = Array.from(
    { length: order.connections },
    (_, c) => new WriteBody(order.series, order.samples, c * order.series, order.startMs),
  );
  const times: number[] = [];
  let refused = 0;
  let refusal: string | null = null;
  const cpu = process.cpuUsage();
  const begun = performance.now();
  const end = begun + order.seconds * 1_000;
  const drive = async (body: WriteBody): Promise<void> => {
    const link = await open(order.port);
    const head = Buffer.from(
      `POST ${order.path} HTTP/1.1\r\nHost: 127.0.0.1:${order.port}\r\nUser-Agent: auspex-bench\r\n` +
        'Content-Type: application/x-protobuf\r\nContent-Encoding: snappy\r\nX-Prometheus-Remote-Write-Version: 0.1.0\r\n' +
        `Content-Length: ${body.bytes.length}\r\n\r\n`,
    );
    for (let sent = 0; performance.now() < end && sent < (order.requests ?? Number.POSITIVE_INFINITY); sent++) {
      body.advance();
      const started = performance.now();
      const answer = await link.exchange(head, body.bytes);
      times.push(performance.now() - started);
      if (!answer.startsWith('HTTP/1.1 20')) {
        refused++;
        refusal ??= answer.slice(0, 400);
      }
      if (order.pauseMs !== undefined) await new Promise((resolve) => setTimeout(resolve, order.pauseMs));
    }
    link.socket.destroy();
  };
  await Promise.all(bodies.map(drive));
  const seconds = (performance.now() - begun) / 1_000;
  const used = process.cpuUsage(cpu);
  times.sort((a, b) => a - b);
  const first = bodies[0] as WriteBody;
  return {
    samples: (times.length - refused) * first.count,
    requests: times.length,
    seconds,
    p50Ms: times[Math.floor(times.length * 0.5)] ?? Number.NaN,
    p99Ms: times[Math.floor(times.length * 0.99)] ?? Number.NaN,
    refused,
    refusal,
    bodyBytes: first.bytes.length,
    rawBytes: first.rawLength,
    generatorCpu: (used.user + used.system) / 1e6 / seconds,
  };
}

interface Link {
  readonly socket: Socket;
  exchange(head: Buffer, body: Buffer): Promise<string>;
}

function open(port: number): Promise<Link> {
  return new Promise((resolve, reject) => {
    let text = '';
    let waiting: { done: (answer: string) => void; fail: (error: Error) => void } | null = null;
    const socket = connect({ port, host: '127.0.0.1', noDelay: true }, () =>
      resolve({
        socket,
        exchange: (head, body) =>
          new Promise((done, fail) => {
            waiting = { done, fail };
            socket.cork();
            socket.write(head);
            socket.write(body);
            socket.uncork();
          }),
      }),
    );
    const failed = (error: Error): void => {
      waiting?.fail(error);
      reject(error);
    };
    socket.on('error', failed);
    socket.on('close', () => failed(new Error('The server closed the connection.')));
    socket.on('data', (chunk) => {
      text += chunk.toString('latin1');
      const headEnd = text.indexOf('\r\n\r\n');
      if (headEnd < 0) return;
      const length = Number(/\r\ncontent-length: *(\d+)/i.exec(text)?.[1] ?? 0);
      if (text.length < headEnd + 4 + length) return;
      const answer = text;
      text = '';
      waiting?.done(answer);
    });
  });
}

process.on('message', (order: LoadOrder) => {
  run(order).then(
    (result) => process.send?.({ result }),
    (error: unknown) => process.send?.({ error: error instanceof Error ? error.message : String(error) }),
  );
});
process.on('disconnect', () => process.exit(0));
