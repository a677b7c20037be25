import type { IncomingMessage, Server } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import Fastify, {
  type FastifyBaseLogger,
  type FastifyInstance,
  type FastifyReply,
  type FastifyRequest,
  type FastifyServerOptions,
  LogController,
} from 'fastify';
import { trustedProxies } from '../../access/source.ts';
import { AuspexError } from '../../errors.ts';
import { metrics } from '../../telemetry/metrics.ts';
import { LiveFeed } from '../ws/live.ts';
import { handlersOf } from './all-handlers.ts';
import { limitConnections } from './connection-limit.ts';
import { recordRefusal, sourceInWords, tellsOfTrying } from './audited.ts';
import { HostCheck } from './guard.ts';
import { registerPage, securityHeaders, sendPage, wantsPage } from './page.ts';
import { defaultLimits, type HttpLimits, type ServerOptions } from './ports.ts';
import { PROBLEM_TYPE, problemOf, retryAfterSeconds, toAuspexError } from './problem.ts';
import { ProcessLoad } from './process-load.ts';
import { allowedMethods, registerRoutes } from './register-routes.ts';
import { registerSignIn, SessionCookie } from './sign-in.ts';
import { registerProviderSignIn } from './sign-in-provider.ts';

export interface AuspexServer {
  /** Begins to listen and gives the address, `http://127.0.0.1:4700`. Rejects with ADDRESS_IN_USE. */
  listen(host: string, port: number): Promise<string>;
  /** Ends live connections, lets requests under way finish, stops listening. */
  close(): Promise<void>;
  /** Where it listens; null before. */
  readonly address: { readonly host: string; readonly port: number } | null;
}

/** The HTTP server: REST from the contract's table, live socket, dashboard. Nothing listens before `listen`. */
export async function createServer(options: ServerOptions): Promise<AuspexServer> {
  const limits: HttpLimits = { ...defaultLimits, ...options.limits };
  const basePath = cleanBasePath(options.basePath);
  const isTrusted = trustedProxies(options.trustedProxies ?? []);
  const page = { staticDir: options.staticDir, basePath };
  const app = fastifyFor(options, limits, basePath);
  const load = new ProcessLoad(options.clock);
  let address: { readonly host: string; readonly port: number } | null = null;
  let hosts = new HostCheck(options.allowedHosts, '127.0.0.1');
  const cookie = new SessionCookie(basePath, () => address?.port ?? 0);
  const live = new LiveFeed(options, {
    limits,
    every: options.every ?? everyByTimer,
    cookie,
    checkHost: (request) => hosts.check(request),
    withoutBase: (url) => withoutBase(url, basePath),
  });

  app.addHook('onRequest', async (request, reply) => {
    reply.headers(securityHeaders);
    if (options.isDemonstration === true) reply.header('auspex-demonstration', 'true');
    try {
      hosts.check(request.raw);
    } catch (thrown) {
      if (tellsOfTrying(request.raw))
        recordRefusal(options.audit, 'page of another name', sourceInWords(request.raw, isTrusted), thrown);
      throw thrown;
    }
  });
  measureRequests(app);
  app.setErrorHandler((thrown, request, reply) => sendProblem(options, thrown, request, reply));
  app.setNotFoundHandler(async (request, reply) => {
    if (wantsPage(request)) return await sendPage(reply, page);
    throw notFound(request, reply);
  });
  registerRoutes(app, handlersOf(options, load, cookie), options, { limits, basePath, cookie, isTrusted });
  registerSignIn(app, options, { basePath, cookie, isTrusted });
  registerProviderSignIn(app, options, { basePath, cookie, isTrusted });
  await registerPage(app, page);
  live.attach(app.server);
  limitConnections(app.server, limits, options.log);

  return {
    async listen(host, port) {
      hosts = new HostCheck(options.allowedHosts, host);
      const bound = await listen(app, host, port);
      address = { host, port: bound.port };
      load.start();
      live.start();
      return `${options.tls === undefined ? 'http' : 'https'}://${host.includes(':') ? `[${host}]` : host}:${bound.port}`;
    },
    async close() {
      load.stop();
      live.close();
      const cut = setTimeout(() => app.server.closeAllConnections(), limits.closeGraceMs).unref();
      await app.close();
      clearTimeout(cut);
    },
    get address() {
      return address;
    },
  };
}

/**
 * The contract's zod schemas check what comes in, and no route has a schema for Fastify: the compilers that it would load
 * hold megabytes. Its types know those compilers only, hence the cast.
 */
const noCompilers = {
  compilersFactory: { buildValidator: () => () => () => true, buildSerializer: () => () => JSON.stringify },
} as unknown as NonNullable<FastifyServerOptions['schemaController']>;

function fastifyFor(options: ServerOptions, limits: HttpLimits, basePath: string): FastifyInstance {
  return Fastify({
    ...(options.tls === undefined ? {} : { https: { ...options.tls, minVersion: 'TLSv1.2' as const } }),
    loggerInstance: options.log as FastifyBaseLogger,
    // A line a request would be most of the log; slow and failed ones are told where they are handled.
    logController: new LogController({ disableRequestLogging: true }),
    bodyLimit: limits.bodyBytes,
    keepAliveTimeout: limits.keepAliveMs,
    requestTimeout: limits.requestTimeoutMs,
    connectionTimeout: limits.idleMs,
    forceCloseConnections: 'idle',
    exposeHeadRoutes: false,
    schemaController: noCompilers,
    routerOptions: { maxParamLength: 1000, ignoreTrailingSlash: true },
    rewriteUrl: (request) => withoutBase(request.url ?? '/', basePath),
    http: {
      headersTimeout: limits.headersTimeoutMs,
      connectionsCheckingInterval: Math.min(5000, limits.headersTimeoutMs),
      maxHeaderSize: 16 * 1024,
      // Some clients offer HTTP/2 on every request (`Upgrade: h2c`); they are to be answered, not upgraded.
      shouldUpgradeCallback: (request: IncomingMessage) => /^websocket$/i.test(request.headers.upgrade ?? ''),
    },
    clientErrorHandler,
    frameworkErrors: (error, request, reply) => {
      reply.headers(securityHeaders);
      void sendProblem(options, error, request as FastifyRequest, reply as FastifyReply);
    },
  }) as unknown as FastifyInstance;
}

function everyByTimer(ms: number, work: () => void): () => void {
  const timer = setInterval(work, ms).unref();
  return () => clearInterval(timer);
}

function cleanBasePath(path: string): string {
  const trimmed = path.replace(/^\/+|\/+$/g, '');
  if (trimmed === '') return '';
  if (!/^[A-Za-z0-9._~/-]+$/.test(trimmed))
    throw new AuspexError('CONFIG_INVALID', `server.basePath “${path}” may hold letters, digits and . _ ~ - / only.`);
  return `/${trimmed}`;
}

/** A proxy may pass the base path on or take it off; both are understood. */
function withoutBase(url: string, basePath: string): string {
  if (basePath === '' || !url.startsWith(basePath)) return url;
  const rest = url.slice(basePath.length);
  return rest.startsWith('/') ? rest : rest === '' || rest.startsWith('?') ? `/${rest}` : url;
}

async function listen(app: FastifyInstance, host: string, port: number): Promise<AddressInfo> {
  try {
    await app.listen({ host, port });
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'EADDRINUSE')
      throw new AuspexError('ADDRESS_IN_USE', `Something else listens on ${host}:${port}.`, {
        cause,
        data: { host, port },
      });
    throw cause;
  }
  return (app.server as Server).address() as AddressInfo;
}

function measureRequests(app: FastifyInstance): void {
  app.addHook('onResponse', async (request, reply) => {
    const route = request.routeOptions.url ?? 'page';
    metrics.httpSeconds.observe({ route, status: String(reply.statusCode) }, reply.elapsedTime / 1000);
  });
}

function notFound(request: FastifyRequest, reply: FastifyReply): AuspexError {
  const path = request.url.split('?', 1)[0] ?? '/';
  const methods = allowedMethods(path);
  if (methods.length === 0) return new AuspexError('NOT_FOUND', `There is nothing at ${path}.`);
  reply.header('allow', methods.join(', '));
  return new AuspexError(
    'METHOD_NOT_ALLOWED',
    `${path} does not take ${request.method}; it takes ${methods.join(', ')}.`,
  );
}

async function sendProblem(
  { log }: ServerOptions,
  thrown: unknown,
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<FastifyReply> {
  const error = toAuspexError(thrown);
  const path = request.url.split('?', 1)[0] ?? '/';
  if (error.status >= 500 && error.code !== 'TOO_BUSY')
    log.error({ err: error.cause ?? error, code: error.code, path }, error.message);
  const retryAfter = retryAfterSeconds(error);
  if (retryAfter !== null) reply.header('retry-after', String(retryAfter));
  if (error.status === 401) reply.header('www-authenticate', 'Bearer realm="auspex"');
  reply.removeHeader('content-disposition');
  return reply
    .code(error.status)
    .header('cache-control', 'no-store')
    .type(PROBLEM_TYPE)
    .serializer((body: unknown) => JSON.stringify(body))
    .send(problemOf(error, path));
}

/** What never became a request: broken HTTP, headers too large, a sender too slow. */
function clientErrorHandler(error: Error & { code?: string }, socket: Socket): void {
  if (!socket.writable || error.code === 'ECONNRESET') {
    socket.destroy();
    return;
  }
  const isSlow = error.code === 'ERR_HTTP_REQUEST_TIMEOUT';
  const isLarge = error.code === 'HPE_HEADER_OVERFLOW';
  const status = isSlow ? 408 : isLarge ? 431 : 400;
  const detail = isSlow
    ? 'The request did not arrive in time.'
    : isLarge
      ? 'The headers are larger than 16 KiB.'
      : 'This is not valid HTTP.';
  const body = JSON.stringify(
    problemOf(new AuspexError(isSlow ? 'TIMEOUT' : 'BAD_REQUEST', detail), undefined, status),
  );
  socket.end(
    `HTTP/1.1 ${status} ${isSlow ? 'Request Timeout' : 'Bad Request'}\r\nContent-Type: ${PROBLEM_TYPE}\r\nContent-Length: ${Buffer.byteLength(body)}\r\nConnection: close\r\n\r\n${body}`,
  );
}
