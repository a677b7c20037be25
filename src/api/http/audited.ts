import type { IncomingMessage } from 'node:http';
import { isIP } from 'node:net';
import { callerAddress, type TrustedProxies } from '../../access/source.ts';
import { AuspexError } from '../../errors.ts';
import type { Act, Actor, AuditTrail, RecordStore } from '../../model/index.ts';
import type { Principal } from '../../access/access.ts';
import type { Route } from '../contract/index.ts';
import type { RequestContext } from './handlers.ts';

interface Input {
  readonly params: unknown;
  readonly query: unknown;
  readonly body: unknown;
}
type AnyHandler = (input: Input, context: RequestContext) => Promise<unknown>;

/**
 * A handler that writes to the audit log before it does anything, and once more when it fails; what cannot be written is
 * not done. On a public route, where strangers could fill the disk, success is written before it is answered and failures
 * are bounded.
 */
export function withAudit(
  { audit, records }: { readonly audit: AuditTrail; readonly records: Pick<RecordStore, 'get'> },
  route: Route,
  handler: AnyHandler,
): AnyHandler {
  const action = route.audit;
  if (typeof action !== 'string') return handler;
  return async (input, context) => {
    const act: Act = {
      actor: actorOf(context.principal, context.source),
      action,
      target: targetOf(input),
      ...(input.body === undefined ? {} : { detail: { body: input.body } }),
    };
    if (route.access === 'public') {
      const failed = (): Promise<Act> => withoutStranger(records, act, input.body);
      return await recordAfter(audit, act, failed, context, (inner) => handler(input, inner));
    }
    const seq = await audit.record(act);
    try {
      return await handler(input, context);
    } catch (thrown) {
      await audit.record({ ...act, outcome: 'failed', detail: { row: seq, ...faultOf(thrown) } }).catch(() => {});
      throw thrown;
    }
  };
}

/** What the answer would carry, a session’s cookie above all, is held back until its row is written. */
async function recordAfter(
  audit: AuditTrail,
  act: Act,
  actIfFailed: () => Promise<Act>,
  context: RequestContext,
  work: (context: RequestContext) => Promise<unknown>,
): Promise<unknown> {
  const held: (() => void)[] = [];
  const inner: RequestContext = {
    ...context,
    setHeader: (name, value) => void held.push(() => context.setHeader(name, value)),
    setStatus: (status) => void held.push(() => context.setStatus(status)),
  };
  const answer = await work(inner).catch(async (thrown: unknown) => {
    const failed = await actIfFailed();
    await audit.recordBounded({ ...failed, outcome: 'failed', detail: { ...failed.detail, ...faultOf(thrown) } });
    throw thrown;
  });
  await audit.record({ ...act, actor: signedIn(answer) ?? act.actor, outcome: 'done' });
  for (const apply of held) apply();
  return answer;

  function signedIn(from: unknown): Actor | null {
    const isSession = typeof from === 'object' && from !== null && 'userId' in from && typeof from.userId === 'string';
    return isSession ? { kind: 'user', name: String(from.userId), source: context.source } : null;
  }
}

/** A name that no user has may be a password that was typed into the wrong field. */
async function withoutStranger(records: Pick<RecordStore, 'get'>, act: Act, body: unknown): Promise<Act> {
  const name =
    typeof body === 'object' && body !== null && 'name' in body ? String(body.name).trim().toLowerCase() : '';
  if (name !== '' && (await records.get('users', name)) !== undefined) return act;
  return { ...act, target: 'no user of this name', detail: {} };
}

/** Who was refused what: a wrong token, a right that is missing, a foreign page. Bounded, and never in the way of the answer. */
export function recordRefusal(audit: AuditTrail, operation: string, source: string | null, thrown: unknown): void {
  void audit.recordBounded({
    actor: { kind: 'nobody', name: '', source },
    action: 'access.refused',
    target: operation,
    outcome: 'refused',
    detail: faultOf(thrown),
  });
}

/** A page that is opened without being signed in is no attempt; a change, or a credential that does not fit, is one. */
export function tellsOfTrying({ method, headers }: IncomingMessage): boolean {
  return (method !== 'GET' && method !== 'HEAD') || headers.authorization !== undefined;
}

/** Who calls, for people to read: the other end, and whom it says it speaks for. For counting tries there is `sourceOf`. */
export function sourceInWords({ headers, socket }: IncomingMessage, isTrusted: TrustedProxies): string | null {
  const address = socket.remoteAddress?.replace(/^::ffff:(?=\d+\.)/i, '') ?? null;
  const caller = callerAddress(headers, socket.remoteAddress, isTrusted);
  if (caller !== socket.remoteAddress) return `${caller} by way of ${address}`;
  const forwarded = headers['x-forwarded-for'];
  const told = (Array.isArray(forwarded) ? forwarded.at(-1) : forwarded)?.split(',').at(-1)?.trim() ?? '';
  return isIP(told) === 0 ? address : `${address}, which says it speaks for ${told}`;
}

export function actorOf(principal: Principal | null, source: string | null): Actor {
  if (principal === null) return { kind: 'nobody', name: '', source };
  return { kind: principal.kind === 'session' ? 'user' : 'token', name: principal.userId, source };
}

/** What the path names; on a sign-in, who. */
function targetOf({ params, body }: Input): string {
  const named = Object.values(params ?? {}).join(' ');
  if (named !== '') return named;
  const name = typeof body === 'object' && body !== null && 'name' in body ? body.name : '';
  return typeof name === 'string' ? name : '';
}

function faultOf(thrown: unknown): { error: string; reason: string } {
  const error = AuspexError.from(thrown);
  return { error: error.code, reason: error.message };
}
