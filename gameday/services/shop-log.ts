/** One line of JSON on standard output, which the supervisor keeps. */
export function log(level: 'info' | 'warn' | 'error', what: string, error?: unknown): void {
  const failure = error instanceof Error ? { code: codeOf(error), message: error.message.slice(0, 300) } : {};
  process.stdout.write(`${JSON.stringify({ time: new Date().toISOString(), level, what, ...failure })}\n`);
}

/** The system's or the database's own code of an error: `ENOSPC`, `53300`. */
export function codeOf(error: Error): string {
  return 'code' in error && typeof error.code === 'string' ? error.code : error.name;
}
