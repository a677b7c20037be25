import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { Client } from '../../api/client.ts';
import { initConfig } from '../../config/reference.ts';
import { AuspexError } from '../../errors.ts';
import { formatDuration } from '../../model/index.ts';
import { configOf, type GlobalOptions } from '../connect.ts';
import { exitCodes, type Output } from '../output.ts';

const STOP_WITHIN_MS = 20_000;

/** `auspex stop`: ends the process of this home folder and waits until it has. */
export async function stop(output: Output, options: GlobalOptions): Promise<number> {
  const { home } = configOf(options).config;
  const file = join(home, 'auspex.pid');
  const pid = existsSync(file) ? Number(readFileSync(file, 'utf8').trim()) : Number.NaN;
  if (!Number.isInteger(pid) || !lives(pid) || !isAuspex(pid))
    throw new AuspexError('NOT_FOUND', `No Auspex runs with the home folder ${home}.`);
  process.kill(pid, 'SIGTERM');
  const started = performance.now();
  while (lives(pid)) {
    if (performance.now() - started > STOP_WITHIN_MS)
      throw new AuspexError(
        'TIMEOUT',
        `Process ${pid} was asked to end and still runs after ${formatDuration(STOP_WITHIN_MS)}.`,
      );
    await new Promise((wake) => setTimeout(wake, 50));
  }
  output.data({ stopped: pid }, () => output.print(`Stopped (process ${pid}).`));
  return exitCodes.fine;
}

/** `auspex init`: writes the commented configuration file. */
export function init(output: Output, options: GlobalOptions, force: boolean): Promise<number> {
  const { filePath } = configOf(options);
  if (existsSync(filePath) && !force)
    throw new AuspexError('CONFLICT', `${filePath} is there already. --force writes over it.`);
  mkdirSync(dirname(filePath), { recursive: true, mode: 0o700 });
  writeFileSync(filePath, initConfig(), { mode: 0o600 });
  output.data({ file: filePath }, () =>
    output.print(`Wrote ${filePath}. Every line in it is a comment: Auspex needs none of them.`),
  );
  return Promise.resolve(exitCodes.fine);
}

/** `auspex dashboard --link`: a one-time sign-in link. */
export async function link(output: Output, client: Client): Promise<number> {
  const made = await client.call('signInLink', {});
  output.data(made, () => output.print(made.url));
  output.say(`Valid once, for ${formatDuration(Date.parse(made.expiresAt) - Date.now())}.`);
  return exitCodes.fine;
}

/** `auspex token`: makes a token; its secret is shown this once. */
export async function token(
  output: Output,
  client: Client,
  options: { name: string; scope: 'ingest' | 'read' | 'operate' | 'approve' | 'admin'; days?: number },
): Promise<number> {
  const expiresAt = options.days === undefined ? null : new Date(Date.now() + options.days * 86_400_000).toISOString();
  const made = await client.call('addToken', { body: { name: options.name, scope: options.scope, expiresAt } });
  output.data(made, () => output.print(made.secret));
  output.say('Keep it: it is shown this once and stored nowhere.');
  return exitCodes.fine;
}

/** A number that is left over from a kill may be another program's by now. Where there is no /proc the number is believed. */
function isAuspex(pid: number): boolean {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\u0000').includes('start');
  } catch {
    return true;
  }
}

function lives(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'EPERM';
  }
}
