import type { IncomingMessage, Server } from 'node:http';
import type { Duplex } from 'node:stream';
import { type WebSocket, WebSocketServer } from 'ws';
import type { EngineEvent } from '../../engine/engine-view.ts';
import { AuspexError } from '../../errors.ts';
import { metrics } from '../../telemetry/metrics.ts';
import { type Access, type LiveMessage, type LiveTopic, liveTopicAccess, liveTopics } from '../contract/index.ts';
import { requestLike } from '../http/guard.ts';
import type { HttpLimits, ServerParts } from '../http/ports.ts';
import { PROBLEM_TYPE, problemOf, retryAfterSeconds, toAuspexError } from '../http/problem.ts';
import type { SessionCookie } from '../http/sign-in.ts';
import { iso } from '../http/wire.ts';
import { liveMessageOf } from './live-message.ts';

const PATH = '/api/live';
/** Clients have nothing to say here. */
const MAX_INCOMING_BYTES = 4096;
/** A session that was ended is noticed after so many heartbeats: a minute. */
const BEATS_BETWEEN_CHECKS = 4;
/** Of a slow reader who is told to come back, how long the telling may take. */
const CLOSE_GRACE_MS = 2000;

interface Client {
  readonly socket: WebSocket;
  readonly topics: ReadonlySet<LiveTopic>;
  /** The request that opened it: whether it may still is asked again now and then. */
  readonly request: IncomingMessage;
  stop: () => void;
  answered: boolean;
  sequence: number;
  closing: boolean;
}

interface Surroundings {
  readonly limits: HttpLimits;
  readonly every: (ms: number, work: () => void) => () => void;
  readonly cookie: SessionCookie;
  readonly checkHost: (request: IncomingMessage) => void;
  readonly withoutBase: (url: string) => string;
}

/**
 * The live socket at `/api/live?topics=a,b&after=<cursor>`. A cursor is `<process start>.<sequence>`: one of another
 * process, or older than what the engine still holds, is answered with `resumed: false`, and the page reads anew.
 */
export class LiveFeed {
  readonly #parts: ServerParts;
  readonly #around: Surroundings;
  readonly #clients = new Set<Client>();
  readonly #sockets: WebSocketServer;
  /** The text of the newest event: every client gets the same. Of thousands that are held for who comes back it would be most of the memory. */
  #newest: { readonly event: EngineEvent; readonly text: string } | null = null;
  readonly #startId: string;
  #stopBeating: () => void = () => {};
  #beats = 0;
  #closed = false;

  constructor(parts: ServerParts, around: Surroundings) {
    this.#parts = parts;
    this.#around = around;
    this.#startId = parts.startedAt.toString(36);
    this.#sockets = new WebSocketServer({
      noServer: true,
      clientTracking: false,
      perMessageDeflate: false,
      maxPayload: MAX_INCOMING_BYTES,
    });
  }

  attach(server: Server): void {
    server.on('upgrade', (request: IncomingMessage, socket: Duplex, head: Buffer) => {
      socket.on('error', () => socket.destroy());
      this.#upgrade(request, socket, head).catch((thrown: unknown) => refuse(socket, toAuspexError(thrown)));
    });
  }

  start(): void {
    // Who is signed out or demoted stops reading at once; what ends by time or in another process, within a minute.
    this.#parts.access.onChange(() => {
      for (const client of this.#clients) void this.#checkStillAllowed(client);
    });
    this.#stopBeating = this.#around.every(this.#around.limits.heartbeatMs, () => this.#beat());
  }

  /** Tells every client that the server goes, and cuts those off that do not answer. */
  close(): void {
    this.#closed = true;
    this.#stopBeating();
    for (const client of this.#clients) this.#dismiss(client, 1001, 'The server stops.');
  }

  async #upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): Promise<void> {
    const { limits } = this.#around;
    this.#around.checkHost(request);
    const url = new URL(this.#around.withoutBase(request.url ?? '/'), 'http://localhost');
    if (url.pathname !== PATH) throw new AuspexError('NOT_FOUND', `There is no live socket at ${url.pathname}.`);
    const topics = topicsOf(url.searchParams.get('topics'));
    await this.#admit(request, topics);
    const after = url.searchParams.get('after');
    if (this.#closed) throw new AuspexError('TOO_BUSY', 'The server stops.');
    if (this.#clients.size >= limits.webSockets)
      throw new AuspexError('TOO_BUSY', `All ${limits.webSockets} live connections are taken.`, {
        data: { retryAfterSeconds: 30 },
      });
    this.#sockets.handleUpgrade(request, socket, head, (ws) => this.#welcome(ws, topics, request, after));
  }

  #welcome(socket: WebSocket, topics: ReadonlySet<LiveTopic>, request: IncomingMessage, after: string | null): void {
    const client: Client = { socket, topics, request, stop: () => {}, answered: true, sequence: 0, closing: false };
    this.#clients.add(client);
    metrics.webSocketClients.set(this.#clients.size);
    socket.on('pong', () => {
      client.answered = true;
    });
    socket.on('error', () => socket.terminate());
    socket.on('close', () => {
      client.stop();
      this.#clients.delete(client);
      metrics.webSocketClients.set(this.#clients.size);
    });
    this.#subscribe(client, after);
  }

  /** Says hello first, then what was missed, then what comes. */
  #subscribe(client: Client, after: string | null): void {
    const from = this.#sequenceOf(after);
    let missed: EngineEvent[] | null = [];
    const subscription = this.#parts.engine.subscribe(from, (event) => {
      if (missed === null) this.#deliver(client, event);
      else missed.push(event);
    });
    client.stop = subscription.stop;
    const resumed = from !== null && subscription.complete;
    client.sequence = resumed ? from : subscription.sequence;
    this.#send(client, {
      topic: 'hello',
      cursor: this.#cursor(client.sequence),
      resumed,
      heartbeatSeconds: this.#around.limits.heartbeatMs / 1000,
    });
    const waiting = missed;
    missed = null;
    if (resumed) for (const event of waiting) this.#deliver(client, event);
  }

  #deliver(client: Client, event: EngineEvent): void {
    if (client.closing) return;
    client.sequence = event.sequence;
    if (!client.topics.has(event.topic)) return;
    const { bufferedAmount } = client.socket;
    const bound = this.#around.limits.webSocketBufferBytes;
    if (bufferedAmount > bound) {
      // The next sample says the same and more; what happened is told only once.
      if (event.topic === 'samples') return;
      if (bufferedAmount > 2 * bound) {
        this.#dismiss(
          client,
          1013,
          `Reads too slowly: ${bufferedAmount} bytes wait. Connect again with the last cursor.`,
        );
        return;
      }
    }
    client.socket.send(this.#textOf(event));
  }

  #textOf(event: EngineEvent): string {
    let text = this.#newest?.event === event ? this.#newest.text : undefined;
    if (text === undefined) {
      const nameOf = (id: string) => this.#parts.engine.nameOf(id) ?? id;
      text = JSON.stringify(liveMessageOf(event, this.#cursor(event.sequence), nameOf));
      this.#newest = { event, text };
    }
    return text;
  }

  #send(client: Client, message: LiveMessage): void {
    client.socket.send(JSON.stringify(message));
  }

  #beat(): void {
    const at = iso(this.#parts.clock.now());
    const checks = ++this.#beats % BEATS_BETWEEN_CHECKS === 0;
    for (const client of this.#clients) {
      if (!client.answered) {
        client.socket.terminate();
        continue;
      }
      if (client.closing) continue;
      client.answered = false;
      client.socket.ping();
      this.#send(client, { topic: 'heartbeat', cursor: this.#cursor(client.sequence), at });
      if (checks) void this.#checkStillAllowed(client);
    }
  }

  /** Lets pass who may have every topic. Rejects with UNAUTHENTICATED, FORBIDDEN. */
  async #admit(request: IncomingMessage, topics: ReadonlySet<LiveTopic>): Promise<void> {
    const { access } = this.#parts;
    const like = requestLike(request, this.#around.cookie.name);
    const principal = await access.authenticate(like);
    const needed = new Set<Access>([...topics].map((topic) => liveTopicAccess[topic]));
    for (const one of needed) access.authorise(one, principal, like);
  }

  async #checkStillAllowed(client: Client): Promise<void> {
    try {
      await this.#admit(client.request, client.topics);
    } catch (thrown) {
      const { status } = toAuspexError(thrown);
      if (status === 401 || status === 403) this.#dismiss(client, 1008, 'The session or token has ended.');
    }
  }

  #dismiss(client: Client, code: number, reason: string): void {
    if (client.closing) return;
    client.closing = true;
    client.stop();
    client.socket.close(code, reason);
    setTimeout(() => client.socket.terminate(), CLOSE_GRACE_MS).unref();
  }

  #cursor(sequence: number): string {
    return `${this.#startId}.${sequence}`;
  }

  #sequenceOf(cursor: string | null): number | null {
    const match = /^([0-9a-z]{1,20})\.(\d{1,15})$/.exec(cursor ?? '');
    return match !== null && match[1] === this.#startId ? Number(match[2]) : null;
  }
}

function topicsOf(text: string | null): ReadonlySet<LiveTopic> {
  const names = (text ?? '')
    .split(',')
    .map((name) => name.trim())
    .filter(Boolean);
  if (names.length === 0) return new Set(liveTopics);
  for (const name of names)
    if (!liveTopics.some((topic) => topic === name))
      throw new AuspexError(
        'BAD_REQUEST',
        `There is no topic “${name.slice(0, 50)}”; there are ${liveTopics.join(', ')}.`,
        {
          data: { field: 'query.topics' },
        },
      );
  return new Set(names as LiveTopic[]);
}

/** An answer on a connection that did not become a socket. */
function refuse(socket: Duplex, error: AuspexError): void {
  if (!socket.writable) return;
  const body = JSON.stringify(problemOf(error, PATH));
  const retryAfter = retryAfterSeconds(error);
  socket.end(
    [
      `HTTP/1.1 ${error.status} Refused`,
      `Content-Type: ${PROBLEM_TYPE}`,
      `Content-Length: ${Buffer.byteLength(body)}`,
      ...(retryAfter === null ? [] : [`Retry-After: ${retryAfter}`]),
      'Connection: close',
      '',
      body,
    ].join('\r\n'),
  );
}
