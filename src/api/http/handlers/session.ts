import type { Principal, SignIn } from '../../../access/access.ts';
import { AuspexError } from '../../../errors.ts';
import type { OperationOutput } from '../../contract/index.ts';
import type { Handlers, RequestContext } from '../handlers.ts';
import type { ServerParts } from '../ports.ts';
import type { SessionCookie } from '../sign-in.ts';
import { iso, isoOrNull, tokenToWire } from '../wire.ts';

type Tag =
  | 'tokens'
  | 'addToken'
  | 'removeToken'
  | 'session'
  | 'signIn'
  | 'signInWays'
  | 'claimAccount'
  | 'changePassword'
  | 'signOut'
  | 'signOutEverywhere'
  | 'signInLink';

export function sessionHandlers(parts: ServerParts, cookie: SessionCookie): Pick<Handlers, Tag> {
  const { access, clock } = parts;
  const sessionOf = async (principal: Principal): Promise<OperationOutput<'session'>> => ({
    userId: principal.userId,
    scope: principal.scope,
    role: principal.role,
    expiresAt: isoOrNull(principal.expiresAt),
    csrf: principal.csrf,
    needs: await access.people.needs(principal),
    demonstration: parts.isDemonstration === true,
  });
  const keep = (context: RequestContext, { cookie: value, maxAgeMs }: SignIn): void =>
    context.setHeader('set-cookie', cookie.holding(value, maxAgeMs / 1000, isSecure(context)));
  return {
    tokens: async () => ({ items: (await access.tokens()).map(tokenToWire) }),
    addToken: async ({ body }) => {
      const expiresAt = body.expiresAt === null ? null : Date.parse(body.expiresAt);
      if (expiresAt !== null && expiresAt <= clock.now())
        throw new AuspexError('BAD_REQUEST', `body.expiresAt: ${body.expiresAt} has passed.`, {
          data: { field: 'body.expiresAt' },
        });
      const { row, secret } = await access.addToken({ name: body.name, scope: body.scope, expiresAt });
      return { ...tokenToWire(row), secret };
    },
    removeToken: async ({ params }) => {
      await access.revokeToken(params.id);
      return undefined;
    },
    session: (_, { principal }) => sessionOf(present(principal)),
    signIn: async ({ body }, context) => {
      const { device, ...signIn } = await access.people.signIn({
        ...body,
        source: context.countedSource,
        device: context.cookie(cookie.deviceName),
      });
      keep(context, signIn);
      context.setHeader('set-cookie', cookie.holdingDevice(device, isSecure(context)));
      return sessionOf(signIn.principal);
    },
    signInWays: async () => ({ provider: access.oidc?.name ?? null }),
    claimAccount: async ({ body }, context) => {
      const signIn = await access.people.claim(present(context.principal), body.name, body.password);
      keep(context, signIn);
      return sessionOf(signIn.principal);
    },
    changePassword: async ({ body }, { principal }) => {
      await access.people.changePassword(present(principal), body.currentPassword, body.password);
      return undefined;
    },
    signOut: async (_, context) => {
      await access.signOut(present(context.principal));
      context.setHeader('set-cookie', cookie.expired());
      return undefined;
    },
    signOutEverywhere: async (_, context) => {
      await access.people.signOutEverywhere(present(context.principal));
      context.setHeader('set-cookie', cookie.expired());
      return undefined;
    },
    signInLink: async (_, context) => {
      const { code, expiresAt } = await access.makeLink();
      return { url: linkOf(context, code), expiresAt: iso(expiresAt) };
    },
  };
}

/** Routes that name an access other than public or ingest have somebody. */
function present(principal: Principal | null): Principal {
  if (principal === null) throw new AuspexError('UNAUTHENTICATED', 'Nobody is signed in.');
  return principal;
}

function isSecure({ ownUrl }: RequestContext): boolean {
  return ownUrl.startsWith('https:');
}

export function linkOf({ ownUrl }: RequestContext, code: string): string {
  return `${ownUrl}/sign-in?code=${encodeURIComponent(code)}`;
}
