import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { z } from 'zod';
import type { Principal } from '../../access/access.ts';
import { sourceOf, type TrustedProxies } from '../../access/source.ts';
import { AuspexError } from '../../errors.ts';
import { type OperationId, type Route, routes } from '../contract/index.ts';
import { recordRefusal, sourceInWords, tellsOfTrying, withAudit } from './audited.ts';
import { BodyBudget } from './body-budget.ts';
import { admit, cookieValue } from './guard.ts';
import type { Handlers, RawAnswer, RequestContext } from './handlers.ts';
import { IdempotentAnswers } from './idempotency.ts';
import type { HttpLimits, ServerOptions } from './ports.ts';
import { readInPieces } from './json-pieces.ts';
import { badRequest } from './problem.ts';
import { ownUrl, type SessionCookie } from './sign-in.ts';

interface Surroundings {
  readonly limits: HttpLimits;
  readonly basePath: string;
  readonly cookie: SessionCookie;
  readonly isTrusted: TrustedProxies;
}

/** A handler of some route: the table ties input and output of each together, here they are only passed through. */
type AnyHandler = Parameters<typeof withAudit>[2];

/** Registers every route of the contract: access first, then the body is read, checked and handed to the handler. */
export function registerRoutes(
  app: FastifyInstance,
  handlers: Handlers,
  options: ServerOptions,
  surroundings: Surroundings,
): void {
  const answers = new IdempotentAnswers(options);
  const principals = new WeakMap<FastifyRequest, Principal>();
  const register = (target: FastifyInstance, id: OperationId, route: Route): void => {
    const handler = withAudit(options, route, handlers[id] as unknown as AnyHandler);
    target.route({
      method: route.method,
      // Probes of load balancers ask so.
      exposeHeadRoute: route.method === 'GET' && route.access === 'public',
      url: route.path.replaceAll(/\{(\w+)\}/g, ':$1'),
      onRequest: async (request) => {
        const { access, audit } = options;
        const principal = await admit(access, request.raw, surroundings.cookie.name, route.access).catch((thrown) => {
          if (tellsOfTrying(request.raw))
            recordRefusal(audit, id, sourceInWords(request.raw, surroundings.isTrusted), thrown);
          throw thrown;
        });
        if (principal !== null) principals.set(request, principal);
      },
      handler: async (request, reply) => {
        const input = await inputOf(route, request);
        const context = contextOf(request, reply, principals.get(request) ?? null, surroundings);
        const run = async () => {
          reply.code(route.status ?? 200);
          const body = await handler(input, context);
          if (options.checkAnswers === true) checkAnswer(id, route, body);
          return { status: reply.statusCode, body };
        };
        const key = request.headers['idempotency-key'];
        if (route.idempotent !== true || typeof key !== 'string') return send(reply, route, (await run()).body);
        const userId = context.principal?.id ?? '';
        const answer = await answers.answer({ key, userId, operation: id, body: input.body }, run);
        if (answer.replayed) reply.header('idempotent-replay', 'true');
        return send(reply.code(answer.status), route, answer.body);
      },
    });
  };
  const table = Object.entries(routes) as [OperationId, Route][];
  for (const [id, route] of table)
    if (route.consumes === undefined && route.long === undefined) register(app, id, route);
  const { remoteWriteBytes, heldBodyBytes } = surroundings.limits;
  const budget = new BodyBudget(remoteWriteBytes, Math.max(heldBodyBytes, remoteWriteBytes));
  const asBytes = (type: string, isTaken: (route: Route) => boolean) => async (raw: FastifyInstance) => {
    raw.removeAllContentTypeParsers();
    raw.addContentTypeParser(type, budget.parser);
    raw.addHook('onRequest', async (request, reply) => {
      reply.raw.once('close', () => budget.done(request.raw));
    });
    for (const [id, route] of table) if (isTaken(route)) register(raw, id, route);
  };
  // What is not JSON is taken as bytes, whatever it says it is; the one who decodes it judges its type.
  void app.register(asBytes('*', (route) => route.consumes !== undefined));
  void app.register(asBytes('application/json', (route) => route.long !== undefined));
}

async function inputOf(
  route: Route,
  request: FastifyRequest,
): Promise<{ params: unknown; query: unknown; body: unknown }> {
  if (route.body !== undefined && request.body === undefined)
    throw new AuspexError('BAD_REQUEST', 'The body is missing; send JSON.', { data: { field: 'body' } });
  return {
    params: parse('path', route.params, request.params),
    // Strict, so that a misspelt filter is an error and not an answer to another question.
    query: parse('query', route.query?.strict(), request.query),
    body: await bodyOf(route, request.body),
  };
}

async function bodyOf(route: Route, body: unknown): Promise<unknown> {
  if (route.long === undefined) return route.body === undefined ? undefined : parse('body', route.body, body);
  try {
    return await readInPieces(body as Buffer, route.long);
  } catch (thrown) {
    throw thrown instanceof z.ZodError ? badRequest('body', thrown) : thrown;
  }
}

/** Checks one part of a request. Throws BAD_REQUEST with the fields that are wrong. */
export function parse(part: 'path' | 'query' | 'body', schema: z.ZodType | undefined, value: unknown): unknown {
  if (schema === undefined) return {};
  const result = schema.safeParse(value);
  if (!result.success) throw badRequest(part, result.error);
  return result.data;
}

function checkAnswer(id: OperationId, route: Route, body: unknown): void {
  const result = route.response?.safeParse(JSON.parse(JSON.stringify(body)));
  if (result?.success === false)
    throw new AuspexError(
      'INTERNAL',
      `The answer of ${id} breaks the contract: ${badRequest('body', result.error).message}`,
    );
}

function contextOf(
  request: FastifyRequest,
  reply: FastifyReply,
  principal: Principal | null,
  { basePath, isTrusted }: Surroundings,
): RequestContext {
  const gone = new AbortController();
  reply.raw.once('close', () => gone.abort());
  return {
    principal,
    source: sourceInWords(request.raw, isTrusted),
    countedSource: sourceOf(request.headers, request.raw.socket.remoteAddress, isTrusted),
    rawBody: Buffer.isBuffer(request.body) ? request.body : Buffer.alloc(0),
    headers: request.headers,
    cookie: (name) => cookieValue(request.headers.cookie, name) ?? undefined,
    ownUrl: ownUrl(request, basePath),
    signal: gone.signal,
    setStatus: (status) => void reply.code(status),
    setHeader: (name, value) => void reply.header(name, value),
  };
}

function send(reply: FastifyReply, route: Route, body: unknown): FastifyReply {
  if (route.produces !== undefined || (route.consumes !== undefined && route.response === undefined)) {
    const raw = body as RawAnswer;
    return reply
      .code(raw.status)
      .headers(raw.headers)
      .send(raw.body ?? undefined);
  }
  reply.header('cache-control', 'no-store');
  if (route.response === undefined) return reply.send();
  return reply.type('application/json; charset=utf-8').send(JSON.stringify(body));
}

const patterns = Object.values(routes).map((route: Route) => ({
  method: route.method,
  pattern: new RegExp(`^${route.path.replaceAll('.', '\\.').replaceAll(/\{\w+\}/g, '[^/]+')}/?$`),
}));

/** The methods that a path takes; none where there is no such path. */
export function allowedMethods(path: string): string[] {
  return [...new Set(patterns.filter(({ pattern }) => pattern.test(path)).map(({ method }) => method))];
}
