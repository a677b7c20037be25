/** Severities of log records, as OpenTelemetry names their ranges of numbers. */
export const SEVERITIES = ['trace', 'debug', 'info', 'warn', 'error', 'fatal'] as const;
export type LogSeverity = (typeof SEVERITIES)[number];

/** Words that loggers use. */
const WORDS: Readonly<Record<string, LogSeverity>> = {
  trace: 'trace',
  verbose: 'trace',
  debug: 'debug',
  info: 'info',
  information: 'info',
  log: 'info',
  notice: 'info',
  warn: 'warn',
  warning: 'warn',
  err: 'error',
  error: 'error',
  severe: 'error',
  crit: 'fatal',
  critical: 'fatal',
  alert: 'fatal',
  emerg: 'fatal',
  panic: 'fatal',
  fatal: 'fatal',
};

/** By the word of a logger, in any case; null for a word that no logger uses. */
export function severityOfWord(word: string): LogSeverity | null {
  const lower = word.toLowerCase();
  return Object.hasOwn(WORDS, lower) ? (WORDS[lower] as LogSeverity) : null;
}
