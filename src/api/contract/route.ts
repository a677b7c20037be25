import { z } from 'zod';
import { instant } from './basics.ts';

/** Who may call a route. `public`: anybody who reaches it; `ingest`: a token, or nobody's on loopback; the rest: at least this scope. */
export type Access = 'public' | 'ingest' | 'read' | 'operate' | 'approve' | 'admin';

export interface Route {
  readonly method: 'GET' | 'POST' | 'PUT' | 'DELETE';
  /** With `{name}` for path parameters. */
  readonly path: string;
  readonly access: Access;
  readonly summary: string;
  readonly tag: string;
  readonly params?: z.ZodObject;
  readonly query?: z.ZodObject;
  readonly body?: z.ZodType;
  /** Of a body that may be long: the list of it that is read and checked an element at a time. */
  readonly long?: {
    readonly list: string;
    readonly element: z.ZodType;
    readonly rest: z.ZodObject;
    readonly most: number;
  };
  /** The JSON answer; absent where the answer is a stream, a file or empty. */
  readonly response?: z.ZodType;
  /** Content type where it is not JSON. */
  readonly produces?: string;
  /** Content type of the body where it is not JSON; it is handed on undecoded. */
  readonly consumes?: string;
  /** Status of success, 200 unless told. */
  readonly status?: number;
  /** May be sent again with the same Idempotency-Key. */
  readonly idempotent?: boolean;
  /**
   * Under which name it is written to the audit log before it is done; on a public route after it, and failures up to a
   * bound. `false` where data come in, and where nothing changes. A route that is not a GET says one of the two.
   */
  readonly audit?: string | false;
}

export const paging = {
  limit: z.coerce.number().int().min(1).max(500).default(50),
  cursor: z.string().max(500).optional(),
};
export const page = <T extends z.ZodType>(item: T) =>
  z.object({ items: z.array(item), nextCursor: z.string().nullable() });
export const list = <T extends z.ZodType>(item: T) => z.object({ items: z.array(item) });
export const id = z.object({ id: z.string().min(1).max(200) });
export const entityQuery = z.string().max(200).optional().meta({ description: 'An entity’s id or name' });
export const range = { from: instant.optional(), to: instant.optional() };
