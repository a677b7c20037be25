import type { FastifyInstance, FastifyRequest } from 'fastify';
import { SESSION_COOKIE } from '../../access/access.ts';
import type { TrustedProxies } from '../../access/source.ts';
import { AuspexError } from '../../errors.ts';
import { actorOf, sourceInWords } from './audited.ts';
import { plainPage, wantsPage } from './page.ts';
import type { ServerOptions } from './ports.ts';

/** As long as browsers keep one. */
const DEVICE_LIFE_SECONDS = 400 * 86_400;

/**
 * The cookie that holds the session. Named by the port, since cookies do not tell ports apart and two servers on one
 * machine would sign each other out.
 */
export class SessionCookie {
  readonly #path: string;
  readonly #port: () => number;

  constructor(basePath: string, port: () => number) {
    this.#path = basePath === '' ? '/' : basePath;
    this.#port = port;
  }

  get name(): string {
    return `${SESSION_COOKIE}_${this.#port()}`;
  }

  holding(session: string, maxAgeSeconds: number, isSecure: boolean): string {
    return this.#cookie(this.name, session, maxAgeSeconds, isSecure);
  }

  expired(): string {
    return this.holding('', 0, false);
  }

  /** Marks a browser that has signed in, so that guesses of others do not lock it out. */
  get deviceName(): string {
    return `auspex_device_${this.#port()}`;
  }

  /** What a browser keeps while it is at the sign-in provider. Lax: it comes back by a link of another site. */
  get flowName(): string {
    return `auspex_flow_${this.#port()}`;
  }

  holdingFlow(kept: string, maxAgeSeconds: number, isSecure: boolean): string {
    return this.#cookie(this.flowName, kept, maxAgeSeconds, isSecure).replace('SameSite=Strict', 'SameSite=Lax');
  }

  holdingDevice(device: string, isSecure: boolean): string {
    return this.#cookie(this.deviceName, device, DEVICE_LIFE_SECONDS, isSecure);
  }

  #cookie(name: string, value: string, maxAgeSeconds: number, isSecure: boolean): string {
    return `${name}=${value}; Path=${this.#path}; Max-Age=${Math.max(0, Math.floor(maxAgeSeconds))}; HttpOnly; SameSite=Strict${isSecure ? '; Secure' : ''}`;
  }
}

export interface SignInSurroundings {
  readonly basePath: string;
  readonly cookie: SessionCookie;
  readonly isTrusted: TrustedProxies;
}

export function isSecure(request: FastifyRequest): boolean {
  if ('encrypted' in request.raw.socket) return true;
  const forwarded = request.headers['x-forwarded-proto'];
  return typeof forwarded === 'string' && forwarded.split(',', 1)[0]?.trim() === 'https';
}

/** The server's address as the caller wrote it, with the base path. The Host has been checked before. */
export function ownUrl(request: FastifyRequest, basePath: string): string {
  return `${isSecure(request) ? 'https' : 'http'}://${request.headers.host ?? 'localhost'}${basePath}`;
}

/** `GET /sign-in?code=…`: redeems a one-time code, sets the cookie and leads to the page. */
export function registerSignIn(
  app: FastifyInstance,
  { access, audit }: ServerOptions,
  { basePath, cookie, isTrusted }: SignInSurroundings,
): void {
  app.get('/sign-in', async (request, reply) => {
    const { code } = request.query as { code?: unknown };
    reply.header('cache-control', 'no-store');
    const act = { action: 'session.sign-in', target: 'link' };
    const source = sourceInWords(request.raw, isTrusted);
    try {
      const signIn = await access.redeemLink(typeof code === 'string' ? code : '');
      const { cookie: session, maxAgeMs, principal } = signIn;
      await audit.record({ ...act, actor: actorOf(principal, source), outcome: 'done' });
      return await reply
        .header('set-cookie', cookie.holding(session, maxAgeMs / 1000, isSecure(request)))
        .redirect(`${basePath}/`, 303);
    } catch (thrown) {
      const error = AuspexError.from(thrown);
      const actor = actorOf(null, source);
      await audit.recordBounded({ ...act, actor, outcome: 'failed', detail: { error: error.code } });
      if (error.status !== 401 || !wantsPage(request)) throw error;
      return reply
        .code(401)
        .type('text/html; charset=utf-8')
        .send(
          plainPage(
            'Sign-in needed',
            `${error.message} Make another with “auspex dashboard --link” on the machine that runs Auspex.`,
          ),
        );
    }
  });
}
