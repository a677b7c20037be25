import { randomUUID } from 'node:crypto';
import type { z } from 'zod';
import { AuspexError } from '../../../errors.ts';
import type { Execution } from '../../../model/index.ts';
import type { newExecution } from '../../contract/index.ts';
import type { Handlers } from '../handlers.ts';
import type { ServerParts } from '../ports.ts';
import { executionToWire } from '../wire.ts';

/** A clock may be a little ahead; more is a mistake that would stand at the top of every list until it is true. */
const MAX_AHEAD_MS = 10 * 60_000;

export function jobHandlers(parts: ServerParts): Pick<Handlers, 'recordExecution' | 'executions'> {
  const { records, clock } = parts;
  return {
    recordExecution: async ({ body }) => {
      const runs = Array.isArray(body) ? body : [body];
      const rows = runs.map((run, i) => rowOf(run, clock.now(), Array.isArray(body) ? `body.${i}` : 'body'));
      const fresh = await records.insertNew('execution_logs', rows);
      return { recorded: fresh.length, known: rows.length - fresh.length, ids: rows.map((row) => row.id) };
    },
    executions: async ({ query }) => {
      const page = await records.find('execution_logs', {
        where: query.job === undefined ? {} : { job: query.job },
        orderBy: 'startedAt',
        descending: true,
        limit: query.limit,
        ...(query.cursor === undefined ? {} : { cursor: query.cursor }),
      });
      return { items: page.rows.map(executionToWire), nextCursor: page.nextCursor };
    },
  };
}

function rowOf(run: z.output<typeof newExecution>, now: number, field: string): Execution {
  const startedAt = Date.parse(run.startedAt);
  if (startedAt > now + MAX_AHEAD_MS)
    throw new AuspexError(
      'BAD_REQUEST',
      `${field}.startedAt: ${run.startedAt} is more than 10 min in the future. Check the sender’s clock.`,
      { data: { field: `${field}.startedAt` } },
    );
  return {
    id: run.id ?? randomUUID(),
    job: run.job,
    command: run.command,
    userId: run.userId,
    host: run.host,
    startedAt,
    durationMs: run.durationMs,
    exitCode: run.exitCode,
    success: run.success ?? run.exitCode === 0,
    errorMessage: run.errorMessage,
    context: run.context,
  };
}
