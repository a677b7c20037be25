import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { createServer as createTlsServer, type ServerOptions } from 'node:https';
import type { AddressInfo } from 'node:net';

export interface Received {
  readonly path: string;
  readonly headers: IncomingMessage['headers'];
  readonly body: Buffer;
}

export type Answer = (request: Received, response: ServerResponse) => void;

/** A server on a random port of loopback that answers as the test says. */
export class IngestServer {
  readonly received: Received[] = [];
  answer: Answer;
  #server: Server;
  readonly #tls: ServerOptions | undefined;
  #port = 0;

  constructor(answer: Answer, tls?: ServerOptions) {
    this.answer = answer;
    this.#tls = tls;
    this.#server = this.#create();
  }

  get url(): string {
    return `${this.#tls === undefined ? 'http' : 'https'}://127.0.0.1:${this.#port}`;
  }

  async start(): Promise<void> {
    if (!this.#server.listening) this.#server = this.#create();
    await new Promise<void>((resolve, reject) => {
      this.#server.once('error', reject);
      this.#server.listen(this.#port, '127.0.0.1', resolve);
    });
    this.#port = (this.#server.address() as AddressInfo).port;
  }

  /** Dies: connections are cut. Comes back under the same port. */
  async stop(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise<void>((resolve) => this.#server.close(() => resolve()));
  }

  #create(): Server {
    const handle = (request: IncomingMessage, response: ServerResponse) => {
      const chunks: Buffer[] = [];
      request.on('data', (chunk: Buffer) => chunks.push(chunk));
      request.on('error', () => undefined);
      request.on('end', () => {
        const received = { path: request.url ?? '', headers: request.headers, body: Buffer.concat(chunks) };
        this.received.push(received);
        this.answer(received, response);
      });
    };
    return this.#tls === undefined ? createServer(handle) : createTlsServer(this.#tls, handle);
  }
}

export function reply(status: number, body: unknown = '', headers: Record<string, string> = {}): Answer {
  return (_, response) => {
    response.writeHead(status, headers);
    response.end(typeof body === 'string' ? body : JSON.stringify(body));
  };
}
