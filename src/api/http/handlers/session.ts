import { AuspexError } from '../../../errors.ts';
import type { Handlers } from '../handlers.ts';
import type { ServerParts } from '../ports.ts';
import { iso, isoOrNull, tokenToWire } from '../wire.ts';

type Tag = 'tokens' | 'addToken' | 'removeToken' | 'session' | 'signOut' | 'signInLink';

export function sessionHandlers(parts: ServerParts, expiredCookie: () => string): Pick<Handlers, Tag> {
  const { access, clock } = parts;
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
    session: async (_, { principal }) => {
      if (principal === null) throw new AuspexError('UNAUTHENTICATED', 'Nobody is signed in.');
      return {
        userId: principal.userId,
        scope: principal.scope,
        expiresAt: isoOrNull(principal.expiresAt),
        csrf: principal.csrf,
      };
    },
    signOut: async (_, context) => {
      if (context.principal !== null) await access.signOut(context.principal);
      context.setHeader('set-cookie', expiredCookie());
      return undefined;
    },
    signInLink: async (_, context) => {
      const { code, expiresAt } = await access.makeLink();
      return { url: `${context.ownUrl}/sign-in?code=${encodeURIComponent(code)}`, expiresAt: iso(expiresAt) };
    },
  };
}
