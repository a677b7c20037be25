import type { Readable } from 'node:stream';
import type { z } from 'zod';
import type { OperationId, OperationInput, OperationOutput, routes } from '../contract/index.ts';
import type { Principal } from '../../access/access.ts';

/** An answer that is not JSON of the contract: a stream, a text, or a status with headers. */
export interface RawAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | Buffer | Readable | null;
}

/** What a handler knows beside its validated input. */
export interface RequestContext {
  /** Null on public routes, and for this machine itself where data come in. */
  readonly principal: Principal | null;
  /** Who calls, as people read it; null inside this process. */
  readonly source: string | null;
  /** Where it comes from, as tries are counted. */
  readonly countedSource: string;
  /** The undecoded body of a route that consumes something else than JSON. */
  readonly rawBody: Buffer;
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>;
  /** The value of a cookie of the caller. */
  cookie(name: string): string | undefined;
  /** The server's address as the caller wrote it, with the base path: `http://localhost:4700/auspex`. */
  readonly ownUrl: string;
  /** Aborted when the caller goes away. */
  readonly signal: AbortSignal;
  /** Answers with another status than the route's. */
  setStatus(status: number): void;
  setHeader(name: string, value: string): void;
}

type RouteOf<K extends OperationId> = (typeof routes)[K];
export type HandlerOutput<K extends OperationId> =
  RouteOf<K> extends { response: z.ZodType }
    ? OperationOutput<K>
    : RouteOf<K> extends { produces: string } | { consumes: string }
      ? RawAnswer
      : undefined;

export type Handler<K extends OperationId> = (
  input: OperationInput<K>,
  context: RequestContext,
) => Promise<HandlerOutput<K>>;
/** One handler for every route: one missing does not compile. */
export type Handlers = { readonly [K in OperationId]: Handler<K> };

/** The user's name for what is stored as done by somebody. */
export function actor(context: RequestContext): string {
  return context.principal?.userId ?? 'this machine';
}
