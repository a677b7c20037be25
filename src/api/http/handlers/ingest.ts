import type { Handlers } from '../handlers.ts';
import type { ServerParts } from '../ports.ts';
import { PROBLEM_TYPE, problemOf, retryAfterSeconds } from '../problem.ts';

export function ingestHandlers(parts: ServerParts): Pick<Handlers, 'remoteWrite' | 'otlpMetrics' | 'otlpLogs'> {
  return {
    remoteWrite: async (_, context) => {
      const answer = await parts.remoteWrite(context.rawBody, context.headers);
      if (answer.problem === undefined) return { status: answer.status, headers: answer.headers, body: null };
      const error = answer.problem;
      const retryAfter = retryAfterSeconds(error);
      const told = Object.keys(answer.headers).some((name) => name.toLowerCase() === 'retry-after');
      return {
        status: answer.status,
        headers: {
          ...answer.headers,
          'content-type': PROBLEM_TYPE,
          ...(retryAfter === null || told ? {} : { 'retry-after': String(retryAfter) }),
        },
        body: JSON.stringify(problemOf(error, '/api/v1/write', answer.status)),
      };
    },
    otlpMetrics: (_, context) => parts.otlp.metrics(context.rawBody, context.headers),
    otlpLogs: (_, context) => parts.otlp.logs(context.rawBody, context.headers),
  };
}
