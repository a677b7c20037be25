/**
 * The service of the gameday: a small shop. Environment: HOST, PORT, METRICS_PORT, INSTANCE, VERSION, DATABASE_URL,
 * REDIS_URL, PRICING_URL, SPOOL, TOKEN_SECRET; LEAK_FILE, a file that says how many megabytes are lost each second; and what a bad
 * release has: RELEASE_FAULT, the share of requests that it fails on.
 */
import { readFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { codeOf, log } from './shop-log.ts';
import { duration, inFlight, requests, serveMetrics } from './shop-metrics.ts';
import { BadRequest, item, note, order, price, type Shop } from './shop-routes.ts';
import { Cache, openDatabase } from './shop-stores.ts';
import { checkToken } from './web-token.ts';

const LARGEST_BODY = 64 << 10;

function setting(name: string): string {
  const value = process.env[name];
  if (value === undefined || value === '') throw new Error(`${name} is not set`);
  return value;
}

const version = setting('VERSION');
const secret = setting('TOKEN_SECRET');
const faultEvery = Math.round(1 / Number(process.env['RELEASE_FAULT'] ?? 0));
const shop: Shop = {
  instance: setting('INSTANCE'),
  database: openDatabase(setting('DATABASE_URL'), setting('INSTANCE')),
  cache: new Cache(setting('REDIS_URL')),
  spool: setting('SPOOL'),
  pricing: setting('PRICING_URL'),
};
let served = 0;

interface Answer {
  readonly status: number;
  readonly text: string;
}

async function answer(route: string, request: IncomingMessage): Promise<Answer> {
  const token = (request.headers.authorization ?? '').replace(/^Bearer /, '');
  const claims = checkToken(token, secret, Date.now());
  if (typeof claims === 'string') return refused(route, 401, 'UNAUTHENTICATED', claims);
  if (++served % faultEvery === 0) {
    const cart = JSON.parse('{}') as { lines: { total: number }[] };
    return { status: 200, text: String(cart.lines[0]?.total) };
  }
  const id = Number((request.url ?? '').split('/')[2]);
  if (route === 'items') return { status: 200, text: await item(shop, id) };
  if (route === 'prices') return { status: 200, text: await price(shop, id) };
  const body = await read(request);
  return { status: 201, text: route === 'orders' ? await order(shop, body) : await note(shop, body) };
}

async function read(request: IncomingMessage): Promise<string> {
  const pieces: Buffer[] = [];
  let size = 0;
  for await (const piece of request as AsyncIterable<Buffer>) {
    size += piece.length;
    if (size > LARGEST_BODY) throw new BadRequest('The body is too large.');
    pieces.push(piece);
  }
  return Buffer.concat(pieces).toString();
}

function refused(route: string, status: number, code: string, message: string): Answer {
  log('error', route, Object.assign(new Error(message), { code }));
  return { status, text: JSON.stringify({ error: code }) };
}

function failed(route: string, error: unknown): Answer {
  if (error instanceof BadRequest || error instanceof SyntaxError)
    return { status: 400, text: JSON.stringify({ error: error.message }) };
  log('error', route, error);
  const status = error instanceof TypeError ? 500 : 503;
  return { status, text: JSON.stringify({ error: error instanceof Error ? codeOf(error) : 'UNKNOWN' }) };
}

async function serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
  if (request.url === '/health') {
    response.setHeader('content-type', 'application/json');
    response.end(JSON.stringify({ status: 'ok', instance: shop.instance, version }));
    return;
  }
  const route = /^\/(items|prices|orders|notes)(\/|$)/.exec(request.url ?? '')?.[1] ?? 'unknown';
  const end = duration.startTimer({ route });
  inFlight.inc();
  const given =
    route === 'unknown'
      ? { status: 404, text: '{}' }
      : await answer(route, request).catch((error: unknown) => failed(route, error));
  inFlight.dec();
  end();
  requests.inc({ route, status: given.status });
  response.writeHead(given.status, { 'content-type': 'application/json', 'x-instance': shop.instance }).end(given.text);
}

/** Memory that nobody gives back, while the file says so. */
function leak(file: string): void {
  const lost: Buffer[] = [];
  setInterval(() => {
    let megabytes = 0;
    try {
      megabytes = Number(readFileSync(file, 'utf8')) || 0;
    } catch {
      // No leak.
    }
    if (megabytes > 0) lost.push(Buffer.alloc((megabytes * (1 << 20)) / 4, 1));
  }, 250);
}

const server = createServer((request, response) => void serve(request, response));
server.keepAliveTimeout = 65_000;
server.on('error', (error) => {
  log('error', 'start', error);
  process.exit(1);
});

function stop(): void {
  log('info', 'stopping');
  server.close(() => process.exit(0));
  server.closeIdleConnections();
  setTimeout(() => process.exit(0), 3_000);
}

process.on('SIGTERM', stop);
leak(setting('LEAK_FILE'));
await serveMetrics(setting('HOST'), Number(setting('METRICS_PORT')), version, shop.database);
server.listen(Number(setting('PORT')), setting('HOST'), () => log('info', `started ${version}`));
