import type { z } from 'zod';
import { AuspexError, type ErrorCode, errorTable } from '../../errors.ts';
import { hideSecrets } from '../../telemetry/hide.ts';
import type { Problem } from '../contract/index.ts';

export const PROBLEM_TYPE = 'application/problem+json';

/** An error as it crosses the border. What is not a person's to act on says so without its message: that goes to the log. */
export function problemOf(error: AuspexError, instance?: string, status?: number): Problem {
  const row = errorTable[error.code];
  return {
    type: `urn:auspex:error:${error.code.toLowerCase().replaceAll('_', '-')}`,
    title: row.title,
    status: status ?? row.status,
    code: error.code,
    detail: error.code === 'INTERNAL' ? 'The cause stands in the log of the server.' : hideSecrets(error.message),
    remedy: row.remedy,
    ...(instance === undefined ? {} : { instance }),
    ...(Object.keys(error.data).length === 0 ? {} : { data: { ...error.data } }),
  };
}

/** Seconds for Retry-After: what the error says, else a default by its status; null where trying again does not help. */
export function retryAfterSeconds(error: AuspexError): number | null {
  if (error.status !== 429 && error.status !== 503) return null;
  const told = error.data.retryAfterSeconds;
  if (typeof told === 'number' && told > 0) return Math.ceil(told);
  return error.code === 'TOO_BUSY' ? 1 : 30;
}

/** Any error of the HTTP layer as one with a code. Names what the framework found wrong; never its stack. */
export function toAuspexError(thrown: unknown): AuspexError {
  if (thrown instanceof AuspexError) return thrown;
  const { code, statusCode, message } = thrown as { code?: unknown; statusCode?: unknown; message?: unknown };
  const byCode = typeof code === 'string' ? frameworkErrors[code] : undefined;
  if (byCode !== undefined) return new AuspexError(byCode[0], byCode[1], { cause: thrown });
  // A directory, or a path that leads out of the page's folder.
  if (statusCode === 403 || statusCode === 404)
    return new AuspexError('NOT_FOUND', 'There is nothing at this path.', { cause: thrown });
  if (typeof statusCode === 'number' && statusCode >= 400 && statusCode < 500)
    return new AuspexError('BAD_REQUEST', String(message), { cause: thrown });
  return AuspexError.from(thrown);
}

const frameworkErrors: Readonly<Record<string, readonly [ErrorCode, string]>> = {
  FST_ERR_CTP_BODY_TOO_LARGE: ['TOO_LARGE', 'The body is larger than this route takes.'],
  FST_ERR_CTP_INVALID_MEDIA_TYPE: ['UNSUPPORTED_TYPE', 'Send the body as application/json.'],
  FST_ERR_CTP_EMPTY_JSON_BODY: ['BAD_REQUEST', 'The body is empty, but the content type says JSON.'],
  FST_ERR_CTP_INVALID_JSON_BODY: ['BAD_REQUEST', 'The body is not valid JSON.'],
  FST_ERR_CTP_INVALID_CONTENT_LENGTH: ['BAD_REQUEST', 'The body is shorter or longer than Content-Length says.'],
  FST_ERR_BAD_URL: ['BAD_REQUEST', 'The path is not a valid URL.'],
  FST_ERR_ASYNC_CONSTRAINT: ['BAD_REQUEST', 'The request’s constraints are not valid.'],
};

/** What zod found, one line a field: `query.limit: Too big: expected number to be <=500`. */
export function badRequest(part: 'path' | 'query' | 'body', error: z.ZodError): AuspexError {
  const lines: string[] = [];
  let field = '';
  for (const issue of error.issues.slice(0, 5)) {
    const path = [part, ...issue.path.map(String)].join('.');
    field ||= issue.code === 'unrecognized_keys' ? [part, issue.keys[0] ?? ''].join('.') : path;
    lines.push(`${path}: ${issue.message}`);
  }
  const more = error.issues.length - 5;
  if (more > 0) lines.push(`and ${more} more`);
  return new AuspexError('BAD_REQUEST', lines.join('; '), { data: { field } });
}
