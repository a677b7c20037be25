import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { startAuspex } from '../../compose.ts';
import { AuspexError } from '../../errors.ts';
import { formatDuration } from '../../model/index.ts';
import { createLogger } from '../../telemetry/log.ts';
import { configOf, type GlobalOptions } from '../connect.ts';
import { exitCodes, type Output } from '../output.ts';

/** `auspex start`: runs in the foreground until a signal, or for `duration` minutes. */
export async function start(
  output: Output,
  globals: GlobalOptions,
  options: { interval?: number; duration?: number; listen?: string; workers?: number },
): Promise<number> {
  const began = performance.now();
  const flags = {
    interval: options.interval === undefined ? undefined : `${options.interval}s`,
    listen: options.listen,
    workers: options.workers,
  };
  const read = () => configOf(globals, flags);
  const loaded = read();
  const level = globals.verbose === true ? 'debug' : globals.quiet === true ? 'error' : loaded.config.log.level;
  const log = createLogger(level);
  for (const warning of loaded.warnings) log.warn(warning);
  // Before anything answers: who asks it to stop as soon as it is ready must not cut it off.
  const asked = askedToStop();
  const auspex = await startAuspex({ loaded, reload: read, log, listen: true });
  const pidFile = join(loaded.config.home, 'auspex.pid');
  writeFileSync(pidFile, String(process.pid), { mode: 0o600 });

  const link = await auspex.signInLink();
  output.data({ url: auspex.url, signIn: link, home: loaded.config.home }, () => {
    output.print(
      `\nAuspex watches this machine.\n\n  Open     ${link}\n  (sign-in link, valid once for 15 min; a new one: auspex dashboard --link)\n\n  Address  ${auspex.url}\n  Home     ${loaded.config.home}\n`,
    );
  });
  output.say(`Ready in ${formatDuration(performance.now() - began)}. Ctrl-C stops it; what is learnt is kept.`);

  process.on('SIGHUP', () => {
    auspex
      .reload()
      .catch((thrown: unknown) =>
        log.error(
          `The configuration was not taken over, the old one stays in force: ${AuspexError.from(thrown).message}`,
        ),
      );
  });
  const reason = await Promise.race([asked, ...(options.duration === undefined ? [] : [over(options.duration)])]);
  output.say(`${reason}: stopping; samples and what was learnt are being saved …`);
  await auspex.close();
  rmSync(pidFile, { force: true });
  return exitCodes.fine;
}

function askedToStop(): Promise<string> {
  return new Promise((resolve) => {
    process.once('SIGINT', () => resolve('Interrupted'));
    process.once('SIGTERM', () => resolve('Asked to stop'));
  });
}

function over(minutes: number): Promise<string> {
  return new Promise((resolve) => {
    setTimeout(() => resolve(`${minutes} min are over`), minutes * 60_000).unref();
  });
}
