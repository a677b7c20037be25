import { type Logger, pino } from 'pino';
import { hideSecrets } from './hide.ts';

export type { Logger } from 'pino';

const SECRETS = ['token', 'password', 'secret', 'authorization', 'cookie'];
const LEVELS: Readonly<Record<number, string>> = {
  10: 'trace',
  20: 'debug',
  30: 'info',
  40: 'warn',
  50: 'error',
  60: 'fatal',
};

/**
 * The log on stderr: a JSON line an event, on a terminal a line to read. Secrets never reach it: neither values under names
 * that carry them, nor known ones in any text.
 */
export function createLogger(level: string): Logger {
  const options = {
    level,
    base: null,
    timestamp: pino.stdTimeFunctions.isoTime,
    redact: { paths: SECRETS.flatMap((name) => [name, `*.${name}`]), censor: '[removed]' },
    hooks: { streamWrite: hideSecrets },
  };
  if (process.stderr.isTTY === true)
    return pino(options, { write: (line: string) => void process.stderr.write(readable(line)) });
  return pino(options, pino.destination({ dest: 2, sync: false }));
}

/** `14:02:11 warn Not everything of this host can be read (problem: …)` */
function readable(line: string): string {
  const { level, time, msg, err, ...rest } = JSON.parse(line) as {
    level: number;
    time: string;
    msg?: string;
    err?: { message?: string };
  } & Record<string, unknown>;
  const details = Object.entries(rest).map(
    ([name, value]) => `${name}: ${typeof value === 'string' ? value : JSON.stringify(value)}`,
  );
  if (err?.message !== undefined && err.message !== msg) details.push(err.message);
  const at = new Date(time).toLocaleTimeString('en-GB');
  return `${at} ${LEVELS[level] ?? level} ${msg ?? ''}${details.length > 0 ? ` (${details.join('; ')})` : ''}\n`;
}
