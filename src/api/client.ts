import type { z } from 'zod';
import { AuspexError, type ErrorCode, errorTable } from '../errors.ts';
import { type OperationId, type OperationOutput, type Route, routes } from './contract/index.ts';

type RouteOf<K extends OperationId> = (typeof routes)[K];
type Given<T> = T extends z.ZodType ? z.input<T> : never;
/** Query values as a program has them: numbers stay numbers. */
type GivenQuery<T> = T extends z.ZodObject ? { readonly [P in keyof z.output<T>]?: z.output<T>[P] | undefined } : never;

/** What a call needs: path, query and body as the contract says. */
export type CallInput<K extends OperationId> = (RouteOf<K> extends { params: infer P }
  ? { readonly params: Given<P> }
  : { readonly params?: never }) &
  (RouteOf<K> extends { query: infer Q } ? { readonly query?: GivenQuery<Q> } : { readonly query?: never }) &
  (RouteOf<K> extends { body: infer B } ? { readonly body: Given<B> } : { readonly body?: never }) & {
    readonly idempotencyKey?: string;
    readonly signal?: AbortSignal;
    /** The body of a route that takes something else than JSON. */
    readonly text?: string;
  };
type CallArguments<K extends OperationId> =
  Record<string, never> extends Omit<CallInput<K>, 'idempotencyKey' | 'signal' | 'text'>
    ? [input?: CallInput<K>]
    : [input: CallInput<K>];

export interface ClientOptions {
  /** The server's address, with its base path: `http://127.0.0.1:4700`. */
  readonly baseUrl: string;
  readonly token?: string;
  /** Default 30 s. */
  readonly timeoutMs?: number;
}

export interface Client {
  /**
   * Calls an operation of the contract. Rejects with the AuspexError that the server answered, with UNREACHABLE where
   * nobody listens and TIMEOUT where nobody answers.
   */
  call<K extends OperationId>(operation: K, ...rest: CallArguments<K>): Promise<OperationOutput<K>>;
  /** The same for answers that are streams or text: exports, metrics. The body is for the caller to read. */
  stream<K extends OperationId>(operation: K, ...rest: CallArguments<K>): Promise<Response>;
  /** Every item of a list in pages, fetched as they are asked for. */
  pages<K extends PagedOperation>(operation: K, ...rest: CallArguments<K>): AsyncGenerator<ItemOf<K>>;
}

type PagedOperation = {
  [K in OperationId]: OperationOutput<K> extends { nextCursor: string | null } ? K : never;
}[OperationId];
type ItemOf<K extends OperationId> = OperationOutput<K> extends { items: (infer I)[] } ? I : never;

type Scalar = string | number | boolean | null | undefined;
interface LooseInput {
  readonly params?: Readonly<Record<string, Scalar>>;
  readonly query?: Readonly<Record<string, Scalar>>;
  readonly body?: unknown;
  readonly text?: string;
  readonly idempotencyKey?: string;
  readonly signal?: AbortSignal;
}

const DEFAULT_TIMEOUT_MS = 30_000;

/** A typed client of the API, for the terminal, the library and tests. */
export function createClient(options: ClientOptions): Client {
  const request = async (operation: OperationId, input: LooseInput, isStream: boolean): Promise<Response> => {
    const route: Route = routes[operation];
    const url = urlOf(options.baseUrl, route, input);
    let response: Response;
    try {
      response = await fetch(url, {
        method: route.method,
        headers: headersOf(options, route, input),
        ...(input.body === undefined ? {} : { body: JSON.stringify(input.body) }),
        ...(input.text === undefined ? {} : { body: input.text }),
        signal: signalOf(input.signal, isStream ? undefined : (options.timeoutMs ?? DEFAULT_TIMEOUT_MS)),
        redirect: 'error',
      });
    } catch (cause) {
      throw connectionError(options.baseUrl, cause);
    }
    // 503 of /readyz is an answer by the contract, not a problem.
    const isProblem = (response.headers.get('content-type') ?? '').startsWith('application/problem+json');
    if (response.ok || (!isProblem && operation === 'readyz')) return response;
    throw await problemError(response);
  };
  const call = async (operation: OperationId, input: LooseInput = {}): Promise<unknown> => {
    const response = await request(operation, input, false);
    if ((routes[operation] as Route).response === undefined) return void (await response.arrayBuffer());
    try {
      return await response.json();
    } catch (cause) {
      throw new AuspexError('UNREACHABLE', `What answers at ${options.baseUrl} is not Auspex.`, { cause });
    }
  };
  return {
    call: call as Client['call'],
    stream: ((operation: OperationId, input: LooseInput = {}) => request(operation, input, true)) as Client['stream'],
    pages: async function* (operation: OperationId, input: LooseInput = {}) {
      let cursor: string | null = null;
      do {
        const query: Record<string, Scalar> = { ...input.query, ...(cursor === null ? {} : { cursor }) };
        const page = (await call(operation, { ...input, query })) as { items: unknown[]; nextCursor: string | null };
        yield* page.items;
        cursor = page.nextCursor;
      } while (cursor !== null);
    } as Client['pages'],
  };
}

function urlOf(baseUrl: string, route: Route, { params, query }: LooseInput): string {
  const path = route.path.replaceAll(/\{(\w+)\}/g, (_, name: string) =>
    encodeURIComponent(String(params?.[name] ?? '')),
  );
  const search = new URLSearchParams();
  for (const [name, value] of Object.entries(query ?? {}))
    if (value !== undefined && value !== null) search.set(name, String(value));
  const text = search.toString();
  return `${baseUrl.replace(/\/+$/, '')}${path}${text === '' ? '' : `?${text}`}`;
}

function headersOf(
  { token }: ClientOptions,
  route: Route,
  { body, text, idempotencyKey }: LooseInput,
): Record<string, string> {
  return {
    accept: 'application/json, application/problem+json, */*;q=0.1',
    ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
    ...(body === undefined ? {} : { 'content-type': 'application/json' }),
    ...(text === undefined || route.consumes === undefined ? {} : { 'content-type': route.consumes }),
    ...(idempotencyKey === undefined ? {} : { 'idempotency-key': idempotencyKey }),
  };
}

function signalOf(own: AbortSignal | undefined, timeoutMs: number | undefined): AbortSignal | null {
  const signals = [own, timeoutMs === undefined ? undefined : AbortSignal.timeout(timeoutMs)].filter(
    (signal) => signal !== undefined,
  );
  return signals.length === 0 ? null : AbortSignal.any(signals);
}

function connectionError(baseUrl: string, cause: unknown): AuspexError {
  if (cause instanceof Error && cause.name === 'TimeoutError')
    return new AuspexError('TIMEOUT', `${baseUrl} did not answer in time.`, { cause });
  const reason = cause instanceof Error && cause.cause instanceof Error ? cause.cause.message : String(cause);
  return new AuspexError('UNREACHABLE', `${baseUrl} cannot be reached: ${reason}.`, { cause, data: { url: baseUrl } });
}

async function problemError(response: Response): Promise<AuspexError> {
  const text = await response.text();
  const retryAfter = Number(response.headers.get('retry-after'));
  try {
    const { code, detail, data } = JSON.parse(text) as { code: string; detail: string; data?: AuspexError['data'] };
    if (typeof detail === 'string' && code in errorTable)
      return new AuspexError(code as ErrorCode, detail, {
        data: { ...data, ...(retryAfter > 0 ? { retryAfterSeconds: retryAfter } : {}) },
      });
  } catch {
    // Not ours: a proxy's page, or another program.
  }
  return new AuspexError('UNREACHABLE', `The answer was HTTP ${response.status}, and not in Auspex’s form.`, {
    data: { status: response.status },
  });
}
