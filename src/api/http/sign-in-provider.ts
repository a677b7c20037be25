import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { sourceOf } from '../../access/source.ts';
import { AuspexError } from '../../errors.ts';
import { actorOf, sourceInWords } from './audited.ts';
import { cookieValue } from './guard.ts';
import { plainPage, wantsPage } from './page.ts';
import type { ServerOptions } from './ports.ts';
import { isSecure, ownUrl, type SignInSurroundings } from './sign-in.ts';

/** How long one may take at the provider. */
const FLOW_SECONDS = 600;

/**
 * `GET /sign-in/provider` leads to the sign-in provider, which leads back to `/sign-in/provider/back`. What is needed then
 * is kept by the browser alone: nobody can fill the server with sign-ins that were begun.
 */
export function registerProviderSignIn(
  app: FastifyInstance,
  { access, audit }: ServerOptions,
  { basePath, cookie, isTrusted }: SignInSurroundings,
): void {
  const { oidc, people } = access;
  if (oidc === null) return;
  const backTo = (request: FastifyRequest): string => `${ownUrl(request, basePath)}/sign-in/provider/back`;

  app.get('/sign-in/provider', async (request, reply) => {
    reply.header('cache-control', 'no-store');
    try {
      const { url, kept } = await oidc.begin(backTo(request));
      return await reply
        .header('set-cookie', cookie.holdingFlow(kept, FLOW_SECONDS, isSecure(request)))
        .redirect(url, 303);
    } catch (thrown) {
      return told(thrown, request, reply);
    }
  });

  app.get('/sign-in/provider/back', async (request, reply) => {
    reply.header('cache-control', 'no-store').header('set-cookie', cookie.holdingFlow('', 0, isSecure(request)));
    const { code, state, error } = request.query as Record<string, unknown>;
    const act = { action: 'session.sign-in', target: 'provider' };
    const source = sourceInWords(request.raw, isTrusted);
    try {
      people.countFrom(sourceOf(request.headers, request.raw.socket.remoteAddress, isTrusted));
      const kept = cookieValue(request.headers.cookie, cookie.flowName) ?? '';
      const identity = await oidc.finish({ code, state, error }, kept, backTo(request));
      const { cookie: session, maxAgeMs, principal } = await people.signInBy(identity);
      await audit.record({ ...act, actor: actorOf(principal, source), outcome: 'done' });
      return await reply
        .header('set-cookie', cookie.holding(session, maxAgeMs / 1000, isSecure(request)))
        .redirect(`${basePath}/`, 303);
    } catch (thrown) {
      const { code: failure, message } = AuspexError.from(thrown);
      const detail = { error: failure, reason: message };
      await audit.recordBounded({ ...act, actor: actorOf(null, source), outcome: 'failed', detail });
      return told(thrown, request, reply);
    }
  });
}

/** A person is told on a page; a fault that is ours goes the usual way. */
function told(thrown: unknown, request: FastifyRequest, reply: FastifyReply): FastifyReply {
  const error = AuspexError.from(thrown);
  if (error.code === 'INTERNAL' || !wantsPage(request)) throw error;
  return reply
    .code(error.status)
    .type('text/html; charset=utf-8')
    .send(plainPage('You are not signed in', `${error.message} The page of Auspex has other ways to sign in.`));
}
