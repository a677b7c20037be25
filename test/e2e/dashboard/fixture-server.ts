import { createReadStream, existsSync, readFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { extname, join, normalize } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type WebSocket, WebSocketServer } from 'ws';
import {
  type LiveMessage,
  liveMessage,
  type OperationId,
  type Route,
  routes,
} from '../../../src/api/contract/index.ts';
import { answers, type Scene, World } from './fixtures.ts';

/* Serves the built page under a base path with the strict CSP, and canned answers of the contract, each validated before it goes out. */

const dist = fileURLToPath(new URL('../../../dashboard/dist/', import.meta.url));
const types: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript',
  '.css': 'text/css',
  '.svg': 'image/svg+xml',
};
const csp =
  "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; base-uri 'self'; form-action 'none'; frame-ancestors 'none'";

export interface Sent {
  readonly operation: OperationId;
  readonly params: Readonly<Record<string, string>>;
  readonly query: URLSearchParams;
  readonly body: unknown;
  readonly csrf: string | undefined;
}

export interface Fixture {
  readonly url: string;
  readonly world: World;
  /** Every change that the page asked for. */
  readonly changes: readonly Sent[];
  /** Faults of the fixtures themselves: answers that the contract refuses. */
  readonly faults: readonly string[];
  readonly resumedAfter: readonly (string | null)[];
  signedIn: boolean;
  failing: OperationId | null;
  send(message: Record<string, unknown>): void;
  dropConnections(refuse: boolean): void;
  close(): Promise<void>;
}

interface Found {
  readonly operation: OperationId;
  readonly route: Route;
  readonly params: Record<string, string>;
}

function find(method: string, path: string): Found | null {
  for (const [operation, route] of Object.entries(routes) as [OperationId, Route][]) {
    if (route.method !== method) continue;
    const names: string[] = [];
    const pattern = route.path.replace(/\{(\w+)\}/g, (_, name: string) => {
      names.push(name);
      return '([^/]+)';
    });
    const match = new RegExp(`^${pattern}$`).exec(path);
    if (match === null) continue;
    return {
      operation,
      route,
      params: Object.fromEntries(names.map((name, i) => [name, decodeURIComponent(match[i + 1] ?? '')])),
    };
  }
  return null;
}

async function bodyOf(request: IncomingMessage): Promise<unknown> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  if (chunks.length === 0) return undefined;
  const text = Buffer.concat(chunks).toString();
  return request.headers['content-type'] === 'application/json' ? (JSON.parse(text) as unknown) : text;
}

function sendProblem(
  response: ServerResponse,
  status: number,
  code: string,
  title: string,
  detail: string,
  remedy: string,
): void {
  response.writeHead(status, { 'content-type': 'application/problem+json' });
  response.end(JSON.stringify({ type: `urn:auspex:${code}`, title, status, code, detail, remedy }));
}

function sendPage(response: ServerResponse, path: string, base: string): void {
  const file = normalize(join(dist, path));
  const asset = path !== '/' && file.startsWith(dist) && existsSync(file) && extname(file) !== '';
  const headers: Record<string, string> = { 'content-security-policy': csp, 'x-content-type-options': 'nosniff' };
  if (!asset) {
    response.writeHead(200, { ...headers, 'content-type': 'text/html; charset=utf-8' });
    response.end(readFileSync(join(dist, 'index.html'), 'utf8').replace('__AUSPEX_BASE__', base));
    return;
  }
  response.writeHead(200, { ...headers, 'content-type': types[extname(file)] ?? 'application/octet-stream' });
  createReadStream(file).pipe(response);
}

/** Starts the server on a free port; `now` is what the fixtures call the present. */
export async function startFixture(
  scene: Scene,
  options: { base?: string; now?: number; port?: number } = {},
): Promise<Fixture> {
  const base = options.base ?? '';
  const world = new World(scene, options.now ?? Date.now());
  const changes: Sent[] = [];
  const faults: string[] = [];
  const resumedAfter: (string | null)[] = [];
  const sockets = new Set<WebSocket>();
  let refuse = false;
  let cursor = 100;
  const held: LiveMessage[] = [];

  const answer = async (request: IncomingMessage, response: ServerResponse, url: URL, path: string) => {
    const found = find(request.method ?? 'GET', path);
    const make = found === null ? undefined : answers[found.operation];
    if (found === null || (make === undefined && found.route.status !== 204)) {
      sendProblem(response, 404, 'NOT_FOUND', 'Not found', `There is no ${path}.`, 'Check the address.');
      return;
    }
    if (found.operation === 'signIn') fixture.signedIn = true;
    if (!fixture.signedIn && found.route.access !== 'public') {
      sendProblem(
        response,
        401,
        'UNAUTHENTICATED',
        'Sign-in needed',
        'There is no session.',
        'Open the link of `auspex dashboard --link`.',
      );
      return;
    }
    if (fixture.failing === found.operation) {
      sendProblem(
        response,
        503,
        'STORE_FAILED',
        'The store cannot be written',
        'The disk answered EIO.',
        'Check the disk.',
      );
      return;
    }
    const query = found.route.query?.safeParse(Object.fromEntries(url.searchParams));
    if (query?.success === false) faults.push(`${path}${url.search}: ${query.error.message}`);
    const body = await bodyOf(request);
    const parsed = found.route.body?.safeParse(body);
    if (parsed?.success === false) faults.push(`${path} body: ${parsed.error.message}`);
    if (found.route.method !== 'GET') {
      const csrf = request.headers['x-csrf-token'];
      changes.push({
        operation: found.operation,
        params: found.params,
        query: url.searchParams,
        body,
        csrf: typeof csrf === 'string' ? csrf : undefined,
      });
    }
    const result = make?.(world, found.params, url.searchParams, body);
    if (found.route.status === 204) {
      response.writeHead(204).end();
      return;
    }
    if (result === undefined) {
      sendProblem(
        response,
        404,
        'NOT_FOUND',
        'Not found',
        `There is no ${path}.`,
        'Check the id; it may have passed its retention.',
      );
      return;
    }
    const checked = found.route.response?.safeParse(result);
    if (checked?.success === false) faults.push(`${found.operation}: ${checked.error.message}`);
    response.writeHead(found.route.status ?? 200, { 'content-type': 'application/json' });
    response.end(JSON.stringify(result));
  };

  const server = createServer((request, response) => {
    const url = new URL(request.url ?? '/', 'http://fixture');
    if (!url.pathname.startsWith(base)) {
      response.writeHead(404).end();
      return;
    }
    const path = url.pathname.slice(base.length) || '/';
    if (path.startsWith('/api/')) void answer(request, response, url, path);
    else sendPage(response, path, base);
  });
  const live = new WebSocketServer({ noServer: true });
  server.on('upgrade', (request, socket, head) => {
    const url = new URL(request.url ?? '/', 'http://fixture');
    if (refuse || url.pathname !== `${base}/api/live`) {
      socket.destroy();
      return;
    }
    live.handleUpgrade(request, socket, head, (ws) => {
      sockets.add(ws);
      ws.on('close', () => sockets.delete(ws));
      const after = url.searchParams.get('after');
      resumedAfter.push(after);
      ws.send(JSON.stringify({ topic: 'hello', cursor: after ?? String(cursor), resumed: true, heartbeatSeconds: 15 }));
      if (after !== null)
        for (const message of held) if (Number(message.cursor) > Number(after)) ws.send(JSON.stringify(message));
    });
  });
  await new Promise<void>((resolve) => server.listen(options.port ?? 0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;

  const fixture: Fixture = {
    url: `http://127.0.0.1:${port}${base}/`,
    world,
    changes,
    faults,
    resumedAfter,
    signedIn: true,
    failing: null,
    send(message) {
      const checked = liveMessage.parse({ ...message, cursor: String(++cursor) });
      held.push(checked);
      // What was sent holds for what is read later, too.
      if (checked.topic === 'overview') world.said = checked.sentence;
      if (checked.topic === 'anomalies') {
        const at = world.extra.findIndex((a) => a.id === checked.anomaly.id);
        world.extra.splice(at < 0 ? world.extra.length : at, 1, checked.anomaly);
      }
      for (const ws of sockets) ws.send(JSON.stringify(checked));
    },
    dropConnections(nowRefuse) {
      refuse = nowRefuse;
      for (const ws of sockets) ws.terminate();
    },
    async close() {
      for (const ws of sockets) ws.terminate();
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
  return fixture;
}
