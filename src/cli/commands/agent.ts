import { join } from 'node:path';
import { startAgent } from '../../compose-agent.ts';
import { AuspexError } from '../../errors.ts';
import { createLogger } from '../../telemetry/log.ts';
import { configOf, type GlobalOptions } from '../connect.ts';
import { exitCodes, type Output } from '../output.ts';

/** What waits on the agent's disk at most: about a month of one host. */
const SPOOL_BYTES = 512 * 1024 * 1024;

/** `auspex agent`: runs in the foreground until a signal. */
export async function agent(
  output: Output,
  globals: GlobalOptions,
  options: { to: string; interval?: number; ca?: string; insecure?: boolean },
): Promise<number> {
  const { config } = configOf(globals, {
    interval: options.interval === undefined ? undefined : `${options.interval}s`,
  });
  const token = globals.token ?? process.env['AUSPEX_TOKEN'];
  const url = serverUrl(options.to);
  const isLocal = ['localhost', '127.0.0.1', '[::1]'].includes(url.hostname);
  if (url.protocol === 'http:' && token !== undefined && !isLocal && options.insecure !== true) {
    throw new AuspexError(
      'BAD_REQUEST',
      `${url.host} is another machine and http would send the token readably over the network. Use https, or --insecure if the way there is safe.`,
    );
  }
  const stopping = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => stopping.abort());
  output.say(
    `Reports this machine to ${url.origin}; what cannot be delivered waits in ${join(config.home, 'agent')}. Ctrl-C stops it.`,
  );
  await startAgent(
    {
      url: url.href,
      token,
      home: join(config.home, 'agent'),
      intervalMs: config.collect.interval,
      spoolBytes: SPOOL_BYTES,
      caFile: options.ca,
      changes: config.collect.changes,
      log: createLogger(globals.verbose === true ? 'debug' : globals.quiet === true ? 'error' : config.log.level),
      onEnrolled: (instance) => output.say(`Enrolled as ${instance}.`),
    },
    stopping.signal,
  );
  output.say('Stopped; nothing that was collected is lost.');
  return exitCodes.fine;
}

function serverUrl(text: string): URL {
  try {
    return new URL(text.includes('://') ? text : `https://${text}`);
  } catch (cause) {
    throw new AuspexError('BAD_REQUEST', `"${text}" is no address. Write it as https://auspex.example.com.`, { cause });
  }
}
