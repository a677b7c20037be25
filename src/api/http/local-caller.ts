import type { CallInput } from '../client.ts';
import { type OperationId, type OperationOutput, type Route, routes } from '../contract/index.ts';
import { handlersOf } from './all-handlers.ts';
import { withAudit } from './audited.ts';
import type { RequestContext } from './handlers.ts';
import type { ServerParts } from './ports.ts';
import { ProcessLoad } from './process-load.ts';
import { parse } from './register-routes.ts';
import { SessionCookie } from './sign-in.ts';

export interface LocalCaller {
  /** One operation of the contract, answered in this process as over HTTP: same checks, same answer. Rejects with an AuspexError. */
  call<K extends OperationId>(operation: K, input?: CallInput<K>): Promise<OperationOutput<K>>;
  close(): void;
}

type AnyHandler = Parameters<typeof withAudit>[2];

/** For programs that hold Auspex as a library: they own it, so they may do everything. */
export function createLocalCaller(parts: ServerParts): LocalCaller {
  const load = new ProcessLoad(parts.clock);
  load.start();
  const cookie = new SessionCookie('', () => 0);
  const handlers = handlersOf(parts, load, cookie);
  const context: RequestContext = {
    principal: {
      kind: 'token',
      userId: 'library',
      scope: 'admin',
      role: null,
      expiresAt: null,
      id: 'library',
      csrf: null,
    },
    source: null,
    countedSource: 'unknown',
    rawBody: Buffer.alloc(0),
    headers: {},
    cookie: () => undefined,
    ownUrl: '',
    signal: new AbortController().signal,
    setStatus: () => {},
    setHeader: () => {},
  };
  return {
    call: async (operation, input) => {
      const route: Route = routes[operation];
      const given = (input ?? {}) as { params?: unknown; query?: Record<string, unknown>; body?: unknown };
      const handler = withAudit(parts, route, handlers[operation] as unknown as AnyHandler);
      const checked = {
        params: parse('path', route.params, given.params ?? {}),
        query: parse('query', route.query?.strict(), given.query ?? {}),
        body: route.body === undefined ? undefined : parse('body', route.body, given.body),
      };
      return (await handler(checked, context)) as never;
    },
    close: () => load.stop(),
  };
}
